"""The columns of all devices: order, growth, what is kept, and honest positions from end to end."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sensors.observation import NO_NUMBER, Fixes
from sensors.roads import Roads
from sensors.smoothing import Smoothing
from sensors.verdict import Verdict
from spatial.datum_shift import wgs84_to_gcj02
from tests.sensors.fixes import LAT_E7, LON_E7, START_US, fix_rows, metres_of
from tests.sensors.measuring import roads_in_degrees
from twin.live.tracker import JUDGED, Judged, Tracker, rounds

LATER_US = START_US + 86_400_000_000


def one_by_one(tracker: Tracker, fixes: Fixes) -> Judged:
    said = [tracker.apply(fixes[at : at + 1], int(fixes["received_us"][at])) for at in range(len(fixes))]
    return np.concatenate(said) if said else np.zeros(0, dtype=JUDGED)


def verdicts(judged: Judged) -> list[Verdict]:
    return [Verdict(int(one)) for one in judged["verdict"]]


def on_the_grid(count: int, *, device: int = 0) -> Fixes:
    """Driving ten metres a second along the streets of the test's grid: north, then east."""
    at = np.arange(count) * 10.0
    corner = 880.0
    east, north = np.maximum(at - corner, 0.0), np.minimum(at, corner)
    heading = np.where(at > corner, 9000, 0)
    return fix_rows(np.arange(count), east, north, device=device, speed_dkmh=360, heading_cdeg=heading, status=3)


def in_gcj02(fixes: Fixes) -> Fixes:
    shifted = fixes.copy()
    degrees = wgs84_to_gcj02(np.stack([fixes["lon_e7"], fixes["lat_e7"]], axis=1) / 1e7)
    shifted["lon_e7"], shifted["lat_e7"] = np.round(degrees * 1e7).T
    return shifted


def off_m(judged: Judged, truth: Fixes) -> NDArray[np.float64]:
    apart = metres_of(judged["lon_e7"], judged["lat_e7"]) - metres_of(truth["lon_e7"], truth["lat_e7"])
    return np.asarray(np.hypot(*apart.T))


def test_every_fix_has_a_row_in_the_order_it_came() -> None:
    fixes = fix_rows([0, 0, 1, 2, 1], [0, 100, 5, 90_000, 105], device=[5, 1, 5, 5, 1])
    judged = Tracker().apply(fixes, LATER_US)
    assert verdicts(judged) == [Verdict.GOOD, Verdict.GOOD, Verdict.GOOD, Verdict.JUMP, Verdict.GOOD]
    assert off_m(judged[3:4], fixes[2:3])[0] < 20.0 and judged["doubted"].tolist() == [False, False, False, True, False]


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 200), st.integers(-300, 300)), max_size=40), st.integers(1, 40))
def test_however_the_fixes_are_cut_into_arrays_the_answer_is_the_same(rows: list[tuple[int, int, int]], size: int) -> None:
    columns = np.array(rows, dtype=np.float64).reshape(-1, 3)
    fixes = fix_rows(columns[:, 1], columns[:, 2], device=columns[:, 0].astype(int), speed_dkmh=120, heading_cdeg=9000)
    fixes = fixes[: len(rows)]
    whole, cut = Tracker(), Tracker()
    at_once = whole.apply(fixes, LATER_US)
    pieces = [cut.apply(fixes[at : at + size], LATER_US) for at in range(0, len(fixes), size)]
    for name in JUDGED.names or ():
        np.testing.assert_allclose(at_once[name], np.concatenate([np.zeros(0, JUDGED), *pieces])[name], atol=1)


@settings(deadline=None)
@given(st.lists(st.integers(0, 6), max_size=60))
def test_rounds_hold_every_fix_once_in_order_and_no_device_twice(devices: list[int]) -> None:
    column = np.array(devices, dtype=np.int64)
    found = rounds(column)
    assert sorted(np.concatenate([np.zeros(0, int), *found]).tolist()) == list(range(len(devices)))
    for one in found:
        assert len(set(column[one].tolist())) == len(one)
    for device in set(devices):
        places = [int(at) for one in found for at in one if column[at] == device]
        assert places == sorted(places)


def test_what_is_kept_goes_on_as_if_nothing_had_happened() -> None:
    fixes = np.concatenate([on_the_grid(120, device=device) for device in (0, 7)])
    order = np.argsort(fixes["fix_us"], kind="stable")
    fixes = fixes[order]
    known = Smoothing(roads=roads_in_degrees())
    whole, before = Tracker(smoothing=known), Tracker(smoothing=known)
    whole.apply(fixes[:100], LATER_US)
    before.apply(fixes[:100], LATER_US)
    after = Tracker.restore(before.state(), smoothing=known)
    first, second = whole.apply(fixes[100:], LATER_US), after.apply(fixes[100:], LATER_US)
    for name in JUDGED.names or ():
        assert first[name].tolist() == second[name].tolist()


