"""Vector files with the hazards of real ones: each is read, refused with a hint, or its row fails alone with the reason."""

import json
import sqlite3
import zipfile
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pandas
import pyogrio
import pytest
import shapely
from shapely.geometry.base import BaseGeometry

import cim
from spatial.errors import CrsError
from spatial.issue import count_codes
from tests.cim.frames import frame_at

EAST, NORTH = 429430.0, 2886950.0
FRAME = frame_at("EPSG:4549", EAST, NORTH)
GROUND = {"GROUND_MISSING": 1}


def plot(x: float, y: float = 0.0, *, side: float = 10.0) -> BaseGeometry:
    return shapely.box(EAST + x, NORTH + y, EAST + x + side, NORTH + y + side)


def layer(path: Path, geometries: list[BaseGeometry | None], crs: Any = 4549, name: str = "buildings", **columns: list[Any]) -> Path:
    frame = geopandas.GeoDataFrame(columns or {"height": [9.0] * len(geometries)}, geometry=geometries, crs=crs)
    frame.to_file(path, driver="GPKG", layer=name)
    return path


def read(path: Path, **options: Any) -> cim.CityLayer:
    return cim.read_city(path, "g", FRAME, **options)


def geojson(properties: dict[str, Any], geometry: BaseGeometry | None = None) -> str:
    degrees = geopandas.GeoSeries([geometry or plot(0)], crs=4549).to_crs(4326).iloc[0]
    feature = {"type": "Feature", "properties": properties, "geometry": json.loads(shapely.to_geojson(degrees))}
    return json.dumps({"type": "FeatureCollection", "features": [feature]}, ensure_ascii=False)


@pytest.mark.parametrize("crs", [4490, 4326, 3857, 4528, 4526, 4550])
def test_one_place_in_any_crs_is_one_place(tmp_path: Path, crs: int) -> None:
    moved = geopandas.GeoSeries([plot(100, 50)], crs=4549).to_crs(crs)
    found = read(layer(tmp_path / "b.gpkg", list(moved), crs)).features[0].footprint
    own = read(layer(tmp_path / "own.gpkg", [plot(100, 50)])).features[0].footprint
    assert found is not None
    assert own is not None
    assert shapely.hausdorff_distance(found, own) < 0.001


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (lambda p: p[:, ::-1], "AXIS_SWAPPED"),
        (lambda p: np.add(p, (40e6, 0)), "EASTING_ZONE_PREFIX"),
    ],
)
def test_swapped_axes_and_a_zone_number_are_undone_and_told(tmp_path: Path, fault: Any, code: str) -> None:
    found = read(layer(tmp_path / "b.gpkg", [shapely.transform(plot(100, 50), fault)]))
    own = read(layer(tmp_path / "own.gpkg", [plot(100, 50)]))
    assert count_codes(found.issues) == GROUND | {code: 1}
    assert found.features[0].footprint is not None
    assert shapely.hausdorff_distance(found.features[0].footprint, own.features[0].footprint) < 0.001


@pytest.mark.parametrize("wrong", [np.nan, np.inf, 1e13])
def test_a_coordinate_that_is_no_place_fails_its_row_alone(tmp_path: Path, wrong: float) -> None:
    with np.errstate(invalid="ignore"):
        bad = shapely.polygons(np.array([[EAST, NORTH], [wrong, NORTH], [EAST, NORTH + 5], [EAST, NORTH]]))
    found = read(layer(tmp_path / "b.gpkg", [plot(0), bad]))
    assert [row.outcome for row in found.ledger] == ["placed", "failed"]
    assert "no numbers" in found.ledger[1].reason
    assert count_codes(found.issues) == GROUND | {"GEOMETRY_EMPTY": 1}


def test_every_kind_of_geometry_is_placed_or_in_the_ledger(tmp_path: Path) -> None:
    shapes = [
        shapely.MultiPolygon([plot(0), plot(20)]),
        shapely.GeometryCollection([plot(40), shapely.Point(EAST, NORTH)]),
        shapely.MultiPolygon([plot(60), plot(65, 5)]),
        shapely.Polygon(),
        shapely.GeometryCollection(),
        None,
    ]
    found = read(layer(tmp_path / "b.gpkg", shapes))
    assert [row.outcome for row in found.ledger] == ["placed"] * 3 + ["without_geometry"] * 3
    areas = [feature.footprint.area for feature in found.features if feature.footprint is not None]
    assert areas == pytest.approx([200, 100, 175], rel=2e-4)
    assert count_codes(found.issues) == GROUND | {"GEOMETRY_REPAIRED": 1}


