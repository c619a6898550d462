"""In which encoding a text file is written, decided by evidence over the whole file, and its bytes as UTF-8."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twin.ledgers.errors import LedgerUnreadable

__all__ = ["ENCODINGS", "TextForm", "find_encoding", "iter_utf8"]

ENCODINGS = ("utf-8", "utf-8-sig", "gb18030", "latin-1", "utf-16")
READ_BYTES = 8 * 2**20
FIRST_BYTES = 2**20
"""The first piece, each twice the one before: who takes the rows further has something to do while the next are read."""
MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
LINE_LIMIT_BYTES = 64 * 2**20
SAMPLE_BYTES = 2**18
CLEAR = 0.9
MOSTLY = 0.8
SURELY = 0.98
"""So much UTF-8 is no chance: some pairs of GB 2312 are well-formed UTF-8 too (一 is D2 BB)."""
BEYOND_ASCII = re.compile(rb"[^\n\r]*[\x80-\xff][^\n\r]*")
UTF8 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe1-\xef][\x80-\xbf]{2}|\xe0[\xa0-\xbf][\x80-\xbf]|[\xf0-\xf4][\x80-\xbf]{3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TextForm:
    """The encoding of a text, whether every byte is known to fit it, whether lines end with a carriage return alone, and the
    evidence for it."""

    encoding: str
    clean: bool
    bare_returns: bool
    evidence: str


def find_encoding(path: Path, told: str = "") -> TextForm:
    """The encoding of the whole file; `told` (a mapping's) is believed. Raises LedgerUnreadable where the evidence is divided.

    UTF-8 and GB18030 prove themselves by their form; Latin-1 fits any bytes, so it is chosen only where bytes above 127 stand
    alone between ASCII letters, as accents do, and not in the pairs of Chinese text.
    """
    with path.open("rb") as file:
        start = file.read(4)
    marked = next((encoding for mark, encoding in MARKS if start.startswith(mark)), "")
    if told and told not in ENCODINGS:
        raise LedgerUnreadable(
            f"the encoding {told!r} is none we read", path=str(path), hint=f"one of {', '.join(ENCODINGS)}", code="ENCODING_UNKNOWN"
        )
    invalid, high, bare = _scan(path)
    form = TextForm(encoding=told or marked, clean=True, bare_returns=bare, evidence="told by the mapping" if told else "byte-order mark")
    if not form.encoding:
        form = _judge(path, invalid, high, bare)
    clean = not invalid if form.encoding.startswith("utf-8") else form.encoding in ("latin-1", "utf-16")
    return TextForm(encoding=form.encoding, clean=clean, bare_returns=bare, evidence=form.evidence)


def iter_utf8(path: Path, form: TextForm, bad_lines: list[int]) -> Iterator[bytes]:
    """The text in pieces of UTF-8; pieces end anywhere. The physical lines (1-based) with bytes that fit nothing are appended to
    `bad_lines` before the piece that holds them is yielded, the bytes themselves written `\\xNN`."""
    pieces = _whole(path) if form.encoding == "utf-16" else _pieces(path)
    line = 1
    for number, piece in enumerate(pieces):
        if number == 0 and piece.startswith(b"\xef\xbb\xbf"):
            piece = piece[3:]
        if form.bare_returns:
            piece = piece.replace(b"\r", b"\n")
        if not form.clean or form.encoding in ("gb18030", "latin-1"):
            piece = _recode(piece, form.encoding, line, bad_lines)
        if not form.clean:
            line += piece.count(b"\n")
        yield piece


def _pieces(path: Path) -> Iterator[bytes]:
    """The bytes of the file, cut after newlines where there are any."""
    carry, size = b"", min(FIRST_BYTES, READ_BYTES)
    with path.open("rb") as file:
        while data := file.read(size):
            size = min(2 * size, READ_BYTES)
            end = data.rfind(b"\n") + 1 or data.rfind(b"\r") + 1
            if not end:
                carry += data
                if len(carry) > LINE_LIMIT_BYTES:
                    raise LedgerUnreadable(f"a line is longer than {LINE_LIMIT_BYTES:,} bytes", path=str(path), code="LINE_TOO_LONG")
                continue
            yield carry + data[:end]
            carry = data[end:]
    if carry:
        yield carry


def _whole(path: Path) -> Iterator[bytes]:
    try:
        yield path.read_bytes().decode("utf-16").encode()
    except UnicodeDecodeError as error:
        raise LedgerUnreadable(f"the text is no whole UTF-16: {error.reason}", path=str(path)) from error


def _recode(piece: bytes, encoding: str, line: int, bad_lines: list[int]) -> bytes:
    codec = "utf-8" if encoding.startswith("utf-8") else encoding
    try:
        return piece.decode(codec).encode()
    except UnicodeDecodeError:
        return b"\n".join(_recode_line(text, codec, line + index, bad_lines) for index, text in enumerate(piece.split(b"\n")))


def _recode_line(text: bytes, codec: str, line: int, bad_lines: list[int]) -> bytes:
    try:
        return text.decode(codec).encode()
    except UnicodeDecodeError:
        bad_lines.append(line)
        return text.decode(codec, "backslashreplace").encode()


def _scan(path: Path) -> tuple[int, bool, bool]:
    """How many pieces are no UTF-8, whether any byte is above 127, and whether carriage returns alone end the lines."""
    invalid, high, newlines, returns = 0, False, 0, 0
    for piece in _pieces(path):
        newlines = newlines or piece.find(b"\n") + 1
        returns = returns or piece.find(b"\r") + 1
        if piece.isascii():
            continue
        high = True
        invalid += not _is_utf8(piece)
    return invalid, high, bool(returns and not newlines)


def _is_utf8(piece: bytes) -> bool:
    import pyarrow as pa

    offsets = np.array([0, len(piece)], np.int32)
    text = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(offsets), pa.py_buffer(piece)])
    try:
        text.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _judge(path: Path, invalid: int, high: bool, bare: bool) -> TextForm:
    if not invalid:
        evidence = "every byte is UTF-8" if high else "ASCII only"
        return TextForm(encoding="utf-8", clean=True, bare_returns=bare, evidence=evidence)
    sample = _sample(path)
    high_bytes = int((np.frombuffer(sample, np.uint8) > 0x7F).sum())
    utf8 = sum(map(len, UTF8.findall(sample))) / high_bytes
    paired = _paired(np.frombuffer(sample, np.uint8))
    if utf8 >= MOSTLY and (utf8 >= paired or utf8 >= SURELY):
        return TextForm(encoding="utf-8", clean=False, bare_returns=bare, evidence=f"{utf8:.1%} of the bytes above 127 are UTF-8")
    if paired >= CLEAR:
        evidence = f"{paired:.1%} of the bytes above 127 are Chinese pairs"
        return TextForm(encoding="gb18030", clean=True, bare_returns=bare, evidence=evidence)
    if paired <= 1 - CLEAR:
        evidence = f"{1 - paired:.1%} of the bytes above 127 stand as accents do"
        return TextForm(encoding="latin-1", clean=True, bare_returns=bare, evidence=evidence)
    raise LedgerUnreadable(
        f"the encoding cannot be told: {paired:.0%} of the bytes above 127 are Chinese pairs, the others accents",
        path=str(path),
        hint='say encoding = "gb18030" or "latin-1" in a mapping file (--mapping)',
        code="ENCODING_AMBIGUOUS",
    )


def _sample(path: Path) -> bytes:
    """The lines beyond ASCII of the whole file, of each 12 MB at most 256 kB."""
    found = []
    for piece in _pieces(path):
        size = 0
        for match in BEYOND_ASCII.finditer(piece):
            found.append(match[0])
            size += len(match[0])
            if size > SAMPLE_BYTES:
                break
    return b"\n".join(found)


def _paired(codes: NDArray[np.uint8]) -> float:
    """The part of the bytes above 127 that stand in pairs of GB 2312: runs of even length."""
    high = codes >= 0x80
    edges = np.flatnonzero(np.diff(np.concatenate(([False], high, [False])).astype(np.int8)))
    begins, ends = edges[::2], edges[1::2]
    sizes = ends - begins
    return float(sizes[sizes % 2 == 0].sum() / max(1, sizes.sum()))
