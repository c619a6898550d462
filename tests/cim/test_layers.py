"""Vector layers made here and a real GeoJSON: classes, heights, what is assumed, what fails, and where it all lies."""

from collections import Counter
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pyogrio
import pytest
import shapely
from shapely.geometry.base import BaseGeometry

import cim
from cim.drape import OFFSET_M
from cim.ground import Ground
from cim.palette import CLASS_RGBA, FENCE_PANEL, MARKING
from spatial.errors import CrsError, OutsideSite
from spatial.feature import Feature
from spatial.issue import Severity, count_codes
from tests.cim.frames import frame_at

EAST, NORTH = 429430.0, 2886950.0
FRAME = frame_at("EPSG:4549", EAST, NORTH)


def slope() -> Ground:
    """A plain that rises one metre in ten to the east, with a ridge in it."""
    y, x = np.mgrid[0:81, 0:81] * 5.0
    return Ground.of(x / 10 + np.maximum(0, 4 - np.abs(y - 200) / 10), (-200.0, -200.0), 5.0, tolerance_m=0.05, chunk=32)


def gpkg(path: Path, **layers: tuple[dict[str, list[Any]], list[BaseGeometry | None]]) -> Path:
    for name, (columns, shapes) in layers.items():
        moved = [None if s is None else shapely.transform(s, lambda p: np.add(p, (EAST, NORTH))) for s in shapes]
        geopandas.GeoDataFrame(columns, geometry=moved, crs="EPSG:4549").to_file(path, layer=name, driver="GPKG")
    return path


def compound(path: Path) -> Path:
    road = [shapely.LineString([(-150, 0), (0, 0)]), shapely.LineString([(0, 0), (0, 120)]), shapely.LineString([(0, 0), (150, 0)])]
    return gpkg(
        path,
        roads=({"name": ["东街", "北街", "西街"], "class": ["主路", "主路", "主路"], "width_m": [8.0, 8.0, 8.0]}, road),
        paving=({"name": ["广场"], "class": ["广场"]}, [shapely.box(-60, 20, -20, 60)]),
        green=({"name": ["草坪"]}, [shapely.box(20, 20, 90, 90).difference(shapely.box(40, 40, 60, 60))]),
        water=({"name": ["池"]}, [shapely.Point(50, 50).buffer(9)]),
        perimeter=({"height_m": [2.4]}, [shapely.LineString([(-170, -100), (170, -100)])]),
        gates=({"name": ["南门"], "width_m": [8.0]}, [shapely.Point(0, -100)]),
        trees=(
            {"species": ["香樟", "马尾松", "蒲葵", "香樟"], "height_m": [8.0, 12.0, 6.0, 8.0], "crown_m": [5.0, 4.0, 3.0, 5.0]},
            [shapely.Point(10 * i, -20) for i in range(4)],
        ),
    )


def by_local(layer: cim.CityLayer) -> dict[str, Feature]:
    return {feature.id.removeprefix("g:"): feature for feature in layer.features}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> cim.CityLayer:
    return cim.read_city(compound(tmp_path_factory.mktemp("g") / "ground.gpkg"), "g", FRAME, ground=slope())


def test_every_row_of_every_layer_is_a_feature_with_a_stable_id(drawn: cim.CityLayer) -> None:
    assert {name: t.placed for name, t in cim.tally(drawn.ledger).items()} == {
        "Fence": 1,
        "Gate": 1,
        "PlantCover": 1,
        "Road": 3,
        "SolitaryVegetationObject": 4,
        "Square": 1,
        "WaterBody": 1,
    }
    assert set(by_local(drawn)) == set(drawn_ids())
    assert set(drawn.meshes.features) == {feature.id for feature in drawn.features}
    assert drawn.ground_dependent
    assert drawn.crs == "EPSG:4549"
    assert drawn.schema == "GPKG"


def drawn_ids() -> list[str]:
    singles = ["paving/1", "green/1", "water/1", "perimeter/1", "gates/1"]
    return [*singles, *(f"roads/{i}" for i in (1, 2, 3)), *(f"trees/{i}" for i in (1, 2, 3, 4))]


@pytest.mark.parametrize(
    ("row", "class_name"), [("roads/1", "Road"), ("paving/1", "Square"), ("green/1", "PlantCover"), ("water/1", "WaterBody")]
)
def test_surfaces_lie_their_offset_above_the_ground(drawn: cim.CityLayer, row: str, class_name: str) -> None:
    own = drawn.meshes.selected([f"g:{row}"])
    for part in range(own.parts):
        if tuple(own.part_rgba[part]) != CLASS_RGBA[class_name]:
            continue
        points = own.part_vertices(part)
        assert points[:, 2] - slope().sample(points[:, :2]) == pytest.approx(np.full(len(points), OFFSET_M[class_name]), abs=0.001)
        assert (own.meshes[own.part_mesh[part]].normals[:, 2] > 0.7).all()


