"""What stands still in the simulated compound, and what goes wrong there."""

from collections import Counter
from dataclasses import replace
from itertools import takewhile

import numpy as np
import pytest
import shapely

from sensors.observation import Stream
from sensors.simulate_guards import Guards
from sensors.simulate_model import model
from sensors.simulate_scenario import Scenario, script_of
from sensors.simulate_things import Said, things_said
from tests.sensors.compound_made import compound
from twin.live.silence import alarming_kinds, silent_after_us

COMPOUND = compound()


def told(seed: int = 7, until_s: float = 3600.0, leave_s: float = float("inf"), pace: float = 1.0) -> list[Said]:
    return list(takewhile(lambda one: one.at_s <= until_s, things_said(COMPOUND, seed, leave_s=leave_s, pace=pace)))


def test_the_same_seed_tells_the_same_in_order_and_another_something_else() -> None:
    assert told() == told()
    assert told(7) != told(8)
    moments = [one.at_s for one in told()]
    assert moments == sorted(moments)


def test_everybody_speaks_of_itself_within_two_minutes() -> None:
    spoken = {one.device for one in told(until_s=120.0)}
    wanted = {f"gate/{gate.key}" for gate in COMPOUND.gates} | {f"camera/{one.key}" for one in COMPOUND.cameras}
    wanted |= {f"perimeter_segment/{one.key}" for one in COMPOUND.segments} | {f"meter/{key}" for key, _ in COMPOUND.meters}
    wanted |= {f"door/{one.key}" for one in COMPOUND.doors} | {
        "fire_point/F-0",
        "fire_point/F-1",
        "fire_point/F-2",
        "lift/L-1",
        "lift/L-2",
        "panic_button/B-1",
    }
    assert spoken == wanted


def test_a_door_that_opened_is_shut_again_before_it_opens_and_one_that_is_held_says_so_once() -> None:
    states: dict[str, str] = {}
    held = forced = 0
    follows = {"open": {"closed"}, "forced": {"closed"}, "held": {"open"}, "closed": {"open", "held", "forced", ""}}
    for one in told(until_s=40_000.0):
        if one.device.startswith("door/") and one.stream is Stream.STATE:
            now = str(one.value["state"])
            assert states.get(one.device, "") in follows[now]
            states[one.device] = now
            held += one.alarms == ("door_held",)
            forced += one.alarms == ("door_forced",)
            assert (now in ("held", "forced")) == bool(one.alarms)
    assert 10 <= held <= 120
    assert 1 <= forced <= 20


def test_a_lift_tells_each_floor_where_it_stops_and_takes_its_time_between_them() -> None:
    stops = [one for one in told(until_s=20_000.0) if one.device == "lift/L-1" and one.stream is Stream.STATE]
    floors, moments = [int(one.value["floor"]) for one in stops], [one.at_s for one in stops]
    assert floors[0] == 1
    assert set(floors) <= set(range(1, 13))
    assert len(set(floors)) > 6
    per_storey = model("things")["lift_storey_s"]
    assert all(b - a >= abs(up) * per_storey - 1e-6 for a, b, up in zip(moments, moments[1:], np.diff(floors), strict=False))
    assert {one.device for one in told(until_s=300.0) if one.device == "lift/L-2" and "floor" in one.value} == set()


def test_who_is_trapped_in_a_lift_is_let_out_before_it_goes_on() -> None:
    last, trapped = "normal", 0
    for one in told(until_s=100_000.0, pace=2.0):
        if one.device == "lift/L-1" and one.stream is Stream.STATE:
            assert (one.value["state"] == "trapped") == (one.alarms == ("lift_trapped",))
            assert last == "normal" or one.value["state"] == "normal"
            last, trapped = str(one.value["state"]), trapped + bool(one.alarms)
    assert 1 <= trapped <= 20


