"""What the store holds of a kind, as columns: version, record, key and row hash, found by the hash of the key."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
from sqlalchemy import Connection, Select, func, select

from twin.codes import RecordKind
from twin.ledgers.hashing import hash_texts
from twin.records.known import COLUMNS, NO_HASH, read_known
from twin.records.register_revision import mark_of
from twin.store import record_schema as schema
from twin.store.adbc import adbc_connection, literal_sql
from twin.store.ahead import taken_ahead

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Existing", "load_existing", "load_existing_by_column"]

Int64: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]
UInt64: TypeAlias = np.ndarray[Any, np.dtype[np.uint64]]
Bool: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]
Columns: TypeAlias = dict[str, Any]
FETCH = 50_000
TOUCHED_MOST = 50_000
"""More records than these, changed by persons since, are asked for with all the others."""
NOBODY = -1
"""The revision of a record that nobody imported."""
STORED = ("key", "id", "record_id", "row_hash", "revision_id")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Existing:
    """The visible versions of a kind in the order of their key hashes; `of_source` marks those that this ledger brought.

    `touched` is the last change of a person (`twin.records.state`) that is surely in it.
    """

    touched: int
    key_hashes: UInt64
    version_ids: Int64
    record_ids: Int64
    row_hashes: Int64
    revision_ids: Int64
    of_source: Bool

    def __len__(self) -> int:
        return len(self.key_hashes)

    def find(self, key_hashes: UInt64) -> Int64:
        """Position of each key, -1 for those that are not there. Equal hashes of different keys are for the caller to tell apart."""
        if not len(self.key_hashes):
            return np.full(len(key_hashes), -1, dtype=np.int64)
        order = np.argsort(key_hashes)  # neighbours are looked up one after the other, in memory that is at hand
        asked = key_hashes[order]
        places = np.minimum(np.searchsorted(self.key_hashes, asked), len(self.key_hashes) - 1)
        found = np.empty(len(asked), dtype=np.int64)
        found[order] = np.where(self.key_hashes[places] == asked, places, -1)
        return found


def load_existing(connection: Connection, kind: RecordKind, source: str, known: Path, day: date) -> Existing:
    """The visible versions of a kind, about 40 bytes a record; `known` is the file of the import before (`twin.records.known`).

    What an import changed on a later day than `day` has `NO_HASH`: a row that is as that one's may tell something of this day.
    """
    return _Loading(_Rows(connection), kind, source, known, day).existing()


def load_existing_by_column(url: str, kind: RecordKind, source: str, known: Path, day: date) -> Existing:
    """The same through Arrow's own drivers, five times as fast: for a process that opens the records in no other way (`bulk_process`)."""
    with adbc_connection(url) as connection, connection.cursor() as cursor:
        return _Loading(_ByColumn(cursor, url), kind, source, known, day).existing()


class _Asked(Protocol):
    """A connection as this module asks it."""

    def rows(self, query: Select[Any]) -> Sequence[Sequence[Any]]:
        """A few rows."""

    def columns(self, query: Select[Any]) -> Iterable[tuple[pa.Array, ...]]:
        """Many, part by part."""


class _Rows:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def rows(self, query: Select[Any]) -> Sequence[Sequence[Any]]:
        return self._connection.execute(query).all()

    def columns(self, query: Select[Any]) -> Iterable[tuple[pa.Array, ...]]:
        import pyarrow as pa

        found = self._connection.execution_options(yield_per=FETCH).execute(query)
        for part in found.partitions():
            yield tuple(pa.array(column) for column in zip(*part, strict=True))


class _ByColumn:
    def __init__(self, cursor: Any, url: str) -> None:
        self._cursor = cursor
        self._url = url

    def rows(self, query: Select[Any]) -> Sequence[Sequence[Any]]:
        self._cursor.execute(literal_sql(query, self._url))
        found: Sequence[Sequence[Any]] = self._cursor.fetchall()
        return found

    def columns(self, query: Select[Any]) -> Iterable[tuple[pa.Array, ...]]:
        if self._url.startswith("sqlite"):
            self._cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": str(FETCH)})
        self._cursor.execute(literal_sql(query, self._url))
        return taken_ahead(tuple(batch.columns) for batch in self._cursor.fetch_record_batch() if len(batch))


