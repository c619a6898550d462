"""The file of things: read by many, written by one at a time, durable when a write returns."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from twin.errors import StoreBusy, StoreUnavailable
from twin.live.things.entity import Entity, Id
from twin.live.things.schema import migrate

__all__ = ["Extent", "ObservationRow", "ThingStore", "Writing"]

KEPT = 8
AT_ONCE = 500
ROW = "id, datastream, start_us, end_us, result_us, foi, body"


GROWN = (
    "INSERT INTO extent VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (datastream) DO UPDATE SET number = number + excluded.number,"
    " start_us = min(start_us, excluded.start_us), end_us = max(end_us, excluded.end_us),"
    " result_start_us = coalesce(min(result_start_us, excluded.result_start_us), result_start_us, excluded.result_start_us),"
    " result_end_us = coalesce(max(result_end_us, excluded.result_end_us), result_end_us, excluded.result_end_us)"
)
MEASURED = (
    "INSERT INTO extent SELECT datastream, count(*), min(start_us), max(end_us), min(result_us), max(result_us)"
    " FROM observation WHERE datastream = ? GROUP BY datastream"
)


class Extent(NamedTuple):
    """How many observations a datastream has, and between which moments."""

    number: int
    start_us: int
    end_us: int
    result_start_us: int | None
    result_end_us: int | None


class ObservationRow(NamedTuple):
    """An observation as it is kept: clocks in microseconds of UTC (an instant ends when it starts), `body` its other members."""

    id: Id
    datastream: Id
    start_us: int
    end_us: int
    result_us: int | None
    foi: Id | None
    body: Mapping[str, Any]


class ThingStore:
    """`history/things.sqlite`, made at the first use; safe to share between threads and processes."""

    def __init__(self, path: Path, *, lock_timeout_s: float = 30.0) -> None:
        self.path = path
        self._timeout_s = lock_timeout_s
        self._idle: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._ready = False

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection on one state of the file; raises StoreUnavailable."""
        connection = self._take()
        try:
            connection.execute("BEGIN")
            yield connection
        except sqlite3.Error as error:
            raise _unavailable(error, self.path) from error
        finally:
            self._give_back(connection)

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        """One transaction: all of it is on the disk when this returns, or none of it. Raises StoreBusy, StoreUnavailable."""
        connection = self._take()
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield Writing(connection)
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise _unavailable(error, self.path) from error
        finally:
            self._give_back(connection)

    def extent(self, datastream: Id) -> Extent | None:
        """The extent of a datastream's observations, None where it has none."""
        query = "SELECT number, start_us, end_us, result_start_us, result_end_us FROM extent WHERE datastream = ?"
        with self.reading() as connection:
            row = connection.execute(query, (datastream,)).fetchone()
        return None if row is None else Extent(*row)

    def users_of(self, foi: Id) -> Sequence[Id]:
        """The datastreams that had observations of a feature."""
        with self.reading() as connection:
            return [row[0] for row in connection.execute("SELECT datastream FROM used WHERE foi = ?", (foi,))]

    def find_observation(self, name: Id) -> ObservationRow | None:
        """The observation of an id."""
        with self.reading() as connection:
            return find_observation(connection, name)

    def observations(
        self,
        *,
        datastream: Id | None = None,
        foi: Id | None = None,
        from_us: int | None = None,
        to_us: int | None = None,
        by_time: bool = False,
        descending: bool = False,
        after: tuple[Any, ...] = (),
    ) -> Iterator[ObservationRow]:
        """Those of a datastream, of a feature or all whose start lies in [from_us, to_us], in the order of ids or by their start, end
        and ids, those behind `after` (an id, or these three); read in pages, each of one state: what comes meanwhile behind the page
        is told, nothing is told twice."""
        where = {"datastream = ?": datastream, "foi = ?": foi, "start_us >= ?": from_us, "start_us <= ?": to_us}
        given = {condition: value for condition, value in where.items() if value is not None}
        sign, way = ("<", "DESC") if descending else (">", "ASC")
        order = f"start_us {way}, end_us {way}, id {way}" if by_time else f"id {way}"
        seek = f"(start_us, end_us, id) {sign} (?, ?, ?)" if by_time else f"id {sign} ?"
        while True:
            conditions = " AND ".join([*given, *([seek] if after else [])]) or "1"
            query = f"SELECT {ROW} FROM observation WHERE {conditions} ORDER BY {order} LIMIT {AT_ONCE:d}"
            with self.reading() as connection:
                rows = connection.execute(query, (*given.values(), *after)).fetchall()
            yield from map(observation_row, rows)
            if len(rows) < AT_ONCE:
                return
            after = (*rows[-1][2:4], rows[-1][0]) if by_time else (rows[-1][0],)

    def close(self) -> None:
        """Close what is idle."""
        with self._lock:
            for connection in self._idle:
                connection.close()
            self._idle.clear()

    def _take(self) -> sqlite3.Connection:
        with self._lock:
            if self._idle:
                return self._idle.pop()
            try:
                return self._opened()
            except (sqlite3.Error, OSError) as error:
                raise _unavailable(error, self.path) from error

    def _opened(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self.path, timeout=self._timeout_s, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            if not self._ready:
                migrate(connection, str(self.path))
                self._ready = True
        except BaseException:
            connection.close()
            raise
        return connection

    def _give_back(self, connection: sqlite3.Connection) -> None:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        with self._lock:
            if len(self._idle) < KEPT:
                self._idle.append(connection)
                return
        connection.close()


class Writing:
    """What can be done within one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @property
    def connection(self) -> sqlite3.Connection:
        """Of the transaction, for tables beside those of things."""
        return self._connection

    def next_id(self, kind: str) -> int:
        """A number that no entity of the type has, had, or will be given again."""
        return self._count(f"id {kind}")

    def put(self, entity: Entity) -> None:
        """Keep an entity, in the place of the one with its id."""
        row = (entity.type, entity.id, entity.site, entity.label, _json(entity.body), _json(entity.links), self._count("changed"))
        self._connection.execute("INSERT OR REPLACE INTO entity VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        self._note(entity.type, entity.id)

    def remove(self, kind: str, name: Id) -> None:
        """End an entity; a mark stays, so that others learn of it. Observations of a datastream go with it."""
        row = (kind, name, self._count("changed"))
        self._connection.execute("INSERT OR REPLACE INTO entity VALUES (?, ?, NULL, NULL, NULL, NULL, ?)", row)
        if kind == "Datastream":
            self._connection.execute("DELETE FROM observation WHERE datastream = ?", (name,))
            self._connection.execute("DELETE FROM extent WHERE datastream = ?", (name,))
        if kind == "FeatureOfInterest":
            touched = self._connection.execute("DELETE FROM observation WHERE foi = ? RETURNING datastream", (name,)).fetchall()
            for datastream in dict.fromkeys(row[0] for row in touched):
                self._measure(datastream)

    def has(self, kind: str, name: Id) -> bool:
        """Whether there is an entity of that id now."""
        if kind == "Observation":
            return self.observation(name) is not None
        query = "SELECT 1 FROM entity WHERE type = ? AND id = ? AND body IS NOT NULL"
        return self._connection.execute(query, (kind, name)).fetchone() is not None

    def add_observations(self, rows: Sequence[ObservationRow]) -> None:
        """Keep observations under ids that are not taken."""
        values = [(*row[:6], _json(row.body)) for row in rows]
        self._connection.executemany(f"INSERT INTO observation ({ROW}) VALUES (?, ?, ?, ?, ?, ?, ?)", values)
        for row in rows:
            self._note("Observation", row.id)
        for datastream in dict.fromkeys(row.datastream for row in rows):
            mine = [row for row in rows if row.datastream == datastream]
            results = [row.result_us for row in mine if row.result_us is not None]
            times = (min(row.start_us for row in mine), max(row.end_us for row in mine))
            said = (*times, min(results, default=None), max(results, default=None))
            self._connection.execute(GROWN, (datastream, len(mine), *said))
        used = {(row.foi, row.datastream) for row in rows if row.foi is not None}
        self._connection.executemany("INSERT OR IGNORE INTO used VALUES (?, ?)", used)

    def replace_observation(self, row: ObservationRow) -> None:
        """Keep an observation in the place of the one with its id."""
        self.remove_observation(row.id)
        self.add_observations([row])

    def remove_observation(self, name: Id) -> None:
        """End an observation."""
        before = self.observation(name)
        if before is not None:
            self._connection.execute("DELETE FROM observation WHERE id = ?", (name,))
            self._measure(before.datastream)

    def observation(self, name: Id) -> ObservationRow | None:
        """The observation of an id."""
        return find_observation(self._connection, name)

    def _measure(self, datastream: Id) -> None:
        """The extent of a datastream anew, after observations went."""
        self._connection.execute("DELETE FROM extent WHERE datastream = ?", (datastream,))
        self._connection.execute(MEASURED, (datastream,))

    def _note(self, kind: str, name: Id) -> None:
        """A number that a client chose is not given to another."""
        if isinstance(name, int):
            query = "INSERT INTO counter VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)"
            self._connection.execute(query, (f"id {kind}", name))

    def _count(self, name: str) -> int:
        query = "INSERT INTO counter VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value"
        with closing(self._connection.execute(query, (name,))) as cursor:
            return int(cursor.fetchone()[0])


def find_observation(connection: sqlite3.Connection, name: Id) -> ObservationRow | None:
    """The observation of an id, None where there is none."""
    row = connection.execute(f"SELECT {ROW} FROM observation WHERE id = ?", (name,)).fetchone()
    return None if row is None else observation_row(row)


def observation_row(row: Sequence[Any]) -> ObservationRow:
    """A row of `ROW` as it is told."""
    name, datastream, start_us, end_us, result_us, foi, body = row
    return ObservationRow(name, datastream, start_us, end_us, result_us, foi, json.loads(body))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _unavailable(error: Exception, path: Path) -> StoreUnavailable:
    busy = isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    kind = StoreBusy if busy else StoreUnavailable
    return kind(f"things cannot be read or written: {error}", path=str(path), hint="is the disk full, or the folder read only?")
