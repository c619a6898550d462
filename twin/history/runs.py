"""Sorted files of a day: what was written last as Arrow files that are mapped, what was merged as Parquet.

In order of (handle, time_us): a thing's rows stand together. In order of (slot, handle, time_us), a slot being ten minutes: a moment's rows
stand together. Numbers are stored as differences (Parquet DELTA_BINARY_PACKED) under zstd.
"""

from collections.abc import Iterable, Sequence
from enum import Enum, auto
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

__all__ = [
    "ARROW",
    "GENERATION",
    "GROUP_ROWS",
    "PARQUET",
    "SLOT_US",
    "SMALL_GROUP_ROWS",
    "Encoding",
    "by_handle",
    "by_slot",
    "column",
    "concat",
    "count_by_handle",
    "filter_rows",
    "read_handles",
    "read_times",
    "write_arrow",
    "write_parquet",
]

ARROW, PARQUET = ".arrow", ".parquet"
SLOT_US = 600_000_000
GROUP_ROWS = 16_384
"""Rows of a row group: one thing's day of reports every 10 s lies in two."""
SMALL_GROUP_ROWS = 4_096
"""Rows of a row group where a thing has few rows in a file, and many such files are read for its day: 1.3 ms instead of 4."""
FOOTERS_KEPT = 512
GENERATION = "generation"
"""Column that files of before it was thought of do not have: all of theirs is 0."""


class Encoding(Enum):
    """Encodings of Parquet columns: differences for numbers, the n-th bytes of all values together for frames."""

    DELTA_BINARY_PACKED = auto()
    BYTE_STREAM_SPLIT = auto()


def by_handle(table: pa.Table) -> pa.Table:
    """The rows in order of (handle, time_us); equals as they stood."""
    return table.take(pa.array(np.lexsort((column(table, "time_us"), column(table, "handle")))))


def by_slot(table: pa.Table) -> pa.Table:
    """The rows in order of (slot, handle, time_us)."""
    times = column(table, "time_us")
    return table.take(pa.array(np.lexsort((times, column(table, "handle"), times // SLOT_US))))


def column(table: pa.Table, name: str) -> NDArray[Any]:
    """(n,) one column without nulls as numpy."""
    found: NDArray[Any] = table.column(name).to_numpy()
    return found


def write_arrow(path: Path, table: pa.Table) -> None:
    """Write as one batch of an Arrow file, to be mapped."""
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())


def write_parquet(path: Path, tables: Iterable[pa.Table], schema: pa.Schema, *, group_rows: int = GROUP_ROWS) -> None:
    """Write one after another; each begins a row group, so that a thing or a slot is read alone."""
    numbers = [field.name for field in schema if pa.types.is_integer(field.type)]
    with pq.ParquetWriter(
        path,
        schema,
        compression="zstd",
        use_dictionary=[field.name for field in schema if field.name not in numbers] or False,
        column_encoding=dict.fromkeys(numbers, Encoding.DELTA_BINARY_PACKED.name),
        write_statistics=["handle", "time_us"],
    ) as writer:
        for table in tables:
            writer.write_table(table, row_group_size=group_rows)


def read_handles(path: Path, first: int, last: int, columns: Sequence[str]) -> pa.Table:
    """The rows of the handles `first` to `last`, both included, of a file in order of handles."""
    if path.suffix == ARROW:
        table = _mapped(path)
        handles = column(table, "handle")
        begin, end = _between(handles, first, last)
        return _selected(table.slice(begin, end - begin), columns)
    starts, ends = _groups(path, "handle")
    begin, end = int(np.searchsorted(ends, first, "left")), int(np.searchsorted(starts, last, "right"))
    table = _row_groups(path, range(begin, end), columns, "handle")
    handles = column(table, "handle")
    begin, end = _between(handles, first, last)
    return _selected(table.slice(begin, end - begin), columns)


def read_times(path: Path, from_us: int, to_us: int, columns: Sequence[str]) -> pa.Table:
    """The rows of a period, closed and open, in the order of the file."""
    if path.suffix == ARROW:
        table = _mapped(path)
    else:
        starts, ends = _groups(path, "time_us")
        table = _row_groups(path, np.flatnonzero((ends >= from_us) & (starts < to_us)).tolist(), columns, "time_us")
    times = column(table, "time_us")
    inside = (times >= from_us) & (times < to_us)
    return _selected(table if inside.all() else table.filter(pa.array(inside)), columns)


def count_by_handle(path: Path) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Handles, and how many rows begin at each: of an Arrow file exactly, of Parquet by its row groups."""
    if path.suffix == ARROW:
        handles, rows = np.unique(column(_mapped(path), "handle"), return_counts=True)
        return handles.astype(np.int64), rows.astype(np.int64)
    starts, _ = _groups(path, "handle")
    footer = _footer(path)
    return starts, np.array([footer.row_group(at).num_rows for at in range(footer.num_row_groups)], dtype=np.int64)


def _between(handles: NDArray[np.uint32], first: int, last: int) -> tuple[int, int]:
    """Where the rows of those handles begin and end; asked in the column's own type, or numpy would convert all of it."""
    ends = np.array([first, last], dtype=handles.dtype)
    return int(np.searchsorted(handles, ends[0], "left")), int(np.searchsorted(handles, ends[1], "right"))


def _selected(table: pa.Table, columns: Sequence[str]) -> pa.Table:
    if GENERATION in columns and GENERATION not in table.column_names:
        table = table.append_column(pa.field(GENERATION, pa.uint16()), pa.array(np.zeros(len(table), dtype=np.uint16)))
    return table.select(columns)


def _mapped(path: Path) -> pa.Table:
    with pa.memory_map(str(path)) as source:
        return pa.ipc.open_file(source).read_all()


def _row_groups(path: Path, groups: Sequence[int], columns: Sequence[str], sorted_by: str) -> pa.Table:
    known = set(_footer(path).schema.names)
    wanted = [name for name in dict.fromkeys((*columns, sorted_by)) if name in known]
    with pq.ParquetFile(path, metadata=_footer(path), memory_map=True) as file:
        return file.read_row_groups(list(groups), columns=wanted, use_threads=False).combine_chunks()


@lru_cache(maxsize=FOOTERS_KEPT)
def _footer(path: Path) -> Any:
    """Footers are kept: a file of the history never changes under its name."""
    return pq.read_metadata(path)


@lru_cache(maxsize=FOOTERS_KEPT)
def _groups(path: Path, name: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The least and greatest value of a column in each row group."""
    footer = _footer(path)
    at = footer.schema.names.index(name)
    told = [footer.row_group(group).column(at).statistics for group in range(footer.num_row_groups)]
    return np.array([one.min for one in told], dtype=np.int64), np.array([one.max for one in told], dtype=np.int64)


def concat(tables: Sequence[pa.Table], schema: pa.Schema, columns: Sequence[str]) -> pa.Table:
    """One table of those, of the columns even where there are none."""
    wanted = pa.schema([schema.field(name) for name in columns])
    return pa.concat_tables([wanted.empty_table(), *tables]).combine_chunks()


def filter_rows(table: pa.Table, mask: NDArray[np.bool_]) -> pa.Table:
    """The rows where the mask is true."""
    return table if mask.all() else table.filter(pa.array(mask))
