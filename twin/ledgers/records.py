"""Where the records of delimited text begin and end, and what stands in them when a quotation mark is out of place.

The rule is that of RFC 4180 as Python's `csv` reads it: a mark opens a quotation only at the start of a cell, `""` inside is one
mark, and what follows a closing mark is literal. `split_regular` proves by array operations that a text is regular and finds its
records; what is not regular goes through `tokenise`, cell by cell.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.ledgers.block import Quarantined

__all__ = ["Regular", "Tokens", "split_lines", "split_regular", "tokenise"]

QUOTE, NEWLINE, RETURN = 0x22, 0x0A, 0x0D


@dataclass(frozen=True, slots=True, kw_only=True)
class Regular:
    """Whole records: they end before byte `end`; `starts` (n,) int64 counts the newlines before each that is not blank."""

    end: int
    starts: NDArray[np.int64]
    newlines: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """Records as (line, cells), what could not be read, and how many physical lines were used up."""

    records: list[tuple[int, list[str]]]
    refused: list[Quarantined]
    lines: int


def split_regular(text: bytes, delimiter: str, *, last: bool) -> Regular | None:
    """The whole records at the start of the text, None where a mark or carriage return stands out of place.

    Where `last`, the end of the text ends the last record, newline or not.
    """
    if not _returns_end_lines(text):
        return None
    marks = b'"' in text
    if not marks and b"\n\n" not in text and b"\n\r\n" not in text and text[:1] not in (b"\n", b"\r"):
        return _unmarked(text, last=last)
    codes = np.frombuffer(text, np.uint8)
    breaks = np.flatnonzero(codes == NEWLINE)
    if last and (not len(breaks) or breaks[-1] != len(codes) - 1):
        breaks = np.append(breaks, len(codes))
    ends = breaks
    ordinals = np.arange(len(breaks))
    if marks:
        quotes = np.flatnonzero(codes == QUOTE)
        if not _alternate(codes, quotes, ord(delimiter), last=last):
            return None
        outside = np.searchsorted(quotes, breaks) % 2 == 0
        ends, ordinals = breaks[outside], ordinals[outside]
        if last and len(quotes) % 2:
            return None
    if not len(ends):
        return Regular(end=0, starts=np.empty(0, np.int64), newlines=0)
    begins = np.concatenate(([0], ends[:-1] + 1))
    starts = np.concatenate(([0], ordinals[:-1] + 1))
    sizes = ends - begins
    blank = (sizes == 0) | ((sizes == 1) & (codes[np.minimum(begins, len(codes) - 1)] == RETURN))
    end = min(int(ends[-1]) + 1, len(text))
    return Regular(end=end, starts=starts[~blank].astype(np.int64), newlines=int(ordinals[-1]) + 1)


def split_lines(text: bytes, delimiter: str, *, last: bool) -> Regular | None:
    """The records of a text with marks out of place, if each line is one; whoever parses it must find as many, else it is not so.

    A record of several lines has at least two that are not blank, so equal numbers prove it, but for a mark left open at the end:
    None where the last line does that, and where a carriage return stands alone.
    """
    if not _returns_end_lines(text):
        return None
    end = len(text) if last else text.rfind(b"\n") + 1
    lines = text[:end].split(b"\n")
    filled = [number for number, line in enumerate(lines) if line not in (b"", b"\r")]
    try:
        if filled:
            next(csv.reader([lines[filled[-1]].decode()], delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    newlines = len(lines) if lines[-1] else len(lines) - 1
    return Regular(end=end, starts=np.array(filled, np.int64), newlines=newlines)


def tokenise(text: str, first_line: int, delimiter: str, *, last: bool) -> Tokens:
    """The records of a text whose first physical line has that number; an unfinished one at the end is left unless `last`.

    A quotation that never ends costs only the line that opens it (QUOTE_OPEN); the next line is read as a new record.
    """
    lines = text.splitlines(keepends=True) if "\r" not in text and _plain_breaks(text) else _split_newlines(text)
    tokens = Tokens(records=[], refused=[], lines=0)
    at = 0
    while at < len(lines):
        at, unfinished = _read_on(lines, at, first_line, delimiter, tokens, last=last)
        if unfinished:
            break
    return Tokens(records=tokens.records, refused=tokens.refused, lines=at)


class _Feed(Iterator[str]):
    """Lines from a position on; remembers whether it was asked for more than there is."""

    def __init__(self, lines: list[str], at: int) -> None:
        self.lines, self.at, self.asked_beyond = lines, at, False

    def __next__(self) -> str:
        if self.at >= len(self.lines):
            self.asked_beyond = True
            raise StopIteration
        self.at += 1
        return self.lines[self.at - 1]


def _read_on(lines: list[str], at: int, first_line: int, delimiter: str, tokens: Tokens, *, last: bool) -> tuple[int, bool]:
    """Read records until the text ends or one breaks; where to go on, and whether what is left waits for more text."""
    feed = _Feed(lines, at)
    try:
        for cells in csv.reader(feed, delimiter=delimiter):
            if feed.asked_beyond:
                if not last:
                    return at, True
                raise csv.Error("the quotation mark is never closed")
            if cells:
                tokens.records.append((first_line + at, cells))
            at = feed.at
    except csv.Error as error:
        code = "ROW_BREAK_STRAY" if "new-line" in str(error) else "QUOTE_OPEN"
        raw = lines[at].rstrip("\r\n")
        tokens.refused.append(Quarantined(line=first_line + at, code=code, message=_why(code), cells=(raw,)))
        at += 1
    return at, False


def _why(code: str) -> str:
    if code == "QUOTE_OPEN":
        return "a quotation mark opens a cell and is never closed"
    return "a carriage return stands in the middle of the row"


def _returns_end_lines(text: bytes) -> bool:
    """Whether a newline follows each carriage return."""
    if b"\r" not in text:
        return True
    codes = np.frombuffer(text, np.uint8)
    returns = np.flatnonzero(codes == RETURN)
    return bool(returns[-1] < len(codes) - 1 and (codes[returns + 1] == NEWLINE).all())


def _unmarked(text: bytes, *, last: bool) -> Regular:
    end = len(text) if last else text.rfind(b"\n") + 1
    newlines = text.count(b"\n", 0, end)
    records = newlines + (1 if last and end and text[end - 1] != NEWLINE else 0)
    return Regular(end=end, starts=np.arange(records, dtype=np.int64), newlines=records)


def _alternate(codes: NDArray[np.uint8], quotes: NDArray[np.int64], delimiter: int, *, last: bool) -> bool:
    """Whether each odd mark opens a cell or doubles the one before, and each even one closes a cell or doubles the next."""
    opening, closing = quotes[::2], quotes[1::2]
    before = codes[opening - 1]
    good = (before == delimiter) | (before == NEWLINE) | (before == QUOTE) | (opening == 0)
    if not good.all():
        return False
    inside = closing[closing < len(codes) - 1]
    after = codes[inside + 1]
    good = (after == delimiter) | (after == NEWLINE) | (after == RETURN) | (after == QUOTE)
    return bool(good.all())


def _plain_breaks(text: str) -> bool:
    return not any(mark in text for mark in "\v\f\x1c\x1d\x1e\x85\u2028\u2029")


def _split_newlines(text: str) -> list[str]:
    pieces = text.split("\n")
    lines = [piece + "\n" for piece in pieces[:-1]]
    return [*lines, pieces[-1]] if pieces[-1] else lines
