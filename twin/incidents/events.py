"""The sequence of events: appended by one writer, read after any id, and what is no longer kept is said to be gone."""

import json
import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from pydantic_core import to_json

from twin.incidents.event import Event
from twin.incidents.file import EventFile

__all__ = ["EventLog", "Replay", "append_events"]

DAY_US = 86_400_000_000
READ_ROWS = 500
COLUMNS = "id, type, source, subject, site, place, labels, time_us, data"
INSERT = (
    "INSERT INTO event (id, type, source, subject, site, place, labels, time_us, recorded_us, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """`events` in the order of their ids. `gap` says that of the ids `(first, last)` after the one asked for some are no longer kept.

    `last` is the id the reading came to: those up to it were looked at, whether they were for this reader or not; `more` whether
    there are further ones.
    """

    events: tuple[Event, ...]
    gap: tuple[int, int] | None
    last: int
    more: bool


def append_events(connection: sqlite3.Connection, events: Sequence[Event], now_us: int) -> list[int]:
    """The ids of events written in a transaction of the caller's; they hold when it commits, and are given to nobody before."""
    if not events:
        return []
    (last,) = connection.execute("SELECT last FROM sequence WHERE name = 'event'").fetchone()
    ids = list(range(last + 1, last + 1 + len(events)))
    rows = [
        (number, one.type, one.source, one.subject, one.site, one.place, _text(one.labels), one.time_us, now_us, _text(one.data))
        for number, one in zip(ids, events, strict=True)
    ]
    connection.executemany(INSERT, rows)
    connection.execute("UPDATE sequence SET last = ? WHERE name = 'event'", (ids[-1],))
    return ids


class EventLog:
    """The events of a file, for its writer and for readers."""

    def __init__(self, file: EventFile) -> None:
        self.file = file
        self._is_indexed = False

    def append(self, events: Sequence[Event], now_us: int) -> list[int]:
        """Their ids, consecutive, when they are on the disk. Raises StoreUnavailable: then none of them is, and no id is lost.

        >>> # log.append([one, another], now_us) → [41, 42]
        """
        with self.file.writing() as connection:
            return append_events(connection, events, now_us)

    def last_id(self) -> int:
        """The id given last, 0 before the first."""
        with self.file.reading() as connection:
            (last,) = connection.execute("SELECT last FROM sequence WHERE name = 'event'").fetchone()
        return int(last)

    def first_id(self, types: Collection[str] | None = None) -> int:
        """The id from which on every event of the types (None: of all) is kept."""
        with self.file.reading() as connection:
            return _removed(connection, types) + 1

    def of_subject(self, subject: str, types: Collection[str]) -> list[Event]:
        """All events of some types about one thing, in the order of their ids; for the writer alone, which makes the index."""
        if not self._is_indexed:
            with self.file.writing() as connection:
                connection.execute("CREATE INDEX IF NOT EXISTS event_of_subject ON event (subject)")
            self._is_indexed = True
        some, names = _of_types(types)
        with self.file.reading() as connection:
            query = f"SELECT {COLUMNS} FROM event WHERE subject = ? {some} ORDER BY id"
            return [_event(row) for row in connection.execute(query, (subject, *names))]

    def since(
        self,
        after: int,
        limit: int = READ_ROWS,
        allowed: Callable[[Event], bool] = lambda event: True,
        *,
        types: Collection[str] | None = None,
    ) -> Replay:
        """Events with ids above `after` that the reader may know of, at most `limit` looked at.

        `after` above the last id is taken as it: an id of a file that was replaced must not hide what comes.
        """
        with self.file.reading() as connection:
            (newest,) = connection.execute("SELECT last FROM sequence WHERE name = 'event'").fetchone()
            start = min(max(after, 0), newest)
            gone = _removed(connection, types)
            some, names = _of_types(types)
            query = f"SELECT {COLUMNS} FROM event WHERE id > ? {some} ORDER BY id LIMIT ?"
            rows = connection.execute(query, (start, *names, limit)).fetchall()
        more = len(rows) == limit
        return Replay(
            events=tuple(event for event in map(_event, rows) if allowed(event)),
            gap=(start + 1, gone) if gone > start else None,
            last=rows[-1][0] if more else newest,
            more=more,
        )

    def recorded(self, kind: str, from_us: int) -> list[Event]:
        """The events of a type that were recorded from a moment on, in the order of their ids."""
        with self.file.reading() as connection:
            query = f"SELECT {COLUMNS} FROM event WHERE type = ? AND recorded_us >= ? ORDER BY id"
            return [_event(row) for row in connection.execute(query, (kind, from_us))]

    def forget(self, keep_days: Mapping[str, int], now_us: int) -> int:
        """How many events were removed: those of a type older than its days; a type that is not named is kept."""
        removed = 0
        with self.file.writing() as connection:
            for name, days in keep_days.items():
                before = (name, now_us - days * DAY_US)
                (last,) = connection.execute("SELECT max(id) FROM event WHERE type = ? AND recorded_us < ?", before).fetchone()
                if last is None:
                    continue
                removed += connection.execute("DELETE FROM event WHERE type = ? AND recorded_us < ?", before).rowcount
                put = "INSERT INTO removed VALUES (?, ?) ON CONFLICT (type) DO UPDATE SET last = max(last, excluded.last)"
                connection.execute(put, (name, last))
        return removed


def _removed(connection: sqlite3.Connection, types: Collection[str] | None) -> int:
    some, names = _of_types(types)
    (last,) = connection.execute(f"SELECT coalesce(max(last), 0) FROM removed WHERE true {some}", names).fetchone()
    return int(last)


def _of_types(types: Collection[str] | None) -> tuple[str, list[str]]:
    if types is None:
        return "", []
    names = sorted(types)
    return f"AND type IN ({', '.join('?' * len(names))})", names


def _event(row: Sequence[object]) -> Event:
    number, kind, source, subject, site, place, labels, time_us, data = row
    return Event(
        id=number,  # type: ignore[arg-type]
        type=str(kind),
        source=str(source),
        subject=str(subject),
        site=str(site),
        place=None if place is None else str(place),
        labels=tuple(json.loads(str(labels))),
        time_us=int(time_us),  # type: ignore[call-overload]
        data=json.loads(str(data)),
    )


def _text(value: object) -> str:
    return to_json(value).decode()
