"""That a device which guards something fell silent is an event and an alarm of its place, told once whatever is killed when."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sensors import Batch, Observation, Stream
from tests.twin.hub.devices import FENCE, LAT, LON, START_US, FlatGround, moving
from tests.twin.hub.test_happening import KINDS
from twin.hub.applying import Applier
from twin.hub.happening import Happening
from twin.hub.silent import silent_states
from twin.incidents import Asked, IncidentReader, IncidentStore, Status
from twin.live.changes import Changes
from twin.live.hearing import Hearing
from twin.live.state import ROW, Flag, LiveState

SECOND = 1_000_000
DOOR, SEGMENT, CAMERA = "door/D-1", "perimeter_segment/PS-1", "camera/C-1"
Told = tuple[str, str, int]


def said(device: str, at_us: int, stream: Stream = Stream.HEARTBEAT, **value: Any) -> Observation:
    return Observation(device=device, stream=stream, received_us=at_us, device_us=at_us, value=value)


@dataclass
class Home:
    """A hub over one folder: what was committed is in its journal, what is made of it is made again by the next one."""

    folder: Path
    journal: list[tuple[Batch, int]] = field(default_factory=list)
    kept: tuple[bytes, int] | None = None
    now_us: int = START_US

    @contextmanager
    def running(self) -> Iterator[Applier]:
        """A hub that begins, as `OpenHub.open` makes one."""
        store = IncidentStore.open(self.folder / "events.sqlite", KINDS, now_us=self.now_us)
        happening, state = Happening(store=store, ground=FlatGround()), LiveState()
        if self.kept is not None:
            state.follow(Changes.unpack(self.kept[0], ROW))
        applier = Applier(ground=FlatGround(), happens=[happening], state=state)
        applier.hearing = Hearing.of(state, {device: (one.since_us, one.position) for device, one in store.silent.items()})
        applier.position = 0 if self.kept is None else self.kept[1]
        for position in range(applier.position, len(self.journal)):
            batch, now_us = self.journal[position]
            applier.apply([batch], now_us=now_us, first=position, position=position + 1)
        applier.state.still |= silent_states(applier.hearing.silent, applier.state)
        yield applier
        store.close()

    def keep(self, applier: Applier) -> None:
        self.kept = applier.state.whole().pack(), applier.position

    def commit(self, *others: Observation) -> None:
        """On the disk, and applied by nobody yet."""
        self.journal.append((Batch(source="g", number=len(self.journal) + 1, others=others), self.now_us))

    def hear(self, applier: Applier, *devices: str) -> None:
        self.commit(*(said(device, self.now_us) for device in devices))
        end = len(self.journal)
        applier.apply([self.journal[-1][0]], now_us=self.now_us, first=end - 1, position=end)

    def wait(self, applier: Applier, seconds: int) -> None:
        for _ in range(seconds // 10):
            self.now_us += 10 * SECOND
            applier.sweep(now_us=self.now_us)

    def told(self) -> list[Told]:
        """The events of silence: device, change, seconds after the start."""
        with IncidentStore.open(self.folder / "events.sqlite", KINDS, now_us=self.now_us) as store:
            events = [one for one in store.log.since(0).events if one.type == "pingshan.silence"]
        return [(one.subject, one.data["change"], (one.time_us - START_US) // SECOND) for one in events]

    def incidents(self) -> list[tuple[Status, dict[str, int]]]:
        with IncidentStore.open(self.folder / "events.sqlite", KINDS, now_us=self.now_us) as store:
            views = IncidentReader(store.file, KINDS).page(Asked(), lambda *_: True).views
        return [(view.status, dict(view.counts)) for view in views]


def test_it_is_told_with_its_moment_its_place_and_its_labels_and_is_over_when_it_speaks(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with home.running() as hub:
        hub.sweep(now_us=home.now_us)
        home.hear(hub, SEGMENT, DOOR)
        home.wait(hub, 400)
        (still,) = [one for address, one in hub.state.still.items() if address == SEGMENT]
        assert (still["silent"], still["state"]) == (True, None)
        (happening,) = hub.happens
        assert isinstance(happening, Happening)
        (event,) = [one for one in happening.store.log.since(0).events if one.type == "pingshan.silence"]
        assert (event.site, event.place, event.labels) == ("s", "perimeter_segment:PS-1", ("public",))
        assert [event.data[name] for name in ("device", "change", "limit_s")] == [SEGMENT, "silent", 180]
        (view,) = IncidentReader(happening.store.file, KINDS).page(Asked(), lambda *_: True).views
        (part,) = view.parts
        assert (part.lon, part.lat, part.height_m, part.severity, part.spot.place) == (LON, LAT, 13.0, 1, "perimeter_segment:PS-1")
        home.hear(hub, SEGMENT)
        assert hub.state.still[SEGMENT]["silent"] is False
        home.wait(hub, 170)
    assert home.told() == [(SEGMENT, "silent", 180), (SEGMENT, "heard", 400)]
    assert home.incidents() == [(Status.CLOSED, {"silence": 1})]


def test_a_guard_is_silent_where_it_was_last(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with home.running() as hub:
        hub.sweep(now_us=home.now_us)
        batch = replace(moving("g", 1, {"W-1": (LON, LAT)}, at_us=home.now_us), devices=["guard/W-1"])
        hub.apply([batch], now_us=home.now_us, first=0, position=1)
        home.wait(hub, 200)
        (row,) = hub.state.current
        assert row["flags"] & Flag.SILENT
        (happening,) = hub.happens
        assert isinstance(happening, Happening)
        (view,) = IncidentReader(happening.store.file, KINDS).page(Asked(), lambda *_: True).views
        (part,) = view.parts
        assert (round(part.lon, 6), round(part.lat, 6), part.spot.place, part.spot.labels) == (LON, LAT, FENCE, ("restricted",))
        again = replace(moving("g", 2, {"W-1": (LON, LAT)}, at_us=home.now_us), devices=["guard/W-1"])
        hub.apply([again], now_us=home.now_us, first=1, position=2)
    assert home.told() == [("guard/W-1", "silent", 180), ("guard/W-1", "heard", 200)]


def test_a_hub_that_was_away_calls_nothing_silent_at_its_start(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with home.running() as hub:
        hub.sweep(now_us=home.now_us)
        home.hear(hub, SEGMENT, CAMERA)
        home.keep(hub)
    home.now_us += 7200 * SECOND
    with home.running() as hub:
        home.wait(hub, 100)
        home.hear(hub, SEGMENT)
        home.wait(hub, 110)
    assert home.told() == [(CAMERA, "silent", 7200 + 10 + 180)], "ten seconds after it began it looked for the first time"


@pytest.mark.parametrize("checkpoint", [False, True])
@pytest.mark.parametrize("at", ["before it is told", "after it is told", "before the word is applied", "after the word is applied"])
def test_it_is_told_once_whenever_the_hub_is_killed(tmp_path: Path, at: str, checkpoint: bool) -> None:
    home = Home(tmp_path)
    with home.running() as hub:
        hub.sweep(now_us=home.now_us)
        home.hear(hub, SEGMENT)
        if checkpoint:
            home.keep(hub)
        home.hear(hub, CAMERA, DOOR)
        home.wait(hub, 170 if at == "before it is told" else 300)
        if at == "before the word is applied":
            home.commit(said(SEGMENT, home.now_us))
        if at == "after the word is applied":
            home.hear(hub, SEGMENT)
    for _ in range(2):
        with home.running() as hub:
            if not at.endswith("applied"):
                assert hub.state.still[SEGMENT]["silent"] == (at == "after it is told")
            home.wait(hub, 100)
    with home.running() as hub:
        home.wait(hub, 300)
        home.hear(hub, SEGMENT)
    changes = [change for device, change, _ in home.told() if device == SEGMENT]
    assert changes == ["silent", "heard"] * (1 + at.endswith("applied"))
    assert [change for device, change, _ in home.told() if device == CAMERA] == ["silent"]
    assert sum(counts["silence"] for _, counts in home.incidents()) == len([one for one in home.told() if one[1] == "silent"])


steps = st.lists(st.sampled_from(["hear A", "hear B", "hear both", "commit A", "wait", "wait long", "kill", "keep"]), max_size=25)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=steps)
def test_silent_and_heard_follow_each_other_however_hubs_end(tmp_path_factory: pytest.TempPathFactory, steps: list[str]) -> None:
    home = Home(tmp_path_factory.mktemp("h"))
    of = {"hear A": [SEGMENT], "hear B": [CAMERA], "hear both": [SEGMENT, CAMERA]}
    left = iter([*steps, "kill", "wait long", "hear both", "end"])
    step, spoke = "kill", 0
    while step == "kill":
        with home.running() as hub:
            hub.sweep(now_us=home.now_us)
            for step in left:
                if step in ("kill", "end"):
                    break
                home.now_us += SECOND
                if step in of:
                    home.hear(hub, *of[step])
                elif step == "commit A":
                    home.commit(said(SEGMENT, home.now_us))
                    step = "kill"
                    break
                elif step == "keep":
                    home.keep(hub)
                else:
                    home.wait(hub, 30 if step == "wait" else 250)
    for device in (SEGMENT, CAMERA):
        changes = [change for subject, change, _ in home.told() if subject == device]
        spoke = sum(one.device == device for batch, _ in home.journal for one in batch.others)
        assert changes == ["silent", "heard"] * (len(changes) // 2) and len(changes) // 2 < max(spoke, 1)
        if spoke > 1:
            assert changes, "it had spoken, and then said nothing for 250 s"
    assert {status for status, _ in home.incidents()} <= {Status.CLOSED}, "all speak in the end"


def test_while_the_disk_is_full_silence_waits_and_is_told_once(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with home.running() as hub:
        hub.sweep(now_us=home.now_us)
        home.hear(hub, SEGMENT)
        (happening,) = hub.happens
        assert isinstance(happening, Happening)
        writer = happening.store.file._writer
        assert writer is not None
        (pages,) = writer.execute("PRAGMA page_count").fetchone()
        writer.execute(f"PRAGMA max_page_count = {pages}")
        value = {"note": "x" * 30_000}
        home.commit(said("gate/G", home.now_us, Stream.PASSAGE, **value))
        hub.apply([home.journal[-1][0]], now_us=home.now_us, first=1, position=2)
        assert happening.waiting
        home.wait(hub, 200)
        home.hear(hub, SEGMENT)
        assert [event for event in happening.store.log.since(0).events if event.type == "pingshan.silence"] == []
        writer.execute("PRAGMA max_page_count = 100000")
        home.wait(hub, 10)
        assert not happening.waiting
    assert [one for one in home.told() if one[0] == SEGMENT] == [(SEGMENT, "silent", 180), (SEGMENT, "heard", 200)]
