"""Delimited text as a source of blocks: `,` `;` tab or `|`, quoted as RFC 4180 says, line numbers those of a text editor."""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from twin.ledgers.block import BLOCK_ROWS, CELL_LIMIT, Block, Quarantined, SourceFacts
from twin.ledgers.encoding import TextForm, iter_utf8
from twin.ledgers.errors import LedgerUnreadable
from twin.ledgers.records import Regular, Tokens, split_lines, split_regular, tokenise

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["DELIMITERS", "DelimitedText", "open_delimited"]

DELIMITERS = (",", ";", "\t", "|")
TOP_ROWS = 40
TOP_BYTES = 2**20
SAMPLE_ROWS = 4000
VARIED = 0.3

Rank = Callable[[tuple[tuple[int, tuple[str, ...]], ...]], int]
"""How well the first rows, split by a delimiter, can be understood; the greatest wins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DelimitedText:
    """A delimited text file whose form is known."""

    path: Path
    form: TextForm
    delimiter: str
    top: tuple[tuple[int, tuple[str, ...]], ...]

    @property
    def facts(self) -> SourceFacts:
        """How it is read."""
        return SourceFacts(format="csv", encoding=self.form.encoding, delimiter=self.delimiter, evidence=self.form.evidence)

    def blocks(self, after_line: int, width: int) -> Iterator[Block]:
        """The rows below that line as columns; a column is a dictionary where its values repeat."""
        return _Reader(self, width).read(after_line)


def open_delimited(path: Path, rank: Rank, form: TextForm, *, delimiter: str = "") -> DelimitedText:
    """The file with its delimiter found; `rank` judges the rows a delimiter makes. Raises LedgerUnreadable."""
    start = b"".join(islice(iter_utf8(path, form, []), 1))[:TOP_BYTES]
    if b"\0" in start:
        raise LedgerUnreadable("the file is no text: it holds zero bytes", path=str(path), hint="save it as CSV or XLSX")
    text = start.decode("utf-8", "ignore")
    tops = {mark: _top(text, mark) for mark in ([delimiter] if delimiter else DELIMITERS)}
    best = max(tops, key=lambda mark: (rank(tops[mark]), _evenness(tops[mark])))
    if not tops[best]:
        raise LedgerUnreadable("the file is empty", path=str(path), code="LEDGER_EMPTY")
    return DelimitedText(path=path, form=form, delimiter=best, top=tops[best])


def _top(text: str, delimiter: str) -> tuple[tuple[int, tuple[str, ...]], ...]:
    tokens = tokenise(text, 1, delimiter, last=True)
    return tuple((line, tuple(cells)) for line, cells in tokens.records[:TOP_ROWS])


def _evenness(rows: tuple[tuple[int, tuple[str, ...]], ...]) -> int:
    widths = [len(cells) for _, cells in rows]
    return max((widths.count(width) * (width > 1) for width in widths), default=0)


class _Reader:
    """Reads one file once: keeps the physical line, the bad lines, and which columns repeat their values."""

    def __init__(self, source: DelimitedText, width: int) -> None:
        self.source, self.width = source, width
        self.line = 1
        self.bad_lines: list[int] = []
        self.repeats: list[bool] | None = None

    def read(self, after_line: int) -> Iterator[Block]:
        carry = b""
        for piece, last in _with_last(iter_utf8(self.source.path, self.source.form, self.bad_lines)):
            text, carry = carry + piece, b""
            if self.line <= after_line:
                text = self._skip(text, after_line)
            while text:
                block, used = self._take(text, last=last)
                text = text[used:]
                if block is not None:
                    yield from _sliced(block)
                if not used:
                    carry, text = text, b""

    def _skip(self, text: bytes, after_line: int) -> bytes:
        for _ in range(after_line + 1 - self.line):
            end = text.find(b"\n") + 1
            if not end:
                return b""
            text = text[end:]
            self.line += 1
        return text

    def _take(self, text: bytes, *, last: bool) -> tuple[Block | None, int]:
        """One block from the start of the text and the bytes it used; none used means that more text is needed."""
        mark = self.source.delimiter
        regular = split_regular(text, mark, last=last) or split_lines(text, mark, last=last)
        if regular is not None:
            if not regular.end:
                return None, 0
            block = self._parse(text[: regular.end], regular)
            if block is not None:
                self.line += regular.newlines
                return block, regular.end
        return self._take_slowly(text, last=last)

    def _take_slowly(self, text: bytes, *, last: bool) -> tuple[Block | None, int]:
        tokens = tokenise(text.decode(), self.line, self.source.delimiter, last=last)
        if not tokens.lines:
            return None, 0
        used = _offset_of_line(text, tokens.lines)
        block = self._assemble(tokens)
        self.line += tokens.lines
        return block, used

    def _parse(self, text: bytes, regular: Regular) -> Block | None:
        """The records as Arrow reads them, None where they do not fit what we found (then cell by cell)."""
        import pyarrow as pa
        from pyarrow import csv as arrow_csv

        if not len(regular.starts):
            return self._assemble(Tokens(records=[], refused=[], lines=regular.newlines))
        invalid: list[tuple[int, str]] = []

        def on_invalid(row: arrow_csv.InvalidRow) -> str:
            invalid.append((row.number - 1, row.text))
            return "skip"

        try:
            table = arrow_csv.read_csv(pa.BufferReader(text), **self._options(text, on_invalid))
        except pa.ArrowInvalid:
            return None
        if table.num_rows + len(invalid) != len(regular.starts):
            return None
        cells = tuple(column.chunk(0) if column.num_chunks else pa.array([], column.type) for column in table.itercolumns())
        if any(_longest(column) > CELL_LIMIT for column in cells):
            return None
        lines = self.line + regular.starts
        ragged = [(int(lines[at]), _cells_of(row, self.source.delimiter)) for at, row in invalid]
        kept = np.delete(lines, [at for at, _ in invalid]) if invalid else lines
        refused = tuple(self._ragged(line, row) for line, row in ragged if any(map(str.strip, row)))
        return self._without_bad(Block(lines=kept, cells=cells, refused=refused), lines, self.line + regular.newlines)

    def _options(self, text: bytes, on_invalid: Callable[[Any], str]) -> dict[str, Any]:
        from pyarrow import csv as arrow_csv

        names = [f"c{index}" for index in range(self.width)]
        return {
            "read_options": arrow_csv.ReadOptions(use_threads=False, column_names=names, block_size=len(text) + 1),
            "parse_options": arrow_csv.ParseOptions(
                delimiter=self.source.delimiter, newlines_in_values=True, invalid_row_handler=on_invalid
            ),
            "convert_options": arrow_csv.ConvertOptions(
                column_types=self._types(text, names), strings_can_be_null=False, quoted_strings_can_be_null=False, check_utf8=False
            ),
        }

    def _assemble(self, tokens: Tokens) -> Block:
        import pyarrow as pa

        good = [(line, cells) for line, cells in tokens.records if len(cells) == self.width]
        ragged = [self._ragged(line, cells) for line, cells in tokens.records if len(cells) != self.width and any(map(str.strip, cells))]
        columns = zip(*(cells for _, cells in good), strict=True) if good else [()] * self.width
        cells = tuple(pa.array(column, pa.string()) for column in columns)
        refused = tuple(sorted([*tokens.refused, *ragged], key=lambda row: row.line))
        block = Block(lines=np.array([line for line, _ in good], np.int64), cells=cells, refused=refused)
        starts = np.array([line for line, _ in tokens.records], np.int64)
        return self._without_bad(block, starts, self.line + tokens.lines)

    def _without_bad(self, block: Block, starts: NDArray[np.int64], end_line: int) -> Block:
        """The block without the records that hold bytes of no known character; `starts` are the lines of all records of the text."""
        import pyarrow as pa

        bad = np.array([line for line in self.bad_lines if line < end_line], np.int64)
        self.bad_lines[:] = [line for line in self.bad_lines if line >= end_line]
        if not len(bad) or not len(block.lines):
            return block
        mask = np.isin(block.lines, starts[np.searchsorted(starts, bad, side="right") - 1])
        taken = [column.filter(pa.array(mask)).to_pylist() for column in block.cells]
        message = f"bytes that are no {self.source.form.encoding}, written \\xNN"
        undecodable = tuple(
            Quarantined(line=int(line), code="TEXT_UNDECODABLE", message=message, cells=cells)
            for line, cells in zip(block.lines[mask], zip(*taken, strict=True), strict=True)
        )
        kept = tuple(column.filter(pa.array(~mask)) for column in block.cells)
        return Block(lines=block.lines[~mask], cells=kept, refused=(*block.refused, *undecodable))

    def _ragged(self, line: int, cells: list[str]) -> Quarantined:
        message = f"{len(cells)} cells under {self.width} headers"
        return Quarantined(line=line, code="ROW_RAGGED", message=message, cells=tuple(cells))

    def _types(self, text: bytes, names: list[str]) -> "dict[str, pa.DataType]":
        import pyarrow as pa

        if self.repeats is None:
            self.repeats = _repeating(text, self.source.delimiter, self.width)
        coded = pa.dictionary(pa.int32(), pa.string())
        return {name: coded if repeats else pa.string() for name, repeats in zip(names, self.repeats, strict=True)}


def _repeating(text: bytes, delimiter: str, width: int) -> list[bool]:
    """For each column whether its values repeat so much that a dictionary is cheaper."""
    sample = text[: 2**20].decode("utf-8", "ignore")
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
    rows = [row for row in islice(reader, SAMPLE_ROWS) if len(row) == width]
    return [len(set(column)) < VARIED * len(rows) for column in zip(*rows, strict=True)] if rows else [False] * width


def _longest(column: "pa.Array") -> int:
    texts = getattr(column, "dictionary", column)
    if not len(texts):
        return 0
    offsets: NDArray[np.int32] = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + len(texts) + 1]
    return int(np.diff(offsets).max())


def _cells_of(row: str, delimiter: str) -> list[str]:
    return next(iter(csv.reader(io.StringIO(row, newline=""), delimiter=delimiter)), [])


def _offset_of_line(text: bytes, lines: int) -> int:
    """The byte after that many newlines."""
    breaks = np.flatnonzero(np.frombuffer(text, np.uint8) == 0x0A)
    return int(breaks[lines - 1]) + 1 if lines <= len(breaks) else len(text)


def _with_last(pieces: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each piece, and whether it is the last."""
    held = next(pieces, None)
    for piece in pieces:
        assert held is not None
        yield held, False
        held = piece
    if held is not None:
        yield held, True


def _sliced(block: Block) -> Iterator[Block]:
    for start in range(0, max(1, len(block.lines)), BLOCK_ROWS):
        rows = slice(start, start + BLOCK_ROWS)
        cells = tuple(column[rows] for column in block.cells)
        yield Block(lines=block.lines[rows], cells=cells, refused=block.refused if start == 0 else ())
