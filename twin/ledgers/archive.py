"""Whether a workbook may be opened at all: what it unpacks to is looked at before a library holds it in memory."""

import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from twin.ledgers.errors import LedgerUnreadable

__all__ = ["SheetExtent", "check_workbook"]

UNPACKED_LIMIT_BYTES = 2 * 2**30
CELL_COUNT_LIMIT = 60_000_000
COLUMN_LIMIT = 702
PIECE_BYTES = 2**20
OVERLAP_BYTES = 64
ROW = re.compile(rb"<(?:x:)?row [^>]{0,40}?\br=\"(\d{1,9})\"")
WIDE = re.compile(rb"\br=\"([A-Z]{2,3})\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetExtent:
    """What the XML of a workbook says: error cells (`#N/A`), which the reader gives as empty, and whether days count from 1904."""

    error_cells: int
    from_1904: bool


def check_workbook(path: Path) -> SheetExtent:
    """Read through the sheets as a stream. Raises LedgerUnreadable for what is no workbook or beyond the limits: 2 GiB unpacked,
    702 columns, 60 million cells from the first to the last."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            unpacked = sum(member.file_size for member in members)
            if unpacked > UNPACKED_LIMIT_BYTES:
                raise _too_large(path, f"it unpacks to {unpacked:,} bytes; at most {UNPACKED_LIMIT_BYTES:,} are read")
            names = {member.filename for member in members}
            if any(name.endswith("EncryptionInfo") for name in names):
                raise LedgerUnreadable("the workbook is locked with a password", path=str(path), code="WORKBOOK_LOCKED")
            sheets = [member for member in members if "worksheets/" in member.filename and member.filename.endswith(".xml")]
            errors = sum(_check_sheet(archive, member, path) for member in sheets)
            book = archive.read("xl/workbook.xml") if "xl/workbook.xml" in names else b""
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError, RuntimeError, zlib.error) as error:
        raise LedgerUnreadable(f"the workbook is damaged: {error}", path=str(path), code="WORKBOOK_DAMAGED") from error
    return SheetExtent(error_cells=errors, from_1904=bool(re.search(rb"date1904=\"(1|true)\"", book)))


def _check_sheet(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> int:
    """How many cells of a sheet are errors."""
    last_row, widest, errors, unpacked = 0, 26, 0, 0
    for piece, fresh in _pieces(archive, member):
        unpacked += fresh
        if unpacked > max(member.file_size, PIECE_BYTES):
            raise _too_large(path, f"{member.filename} unpacks to more than it says")
        last_row = max(last_row, max((int(found) for found in ROW.findall(piece)), default=0))
        widest = max(widest, max(map(_column_number, set(WIDE.findall(piece))), default=0))
        errors += piece.count(b't="e"', 0, max(0, len(piece) - OVERLAP_BYTES)) if fresh else 0
    if widest > COLUMN_LIMIT or widest * last_row > CELL_COUNT_LIMIT:
        raise _too_large(path, f"{member.filename} reaches to column {widest:,}, row {last_row:,}")
    return errors


def _pieces(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[tuple[bytes, int]]:
    """Pieces that overlap a little, so that no reference is cut in two, and how many new bytes are in each."""
    carry = b""
    with archive.open(member) as stream:
        while data := stream.read(PIECE_BYTES):
            yield carry + data, len(data)
            carry = (carry + data)[-OVERLAP_BYTES:]


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + letter - 64
    return number


def _too_large(path: Path, what: str) -> LedgerUnreadable:
    return LedgerUnreadable(
        f"the workbook is larger than a ledger: {what}", path=str(path), hint="save the sheet as CSV", code="LEDGER_TOO_LARGE"
    )
