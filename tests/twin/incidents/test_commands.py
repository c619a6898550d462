"""What people decide: states, the log, merging and splitting; each touches only the parts its person may know of."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.twin.incidents.world import KINDS, NOW, S, alarm, alarms
from twin.errors import NotFound, Refused, StoreUnavailable
from twin.incidents import Asked, Command, IncidentReader, IncidentStore, Status


def knows(*_: Any) -> bool:
    return True


def public(site: str, place: str | None, labels: tuple[str, ...]) -> bool:
    return set(labels) <= {"public"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[IncidentStore]:
    """Incident 1 spans a public and a restricted place; incident 2 is a fire elsewhere; 3 a door of the same site."""
    rows = [
        alarm("door/D1", "door_held", place="hall", labels=("public",), lon_lat=(119.3, 26.1)),
        alarm("door/D2", "door_forced", place="vault", labels=("restricted",), lon_lat=(119.30005, 26.1), at_s=1),
        alarm("fire/F1", "fire_alarm", place="far", labels=("public",), at_s=2),
        alarm("door/D9", "door_forced", place="shed", labels=("public",), at_s=3),
    ]
    with IncidentStore.open(tmp_path / "e.sqlite", KINDS, now_us=NOW) as store:
        store.take(0, alarms(*rows), NOW)
        yield store


@pytest.fixture
def reader(store: IncidentStore) -> IncidentReader:
    return IncidentReader(store.file, KINDS)


def command(store: IncidentStore, name: str, incident: int, *, at_s: int = 10, by: Any = knows, **more: Any) -> Any:
    reader = IncidentReader(store.file, KINDS)
    parts = tuple(part.id for part in reader.view(incident, by).parts)
    version = more.pop("version", None)
    facts = {"into_parts": tuple(p.id for p in reader.view(more["into"], by).parts)} if "into" in more else {}
    said = Command(name=name, incident=incident, who="周工", why="because", parts=parts, version=version, facts={**facts, **more})
    return store.command(said, NOW + at_s * S)


def test_an_incident_is_what_its_reader_may_know_of(store: IncidentStore, reader: IncidentReader) -> None:
    whole, seen = reader.view(1, knows), reader.view(1, public)
    assert (whole.count, whole.severity(KINDS), whole.title(KINDS)["zh"], whole.whole) == (2, 5, "门被强开等2类", True)
    assert (seen.count, seen.severity(KINDS), seen.title(KINDS)["zh"], seen.whole) == (1, 2, "门长时间未关", False)
    assert reader.devices(seen, 9) == ([("door/D1", 1)], 1)
    assert [one["device"] for one in reader.alarms(seen)[0]] == ["door/D1"]
    with pytest.raises(NotFound):
        reader.view(1, lambda *_: False)
    assert reader.page(Asked(severity=3), public).views[-1].id == 2, "by the severity that is shown"
    assert [view.id for view in reader.page(Asked(kind="door_forced"), public).views] == [3]


def test_acknowledging_is_of_what_was_seen_and_says_nothing_of_the_rest(store: IncidentStore, reader: IncidentReader) -> None:
    command(store, "acknowledge", 1, by=public)
    assert (reader.view(1, public).status, reader.view(1, knows).status) == (Status.ACKNOWLEDGED, Status.OPEN)
    command(store, "acknowledge", 1, at_s=20)
    assert reader.view(1, knows).status is Status.ACKNOWLEDGED
    whole = [(one["what"], one["who"]) for one in reader.log(reader.view(1, knows))]
    assert whole == [("opened", None), ("opened", None), ("acknowledged", "周工"), ("acknowledged", "周工")]
    with pytest.raises(Refused) as refused:
        command(store, "acknowledge", 1)
    assert refused.value.code == "INCIDENT_STATE"


def test_why_is_told_to_who_knows_of_all_that_it_was_about(store: IncidentStore, reader: IncidentReader) -> None:
    command(store, "comment", 1)
    command(store, "comment", 1, by=public)
    assert [one["why"] for one in reader.log(reader.view(1, public)) if one["what"] == "commented"] == [None, "because"]
    assert [one["why"] for one in reader.log(reader.view(1, knows)) if one["what"] == "commented"] == ["because"] * 2


def test_closed_then_opened_again_by_a_new_alarm_in_time_and_not_later(store: IncidentStore, reader: IncidentReader) -> None:
    command(store, "close", 3, reason="real")
    assert reader.view(3, knows).status is Status.CLOSED
    again = alarm("door/D9", "door_forced", place="shed", labels=("public",), at_s=60)
    (event,) = store.take(1, alarms(again), NOW + 60 * S)
    assert (event.data["change"], event.data["incident"]) == ("reopened", 3)
    command(store, "close", 3, at_s=70, reason="real")
    late = alarm("door/D9", "door_forced", place="shed", labels=("public",), at_s=2000)
    (event,) = store.take(2, alarms(late), NOW + 2000 * S)
    assert (event.data["change"], event.data["incident"]) == ("opened", 4)


def test_what_was_closed_too_long_ago_is_joined_by_nothing_though_its_last_alarm_is_near_in_time(store: IncidentStore) -> None:
    quiet = {"kind": "device_fault", "place": "r7", "labels": ("public",)}
    (event,) = store.take(1, alarms(alarm("meter/M1", at_s=10, **quiet)), NOW + 10 * S)
    command(store, "close", event.data["incident"], at_s=20, reason="fault")
    (again,) = store.take(2, alarms(alarm("meter/M2", at_s=7200, **quiet)), NOW + 7200 * S)
    assert (again.data["change"], again.data["incident"]) == ("opened", event.data["incident"] + 1)


def test_what_was_closed_is_as_it_was_when_asked_for_that_time(store: IncidentStore, reader: IncidentReader) -> None:
    command(store, "acknowledge", 3, at_s=10)
    command(store, "close", 3, at_s=20, reason="real")
    states = [reader.view(3, knows, at_us=NOW + at * S).status.value for at in (0, 9, 10, 19, 20)]
    assert states == ["open", "open", "acknowledged", "acknowledged", "closed"]
    assert [view.id for view in reader.page(Asked(state="open", at_us=NOW + 15 * S), knows).views] == [2, 1]
    assert reader.page(Asked(at_us=NOW - 1), knows).views == []
    with pytest.raises(NotFound):
        reader.view(3, knows, at_us=NOW - 1)


def test_merged_incidents_are_one_and_were_two(store: IncidentStore, reader: IncidentReader) -> None:
    done = command(store, "merge", 3, into=1)
    assert done.incident == 1 and {event.data["change"] for event in done.events} == {"merged"}
    assert (reader.view(1, knows).count, reader.view(1, public).count) == (3, 2)
    with pytest.raises(NotFound):
        reader.view(3, knows)
    assert (reader.merged_into(3, knows), reader.merged_into(3, lambda *_: False), reader.merged_into(1, knows)) == (1, None, None)
    assert [view.id for view in reader.page(Asked(at_us=NOW + 5 * S), knows).views] == [3, 2, 1]
    (event,) = store.take(1, alarms(alarm("door/D9", place="shed", labels=("public",), at_s=30)), NOW + 30 * S)
    assert event.data["incident"] == 1
    with pytest.raises(Refused) as refused:
        command(store, "merge", 1, into=1)
    assert refused.value.code == "INCIDENT_MERGE_INVALID"


def test_split_devices_have_an_incident_of_their_own_with_all_their_alarms(store: IncidentStore, reader: IncidentReader) -> None:
    store.take(1, alarms(alarm("door/D3", "door_held", place="hall", labels=("public",), at_s=5)), NOW + 5 * S)
    before = reader.view(1, knows).count
    done = command(store, "split", 1, devices=["door/D3"])
    assert (done.incident, reader.view(1, knows).count, reader.view(4, knows).count) == (4, before - 1, 1)
    assert reader.view(1, knows, at_us=NOW + 6 * S).count == before, "as it was then"
    with pytest.raises(NotFound):
        reader.view(4, knows, at_us=NOW + 6 * S)
    (event,) = store.take(2, alarms(alarm("door/D3", "door_held", place="hall", labels=("public",), at_s=30)), NOW + 30 * S)
    assert event.data["incident"] == 4, "a device stays with its incident"
    with pytest.raises(Refused) as refused:
        command(store, "split", 4, devices=["door/D3"])
    assert refused.value.code == "INCIDENT_SPLIT_INVALID"
    with pytest.raises(Refused) as refused:
        command(store, "forget", 4)
    assert refused.value.code == "INCIDENT_COMMAND_UNKNOWN"


def test_assigning_names_somebody_and_taking_it_back_nobody(store: IncidentStore, reader: IncidentReader) -> None:
    command(store, "assign", 2, to="李班长")
    assert reader.view(2, knows).parts[0].assigned == "李班长"
    command(store, "assign", 2, to=None, at_s=20)
    assert reader.view(2, knows).parts[0].assigned is None
    assert reader.view(2, knows, at_us=NOW + 15 * S).parts[0].assigned == "李班长"


def test_a_decision_on_what_has_changed_since_is_refused_and_alarms_alone_change_nothing(
    store: IncidentStore, reader: IncidentReader
) -> None:
    seen = reader.view(3, knows).version
    store.take(1, alarms(alarm("door/D9", place="shed", labels=("public",), at_s=5)), NOW + 5 * S)
    assert reader.view(3, knows).version == seen
    command(store, "comment", 3, version=seen)
    with pytest.raises(Refused) as refused:
        command(store, "acknowledge", 3, version=seen)
    assert refused.value.code == "INCIDENT_CHANGED"


def test_a_hidden_alarm_changes_nothing_of_what_others_see(store: IncidentStore, reader: IncidentReader) -> None:
    command(store, "close", 1, by=public, reason="real")
    before = reader.view(1, public)
    events = store.take(1, alarms(alarm("door/D2", place="vault", labels=("restricted",), at_s=20)), NOW + 20 * S)
    after = reader.view(1, public)
    told = [(view.status, view.count, view.version, view.until_us, view.severity(KINDS)) for view in (before, after)]
    assert told[0] == told[1] and {event.labels for event in events} == {("restricted",)}
    assert reader.log(after) == reader.log(before)


def test_a_full_disk_refuses_a_batch_whole_and_takes_it_when_there_is_room(tmp_path: Path) -> None:
    path = tmp_path / "e.sqlite"
    rows = [alarm(f"door/{n}", place=f"r{n}", at_s=n) for n in range(400)]
    with IncidentStore.open(path, KINDS, now_us=NOW, max_pages=70) as store:
        store.take(0, alarms(*rows[:20]), NOW)
        with pytest.raises(StoreUnavailable) as refused:
            store.take(1, alarms(*rows[20:]), NOW)
        assert refused.value.code == "EVENTS_FULL" and store.applied == 0
        store.take(1, alarms(rows[20]), NOW)
        assert IncidentReader(store.file, KINDS).view(21, knows).count == 1, "ids of what failed are given again: nobody was told them"
    with IncidentStore.open(path, KINDS, now_us=NOW) as store:
        store.take(2, alarms(*rows[21:]), NOW)
        assert sum(view.count for view in IncidentReader(store.file, KINDS).page(Asked(), knows, limit=1000).views) == 400
