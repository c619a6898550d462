"""Alarms and events with their places and labels; after a crash none is told twice, and none is lost while the disk is full."""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from sensors import Batch, Observation, Stream
from tests.twin.hub.devices import FENCE, LAT, LON, START_US, FlatGround, moving
from twin.codes import shipped_tables
from twin.hub.applying import Applier
from twin.hub.happening import Happening
from twin.incidents import AlarmKinds, Asked, IncidentReader, IncidentStore

KINDS = AlarmKinds.on(shipped_tables(), date(2026, 11, 27))
SECOND = 1_000_000
INSIDE, OUTSIDE = (LON, LAT), (LON + 0.1, LAT)


def opened(folder: Path, *, max_pages: int | None = None) -> tuple[Applier, Happening]:
    store = IncidentStore.open(folder / "events.sqlite", KINDS, now_us=START_US, max_pages=max_pages)
    happening = Happening(store=store, ground=FlatGround())
    return Applier(ground=FlatGround(), happens=[happening]), happening


def said(device: str, stream: Stream, at_us: int, value: dict[str, Any], *alarms: str) -> Observation:
    return Observation(device=device, stream=stream, received_us=at_us, device_us=at_us, value=value, alarms=alarms)


def apply(applier: Applier, *batches: Batch, position: int) -> list[tuple[str, str, Any]]:
    first = position - len(batches)
    events = applier.apply(list(batches), now_us=START_US + position * SECOND, first=first, position=position).events
    return [(event["type"], event["subject"], event["data"].get("change")) for event in events]


def known(happening: Happening) -> Sequence[Any]:
    return IncidentReader(happening.store.file, KINDS).page(Asked(), lambda *_: True).views


def test_what_crosses_a_fence_passes_a_gate_or_changes_its_state_is_an_event(tmp_path: Path) -> None:
    applier, _ = opened(tmp_path)
    apply(applier, moving("g", 1, {"A": OUTSIDE}), position=1)
    later_us = START_US + 3600 * SECOND
    events = applier.apply([moving("g", 2, {"A": INSIDE}, at_us=later_us)], now_us=later_us, first=2 - 1, position=2).events
    assert [(event["type"], event["subject"], event["data"]["change"]) for event in events] == [("pingshan.fence", "vehicle/A", "entered")]
    others = [
        said("gate/G", Stream.PASSAGE, START_US, {"direction": "in"}),
        said("door/D-1", Stream.STATE, START_US, {"state": "open"}),
        said("door/D-1", Stream.STATE, START_US + 1, {"state": "open"}),
    ]
    events = applier.apply([Batch(source="g", number=3, others=others)], now_us=START_US, first=3 - 1, position=3).events
    assert [(event["type"], event["labels"], event["place"]) for event in events] == [
        ("pingshan.passage", [], None),
        ("pingshan.state", ["internal", "restricted"], "door:D-1"),
    ]


def test_a_bit_of_an_alarm_word_is_one_alarm_and_goes_on_until_it_ends(tmp_path: Path) -> None:
    applier, happening = opened(tmp_path)
    batches = [
        moving("g", number, {"A": INSIDE}, at_us=START_US + number * 10 * SECOND, alarm=alarm) for number, alarm in enumerate((1, 1, 0, 3))
    ]
    for position, batch in enumerate(batches, start=1):
        apply(applier, batch, position=position)
    views = known(happening)
    assert {code: count for view in views for code, count in view.counts.items()} == {"emergency": 3, "overspeed": 1}
    assert {(part.spot.site, part.spot.place, part.spot.labels) for view in views for part in view.parts} == {("s", FENCE, ("restricted",))}


def test_an_alarm_without_a_place_that_anybody_trusts_is_an_alarm(tmp_path: Path) -> None:
    applier, happening = opened(tmp_path)
    lost = moving("g", 1, {"A": (0.0, 0.0)}, alarm=1)
    lost.fixes["status"] = 0
    apply(applier, lost, position=1)
    assert [view.counts for view in known(happening)] == [{"emergency": 1}]


def test_an_intruder_on_a_segment_is_an_incident_there(tmp_path: Path) -> None:
    applier, happening = opened(tmp_path)
    intruder = said("perimeter_segment/PS-1", Stream.ALARM, START_US, {}, "intrusion")
    events = applier.apply([Batch(source="g", number=1, others=[intruder])], now_us=START_US, first=1 - 1, position=1).events
    assert [(event["type"], event["data"]["severity"]) for event in events] == [("pingshan.incident", 4)]
    (part,) = known(happening)[0].parts
    assert (part.spot.site, part.spot.place, part.lon, part.lat) == ("s", "perimeter_segment:PS-1", LON, LAT)