def test_no_two_kinds_of_surface_lie_at_one_height() -> None:
    order = [OFFSET_M[name] for name in ("WaterBody", "PlantCover", "Square", "Road")]
    assert order == sorted(set(order))
    assert order[0] >= 0.03
    assert order[-1] < 0.12


def test_roads_meet_without_a_gap_and_markings_stop_before_the_junction(drawn: cim.CityLayer) -> None:
    rows = by_local(drawn)
    ribbons = [rows[f"roads/{i}"].footprint for i in (1, 2, 3)]
    together = shapely.union_all(ribbons)
    centre = shapely.get_coordinates(shapely.intersection_all(ribbons).centroid)[0]
    assert together.covers(shapely.Point(centre).buffer(3.9))
    own = drawn.meshes.selected(["g:roads/1"])
    marked = [own.part_vertices(i) for i in range(own.parts) if tuple(own.part_rgba[i]) == MARKING]
    assert len(marked) == 1
    assert np.linalg.norm(marked[0][:, :2] - centre, axis=1).min() > 4.0


def test_a_fence_follows_the_ground_and_opens_at_the_gate(drawn: cim.CityLayer) -> None:
    own = drawn.meshes.selected(["g:perimeter/1"])
    gate = by_local(drawn)["gates/1"]
    assert gate.footprint is not None
    assert gate.properties["derived"]["direction"] == "along the nearest fence"
    assert by_local(drawn)["perimeter/1"].properties["derived"] == {"openings": 1}
    points = np.concatenate([own.part_vertices(i) for i in range(own.parts)])
    assert np.abs(points[:, 0] - gate.footprint.centroid.x).min() > 3.5
    above = points[:, 2] - slope().sample(points[:, :2])
    assert above.max() == pytest.approx(2.4, abs=0.02)
    assert above.min() > -0.35
    assert FENCE_PANEL in {tuple(int(v) for v in rgba) for rgba in own.part_rgba}


def test_equal_trees_share_their_meshes_and_stand_as_high_as_they_are(drawn: cim.CityLayer) -> None:
    boxes = drawn.meshes.feature_bounds()
    for i, height in enumerate([8.0, 12.0, 6.0, 8.0], start=1):
        box = boxes[f"g:trees/{i}"]
        assert box[1, 2] - box[0, 2] == pytest.approx(height, rel=0.02)
    shapes = [by_local(drawn)[f"trees/{i}"].properties["derived"]["shape"] for i in (1, 2, 3, 4)]
    assert shapes == ["broadleaf", "conifer", "palm", "broadleaf"]
    first, last = (drawn.meshes.selected([f"g:trees/{i}"]) for i in (1, 4))
    assert [m.digest for m in first.meshes] == [m.digest for m in last.meshes]


def buildings(folder: Path, columns: dict[str, list[Any]], shapes: list[BaseGeometry | None]) -> cim.CityLayer:
    return cim.read_city(gpkg(folder / "houses.gpkg", buildings=(columns, shapes)), "g", FRAME, ground=slope())


def test_heights_and_storeys_are_extruded_and_what_was_derived_is_said(tmp_path: Path) -> None:
    shapes: list[BaseGeometry | None] = [shapely.box(30 * i, 0, 30 * i + 12, 10) for i in range(5)]
    layer = buildings(
        tmp_path,
        {"建筑高度": ["12 m", None, None, "tall", None], "层数": [None, 5, 5, None, None], "层高": [None, None, 4.0, None, 3.0]},
        shapes,
    )
    rows = by_local(layer)
    heights = [high - low for low, high in (rows[f"buildings/{i}"].z_range or (0, 0) for i in (1, 2, 3))]
    assert heights == pytest.approx([12.0, 16.0, 20.0], abs=0.001)
    assert rows["buildings/2"].properties["derived"]["height_from"] == "5 storeys × 3.2 m"
    assert "height_m" not in rows["buildings/1"].properties["derived"]
    assert rows["buildings/1"].properties["attributes"]["建筑高度"] == "12 m"
    missing = [issue for issue in layer.issues if issue.code == "HEIGHT_MISSING"]
    assert [issue.path for issue in missing] == ["buildings fid 4", "buildings fid 5"]
    assert all(issue.severity is Severity.WARNING for issue in missing)
    assert "'tall'" in missing[0].message
    plan = layer.meshes.part_vertices(layer.meshes.parts - 1)
    assert plan[:, 2] - slope().sample(plan[:, :2]) == pytest.approx(np.full(len(plan), 0.06), abs=0.001)


