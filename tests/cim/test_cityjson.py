"""Real CityJSON files against the facts counted from them by other means, and small ones made to break the rules."""

import functools
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import pytest
import shapely

import cim
from cim.palette import ROOFS_FLAT, ROOFS_PITCHED, WALLS
from spatial.errors import CrsError, HeightDatumUnknown, OutsideSite
from spatial.issue import count_codes
from spatial.scene import LayerKind
from tests.cim.city_models import HERE, cube, write
from tests.cim.frames import frame_at

FILES = {
    "3dbag_b2.city.json": None,
    "3dbag_b2.city.jsonl": None,
    "delft.city.json": None,
    "basisvoorziening3d_sub.city.json": None,
    "denhaag_subset.city.json": "EPSG:7415",
    "zurich_subset_lod2.city.json": None,
    "multi_lod.city.json": "EPSG:7415",
    "rotterdam_subset.city.json": "EPSG:7415",
}


def facts_of(data_dir: Path, name: str) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((data_dir / "facts.json").read_text())[f"shared/cityjson/{name}"]
    return facts


def coordinates(path: Path) -> Any:
    """Every vertex of a file or sequence in its own CRS, (n, 3)."""
    text = path.read_text(encoding="utf-8")
    documents = [json.loads(line) for line in text.splitlines()] if path.suffix == ".jsonl" else [json.loads(text)]
    moved = documents[0].get("transform") or {"scale": [1.0] * 3, "translate": [0.0] * 3}
    blocks = [np.array(document["vertices"]).reshape(-1, 3) for document in documents]
    return np.concatenate(blocks) * moved["scale"] + moved["translate"]


@functools.cache
def read(path: Path, crs: str | None, code: str) -> tuple[cim.CityLayer, np.ndarray[Any, Any]]:
    points = coordinates(path)
    extent = np.concatenate([points.min(axis=0), points.max(axis=0)])
    middle = (extent[:3] + extent[3:]) / 2
    frame = frame_at(code, middle[0], middle[1], separation=40.0, radius=20_000.0, height=float(middle[2]) + 40.0)
    return cim.read_city(path, "city", frame, crs=crs), extent


def code_of(facts: dict[str, Any]) -> str:
    return "EPSG:" + facts["crs"].rstrip("/").replace("::", "/").split("/")[-1].split(":")[-1]


@pytest.mark.parametrize(("name", "crs"), FILES.items())
def test_every_object_of_a_real_file_is_in_the_ledger_and_the_extent_is_that_of_the_file(
    data_dir: Path, name: str, crs: str | None
) -> None:
    facts = facts_of(data_dir, name)
    layer, extent = read(data_dir / "cityjson" / name, crs, crs or code_of(facts))
    tally = cim.tally(layer.ledger)
    assert {key: count.read for key, count in tally.items()} == facts["types"]
    assert len(layer.features) == len(layer.ledger) == facts["objects"]
    assert sum(t.without_geometry for t in tally.values()) == facts["no_geometry"]
    assert all(t.read == t.placed + t.without_geometry + t.failed and t.failed == 0 for t in tally.values())
    assert set(layer.meshes.features) == {f"city:{row.local_id}" for row in layer.ledger if row.outcome == "placed"}
    boxes = np.array(list(layer.meshes.feature_bounds().values()))
    size = boxes[:, 1].max(axis=0) - boxes[:, 0].min(axis=0)
    turn = 0.05 * float(np.linalg.norm((extent[3:] - extent[:3])[:2])) + 0.05
    assert size[:2] == pytest.approx((extent[3:] - extent[:3])[:2], abs=turn)
    sag = 0.05 + 5e-8 * float(size[:2] @ size[:2])
    assert boxes[:, 1, 2].max() == pytest.approx((extent[5] - extent[2]) / 2, abs=sag)
    assert size[2] == pytest.approx(extent[5] - extent[2], abs=sag)
    assert layer.kind is LayerKind.CITY
    assert not layer.ground_dependent