class _Loading:
    """One look at what is there: first at what tells which state it is, so that nothing is in none of both."""

    def __init__(self, asked: _Asked, kind: RecordKind, source: str, known: Path, day: date) -> None:
        self._asked, self._kind, self._source, self._known, self._day = asked, kind.name, source, known, day.isoformat()
        self._table, self._log = schema.kind_table(kind.name).c, schema.touched.c

    def existing(self) -> Existing:
        clock = schema.clock.c
        now = next((int(row[0]) for row in self._asked.rows(select(clock.now).where(clock.kind == self._kind))), 0)
        last = select(func.coalesce(func.max(self._log.seq), 0)).where(self._log.kind == self._kind)
        touched = int(self._asked.rows(last)[0][0])
        kept = read_known(self._known, mark) if (mark := self._mark(now)) else None
        found = self._brought_up(now, *kept) if kept else None
        found = found or self._ordered(self._columns(self._visible(now)))
        if later := self._changed_later():
            found["row_hashes"] = np.where(np.isin(found["record_ids"], later), NO_HASH, found["row_hashes"])
        revisions = np.array(self._revisions(), dtype=np.int64)
        return Existing(touched=touched, of_source=np.isin(found["revision_ids"], revisions), **found)

    def _mark(self, now: int) -> tuple[Any, ...] | None:
        row = next(iter(self._asked.rows(mark_of(self._kind, now))), None)
        return (now, *row) if row else None

    def _revisions(self) -> list[int]:
        revision = schema.register_revision.c
        query = select(revision.id).where(revision.kind == self._kind, revision.source == self._source)
        return [int(row[0]) for row in self._asked.rows(query)]

    def _changed_later(self) -> list[int]:
        """The records that imports changed on a later day than the ledger's; most ledgers are the newest, for which nothing is searched."""
        revision, change = schema.register_revision.c, schema.change.c
        newer = select(revision.id).where(revision.kind == self._kind, revision.as_of > self._day, revision.status != "abandoned")
        if not self._asked.rows(newer.limit(1)):
            return []
        late = (change.kind == self._kind, change.valid_from > self._day, change.method == "import")
        return [int(row[0]) for row in self._asked.rows(select(change.record_id).where(*late).distinct())]

    def _visible(self, now: int) -> Select[Any]:
        return select(*(self._table[name] for name in STORED)).where(self._table.since <= now, self._table.until > now)

    def _brought_up(self, now: int, touched: int, columns: Columns) -> Columns | None:
        """What was known, with the records that persons changed since as they are now; None where those are too many."""
        since = select(self._log.record_id).where(self._log.kind == self._kind, self._log.seq > touched).distinct()
        records = [int(row[0]) for row in self._asked.rows(since.limit(TOUCHED_MOST + 1))]
        if len(records) > TOUCHED_MOST:
            return None
        if not records:
            return columns
        new = self._columns(self._visible(now).where(self._table.record_id.in_(since)))
        older = ~np.isin(columns["record_ids"], np.union1d(records, new["record_ids"]))
        return self._ordered({name: np.concatenate([column[older], new[name]]) for name, column in columns.items()})

    def _columns(self, query: Select[Any]) -> Columns:
        empty = np.empty(0, dtype=np.int64)
        found: list[tuple[Any, ...]] = [(empty.view(np.uint64), empty, empty, empty, empty)]
        for keys, *numbers in self._asked.columns(query):
            found.append((hash_texts(keys.cast("string")), *(_integers(column) for column in numbers)))
        return {name: np.concatenate(parts) for name, parts in zip(COLUMNS, zip(*found, strict=True), strict=True)}

    def _ordered(self, columns: Columns) -> Columns:
        order = np.argsort(columns["key_hashes"], kind="stable")
        return {name: column[order] for name, column in columns.items()}


def _integers(column: pa.Array) -> Int64:
    values: Int64 = column.cast("int64").fill_null(NOBODY).to_numpy(zero_copy_only=False)
    return values
