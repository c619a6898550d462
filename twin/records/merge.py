"""A ledger into the records of its kind: new and changed rows in short transactions, seen all at once at the end.

Rows are written for the clock after the one readers see; turning it is one update. What a killed import left is removed by the next.
A row whose key and cells are as before costs a lookup; only the others are typed and compared field by field.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from sqlalchemy import Connection, update

from twin.records.changed import Changed, compare, completed_parts
from twin.records.counters import set_clock, take_ids
from twin.records.existing import Existing, hashes_of, load_existing
from twin.records.interning import Interner
from twin.records.ledger import Merged, NewLedger
from twin.records.register_revision import begin, finish, remove_unseen
from twin.records.stored import stored_lists
from twin.store import record_schema as schema
from twin.store.database import Database, put_rows
from twin.store.values import to_json

if TYPE_CHECKING:
    import pyarrow as pa

    from twin.ledgers import LedgerBatch, Quarantined

__all__ = ["Placed", "merge_ledger"]

BATCH_S = 0.06
"""Wall time one transaction of the import aims at: whoever waits for a turn waits no longer (at most 100 ms)."""
FIRST_ROWS = 1_000
MOST_ROWS = 20_000


class Placed(Protocol):
    """Where the rows of a batch are: columns of the table → values."""

    def __call__(self, columns: Mapping[str, list[Any]]) -> Mapping[str, list[Any]]: ...


Progress = Callable[[int], None]


def merge_ledger(
    database: Database,
    new: NewLedger,
    batches: Iterable[LedgerBatch],
    *,
    now: datetime,
    place: Placed | None = None,
    progress: Progress | None = None,
    seconds: Callable[[], float] = lambda: 0.0,
) -> Merged:
    """Merge a ledger and show it; `seconds` tells how long the import has taken. Raises StoreBusy where another of the kind runs."""
    with database.alone(f"import-{new.kind.name}"):
        remove_unseen(database, new.kind)
        with database.writing() as connection:
            revision_id = begin(connection, new, now=now)
        with database.reading() as connection:
            existing = load_existing(connection, new.kind, new.source)
        merging = _Merging(database, new, existing, revision_id, now, place)
        for batch in batches:
            merging.take(batch)
            if progress:
                progress(merging.merged.rows)
        merging.note_vanished()
        merging.merged.seconds = round(seconds(), 3)
        with database.writing() as connection:
            finish(connection, merging.merged, new)
            set_clock(connection, new.kind.name, existing.clock + 1)
        merging.sweep()
        return merging.merged


class _Merging:
    """The state of one import."""

    def __init__(
        self, database: Database, new: NewLedger, existing: Existing, revision_id: int, now: datetime, place: Placed | None
    ) -> None:
        self.database = database
        self.new = new
        self.existing = existing
        self.merged = Merged(revision_id=revision_id)
        self.now = now
        self.place = place
        self.seen = np.zeros(len(existing), dtype=np.bool_)
        self.interner = Interner(database.writing)
        self.table = schema.kind_table(new.kind.name)
        self.at_once = FIRST_ROWS
        self.ended: list[int] = []
        self.findings = 0
        self.put_aside = 0

    def take(self, batch: LedgerBatch) -> None:
        """Merge the rows of a batch."""
        keys = batch.keys.to_numpy(zero_copy_only=False)
        places = self.existing.find(hashes_of(keys))
        hashes = batch.row_hash.view(np.int64)
        found = places >= 0
        same = found.copy()
        same[found] = self.existing.row_hashes[places[found]] == hashes[found]
        self.seen[places[found]] = True
        fresh, differing = np.flatnonzero(~found), np.flatnonzero(found & ~same)
        self.merged.rows += len(keys) + len(batch.quarantined)
        self.merged.unchanged += int(same.sum())
        if len(fresh):
            self._add(batch, fresh, keys, hashes)
        if len(differing):
            self._change(batch, differing, keys, hashes, places)
        self._quarantine(batch.quarantined)

    def note_vanished(self) -> None:
        """List the records of this ledger that the file no longer has; they stay as they are."""
        gone = self.existing.record_ids[self.existing.of_source & ~self.seen]
        self.merged.vanished = len(gone)
        rows = [(self.merged.revision_id, int(record)) for record in np.sort(gone)]
        for _ in self._in_turns(len(rows), lambda c, a, b: put_rows(c, schema.vanished, ("revision_id", "record_id"), rows[a:b])):
            pass

    def sweep(self) -> None:
        """Remove the versions that the turned clock has ended: their values are in the history."""
        remove = self.table.delete()
        for _ in self._in_turns(len(self.ended), lambda c, a, b: c.execute(remove.where(self.table.c.id.in_(self.ended[a:b]))), most=500):
            pass
        with self.database.writing() as connection:
            revisions = schema.register_revision
            connection.execute(update(revisions).where(revisions.c.id == self.merged.revision_id).values(status="current"))

    def _add(self, batch: LedgerBatch, rows: np.ndarray[Any, Any], keys: np.ndarray[Any, Any], hashes: np.ndarray[Any, Any]) -> None:
        count = len(rows)
        typed = batch.typed(rows)
        columns = stored_lists(self.new.kind, typed.values, self.interner)
        placed = self.place(columns) if self.place and "location_id" in columns else {}
        with self.database.writing() as connection:
            first_version = take_ids(connection, f"version.{self.new.kind.name}", count)
            first_record = take_ids(connection, "record", count)
        fixed: dict[str, Sequence[Any]] = {
            "id": range(first_version, first_version + count),
            "record_id": range(first_record, first_record + count),
            "since": [self.existing.clock + 1] * count,
            "until": [schema.FOREVER] * count,
            "revision_id": [self.merged.revision_id] * count,
            "line": batch.lines[rows].tolist(),
            "row_hash": hashes[rows].tolist(),
            "key": keys[rows].tolist(),
            "extra": typed.extra.to_pylist(),
        }
        whole = {**fixed, **columns, **placed}
        names = tuple(whole)
        tuples = list(zip(*whole.values(), strict=True))
        for _ in self._in_turns(count, lambda c, a, b: put_rows(c, self.table, names, tuples[a:b])):
            pass
        self.merged.new += count
        self._note_findings(typed.findings, fixed["line"], fixed["record_id"])

    def _change(
        self,
        batch: LedgerBatch,
        rows: np.ndarray[Any, Any],
        keys: np.ndarray[Any, Any],
        hashes: np.ndarray[Any, Any],
        places: np.ndarray[Any, Any],
    ) -> None:
        typed = batch.typed(rows)
        versions = self.existing.version_ids[places[rows]].tolist()
        with self.database.reading() as connection:
            values = completed_parts(connection, self.new.kind, typed.values, versions)
        columns = stored_lists(self.new.kind, values, self.interner)
        columns["extra"] = typed.extra.to_pylist()

        def write(connection: Connection, start: int, stop: int) -> None:
            part = {name: values[start:stop] for name, values in columns.items()}
            changed = compare(connection, self.new, versions[start:stop], keys[rows[start:stop]].tolist(), part)
            self._write_changed(connection, changed, hashes[rows[start:stop]].tolist(), batch.lines[rows[start:stop]].tolist())

        for _ in self._in_turns(len(rows), write, most=500):
            pass
        records = self.existing.record_ids[places[rows]].tolist()
        self._note_findings(typed.findings, batch.lines[rows].tolist(), records)

    def _write_changed(self, connection: Connection, changed: Changed, hashes: list[int], lines: list[int]) -> None:
        changed.write(
            connection,
            self.table,
            hashes,
            lines,
            clock=self.existing.clock,
            revision_id=self.merged.revision_id,
            new=self.new,
            now=self.now,
        )
        self.ended += changed.ended
        self.merged.changed += len(changed.ended)
        self.merged.unchanged += len(hashes) - len(changed.ended)
        if changed.contradicted:
            self._count("CORRECTION_CONTRADICTED", len(changed.contradicted))

    def _note_findings(self, findings: pa.Table, lines: Sequence[int], records: Sequence[int]) -> None:
        names = ("revision_id", "ordinal", "line", "record_id", "field", "code", "value", "severity", "message")
        rows, *told = (column.to_pylist() for column in findings.columns)
        for code in told[1]:
            self._count(code)
        ordinals = range(self.findings, self.findings + len(rows))
        self.findings += len(rows)
        where = ([lines[row] for row in rows], [records[row] for row in rows])
        tuples = list(zip([self.merged.revision_id] * len(rows), ordinals, *where, *told, strict=True))
        for _ in self._in_turns(len(tuples), lambda c, a, b: put_rows(c, schema.register_issue, names, tuples[a:b])):
            pass

    def _quarantine(self, rows: Sequence[Quarantined]) -> None:
        names = ("revision_id", "ordinal", "line", "code", "message", "cells")
        tuples = [
            (self.merged.revision_id, ordinal, row.line, row.code, row.message, to_json(row.cells))
            for ordinal, row in enumerate(rows, self.put_aside)
        ]
        for row in rows:
            self._count(row.code)
        self.put_aside += len(rows)
        self.merged.quarantined += len(rows)
        for _ in self._in_turns(len(tuples), lambda c, a, b: put_rows(c, schema.register_quarantine, names, tuples[a:b])):
            pass

    def _count(self, code: str, times: int = 1) -> None:
        self.merged.issues[code] = self.merged.issues.get(code, 0) + times

    def _in_turns(self, count: int, write: Callable[[Connection, int, int], object], *, most: int = MOST_ROWS) -> Iterator[int]:
        """Write `count` rows in transactions of about `BATCH_S`; yields how many are written."""
        start = 0
        while start < count:
            stop = min(count, start + min(self.at_once, most))
            began = time.perf_counter()
            with self.database.writing() as connection:
                write(connection, start, stop)
            took = time.perf_counter() - began
            if stop - start == min(self.at_once, most):
                self.at_once = int(np.clip(self.at_once * np.clip(BATCH_S / max(took, 1e-4), 0.5, 1.5), 100, MOST_ROWS))
            start = stop
            yield start
