"""The hub of a home as a process: what it is made of, how it goes on after a crash, and its housekeeping."""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from base64 import b64encode
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from twin.codes import read_tables
from twin.codes.alarm import EventType
from twin.errors import TwinError
from twin.history.journal import Journal
from twin.history.reading import pack_recent
from twin.history.retention import read_retention
from twin.history.tracks import Tracks
from twin.hub.applying import Applier
from twin.hub.backlog import Backlog
from twin.hub.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from twin.hub.durable import Durable
from twin.hub.ending import until_told
from twin.hub.guarded import Guarded
from twin.hub.happening import Happening, told
from twin.hub.hub import Hub
from twin.hub.late import Late
from twin.hub.meeting import Meeting
from twin.hub.recording import Recording
from twin.hub.rederiving import Rederiving
from twin.hub.server import serve_hub
from twin.hub.silent import silent_states
from twin.incidents import AlarmKinds, IncidentStore
from twin.incidents.desk import command_from_json
from twin.live.hearing import Hearing
from twin.queries.live.belonging import Belonging
from twin.queries.live.command_log import note_command
from twin.queries.live.grounds import Grounds
from twin.queries.live.listed import Listed
from twin.queries.live.replaying import replayed, restored
from twin.queries.place.scene import Scenes
from twin.settings import Settings
from twin.store import Store

__all__ = ["OpenHub", "run_hub"]

log = logging.getLogger(__name__)
GROUNDS_S, LINGER_S = 5.0, 3.0
FORGET_US = 6 * 3_600_000_000