@pytest.mark.parametrize("wrong", [b"", b"\x93NUMPY", b"nothing of the kind" * 9])
def test_what_is_no_state_is_refused(wrong: bytes) -> None:
    with pytest.raises(ValueError):
        Tracker.restore(wrong)


def test_a_device_that_is_forgotten_begins_anew() -> None:
    tracker = Tracker()
    tracker.apply(fix_rows([0], device=3), LATER_US)
    tracker.forget(np.array([3]))
    assert verdicts(tracker.apply(fix_rows([1], 90_000, device=3), LATER_US)) == [Verdict.GOOD]


def test_an_alarm_is_told_whatever_becomes_of_its_position() -> None:
    fixes = fix_rows(np.arange(5), [0, 10, 90_000, 0, 0], alarm=1)
    fixes["status"][3], fixes["lon_e7"][4], fixes["lat_e7"][4] = 0, 0, 0
    judged = one_by_one(Tracker(), fixes)
    assert len(judged) == 5 and verdicts(judged)[2:] == [Verdict.JUMP, Verdict.NO_FIX, Verdict.ZERO]
    assert (off_m(judged[2:], np.repeat(fixes[1:2], 3)) < 20.0).all() and judged["doubted"][2:].all()


def test_nobody_knows_where_a_device_is_that_never_had_a_fix() -> None:
    judged = Tracker().apply(fix_rows([0], status=0), LATER_US)
    assert (judged["lon_e7"][0], judged["accuracy_dm"][0], judged["verdict"][0]) == (NO_NUMBER, NO_NUMBER, Verdict.NO_FIX)


def test_under_a_roof_the_last_place_stands_ever_less_sure() -> None:
    fixes = on_the_grid(80)
    fixes["status"][40:60] = 2
    judged = one_by_one(Tracker(), fixes)
    assert (np.diff(judged["accuracy_dm"][39:60]) > 0).all() and judged["doubted"][40:60].all()
    assert len({(int(one["lon_e7"]), int(one["lat_e7"])) for one in judged[39:60]}) == 1
    assert (off_m(judged, fixes)[40:60] <= judged["accuracy_dm"][40:60] / 10).all()


def test_gcj02_is_found_against_roads_and_corrected_and_the_raw_is_not_touched() -> None:
    truth = on_the_grid(180)
    shifted = in_gcj02(truth)
    untouched = shifted.copy()
    tracker = Tracker(smoothing=Smoothing(roads=roads_in_degrees()))
    judged = one_by_one(tracker, shifted)
    found = np.flatnonzero(judged["verdict"] == Verdict.GCJ02)
    assert 0 < found[0] < 140 and len(found) == len(truth) - found[0]
    assert (off_m(judged, truth)[found[0] :] < 15.0).all() and not judged["doubted"][found].any()
    assert shifted.tobytes() == untouched.tobytes() and int(tracker.rows["weighed"][0]) >= 6


def test_a_device_on_roads_in_wgs84_is_never_taken_for_gcj02() -> None:
    judged = one_by_one(Tracker(smoothing=Smoothing(roads=roads_in_degrees())), on_the_grid(180))
    assert set(verdicts(judged)) == {Verdict.GOOD}


def test_gcj02_is_found_where_a_device_is_known_to_stand() -> None:
    truth = fix_rows(np.arange(60) * 10.0, speed_dkmh=0, status=1)
    tracker = Tracker()
    tracker.stands_at(np.array([0]), np.array([LON_E7], np.int32), np.array([LAT_E7], np.int32))
    judged = one_by_one(tracker, in_gcj02(truth))
    assert judged["verdict"][-1] == Verdict.GCJ02 and off_m(judged[-1:], truth[-1:])[0] < 1.0


def test_swapped_axes_are_shown_where_the_device_is() -> None:
    truth = on_the_grid(40)
    swapped = truth.copy()
    swapped["lon_e7"][20:], swapped["lat_e7"][20:] = truth["lat_e7"][20:], truth["lon_e7"][20:]
    judged = one_by_one(Tracker(), swapped)
    assert set(verdicts(judged[20:])) == {Verdict.SWAPPED} and (off_m(judged, truth) < 10.0).all()


def test_a_clock_of_2035_or_1999_moves_nobody_out_of_time() -> None:
    truth = on_the_grid(60)
    for year in (1999, 2035):
        wrong = truth.copy()
        wrong["fix_us"][20:30] += (year - 2026) * 365 * 86_400_000_000
        judged = one_by_one(Tracker(), wrong)
        assert (judged["time_us"] == truth["received_us"]).all() and (off_m(judged, truth) < 12.0).all()


