"""The hub of a home as a process: what it is made of, how it goes on after a crash, and its housekeeping."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sensors import Batch, BatchInvalid
from twin.errors import TwinError
from twin.history.errors import HistoryDamaged
from twin.history.journal import Journal, JournalReader
from twin.hub.applying import Applier
from twin.hub.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from twin.hub.guarded import Guarded
from twin.hub.hub import Hub
from twin.hub.meeting import Meeting
from twin.hub.seen import Seen
from twin.hub.server import serve_hub
from twin.live.changes import Changes
from twin.live.fences import Fences
from twin.live.state import ROW, LiveState
from twin.live.tracker import Tracker
from twin.queries.live.grounds import Grounds
from twin.queries.place.scene import Scenes
from twin.settings import Settings
from twin.store import Store

__all__ = ["OpenHub", "run_hub"]

CHECKPOINT_S, GROUNDS_S = 20.0, 5.0
TOGETHER = 64
"""Batches that are applied at once when all is made of the journal again."""


@dataclass(slots=True, kw_only=True, eq=False)
class OpenHub:
    """Everything a hub is made of, brought to the end of its journal."""

    hub: Hub
    applier: Applier
    journal: Journal
    grounds: Grounds
    folder: Path
    told: list[str]

    @classmethod
    def open(cls, settings: Settings, *, now_us: Callable[[], int] = lambda: time.time_ns() // 1000) -> OpenHub:
        """The hub of a home, as it was when the last of its processes ended. Raises TwinError."""
        folder = settings.home / "history"
        store = Store.open(settings.database_url, lock_timeout_s=settings.lock_timeout_s)
        grounds = Grounds(Scenes(store, settings), settings)
        grounds.refresh()
        journal = Journal.open(folder / "journal")
        kept = read_checkpoint(folder / "state" / "checkpoint")
        applier, seen = _restored(kept, grounds)
        told = [*journal.told, *_replayed(folder / "journal", applier, seen)]
        return cls(
            hub=Hub(journal, Guarded(applier), seen, now_us=now_us),
            applier=applier,
            journal=journal,
            grounds=grounds,
            folder=folder,
            told=told,
        )

    def checkpoint(self) -> None:
        """Keep what was made of the journal so far; where the disk refuses, the one before serves and more is made again."""
        applier = self.applier
        facts = {"fences": applier.fences.told(), "seen": self.hub.seen.told()}
        parts = {"state": applier.state.whole().pack(), "tracker": applier.tracker.state()}
        with suppress(OSError):
            write_checkpoint(self.folder / "state" / "checkpoint", Checkpoint(position=applier.position, facts=facts, parts=parts))

    def close(self) -> None:
        """Keep all, and let go."""
        self.checkpoint()
        self.journal.close()


async def run_hub(settings: Settings, *, say: Callable[[str], None] = lambda words: None) -> None:
    """Be the hub of a home until SIGTERM; where another process is, wait until it ends."""
    meeting = Meeting(settings.home)
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    while meeting.is_taken():
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), timeout=0.5)
        if stopping.is_set():
            return
    opened = OpenHub.open(settings)
    for words in opened.told:
        say(words)
    socket = meeting.open()
    server = await serve_hub(opened.hub, socket)
    meeting.announce(socket)
    running = asyncio.create_task(opened.hub.run(housekeeping=_Housekeeping(opened)))
    stopped = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait({running, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
    finally:
        running.cancel()
        server.close()
        opened.close()
        meeting.leave()
        with suppress(OSError):
            socket.unlink()
            socket.parent.rmdir()


class _Housekeeping:
    """What a hub does now and then, between commits."""

    def __init__(self, opened: OpenHub) -> None:
        self._opened = opened
        self._kept = self._looked = time.monotonic()

    async def __call__(self) -> None:
        now = time.monotonic()
        if now - self._looked >= GROUNDS_S:
            self._looked = now
            with suppress(TwinError):
                self._opened.grounds.refresh()
        if now - self._kept >= CHECKPOINT_S:
            self._kept = now
            self._opened.checkpoint()


def _restored(kept: Checkpoint | None, grounds: Grounds) -> tuple[Applier, Seen]:
    """What a checkpoint holds; one of another version is as none."""
    if kept is not None:
        with suppress(ValueError, KeyError, TypeError, json.JSONDecodeError):
            state = LiveState()
            state.follow(Changes.unpack(kept.parts["state"], ROW))
            tracker = Tracker.restore(kept.parts["tracker"])
            fences = Fences.untold(kept.facts["fences"])
            applier = Applier(ground=grounds, state=state, tracker=tracker, fences=fences, position=kept.position)
            return applier, Seen.untold(kept.facts["seen"])
    return Applier(ground=grounds), Seen()


def _replayed(folder: Path, applier: Applier, seen: Seen) -> list[str]:
    """Apply what the journal has after the position of the applier; what was damaged is told and passed over."""
    told: list[str] = []
    reader = JournalReader(folder, applier.position)
    waiting: list[Batch] = []
    while True:
        try:
            for record in reader:
                try:
                    batch = Batch.unpack(record.content)
                except BatchInvalid as error:
                    told.append(f"record {record.position} is no batch: {error.message}")
                    continue
                seen.take(batch.source, batch.number)
                waiting.append(batch)
                if len(waiting) == TOGETHER:
                    _apply(applier, waiting, record.position + 1)
            break
        except HistoryDamaged as error:
            resume = getattr(error, "resume", None)
            told.append(error.message)
            if resume is None:
                break
            reader = JournalReader(folder, resume)
    _apply(applier, waiting, reader.position)
    return told


def _apply(applier: Applier, waiting: list[Batch], position: int) -> None:
    if waiting:
        Guarded(applier).apply(waiting, now_us=max(_received_us(batch) for batch in waiting), position=position)
        waiting.clear()
    applier.position = position


def _received_us(batch: Batch) -> int:
    """When the last of a batch was received: the time it was applied at, more or less."""
    times = [one.received_us for one in batch.others]
    if len(batch.fixes):
        times.append(int(batch.fixes["received_us"].max()))
    return max(times, default=0)