def test_z_in_the_geometries_is_not_used_and_that_is_said(tmp_path: Path) -> None:
    found = read(layer(tmp_path / "b.gpkg", [shapely.force_3d(plot(0), 500.0), plot(20)]))
    assert count_codes(found.issues) == GROUND | {"GEOMETRY_Z_UNUSED": 1}
    assert "1 of 2" in next(issue.message for issue in found.issues if issue.code == "GEOMETRY_Z_UNUSED")
    assert found.features[0].z_range == pytest.approx((0.0, 9.0), abs=0.05)


def test_whole_numbers_stay_whole_where_a_cell_is_empty(tmp_path: Path) -> None:
    cells = {"id": [5, None, 7], "层数": [3, None, 4]}
    frame = geopandas.GeoDataFrame(cells, geometry=[plot(0), plot(20), plot(40)], crs=4549).astype({"id": "Int64", "层数": "Int64"})
    frame.to_file(tmp_path / "b.gpkg", driver="GPKG", layer="buildings")
    found = read(tmp_path / "b.gpkg")
    assert [row.local_id for row in found.ledger] == ["buildings/5", "buildings/fid-2", "buildings/7"]
    assert [feature.properties["attributes"] for feature in found.features] == [
        {"id": 5, "层数": 3},
        {"id": None, "层数": None},
        {"id": 7, "层数": 4},
    ]
    assert ".0" not in json.dumps([feature.properties["attributes"] for feature in found.features])


def test_a_value_in_any_column_of_its_meaning_counts(tmp_path: Path) -> None:
    path = layer(tmp_path / "b.gpkg", [plot(0), plot(20)], height=[None, 5.0], 建筑高度=[12.0, 99.0])
    boxes = read(path).meshes.feature_bounds()
    assert [boxes[f"g:buildings/{i}"][1, 2] - boxes[f"g:buildings/{i}"][0, 2] for i in (1, 2)] == pytest.approx([12.0, 5.0], abs=1e-3)


def test_ids_are_unique_whatever_the_file_says(tmp_path: Path) -> None:
    found = read(layer(tmp_path / "b.gpkg", [plot(0), plot(20), plot(40)], id=["A1", "A1", "A1~2"], height=[5.0] * 3))
    assert len({row.local_id for row in found.ledger}) == 3
    assert set(found.meshes.features) == {f"g:{row.local_id}" for row in found.ledger}


def test_a_code_that_all_rows_share_is_no_id(tmp_path: Path) -> None:
    found = read(layer(tmp_path / "b.gpkg", [plot(20.0 * i) for i in range(4)], 编码=["310300"] * 4, height=[5.0] * 4))
    assert [row.local_id for row in found.ledger] == [f"buildings/{i}" for i in (1, 2, 3, 4)]
    assert count_codes(found.issues) == GROUND


def test_a_row_that_repeats_id_and_geometry_is_drawn_once(tmp_path: Path) -> None:
    turned = shapely.Polygon(np.roll(shapely.get_coordinates(plot(0))[:-1], 1, axis=0))
    plots = [plot(0), turned, plot(10), plot(50), plot(70), plot(90)]
    found = read(layer(tmp_path / "b.gpkg", plots, id=["A", "A", "A", "B", "C", "D"], height=[5.0] * 6))
    assert [row.outcome for row in found.ledger] == ["placed", "without_geometry", *["placed"] * 4]
    assert found.ledger[1].reason == "the same as buildings fid 1, where it is drawn"
    assert count_codes(found.issues) == GROUND | {"ROW_ID_DUPLICATE": 2, "ROW_REPEATED": 1}


def test_what_reaches_beyond_the_radius_is_cut_there_and_told(tmp_path: Path) -> None:
    road = shapely.LineString([(EAST, NORTH), (EAST + 90_000, NORTH)])
    found = read(layer(tmp_path / "r.gpkg", [road], name="roads", width=[6.0]))
    assert count_codes(found.issues) == GROUND | {"GEOREF_OUTSIDE_SITE": 1}
    box = found.meshes.feature_bounds()["g:roads/1"]
    assert np.abs(box[:, :2]).max() == pytest.approx(3000.0, abs=5.0)


def test_an_undefined_crs_is_none_and_may_be_named(tmp_path: Path) -> None:
    path = layer(tmp_path / "b.gpkg", [plot(0)])
    with sqlite3.connect(path) as database:
        for table in ("gpkg_contents", "gpkg_geometry_columns"):
            database.execute(f"UPDATE {table} SET srs_id = -1")
    database.close()
    with pytest.raises(CrsError) as missing:
        read(path)
    assert missing.value.code == "CRS_MISSING"
    assert read(path, crs="EPSG:4549").ledger[0].outcome == "placed"


