"""Level sections against trimesh's."""

import numpy as np
import pytest
import trimesh

from spatial.section import level_section


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
    for z, around in ((0.0, 12.0), (-1.0, 0.0), (1.0, 12.0), (1.01, 0.0)):
        lines = level_section(block, z)
        assert np.linalg.norm(lines[:, 1] - lines[:, 0], axis=1).sum() == pytest.approx(around)