def test_vertices_of_a_real_file_land_where_pyproj_and_n_by_hand_put_them(data_dir: Path) -> None:
    facts = facts_of(data_dir, "delft.city.json")
    middle = (np.array(facts["extent"][:3]) + facts["extent"][3:]) / 2
    frame = frame_at("EPSG:28992", middle[0], middle[1], separation=43.5, height=45.0)
    layer = cim.read_city(data_dir / "cityjson/delft.city.json", "d", frame)
    document = json.loads((data_dir / "cityjson/delft.city.json").read_text())
    name = next(key for key, value in document["CityObjects"].items() if value["type"] == "Building")
    used = sorted({v for shell in document["CityObjects"][name]["geometry"][0]["boundaries"] for f in shell for ring in f for v in ring})
    points = np.array(document["vertices"])[used] * document["transform"]["scale"] + document["transform"]["translate"]
    lon, lat = pyproj.Transformer.from_crs(28992, 4326, always_xy=True).transform(points[:, 0], points[:, 1])
    earth = pyproj.Transformer.from_crs(4979, 4978, always_xy=True)
    there = np.column_stack(earth.transform(lon, lat, points[:, 2] + 43.5))
    own = layer.meshes.selected([f"d:{name}"])
    drawn = np.concatenate([own.part_vertices(i) for i in range(own.parts)])
    ecef = drawn @ frame.to_ecef[:3, :3].T + frame.to_ecef[:3, 3]
    assert max(np.linalg.norm(there - p, axis=1).min() for p in ecef) < 0.001
    assert max(np.linalg.norm(ecef - p, axis=1).min() for p in there) < 0.001


def test_roofs_and_walls_have_colours_of_their_own(data_dir: Path) -> None:
    layer, _ = read(data_dir / "cityjson/delft.city.json", None, "EPSG:7415")
    house = next(f for f in layer.features if f.class_name == "Building")
    colours = {tuple(int(v) for v in rgba) for rgba in layer.meshes.selected([house.id]).part_rgba}
    assert colours & set(WALLS)
    assert colours & set(ROOFS_FLAT + ROOFS_PITCHED)


def test_a_real_file_in_its_authoritys_axis_order_stands_in_tokyo_and_not_in_saitama(data_dir: Path) -> None:
    path = data_dir / "cityjson/japanese.city.json"
    frame = frame_at("EPSG:6677", -8060.0, -36770.0, separation=37.0)
    assert (frame.site.lon, frame.site.lat) == pytest.approx((139.744, 35.668), abs=0.005)
    layer = cim.read_city(path, "t", frame)
    assert count_codes(layer.issues) == {"AXIS_SWAPPED": 1}
    assert {row.outcome for row in layer.ledger} == {"placed"}
    assert all(volume_of(layer, feature.id) > 0 for feature in layer.features)
    document = json.loads(path.read_text(encoding="utf-8"))["CityObjects"]
    for feature in layer.features:
        assert feature.properties["attributes"] == document[feature.id.removeprefix("t:")].get("attributes", {})
    assert {feature.properties["lod"] for feature in layer.features} == {"2"}
    assert {tuple(feature.properties.get("lods", ())) for feature in layer.features} == {(), ("0", "1", "2")}
    with pytest.raises(OutsideSite):
        cim.read_city(path, "t", frame_at("EPSG:6677", 200_000.0, -36770.0, separation=37.0))


def volume_of(layer: cim.CityLayer, feature: str) -> float:
    """The signed volume of a feature's triangles, positive where they face outward."""
    own = layer.meshes.selected([feature])
    corners = np.concatenate([own.part_vertices(i)[own.meshes[own.part_mesh[i]].triangles] for i in range(own.parts)])
    local = corners - corners.reshape(-1, 3).mean(axis=0)
    return float((local[:, 0] * np.cross(local[:, 1], local[:, 2])).sum() / 6)


def test_solids_of_a_real_file_keep_the_area_of_every_face(data_dir: Path) -> None:
    layer, _ = read(data_dir / "cityjson/delft.city.json", None, "EPSG:7415")
    path = data_dir / "cityjson/delft.city.json"
    document, points = json.loads(path.read_text(encoding="utf-8")), coordinates(path)
    for name in [name for name, entity in document["CityObjects"].items() if entity["type"] == "Building"][:20]:
        (shell,) = document["CityObjects"][name]["geometry"][0]["boundaries"]
        rings = [points[ring] - points[ring[0]] for (ring,) in shell]
        area = sum(float(np.linalg.norm(np.cross(ring, np.roll(ring, -1, axis=0)).sum(axis=0))) / 2 for ring in rings)
        own = layer.meshes.selected([f"city:{name}"])
        corners = np.concatenate([own.part_vertices(i)[own.meshes[own.part_mesh[i]].triangles] for i in range(own.parts)])
        drawn = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1).sum() / 2
        assert drawn == pytest.approx(area, rel=1e-3)


