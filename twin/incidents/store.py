"""The writer of incidents: takes the alarms of committed batches and what people decide; each in one durable transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from twin.incidents.alarms import Alarms
from twin.incidents.apply import Changes, apply, calm, sweep
from twin.incidents.commands import Command, run_command
from twin.incidents.event import Event
from twin.incidents.events import EventLog, append_events
from twin.incidents.file import EventFile
from twin.incidents.kinds import AlarmKinds
from twin.incidents.news import news_of
from twin.incidents.saving import Saver, load_state
from twin.incidents.silent import Silent, read_silent, save_heard, save_silent
from twin.incidents.state import State

__all__ = ["NO_BATCH", "Done", "IncidentStore"]

SWEEP_US = 60_000_000
NO_BATCH = -1
"""The journal's number of what was told by no device."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a command did: the incident it ended in (that merged into, that split off) and its events."""

    incident: int
    events: tuple[Event, ...]


class IncidentStore:
    """Events and incidents of one file, for the process that alone writes them; its methods are called one at a time."""

    def __init__(self, file: EventFile, kinds: AlarmKinds, *, now_us: int) -> None:
        self.file, self.kinds = file, kinds
        self.log = EventLog(file)
        self._saver = Saver()
        self._now_us = now_us
        self._swept_us = now_us
        self._state: State | None = None

    @classmethod
    def open(cls, path: Path, kinds: AlarmKinds, *, now_us: int, max_pages: int | None = None) -> Self:
        """The store of a file, made where there is none. Raises as `EventFile.open`."""
        return cls(EventFile.open(path, max_pages=max_pages), kinds, now_us=now_us)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def applied(self) -> int:
        """The journal's number of the last batch that was taken, -1 before the first."""
        with self.file.reading() as connection:
            (last,) = connection.execute("SELECT last FROM sequence WHERE name = 'applied'").fetchone()
        return int(last)

    @property
    def silent(self) -> dict[str, Silent]:
        """The devices that are told to be silent, by address."""
        with self.file.reading() as connection:
            return read_silent(connection)

    def take(
        self, journal: int, alarms: Alarms, now_us: int, events: Sequence[Event] = (), *, heard: Sequence[str] = ()
    ) -> tuple[Event, ...]:
        """The events, with their ids, of one committed batch: those the caller made of it (`events`) and those of incidents.

        `heard` are devices that are silent no more. `journal` is the batch's number, which only grows: one that was taken already (after a
        crash the journal is read again) changes nothing and returns nothing. Raises StoreUnavailable: nothing of it is kept, it can be
        taken again.
        """
        state = self._ready(now_us)
        try:
            with self.file.writing() as connection:
                (last,) = connection.execute("SELECT last FROM sequence WHERE name = 'applied'").fetchone()
                if journal <= last:
                    return ()
                connection.execute("UPDATE sequence SET last = ? WHERE name = 'applied'", (journal,))
                changes = apply(alarms, state, now_us) if len(alarms) else Changes()
                self._saver.save(connection, changes, alarms, state, journal, now_us)
                over = save_heard(connection, heard, state, self._saver, self.kinds, now_us) if heard else []
                told = self._append(connection, [*events, *news_of(changes, self.kinds, now_us), *over], now_us)
        except BaseException:
            self._fail()
            raise
        if now_us - self._swept_us >= SWEEP_US:
            sweep(state, now_us)
            self._swept_us = now_us
        return told

    def fall_silent(self, alarms: Alarms, now_us: int, events: Sequence[Event] = (), *, position: int) -> tuple[Event, ...]:
        """The events, with their ids, of devices that fell silent: of no batch, so `position` says where the journal ended when they did.
        Raises StoreUnavailable: nothing of it is kept, it can be taken again."""
        state = self._ready(now_us)
        try:
            with self.file.writing() as connection:
                changes = apply(alarms, state, now_us)
                self._saver.save(connection, changes, alarms, state, NO_BATCH, now_us)
                save_silent(connection, changes, alarms, self._saver, position)
                return self._append(connection, [*events, *news_of(changes, self.kinds, now_us)], now_us)
        except BaseException:
            self._fail()
            raise

    def tick(self, now_us: int) -> tuple[Event, ...]:
        """The events of what flaps no more by now; call it once a second or so, it mostly does nothing."""
        state = self._ready(now_us)
        if not state.flaps.active:
            return ()
        changes = calm(state, now_us)
        if not changes.touched:
            return ()
        try:
            with self.file.writing() as connection:
                self._saver.save(connection, changes, None, state, NO_BATCH, now_us)
                return self._append(connection, list(news_of(changes, self.kinds, now_us)), now_us)
        except BaseException:
            self._fail()
            raise

    def command(self, command: Command, now_us: int) -> Done:
        """What a person decided, when it is on the disk.

        Raises NotFound, Refused (`INCIDENT_CHANGED`, `INCIDENT_STATE`, `CLOSE_REASON_UNKNOWN` …), StoreUnavailable.
        """
        state = self._ready(now_us)
        try:
            with self.file.writing() as connection:
                incident, events = run_command(connection, command, state, self._saver, self.kinds, now_us)
                done = Done(incident=incident, events=self._append(connection, events, now_us))
        except BaseException:
            self._fail()
            raise
        if command.name == "split":
            self._fail()
        return done

    def note(self, events: Sequence[Event], now_us: int) -> tuple[Event, ...]:
        """Events that come of no batch, with their ids, when they are on the disk. Raises StoreUnavailable: none of them is kept."""
        with self.file.writing() as connection:
            return self._append(connection, events, now_us)

    def close(self) -> None:
        """Close the file."""
        self.file.close()

    def _ready(self, now_us: int) -> State:
        if self._state is None:
            self._saver.forget()
            with self.file.reading() as connection:
                self._state = load_state(connection, self.kinds, now_us)
        return self._state

    def _fail(self) -> None:
        """What is at hand may be ahead of the file: read it again when it is needed."""
        self._state = None

    def _append(self, connection: Any, events: Sequence[Event], now_us: int) -> tuple[Event, ...]:
        ids = append_events(connection, events, now_us)
        return tuple(replace(event, id=number) for event, number in zip(events, ids, strict=True))