def test_a_building_stands_on_the_lowest_ground_under_it(tmp_path: Path) -> None:
    plan = shapely.box(0, 0, 40, 20)
    layer = buildings(tmp_path, {"height": [9.0]}, [plan])
    (feature,) = layer.features
    assert feature.footprint is not None
    edge = shapely.get_coordinates(feature.footprint)
    assert feature.z_range == pytest.approx((slope().sample(edge).min(), slope().sample(edge).min() + 9.0), abs=0.05)
    for part in range(layer.meshes.parts):
        mesh = layer.meshes.meshes[layer.meshes.part_mesh[part]]
        corners = mesh.vertices[mesh.triangles]
        faces = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        assert (faces[:, 2] > -1e-6).all()


def test_a_prism_faces_outward_everywhere(tmp_path: Path) -> None:
    layer = buildings(tmp_path, {"height": [9.0]}, [shapely.box(0, 0, 6, 5).difference(shapely.box(2, 2, 3, 3))])
    volume = 0.0
    for part in range(layer.meshes.parts):
        corners = layer.meshes.part_vertices(part)[layer.meshes.meshes[layer.meshes.part_mesh[part]].triangles]
        corners = corners - [0, 0, layer.features[0].z_range[0]]  # type: ignore[index]
        volume += float((corners[:, 0] * np.cross(corners[:, 1], corners[:, 2])).sum() / 6)
    assert volume == pytest.approx(29.0 * 9.0, rel=1e-3)


def test_rows_that_cannot_be_drawn_fail_with_a_reason_and_stay_features(tmp_path: Path) -> None:
    bow = shapely.Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
    far = shapely.box(9000, 0, 9010, 10)
    layer = buildings(tmp_path, {"height": [5.0] * 4}, [shapely.Point(3, 3), None, bow, far])
    assert [row.outcome for row in layer.ledger] == ["failed", "without_geometry", "placed", "failed"]
    assert count_codes(layer.issues) == {"GEOMETRY_EMPTY": 1, "GEOMETRY_REPAIRED": 1, "GEOREF_OUTSIDE_SITE": 1}
    assert len(layer.features) == 4
    assert all(bool(row.reason) == (row.outcome == "failed") for row in layer.ledger)


def test_an_unknown_class_keeps_its_geometry_and_everything_it_says(tmp_path: Path) -> None:
    path = gpkg(
        tmp_path / "x.gpkg",
        misc=(
            {"class": ["helipad", "pole", "cable"], "n": [1, 2, 3]},
            [shapely.box(0, 0, 9, 9), shapely.Point(20, 0), shapely.LineString([(0, 20), (30, 20)])],
        ),
    )
    layer = cim.read_city(path, "g", FRAME, ground=slope())
    assert Counter((f.class_name, r.outcome) for f, r in zip(layer.features, layer.ledger, strict=True)) == {
        ("GenericCityObject", "placed"): 3
    }
    assert [f.properties["attributes"] for f in layer.features] == [
        {"class": c, "n": n} for c, n in (("helipad", 1), ("pole", 2), ("cable", 3))
    ]


def test_without_terrain_all_lies_at_the_origins_height_and_says_so(tmp_path: Path) -> None:
    layer = cim.read_city(gpkg(tmp_path / "r.gpkg", roads=({"width": [6.0]}, [shapely.LineString([(0, 0), (90, 0)])])), "g", FRAME)
    assert count_codes(layer.issues) == {"GROUND_MISSING": 1}
    (box,) = layer.meshes.feature_bounds().values()
    assert box[:, 2] == pytest.approx([OFFSET_M["Road"], 0.12], abs=0.02)


def test_what_leaves_the_terrain_is_laid_at_its_edge_with_a_finding(tmp_path: Path) -> None:
    path = gpkg(tmp_path / "r.gpkg", roads=({"width": [4.0]}, [shapely.LineString([(100, 0), (400, 0)])]))
    layer = cim.read_city(path, "g", FRAME, ground=slope())
    assert count_codes(layer.issues) == {"GROUND_OUTSIDE": 1}
    (box,) = layer.meshes.feature_bounds().values()
    assert box[1, 0] == pytest.approx(400, abs=1.5)


def test_ids_that_occur_again_are_numbered_and_found(tmp_path: Path) -> None:
    layer = buildings(tmp_path, {"height": [5.0, 5.0], "id": ["A1", "A1"]}, [shapely.box(0, 0, 5, 5), shapely.box(9, 0, 14, 5)])
    assert [row.local_id for row in layer.ledger] == ["buildings/A1", "buildings/A1~2"]
    assert count_codes(layer.issues) == {"ROW_ID_DUPLICATE": 1}


