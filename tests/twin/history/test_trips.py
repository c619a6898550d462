"""Trips and stops of a track made by hand: 10 minutes parked, 3 km east, 5 minutes at a bay, 1 km on, silence there."""

import numpy as np
import pytest

from twin.history.trips import steps_m, trips_of

START = 1_795_700_000_000_000
LON, LAT = 119.2946, 26.0896
DEGREE_M = 6_371_008.8 * np.radians(1.0) * np.cos(np.radians(LAT))


def track(parts: list[tuple[float, float, float]], step_s: float = 10.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Parts of (seconds, metres east at the begin, at the end); one point a step."""
    times, east = [], []
    for seconds, first, last in parts:
        count = round(seconds / step_s)
        begin = times[-1] if times else 0.0
        times += [begin + step_s * (i + 1) for i in range(count)]
        east += [first + (last - first) * (i + 1) / count for i in range(count)]
    lon_lat = np.column_stack([LON + np.array(east) / DEGREE_M, np.full(len(east), LAT)])
    speed = np.append(np.abs(np.diff(east)) / step_s * 3.6, 0.0)
    return START + (np.array(times) * 1e6).astype(np.int64), lon_lat, speed


DAY = [(600.0, 0.0, 0.0), (300.0, 0.0, 3000.0), (300.0, 3000.0, 3000.0), (100.0, 3000.0, 4000.0), (600.0, 4000.0, 4000.0)]


def test_trips_lie_between_stops_with_their_times_and_lengths() -> None:
    time_us, lon_lat, speed = track(DAY)
    trips, stops = trips_of(time_us, lon_lat, speed)
    assert [round((one.end_us - one.start_us) / 1e6) for one in stops] == pytest.approx([590, 300, 600], abs=10)
    assert [one.distance_m for one in trips] == pytest.approx([3000.0, 1000.0], abs=1.0)
    assert [(one.end_us - one.start_us) / 1e6 for one in trips] == pytest.approx([300, 100], abs=10)
    assert [one.is_open for one in trips] == [(False, False), (False, False)]
    assert trips[0].speed_max_kmh == pytest.approx(36.0)


def test_a_wait_below_three_minutes_is_no_stop_and_shunting_is_no_trip() -> None:
    waits = [(600.0, 0.0, 0.0), (100.0, 0.0, 1000.0), (170.0, 1000.0, 1000.0), (100.0, 1000.0, 2000.0), (600.0, 2000.0, 2000.0)]
    trips, stops = trips_of(*track(waits))
    assert (len(trips), len(stops)) == (1, 2) and trips[0].distance_m == pytest.approx(2000.0, abs=1.0)
    trips, stops = trips_of(*track([(600.0, 0.0, 0.0), (30.0, 0.0, 60.0), (600.0, 60.0, 60.0)]))
    assert (len(trips), len(stops)) == (0, 1)


def test_silence_where_it_stands_is_a_stop_and_silence_on_the_way_is_told() -> None:
    time_us, lon_lat, speed = track(DAY)
    gone = np.ones(len(time_us), dtype=bool)
    gone[95:118] = False  # parked at the bay with its ignition off
    trips, stops = trips_of(time_us[gone], lon_lat[gone], speed[gone])
    assert (len(trips), len(stops)) == (2, 3) and sum(one.unheard_s for one in trips) == 0
    gone = np.ones(len(time_us), dtype=bool)
    gone[62:118] = False
    trips, _ = trips_of(time_us[gone], lon_lat[gone], speed[gone])
    assert sum(one.distance_m for one in trips) == pytest.approx(4000.0, abs=1.0)
    assert sum(one.unheard_s for one in trips) == pytest.approx(570, abs=10)


def test_late_points_change_the_trips_and_a_track_that_begins_or_ends_on_the_way_is_open() -> None:
    time_us, lon_lat, speed = track(DAY)
    half = slice(75, 105)
    trips, _ = trips_of(time_us[half], lon_lat[half], speed[half])
    assert [one.is_open[0] for one in trips] == [True]
    assert trips_of(time_us[:0], lon_lat[:0], speed[:0]) == ([], [])
    assert steps_m(lon_lat).sum() == pytest.approx(4000.0, abs=1.0)


def test_noise_of_a_parked_terminal_is_no_trip() -> None:
    rng = np.random.default_rng(7)
    time_us, lon_lat, speed = track([(6 * 3600.0, 0.0, 0.0)])
    noisy = lon_lat + rng.normal(0, 5.0, lon_lat.shape) / DEGREE_M
    trips, stops = trips_of(time_us, noisy, speed)
    assert (len(trips), len(stops)) == (0, 1)
