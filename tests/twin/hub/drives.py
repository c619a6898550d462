"""A drive told in order or late, to the parts of a hub over a folder."""

import asyncio
from collections.abc import Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from sensors import FIX, NO_NUMBER, Batch
from tests.twin.hub.devices import SQUARE, START_US, FlatGround
from twin.codes import shipped_tables
from twin.history.retention import read_retention
from twin.history.tracks import Tracks
from twin.hub.applying import Applier
from twin.hub.backlog import Backlog
from twin.hub.happening import Happening
from twin.hub.late import Judges, Late
from twin.hub.recording import Recording
from twin.hub.rederiving import Rederiving
from twin.incidents import AlarmKinds, IncidentStore
from twin.live.afterwards import Said, Stretch, judge_again
from twin.live.tracker import Tracker

KINDS = AlarmKinds.on(shipped_tables(), date(2026, 11, 27))
SECOND = 1_000_000
LAT = 26.09
EAST = SQUARE[2]
DEVICE = "vehicle/A"
HOUR_US = 3600 * SECOND


class Here:
    """Judges where it is asked."""

    def ask(self, said: Sequence[Said], tracker: Tracker) -> list[Stretch]:
        return judge_again(said, tracker)

    def close(self) -> None:
        return None

    def end(self) -> None:
        return None


class Home:
    """The parts of a hub over a folder; `journal` is what was committed, and `crash` begins anew with that alone."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.journal = folder, list[tuple[Batch, int]]()
        self.open()

    def open(self) -> None:
        self.recording = Recording.open(self.folder)
        store = IncidentStore.open(self.folder / "events.sqlite", KINDS, now_us=START_US)
        self.happening = Happening(store=store, ground=FlatGround())
        self.tracks = Tracks(self.folder, retention=read_retention(), recent=self.recording.positions.shelf.recent)
        self.backlog = Backlog(rederiving=Rederiving(history=self.tracks, positions=self.recording.positions, happening=self.happening))
        self.applier = Applier(ground=FlatGround(), keeps=[self.recording], happens=[self.happening], backlog=self.backlog)

    def say(self, fixes: np.ndarray, now_us: int, device: str = DEVICE) -> None:
        batch = Batch(source="g", number=len(self.journal) + 1, devices=[device], fixes=fixes, raw=[b"x"] * len(fixes))
        self.journal.append((batch, now_us))
        self._apply(len(self.journal) - 1)

    def _apply(self, at: int) -> None:
        batch, now_us = self.journal[at]
        self.applier.apply([batch], now_us=now_us, first=at, position=at + 1)

    def sweep(self, judging: Judges | None = None) -> list[dict[str, Any]]:
        """Judge until nothing waits."""
        events: list[dict[str, Any]] = []
        late = Late(
            backlog=self.backlog,
            applier=self.applier,
            tell=lambda applied: events.extend(applied.events),
            now_us=lambda: self.journal[-1][1],
            judging=judging or Here(),
        )

        async def all_of_it() -> None:
            while self.backlog.waiting:
                await late.once()

        asyncio.run(all_of_it())
        return events

    def crash(self) -> None:
        self.close()
        self.open()
        for at in range(len(self.journal)):
            self._apply(at)

    def close(self) -> None:
        self.recording.close()
        self.happening.store.close()

    def crossings(self, device: str = DEVICE) -> set[tuple[str, str, int]]:
        return {
            (fence, "entered" if one.entered else "left", one.at_us)
            for fence, all_of in self.backlog.rederiving.holding(device).items()
            for one in all_of
        }

    def events(self, kind: str) -> list[Any]:
        return list(self.happening.store.log.since(0, types=[kind]).events)


def drive(seconds: int = 1200, seed: int = 1) -> np.ndarray:
    """Out of the square and back into it, twice, 15 m/s, a fix every 5 s with 3 m of noise."""
    phase = np.arange(0, seconds, 5) * 15.0 % 4800
    return driven(np.where(phase < 2400, phase, 4800 - phase) - 1000.0, seed=seed)


def driven(east_m: np.ndarray, *, noise_m: float = 3.0, seed: int = 1) -> np.ndarray:
    """A fix every 5 s, so far east of the edge of the square (m,)."""
    rng, at, way_m = np.random.default_rng(seed), np.arange(len(east_m)) * 5, np.gradient(east_m)
    fixes = np.zeros(len(at), dtype=FIX)
    fixes["lon_e7"] = np.round((EAST + (east_m + rng.normal(0, noise_m, len(at))) / 100_000) * 1e7)
    fixes["lat_e7"] = np.round((LAT + rng.normal(0, noise_m, len(at)) / 111_000) * 1e7)
    for name in ("device_us", "fix_us", "received_us"):
        fixes[name] = START_US + at * SECOND
    fixes["speed_dkmh"], fixes["heading_cdeg"] = np.round(np.abs(way_m) / 5 * 36), np.where(way_m >= 0, 9000, 27000)
    fixes["status"], fixes["accuracy_dm"] = 3, NO_NUMBER
    return fixes


def say_live(home: Home, fixes: np.ndarray, device: str = DEVICE) -> None:
    for one in range(len(fixes)):
        home.say(fixes[one : one + 1].copy(), int(fixes["fix_us"][one]), device)


def say_late(home: Home, fixes: np.ndarray, now_us: int, parts: int = 1) -> None:
    for part in np.array_split(fixes, parts):
        late = part.copy()
        late["status"] |= 4
        late["received_us"] = now_us
        home.say(late, now_us)


def told_in_order(folder: Path, fixes: np.ndarray, device: str = DEVICE) -> Home:
    home = Home(folder)
    say_live(home, fixes, device)
    return home


def same(home: Home, ordered: Home, fixes: np.ndarray, device: str = DEVICE) -> None:
    first, last = int(fixes["fix_us"][0]), int(fixes["fix_us"][-1]) + 1
    assert home.crossings(device) == ordered.crossings(device)
    assert len(ordered.crossings(device)) >= 4
    mine, other = (one.tracks.track(device, first, last) for one in (home, ordered))
    assert mine.time_us.tolist() == other.time_us.tolist() == fixes["fix_us"].tolist()
    apart = np.hypot(*((mine.lon_lat - other.lon_lat) * (100_000, 111_000)).T)
    assert np.percentile(apart, 95) < 6
    assert set(mine.verdict.tolist()) == {0}
    only = partial(_is, device)
    assert home.tracks.counts(first, last, devices=only) == ordered.tracks.counts(first, last, devices=only)


def _is(device: str, ids: Sequence[str]) -> np.ndarray:
    return np.array([one == device for one in ids], dtype=bool)
