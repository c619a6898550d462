"""Workbooks (XLSX, XLSM, XLS, ODS) as sources of blocks: cells as text the way the sheet shows them, rows numbered as in the sheet.

Numbers that are whole keep no `.0`; others have the 15 digits that a spreadsheet keeps; a whole number beyond 15 digits has lost
its last ones in the sheet and is written as it is shown there, 1.23456789012346E+17. A cell merged over several rows says
its value in each of them; one merged over several columns says it in the first.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.issue import Issue, Severity
from twin.ledgers.archive import check_workbook
from twin.ledgers.block import BLOCK_ROWS, Block, SourceFacts
from twin.ledgers.errors import LedgerUnreadable

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

__all__ = ["Rows", "Sheet", "Workbook", "open_workbook", "text_of"]

Rows = Iterator[tuple[int, tuple[str, ...]]]
TOP_ROWS = 40
EXACT_DIGITS = 10**15
ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workbook:
    """An open workbook: the names of its sheets and, of each, the rows."""

    path: Path
    book: "CalamineWorkbook"
    names: tuple[str, ...]
    serial_dates: bool
    issues: tuple[Issue, ...]

    def sheet(self, name: str) -> "Sheet":
        """The sheet of that name. Raises LedgerUnreadable."""
        if name not in self.names:
            hint = f"sheets: {', '.join(self.names)}"
            raise LedgerUnreadable(f"the workbook has no sheet {name!r}", path=str(self.path), hint=hint, code="SHEET_MISSING")
        return Sheet(name=name, content=self.book.get_sheet_by_name(name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One sheet. `added` are columns from other sheets of the book: their names and, by the row's own cells, their texts."""

    name: str
    content: "CalamineSheet"
    widen: "Widen | None" = None
    evidence: str = ""
    format: str = "xlsx"

    @property
    def facts(self) -> SourceFacts:
        """How it is read."""
        return SourceFacts(format=self.format, sheet=self.name, evidence=self.evidence)

    @property
    def top(self) -> tuple[tuple[int, tuple[str, ...]], ...]:
        """The first rows that are not blank."""
        return tuple(islice(self.rows(), TOP_ROWS))

    def rows(self) -> Rows:
        """The rows that are not blank, with the columns from other sheets."""
        merged = _Merged(self.content)
        if self.content.start is None:
            return
        for index, cells in enumerate(self.content.iter_rows()):
            texts = merged.fill(index, [text_of(cell) for cell in cells])
            if any(text.strip() for text in texts):
                yield index + 1, tuple(texts if self.widen is None else self.widen.row(texts))

    def blocks(self, after_line: int, width: int) -> Iterator[Block]:
        """The rows below that row of the sheet, which all have the sheet's width."""
        import pyarrow as pa

        rows = ((line, cells) for line, cells in self.rows() if line > after_line)
        while batch := list(islice(rows, BLOCK_ROWS)):
            columns = list(zip(*(cells for _, cells in batch), strict=True))
            yield Block(
                lines=np.array([line for line, _ in batch], np.int64),
                cells=tuple(pa.array(column, pa.string()).dictionary_encode() for column in columns),
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Widen:
    """Columns that other sheets add: the header row gets their names, the others what their own cells lead to."""

    header: Sequence[str]
    names: tuple[str, ...]
    constants: Mapping[str, str] = field(default_factory=dict)
    lookups: Mapping[str, tuple[int, Mapping[str, str]]] = field(default_factory=dict)
    combined: Mapping[str, tuple[tuple[int, ...], frozenset[str]]] = field(default_factory=dict)

    def row(self, cells: Sequence[str]) -> list[str]:
        """The row with the added cells."""
        if list(cells) == list(self.header):
            return [*cells, *self.names]
        return [*cells, *(self._cell(name, cells) for name in self.names)]

    def _cell(self, name: str, cells: Sequence[str]) -> str:
        if name in self.constants:
            return self.constants[name]
        if name in self.lookups:
            index, found = self.lookups[name]
            return found.get(cells[index].strip(), "")
        parts, empty = self.combined[name]
        return " ".join(text for index in parts if (text := cells[index].strip()) and text.casefold() not in empty)


def open_workbook(path: Path) -> Workbook:
    """The workbook, looked through for what would not fit into memory. Raises LedgerUnreadable."""
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError, XmlError, ZipError

    with path.open("rb") as file:
        packed = file.read(4) == ZIP
    extent = check_workbook(path) if packed else None
    try:
        book = CalamineWorkbook.from_path(path)
    except PasswordError as error:
        raise LedgerUnreadable("the workbook is locked with a password", path=str(path), code="WORKBOOK_LOCKED") from error
    except (CalamineError, ZipError, XmlError, OSError) as error:
        raise LedgerUnreadable(f"the workbook is damaged: {error}", path=str(path), code="WORKBOOK_DAMAGED") from error
    issues = []
    if extent is not None and extent.error_cells:
        said = f"{extent.error_cells} cells of the workbook are errors (#N/A, #REF!, …) and are read as empty"
        issues.append(Issue(code="CELLS_ERROR", path=str(path), message=said, severity=Severity.WARNING))
    names = tuple(book.sheet_names)
    return Workbook(path=path, book=book, names=names, serial_dates=extent is not None and not extent.from_1904, issues=tuple(issues))


def text_of(value: Any) -> str:
    """A cell as text, the way the sheet shows it.

    >>> text_of(3.0), text_of(30.299999999999997), text_of(123456789012345678.0)
    ('3', '30.3', '1.23456789012346E+17')
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return _number(float(value))
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() and value.tzinfo is None else value.isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return f"{value.total_seconds() / 3600:.15g} h"
    return str(value)


def _number(value: float) -> str:
    if value.is_integer() and abs(value) < EXACT_DIGITS:
        return str(int(value))
    return f"{value:.15g}".replace("e", "E")


class _Merged:
    """Fills what merged cells cover with what their first cell says, row after row."""

    def __init__(self, content: "CalamineSheet") -> None:
        self.offset = content.start[1] if content.start else 0
        self.ranges = sorted(content.merged_cell_ranges or [])
        self.open: list[tuple[int, int, str]] = []
        self.next = 0

    def fill(self, row: int, cells: list[str]) -> list[str]:
        while self.next < len(self.ranges) and self.ranges[self.next][0][0] <= row:
            (_, left), (bottom, _) = self.ranges[self.next]
            if 0 <= left - self.offset < len(cells):
                self.open.append((bottom, left - self.offset, cells[left - self.offset]))
            self.next += 1
        self.open = [merged for merged in self.open if merged[0] >= row]
        for _, column, text in self.open:
            cells[column] = cells[column] or text
        return cells
