"""A road draws what follows it, and nothing else."""

import numpy as np
from numpy.typing import NDArray

from sensors.noise import gauss_markov
from sensors.roads import NO_ROAD, Roads
from sensors.smoothing_rts import SmoothedTrack, Track, smooth_tracks

ROAD = np.array([[0.0, 0.0, 5000.0, 0.0]])


def driven(
    xy: NDArray[np.float64],
    way: NDArray[np.float64],
    roads: NDArray[np.float64],
    *,
    offset: tuple[float, float] = (0.0, 0.0),
    seed: int = 1,
) -> SmoothedTrack:
    """A second between fixes, open sky, a constant error beside it."""
    seconds = np.arange(len(xy), dtype=np.float64)
    said = xy + gauss_markov(seconds, 3.0, 30.0, np.random.default_rng(seed)) + offset
    velocity = way + np.random.default_rng(seed).normal(0, 0.1, (len(xy), 2))
    track = Track(time_us=(seconds * 1e6).astype(np.int64) + 10**15, xy=said, velocity=velocity, fixed=np.ones(len(xy), dtype=bool))
    return smooth_tracks([track], Roads.of(roads))[0]


def along(count: int, *, beside: float = 0.0, speed: float = 10.0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    xy = np.stack([np.arange(count) * speed, np.full(count, beside)], axis=1)
    return xy, np.tile([speed, 0.0], (count, 1))


def test_a_vehicle_that_follows_a_road_is_drawn_to_it() -> None:
    xy, way = along(120)
    on = driven(xy, way, ROAD, offset=(0.0, 6.0))
    assert np.abs(on.xy[20:, 1]).max() < 4.0 and (on.road[20:] == 0).all()


def test_a_vehicle_in_a_yard_beside_the_road_is_left_there() -> None:
    xy, way = along(120, beside=30.0, speed=4.0)
    off = driven(xy, way, ROAD)
    assert np.abs(off.xy[20:, 1] - 30.0).max() < 6.0 and (off.road == NO_ROAD).all()


def test_a_vehicle_that_crosses_a_road_is_not_drawn_along_it() -> None:
    xy = np.stack([np.full(80, 700.0), np.arange(80) * 10.0 - 400.0], axis=1)
    across = driven(xy, np.tile([0.0, 10.0], (80, 1)), ROAD)
    assert np.abs(across.xy[10:] - xy[10:]).max() < 8.0 and (across.road == NO_ROAD).all()


def test_between_two_roads_that_are_as_likely_neither_is_taken() -> None:
    xy, way = along(120, beside=9.0)
    between = driven(xy, way, np.array([[0.0, 0.0, 5000.0, 0.0], [0.0, 18.0, 5000.0, 18.0]]))
    assert np.abs(between.xy[20:, 1] - 9.0).max() < 7.0


def test_where_the_road_ends_its_follower_goes_on() -> None:
    xy, way = along(120)
    ends = driven(xy, way, np.array([[0.0, 0.0, 600.0, 0.0]]))
    assert (ends.road[10:55] == 0).all() and (ends.road[75:] == NO_ROAD).all()
    assert np.abs(ends.xy[-20:, 0] - xy[-20:, 0]).max() < 8.0


def test_no_roads_at_all_change_nothing() -> None:
    xy, way = along(60)
    assert np.allclose(driven(xy, way, np.zeros((0, 4))).xy, driven(xy, way, ROAD + 50_000.0).xy)