def test_a_crs_is_needed_agreed_and_forced_only_on_request(tmp_path: Path) -> None:
    path = gpkg(tmp_path / "b.gpkg", buildings=({"height": [5.0]}, [shapely.box(0, 0, 9, 9)]))
    with pytest.raises(cim.CrsDisagrees):
        cim.read_city(path, "g", FRAME, crs="EPSG:4548")
    with pytest.raises(OutsideSite):
        cim.read_city(path, "g", FRAME, crs="EPSG:4548", force_crs=True)
    grid = tmp_path / "grid.geojson"
    ring = [[EAST, NORTH], [EAST + 9, NORTH], [EAST + 9, NORTH + 9], [EAST, NORTH]]
    grid.write_text(
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"height":5},"geometry":'
        f'{{"type":"Polygon","coordinates":[{ring}]}}}}]}}'
    )
    with pytest.raises(CrsError) as missing:
        cim.read_city(grid, "g", FRAME)
    assert missing.value.code == "CRS_MISSING"
    assert cim.read_city(grid, "g", FRAME, crs="EPSG:4549", source_name="建筑.geojson").ledger[0].local_id == "建筑/0"


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("not a map")
    with pytest.raises(cim.CityFileInvalid):
        cim.read_city(tmp_path / "note.txt", "g", FRAME)


def test_real_footprints_are_read_row_by_row(data_dir: Path) -> None:
    path = data_dir / "footprints/wuhan_osm_buildings.geojson"
    frame = frame_at("EPSG:4547", 537_500.0, 3_376_000.0, radius=6000.0)
    seen: list[tuple[int, int]] = []
    layer = cim.read_city(path, "g", frame, progress=lambda done, total: seen.append((done, total)))
    rows = pyogrio.read_info(path)["features"]
    assert len(layer.ledger) == len(layer.features) == rows == 733
    assert seen == [(i + 1, 733) for i in range(733)]
    tally = cim.tally(layer.ledger)
    assert tally["Building"].read == 355
    assert sum(tally[name].read for name in ("Road", "Path", "Railway")) == 374
    assert tally["WaterBody"].read == 3
    assert {row.reason for row in layer.ledger if row.outcome == "failed"} == {
        "a point has no extent to draw a Building with",
        "a point has no extent to draw a WaterBody with",
    }
    stated = [f for f in layer.features if f.class_name == "Building" and f.properties["attributes"]["height"] and f.z_range]
    boxes = layer.meshes.feature_bounds()
    for feature in stated:
        low = feature.properties["attributes"].get("min_height") or 0.0
        assert boxes[feature.id][1, 2] - boxes[feature.id][0, 2] == pytest.approx(
            feature.properties["attributes"]["height"] - low, abs=1e-3
        )
    assert len({f.id for f in layer.features}) == 733


def test_a_layer_of_the_world_keeps_every_row_in_degrees_and_draws_what_lies_in_the_site(tmp_path: Path) -> None:
    """The antipodes of a site have its own east and north: what lies there must not be taken for what lies here."""
    lon, lat = FRAME.site.lon, FRAME.site.lat
    antipode = shapely.Point(lon - 180.0, -lat).buffer(3.0)
    home = shapely.box(lon - 20, lat - 10, lon + 2, lat + 15)
    far = shapely.box(-10, 40, 5, 50)
    file = tmp_path / "world.gpkg"
    names = ["中国", "Paraguay", "España", "无"]
    columns = {"NAME": names, "POP": [1_400_000_000, 7_000_000, 47_000_000, None]}
    geopandas.GeoDataFrame(columns, geometry=[home, antipode, far, None], crs="EPSG:4326").to_file(file, layer="countries", driver="GPKG")
    layer = cim.read_city(file, "countries", FRAME)
    assert [(row.outcome, row.reason) for row in layer.ledger] == [
        ("placed", ""),
        ("failed", f"outside the site's radius of {FRAME.site.radius_m:,.0f} m"),
        ("failed", f"outside the site's radius of {FRAME.site.radius_m:,.0f} m"),
        ("without_geometry", ""),
    ]
    found = {feature.properties["attributes"]["NAME"]: feature for feature in layer.features}
    for name, shape in zip(names[:3], (home, antipode, far), strict=True):
        stated = found[name].geographic
        assert stated is not None and stated.equals_exact(shape, 1e-9)
    assert found["Paraguay"].footprint is None and found["无"].geographic is None
    drawn = found["中国"].footprint
    assert drawn is not None and drawn.area == pytest.approx(np.pi * FRAME.site.radius_m**2, rel=2e-3)
