"""Room shapes against areas and volumes one can compute by hand."""

from itertools import pairwise

import numpy as np
import pytest
import shapely
import trimesh
from numpy.typing import NDArray

from bim.rooms import RoomIndex, measure_room


def _extruded(polygon: shapely.Polygon, height: float, at: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> NDArray[np.float64]:
    """Triangles of a prism: constrained Delaunay floor and ceiling, two triangles a wall, outward."""
    floor = [np.array(part.exterior.coords)[:3] for part in shapely.constrained_delaunay_triangles(polygon).geoms]
    triangles = []
    for corners in floor:
        (ax, ay), (bx, by), (cx, cy) = corners
        ccw = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax) > 0
        up = corners if ccw else corners[::-1]
        triangles.append(np.column_stack([up[::-1], np.zeros(3)]))
        triangles.append(np.column_stack([up, np.full(3, height)]))
    for ring in (shapely.geometry.polygon.orient(polygon).exterior, *shapely.geometry.polygon.orient(polygon).interiors):
        points = np.array(ring.coords)
        for (ax, ay), (bx, by) in pairwise(points):
            triangles.append(np.array([[ax, ay, 0], [bx, by, 0], [bx, by, height]]))
            triangles.append(np.array([[ax, ay, 0], [bx, by, height], [ax, ay, height]]))
    return np.array(triangles, dtype=np.float64) + np.array(at)


L_SHAPE = shapely.Polygon([(0, 0), (6, 0), (6, 2), (2, 2), (2, 5), (0, 5)])
WITH_COLUMN = shapely.Polygon([(0, 0), (6, 0), (6, 5), (0, 5)], [[(2, 2), (3, 2), (3, 3), (2, 3)]])


@pytest.mark.parametrize(("polygon", "area"), [(L_SHAPE, 18.0), (WITH_COLUMN, 29.0)])
def test_area_and_volume_of_a_prism_with_corners_or_a_hole(polygon: shapely.Polygon, area: float) -> None:
    shape = measure_room(_extruded(polygon, 2.8, at=(100.0, 50.0, 4.2)))
    assert shape is not None
    assert shape.area_m2 == pytest.approx(area, abs=1e-6)
    assert shape.volume_m3 == pytest.approx(area * 2.8, abs=1e-6)
    assert shape.z_range == pytest.approx((4.2, 7.0))
    assert shape.method == "flat_bottom"
    assert len(shape.footprint.interiors) == len(polygon.interiors)


def test_mixed_and_inverted_winding_change_nothing() -> None:
    solid = _extruded(L_SHAPE, 3.0)
    rng = np.random.default_rng(7)
    for pick in (np.ones(len(solid), dtype=bool), rng.random(len(solid)) < 0.4):
        mixed = np.where(pick[:, None, None], solid[:, ::-1], solid)
        shape = measure_room(mixed)
        assert shape is not None
        assert (shape.area_m2, shape.volume_m3) == pytest.approx((18.0, 54.0))


def test_a_room_in_two_parts_is_one_multipolygon() -> None:
    left = _extruded(shapely.box(0, 0, 3, 3), 3.0)
    shape = measure_room(np.concatenate([left, left + np.array([10.0, 0.0, 0.0])]))
    assert shape is not None
    assert shape.footprint.geom_type == "MultiPolygon"
    assert (shape.area_m2, shape.volume_m3) == pytest.approx((18.0, 54.0))


def test_a_soffit_high_above_the_floor_is_no_floor() -> None:
    bay = _extruded(shapely.box(3.0, 0.0, 4.0, 3.0), 2.0, at=(0.0, 0.0, 1.0))
    shape = measure_room(np.concatenate([_extruded(shapely.box(0, 0, 3, 3), 3.0), bay]))
    assert shape is not None
    assert shape.area_m2 == pytest.approx(9.0)


def test_a_ramp_without_a_level_floor_is_measured_in_plan() -> None:
    ramp = _extruded(shapely.box(0, 0, 10, 2), 3.0)
    ramp[:, :, 2] += ramp[:, :, 0] * 0.2
    shape = measure_room(ramp)
    assert shape is not None
    assert shape.method == "projection"
    assert shape.area_m2 == pytest.approx(20.0)
    assert shape.volume_m3 == pytest.approx(60.0)


def test_an_open_surface_has_no_volume() -> None:
    shape = measure_room(_extruded(L_SHAPE, 3.0)[:-3])
    assert shape is not None
    assert shape.volume_m3 is None
    assert shape.area_m2 == pytest.approx(18.0)


def test_a_closed_surface_whose_edges_do_not_meet_still_has_its_volume() -> None:
    solid = trimesh.creation.box((4.0, 3.0, 2.5)).triangles.astype(np.float64)
    split = solid[0]
    middle = (split[0] + split[1]) / 2
    halves = np.array([[split[0], middle, split[2]], [middle, split[1], split[2]]])
    shape = measure_room(np.concatenate([solid[1:], halves]))
    assert shape is not None
    assert shape.volume_m3 == pytest.approx(30.0)


def test_the_index_finds_the_smallest_room_around_a_point_on_the_right_storey() -> None:
    shapes = {
        step: measure_room(_extruded(polygon, 3.0, at=(0.0, 0.0, z)))
        for step, polygon, z in (
            (1, shapely.box(0, 0, 10, 10), 0.0),
            (2, shapely.box(2, 2, 4, 4), 0.0),
            (3, shapely.box(0, 0, 10, 10), 3.5),
        )
    }
    index = RoomIndex({step: shape for step, shape in shapes.items() if shape is not None})
    assert index.find(np.array([3.0, 3.0, 1.0])) == 2
    assert index.find(np.array([6.0, 3.0, 1.0])) == 1
    assert index.find(np.array([6.0, 3.0, 4.0])) == 3
    assert index.find(np.array([6.0, 3.0, 3.25])) is None
    assert index.find(np.array([12.0, 3.0, 1.0])) is None
    assert RoomIndex({}).find(np.array([0.0, 0.0, 0.0])) is None
