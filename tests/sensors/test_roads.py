"""Segments near points: the same as measured one by one."""

import numpy as np
import pytest
import shapely

from sensors.errors import RoadsInvalid
from sensors.roads import Roads


@pytest.mark.parametrize("seed", range(5))
def test_what_is_near_is_what_shapely_measures(seed: int) -> None:
    rng = np.random.default_rng(seed)
    start = rng.uniform(-500, 500, (300, 2))
    lines = np.column_stack([start, start + rng.normal(0, 60, (300, 2))])
    points = rng.uniform(-600, 600, (200, 2))
    distance = shapely.distance(shapely.points(points)[:, None], shapely.linestrings(lines.reshape(-1, 2, 2))[None])
    near = Roads.of(lines, reach_m=60.0).near(points)
    found = dict(zip(zip(near.point.tolist(), near.segment.tolist(), strict=True), near.distance_m.tolist(), strict=True))
    assert set(found) == set(map(tuple, np.argwhere(distance <= 60.0).tolist()))
    assert all(abs(distance[pair] - metres) < 1e-9 for pair, metres in found.items())


def test_degrees_are_measured_in_the_metres_of_where_the_point_lies() -> None:
    roads = Roads.of(np.array([[119.0, 26.0, 119.01, 26.0]]), metres_per_unit=(100_000.0, 110_000.0))
    near = roads.near(np.array([[119.005, 26.0001]]), np.array([[100_000.0, 110_000.0]]))
    assert near.distance_m == pytest.approx([11.0]) and near.foot[0] == pytest.approx([0.0, -11.0], abs=1e-6)


def test_no_roads_and_no_points_are_nothing_near() -> None:
    assert len(Roads.of(np.zeros((0, 4))).near(np.zeros((3, 2))).point) == 0
    assert len(Roads.of(np.array([[0.0, 0, 9, 9]])).near(np.zeros((0, 2))).point) == 0


@pytest.mark.parametrize("line", [[0.0, 0.0, np.nan, 1.0], [0.0, 0.0, 1e9, 1e9]])
def test_lines_that_cannot_be_searched_are_refused(line: list[float]) -> None:
    with pytest.raises(RoadsInvalid):
        Roads.of(np.array([line]))