def test_nobody_goes_in_twice_and_people_only_through_gates_for_people() -> None:
    last: dict[str, str] = {}
    for one in told(pace=20.0):
        if one.stream is Stream.PASSAGE:
            who = str(one.value.get("card") or one.value["plate"])
            assert last.get(who) != one.value["direction"]
            last[who] = str(one.value["direction"])
            assert (one.device == "gate/P") == (one.value["subject"] == "person")
    assert len(last) == len(COMPOUND.people) + len(COMPOUND.cars)


def test_a_meter_counts_up_once_a_minute() -> None:
    read = [one for one in told() if one.device == "meter/M-1"]
    values = [one.value["value"] for one in read]
    assert values == sorted(values)
    assert np.allclose(np.diff([one.at_s for one in read]), 60.0)
    assert {one.value["unit"] for one in read} == {"kWh"}


def test_what_is_rare_is_as_rare_as_its_row_says_and_ends() -> None:
    alarms = Counter(code for seed in range(20) for one in told(seed) for code in one.alarms)
    hours = 20
    assert alarms["perimeter_intrusion"] == pytest.approx(hours * 3600 / model("things")["nuisance_every_s"], rel=0.4)
    assert alarms["camera_lost"] == pytest.approx(hours * 3600 / model("things")["camera_lost_every_s"], rel=0.4)
    last: dict[str, tuple[str, ...]] = {}
    for one in told(until_s=36_000.0):
        if one.stream in (Stream.ALARM, Stream.STATE):
            last[one.device] = tuple(one.alarms)
    assert sum(map(bool, last.values())) <= 2


def test_one_camera_at_a_time_is_dark_for_longer_than_it_may_be_silent_and_nothing_else_ever_is() -> None:
    last: dict[str, float] = {}
    gaps: dict[str, list[tuple[float, float]]] = {}
    for one in told(until_s=36_000.0):
        kind = one.device.partition("/")[0]
        if kind in alarming_kinds() and one.at_s - last.get(one.device, 0.0) > silent_after_us([one.device])[0] / 1e6:
            gaps.setdefault(kind, []).append((last[one.device], one.at_s))
            assert one.stream is Stream.STATE and one.value == {"state": "online"}
        last[one.device] = one.at_s
    assert set(gaps) == {"camera"}
    assert 10 <= len(gaps["camera"]) <= 30
    assert all(end <= begin for (_, end), (begin, _) in zip(gaps["camera"], gaps["camera"][1:], strict=False))
    assert all(end - begin <= model("things")["camera_dark_s"][1] + model("things")["heartbeat_s"] for begin, end in gaps["camera"])


@pytest.mark.parametrize("seed", range(10))
def test_an_intruder_is_told_once_by_one_segment_at_a_point_of_it_and_seen_by_the_nearest_camera(seed: int) -> None:
    script = script_of(Scenario.INTRUDER, COMPOUND, np.random.default_rng(seed), begins_s=30.0)
    alarms = [(one.device.partition("/")[0], one.alarms) for one in script.said if one.alarms]
    assert alarms == [("perimeter_segment", ("perimeter_intrusion",)), ("camera", ("camera_motion",))]
    assert script.said[0].at_s == 30.0
    assert script.said[0].xy is not None
    x, y = script.said[0].xy
    segment = next(one for one in COMPOUND.segments if script.said[0].device.endswith(one.key))
    assert shapely.distance(shapely.LineString(segment.line), shapely.Point(x, y)) < 1e-9
    ((_, called),) = script.calls
    assert called.tolist() == [x, y]
    assert [one.alarms for one in script.said[-2:]] == [(), ()]


def test_a_forced_door_stands_open_until_it_is_shut_and_the_nearest_guard_is_called_to_it() -> None:
    script = script_of(Scenario.FORCED_DOOR, COMPOUND, np.random.default_rng(3), begins_s=10.0)
    first, last = script.said
    assert (first.at_s, first.value, first.alarms) == (10.0, {"state": "forced"}, ("door_forced",))
    assert (last.device, last.value, last.alarms) == (first.device, {"state": "closed"}, ())
    door = next(one for one in COMPOUND.doors if first.device == f"door/{one.key}")
    assert [(at_s, xy.tolist()) for at_s, xy in script.calls] == [(11.0, door.xy.tolist())]
    nowhere = script_of(Scenario.FORCED_DOOR, replace(COMPOUND, doors=()), np.random.default_rng(3))
    assert (nowhere.said, nowhere.calls) == ((), ())


