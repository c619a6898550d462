"""Meshes: equal geometry found, triangles kept, nothing broken accepted."""

from pathlib import Path

import numpy as np
import pytest
import trimesh

from spatial.errors import MeshError
from spatial.mesh import Mesh, MeshBuilder, crease_shaded, flat_shaded, read_mesh_set, write_mesh_set

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


def prism_of(sides: int) -> trimesh.Trimesh:
    return trimesh.creation.cylinder(radius=1.0, height=2.0, sections=sides)


def test_a_round_column_has_one_normal_at_each_point_of_its_side_and_sharp_rims() -> None:
    column = prism_of(24)
    mesh = crease_shaded(np.asarray(column.vertices), np.asarray(column.faces))
    side = np.abs(mesh.normals[:, 2]) < 0.5
    radial = mesh.vertices[side, :2] / np.linalg.norm(mesh.vertices[side, :2], axis=1)[:, None]
    assert mesh.normals[side, :2] == pytest.approx(radial, abs=1e-6)
    assert side.sum() == 2 * 24
    assert np.abs(mesh.normals[~side, 2]) == pytest.approx(1.0)
    assert len(mesh.vertices) < len(flat_shaded(np.asarray(column.vertices), np.asarray(column.faces)).vertices)


def test_what_meets_at_more_than_the_crease_stays_sharp() -> None:
    hexagon = prism_of(6)
    sharp, flat = (shade(np.asarray(hexagon.vertices), np.asarray(hexagon.faces)) for shade in (crease_shaded, flat_shaded))
    assert sharp.digest == flat.digest
    assert crease_shaded(np.asarray(hexagon.vertices), np.asarray(hexagon.faces), 61.0).digest != flat.digest


def test_how_a_quad_was_halved_does_not_show() -> None:
    strip = np.array([[x, y, -((x - 1.5) ** 2) / 8] for x in range(4) for y in (0.0, 2.0)], dtype=np.float64)
    halves = [[(2 * i, 2 * i + 2, 2 * i + 3), (2 * i, 2 * i + 3, 2 * i + 1)] for i in range(3)]
    others = [[(2 * i, 2 * i + 2, 2 * i + 1), (2 * i + 1, 2 * i + 2, 2 * i + 3)] for i in range(3)]
    one, other = (crease_shaded(strip, np.array(rows).reshape(-1, 3)) for rows in (halves, others))
    for mesh in (one, other):
        order = np.lexsort((mesh.vertices[:, 1], mesh.vertices[:, 0]))
        assert mesh.normals[order][::2] == pytest.approx(mesh.normals[order][1::2], abs=1e-6)


def test_tints_are_kept_where_a_mesh_has_them(tmp_path: Path) -> None:
    plain = flat_shaded(np.asarray(BOX.vertices), np.asarray(BOX.faces))
    tints = np.arange(72, dtype=np.uint8).reshape(24, 3)
    builder = MeshBuilder()
    builder.add_mesh("m:plain", plain, GREY)
    builder.add_mesh("m:tinted", Mesh(plain.vertices, plain.normals, plain.triangles, "tinted", tints), GREY)
    write_mesh_set(builder.build(), tmp_path / "set.npz")
    read = read_mesh_set(tmp_path / "set.npz").meshes
    assert read[0].tints is None
    assert read[1].tints is not None
    assert (read[1].tints == tints).all()