def test_a_parked_vehicle_stays_and_leaves_when_it_leaves() -> None:
    rng = np.random.default_rng(3)
    parked = fix_rows(np.arange(200) * 10.0, rng.normal(0, 9, 200), rng.normal(0, 9, 200), speed_dkmh=rng.integers(0, 12, 200), status=1)
    parked["status"][0] = 3
    at = np.arange(60)
    leaves = fix_rows(2000.0 + at, at * 8.0, 0.0, speed_dkmh=288, heading_cdeg=9000, status=3)
    judged = one_by_one(Tracker(), np.concatenate([parked, leaves]))
    places = metres_of(judged["lon_e7"], judged["lat_e7"])
    assert np.ptp(places[30:200], axis=0).max() < 6.0 and not judged["moving"][20:200].any()
    assert Verdict.PARKED_DRIFT in verdicts(judged[:200])
    assert judged["moving"][205:].all() and np.hypot(*(places[210:] - np.stack([at[10:] * 8.0, 0 * at[10:]], axis=1)).T).max() < 12.0


def test_a_vehicle_that_is_towed_is_found_where_it_was_taken() -> None:
    stays = fix_rows(np.arange(100) * 10.0, speed_dkmh=0, status=1)
    stays["status"][0] = 3
    taken = fix_rows(4000.0 + np.arange(40) * 10.0, 900.0, 300.0, speed_dkmh=0, status=1)
    judged = one_by_one(Tracker(), np.concatenate([stays, taken]))
    assert np.hypot(*(metres_of(judged["lon_e7"][-1:], judged["lat_e7"][-1:])[0] - (900.0, 300.0))) < 1.0


def test_a_long_way_keeps_its_metres() -> None:
    """A frame of its own for each device follows it: 200 km north-east, no error grows."""
    at = np.arange(300)
    fixes = fix_rows(at * 30.0, at * 500.0, at * 440.0, speed_dkmh=round(22.2 * 36), heading_cdeg=4865, status=3)
    assert (off_m(one_by_one(Tracker(), fixes), fixes)[5:] < 25.0).all()


def test_across_the_date_line_nothing_jumps() -> None:
    at = np.arange(40)
    fixes = fix_rows(at, speed_dkmh=360, heading_cdeg=9000, status=3)
    lon = 1_799_990_000 + at * 1_000
    fixes["lon_e7"], fixes["lat_e7"] = np.where(lon > 1_800_000_000, lon - 3_600_000_000, lon), 0
    fixes["lat_e7"] = 170_000_000
    judged = one_by_one(Tracker(), fixes)
    apart = (judged["lon_e7"].astype(np.int64) - fixes["lon_e7"] + 1_800_000_000) % 3_600_000_000 - 1_800_000_000
    assert set(verdicts(judged)) == {Verdict.GOOD} and np.abs(apart).max() < 1_500


def test_late_fixes_stand_where_they_say_and_move_nothing() -> None:
    live = on_the_grid(60)
    late = fix_rows([10.5], 500.0, 500.0, status=5)
    late["received_us"] = START_US + 3_600_000_000
    tracker, beside = Tracker(), Tracker()
    one_by_one(tracker, live[:50])
    one_by_one(beside, live[:50])
    judged = tracker.apply(late, LATER_US)
    assert verdicts(judged) == [Verdict.LATE] and off_m(judged, late)[0] < 0.1 and not judged["smoothed"][0]
    assert one_by_one(tracker, live[50:]).tobytes() == one_by_one(beside, live[50:]).tobytes()


def test_a_backlog_of_hundreds_moves_nothing_wherever_it_lies_in_the_array() -> None:
    live = on_the_grid(40)
    kept = fix_rows(-np.arange(3_000.0, 2_700.0, -1.0), 500.0, 500.0, status=5)
    kept["received_us"], kept["status"][7] = START_US, 4
    mixed, alone = Tracker(), Tracker()
    judged = mixed.apply(np.concatenate([live[:20], kept, live[20:]]), LATER_US)
    assert np.concatenate([judged[:20], judged[-20:]]).tobytes() == alone.apply(live, LATER_US).tobytes()
    assert set(verdicts(judged[20:-20])) == {Verdict.LATE, Verdict.NO_FIX} and mixed.state() == alone.state()


def test_nothing_taken_in_is_nothing_said() -> None:
    assert len(Tracker().apply(fix_rows(np.zeros(0)), LATER_US)) == 0
    assert len(Tracker(smoothing=Smoothing(roads=Roads.of(np.zeros((0, 4))))).apply(on_the_grid(5), LATER_US)) == 5


def test_fixes_are_judged_the_same_whether_or_not_another_device_beside_them_says_nothing_of_use() -> None:
    """Where all are used they are judged in place, else in a copy."""
    moments = [np.concatenate([on_the_grid(120, device=device)[at : at + 1] for device in range(6)]) for at in range(120)]
    roads = Smoothing(roads=roads_in_degrees())
    alone, beside = Tracker(smoothing=roads), Tracker(smoothing=roads)
    for at, fixes in enumerate(moments):
        fixes["lon_e7"] += np.random.default_rng(at).integers(-300, 300, len(fixes))
        more = np.append(fixes, fix_rows([float(at)], device=6, status=0))
        assert beside.apply(more, LATER_US)[:-1].tobytes() == alone.apply(fixes, LATER_US).tobytes()
