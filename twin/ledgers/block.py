"""What every form of ledger is read into: blocks of rows as columns of text, in the order of the file."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["BLOCK_ROWS", "CELL_LIMIT", "Block", "Quarantined", "Source", "SourceFacts"]

BLOCK_ROWS = 65_536
"""Rows of a block at most."""

CELL_LIMIT = 131_072
"""Characters of a cell at most; what is longer is an open quotation mark or no ledger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """A row that can be no row of its kind: its physical line (the sheet's row), why, and what it says, cell by cell."""

    line: int
    code: str
    message: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Rows in file order: `lines` (n,) int64, one array of n texts (plain or dictionary) for each column of the file, no nulls."""

    lines: NDArray[np.int64]
    cells: "tuple[pa.Array, ...]"
    refused: tuple[Quarantined, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFacts:
    """How a file was read: its form and, where the form has them, encoding, delimiter and sheet."""

    format: str
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    evidence: str = ""


class Source(Protocol):
    """A file opened so far that its header rows are known."""

    @property
    def facts(self) -> SourceFacts:
        """How it is read."""

    @property
    def top(self) -> tuple[tuple[int, tuple[str, ...]], ...]:
        """The first rows with their lines: titles, header, units and data alike."""

    def blocks(self, after_line: int, width: int) -> Iterator[Block]:
        """The rows below that line; rows of another width than the header's are refused."""