def test_layers_of_several_crs_are_each_read_in_their_own(tmp_path: Path) -> None:
    path = layer(tmp_path / "b.gpkg", [plot(0)])
    layer(path, list(geopandas.GeoSeries([plot(30)], crs=4549).to_crs(3857)), 3857, "green", n=[1])
    found = read(path)
    assert found.crs == "EPSG:4549; EPSG:3857"
    assert [row.outcome for row in found.ledger] == ["placed", "placed"]


def test_a_style_table_is_named_and_an_attribute_table_is_rows_without_geometry(tmp_path: Path) -> None:
    path = layer(tmp_path / "b.gpkg", [plot(0)])
    for name in ("layer_styles", "owners"):
        pyogrio.write_dataframe(pandas.DataFrame({"n": [1, 2]}), path, layer=name, driver="GPKG", append=True)
    found = read(path)
    assert [(row.entity, row.outcome) for row in found.ledger] == [
        ("buildings fid 1", "placed"),
        ("owners fid 1", "without_geometry"),
        ("owners fid 2", "without_geometry"),
    ]
    assert count_codes(found.issues) == GROUND | {"TABLE_SKIPPED": 1}


def test_a_layer_without_rows_is_found(tmp_path: Path) -> None:
    (tmp_path / "none.geojson").write_text('{"type":"FeatureCollection","features":[]}')
    assert count_codes(read(tmp_path / "none.geojson").issues) == GROUND | {"LAYER_EMPTY": 1}


def test_gbk_text_is_read_and_told(tmp_path: Path) -> None:
    (tmp_path / "建筑.geojson").write_bytes(geojson({"名称": "办公楼", "层数": 3}).encode("gb18030"))
    found = read(tmp_path / "建筑.geojson")
    assert (found.features[0].name, found.features[0].class_name) == ("办公楼", "Building")
    assert count_codes(found.issues) == GROUND | {"STOREYS_WITHOUT_HEIGHT": 1, "TEXT_ENCODING_REPAIRED": 1}
    (tmp_path / "b.geojson").write_bytes(geojson({"名称": "办公楼"}).encode("utf-8-sig"))
    assert count_codes(read(tmp_path / "b.geojson").issues) == GROUND
    (tmp_path / "c.geojson").write_bytes(geojson({"名称": "?"}).encode().replace(b"?", b"\xff\xff"))
    with pytest.raises(cim.CityFileInvalid, match="neither UTF-8 nor GB 18030"):
        read(tmp_path / "c.geojson")


@pytest.mark.parametrize("named", [True, False])
def test_a_zipped_shapefile_in_gbk_is_read_with_or_without_its_code_page(tmp_path: Path, named: bool) -> None:
    frame = geopandas.GeoDataFrame({"建筑高度": [12.0], "名称": ["办公楼"]}, geometry=[plot(0)], crs=4549)
    pyogrio.write_dataframe(frame, tmp_path / "房屋.shp", encoding="GBK")
    parts = [part for part in tmp_path.iterdir() if named or part.suffix != ".cpg"]
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        for part in parts:
            archive.write(part, part.name)
    found = read(tmp_path / "b.zip")
    assert found.features[0].properties["attributes"] == {"建筑高度": 12.0, "名称": "办公楼"}
    assert found.features[0].z_range == pytest.approx((0.0, 12.0), abs=0.05)
    assert ("TEXT_ENCODING_REPAIRED" in count_codes(found.issues)) is not named
    with pytest.raises(cim.CityFileInvalid) as alone:
        read(tmp_path / "房屋.shp")
    assert "zip" in alone.value.hint


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("city.gml", b'<?xml version="1.0"?><core:CityModel/>'),
        ("table.csv", b"a,b\n1,2\n"),
        ("cut.geojson", geojson({"a": 1}).encode()[:90]),
        ("nothing.geojson", b""),
        ("topology.json", b'{"type":"Topology","objects":{},"arcs":[]}'),
        ("cut.zip", b"PK\x03\x04 and no more"),
        ("cut.gpkg", b"SQLite format 3\x00" + bytes(80)),
    ],
)
def test_what_is_not_read_is_refused_with_what_to_do_and_leaves_nothing_behind(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(cim.CityFileInvalid) as refused:
        read(tmp_path / name)
    assert refused.value.hint
    assert name in str(refused.value)
    assert [path.name for path in tmp_path.iterdir()] == [name]
