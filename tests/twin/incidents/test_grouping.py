"""Every alarm joins exactly one part of one incident: that of its device, of its place, or of what is near, in time."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.twin.incidents.world import KINDS, NOW, Brute, S, alarm, alarms
from twin.incidents import Alarms, IncidentStore, Spot
from twin.incidents.apply import apply, sweep
from twin.incidents.state import State

CODES = ("perimeter_intrusion", "door_held", "camera_motion", "fire_alarm", "silence", "fire_fault", "emergency", "no_such_code")
ROWS = {code: KINDS.get(code) for code in CODES}


def brute() -> Brute:
    return Brute(
        families={code: row.family for code, row in ROWS.items()},
        metres={code: row.distance_m for code, row in ROWS.items()},
        seconds={code: float(row.time_s) for code, row in ROWS.items()},
        longest_s=max(row.time_s for row in KINDS.kinds.values()),
        at_once_s={name: row.together_s for name, row in KINDS.families.items()},
    )


spots = st.builds(
    Spot,
    site=st.sampled_from(["s", "t"]),
    place=st.sampled_from([None, None, "r1", "r2", "z"]),
    protected=st.sampled_from([None, "secret"]),
    labels=st.sampled_from([(), ("public",), ("public", "restricted"), ("restricted", "public")]),
)
points = st.none() | st.tuples(st.integers(0, 30).map(lambda n: 119.3 + n * 2e-4), st.integers(0, 30).map(lambda n: 26.1 + n * 2e-4))
said = st.fixed_dictionaries(
    {
        "device": st.sampled_from([f"x/{n}" for n in range(9)]),
        "kind": st.sampled_from(CODES),
        "spot": spots,
        "lon_lat": points,
        "late_s": st.sampled_from([0, 0, 0, 5, 400, 5000, 90_000]),
        "step_s": st.sampled_from([0, 1, 30, 250, 700, 4000, 50_000]),
    }
)


def placed(batches: list[list[dict[str, Any]]]) -> list[tuple[list[dict[str, Any]], int]]:
    """Batches with their clocks: time goes on from alarm to alarm, and some come late."""
    now, found = NOW, []
    for batch in batches:
        rows = []
        for row in batch:
            now += row["step_s"] * S
            kept = {name: row[name] for name in ("device", "kind", "spot", "lon_lat")}
            rows.append({**kept, "time_us": now - row["late_s"] * S, "received_us": now})
        found.append((rows, now))
    return found


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(batches=st.lists(st.lists(said, max_size=12), max_size=5), sweeping=st.booleans())
def test_grouping_is_that_of_looking_at_every_alarm_there_was(batches: list[list[dict[str, Any]]], sweeping: bool) -> None:
    state, reference = State.empty(KINDS), brute()
    for rows, now in placed(batches):
        changes = apply(Alarms.of(rows), state, now)
        assert [joined.row for joined in changes.joined] == list(range(len(rows))), "none dropped, each once"
        assert [(joined.part.incident, joined.part.id) for joined in changes.joined] == reference.take(rows, now)
        if sweeping:
            sweep(state, now)
    counted = sum(part.count for part in state.parts.values())
    assert sweeping or counted == sum(map(len, batches))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(batches=st.lists(st.lists(said, max_size=8), min_size=1, max_size=5), stops=st.sets(st.integers(0, 4)))
def test_a_writer_that_was_killed_goes_on_as_if_it_had_not_been(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[dict[str, Any]]], stops: set[int]
) -> None:
    path = tmp_path_factory.mktemp("i") / "events.sqlite"
    whole = State.empty(KINDS)
    store = IncidentStore.open(path, KINDS, now_us=NOW)
    for number, (rows, now) in enumerate(placed(batches)):
        expected = apply(Alarms.of(rows), whole, now)
        if number in stops:
            store.close()
            store = IncidentStore.open(path, KINDS, now_us=now)
            assert number == 0 or store.take(number - 1, Alarms.of(rows), now) == (), "a batch that was taken is not taken again"
        store.take(number, Alarms.of(rows), now)
        with store.file.reading() as connection:
            query = "SELECT part.incident, alarm.part FROM alarm JOIN part ON part.id = alarm.part WHERE journal = ? ORDER BY item"
            assert connection.execute(query, (number,)).fetchall() == [(one.part.incident, one.part.id) for one in expected.joined]
            held = [bool(row[0]) for row in connection.execute("SELECT held FROM alarm WHERE journal = ? ORDER BY item", (number,))]
        assert held == [one.held for one in expected.joined]
    store.close()


@settings(max_examples=60, deadline=None)
@given(batches=st.lists(st.lists(said, max_size=12), max_size=5))
def test_severity_never_falls_by_itself(batches: list[list[dict[str, Any]]]) -> None:
    state, known = State.empty(KINDS), {}
    for rows, now in placed(batches):
        apply(Alarms.of(rows), state, now)
        for part in state.parts.values():
            assert 1 <= known.get(part.id, 1) <= part.severity <= 5
            known[part.id] = part.severity


def test_severity_rises_with_kinds_and_with_counts() -> None:
    state = State.empty(KINDS)
    held = alarm("door/D1", "door_held", place="r1")
    (part,) = {one.part for one in apply(alarms(held), state, NOW).joined}
    assert part.severity == 2
    apply(alarms(alarm("camera/C1", "camera_motion", place="r1", at_s=10)), state, NOW + 10 * S)
    assert part.severity == 3, "two kinds"
    apply(alarms(*(alarm(f"gate/{n}", "gate_tailgate", place="r1", at_s=20) for n in range(3))), state, NOW + 20 * S)
    assert part.severity == 5, "three of a kind that rises from three on, and three kinds"


def test_a_walk_along_the_fence_is_one_incident_and_a_fire_beside_it_another() -> None:
    state = State.empty(KINDS)
    rows = [alarm(f"perimeter_segment/{n}", "perimeter_intrusion", at_s=30 * n, lon_lat=(119.3 + n * 5e-4, 26.1)) for n in range(20)]
    changes = apply(alarms(*rows, alarm("fire/1", "fire_alarm", at_s=60, lon_lat=(119.3, 26.1))), state, NOW)
    assert [one.part.incident for one in changes.joined] == [1] * 20 + [2]


def test_a_clock_in_1999_or_2035_groups_by_when_it_was_received_and_holds_nothing_open() -> None:
    state = State.empty(KINDS)
    for wrong in (915_148_800 * S, 2_050_000_000 * S):
        row = {**alarm(place="r1"), "time_us": wrong, "received_us": NOW}
        (joined,) = apply(alarms(row), state, NOW).joined
        assert (joined.time_us, joined.part.incident) == (NOW, 1)
    later = apply(alarms(alarm(place="r1", at_s=3600)), state, NOW + 3600 * S)
    assert later.joined[0].part.incident == 2


def test_an_alarm_of_an_unknown_kind_is_kept_under_its_own_name() -> None:
    state = State.empty(KINDS)
    (joined,) = apply(alarms(alarm(kind="vendor_x_77")), state, NOW).joined
    assert joined.part.kinds == {"vendor_x_77": [1, 0]}


def test_a_storm_keeps_every_alarm_and_few_events(tmp_path: Path) -> None:
    rows = [
        alarm(f"perimeter_segment/{n % 997}", "perimeter_intrusion", at_s=n / 10_000, lon_lat=(119.3 + n % 997 * 3e-6, 26.1))
        for n in range(10_000)
    ]
    with IncidentStore.open(tmp_path / "e.sqlite", KINDS, now_us=NOW) as store:
        events = store.take(0, Alarms.of(rows), NOW)
        with store.file.reading() as connection:
            (count,) = connection.execute("SELECT count(*) FROM alarm").fetchone()
            counts = [row[0] for row in connection.execute("SELECT count(*) FROM alarm GROUP BY part")]
            kept = connection.execute(
                "SELECT sum(alarms) FROM (SELECT json_extract(kinds, '$.perimeter_intrusion[0]') AS alarms FROM part)"
            ).fetchone()[0]
        assert count == sum(counts) == kept == 10_000
        opened = [event for event in events if event.data["change"] == "opened"]
        assert len(opened) <= 3 and len(events) <= 1000 + len(opened), "a flapping device is told of once"


def test_of_several_incidents_it_joins_that_with_the_latest_alarm_by_place_and_by_distance() -> None:
    for where in ({"place": "r1"}, {"lon_lat": (119.3, 26.1)}):
        state = State.empty(KINDS)
        for number, at_s in enumerate((0, 5000, 2500)):
            rows = [alarm(f"camera/{number}", "camera_lost", at_s=at_s, **where)]
            apply(alarms(*rows), state, NOW + 5000 * S)
        joined = apply(alarms(alarm("camera/9", "device_fault", at_s=5100, **where)), state, NOW + 5100 * S).joined
        assert [one.part.incident for one in joined] == [2], where
        assert len(state.parts) >= 2


def test_a_device_stays_with_its_incident_and_a_place_goes_before_a_distance() -> None:
    state = State.empty(KINDS)
    rows = [
        alarm("door/1", place="r1", lon_lat=(119.3, 26.1)),
        alarm("door/2", place="r2", lon_lat=(119.31, 26.1), at_s=10),
        alarm("door/3", place="r1", lon_lat=(119.31, 26.1), at_s=20),
        alarm("door/1", place="r2", lon_lat=(119.31, 26.1), at_s=30),
    ]
    assert [one.part.incident for one in apply(alarms(*rows), state, NOW).joined] == [1, 2, 1, 1]
