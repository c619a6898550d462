"""Several runs of a day made one: a range of handles after the other, then a range of time after the other, so that memory stays small."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from twin.history.durable import replace_file
from twin.history.layout import Layout
from twin.history.manifest import Part, Run
from twin.history.newest import newest
from twin.history.runs import (
    ARROW,
    GROUP_ROWS,
    PARQUET,
    SLOT_US,
    SMALL_GROUP_ROWS,
    by_handle,
    by_slot,
    column,
    concat,
    count_by_handle,
    read_handles,
    read_times,
    write_arrow,
    write_parquet,
)

__all__ = ["Keep", "merge_runs", "write_run"]

STEP_ROWS = 500_000
PART_ROWS = 2_000_000
"""Rows of a file: its footer is read in a few milliseconds."""
Keep = Callable[[pa.Table], pa.Table]
"""Leaves out the rows that are kept no longer."""


def write_run(folder: Path, numbers: Iterator[int], table: pa.Table) -> Run:
    """Write rows as one mapped run of level 0. Raises HistoryFull or HistoryUnavailable; then there is no file."""
    return Run(level=0, tracks=(_arrow(folder / f"{next(numbers):06d}{ARROW}", by_handle(table)),))


def merge_runs(folder: Path, numbers: Iterator[int], runs: Sequence[Run], layout: Layout, *, level: int, keep: Keep | None = None) -> Run:
    """One run of all rows of those, as Parquet in both orders. Its files are named by the next `numbers`."""
    tracks = [part for run in runs for part in run.tracks]
    writer = _Parts(folder, numbers, layout.schema, group_rows=SMALL_GROUP_ROWS if level == 1 else GROUP_ROWS)
    for first, last in _handle_steps(folder, tracks):
        found = [
            read_handles(folder / part.file, first, last, layout.names)
            for part in tracks
            if part.first_handle <= last and part.last_handle >= first
        ]
        table = newest(concat(found, layout.schema, layout.names), layout.same)
        writer.add(by_handle(table if keep is None else keep(table)))
    told = writer.close()
    if not layout.moments:
        return Run(level=level, tracks=told)
    moments = _Parts(folder, numbers, pa.schema([layout.schema.field(name) for name in layout.moments]))
    wanted = sum(part.rows for part in told)
    for table in _by_time(folder, runs, layout, wanted):
        moments.add(by_slot(table if keep is None else keep(table)))
    return Run(level=level, tracks=told, moments=moments.close())


class _Parts:
    """Parquet files one after another, each of about `PART_ROWS`."""

    def __init__(self, folder: Path, numbers: Iterator[int], schema: pa.Schema, *, group_rows: int = GROUP_ROWS) -> None:
        self._folder, self._numbers, self._schema, self._group_rows = folder, numbers, schema, group_rows
        self._held: list[pa.Table] = []
        self._parts: list[Part] = []

    def add(self, table: pa.Table) -> None:
        if len(table):
            self._held.append(table)
        if sum(map(len, self._held)) >= PART_ROWS:
            self._write()

    def close(self) -> tuple[Part, ...]:
        if self._held:
            self._write()
        return tuple(self._parts)

    def _write(self) -> None:
        path = self._folder / f"{next(self._numbers):06d}{PARQUET}"
        held, self._held = self._held, []
        replace_file(path, lambda partial: write_parquet(partial, held, self._schema, group_rows=self._group_rows))
        self._parts.append(_part(path, held))


def _arrow(path: Path, table: pa.Table) -> Part:
    replace_file(path, lambda partial: write_arrow(partial, table))
    return _part(path, [table])


def _part(path: Path, tables: Sequence[pa.Table]) -> Part:
    rows = [table for table in tables if len(table)]
    handles = [(int(found.min()), int(found.max())) for found in (column(table, "handle") for table in rows)] or [(0, 0)]
    times = [(int(found.min()), int(found.max())) for found in (column(table, "time_us") for table in rows)] or [(0, 0)]
    return Part(
        file=path.name,
        rows=sum(map(len, rows)),
        first_handle=min(first for first, _ in handles),
        last_handle=max(last for _, last in handles),
        first_us=min(first for first, _ in times),
        last_us=max(last for _, last in times),
    )


def _handle_steps(folder: Path, parts: Sequence[Part]) -> Iterator[tuple[int, int]]:
    """Ranges of handles, both ends included, of about `STEP_ROWS` rows each."""
    counted = [count_by_handle(folder / part.file) for part in parts]
    if not counted:
        return
    handles = np.concatenate([one for one, _ in counted])
    rows = np.concatenate([one for _, one in counted])
    unique, at = np.unique(handles, return_inverse=True)
    steps = np.cumsum(np.bincount(at, rows)) // STEP_ROWS
    starts = unique[np.flatnonzero(np.diff(steps, prepend=-1))]
    last = max(part.last_handle for part in parts)
    for first, after in zip(starts.tolist(), [*starts[1:].tolist(), last + 1], strict=True):
        yield first, after - 1


def _by_time(folder: Path, runs: Sequence[Run], layout: Layout, rows: int) -> Iterator[pa.Table]:
    """The rows of whole slots, in order of slots, of about `STEP_ROWS` a table."""
    parts = [part for run in runs for part in (run.moments or run.tracks) if part.rows]
    if not parts:
        return
    first, last = min(part.first_us for part in parts) // SLOT_US, max(part.last_us for part in parts) // SLOT_US
    slots = max(1, (last - first + 1) * STEP_ROWS // max(rows, 1))
    for slot in range(first, last + 1, slots):
        begin, end = slot * SLOT_US, (slot + slots) * SLOT_US
        found = [
            read_times(folder / part.file, begin, end, layout.moments) for part in parts if part.first_us < end and part.last_us >= begin
        ]
        yield newest(concat(found, layout.schema, layout.moments), ())
