"""Parquet files as sources of blocks; the line of a row is its number in the file, the header is line 0."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from twin.ledgers.block import BLOCK_ROWS, Block, SourceFacts
from twin.ledgers.errors import LedgerUnreadable
from twin.ledgers.workbook import text_of

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ParquetTable", "open_parquet"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParquetTable:
    """A Parquet file whose columns are known."""

    path: Path
    names: tuple[str, ...]

    @property
    def facts(self) -> SourceFacts:
        """How it is read."""
        return SourceFacts(format="parquet", encoding="utf-8")

    @property
    def top(self) -> tuple[tuple[int, tuple[str, ...]], ...]:
        """The names of the columns; a Parquet file has no titles above them."""
        return ((0, self.names),)

    def blocks(self, after_line: int, width: int) -> Iterator[Block]:
        """The rows as columns of text."""
        import pyarrow as pa
        from pyarrow import parquet

        line = 1
        try:
            with parquet.ParquetFile(self.path) as file:
                for batch in file.iter_batches(batch_size=BLOCK_ROWS):
                    lines = np.arange(line, line + batch.num_rows, dtype=np.int64)
                    yield Block(lines=lines, cells=tuple(_texts(column) for column in batch.columns))
                    line += batch.num_rows
        except (pa.ArrowException, OSError) as error:
            raise LedgerUnreadable(f"the file is damaged after row {line - 1}: {error}", path=str(self.path)) from error


def open_parquet(path: Path) -> ParquetTable:
    """The file with the names of its columns. Raises LedgerUnreadable."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            return ParquetTable(path=path, names=tuple(file.schema_arrow.names))
    except (pa.ArrowException, OSError) as error:
        raise LedgerUnreadable(f"no Parquet file: {error}", path=str(path)) from error


def _texts(column: "pa.Array") -> "pa.Array":
    """The column as text: nulls are empty, whole numbers keep no `.0`, times have their zone."""
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import types

    kind = column.type
    if types.is_dictionary(kind):
        return _texts(column.cast(kind.value_type))
    if types.is_string(kind) or types.is_large_string(kind) or types.is_integer(kind) or types.is_date32(kind) or types.is_decimal(kind):
        return pc.fill_null(column.cast(pa.string()), "")
    coded = column.dictionary_encode() if not types.is_nested(kind) else pa.array(map(str, column.to_pylist())).dictionary_encode()
    distinct = ["" if value is None else text_of(value) for value in coded.dictionary.to_pylist()]
    return pc.fill_null(pa.array(distinct, pa.string()).take(coded.indices), "")