def test_a_building_that_its_parts_show_in_a_higher_level_is_not_drawn_twice(data_dir: Path) -> None:
    layer, _ = read(data_dir / "cityjson/tile_901_trimmed.city.jsonl", None, "EPSG:7415")
    assert {name: (t.read, t.placed, t.without_geometry, t.failed) for name, t in cim.tally(layer.ledger).items()} == {
        "Building": (52, 0, 52, 0),
        "BuildingPart": (52, 52, 0, 0),
    }
    assert all("LoD 0" in row.reason for row in layer.ledger if row.class_name == "Building")
    assert all(feature.footprint is not None and feature.z_range is not None for feature in layer.features)


def test_parts_hang_under_their_building_and_give_it_their_plan(data_dir: Path) -> None:
    layer, _ = read(data_dir / "cityjson/zurich_subset_lod2.city.json", None, "EPSG:2056")
    by_id = {feature.id: feature for feature in layer.features}
    parts = [feature for feature in layer.features if feature.class_name == "BuildingPart"]
    assert all(part.parent == part.building and part.parent in by_id for part in parts)
    parent = by_id[parts[0].parent or parts[0].id]
    assert parent.footprint is not None
    assert parts[0].footprint is not None
    assert parent.footprint.buffer(0.01).covers(parts[0].footprint)
    assert Counter(row.outcome for row in layer.ledger) == {"placed": 161, "without_geometry": 49}


def test_an_old_version_is_refused_by_name(data_dir: Path) -> None:
    with pytest.raises(cim.CityJsonVersionUnsupported, match=r"0\.9") as refused:
        cim.read_city(data_dir / "cityjson/montreal_2b.city.json", "m", frame_at("EPSG:32618", 300_000, 5_040_000))
    assert refused.value.code == "CITYJSON_VERSION_UNSUPPORTED"


def test_a_1985_height_needs_the_sites_separation_and_stands_n_higher(tmp_path: Path) -> None:
    path = write(tmp_path, cube())
    with pytest.raises(HeightDatumUnknown):
        cim.read_city(path, "c", frame_at(*HERE, separation=None))
    (box,) = cim.read_city(path, "c", frame_at(*HERE, separation=10.0, height=30.0)).meshes.feature_bounds().values()
    assert box[0] == pytest.approx([0, 0, 0], abs=0.03)
    assert box[1] == pytest.approx([4, 4, 3], abs=0.03)


def test_a_crs_is_asked_for_and_never_contradicted_in_silence(tmp_path: Path) -> None:
    frame = frame_at(*HERE)
    with pytest.raises(CrsError) as missing:
        cim.read_city(write(tmp_path, cube(metadata={})), "c", frame)
    assert missing.value.code == "CRS_MISSING"
    assert cim.read_city(write(tmp_path, cube(metadata={})), "c", frame, crs="EPSG:4549").crs == "EPSG:4549"
    with pytest.raises(cim.CrsDisagrees) as other:
        cim.read_city(write(tmp_path, cube()), "c", frame, crs="EPSG:4548")
    assert other.value.code == "CRS_DISAGREES"
    wrong = cube(metadata={"referenceSystem": "https://www.opengis.net/def/crs/EPSG/0/4548"})
    assert cim.read_city(write(tmp_path, wrong), "c", frame, crs="EPSG:4549", force_crs=True).crs == "EPSG:4549"


def test_what_lies_beyond_the_radius_fails_alone_and_all_of_it_together_refuses_the_file(tmp_path: Path) -> None:
    document = cube()
    document["vertices"] += [[v[0] + 9_000_000, v[1], v[2]] for v in document["vertices"]]
    far = json.loads(json.dumps(document["CityObjects"]["b"]))
    far["geometry"][0]["boundaries"] = [[[[v + 8 for v in ring] for ring in face] for face in far["geometry"][0]["boundaries"][0]]]
    document["CityObjects"]["far"] = far
    layer = cim.read_city(write(tmp_path, document), "c", frame_at(*HERE))
    assert {row.local_id: row.outcome for row in layer.ledger} == {"b": "placed", "far": "failed"}
    assert [issue.code for issue in layer.issues] == ["GEOREF_OUTSIDE_SITE"]
    with pytest.raises(OutsideSite):
        cim.read_city(write(tmp_path, cube()), "c", frame_at("EPSG:4549", 459430.0, 2886950.0))


