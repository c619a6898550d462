"""Points by the million against numpy's plain comparison: boxes, infinite ends, the nearest of those that count."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial.errors import SpatialError
from spatial.points import Points


def cloud(seed: int, count: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Points on a lattice and between, one far away, some nowhere."""
    rng = np.random.default_rng(seed)
    points = np.concatenate([rng.integers(-20, 20, (count // 2, 3)).astype(float), rng.normal(0, 200, (count - count // 2, 3))])
    points[3] = [0, 0, 9000]
    points[5::50] = np.nan
    return points


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.1, 300))
def test_a_box_holds_what_lies_between_its_corners(seed: int, size: float) -> None:
    points, rng = cloud(seed, 400), np.random.default_rng(seed)
    built = Points.build(points)
    low = np.round(rng.normal(0, 50, 3))
    for a, b in ((low, low + size), (low, low), (np.array([*low[:2], -np.inf]), np.array([*(low[:2] + size), np.inf]))):
        inside = np.flatnonzero(((points >= a) & (points <= b)).all(axis=1))
        assert sorted(built.in_box(a, b).tolist()) == inside.tolist()
    everything = built.in_box([-np.inf] * 3, [np.inf] * 3)
    assert sorted(everything.tolist()) == np.flatnonzero(~np.isnan(points[:, 0])).tolist()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 40))
def test_the_nearest_are_the_first_of_all_sorted(seed: int, k: int) -> None:
    points, rng = cloud(seed, 200), np.random.default_rng(seed)
    built, asked = Points.build(points), rng.normal(0, 300, 3)
    among = rng.random(len(points)) < 0.3
    distance = np.linalg.norm(points - asked, axis=1)
    for mask in (None, among):
        there = np.flatnonzero(~np.isnan(distance) & (True if mask is None else mask))
        order = there[np.lexsort((there, distance[there]))][:k]
        rows, metres = built.nearest(asked, k, mask)
        assert rows.tolist() == order.tolist()
        assert np.allclose(metres, distance[order])


def test_none_and_no_number_of_them() -> None:
    empty = Points.build(np.zeros((0, 3)))
    assert len(empty) == 0 and empty.in_box([-1] * 3, [1] * 3).tolist() == []
    assert empty.nearest([0, 0, 0], 3)[0].tolist() == []
    with pytest.raises(SpatialError):
        empty.nearest([0, 0, 0], 0)


def test_two_boxes_part_what_is_certainly_within_from_what_is_to_be_looked_at() -> None:
    rng = np.random.default_rng(12)
    xyz = np.round(rng.uniform(-40, 40, (4_000, 3)) / [1, 1, 8], 1)
    points = Points.build(xyz)
    for _ in range(200):
        ends = np.sort(np.round(rng.uniform(-50, 50, (4, 3)) / [1, 1, 8], 1), axis=0)
        ends[0, rng.random(3) < 0.2], ends[3, rng.random(3) < 0.2] = -np.inf, np.inf
        low, within, beyond, high = ends
        if rng.random() < 0.1:
            within, beyond = np.full(3, np.inf), np.full(3, -np.inf)
        certain, doubtful = points.in_boxes((low, high), (within, beyond))
        inner = ((xyz > within) & (xyz < beyond)).all(axis=1)
        outer = ((xyz >= low) & (xyz <= high)).all(axis=1)
        assert set(certain.tolist()) == set(np.flatnonzero(inner & outer)) and len(certain) == np.count_nonzero(inner & outer)
        assert set(doubtful.tolist()) == set(np.flatnonzero(outer & ~inner)) and len(doubtful) == np.count_nonzero(outer & ~inner)
