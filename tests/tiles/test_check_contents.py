"""The check is red, by name, on each kind of broken content. The damage is done here, on the files."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.tiles.damage import BOXES, IDS, codes, edit_glb
from tests.tiles.layers import FRAME, SITE, terrain, toy_building
from tiles import check_tileset, write_layer


def shift_nodes(gltf: dict[str, Any]) -> None:
    for node in gltf["nodes"]:
        node["translation"] = [x + d for x, d in zip(node.get("translation", (0, 0, 0)), (0.02, 0, 0), strict=True)]


def test_a_place_two_centimetres_off_within_a_content_is_found_by_where_the_store_has_its_features(good: Path) -> None:
    edit_glb(good, shift_nodes, "spaces")
    found = check_tileset(good, expected_ids=IDS, expected_boxes=BOXES, site=SITE)
    assert "TILES_PLACE_DISAGREES" in {issue.code for issue in found}
    assert "TILES_PLACE_DISAGREES" not in {issue.code for issue in check_tileset(good, expected_ids=IDS, site=SITE)}


def test_a_second_property_table(good: Path) -> None:
    def add(gltf: dict[str, Any]) -> None:
        tables = gltf["extensions"]["EXT_structural_metadata"]["propertyTables"]
        tables.append(tables[0])

    edit_glb(good, add)
    assert codes(good) == {"TILES_PROPERTY_TABLE_SECOND"}


def test_padded_instance_ids_without_a_stride(good: Path) -> None:
    def forget(gltf: dict[str, Any]) -> None:
        number = gltf["nodes"][0]["extensions"]["EXT_mesh_gpu_instancing"]["attributes"]["_FEATURE_ID_0"]
        del gltf["bufferViews"][gltf["accessors"][number]["bufferView"]]["byteStride"]

    edit_glb(good, forget, "furnishing-and-equipment")
    assert "TILES_STRIDE" in codes(good)


def test_a_table_too_long(good: Path) -> None:
    def lengthen(gltf: dict[str, Any]) -> None:
        gltf["extensions"]["EXT_structural_metadata"]["propertyTables"][0]["count"] = 9000

    edit_glb(good, lengthen)
    assert "TILES_TABLE_TOO_LONG" in codes(good)


@pytest.mark.parametrize("extension", ["EXT_meshopt_compression", "KHR_mesh_quantization", "EXT_mesh_features", "EXT_structural_metadata"])
def test_an_extension_that_is_not_declared(extension: str, good: Path) -> None:
    edit_glb(good, lambda gltf: gltf["extensionsUsed"].remove(extension))
    assert codes(good) == {"TILES_EXTENSION_UNDECLARED"}


def test_an_extension_that_is_used_but_not_required(good: Path) -> None:
    edit_glb(good, lambda gltf: gltf["extensionsRequired"].remove("EXT_meshopt_compression"))
    assert codes(good) == {"TILES_EXTENSION_UNDECLARED"}


def test_bounds_that_are_not_those_of_the_values(good: Path) -> None:
    def widen(gltf: dict[str, Any]) -> None:
        number = gltf["meshes"][0]["primitives"][0]["attributes"]["POSITION"]
        gltf["accessors"][number]["max"][0] += 1

    edit_glb(good, widen)
    assert codes(good) == {"TILES_ACCESSOR_BOUNDS"}


def test_a_non_uniform_instance_scale(good: Path) -> None:
    def exchange(gltf: dict[str, Any]) -> None:
        attributes = gltf["nodes"][0]["extensions"]["EXT_mesh_gpu_instancing"]["attributes"]
        attributes["SCALE"] = attributes["TRANSLATION"]

    edit_glb(good, exchange, "furnishing-and-equipment")
    assert "TILES_INSTANCE_SCALE" in codes(good)


def test_compressed_data_of_another_codec(good: Path) -> None:
    def exchange(gltf: dict[str, Any]) -> None:
        for view in gltf["bufferViews"]:
            packed = view.get("extensions", {}).get("EXT_meshopt_compression", {})
            if packed.get("mode") == "TRIANGLES":
                packed["mode"] = "INDICES"

    edit_glb(good, exchange)
    assert "TILES_MESHOPT_CODEC" in codes(good)


def test_a_grid_too_coarse_for_a_building(good: Path) -> None:
    def stretch(gltf: dict[str, Any]) -> None:
        for node in gltf["nodes"]:
            node["scale"] = [40.0] * 3

    edit_glb(good, stretch, "furnishing-and-equipment")
    assert "TILES_STEP_COARSE" in codes(good)


def test_a_city_may_lie_on_a_coarser_grid_than_a_building(tmp_path: Path) -> None:
    write_layer(terrain(), FRAME.to_ecef, tmp_path)

    def as_walls(gltf: dict[str, Any]) -> None:
        del gltf["extensions"]["EXT_structural_metadata"]["propertyTables"][0]["properties"]["kind"]

    assert check_tileset(tmp_path, site=SITE) == []
    document = json.loads((tmp_path / "tileset.json").read_text(encoding="utf-8"))
    tile = document["root"]["children"][0]
    tile["extras"]["features"] = 99
    (tmp_path / "tileset.json").write_text(json.dumps(document), encoding="utf-8")
    edit_glb(tmp_path, as_walls, "terrain")
    assert {issue.code for issue in check_tileset(tmp_path, site=SITE)} == {"TILES_STEP_COARSE"}


def test_uint32_as_a_vertex_attribute(good: Path) -> None:
    def widen(gltf: dict[str, Any]) -> None:
        number = gltf["meshes"][0]["primitives"][0]["attributes"]["_FEATURE_ID_0"]
        gltf["accessors"][number]["componentType"] = 5125

    edit_glb(good, widen)
    assert "TILES_ATTRIBUTE_TYPE" in codes(good)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda p: p.pop("extensions"), "TILES_FEATURE_ID_MISSING"),
        (lambda p: p["extensions"]["EXT_mesh_features"]["featureIds"][0].pop("attribute"), "TILES_FEATURE_ID_MISSING"),
        (lambda p: p["extensions"]["EXT_mesh_features"]["featureIds"][0].update(propertyTable=1), "TILES_PROPERTY_TABLE_SECOND"),
    ],
)
def test_feature_ids_that_lead_nowhere(change: Callable[[dict[str, Any]], None], code: str, good: Path) -> None:
    edit_glb(good, lambda gltf: change(gltf["meshes"][0]["primitives"][0]))
    assert code in codes(good)


def test_a_table_shorter_or_longer_than_what_is_drawn(good: Path, tmp_path: Path) -> None:
    def shorten(gltf: dict[str, Any]) -> None:
        table = gltf["extensions"]["EXT_structural_metadata"]["propertyTables"][0]
        table["count"] -= 1
        for entry in table["properties"].values():
            view = gltf["bufferViews"][entry.get("stringOffsets", entry["values"])]
            view["byteLength"] -= 4

    edit_glb(good, shorten)
    assert "TILES_FEATURE_ID_RANGE" in codes(good)
    write_layer(toy_building(), FRAME.to_ecef, tmp_path / "other")
    edit_glb(tmp_path / "other", lambda gltf: gltf["scenes"][0]["nodes"].pop())
    assert "TILES_ROW_UNUSED" in codes(tmp_path / "other")


def test_no_property_table(good: Path) -> None:
    edit_glb(good, lambda gltf: gltf["extensions"]["EXT_structural_metadata"].pop("propertyTables"))
    assert "TILES_PROPERTY_TABLE_MISSING" in codes(good)


def test_one_id_in_two_rows_of_a_table(good: Path) -> None:
    def repeat(gltf: dict[str, Any]) -> None:
        properties = gltf["extensions"]["EXT_structural_metadata"]["propertyTables"][0]["properties"]
        properties["id"] = properties["class"]

    edit_glb(good, repeat, "furnishing-and-equipment")
    twice = [issue.message for issue in check_tileset(good) if issue.code == "TILES_FEATURE_TWICE"]
    assert twice == ["39 ids stand in two rows of one table"]
