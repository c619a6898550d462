"""Passages through the hub: lists, gate counts, events of what came late, vehicles on no list; the same again after a restart."""

from datetime import date
from pathlib import Path
from typing import Any

from sensors import Batch, Observation, Stream
from tests.twin.hub.devices import LAT, LON, START_US, FlatGround
from twin.codes import shipped_tables
from twin.hub.applying import Applier
from twin.hub.happening import Happening
from twin.incidents import AlarmKinds, Asked, IncidentReader, IncidentStore
from twin.live.fences import Fact
from twin.live.inside import key_of
from twin.live.state import LiveState

KINDS = AlarmKinds.on(shipped_tables(), date(2026, 11, 27))
MINUTE = 60_000_000
FACTS = {
    "gate:N": Fact(site="s", kind="gate", label="public", lon_lat=(LON, LAT)),
    "door:D": Fact(site="s", kind="door", label="public", within="b:hall", lon_lat=(LON, LAT)),
    "b:hall": Fact(site="s", kind="space", label="public", within="b:1F"),
    "b:1F": Fact(site="s", kind="storey", label="public", within="b:1"),
    "b:1": Fact(site="s", kind="building", label="public"),
}


class Ground(FlatGround):
    def fact(self, feature: str) -> Fact | None:
        return FACTS.get(feature)


class Listed:
    is_empty = False

    def knows(self, gate: str, plate: str, at_us: int) -> bool:
        return (gate, plate) == ("N", "闽A00001")


def said(device: str, minute: float, **value: Any) -> Observation:
    at_us = START_US + round(minute * MINUTE)
    return Observation(device=device, stream=Stream.PASSAGE, received_us=START_US + 60 * MINUTE, device_us=at_us, value=value)


def test_passages_lead_to_lists_counts_events_and_alarms(tmp_path: Path) -> None:
    happening = Happening(store=IncidentStore.open(tmp_path / "events.sqlite", KINDS, now_us=START_US), ground=Ground(), listed=Listed())
    applier, replica = Applier(ground=Ground(), happens=[happening]), LiveState()
    replica.follow(applier.whole())
    batches = [
        [
            said("gate/N", 10, direction="in", plate="闽a·00001", person="P1"),
            said("gate/N", 10, direction="in", plate="闽A00001", person="P1"),
        ],
        [said("gate/N", 20, direction="in", plate="闽A00009"), said("door/D", 21, direction="in", card="P1")],
        [said("gate/N", 15, direction="out", plate="闽A00009"), said("gate/X", 15, direction="in", plate="闽A00003")],
        [said("gate/N", 25, direction="in", plate="闽A00009"), said("gate/N", 22, direction="out", plate="闽A00009")],
        [said("gate/N", 30, direction="in", count=2), said("gate/N", 31, direction="sideways", plate=["x"], count="many", person={})],
    ]
    told = []
    for number, others in enumerate(batches, start=1):
        applied = applier.apply(
            [Batch(source="g", number=number, others=others)], now_us=START_US + 60 * MINUTE, first=number - 1, position=number
        )
        assert applied.changes is not None
        replica.follow(applied.changes)
        told += applied.events
    events = [event for event in told if event["type"] == "pingshan.rederived"]
    assert replica.inside == applier.state.inside == applier.passages.rows
    minutes = {key: (row["since_us"] - START_US) // MINUTE for key, row in replica.inside.items() if row["area"]}
    assert minutes == {
        key_of("s", "vehicle/闽A00001"): 10,
        key_of("s", "person/P1"): 10,
        key_of("b:1", "person/P1"): 21,
        key_of("s", "vehicle/闽A00009"): 25,
    }
    assert (applier.state.still["gate/N"]["in"], applier.state.still["gate/N"]["out"]) == (5, 2)
    assert not any("person" in event["data"] or "card" in event["data"] for event in told)
    assert [(event["subject"], event["data"]["of"], event["data"]["inside"]) for event in events] == [("gate/N", "list", True)]
    views = IncidentReader(happening.store.file, KINDS).page(Asked(), lambda *_: True).views
    assert [sum(view.counts.values()) for view in views if set(view.counts) == {"gate_not_listed"}] in ([1, 2], [2, 1])
    again = LiveState()
    again.follow(applier.whole())
    assert again.inside == replica.inside
