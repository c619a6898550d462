"""Devices that are told to be silent: one incident where many fall silent at once, closed when all of them speak again."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.twin.incidents.world import KINDS, NOW, S, alarm, alarms
from twin.incidents import Alarms, Asked, Command, Event, IncidentReader, IncidentStore, Status
from twin.incidents.schema import LATER, SCHEMA
from twin.incidents.silent import Silent


@pytest.fixture
def store(tmp_path: Path) -> Iterator[IncidentStore]:
    with IncidentStore.open(tmp_path / "e.sqlite", KINDS, now_us=NOW) as opened:
        yield opened


def fall(store: IncidentStore, *devices: str, at_s: float = 0, position: int = 1, **more: Any) -> tuple[Event, ...]:
    rows = [alarm(device, "silence", at_s=at_s, **more) for device in devices]
    return store.fall_silent(Alarms.of(rows), NOW + int(at_s * S), position=position)


def hear(store: IncidentStore, *devices: str, journal: int, at_s: float) -> list[tuple[int, str]]:
    told = store.take(journal, alarms(), NOW + int(at_s * S), heard=devices)
    return [(event.data["incident"], event.data["change"]) for event in told]


def views(store: IncidentStore) -> list[tuple[int, Status, int]]:
    page = IncidentReader(store.file, KINDS).page(Asked(), lambda *_: True, limit=10_000)
    return [(view.id, view.status, view.count) for view in page.views]


def test_a_storm_over_the_whole_site_is_one_incident_though_it_comes_in_waves(store: IncidentStore) -> None:
    for second in range(60):
        far = [(119.20 + n * 0.003, 26.0 + second * 0.003) for n in range(34)]
        rows = [alarm(f"camera/{second}-{n}", "silence", at_s=second, lon_lat=place, place=f"room-{n}") for n, place in enumerate(far)]
        store.fall_silent(Alarms.of(rows), NOW + second * S, position=second)
    assert views(store) == [(1, Status.OPEN, 2040)]
    fall(store, "camera/elsewhere", at_s=60, site="t", lon_lat=(119.2, 26.0))
    fall(store, "camera/later", at_s=60 + 301, lon_lat=(119.9, 26.9))
    assert [count for _, _, count in views(store)] == [1, 1, 2040], "another site, and what was not at once and is not near"


def test_a_storm_takes_along_whoever_had_an_incident_of_its_own_before(store: IncidentStore) -> None:
    for number in range(3):
        fall(store, f"camera/{number}", at_s=number * 600, position=number, lon_lat=(119.2 + number, 26.0))
        hear(store, f"camera/{number}", journal=number, at_s=number * 600 + 300)
    for number in (9, 0, 8, 1, 7, 2):
        fall(store, f"camera/{number}", at_s=2000 + number, position=9, lon_lat=(119.2 + number, 26.0))
    assert views(store) == [(4, Status.OPEN, 6), *((number, Status.CLOSED, 1) for number in (3, 2, 1))]


def test_a_storm_is_one_incident_too_for_a_writer_that_was_killed_in_it(tmp_path: Path) -> None:
    for second in range(5):
        with IncidentStore.open(tmp_path / "e.sqlite", KINDS, now_us=NOW + second * S) as store:
            fall(store, f"camera/{second}", at_s=second, lon_lat=(119.2 + second, 26.0))
            found = views(store)
    assert found == [(1, Status.OPEN, 5)]


def test_it_is_closed_when_the_last_of_its_devices_speaks_and_says_why(store: IncidentStore) -> None:
    fall(store, "camera/A", "camera/B")
    store.command(Command(name="acknowledge", incident=1, who="w", why="看到了", parts=(1,)), NOW + S)
    assert hear(store, "camera/A", journal=5, at_s=10) == []
    assert store.silent == {"camera/B": Silent(since_us=NOW, position=1)}
    assert hear(store, "camera/B", "camera/C", journal=6, at_s=20) == [(1, "closed")]
    reader = IncidentReader(store.file, KINDS)
    last = reader.log(reader.view(1, lambda *_: True))[-1]
    assert (last["what"], last["who"], last["facts"]) == ("closed", None, {"reason": "recovered"})
    assert store.silent == {} and views(store) == [(1, Status.CLOSED, 2)]
    assert reader.view(1, lambda *_: True, at_us=NOW + 19 * S).status is Status.ACKNOWLEDGED


def test_each_part_is_closed_by_itself_and_a_reader_meets_the_state_of_theirs(store: IncidentStore) -> None:
    fall(store, "camera/A", place="r1", labels=("public",))
    fall(store, "camera/B", place="r1", protected="secret", labels=("restricted",))
    hear(store, "camera/A", journal=5, at_s=10)
    reader = IncidentReader(store.file, KINDS)
    assert reader.view(1, lambda *_: True).status is Status.OPEN
    assert reader.view(1, lambda site, place, labels: place is None).status is Status.CLOSED


def test_what_a_person_decided_and_what_else_was_told_stay(store: IncidentStore) -> None:
    fall(store, "camera/A")
    store.command(Command(name="close", incident=1, who="w", why="x", parts=(1,), facts={"reason": "fault"}), NOW + S)
    assert hear(store, "camera/A", journal=5, at_s=10) == []
    assert fall(store, "camera/A", at_s=200, position=6)[0].data["change"] == "reopened"
    assert hear(store, "camera/A", journal=7, at_s=210) == [(1, "closed")]


def test_a_split_takes_its_silent_devices_along(store: IncidentStore) -> None:
    fall(store, "camera/A", "camera/B")
    split = Command(name="split", incident=1, who="w", why="x", parts=(1,), facts={"devices": ["camera/B"]})
    assert store.command(split, NOW + S).incident == 2
    assert hear(store, "camera/A", journal=5, at_s=10) == [(1, "closed")]
    assert hear(store, "camera/B", journal=6, at_s=20) == [(2, "closed")]


def test_a_device_that_comes_and_goes_flaps_and_is_told_of_once(store: IncidentStore) -> None:
    told: list[str] = []
    for number in range(12):
        at_s = number * 300
        told += [event.data["change"] for event in fall(store, "camera/A", at_s=at_s, position=number)]
        told += [change for _, change in hear(store, "camera/A", journal=number, at_s=at_s + 100)]
    assert told == ["opened", "closed", *["reopened", "closed"] * 4, "flapping"]
    assert [event.data["change"] for event in store.tick(NOW + (11 * 300 + 7201) * S)] == ["quiet"]


def test_a_file_of_the_version_before_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "e.sqlite"
    before = sqlite3.connect(path)
    for statement in SCHEMA[: -len(LATER[2])]:
        before.execute(statement)
    before.execute("PRAGMA user_version = 1")
    before.commit()
    before.close()
    with IncidentStore.open(path, KINDS, now_us=NOW) as store:
        assert store.silent == {}
        fall(store, "camera/A")
    with IncidentStore.open(path, KINDS, now_us=NOW) as store:
        assert list(store.silent) == ["camera/A"]
