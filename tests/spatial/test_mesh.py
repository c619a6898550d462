"""Meshes: equal geometry found, triangles kept, nothing broken accepted."""

from pathlib import Path

import numpy as np
import pytest
import trimesh

from spatial.errors import MeshError
from spatial.mesh import MeshBuilder, flat_shaded, read_mesh_set, write_mesh_set

BOX = trimesh.creation.box((1.0, 2.0, 3.0))
GREY = (128, 128, 128, 255)


def turned(degrees: float, offset: tuple[float, float, float]) -> np.ndarray:
    matrix = np.asarray(trimesh.transformations.rotation_matrix(np.radians(degrees), [0, 0, 1]))
    matrix[:3, 3] = offset
    return matrix


def test_flat_shading_keeps_shape_and_volume() -> None:
    mesh = flat_shaded(np.asarray(BOX.vertices), np.asarray(BOX.faces))
    assert len(mesh.vertices) == 24
    assert trimesh.Trimesh(mesh.vertices, mesh.triangles).volume == pytest.approx(6.0)
    assert np.linalg.norm(mesh.normals, axis=1) == pytest.approx(1.0)
    centres = mesh.vertices[mesh.triangles].mean(axis=1)
    assert (np.einsum("ij,ij->i", centres, mesh.normals[mesh.triangles[:, 0]]) > 0).all()


def test_equal_geometry_is_one_mesh_and_many_parts() -> None:
    builder = MeshBuilder()
    for index in range(10):
        builder.add(f"m:{index}", BOX.vertices + 1e-9 * index, BOX.faces, GREY, turned(36.0 * index, (index, 0, 0)))
    meshes = builder.build()
    assert (len(meshes.meshes), meshes.parts) == (1, 10)


def test_boxes_are_those_of_the_transformed_vertices() -> None:
    builder = MeshBuilder()
    builder.add("m:a", BOX.vertices, BOX.faces, GREY, turned(90.0, (10, 0, 0)))
    builder.add("m:a", BOX.vertices, BOX.faces, GREY, turned(0.0, (0, 0, 5)))
    assert builder.build().feature_bounds()["m:a"] == pytest.approx(np.array([[-0.5, -1.0, -1.5], [11.0, 1.0, 6.5]]))


def test_selecting_features_drops_what_nobody_uses() -> None:
    builder = MeshBuilder()
    builder.add("m:a", BOX.vertices, BOX.faces, GREY)
    builder.add("m:b", BOX.vertices * 2, BOX.faces, GREY)
    chosen = builder.build().selected({"m:b"})
    assert chosen.features == ("m:b",)
    assert len(chosen.meshes) == 1
    assert chosen.feature_bounds()["m:b"][1] == pytest.approx([1.0, 2.0, 3.0])


def test_a_set_written_is_the_set_read(tmp_path: Path) -> None:
    builder = MeshBuilder()
    builder.add("模型:甲", BOX.vertices, BOX.faces, (1, 2, 3, 90), turned(10.0, (1e6, 2, 3)))
    written = builder.build()
    write_mesh_set(written, tmp_path / "set.npz")
    read = read_mesh_set(tmp_path / "set.npz")
    assert read.features == written.features
    assert read.meshes[0].digest == written.meshes[0].digest
    assert (read.part_matrix == written.part_matrix).all()
    assert (read.part_rgba == written.part_rgba).all()
    assert [path.name for path in tmp_path.iterdir()] == ["set.npz"]


@pytest.mark.parametrize(
    ("vertices", "triangles"),
    [
        ([[0, 0, 0]], []),
        ([[0, 0, 0], [1, 0, 0], [2, 0, 0]], [[0, 1, 2]]),
        ([[0, 0, 0], [1, 0, 0], [0, 1, 0]], [[0, 1, 3]]),
        ([[0, 0, 0], [1, 0, 0], [0, np.nan, 0]], [[0, 1, 2]]),
    ],
    ids=["no triangle", "no area", "index out of range", "not finite"],
)
def test_what_is_no_mesh_is_refused(vertices: list[list[float]], triangles: list[list[int]]) -> None:
    with pytest.raises(MeshError):
        flat_shaded(np.array(vertices, dtype=np.float64), np.array(triangles, dtype=np.int64).reshape(-1, 3))
