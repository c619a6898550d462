"""A ledger into the records of its kind: new and changed rows in short transactions, seen all at once at the end.

Rows are written for the clock after the one readers see; turning it is one update. What a killed import left is removed by the next.
A row whose key and cells are as before costs a lookup; only the others are typed and compared field by field.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

import numpy as np
from sqlalchemy import Connection, update

from twin.records.changed import Changed, compare, completed_parts
from twin.records.counters import clock_of, set_clock, take_ids
from twin.records.feed import Differing, Ending, Feed, Fresh, Settled
from twin.records.interning import UNRESOLVED, Interner, unknown_locations
from twin.records.known import Landed
from twin.records.ledger import Merged, NewLedger
from twin.records.register_revision import begin, finish, remove_unseen
from twin.records.stored import Coded, Coder, Resolved
from twin.store import record_schema as schema
from twin.store.database import Database, delete_among
from twin.store.row_writer import TurnSize
from twin.store.values import to_json, to_microseconds

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlalchemy import Table

    from twin.codes import RecordKind
    from twin.ledgers import Quarantined
    from twin.records.feed import Int64

__all__ = ["Placed", "Writer", "exclusively", "merge_ledger"]


class Placed(Protocol):
    """Where rows are: columns of the table → columns of the table."""

    def __call__(self, columns: Mapping[str, pa.Array]) -> Mapping[str, pa.Array]: ...

    def resolve(self, keys: Sequence[str]) -> Sequence[Resolved]:
        """Where locations are that nobody has written yet, each its parts joined."""

    def settle(self, settled: Callable[[Sequence[str]], Settled]) -> None:
        """All locations are known: those that all together tell otherwise are told otherwise."""

    def landed(self) -> None:
        """The rows are seen by readers."""


class Writer(Protocol):
    """What takes rows by column (`twin.store.bulk`)."""

    def put(self, table: Table, columns: Mapping[str, pa.Array]) -> None:
        """Insert rows, now or soon."""

    def finish(self) -> None:
        """Return when all are committed."""


@contextmanager
def exclusively(database: Database, kind: RecordKind) -> Iterator[None]:
    """The one import of a kind, with what killed ones left removed; raises StoreBusy where another of the kind runs."""
    with database.alone(f"import-{kind.name}"):
        remove_unseen(database, kind)
        yield


def merge_ledger(
    database: Database,
    new: NewLedger,
    feed: Feed,
    writer: Writer,
    *,
    now: datetime,
    place: Placed | None = None,
    progress: Callable[[int], None] | None = None,
    seconds: Callable[[], float] = lambda: 0.0,
) -> Merged:
    """Merge a ledger and show it, within `exclusively`; `seconds` tells how long the import has taken."""
    with database.writing() as connection:
        revision_id = begin(connection, new, now=now)
        clock = clock_of(connection, new.kind.name)
    merging = _Merging(database, new, writer, clock, revision_id, now, place)
    for share in feed:
        if isinstance(share, Ending):
            merging.note_vanished(share)
            continue
        merging.count(share.unchanged)
        if share.fresh is not None:
            merging.add(share.fresh)
        if share.differing is not None:
            merging.change(share.differing)
        merging.quarantine(share.quarantined)
        if progress:
            progress(merging.merged.rows)
    writer.finish()
    if place:
        place.settle(feed.settled)
    merging.merged.seconds = round(seconds(), 3)
    with database.writing() as connection:
        finish(connection, merging.merged, new)
        set_clock(connection, new.kind.name, clock + 1)
    feed.keep(merging.landed)
    if place:
        place.landed()
    merging.sweep()
    return merging.merged


class _Merging:
    """The state of one import."""

    def __init__(
        self, database: Database, new: NewLedger, writer: Writer, clock: int, revision_id: int, now: datetime, place: Placed | None
    ) -> None:
        self.database = database
        self.new = new
        self.writer = writer
        self.clock = clock
        self.merged = Merged(revision_id=revision_id)
        self.landed = Landed(mark=(clock + 1, revision_id, new.sha256, to_microseconds(now)), revision_id=revision_id)
        self.now = now
        self.place = place
        self.interner = Interner(database)
        self.coder, self.completing = Coder(new.kind), Interner(database)
        self.table = schema.kind_table(new.kind.name)
        self.size = TurnSize(first=200, most=2_000)
        self.ended: list[int] = []
        self.findings = 0
        self.put_aside = 0

    def count(self, unchanged: int) -> None:
        """Take note of rows that are as before."""
        self.merged.rows += unchanged
        self.merged.unchanged += unchanged

    def add(self, rows: Fresh) -> None:
        """Write new records."""
        import pyarrow as pa

        count = len(rows.lines)
        first_version, first_record = self.interner.learn(rows.coded, lambda connection: self._take_ids(connection, count))
        self.landed.fresh.append((first_version, first_record))
        columns = self.interner.columns(rows.coded)
        placed = self.place(columns) if self.place and "location_id" in columns else {}
        records = pa.array(np.arange(first_record, first_record + count))
        fixed = {
            "id": pa.array(np.arange(first_version, first_version + count)),
            "record_id": records,
            "since": pa.repeat(self.clock + 1, count),
            "until": pa.repeat(schema.FOREVER, count),
            "revision_id": pa.repeat(self.merged.revision_id, count),
            "line": pa.array(rows.lines),
            "row_hash": pa.array(rows.hashes),
            "key": rows.keys,
            "extra": rows.extra,
        }
        self.writer.put(self.table, {**fixed, **columns, **placed})
        self.merged.rows += count
        self.merged.new += count
        self._note_findings(rows.findings, rows.lines, records)

    def change(self, rows: Differing) -> None:
        """Compare rows with the records they name, and write those that differ."""
        import pyarrow as pa

        self._learn(rows.coded)
        versions = rows.version_ids.tolist()
        stored = self.interner.columns(rows.coded) | self._completed(rows)
        columns = {name: column.to_pylist() for name, column in stored.items()} | {"extra": rows.extra.to_pylist()}
        keys, hashes, lines = rows.keys.to_pylist(), rows.hashes.tolist(), rows.lines.tolist()

        def write(connection: Connection, start: int, stop: int) -> None:
            part = {name: values[start:stop] for name, values in columns.items()}
            changed = compare(connection, self.new, versions[start:stop], keys[start:stop], part)
            self._write_changed(connection, changed, hashes[start:stop], lines[start:stop])

        self._in_turns(len(versions), write)
        self.merged.rows += len(versions)
        self._note_findings(rows.findings, rows.lines, pa.array(rows.record_ids))

    def _learn(self, coded: Coded) -> None:
        """What is new in differing rows: of their locations few are, and those are resolved here."""
        keys = coded.new.get("location", [])
        if self.place and keys:
            with self.database.reading() as connection:
                unknown = unknown_locations(connection, keys)
            told = dict(zip(unknown, self.place.resolve(unknown), strict=True)) if unknown else {}
            coded.resolved = [told.get(key, UNRESOLVED) for key in keys]
        if coded.new:
            self.interner.learn(coded, lambda _: None)

    def _completed(self, rows: Differing) -> dict[str, pa.Array]:
        """Articles and locations that the ledger has in part."""
        if not rows.partial:
            return {}
        with self.database.reading() as connection:
            coded = self.coder.code(completed_parts(connection, self.new.kind, rows.partial, rows.version_ids.tolist()))
        if coded.new:
            self.completing.learn(coded, lambda _: None)
        return self.completing.columns(coded)

    def quarantine(self, rows: Sequence[Quarantined]) -> None:
        """Keep rows that can be no records, with their lines."""
        import pyarrow as pa

        for row in rows:
            self._count(row.code)
        if rows:
            self.writer.put(
                schema.register_quarantine,
                {
                    "revision_id": pa.repeat(self.merged.revision_id, len(rows)),
                    "ordinal": pa.array(np.arange(self.put_aside, self.put_aside + len(rows))),
                    "line": pa.array([row.line for row in rows], pa.int64()),
                    "code": pa.array([row.code for row in rows]),
                    "message": pa.array([row.message for row in rows]),
                    "cells": pa.array([to_json(row.cells) for row in rows]),
                },
            )
        self.put_aside += len(rows)
        self.merged.rows += len(rows)
        self.merged.quarantined += len(rows)

    def note_vanished(self, ending: Ending) -> None:
        """List the records of this ledger that the file no longer has; they stay as they are."""
        import pyarrow as pa

        self.merged.vanished = len(ending.vanished)
        if len(ending.vanished):
            columns = {"revision_id": pa.repeat(self.merged.revision_id, len(ending.vanished)), "record_id": pa.array(ending.vanished)}
            self.writer.put(schema.vanished, columns)

    def sweep(self) -> None:
        """Remove the versions that the turned clock has ended: their values are in the history."""
        self.size = TurnSize()
        self._in_turns(len(self.ended), lambda connection, a, b: delete_among(connection, self.table.c.id, self.ended[a:b]))
        with self.database.writing() as connection:
            revisions = schema.register_revision
            connection.execute(update(revisions).where(revisions.c.id == self.merged.revision_id).values(status="current"))

    def _write_changed(self, connection: Connection, changed: Changed, hashes: list[int], lines: list[int]) -> None:
        self.landed.unhashed += [len(self.landed.renewed) + index for index in changed.overtaken]
        self.landed.renewed += changed.write(
            connection, self.table, hashes, lines, clock=self.clock, revision_id=self.merged.revision_id, new=self.new, now=self.now
        )
        self.ended += changed.ended
        self.merged.changed += len(changed.ended)
        self.merged.unchanged += len(hashes) - len(changed.ended)
        if changed.contradicted:
            self._count("CORRECTION_CONTRADICTED", len(changed.contradicted))
        if changed.told_late:
            self._count("VALUE_OVERTAKEN", changed.told_late)

    def _take_ids(self, connection: Connection, count: int) -> tuple[int, int]:
        """The first of so many numbers of versions, and of records."""
        return take_ids(connection, f"version.{self.new.kind.name}", count), take_ids(connection, "record", count)

    def _note_findings(self, findings: pa.Table, lines: Int64, records: pa.Array) -> None:
        import pyarrow as pa

        findings = findings.combine_chunks()
        if not len(findings):
            return
        at = findings["row"].combine_chunks()
        for entry in findings["code"].value_counts().to_pylist():
            self._count(entry["values"], entry["counts"])
        columns = {
            "revision_id": pa.repeat(self.merged.revision_id, len(findings)),
            "ordinal": pa.array(np.arange(self.findings, self.findings + len(findings))),
            "line": pa.array(lines).take(at),
            "record_id": records.take(at),
            "field": findings["column"].combine_chunks(),
            **{name: findings[name].combine_chunks() for name in ("code", "value", "message", "severity")},
        }
        self.findings += len(findings)
        self.writer.put(schema.register_issue, columns)

    def _count(self, code: str, times: int = 1) -> None:
        self.merged.issues[code] = self.merged.issues.get(code, 0) + times

    def _in_turns(self, count: int, write: Callable[[Connection, int, int], object]) -> None:
        """Write `count` rows in transactions of the length that `TurnSize` learns."""
        start = 0
        while start < count:
            stop = min(count, start + self.size.rows)
            began = time.perf_counter()
            with self.database.staging() as connection:
                write(connection, start, stop)
            self.size.learn(stop - start, time.perf_counter() - began)
            start = stop
