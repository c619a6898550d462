"""Plane cuts and rays against trimesh and against areas known by hand."""

import numpy as np
import pytest
import shapely
import trimesh

from spatial.ray import ray_boxes, ray_triangles
from spatial.section import cut_level, level_faces, level_section, seen_outline
from tests.spatial.brute import gable, prism_mesh

RING = shapely.box(0, 0, 6, 5).difference(shapely.box(1, 1, 3, 4))


@pytest.mark.parametrize("z", [0.0, 1.2, 2.999])
def test_the_cut_of_a_wall_with_a_hole_is_its_outline(z: float) -> None:
    area, lines = cut_level(prism_mesh(RING, (0.0, 3.0)).triangles, z)
    assert area.symmetric_difference(RING).area < 1e-6 and lines.is_empty


def test_a_solid_ends_below_its_top() -> None:
    assert cut_level(prism_mesh(RING, (0.0, 3.0)).triangles, 3.0)[0].is_empty
    assert cut_level(prism_mesh(RING, (0.0, 3.0)).triangles, -0.1)[0].is_empty


@pytest.mark.parametrize("z", [3.0, 4.1, 5.7])
def test_the_cut_of_a_roof_narrows_with_height(z: float) -> None:
    area, _ = cut_level(gable(2, 1, 10, 6, 3.0, 6.0), z)
    assert area.area == pytest.approx(10 * 6 * (6.0 - z) / 3.0, rel=1e-4)


@pytest.mark.parametrize("seed", range(4))
def test_cuts_of_odd_solids_are_those_of_trimesh(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mesh = trimesh.creation.icosphere(subdivisions=2, radius=3.0)
    mesh.vertices = mesh.vertices * rng.uniform(0.5, 2, 3) + rng.normal(0, 0.05, mesh.vertices.shape)
    z = float(rng.uniform(-1, 1))
    section = trimesh.intersections.mesh_plane(mesh, plane_normal=[0, 0, 1], plane_origin=[0, 0, z])
    faces = shapely.polygonize([shapely.set_precision(shapely.linestrings(section[:, :, :2]), 1e-6)[i] for i in range(len(section))])
    assert cut_level(np.asarray(mesh.triangles), z)[0].area == pytest.approx(faces.area, rel=1e-3)


def test_an_open_sheet_is_a_line() -> None:
    sheet = np.array([[[0, 0, 0], [4, 0, 0], [4, 0, 3]], [[0, 0, 0], [4, 0, 3], [0, 0, 3]]], dtype=float)
    area, lines = cut_level(sheet, 1.5)
    assert area.is_empty and lines.length == pytest.approx(4.0)


def test_treads_lie_one_above_another() -> None:
    steps = np.concatenate([prism_mesh(shapely.box(0.3 * i, 0, 0.3 * i + 0.3, 1), (0, 0.15 * (i + 1))).triangles for i in range(10)])
    treads = level_faces(steps, 0.0, 1.2)
    assert [round(tread.area, 6) for tread in treads] == [0.3] * 7
    assert [round(tread.bounds[0], 6) for tread in treads] == [round(0.3 * i, 6) for i in range(7)]


def test_the_outline_of_what_is_seen() -> None:
    points = np.array([[0, 0, 0], [2, 0, 0], [2, 1, 0.7], [0, 1, 0.7], [9, 9, 2.5]], dtype=float)
    assert seen_outline(points, 0.0, 1.2).area == pytest.approx(2.0)
    assert seen_outline(points, 2.0, 3.0).is_empty


def test_rays_meet_what_trimesh_meets() -> None:
    rng = np.random.default_rng(8)
    mesh = trimesh.creation.icosphere(subdivisions=2, radius=2.0)
    triangles = np.asarray(mesh.triangles)
    hits = 0
    for _ in range(60):
        origin = rng.normal(0, 4, 3)
        direction = rng.normal(0, 2, 3) - origin
        direction /= np.linalg.norm(direction)
        ours = float(ray_triangles(origin, direction, triangles).min())
        places, _, _ = mesh.ray.intersects_location([origin], [direction])
        theirs = min((float(np.linalg.norm(place - origin)) for place in places), default=np.inf)
        assert ours == pytest.approx(theirs) if np.isfinite(theirs) else not np.isfinite(ours)
        hits += np.isfinite(ours)
    assert 20 < hits < 60


def test_a_ray_enters_boxes_before_it_meets_what_is_in_them() -> None:
    rng = np.random.default_rng(9)
    low = rng.uniform(-5, 5, (200, 3))
    boxes = np.stack([low, low + rng.exponential(1, (200, 3))], axis=1)
    for direction in (np.array([1.0, 0, 0]), np.array([0, 0, -1.0]), np.array([0.6, 0.0, 0.8]), np.array([1, 1, 1]) / np.sqrt(3)):
        origin = rng.uniform(-6, 6, 3)
        entered = ray_boxes(origin, direction, boxes)
        for i in range(0, 200, 5):
            met = float(ray_triangles(origin, direction, np.asarray(trimesh.creation.box(bounds=boxes[i]).triangles)).min())
            inside = bool(((boxes[i, 0] <= origin) & (origin <= boxes[i, 1])).all())
            assert entered[i] == (0.0 if inside else pytest.approx(met)) if np.isfinite(met) else not np.isfinite(entered[i])


@pytest.mark.parametrize("z", [-0.7, -0.2, 0.13, 0.49, 0.8])
def test_sections_are_as_long_as_trimesh_cuts_them(z: float) -> None:
    rng = np.random.default_rng(3)
    solid = trimesh.creation.icosphere(subdivisions=2)
    solid.vertices += rng.normal(scale=0.01, size=solid.vertices.shape)
    lines = level_section(np.asarray(solid.triangles, dtype=np.float64), z)
    expected = trimesh.intersections.mesh_plane(solid, plane_normal=[0, 0, 1], plane_origin=[0, 0, z])
    assert len(lines) == len(expected)
    assert np.linalg.norm(lines[:, 1] - lines[:, 0], axis=1).sum() == pytest.approx(np.linalg.norm(np.diff(expected, axis=1), axis=2).sum())


def test_a_box_is_cut_along_its_sides_and_level_faces_make_no_line() -> None:
    block = np.asarray(trimesh.creation.box(extents=(4.0, 2.0, 2.0)).triangles, dtype=np.float64)
    for z, around in ((0.0, 12.0), (-1.0, 12.0), (1.0, 0.0), (1.01, 0.0)):
        lines = level_section(block, z)
        assert np.linalg.norm(lines[:, 1] - lines[:, 0], axis=1).sum() == pytest.approx(around)
