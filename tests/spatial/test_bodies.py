"""Rooms as columns against brute force: random storeys with holes, attics, points on walls and slabs, balls."""

from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial.bodies import Bodies
from spatial.cells import Cells
from spatial.errors import SpatialError
from spatial.solid import Solids, is_closed, is_prism
from tests.spatial.brute import gable, holds, prism_mesh, surface_distance, winding

Scene = tuple[list[Any], list[tuple[float, float]]]


def scene(seed: int, rooms: int = 60) -> Scene:
    """Rooms of all shapes on three floors: boxes, rings, L-shapes, turned; neighbours share walls; some pass floors."""
    rng = np.random.default_rng(seed)
    footprints: list[Any] = []
    z_ranges: list[tuple[float, float]] = []
    for i in range(rooms):
        x, y = float(i % 8) * 4, float(i // 8 % 4) * 4
        shape = shapely.box(x, y, x + 4, y + 4)
        if i % 5 == 1:
            shape = shape.difference(shapely.box(x + 1, y + 1, x + 2, y + 3))
        if i % 5 == 2:
            shape = shape.difference(shapely.box(x + 2, y + 2, x + 4, y + 4))
        if i % 7 == 3:
            shape = shapely.affinity.rotate(shape, float(rng.integers(1, 90)))
        floor = float(i // 32) * 3
        footprints.append(shape)
        z_ranges.append((floor, floor + (9.0 if i % 11 == 0 else 3.0)))
    footprints.append(shapely.box(-5, -5, 40, 30))
    z_ranges.append((0.0, 3.0))
    return footprints, z_ranges


def points_of(seed: int, count: int) -> Any:
    """Half anywhere, half on the grid of walls, corners and slabs."""
    rng = np.random.default_rng(seed)
    anywhere = rng.uniform((-6, -6, -1), (36, 22, 10), (count // 2, 3))
    on_walls = rng.integers((-2, -2, -1), (36, 20, 11), (count - count // 2, 3)).astype(float)
    return np.concatenate([anywhere, on_walls])


def pairs_of(found: Any) -> set[tuple[int, int]]:
    pairs = list(zip(found[0].tolist(), found[1].tolist(), strict=True))
    assert len(pairs) == len(set(pairs))
    return set(pairs)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_points_in_prisms_agree_with_brute_force_on_walls_and_slabs_too(seed: int) -> None:
    footprints, z_ranges = scene(seed)
    bodies, points = Bodies.build(footprints, np.array(z_ranges)), points_of(seed, 400)
    expected = {(k, i) for k, point in enumerate(points) for i in range(len(footprints)) if holds(footprints[i], z_ranges[i], point)}
    assert pairs_of(bodies.holding(points)) == expected
    assert len(expected) > 200


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.5, 500), st.floats(-2000, 2000))
def test_boxes_of_any_size_are_found_wherever_they_lie(seed: int, size: float, away: float) -> None:
    rng = np.random.default_rng(seed)
    low = rng.uniform(-size, size, (80, 3)) + away
    boxes = np.stack([low, low + rng.exponential(size / 4, (80, 3))], axis=1)
    points = np.concatenate([rng.uniform(-size, 2 * size, (60, 3)) + away, boxes[:20, 1], boxes[20:40, 0]])
    inside = (boxes[None, :, 0] <= points[:, None]) & (points[:, None] <= boxes[None, :, 1])
    cells = Cells.build(boxes)
    assert pairs_of(cells.at_points(points)) == set(zip(*np.nonzero(inside.all(axis=2)), strict=True))
    reach = rng.exponential(size / 3, (len(points), 1))
    a, b = points - reach, points + reach
    a[:5, 2], b[:5, 2] = -np.inf, np.inf
    meets = (boxes[None, :, 0] <= b[:, None]) & (boxes[None, :, 1] >= a[:, None])
    assert pairs_of(cells.meeting(a, b)) == set(zip(*np.nonzero(meets.all(axis=2)), strict=True))


def test_an_attic_holds_what_is_under_its_roof_and_no_more() -> None:
    roof = gable(2, 1, 10, 6, 3.0, 6.0)
    bodies = Bodies.build([shapely.box(2, 1, 12, 7)], np.array([[3.0, 6.0]]), {0: roof})
    points = np.random.default_rng(5).uniform((1, 0, 2), (13, 8, 7), (2000, 3))
    away = surface_distance(roof, points) > 1e-4
    inside = winding(roof, points) > 0.5
    found = np.zeros(len(points), dtype=bool)
    found[bodies.holding(points)[0]] = True
    assert (found == inside)[away].all()
    assert 0.15 < inside.mean() < 0.35
    on = {"floor": (7, 3, 3.0), "ridge": (7, 4, 6.0), "gable wall": (2, 4, 4.0), "eaves": (7, 1, 3.0), "under the ridge": (7, 4, 5.999)}
    held = {name for name, point in on.items() if len(bodies.holding(np.array([point], dtype=float))[0])}
    assert held == {"floor", "gable wall", "eaves", "under the ridge"}, "its floor to the edge is its own"


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_a_prism_given_as_a_solid_holds_the_same_points(seed: int) -> None:
    """Points on the lattice of its corners and edges too: the two tests have nothing in common but the rule."""
    rng = np.random.default_rng(seed)
    shape = shapely.box(0, 0, 6, 5).difference(shapely.box(1, 1, 3, 4))
    mesh = prism_mesh(shape, (0.0, 3.0))
    assert mesh.is_watertight and is_closed(mesh.triangles) and is_prism(mesh.triangles)
    points = np.concatenate([rng.integers((-1, -1, -1), (8, 7, 5), (60, 3)).astype(float), rng.uniform(-1, 7, (60, 3))])
    expected = [holds(shape, (0.0, 3.0), point) for point in points]
    held = Solids.of([mesh.triangles]).hold(np.zeros(len(points), dtype=np.int64), points)
    assert held.tolist() == expected


def test_what_is_no_prism_and_what_is_not_closed() -> None:
    roof = gable(0, 0, 4, 4, 0, 3)
    assert is_closed(roof) and not is_prism(roof)
    assert not is_closed(roof[1:])
    leaning = prism_mesh(shapely.box(0, 0, 4, 4), (0.0, 3.0)).triangles.copy()
    leaning[leaning[:, :, 2] == 3.0] += [1.0, 0.0, 0.0]
    assert not is_prism(leaning), "area × height is the volume of a leaning solid too"


@pytest.mark.parametrize("radius", [0.25, 1.0, 3.0])
def test_balls_agree_with_distances_to_walls_floors_and_ceilings(radius: float) -> None:
    footprints, z_ranges = scene(4)
    roof = gable(0, 30, 8, 6, 0, 3)
    footprints, z_ranges = [*footprints, shapely.box(0, 30, 8, 36)], [*z_ranges, (0.0, 3.0)]
    attic = len(footprints) - 1
    bodies = Bodies.build(footprints, np.array(z_ranges), {attic: roof})
    points = np.random.default_rng(6).uniform((-6, -6, -1), (36, 37, 10), (120, 3))
    meets, wholly = set(), set()
    for k, point in enumerate(points):
        for i, (shape, (low, high)) in enumerate(zip(footprints, z_ranges, strict=True)):
            at = shapely.Point(point[0], point[1])
            depth = min(shape.boundary.distance(at), point[2] - low, high - point[2]) if holds(shape, (low, high), point) else -1.0
            far = float(np.hypot(shape.distance(at), max(low - point[2], point[2] - high, 0.0)))
            if i == attic:
                edge = float(surface_distance(roof, point[None])[0])
                within = winding(roof, point[None])[0] > 0.5
                far, depth = (0.0, edge) if within else (edge, -1.0)
            if far <= radius:
                meets.add((k, i))
            if depth >= radius:
                wholly.add((k, i))
    reach = bodies.reach(points, np.full(len(points), radius))
    assert pairs_of((reach.point, reach.row)) == meets
    assert pairs_of((reach.point[reach.wholly], reach.row[reach.wholly])) == wholly
    assert any(i == attic for _, i in meets)


def test_a_point_without_a_height_meets_every_floor() -> None:
    footprints, z_ranges = scene(7)
    bodies = Bodies.build(footprints, np.array(z_ranges))
    reach = bodies.reach(np.array([[1.0, 0.5, np.nan]]), np.zeros(1))
    assert set(reach.row.tolist()) == {i for i, shape in enumerate(footprints) if shape.intersects(shapely.Point(1, 0.5))}
    assert not reach.wholly.any()


def test_the_innermost_is_the_smallest_and_of_equals_the_first() -> None:
    shapes = [shapely.box(0, 0, 9, 9), shapely.box(0, 0, 4, 4), shapely.box(4, 0, 8, 4)]
    bodies = Bodies.build(shapes, np.array([[0, 3]] * 3))
    points = np.array([[4.0, 1, 1], [8.5, 1, 1], [6, 1, 1], [20, 1, 1]])
    assert bodies.innermost(bodies.holding(points), 4).tolist() == [1, 0, 2, -1]
    assert bodies.innermost(bodies.holding(points), 4, np.array([True, False, False])).tolist() == [0, 0, 0, -1]


@pytest.mark.parametrize("z_range", [(3.0, 0.0), (0.0, np.nan)])
def test_a_body_upside_down_or_without_heights_is_refused(z_range: tuple[float, float]) -> None:
    with pytest.raises(SpatialError):
        Bodies.build([shapely.box(0, 0, 1, 1)], np.array([z_range]))
