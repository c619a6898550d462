"""Simulated vehicles: on their roads, as a car can move, through gates where and when they really cross them."""

import itertools

import numpy as np
import pytest
import shapely

from sensors.noise import Environment
from sensors.simulate_path import ASIDE_M_S2, BRAKE_M_S2, PULL_M_S2, path_of
from sensors.simulate_place import crossings
from sensors.simulate_vehicle import Drive, Driver, Passage, Report, reports_of
from tests.sensors.compound_made import compound

COMPOUND = compound()
SEEDS = range(12)


def drives(seed: int, until_s: float = 2000.0) -> list[Drive]:
    driver = Driver(COMPOUND, np.random.default_rng(seed))
    found = [driver.drive()]
    while driver.until_s < until_s:
        found.append(driver.drive())
    return found


def said(seed: int, until_s: float = 2000.0) -> list[Report | Passage]:
    found = []
    for one in reports_of(COMPOUND, Driver(COMPOUND, np.random.default_rng(seed)), np.random.default_rng(seed + 100)):
        if one.at_s > until_s:
            return found
        found.append(one)
    raise AssertionError("it ends")


@pytest.mark.parametrize("seed", SEEDS)
def test_a_vehicle_never_leaves_the_surface_of_its_roads_and_keeps_to_the_right(seed: int) -> None:
    driven = [road for road in COMPOUND.streets.roads if road.driven]
    surface = shapely.union_all([shapely.LineString(road.line).buffer(road.width_m / 2) for road in driven])
    lines = shapely.MultiLineString([road.line for road in driven])
    for drive in drives(seed):
        points = shapely.points(drive.ride.path.xy)
        assert shapely.covers(surface, points).all()
        assert np.median(shapely.distance(lines, points)) <= 2.0


@pytest.mark.parametrize("seed", SEEDS)
def test_speed_pull_brake_and_turns_are_those_of_a_calm_driver(seed: int) -> None:
    for drive in drives(seed):
        ride = drive.ride
        steps, took = np.diff(ride.path.along), np.diff(ride.seconds)
        assert (took > 0).all()
        assert (ride.m_per_s <= ride.path.most_m_s + 1e-9).all()
        gained = np.diff(ride.m_per_s) / took
        assert gained.max() <= PULL_M_S2 + 1e-6
        assert gained.min() >= -BRAKE_M_S2 - 1e-6
        assert np.allclose(steps, (ride.m_per_s[1:] + ride.m_per_s[:-1]) / 2 * took, atol=1e-6)
        turned = np.abs(np.diff(np.unwrap(np.radians(ride.path.heading_deg)))) / np.maximum(steps, 1e-3)
        fast = ride.m_per_s[1:] > 1.5
        assert (ride.m_per_s[1:][fast] ** 2 * turned[fast]).max(initial=0.0) <= 1.5 * ASIDE_M_S2


def test_the_next_drive_begins_where_the_last_ended() -> None:
    for seed in SEEDS:
        all_drives = drives(seed)
        for before, after in itertools.pairwise(all_drives):
            assert np.hypot(*(before.ride.path.xy[-1] - after.ride.path.xy[0])) < 0.1
            assert after.ride.seconds[0] == before.until_s > before.ride.seconds[-1]


def test_a_passage_is_told_when_and_where_the_gate_is_crossed_and_nowhere_else() -> None:
    counted = 0
    inside = COMPOUND.ground
    for seed in SEEDS:
        for drive in drives(seed):
            path = drive.ride.path.xy
            within = shapely.contains_xy(inside, path[:, 0], path[:, 1])
            assert len(drive.passages) == np.count_nonzero(np.diff(within))
            for one in drive.passages:
                gate = COMPOUND.gates[one.gate]
                place, speed, *_ = drive.ride.at(np.array([one.at_s]))
                assert np.hypot(*(place[0] - gate.xy)) <= gate.width_m / 2
                assert speed[0] <= 2.6
                later = drive.ride.at(np.array([one.at_s + 2.0]))[0][0]
                assert one.direction == ("in" if inside.contains(shapely.Point(later)) else "out")
                counted += 1
    assert counted > 20


def test_in_and_out_alternate_for_a_vehicle() -> None:
    for seed in SEEDS:
        directions = [one.direction for one in said(seed) if isinstance(one, Passage)]
        assert all(a != b for a, b in itertools.pairwise(directions))


def test_the_same_seed_says_the_same_and_another_something_else() -> None:
    assert said(3) == said(3)
    assert said(3) != said(4)


@pytest.mark.parametrize("seed", SEEDS)
def test_reports_are_in_order_at_whole_seconds_with_the_truth_beside_them(seed: int) -> None:
    everything = said(seed)
    moments = [one.at_s for one in everything]
    assert moments == sorted(moments)
    reports = [one for one in everything if isinstance(one, Report)]
    assert all(one.at_s == int(one.at_s) for one in reports)
    assert np.diff([one.at_s for one in reports]).min() >= 1
    assert np.diff([one.at_s for one in reports]).max() <= 30
    apart = np.array([np.hypot(one.xy[0] - one.true_xy[0], one.xy[1] - one.true_xy[1]) for one in reports])
    assert 1.0 < np.median(apart) < 25.0


def test_an_honest_heading_is_where_the_vehicle_goes() -> None:
    for seed in SEEDS:
        reports = [one for one in said(seed) if isinstance(one, Report) and one.ignition]
        off = []
        for before, after in itertools.pairwise(reports):
            way = np.array(after.true_xy) - before.true_xy
            if after.at_s - before.at_s <= 2 and np.hypot(*way) > 6:
                bearing = np.degrees(np.arctan2(*way)) % 360
                off.append(abs((before.heading_deg - bearing + 180) % 360 - 180))
        if off:
            assert np.median(off) < 5


def test_under_a_roof_there_is_no_fix_and_beside_a_tall_house_the_sky_is_narrow() -> None:
    told = COMPOUND.built.environment(np.array([[0.0, 0.0], [70.0, 40.0], [-160.0, 0.0]]))
    assert told.tolist() == [Environment.OPEN, Environment.CANYON, Environment.ROOF]
    dark = [one for seed in SEEDS for one in said(seed, 4000.0) if isinstance(one, Report) and not one.fixed]
    assert dark
    assert all(-166 < one.true_xy[0] < -154 and abs(one.true_xy[1]) < 21 for one in dark)


def test_the_link_is_down_now_and_then() -> None:
    down = [not one.linked for seed in SEEDS for one in said(seed, 4000.0) if isinstance(one, Report)]
    assert 0.01 < np.mean(down) < 0.15


def test_a_path_in_a_straight_street_through_a_gate_crosses_it_once() -> None:
    streets = COMPOUND.streets
    begin, end = streets.nearest(np.array([0.0, -160.0])), streets.nearest(np.array([0.0, -70.0]))
    arcs = streets.way(begin, end)
    assert arcs is not None
    (one,) = crossings(path_of(streets, arcs).xy, COMPOUND.gates)
    assert (COMPOUND.gates[one.gate].key, one.direction) == ("S", "in")
