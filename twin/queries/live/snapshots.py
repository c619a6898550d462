"""The file that is opened when the service is down: a snapshot of each site, written anew every minute by one process of a home.

`history/snapshot/SITE.html` tells all, for this user alone to read; `SITE.public.html` what who knows of the label `public` and of no
unit's records may know. (The code of a site has no dot: no site's file is another's.)
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Self

from spatial.feature import PUBLIC
from twin.auth import EVERY, Principal, Role, local_administrator, permitted_labels
from twin.codes import read_tables
from twin.errors import TwinError
from twin.history.retention import Retention, read_retention
from twin.hub.client import HubClient
from twin.hub.ending import until_told
from twin.hub.meeting import Meeting
from twin.incidents import AlarmKinds, EventFile, IncidentReader
from twin.live.changes import Changes
from twin.live.state import LiveState
from twin.queries.incidents.knowing import Knowing
from twin.queries.live.standing import Standing
from twin.queries.live.visible import Visible
from twin.queries.place.scene import Scenes
from twin.queries.records.context import Registers
from twin.queries.snapshot import Drawn, hold, page_of, told_of
from twin.settings import Settings
from twin.store import Store

__all__ = ["FOLDER", "Maker", "run_snapshots", "whole_state"]

log = logging.getLogger(__name__)
FOLDER = "history/snapshot"
EVERY_S = 60.0
AGAIN_S = 2.0
NICE = 10
ANYBODY = Principal(name="public", role=Role.VIEWER, labels=frozenset({PUBLIC}), scopes=frozenset({EVERY}))
READERS = (("", 0o600, local_administrator()), (".public", 0o644, ANYBODY))
"""What is added to the name of the file, its mode, and who may know of what is in it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Maker:
    """What snapshots of a home are made with; keeps what it has drawn."""

    settings: Settings
    store: Store
    scenes: Scenes
    standing: Standing
    visible: Visible
    knowing: Knowing
    incidents: IncidentReader
    retention: Retention
    drawn: Drawn

    @classmethod
    def of(cls, settings: Settings, store: Store) -> Self:
        """Nothing is read yet."""
        scenes = Scenes(store, settings)
        kinds = AlarmKinds.on(read_tables(settings.home / "codes"), datetime.now(UTC).date())
        return cls(
            settings=settings,
            store=store,
            scenes=scenes,
            standing=Standing(scenes),
            visible=Visible(Registers.of(store, settings.home / "columns", settings), scenes),
            knowing=Knowing(store),
            incidents=IncidentReader(EventFile.open_reading(settings.home / "history" / "events.sqlite"), kinds),
            retention=read_retention(settings.home / "codes" / "history.toml"),
            drawn=Drawn(),
        )

    def write(self, state: LiveState, *, now_us: int) -> list[Path]:
        """Write the files of every site; what cannot be made is logged, and its file stays as old as it says. Raises StoreUnavailable."""
        folder = self.settings.home / FOLDER
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        done = []
        for code in self.scenes.codes((EVERY,)):
            for suffix, mode, principal in READERS:
                path = folder / f"{code}{suffix}.html"
                try:
                    _replace(path, self._page(code, principal, state, now_us), mode)
                except (TwinError, OSError) as error:
                    log.error("no snapshot %s: %s", path.name, error)
                else:
                    done.append(path)
        return done

    def _page(self, code: str, principal: Principal, state: LiveState, now_us: int) -> str:
        labels = permitted_labels(principal)
        places, standing = self.standing.of(code)
        held = hold(state, self.visible.of(principal))
        facts = told_of(self.store, places.frame.site, self.incidents, self.knowing.of(principal), labels, held, standing, now_us=now_us)
        return page_of(facts, places, labels, self.drawn, self.retention)


async def run_snapshots(settings: Settings, *, every_s: float = EVERY_S, say: Callable[[str], None] = lambda words: None) -> None:
    """Write the snapshots of a home every minute while there is a hub, until SIGTERM; where another process does, wait until it ends."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    os.nice(NICE)
    folder = settings.home / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder) as is_alone, Store.open(settings.database_url, lock_timeout_s=settings.lock_timeout_s) as store:
        maker, meeting, failed = Maker.of(settings, store), Meeting(settings.home), ""
        while not stopping.is_set():
            begun, pause = time.monotonic(), AGAIN_S
            if is_alone():
                try:
                    state = await whole_state(meeting, stopping)
                    if state is not None:
                        until_told(partial(maker.write, state, now_us=time.time_ns() // 1000), stopping.set)
                        pause, failed = every_s, ""
                except TwinError as error:
                    if error.message != failed:
                        say(f"no snapshot: {error.message}")
                    failed = error.message
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), timeout=max(0.0, pause - (time.monotonic() - begun)))


async def whole_state(meeting: Meeting, stopping: asyncio.Event) -> LiveState | None:
    """The state of the hub of a home at this moment, asked for once, as soon as there is a hub; None where it is time to stop before."""
    state, known = LiveState(), asyncio.Event()

    def take(changes: Changes) -> None:
        state.follow(changes)
        known.set()

    asking = asyncio.create_task(HubClient(meeting, changed=take).run())
    waiting = [asyncio.create_task(one.wait()) for one in (known, stopping)]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (asking, *waiting):
            task.cancel()
        await asyncio.gather(asking, *waiting, return_exceptions=True)
    return state if known.is_set() else None


@contextmanager
def _alone(folder: Path) -> Iterator[Callable[[], bool]]:
    """A question whether this process is the one that writes: from the first time that no other was, until the block ends."""
    lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    held = False

    def is_alone() -> bool:
        nonlocal held
        if not held:
            with suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                held = True
        return held

    try:
        yield is_alone
    finally:
        os.close(lock)


def _replace(path: Path, html: str, mode: int) -> None:
    """Write a file whole or not at all, durable, readable as `mode` says from its first byte on."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8", newline="\n") as file:
            file.write(html)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
