"""The check is silent on good tiles and red, by name, on each kind of broken ones. The damage is done here, on the files."""

import copy
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spatial.frame import Site
from tests.tiles.layers import FRAME, SITE, terrain, toy_building, trees
from tests.tiles.reader import Glb
from tiles import assemble_site, check_tileset, read_manifest, write_layer

IDS = set(toy_building().meshes.features)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    write_layer(toy_building(), FRAME.to_ecef, tmp_path / "toy")
    return tmp_path / "toy"


def codes(folder: Path, expected: set[str] | None = None, site: Site = SITE) -> set[str]:
    return {issue.code for issue in check_tileset(folder, expected_ids=IDS if expected is None else expected, site=site)}


def edit(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    path = folder / "tileset.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document)
    path.write_text(json.dumps(document), encoding="utf-8")


def leaf(document: dict[str, Any], group: str = "fabric") -> dict[str, Any]:
    """A content tile of a storey, with its group."""
    waiting = list(document["root"]["children"])
    while waiting:
        tile = waiting.pop(0)
        if tile.get("extras", {}).get("group") == group and tile["extras"]["features"] > 5:
            return tile
        waiting += tile.get("children", [])
    raise AssertionError(f"no content of {group}")


def edit_glb(folder: Path, change: Callable[[dict[str, Any]], None], group: str = "fabric") -> None:
    """Change the JSON of one glb in place, its binary chunk untouched."""
    document = json.loads((folder / "tileset.json").read_text(encoding="utf-8"))
    path = folder / leaf(document, group)["content"]["uri"]
    glb = Glb(path.read_bytes())
    change(glb.json)
    text = json.dumps(glb.json).encode()
    text += b" " * (-(28 + len(text)) % 8)
    head = struct.pack("<4sIII4s", b"glTF", 2, 28 + len(text) + len(glb.bin), len(text), b"JSON")
    path.write_bytes(head + text + struct.pack("<I4s", len(glb.bin), b"BIN\0") + glb.bin)


@pytest.mark.parametrize(
    "layer", [toy_building(), toy_building(secret=True), trees(), terrain()], ids=["building", "secret", "city", "terrain"]
)
def test_good_tiles_have_no_finding(layer: Any, tmp_path: Path) -> None:
    write_layer(layer, FRAME.to_ecef, tmp_path)
    assert check_tileset(tmp_path, expected_ids=set(layer.meshes.features), site=SITE) == []


def test_a_site_of_external_tilesets_has_no_finding(tmp_path: Path) -> None:
    layers = [toy_building(), trees(), terrain()]
    manifests = [write_layer(layer, FRAME.to_ecef, tmp_path / layer.key) for layer in layers]
    site = assemble_site(manifests, None, lambda key: f"{key}/tileset.json")
    (tmp_path / "tileset.json").write_text(json.dumps(site), encoding="utf-8")
    ids = {name for layer in layers for name in layer.meshes.features}
    assert check_tileset(tmp_path, expected_ids=ids, site=SITE) == []


# The eight that the official validator is silent about.


@pytest.mark.parametrize("side", [-1, 1])
def test_content_outside_its_box(side: int, good: Path) -> None:
    def shrink(document: dict[str, Any]) -> None:
        box = leaf(document)["boundingVolume"]["box"]
        box[0] -= side * 0.005
        box[3] -= 0.005

    edit(good, shrink)
    assert codes(good) == {"TILES_CONTENT_OUTSIDE_BOX"}


def test_a_child_outside_its_parent(good: Path) -> None:
    def grow(document: dict[str, Any]) -> None:
        leaf(document)["boundingVolume"]["box"][3] += 0.01

    edit(good, grow)
    assert codes(good) == {"TILES_CHILD_OUTSIDE_PARENT"}


def test_y_and_z_of_a_box_exchanged(good: Path) -> None:
    def exchange(document: dict[str, Any]) -> None:
        box = leaf(document)["boundingVolume"]["box"]
        for start in range(0, 12, 3):
            box[start + 1], box[start + 2] = box[start + 2], box[start + 1]

    edit(good, exchange)
    assert "TILES_BOX_AXES_SWAPPED" in codes(good)
    assert "TILES_CONTENT_OUTSIDE_BOX" not in codes(good)


def test_replace_children_that_lose_a_feature(good: Path) -> None:
    def replace_by_half(document: dict[str, Any]) -> None:
        tile = leaf(document)
        tile["refine"] = "REPLACE"
        tile["geometricError"] = 1.0
        other = leaf(document, "furnishing-and-equipment")
        tile["children"] = [copy.deepcopy(other) | {"boundingVolume": copy.deepcopy(tile["boundingVolume"])}]
        other["content"] = copy.deepcopy(leaf(document, "fabric")["content"])

    edit(good, replace_by_half)
    assert "TILES_REPLACE_UNCOVERED" in codes(good)


def test_replace_children_whose_boxes_leave_a_gap(good: Path) -> None:
    def replace_by_itself(document: dict[str, Any]) -> None:
        tile = leaf(document)
        child = copy.deepcopy(tile)
        child["boundingVolume"]["box"][3] /= 2
        tile |= {"refine": "REPLACE", "geometricError": 1.0, "children": [child]}

    edit(good, replace_by_itself)
    assert codes(good) == {"TILES_REPLACE_UNCOVERED", "TILES_CONTENT_OUTSIDE_BOX"}


def test_replace_children_that_cover_their_parent_are_fine(good: Path) -> None:
    def replace_by_itself(document: dict[str, Any]) -> None:
        tile = leaf(document)
        tile |= {"refine": "REPLACE", "geometricError": 1.0, "children": [copy.deepcopy(tile)]}

    edit(good, replace_by_itself)
    assert codes(good) == set()


def test_a_backslash_in_a_uri(good: Path) -> None:
    def turn(document: dict[str, Any]) -> None:
        tile = leaf(document)
        tile["content"]["uri"] = ".\\" + tile["content"]["uri"]

    edit(good, turn)
    assert codes(good) == {"TILES_URI_BACKSLASH", "TILES_LEDGER_DIFFERS"}


def test_a_transform_written_row_by_row(good: Path) -> None:
    def transpose(document: dict[str, Any]) -> None:
        document["root"]["transform"] = np.array(document["root"]["transform"]).reshape(4, 4).T.ravel().tolist()

    edit(good, transpose)
    assert {"TILES_FAR_FROM_SITE", "TILES_TRANSFORM_INVALID"} <= codes(good)


@pytest.mark.parametrize(("axis", "metres"), [(0, 0.05), (1, 0.05), (2, 0.05)])
def test_a_place_five_centimetres_off(axis: int, metres: float, good: Path) -> None:
    def shift(document: dict[str, Any]) -> None:
        moved = np.array(document["root"]["transform"]).reshape(4, 4).T
        moved[:3, 3] += metres * FRAME.to_ecef[:3, axis]
        document["root"]["transform"] = moved.T.ravel().tolist()

    edit(good, shift)
    assert codes(good) == {"TILES_PLACE_DISAGREES"}


def test_a_place_off_in_height_is_found_without_a_manifest_by_the_table(good: Path) -> None:
    (good / "layer.json").unlink()

    def lift(document: dict[str, Any]) -> None:
        moved = np.array(document["root"]["transform"]).reshape(4, 4).T
        moved[:3, 3] += 0.05 * FRAME.to_ecef[:3, 2]
        document["root"]["transform"] = moved.T.ravel().tolist()

    edit(good, lift)
    assert codes(good) == {"TILES_PLACE_DISAGREES"}


def test_a_site_elsewhere(good: Path) -> None:
    elsewhere = Site(code="x", name="x", lon=119.5, lat=26.0896, height_m=25.0, crs="EPSG:4549", geoid_separation_m=10.0)
    assert {"TILES_FAR_FROM_SITE", "TILES_PLACE_DISAGREES"} <= codes(good, site=elsewhere)


@pytest.mark.parametrize("expected", [IDS | {"toy:lost"}, IDS - {"toy:mast"}], ids=["one lost", "one too many"])
def test_feature_ids_that_are_not_the_ledgers(expected: set[str], good: Path) -> None:
    (issue,) = check_tileset(good, expected_ids=expected, site=SITE)
    assert issue.code == "TILES_LEDGER_DIFFERS"
    assert "toy:lost" in issue.message or "toy:mast" in issue.message


def test_a_feature_twice_under_add(good: Path) -> None:
    def repeat(document: dict[str, Any]) -> None:
        for storey in document["root"]["children"]:
            fabric = [tile for tile in storey["children"] if tile.get("extras", {}).get("group") == "fabric"]
            storey["children"] += copy.deepcopy(fabric)

    edit(good, repeat)
    assert codes(good) == {"TILES_FEATURE_TWICE"}


def test_a_feature_in_a_tile_and_again_below_it_under_add(good: Path) -> None:
    def repeat(document: dict[str, Any]) -> None:
        tile = leaf(document)
        tile["children"] = [copy.deepcopy(tile)]

    edit(good, repeat)
    assert codes(good) == {"TILES_FEATURE_TWICE"}


# What else goes wrong.


def test_a_content_that_is_missing(good: Path) -> None:
    (good / f"{read_manifest(good).contents[0].sha256}.glb").unlink()
    assert codes(good) == {"TILES_CONTENT_MISSING", "TILES_LEDGER_DIFFERS"}


def test_no_tileset_at_all(tmp_path: Path) -> None:
    assert codes(tmp_path, expected=set()) == {"TILES_CONTENT_MISSING"}


@pytest.mark.parametrize("text", ["{", "[]", '{"asset": {"version": "1.0"}}', "{}"])
def test_a_tileset_that_is_no_tileset(text: str, tmp_path: Path) -> None:
    (tmp_path / "tileset.json").write_text(text, encoding="utf-8")
    assert codes(tmp_path, expected=set()) == {"TILES_JSON_INVALID"}


@pytest.mark.parametrize("data", [b"", b"glTF", b"b3dm" + bytes(40), b"glTF" + struct.pack("<IIII", 2, 20, 9999, 0)])
def test_a_content_that_is_no_glb(data: bytes, good: Path) -> None:
    (good / f"{read_manifest(good).contents[1].sha256}.glb").write_bytes(data)
    assert codes(good) == {"TILES_GLB_INVALID", "TILES_LEDGER_DIFFERS"}


def test_a_child_with_a_larger_error_than_its_parent(good: Path) -> None:
    edit(good, lambda document: leaf(document).update(geometricError=1000.0))
    assert codes(good) == {"TILES_GEOMETRIC_ERROR"}


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
