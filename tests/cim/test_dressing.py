"""Streets as drawn: kerbs, markings, lamps and cars, materials of the ground, hedges, and crowns that darken inwards."""

from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely
from shapely.geometry.base import BaseGeometry

import cim
from cim.drape import MARKING_OFFSET_M, OFFSET_M
from cim.furniture import thing_of, thing_parts
from cim.ground import Ground
from cim.groundcover import ground_tints
from cim.palette import CLASS_RGBA, KERB, MARKING, material_rgba
from cim.plants import tree_parts
from tests.cim.frames import frame_at

EAST, NORTH = 429430.0, 2886950.0
FRAME = frame_at("EPSG:4549", EAST, NORTH)


def level() -> Ground:
    return Ground.of(np.zeros((41, 41)), (-100.0, -100.0), 5.0, tolerance_m=0.05, chunk=16)


def drawn(folder: Path, layer: str, columns: dict[str, list[object]], shapes: list[BaseGeometry]) -> cim.CityLayer:
    path = folder / "street.gpkg"
    moved = [shapely.transform(s, lambda p: np.add(p, (EAST, NORTH))) for s in shapes]
    geopandas.GeoDataFrame(columns, geometry=moved, crs="EPSG:4549").to_file(path, layer=layer, driver="GPKG")
    return cim.read_city(path, "g", FRAME, ground=level())


def points_of(layer: cim.CityLayer) -> np.ndarray:
    return np.concatenate([layer.meshes.part_vertices(part) for part in range(layer.meshes.parts)])


def test_a_kerb_is_as_wide_and_as_high_as_it_says(tmp_path: Path) -> None:
    layer = drawn(
        tmp_path, "kerbs", {"kind": ["路缘石"], "width_m": [0.3], "height_m": [0.2]}, [shapely.LineString([(0, 0), (30, 0), (30, 20)])]
    )
    assert layer.features[0].class_name == "Kerb"
    points = points_of(layer)
    assert points[:, 2].max() == pytest.approx(0.2, abs=1e-3)
    assert points[:, 1].min() == pytest.approx(-0.15, abs=0.01)
    assert {tuple(rgba) for rgba in layer.meshes.part_rgba.tolist()} == {KERB}


@pytest.mark.parametrize(
    ("shape", "width", "area"), [(shapely.LineString([(0, 0), (40, 0)]), 0.5, 20.0), (shapely.box(0, 0, 4, 3), None, 12.0)]
)
def test_paint_lies_over_the_road_as_lines_or_areas(tmp_path: Path, shape: BaseGeometry, width: float | None, area: float) -> None:
    layer = drawn(tmp_path, "markings", {"kind": ["斑马线"], "width_m": [width]}, [shape])
    assert layer.features[0].class_name == "Marking"
    assert tuple(layer.meshes.part_rgba[0]) == MARKING
    assert layer.features[0].footprint is not None
    assert layer.features[0].footprint.area == pytest.approx(area, rel=1e-3)
    assert points_of(layer)[:, 2] == pytest.approx(MARKING_OFFSET_M, abs=1e-3)
    assert max(OFFSET_M.values()) < MARKING_OFFSET_M


def test_a_lamp_stands_on_its_point_and_its_arm_reaches_where_it_faces(tmp_path: Path) -> None:
    shapes: list[BaseGeometry] = [shapely.Point(0, 0), shapely.Point(5, 0)]
    layer = drawn(tmp_path, "furniture", {"kind": ["路灯", "street_lamp"], "heading_deg": [0.0, 90.0]}, shapes)
    assert {f.class_name for f in layer.features} == {"CityFurniture"}
    boxes = layer.meshes.feature_bounds()
    north, east = (boxes[f"g:furniture/{i}"] - np.array([x, 0.0, 0.0]) for i, x in ((1, 0.0), (2, 5.0)))
    assert north[1, 1] > 1.5 > 0.3 > north[1, 0]
    assert east[1, 0] > 1.5 > 0.3 > east[1, 1]
    assert len(layer.meshes.meshes) < layer.meshes.parts


def test_what_stands_about_is_known_by_its_name_in_two_languages() -> None:
    known = {"停放汽车": "car", "car": "car", "路灯": "street_lamp", "street_lamp": "street_lamp", "庭院灯": "garden_lamp", "座椅": "bench"}
    assert {label: thing_of(label) for label in known} == known
    assert thing_of(None, "scarf", "变压器") is None


@pytest.mark.parametrize("thing", ["car", "street_lamp", "garden_lamp", "bench", "bin", "bollard"])
def test_things_stand_on_the_ground_and_face_outwards(thing: str) -> None:
    parts = list(thing_parts(thing, np.zeros(3), 0.0, "x"))
    low = min(float(mesh.vertices[:, 2].min()) for mesh, _, _ in parts)
    assert -0.02 < low < 0.3
    for mesh, _, _ in parts:
        corners = mesh.vertices[mesh.triangles].astype(np.float64)
        facing = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        assert np.einsum("ij,ij->", corners[:, 0], facing) > 0


def test_paving_shows_its_material(tmp_path: Path) -> None:
    shapes: list[BaseGeometry] = [shapely.box(0, 0, 5, 5), shapely.box(10, 0, 15, 5), shapely.box(20, 0, 25, 5)]
    layer = drawn(tmp_path, "paving", {"class": ["广场"] * 3, "surface": ["深灰花岗岩", "asphalt", None]}, shapes)
    colours = [tuple(int(v) for v in rgba) for rgba in layer.meshes.part_rgba]
    assert colours == [material_rgba("dark granite"), material_rgba("沥青"), CLASS_RGBA["Square"]]


def test_green_with_a_height_is_a_hedge(tmp_path: Path) -> None:
    layer = drawn(tmp_path, "hedges", {"class": ["灌木"], "height_m": [0.8]}, [shapely.box(0, 0, 20, 1)])
    assert layer.features[0].class_name == "PlantCover"
    assert points_of(layer)[:, 2].max() == pytest.approx(0.8, abs=1e-3)
    assert points_of(layer)[:, 2].min() == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize("shape", ["broadleaf", "banyan", "conifer", "palm"])
def test_crowns_are_darkest_within_and_below_and_as_high_as_the_tree(shape: str) -> None:
    (_, crown) = (mesh for mesh, _, _ in tree_parts(shape, 10.0, 7.0, np.zeros(3), "tree"))
    assert crown.tints is not None
    assert crown.vertices[:, 2].max() == pytest.approx(1.0, abs=0.02)
    order = np.argsort(crown.vertices[:, 2])
    quarter = len(order) // 4
    assert crown.tints[order[:quarter], 1].mean() < 0.85 * crown.tints[order[-quarter:], 1].mean()
    assert len(crown.triangles) <= 320


def test_ground_turns_from_grass_to_shrub_to_earth_with_its_slope() -> None:
    slopes = np.radians([0.0, 18.0, 55.0])
    normals = np.column_stack([np.sin(slopes), np.zeros(3), np.cos(slopes)])
    grass, shrub, earth = ground_tints(np.zeros((3, 3)), normals, 100.0).astype(int)
    assert shrub[1] < grass[1]
    assert earth[0] > earth[1] - 60
    assert earth[2] > shrub[2]
    steps = np.radians(np.linspace(0.0, 60.0, 121))
    along = ground_tints(np.zeros((121, 3)), np.column_stack([np.sin(steps), np.zeros(121), np.cos(steps)]), 100.0).astype(int)
    assert np.abs(np.diff(along, axis=0)).max() < 14
