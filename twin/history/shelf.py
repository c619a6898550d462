"""A shelf of the history, by its one writer: rows in memory, then in runs of their day, then in fewer and larger ones.

`apply` takes rows in the order of the journal; `flush` writes what is in memory and says up to which journal position everything stands
in files: a crash loses nothing that the journal still has, and what is applied again below that position counts once. All rows of a
position are applied at once. `flush`, `merge` and `close_days` may each run in another thread meanwhile.
"""

import json
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from twin.history.durable import disk_told, one_writer, replace_text, sync_folder
from twin.history.layout import Layout, day_name, day_start_us, days_of
from twin.history.manifest import MANIFEST, Manifest, Run, read_manifest, write_manifest
from twin.history.merge import Keep, merge_runs, write_run
from twin.history.runs import column, concat, filter_rows

__all__ = ["FAN", "POSITION", "Shelf", "list_days"]

POSITION = "position"
"""The column of the journal position that rows in memory carry beside those of their layout."""
FAN = 8
"""So many runs of a level are merged into one of the next."""
CLOSED = 9
"""Level of the one run of a closed day."""
THROUGH = "through.json"


class Shelf:
    """`next` is the journal position after the last that was applied, `through` that below which everything stands in files."""

    def __init__(self, folder: Path, layout: Layout) -> None:
        self._folder, self._layout = folder, layout
        self._memory_schema = layout.schema.append(pa.field(POSITION, pa.uint64()))
        self._stack = ExitStack()
        self._swap, self._merging = threading.Lock(), threading.RLock()
        self._held: list[pa.Table] = []
        self._manifests: dict[int, Manifest] = {}
        self._numbers: dict[int, Iterator[int]] = {}
        self.through = self.next = 0

    @classmethod
    def open(cls, folder: Path, layout: Layout) -> Self:
        """Open for writing; what a crash left without a name is removed. Raises HistoryTaken where another process writes."""
        shelf = cls(folder, layout)
        shelf._stack.enter_context(one_writer(folder))
        try:
            with disk_told(folder):
                shelf._recover()
        except BaseException:
            shelf.close()
            raise
        return shelf

    def close(self) -> None:
        """Let go of the folder; what is in memory only stays in the journal."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def rows_in_memory(self) -> int:
        """How many rows no file holds yet."""
        return sum(map(len, self._held))

    def apply(self, rows: pa.Table, positions: int | NDArray[np.uint64]) -> None:
        """Take rows of the journal record at that position, or each of its own. What the files hold already is passed over later."""
        every = np.broadcast_to(np.asarray(positions, dtype=np.uint64), (len(rows),))
        held = rows.append_column(self._memory_schema.field(POSITION), pa.array(np.ascontiguousarray(every)))
        with self._swap:
            if len(rows):
                self._held.append(held)
            self.next = max(self.next, int(np.max(positions)) + 1 if np.size(positions) else 0)

    def amend(self, rows: pa.Table) -> None:
        """Take rows that no record of the journal holds: later judgements of others. They stand in files with the next `flush`; a crash
        before it forgets them."""
        every = np.full(len(rows), np.iinfo(np.uint64).max, dtype=np.uint64)
        with self._swap:
            self._held.append(rows.append_column(self._memory_schema.field(POSITION), pa.array(every)))

    def advance(self, position: int) -> None:
        """Say that the journal holds nothing more for this shelf below a position: records without any row of it are done with too."""
        with self._swap:
            self.next = max(self.next, position)

    def recent(self, from_us: int = -(2**63), to_us: int = 2**63 - 1, handles: Sequence[int] | None = None) -> pa.Table:
        """Rows in memory of a period, closed and open, with their journal position; of all handles or of those. A reader that has asked
        this first, and then reads files, leaves out what their day's manifest is already through with."""
        with self._swap:
            held = tuple(self._held)
        found = []
        for table in held:
            times = column(table, "time_us")
            mask = (times >= from_us) & (times < to_us)
            if handles is not None:
                mask &= np.isin(column(table, "handle"), handles)
            if mask.any():
                found.append(filter_rows(table, mask))
        return concat(found, self._memory_schema, self._memory_schema.names)

    def flush(self) -> int:
        """Write what is in memory as runs of its days; the answer is the new `through`. Raises HistoryFull or HistoryUnavailable: what is
        not in files stays in memory."""
        with self._swap:
            frozen, through = list(self._held), self.next
        table = concat(frozen, self._memory_schema, self._memory_schema.names)
        days = days_of(column(table, "time_us"))
        for day in np.unique(days).tolist():
            rows = filter_rows(table, (days == day) & (column(table, POSITION) >= self._manifest(day).through))
            if len(rows):
                self._add(day, rows.select(self._layout.names), through)
        if through != self.through:
            replace_text(self._folder / THROUGH, json.dumps({"through": through}))
        with self._swap:
            del self._held[: len(frozen)]
            self.through = through
        return through

    def merge(self) -> int:
        """Merge where a level of a day has `FAN` runs; the answer is how many days changed."""
        changed = 0
        with self._merging:
            for day in list_days(self._folder):
                while (runs := self._crowded(day)) is not None:
                    self._replace(day, runs, level=min(runs[0].level + 1, CLOSED - 1), closed=None)
                    changed += 1
        return changed

    def close_days(self, before_us: int) -> int:
        """Make each day that ended before a moment one run, late rows too; the answer is how many days changed."""
        changed = 0
        for day in list_days(self._folder):
            with self._merging:
                manifest = self._manifest(day)
                if day_start_us(day + 1) <= before_us and manifest.runs and not (manifest.closed and len(manifest.runs) == 1):
                    self._replace(day, manifest.runs, level=CLOSED, closed=True)
                    changed += 1
        return changed

    def sweep(self, day: int, kinds: Collection[str], keep: Keep) -> bool:
        """Write a closed day anew with only the rows that are kept, and note that those kinds were left out of it; False, and nothing
        done, where they were before or the day is not closed."""
        with self._merging:
            manifest = self._manifest(day)
            if not manifest.closed or set(kinds) <= set(manifest.swept):
                return False
            self._replace(day, manifest.runs, level=CLOSED, closed=True, keep=keep, swept=tuple(sorted({*kinds, *manifest.swept})))
            return True

    def days(self) -> list[int]:
        """The days there is anything of."""
        return list_days(self._folder)

    def day_folder(self, day: int) -> Path:
        """The folder of a day."""
        return self._folder / day_name(day)

    def _recover(self) -> None:
        with suppress(FileNotFoundError):
            self.through = self.next = int(json.loads((self._folder / THROUGH).read_bytes())["through"])
        for day in list_days(self._folder):
            known = {MANIFEST}.union(*(run.files for run in self._manifest(day).runs))
            for path in self.day_folder(day).iterdir():
                if path.name not in known:
                    path.unlink()

    def _manifest(self, day: int) -> Manifest:
        if day not in self._manifests:
            self._manifests[day] = read_manifest(self.day_folder(day))
            self._numbers[day] = count(self._manifests[day].next)
        return self._manifests[day]

    def _add(self, day: int, rows: pa.Table, through: int) -> None:
        folder = self.day_folder(day)
        with disk_told(folder):
            if not folder.is_dir():
                folder.mkdir()
                sync_folder(self._folder)
        run = write_run(folder, self._numbers[day], rows)
        with self._swap:
            old = self._manifest(day)
            self._write(day, replace(old, through=through, runs=(*old.runs, run)))

    def _crowded(self, day: int) -> tuple[Run, ...] | None:
        runs = self._manifest(day).runs
        for level in sorted({run.level for run in runs}):
            same = tuple(run for run in runs if run.level == level)
            if level < CLOSED and len(same) >= FAN:
                return same
        return None

    def _replace(
        self, day: int, runs: Sequence[Run], *, level: int, closed: bool | None, keep: Keep | None = None, swept: tuple[str, ...] = ()
    ) -> None:
        folder = self.day_folder(day)
        run = merge_runs(folder, self._numbers[day], runs, self._layout, level=level, keep=keep)
        with self._swap:
            old = self._manifest(day)
            kept = (run,) if run.rows else ()
            rest = tuple(one for one in old.runs if one not in runs)
            is_closed = old.closed if closed is None else closed
            self._write(day, replace(old, runs=(*kept, *rest), closed=is_closed, swept=swept or old.swept))
        for name in set().union(*(one.files for one in runs)):
            with suppress(OSError):
                (folder / name).unlink()

    def _write(self, day: int, manifest: Manifest) -> None:
        numbered = replace(manifest, next=next(self._numbers[day]))
        write_manifest(self.day_folder(day), numbered)
        self._manifests[day] = numbered


def list_days(folder: Path) -> list[int]:
    """The days a shelf has something of, in order."""
    if not folder.is_dir():
        return []
    found = [path.name for path in folder.iterdir() if path.name[0].isdigit()]
    return sorted(np.array(found, dtype="datetime64[D]").astype(np.int64).tolist())
