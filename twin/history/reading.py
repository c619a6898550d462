"""A shelf as other processes read it, while it is written: every row that was there before is found, once.

What only the writer's memory holds is asked of it first (`recent`), the files after: what was written in between stands in both, and is
taken from the files.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from twin.history.errors import HistoryAsked, HistoryDamaged
from twin.history.layout import Layout, day_name, days_of
from twin.history.manifest import Manifest, Part, Run, read_manifest
from twin.history.newest import newest
from twin.history.runs import GENERATION, column, concat, filter_rows, read_handles, read_times
from twin.history.shelf import POSITION, list_days

__all__ = ["Recent", "ShelfReader", "pack_recent", "unpack_recent"]

Recent = Callable[[int, int, Sequence[int] | None], pa.Table]
"""`recent(from_us, to_us, handles)`: the rows that only the writer's memory holds, with the column `position` (`Shelf.recent`)."""
TRIES = 20


class ShelfReader:
    """Reads a shelf; without `recent` only what files hold."""

    def __init__(self, folder: Path, layout: Layout, recent: Recent | None = None) -> None:
        self._folder, self._layout, self._recent = folder, layout, recent

    def of_handle(self, handle: int, from_us: int, to_us: int, columns: Sequence[str]) -> pa.Table:
        """The rows of one thing in a period, closed and open, in order of time."""
        table = self._gathered(from_us, to_us, columns, [handle], lambda run: run.tracks, self._layout.same)
        return table.take(pa.array(np.argsort(column(table, "time_us"), kind="stable")))

    def of_time(self, from_us: int, to_us: int, columns: Sequence[str]) -> pa.Table:
        """The rows of everything in a period, in no order."""
        return self._gathered(from_us, to_us, columns, None, lambda run: run.moments or run.tracks, ())

    def days(self, handle: int, from_us: int, to_us: int) -> list[int]:
        """The days of a period that may hold rows of one thing."""
        recent = None if self._recent is None else self._recent(from_us, to_us, [handle])
        inside = set() if recent is None else set(days_of(column(recent, "time_us")).tolist())
        return sorted(inside | set(self._known(from_us, to_us)))

    def _known(self, from_us: int, to_us: int) -> list[int]:
        """The days of a period that have files."""
        first, last = days_of(np.array([from_us, to_us - 1])).tolist()
        return [day for day in list_days(self._folder) if first <= day <= last]

    def _gathered(
        self,
        from_us: int,
        to_us: int,
        columns: Sequence[str],
        handles: Sequence[int] | None,
        parts_of: Callable[[Run], tuple[Part, ...]],
        same: Sequence[Sequence[str]],
    ) -> pa.Table:
        if to_us < from_us:
            raise HistoryAsked("the period ends before it begins")
        asked = list(dict.fromkeys(("handle", "time_us", *columns)))
        beside = (GENERATION, *(name for names in same for name in names)) if GENERATION in self._layout.names else ()
        wanted = list(dict.fromkeys((*asked, *beside)))
        recent = None if self._recent is None else self._recent(from_us, to_us, handles)
        found, through = [], {}
        for day in self._known(from_us, to_us):
            manifest, tables = self._of_day(day, from_us, to_us, wanted, handles, parts_of)
            through[day] = manifest.through
            found += tables
        if recent is not None and len(recent):
            limits = np.array([through.get(day, 0) for day in days_of(column(recent, "time_us")).tolist()], dtype=np.uint64)
            found.append(filter_rows(recent, column(recent, POSITION) >= limits).select(wanted))
        return newest(concat(found, self._layout.schema, wanted), same).select(asked)

    def _of_day(
        self,
        day: int,
        from_us: int,
        to_us: int,
        columns: Sequence[str],
        handles: Sequence[int] | None,
        parts_of: Callable[[Run], tuple[Part, ...]],
    ) -> tuple[Manifest, list[pa.Table]]:
        """The day's manifest and its rows. A file that was merged away meanwhile is in the next manifest's run."""
        folder = self._folder / day_name(day)
        for _ in range(TRIES):
            manifest = read_manifest(folder)
            parts = [part for run in manifest.runs for part in parts_of(run) if part.last_us >= from_us and part.first_us < to_us]
            try:
                return manifest, [table for part in parts for table in _of_part(folder, part, from_us, to_us, columns, handles)]
            except FileNotFoundError as error:
                gone = error
        raise HistoryDamaged(f"files of {folder.name} are not there", path=str(folder), hint="restore the day from a backup") from gone


def pack_recent(rows: pa.Table) -> bytes:
    """The answer of `Shelf.recent` as bytes, for a reader in another process."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as writer:
        writer.write_table(rows)
    packed: bytes = sink.getvalue().to_pybytes()
    return packed


def unpack_recent(content: bytes) -> pa.Table:
    """The rows that were packed."""
    with pa.ipc.open_stream(content) as reader:
        return reader.read_all()


def _of_part(folder: Path, part: Part, from_us: int, to_us: int, columns: Sequence[str], handles: Sequence[int] | None) -> list[pa.Table]:
    if handles is None:
        return [read_times(folder / part.file, from_us, to_us, columns)]
    found = []
    for handle in handles:
        if part.first_handle <= handle <= part.last_handle:
            table = read_handles(folder / part.file, handle, handle, columns)
            times = column(table, "time_us")
            found.append(filter_rows(table, (times >= from_us) & (times < to_us)))
    return found