def test_nothing_goes_wrong_on_a_calm_day() -> None:
    script = script_of(Scenario.CALM, COMPOUND, np.random.default_rng(1))
    assert (script.said, script.calls, script.leave_s) == ((), (), float("inf"))


def test_a_fire_is_told_by_two_points_side_by_side_once_each() -> None:
    script = script_of(Scenario.FIRE, COMPOUND, np.random.default_rng(1), begins_s=5.0)
    first, second = (int(one.device.removeprefix("fire_point/F-")) for one in script.said)
    assert abs(first - second) == 1
    assert [one.alarms for one in script.said] == [("fire_alarm",), ("fire_alarm",)]
    assert script.leave_s == float("inf")


def test_where_no_register_has_fire_points_a_house_has_two_of_its_own() -> None:
    script = script_of(Scenario.FIRE, replace(COMPOUND, fire_points=()), np.random.default_rng(1), begins_s=5.0)
    assert [one.device for one in script.said] == ["fire_point/SIM-1", "fire_point/SIM-2"]


@pytest.mark.parametrize("seed", range(5))
def test_at_an_evacuation_all_people_inside_leave_and_nobody_comes(seed: int) -> None:
    script = script_of(Scenario.EVACUATION, COMPOUND, np.random.default_rng(seed), begins_s=300.0)
    people = [one for one in told(seed, until_s=3600.0, leave_s=script.leave_s) if one.value.get("subject") == "person"]
    last = {one.value["card"]: one for one in people}
    assert all(one.value["direction"] == "out" for one in last.values())
    late = [one for one in people if one.at_s >= script.leave_s]
    assert late
    assert {one.value["direction"] for one in late} == {"out"}
    assert max(one.at_s for one in late) <= script.leave_s + model("scenario")["leaving_s"]


def test_at_an_evacuation_some_are_seen_at_the_assembly_point_and_everybody_once() -> None:
    ready = replace(COMPOUND, assembly=["D-0"])
    said = [one for one in takewhile(lambda one: one.at_s < 2000.0, things_said(ready, 7, leave_s=600.0)) if one.at_s >= 600.0]
    left = [one for one in said if one.value.get("subject") == "person"]
    seen = {one.value["card"] for one in left if one.device == "door/D-0"}
    out = {one.value["card"] for one in left if one.value.get("direction") == "out"}
    assert seen
    assert out
    assert seen.isdisjoint(out)
    assert len(left) == len(seen) + len(out)
    assert all("direction" not in one.value for one in left if one.device == "door/D-0")


def test_guards_walk_and_the_nearest_runs_to_where_it_is_called() -> None:
    guards = Guards(COMPOUND, np.random.default_rng(5))
    walked = []
    for second in range(400):
        before = np.array([one.xy for one in guards.walkers])
        guards.step(float(second))
        walked.append(np.hypot(*(np.array([one.xy for one in guards.walkers]) - before).T).max())
    assert 0.5 < max(walked) <= model("guard")["walk_m_s"] + 1e-6
    spot = np.array([-100.0, 50.0])
    apart = [np.hypot(*(one.xy - spot)) for one in guards.walkers]
    called = guards.call(spot)
    assert called == int(np.argmin(apart))
    assert called is not None
    arrived = False
    for second in range(400, 700):
        guards.step(float(second))
        arrived = arrived or bool(np.hypot(*(guards.walkers[called].xy - spot)) < 1.0)
    assert arrived


def test_guards_of_the_same_seed_walk_the_same_way() -> None:
    one, other = (Guards(COMPOUND, np.random.default_rng(9)) for _ in range(2))
    for second in range(300):
        one.step(float(second))
        other.step(float(second))
    assert [walker.said_xy for walker in one.walkers] == [walker.said_xy for walker in other.walkers]
