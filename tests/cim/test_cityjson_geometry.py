"""Boundaries, semantics and levels of detail: what is drawn, which way it faces, and what a fault of one object costs."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cim
from cim.cityjson_geometry import surfaces_of
from cim.palette import SURFACE_RGBA
from spatial.issue import count_codes
from spatial.mesh import Float64
from tests.cim.city_models import HERE, cube, faces, write
from tests.cim.frames import frame_at

FRAME = frame_at(*HERE, height=30.0)
UNIT = np.array([[x, y, z] for z in (0, 3) for x, y in ((0, 0), (4, 0), (4, 4), (0, 4))], dtype=float)


def read(folder: Path, document: dict[str, Any]) -> cim.CityLayer:
    return cim.read_city(write(folder, document), "c", FRAME)


def volume(corners: Float64) -> float:
    return float((corners[:, 0] * np.cross(corners[:, 1], corners[:, 2])).sum() / 6)


def reversed_faces(shell: list[Any]) -> list[Any]:
    return [[ring[::-1] for ring in face] for face in shell]


@pytest.mark.parametrize("kind", ["Solid", "MultiSolid", "CompositeSolid", "MultiSurface", "CompositeSurface"])
@pytest.mark.parametrize("inward", [False, True])
def test_a_building_of_any_kind_of_geometry_faces_outward(kind: str, inward: bool) -> None:
    shell = reversed_faces(faces(cube())) if inward else faces(cube())
    boundaries = {"Solid": [shell], "MultiSolid": [[shell]], "CompositeSolid": [[shell]]}.get(kind, shell)
    found = surfaces_of({"type": kind, "boundaries": boundaries}, UNIT, "Building")
    assert volume(found.corners) == pytest.approx(48.0)
    assert found.turned == int(inward)
    assert {(kind, int((found.types == kind).sum())) for kind in set(found.types)} == {
        ("RoofSurface/flat", 2),
        ("GroundSurface", 2),
        ("WallSurface", 8),
    }


@pytest.mark.parametrize("inward", [False, True])
def test_a_hollow_in_a_solid_is_no_solid(inward: bool) -> None:
    small = UNIT * 0.5 + [1, 1, 0.75]
    hole = [[[v + 8 for v in ring] for ring in face] for face in faces(cube())]
    found = surfaces_of(
        {"type": "Solid", "boundaries": [faces(cube()), hole if inward else reversed_faces(hole)]}, np.vstack([UNIT, small]), "Building"
    )
    assert volume(found.corners) == pytest.approx(48.0 - 6.0)
    assert found.turned == int(inward)


def test_a_hole_in_a_face_and_a_window_in_a_wall_are_cut_out_and_coloured(tmp_path: Path) -> None:
    document = cube()
    document["vertices"] += [[1000, 0, 1000], [3000, 0, 1000], [3000, 0, 2000], [1000, 0, 2000]]
    shell = faces(document)
    shell[2].append([8, 11, 10, 9])
    geometry = document["CityObjects"]["b"]["geometry"][0]
    shell.append([[8, 9, 10, 11]])
    geometry["semantics"] = {
        "surfaces": [{"type": "WallSurface", "children": [1]}, {"type": "Window", "parent": 0}],
        "values": [[None, None, 0, 0, 0, 0, 1]],
    }
    layer = read(tmp_path, document)
    glass = [i for i in range(layer.meshes.parts) if tuple(layer.meshes.part_rgba[i]) == SURFACE_RGBA["Window"]]
    assert len(glass) == 1
    mesh = layer.meshes.meshes[layer.meshes.part_mesh[glass[0]]]
    corners = mesh.vertices[mesh.triangles].astype(float)
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1).sum() / 2
    assert area == pytest.approx(2.0, rel=1e-3)
    assert layer.issues == ()


def test_a_closure_surface_is_not_drawn() -> None:
    geometry = {
        "type": "Solid",
        "boundaries": [faces(cube())],
        "semantics": {"surfaces": [{"type": "ClosureSurface"}], "values": [[None, None, 0, None, None, None]]},
    }
    found = surfaces_of(geometry, UNIT, "Building")
    assert len(found.corners) == 10
    assert "ClosureSurface" not in set(found.types)
    assert found.lost == 0


@pytest.mark.parametrize("value", [7, -1, "0", True])
def test_a_semantic_surface_that_is_not_there_costs_the_colour_and_is_found(tmp_path: Path, value: Any) -> None:
    document = cube()
    document["CityObjects"]["b"]["geometry"][0]["semantics"] = {"surfaces": [{"type": "RoofSurface"}], "values": [[value, None, 0]]}
    layer = read(tmp_path, document)
    assert layer.ledger[0].outcome == "placed"
    assert count_codes(layer.issues) == {"SEMANTICS_INVALID": 1}


def test_shells_that_faced_inward_are_found(tmp_path: Path) -> None:
    document = cube()
    document["CityObjects"]["b"]["geometry"][0]["boundaries"] = [reversed_faces(faces(document))]
    assert count_codes(read(tmp_path, document).issues) == {"FACES_TURNED": 1}


def test_where_the_highest_level_cannot_be_drawn_the_next_is_and_that_is_found(tmp_path: Path) -> None:
    document = cube()
    solid = document["CityObjects"]["b"]["geometry"][0]
    broken = {"type": "Solid", "lod": "2.2", "boundaries": [[[[0, 1, 99]]]]}
    empty = {"type": "MultiSurface", "lod": "1.3", "boundaries": []}
    document["CityObjects"]["b"]["geometry"] = [solid, broken, empty]
    layer = read(tmp_path, document)
    assert layer.ledger[0].outcome == "placed"
    assert (layer.features[0].properties["lod"], layer.features[0].properties["lods"]) == ("1", ["1", "1.3", "2.2"])
    assert count_codes(layer.issues) == {"LOD_FALLBACK": 2}
    assert "LoD 2.2 cannot be drawn (IndexError" in layer.issues[0].message


@pytest.mark.parametrize(
    "instance",
    [
        {"template": 9, "boundaries": [0], "transformationMatrix": list(np.eye(4).ravel())},
        {"template": 0, "boundaries": [99], "transformationMatrix": list(np.eye(4).ravel())},
        {"template": -1, "boundaries": [0], "transformationMatrix": list(np.eye(4).ravel())},
        {"template": 0, "boundaries": [0], "transformationMatrix": [1, 2, 3]},
        {"template": 0, "boundaries": [0], "transformationMatrix": [1e30] * 16},
        {"template": 0, "boundaries": [0], "transformationMatrix": [0] * 16},
        {"boundaries": [0]},
    ],
)
def test_an_instance_of_nothing_fails_alone(tmp_path: Path, instance: dict[str, Any]) -> None:
    document = cube()
    document["geometry-templates"] = {
        "templates": [{"type": "Solid", "lod": "3", "boundaries": [faces(document)]}],
        "vertices-templates": UNIT.tolist(),
    }
    document["CityObjects"]["t"] = {"type": "CityFurniture", "geometry": [{"type": "GeometryInstance", **instance}]}
    layer = read(tmp_path, document)
    assert [row.outcome for row in layer.ledger] == ["placed", "failed"]
    assert set(layer.meshes.features) == {"c:b"}
    assert count_codes(layer.issues) == {"GEOMETRY_EMPTY": 1}


@pytest.mark.parametrize("mirror", [1.0, -1.0])
def test_templates_go_metres_east_north_up_also_where_the_crs_is_in_degrees(tmp_path: Path, mirror: float) -> None:
    lon, lat = FRAME.site.lon, FRAME.site.lat
    shape = {"type": "MultiSurface", "lod": "3", "boundaries": faces(cube())}
    matrix = np.diag([mirror, 1.0, 1.0, 1.0])
    instance = {"type": "GeometryInstance", "template": 0, "boundaries": [0], "transformationMatrix": list(matrix.ravel())}
    document = cube(
        metadata={"referenceSystem": "https://www.opengis.net/def/crs/EPSG/0/4490"},
        transform={"scale": [1e-9, 1e-9, 0.001], "translate": [lon, lat, 20.0]},
        vertices=[[0, 0, 0]],
        CityObjects={"t": {"type": "CityFurniture", "geometry": [instance]}},
    )
    document["geometry-templates"] = {"templates": [shape], "vertices-templates": UNIT.tolist()}
    layer = read(tmp_path, document)
    box = layer.meshes.feature_bounds()["c:t"]
    assert box == pytest.approx(np.array([[min(0, 4 * mirror), 0, 0], [max(0, 4 * mirror), 4, 3]]), abs=0.01)
    own = layer.meshes
    corners = np.concatenate([own.part_vertices(i)[own.meshes[own.part_mesh[i]].triangles] for i in range(own.parts)])
    assert volume(corners) == pytest.approx(48.0, rel=1e-3)