@dataclass(slots=True, kw_only=True, eq=False)
class OpenHub:
    """Everything a hub is made of, brought to the end of its journal."""

    hub: Hub
    applier: Applier
    journal: Journal
    recording: Recording
    happening: Happening
    backlog: Backlog
    grounds: Grounds
    listed: Listed
    belonging: Belonging
    folder: Path
    told: list[str]
    event_types: tuple[EventType, ...]
    _forgot_us: int = 0

    @classmethod
    def open(cls, settings: Settings, *, now_us: Callable[[], int] = lambda: time.time_ns() // 1000) -> OpenHub:
        """The hub of a home, as it was when the last of its processes ended. Raises TwinError."""
        folder = settings.home / "history"
        store = Store.open(settings.database_url, lock_timeout_s=settings.lock_timeout_s)
        grounds = Grounds(Scenes(store, settings), settings)
        grounds.refresh()
        recording = Recording.open(folder)
        kept = read_checkpoint(folder / "state" / "checkpoint")
        journal = Journal.open(folder / "journal", at_least=max(recording.newest, 0 if kept is None else kept.position))
        applier, seen = restored(kept, grounds)
        applier.drive_on(grounds.streets)
        tables, today = read_tables(settings.home / "codes"), datetime.now(UTC).date()
        kinds = AlarmKinds.on(tables, today)
        listed = Listed(store)
        listed.refresh()
        events = IncidentStore.open(folder / "events.sqlite", kinds, now_us=now_us())
        belonging = Belonging(store, grounds)
        belonging.refresh()
        happening = Happening(store=events, ground=grounds, listed=listed, belongs=belonging)
        applier.keeps, applier.happens = (recording,), (happening,)
        happening.begin(applier.state)
        applier.hearing = Hearing.of(applier.state, {device: (one.since_us, one.position) for device, one in events.silent.items()})
        tracks = Tracks(folder, retention=read_retention(), recent=recording.positions.shelf.recent)
        applier.backlog = backlog = Backlog(rederiving=Rederiving(history=tracks, positions=recording.positions, happening=happening))
        if kept is not None and applier.position == kept.position:
            backlog.untold(kept.facts.get("backlog", ()))
        commands: dict[str, Any] = {"incident": partial(_decide, happening.store), "recent": partial(_recent, recording)}
        commands["vehicle_told"] = partial(note_command, happening, applier.state)
        applier.commands = commands
        kept_us = int(kept.facts.get("kept_us", 0)) if kept is not None and applier.position == kept.position else 0
        follow_told = partial(backlog.rederiving.follow_told, applier.state, applier.fences, kept_us)
        told = [*journal.told, *replayed(folder / "journal", applier, seen, happening.store.applied, follow_told)]
        applier.state.still |= silent_states(applier.hearing.silent, applier.state)
        hub = Hub(Durable(journal), Guarded(applier), seen, now_us=now_us)
        commands["status"] = lambda arguments, now_us: (_condition(hub, journal, applier, happening, backlog), ())
        return cls(
            hub=hub,
            applier=applier,
            journal=journal,
            recording=recording,
            happening=happening,
            backlog=backlog,
            grounds=grounds,
            listed=listed,
            belonging=belonging,
            folder=folder,
            told=told,
            event_types=tables.rows_on(EventType, today),
        )

    async def run(self, *, housekeeping: Callable[[], Awaitable[None]] | None = None) -> None:
        """Serve, and judge again what comes late, until it is cancelled or one of both ends."""
        late = Late(backlog=self.backlog, applier=self.applier, tell=self.hub.tell, now_us=self.hub.now_us)
        tasks = [asyncio.create_task(self.hub.run(housekeeping=housekeeping)), asyncio.create_task(late.run())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for one in done:
                one.result()
        finally:
            for one in tasks:
                one.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def snapshot(self) -> Checkpoint:
        """What was made of the journal so far; to be called in the loop, between commits."""
        applier = self.applier
        facts = {
            "kept_us": self.hub.now_us(),
            "streets": applier.streets.told(),
            "backlog": self.backlog.told(),
            "fences": applier.fences.told(),
            "seen": self.hub.seen.told(),
            "again": applier.again.told(),
            "passages": applier.passages.told(),
        }
        parts = {"state": applier.state.whole().pack(), "tracker": applier.tracker.state()}
        return Checkpoint(position=applier.position, facts=facts, parts=parts)

    @property
    def is_due(self) -> bool:
        """Whether it is time to keep: not while alarms wait for the disk, which only the journal holds."""
        return self.recording.is_due and not self.happening.waiting

    def keep(self, snapshot: Checkpoint) -> None:
        """Write the history, then what else was made of the same part of the journal: after a crash the rest is made again. Where the disk
        refuses, the checkpoint before serves, and more is made again."""
        try:
            self.recording.write()
            write_checkpoint(self.folder / "state" / "checkpoint", snapshot)
            now_us = time.time_ns() // 1000
            self.recording.tidy(self.folder, self.journal, snapshot.position, now_us)
            self._forget(now_us)
        except (TwinError, OSError) as error:
            log.error("the hub keeps what it has in the journal alone: %s", error)

    def _forget(self, now_us: int) -> None:
        """Leave out events that have had their days, as the table of their types says, now and then."""
        if now_us - self._forgot_us >= FORGET_US:
            self._forgot_us = now_us
            self.happening.store.log.forget({row.type: row.keep_days for row in self.event_types}, now_us)

    def close(self) -> None:
        """Keep all, and let go."""
        if not self.happening.waiting:
            self.keep(self.snapshot())
        self.happening.store.close()
        self.recording.close()
        self.journal.close()
        self.listed.store.close()


async def run_hub(settings: Settings, *, say: Callable[[str], None] = lambda words: None) -> None:
    """Be the hub of a home until SIGTERM, heeded before the end of its journal too; where another process is, wait until it ends."""
    meeting = Meeting(settings.home)
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    while meeting.is_taken():
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), timeout=0.5)
        if stopping.is_set():
            return
    opened = until_told(partial(OpenHub.open, settings), stopping.set)
    if opened is None:
        return
    for words in opened.told:
        say(words)
    socket = meeting.open()
    server = await serve_hub(opened.hub, socket)
    meeting.announce(socket)
    housekeeping = _Housekeeping(opened)
    running = asyncio.create_task(opened.run(housekeeping=housekeeping))
    stopped = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait({running, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
        await _others_ended(opened.hub)
    finally:
        running.cancel()
        server.close()
        await housekeeping.finished()
        opened.close()
        meeting.leave()
        with suppress(OSError):
            socket.unlink()
            socket.parent.rmdir()


def _decide(store: IncidentStore, arguments: dict[str, Any], now_us: int) -> tuple[dict[str, Any], Sequence[dict[str, Any]]]:
    """What a person decides about an incident."""
    done = store.command(command_from_json(arguments), now_us)
    return {"incident": done.incident}, [told(event) for event in done.events]


def _condition(hub: Hub, journal: Journal, applier: Applier, happening: Happening, backlog: Backlog) -> dict[str, Any]:
    """How far the hub is."""
    return {
        "position": applier.position,
        "waiting": journal.position - applier.position,
        "incidents_waiting": len(happening.waiting),
        "devices": len(applier.state),
        "followers": len(hub.followers),
        **backlog.condition(),
    }


def _recent(recording: Recording, arguments: dict[str, Any], now_us: int) -> tuple[dict[str, Any], Sequence[dict[str, Any]]]:
    """What no file holds yet of positions or readings, of a period and of some handles: an Arrow stream, as JSON can carry it."""
    shelf = recording.positions.shelf if arguments["shelf"] == "positions" else recording.readings.shelf
    rows = shelf.recent(arguments["from_us"], arguments["to_us"], arguments["handles"])
    return {"rows": b64encode(pack_recent(rows)).decode()}, ()


async def _others_ended(hub: Hub) -> None:
    """Gateways that end at the same time hand over what they have; whoever goes on is not waited for."""
    until = time.monotonic() + LINGER_S
    while hub.handing_over and time.monotonic() < until:
        await asyncio.sleep(0.02)


class _Housekeeping:
    """What a hub does now and then, between commits."""

    def __init__(self, opened: OpenHub) -> None:
        self._opened = opened
        self._looked = time.monotonic()
        self._keeping: asyncio.Task[None] | None = None
        self._reading: asyncio.Task[None] | None = None

    async def __call__(self) -> None:
        now = time.monotonic()
        if now - self._looked >= GROUNDS_S:
            self._looked = now
            if self._reading is None or self._reading.done():
                self._reading = asyncio.create_task(asyncio.to_thread(self._opened.belonging.refresh))
            with suppress(TwinError):
                self._opened.grounds.refresh()
                self._opened.listed.refresh()
                self._opened.applier.drive_on(self._opened.grounds.streets)
        if self._opened.is_due and (self._keeping is None or self._keeping.done()):
            self._keeping = asyncio.create_task(asyncio.to_thread(self._opened.keep, self._opened.snapshot()))

    async def finished(self) -> None:
        """When what was begun is done."""
        for one in (self._reading, self._keeping):
            if one is not None:
                await one
