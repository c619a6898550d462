"""Faces in space become triangles that keep area, orientation, holes and vertices."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from cim.triangulate import faces_to_triangles, polygons_to_triangles
from spatial.mesh import Float64

SQUARE = [(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0)]
HOLE = [(1.0, 1.0), (1.0, 3.0), (3.0, 3.0), (3.0, 1.0)]


def vector_area(corners: Float64) -> Float64:
    return np.asarray(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]).sum(axis=0) / 2)


def tilted(plan: list[tuple[float, float]], angle: float) -> Float64:
    flat = np.column_stack([plan, np.zeros(len(plan))])
    c, s = np.cos(angle), np.sin(angle)
    turn = np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    return np.asarray(flat @ turn.T + [100.0, 200.0, 30.0])


@settings(max_examples=60, deadline=None)
@given(st.floats(min_value=-np.pi, max_value=np.pi))
def test_a_wall_with_a_window_keeps_its_area_and_side_at_any_tilt(angle: float) -> None:
    vertices = tilted(SQUARE + HOLE, angle)
    found = faces_to_triangles(vertices, [[[0, 1, 2, 3], [4, 5, 6, 7]]])
    assert vector_area(found.corners) == pytest.approx(12.0 * np.array([0.0, -np.sin(angle), np.cos(angle)]), abs=1e-9)
    assert {tuple(p) for p in found.corners.reshape(-1, 3)} == {tuple(p) for p in vertices}


def test_a_hole_that_touches_the_outline_in_one_vertex_is_cut_out() -> None:
    vertices = tilted([*SQUARE, (0.0, 2.0), (1.0, 3.0), (1.0, 1.0)], 0.3)
    found = faces_to_triangles(vertices, [[[0, 1, 2, 3, 4], [4, 5, 6]]])
    assert np.linalg.norm(vector_area(found.corners)) == pytest.approx(15.0)


def test_a_face_that_crosses_itself_is_drawn_and_one_without_area_is_named() -> None:
    vertices = tilted([(0.0, 0.0), (4.0, 4.0), (4.0, 0.0), (0.0, 3.0), (8.0, 8.0)], 0.2)
    found = faces_to_triangles(vertices, [[[0, 1, 2, 3]], [[0, 1, 4]], [[0, 1]], [[0, 2, 1]]])
    assert found.lost == (1, 2)
    assert set(found.face) == {0, 3}


def test_nearly_planar_faces_keep_their_own_vertices() -> None:
    vertices = np.array([[0, 0, 0.0], [4, 0, 0.02], [4, 4, 0.0], [0, 4, 0.02]])
    found = faces_to_triangles(vertices, [[[0, 1, 2, 3, 0]]])
    assert {tuple(p) for p in found.corners.reshape(-1, 3)} == {tuple(p) for p in vertices}


@pytest.mark.parametrize("face", [[[0, 1, 9]], [[0, 1, 2, 9]], [[0, 1, -1]], [[0, 1, 2, -1]]])
def test_an_index_outside_the_vertices_is_an_error(face: list[list[int]]) -> None:
    with pytest.raises(IndexError):
        faces_to_triangles(tilted(SQUARE, 0.0), [face])


def test_polygons_become_counter_clockwise_triangles_of_their_owner() -> None:
    shapes = [shapely.box(0, 0, 2, 2), shapely.Point(9, 9), shapely.MultiPolygon([shapely.box(5, 5, 6, 6), shapely.box(7, 7, 8, 8)])]
    corners, owner = polygons_to_triangles(shapes)
    doubled = np.diff(corners, axis=1)
    signed = (doubled[:, 0, 0] * doubled[:, 1, 1] - doubled[:, 0, 1] * doubled[:, 1, 0]) / 2
    assert signed.min() > 0
    assert [signed[owner == i].sum() for i in range(3)] == pytest.approx([4.0, 0.0, 2.0])