@pytest.mark.parametrize("together", [1, 2, 5])
def test_the_journal_read_again_tells_nothing_twice_however_it_is_cut(tmp_path: Path, together: int) -> None:
    batches = [
        Batch(source="g", number=number, others=[said("door/D-1", Stream.ALARM, START_US + number, {}, "forced")]) for number in range(1, 9)
    ]
    applier, happening = opened(tmp_path)
    for position in (3, 6):
        apply(applier, *batches[position - 3 : position], position=position)
    happening.store.close()
    applier, happening = opened(tmp_path)
    for begin in range(0, 8, together):
        end = min(begin + together, 8)
        apply(applier, *batches[begin:end], position=end)
    assert [view.count for view in known(happening)] == [8]


def test_while_the_disk_is_full_alarms_wait_and_none_is_lost(tmp_path: Path) -> None:
    applier, happening = opened(tmp_path, max_pages=40)
    position = 0
    while not happening.waiting and position < 3000:
        position += 1
        value = {"note": "x" * 3000}
        apply(applier, Batch(source="g", number=position, others=[said("gate/G", Stream.PASSAGE, START_US, value)]), position=position)
    alarm = said("door/D-1", Stream.ALARM, START_US, {}, "forced")
    apply(applier, Batch(source="g", number=position + 1, others=[alarm]), position=position + 1)
    assert happening.waiting
    with happening.store.file._writing:
        happening.store.file._writer.execute("PRAGMA max_page_count = 100000")
    events = applier.sweep(now_us=START_US + 9000 * SECOND).events
    assert not happening.waiting
    assert [event["type"] for event in events][-1] == "pingshan.incident"
    assert [view.counts for view in known(happening)] == [{"door_forced": 1}]


@pytest.mark.parametrize("kind", ["unknown_terminal", "unknown_device"])
def test_what_those_that_nobody_knows_call_an_alarm_is_kept_as_one_of_little_weight(tmp_path: Path, kind: str) -> None:
    applier, happening = opened(tmp_path)
    for position in range(1, 30):
        stranger = said(f"{kind}/{position % 9}", Stream.STATE, START_US + position * SECOND, {"message": "location"}, "sos", "fire")
        events = applier.apply(
            [Batch(source="g", number=position, others=[stranger])],
            now_us=START_US + position * SECOND,
            first=position - 1,
            position=position,
        ).events
        assert {event["type"] for event in events} <= {"pingshan.incident"}
    (view,) = known(happening)
    (part,) = view.parts
    assert (view.counts, part.severity, [part.spot.labels]) == ({f"{kind}_alarm": 29}, 2, [()])


def test_an_alarm_of_what_stands_still_is_where_it_was_surveyed_whatever_it_says(tmp_path: Path) -> None:
    applier, happening = opened(tmp_path)
    for position, (device, place) in enumerate(
        [("perimeter_segment/PS-1", (LON + 0.005, LAT)), ("perimeter_segment/PS-1", (0.0, 0.0)), ("panic_button/X", (0.0, 0.0))], start=1
    ):
        alarm = replace(said(device, Stream.ALARM, START_US, {}, "panic" if position == 3 else "intrusion"), lon_lat=place)
        apply(applier, Batch(source="g", number=position, others=[alarm]), position=position)
    parts = {code: part for view in known(happening) for part in view.parts for code in part.kinds}
    assert (parts["perimeter_intrusion"].lon, parts["perimeter_intrusion"].lat) == (LON, LAT)
    assert math.isnan(parts["panic"].lon)


def test_a_message_that_tells_no_state_changes_none(tmp_path: Path) -> None:
    applier, _ = opened(tmp_path)
    others = [
        said("vehicle/A", Stream.STATE, START_US, {"message": "register"}),
        said("door/D-1", Stream.STATE, START_US, {"state": "open"}),
    ]
    events = applier.apply([Batch(source="g", number=1, others=others)], now_us=START_US, first=0, position=1).events
    assert [(event["type"], event["subject"]) for event in events] == [("pingshan.state", "door/D-1")]
