"""A flapping device is heard, counted, told of once, and told of again when it is quiet; nothing of it is lost."""

from pathlib import Path
from typing import Any

import pytest

from tests.twin.incidents.world import KINDS, NOW, S, alarm, alarms
from twin.incidents import Command, IncidentReader, IncidentStore, Status

KIND = KINDS.get("perimeter_intrusion")


def knows(*_: Any) -> bool:
    return True


@pytest.fixture
def store(tmp_path: Path) -> Any:
    with IncidentStore.open(tmp_path / "e.sqlite", KINDS, now_us=NOW) as store:
        yield store


def flap(store: IncidentStore, count: int, *, start_s: int = 0, edge: bool = True) -> list[str]:
    told = []
    for number in range(count):
        at = start_s + number
        row = alarm("perimeter_segment/PS-1", "perimeter_intrusion", at_s=at, place="seg", edge=edge)
        told += [event.data["change"] for event in store.take(store.applied + 1, alarms(row), NOW + at * S)]
    return told


def test_from_the_changes_that_the_table_says_on_it_is_told_as_flapping_and_its_notices_are_held(store: IncidentStore) -> None:
    assert (KIND.flap_changes, KIND.flap_s, KIND.quiet_s) == (6, 120, 300)
    told = flap(store, 40)
    assert told[0] == "opened" and told.count("flapping") == 1
    assert told[told.index("flapping") :] == ["flapping"], "nothing of it is told after that"
    view = IncidentReader(store.file, KINDS).view(1, knows)
    assert (view.count, view.held, view.flapping) == (40, 35, True)
    (found,) = IncidentReader(store.file, KINDS).flapping(view)
    assert (found["device"], found["held"]) == ("perimeter_segment/PS-1", 35)
    assert view.severity(KINDS) == 5, "the five that were told raise it, those held do not"


def test_it_ends_when_it_was_quiet_and_the_next_alarm_is_news_again(store: IncidentStore) -> None:
    flap(store, 10)
    assert store.tick(NOW + (9 + 300) * S) == ()
    (quiet,) = store.tick(NOW + (9 + 301) * S)
    assert (quiet.data["change"], quiet.data["held"], quiet.data["flapping"]) == ("quiet", 5, False)
    assert store.tick(NOW + 400 * S) == ()
    assert flap(store, 1, start_s=420) == ["opened"]
    assert not IncidentReader(store.file, KINDS).view(1, knows).flapping


def test_quiet_is_seen_by_the_next_alarm_too_where_nobody_ticked(store: IncidentStore) -> None:
    flap(store, 10)
    assert sorted(flap(store, 1, start_s=290)) == []
    assert sorted(flap(store, 1, start_s=900)) == ["opened", "quiet"]


def test_what_only_goes_on_saying_the_same_does_not_flap(store: IncidentStore) -> None:
    told = flap(store, 30, edge=False)
    assert "flapping" not in told and len(told) == 30


def test_a_panic_button_never_flaps(store: IncidentStore) -> None:
    rows = [alarm("panic/1", "panic", at_s=n) for n in range(50)]
    store.take(0, alarms(*rows), NOW)
    view = IncidentReader(store.file, KINDS).view(1, knows)
    assert (view.count, view.held) == (50, 0)


def test_a_closed_incident_is_not_opened_by_what_flaps_but_by_what_is_news(store: IncidentStore) -> None:
    flap(store, 10)
    store.command(Command(name="close", incident=1, who="w", why="y", parts=(1,), facts={"reason": "false_alarm"}), NOW + 11 * S)
    assert flap(store, 5, start_s=12) == []
    reader = IncidentReader(store.file, KINDS)
    assert reader.view(1, knows).status is Status.CLOSED and reader.view(1, knows).count == 15
    told = [event.data["change"] for event in store.take(99, alarms(alarm("door/1", place="seg", at_s=20)), NOW + 20 * S)]
    assert told == ["reopened"]


def test_a_writer_that_was_killed_goes_on_flapping(tmp_path: Path) -> None:
    with IncidentStore.open(tmp_path / "e.sqlite", KINDS, now_us=NOW) as store:
        flap(store, 10)
    with IncidentStore.open(tmp_path / "e.sqlite", KINDS, now_us=NOW + 11 * S) as store:
        assert flap(store, 1, start_s=12) == []
        (quiet,) = store.tick(NOW + 320 * S)
        assert (quiet.data["change"], quiet.data["held"]) == ("quiet", 6)