def test_bad_boundaries_fail_one_object_with_the_reason_and_no_surface_is_no_crash(tmp_path: Path) -> None:
    document = cube()
    bad = [[[[0, 1, 99]]]]
    document["CityObjects"] |= {
        "index": {"type": "Building", "geometry": [{"type": "Solid", "lod": "1", "boundaries": bad}]},
        "points": {"type": "CityFurniture", "geometry": [{"type": "MultiPoint", "lod": "1", "boundaries": [0]}]},
        "flat": {"type": "Building", "geometry": [{"type": "MultiSurface", "lod": "1", "boundaries": [[[0, 1, 0]]]}]},
        "none": {"type": "Building"},
    }
    layer = cim.read_city(write(tmp_path, document), "c", frame_at(*HERE))
    assert {row.local_id: row.outcome for row in layer.ledger} == {
        "b": "placed",
        "index": "failed",
        "points": "failed",
        "flat": "failed",
        "none": "without_geometry",
    }
    assert all(bool(row.reason) == (row.outcome == "failed") for row in layer.ledger)


def test_templates_share_one_mesh_and_stand_at_their_points(tmp_path: Path) -> None:
    document = cube()
    faces = document["CityObjects"]["b"]["geometry"][0]["boundaries"]
    unit = [[x, y, z] for z in (0, 2) for x, y in ((0, 0), (1, 0), (1, 1), (0, 1))]
    document["geometry-templates"] = {"templates": [{"type": "Solid", "lod": "3", "boundaries": faces}], "vertices-templates": unit}
    turned = [0, -2, 0, 0, 2, 0, 0, 0, 0, 0, 2, 1, 0, 0, 0, 1]
    stretched = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 3, 0, 0, 0, 0, 1]
    for name, vertex, matrix in (("p", 1, turned), ("q", 2, turned), ("r", 3, stretched)):
        instance = {"type": "GeometryInstance", "template": 0, "boundaries": [vertex], "transformationMatrix": matrix}
        document["CityObjects"][name] = {"type": "SolitaryVegetationObject", "geometry": [instance]}
    layer = cim.read_city(write(tmp_path, document), "c", frame_at(*HERE, height=30.0))
    boxes = layer.meshes.feature_bounds()
    assert boxes["c:p"] == pytest.approx(np.array([[2, 0, 1], [4, 2, 5]]), abs=0.04)
    assert boxes["c:r"] == pytest.approx(np.array([[0, 4, 0], [1, 5, 6]]), abs=0.04)
    meshes = {name: layer.meshes.selected([f"c:{name}"]).meshes[0].digest for name in "pqr"}
    assert meshes["p"] == meshes["q"] != meshes["r"]


def test_the_highest_level_of_detail_wins_and_the_footprint_is_the_ground(tmp_path: Path) -> None:
    document = cube()
    solid = document["CityObjects"]["b"]["geometry"][0]
    document["CityObjects"]["b"]["geometry"] = [{"type": "MultiSurface", "lod": "0", "boundaries": [[[0, 1, 2]]]}, {**solid, "lod": "2.2"}]
    (feature,) = cim.read_city(write(tmp_path, document), "c", frame_at(*HERE)).features
    assert feature.properties["lod"] == "2.2"
    assert feature.footprint is not None
    assert feature.footprint.area == pytest.approx(16.0, rel=1e-3)
    assert isinstance(feature.footprint, shapely.Polygon)


def test_a_broken_file_is_refused_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "cut.city.json").write_text('{"type": "CityJSON", "version": "2.0", "CityObj')
    for path in (tmp_path / "cut.city.json", write(tmp_path, {"type": "CityJSON", "version": "2.0"})):
        with pytest.raises(cim.CityFileInvalid) as refused:
            cim.read_city(path, "c", frame_at(*HERE))
        assert refused.value.hint
