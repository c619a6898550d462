"""The check is silent on good tiles and red, by name, on each kind of broken ones. The damage is done here, on the files."""

import copy
import gzip
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spatial.frame import Site
from tests.tiles.damage import BOXES, IDS, LABELS, codes, edit, leaf
from tests.tiles.layers import FRAME, SITE, terrain, toy_building, trees
from tiles import assemble_site, assemble_tileset, check_tileset, read_manifest, write_layer

SPHERE = {"sphere": [0, 0, 0, 500]}


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
        box[0] -= side * 0.002
        box[3] -= 0.002

    edit(good, shrink)
    assert codes(good) == {"TILES_CONTENT_OUTSIDE_BOX"}


def test_content_outside_a_box_further_up(good: Path) -> None:
    edit(good, lambda document: document["root"]["boundingVolume"]["box"].__setitem__(3, document["root"]["boundingVolume"]["box"][3] - 1))
    assert codes(good) == {"TILES_CONTENT_OUTSIDE_BOX", "TILES_CHILD_OUTSIDE_PARENT"}


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
    assert codes(good) == {"TILES_URI_BACKSLASH", "TILES_LEDGER_DIFFERS", "TILES_MANIFEST_DIFFERS"}


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


def test_a_place_off_in_plan_is_found_without_the_store_by_the_manifest_and_in_height_by_the_table(good: Path) -> None:
    def moved(axis: int) -> Callable[[dict[str, Any]], None]:
        def move(document: dict[str, Any]) -> None:
            matrix = np.array(document["root"]["transform"]).reshape(4, 4).T
            matrix[:3, 3] += 0.05 * FRAME.to_ecef[:3, axis]
            document["root"]["transform"] = matrix.T.ravel().tolist()

        return move

    edit(good, moved(0))
    assert {issue.code for issue in check_tileset(good, expected_ids=IDS, site=SITE)} == {"TILES_PLACE_DISAGREES"}
    (good / "layer.json").unlink()
    assert check_tileset(good, expected_ids=IDS, site=SITE) == []
    edit(good, moved(2))
    assert {issue.code for issue in check_tileset(good, expected_ids=IDS, site=SITE)} == {"TILES_PLACE_DISAGREES"}


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
    assert codes(good) == {"TILES_CONTENT_MISSING", "TILES_LEDGER_DIFFERS", "TILES_MANIFEST_DIFFERS"}


def test_no_tileset_at_all(tmp_path: Path) -> None:
    assert codes(tmp_path, expected=set()) == {"TILES_CONTENT_MISSING"}


@pytest.mark.parametrize("text", ["{", "[]", '{"asset": {"version": "1.0"}}', "{}"])
def test_a_tileset_that_is_no_tileset(text: str, tmp_path: Path) -> None:
    (tmp_path / "tileset.json").write_text(text, encoding="utf-8")
    assert codes(tmp_path, expected=set()) == {"TILES_JSON_INVALID"}


@pytest.mark.parametrize("data", [b"", b"glTF", b"b3dm" + bytes(40), b"glTF" + struct.pack("<IIII", 2, 20, 9999, 0)])
def test_a_content_that_is_no_glb(data: bytes, good: Path) -> None:
    (good / f"{read_manifest(good).contents[1].sha256}.glb").write_bytes(data)
    assert codes(good) == {"TILES_GLB_INVALID", "TILES_LEDGER_DIFFERS", "TILES_SERVED_DIFFERS"}


def test_a_child_with_a_larger_error_than_its_parent(good: Path) -> None:
    edit(good, lambda document: leaf(document).update(geometricError=1000.0))
    assert codes(good) == {"TILES_GEOMETRIC_ERROR"}


def test_the_tiles_of_a_public_reader_have_no_finding_either(tmp_path: Path) -> None:
    manifest = write_layer(toy_building(secret=True), FRAME.to_ecef, tmp_path)
    document = assemble_tileset(manifest, frozenset({"public"}), lambda sha256: f"{sha256}.glb")
    (tmp_path / "tileset.json").write_text(json.dumps(document), encoding="utf-8")
    (tmp_path / "layer.json").unlink()
    public = {str(one.id) for one in toy_building(secret=True).features if one.label == "public"} & IDS
    assert check_tileset(tmp_path, expected_ids=public, expected_boxes=BOXES, site=SITE) == []


def test_a_feature_of_another_label_in_a_content(good: Path) -> None:
    labels = LABELS | {"toy:chair1x7": "restricted"}
    (issue,) = check_tileset(good, expected_ids=IDS, expected_labels=labels, site=SITE)
    assert issue.code == "TILES_LABEL_DIFFERS"
    assert "toy:chair1x7" in issue.message


def test_a_compressed_file_that_holds_something_else(good: Path) -> None:
    name = read_manifest(good).contents[0].sha256
    (good / f"{name}.glb.gz").write_bytes(gzip.compress(b"glTF"))
    assert codes(good) == {"TILES_SERVED_DIFFERS"}
    (good / f"{name}.glb.gz").unlink()
    assert codes(good) == {"TILES_SERVED_DIFFERS"}


def test_a_content_under_the_name_of_other_bytes(good: Path) -> None:
    path = good / f"{read_manifest(good).contents[0].sha256}.glb"
    data = path.read_bytes()
    changed = data.replace(b"pingshan-twin", b"pingshan-twi2", 1)
    assert changed != data
    path.write_bytes(changed)
    path.with_name(path.name + ".gz").write_bytes(gzip.compress(changed))
    assert codes(good) == {"TILES_SERVED_DIFFERS"}


def test_a_manifest_that_is_broken_or_of_other_contents(good: Path) -> None:
    manifest = json.loads((good / "layer.json").read_text(encoding="utf-8"))
    manifest["contents"].pop()
    (good / "layer.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert codes(good) == {"TILES_MANIFEST_DIFFERS"}
    (good / "layer.json").write_text("{", encoding="utf-8")
    assert codes(good) == {"TILES_MANIFEST_INVALID"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda root: root.update(children=[]), "TILES_JSON_INVALID"),
        (lambda root: root.update(children=["x"]), "TILES_JSON_INVALID"),
        (lambda root: root.update(contents=[]), "TILES_JSON_INVALID"),
        (lambda root: root.update(content="x"), "TILES_JSON_INVALID"),
        (lambda root: root.update(content={}), "TILES_JSON_INVALID"),
        (lambda root: root.update(content={"uri": "a.glb"}, contents=[{"uri": "b.glb"}]), "TILES_JSON_INVALID"),
        (lambda root: root.pop("refine"), "TILES_JSON_INVALID"),
        (lambda root: root.update(refine="add"), "TILES_JSON_INVALID"),
        (lambda root: root.update(geometricError=-1), "TILES_JSON_INVALID"),
        (lambda root: root.update(geometricError=True), "TILES_JSON_INVALID"),
        (lambda root: root.pop("boundingVolume"), "TILES_JSON_INVALID"),
        (lambda root: root.update(boundingVolume={"box": [0] * 11}), "TILES_JSON_INVALID"),
        (lambda root: root.update(boundingVolume={"region": [0, 1, 0, -1, 0, 1]}), "TILES_JSON_INVALID"),
        (lambda root: root.update(boundingVolume={"sphere": [0, 0, 0, -1]}), "TILES_JSON_INVALID"),
        (lambda root: root.update(boundingVolume=SPHERE), "TILES_VOLUME_UNCHECKED"),
        (lambda root: root.update(implicitTiling={}), "TILES_IMPLICIT_UNCHECKED"),
        (lambda root: root.update(transform=[1, 0]), "TILES_TRANSFORM_INVALID"),
        (lambda root: root.update(content={"uri": "http://elsewhere/a.glb"}), "TILES_URI_ABSOLUTE"),
        (lambda root: root.update(content={"uri": "/a.glb"}), "TILES_URI_ABSOLUTE"),
        (lambda root: root["children"].append({"boundingVolume": root["boundingVolume"], "geometricError": 0}), "TILES_TILE_EMPTY"),
    ],
)
def test_what_else_a_tile_may_not_be(change: Callable[[dict[str, Any]], None], code: str, good: Path) -> None:
    edit(good, lambda document: change(document["root"]))
    assert code in codes(good)


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document.update(geometricError="1"),
        lambda document: document.update(asset={"version": "2.0"}),
        lambda document: document.update(asset={"version": "1.1", "tilesetVersion": 1}),
        lambda document: document.update(extensionsUsed=[]),
        lambda document: document.update(extensionsUsed=["a", "a"]),
        lambda document: document.update(extensionsUsed=["a"], extensionsRequired=["b"]),
        lambda document: document.update(schema={}, schemaUri="a.json"),
        lambda document: document.update(extensions=3),
        lambda document: document["root"].update(extensions={"a": {}}),
    ],
)
def test_what_else_a_tileset_may_not_be(change: Callable[[dict[str, Any]], None], good: Path) -> None:
    edit(good, change)
    assert codes(good) == {"TILES_JSON_INVALID"}


def test_a_content_of_another_format_is_said_to_be_unchecked(good: Path) -> None:
    (good / "old.b3dm").write_bytes(b"b3dm")
    edit(good, lambda document: document["root"].update(content={"uri": "old.b3dm"}))
    assert codes(good) == {"TILES_CONTENT_UNCHECKED"}


def test_an_external_tileset_needs_a_refine_of_its_own(tmp_path: Path) -> None:
    manifest = write_layer(trees(20), FRAME.to_ecef, tmp_path / "city")
    site = assemble_site([manifest], None, lambda key: f"{key}/tileset.json")
    (tmp_path / "tileset.json").write_text(json.dumps(site), encoding="utf-8")
    edit(tmp_path / "city", lambda document: document["root"].pop("refine"))
    assert {issue.code for issue in check_tileset(tmp_path, site=SITE)} == {"TILES_JSON_INVALID"}


def test_tilesets_in_a_circle(good: Path) -> None:
    edit(good, lambda document: document["root"].update(content={"uri": "tileset.json"}))
    (issue,) = check_tileset(good, site=SITE)
    assert issue.code == "TILES_JSON_INVALID"
    assert "circle" in issue.message


def test_tiles_that_nest_without_end(good: Path) -> None:
    def nest(document: dict[str, Any]) -> None:
        tile = leaf(document)
        for _ in range(300):
            tile["children"] = [{"boundingVolume": tile["boundingVolume"], "geometricError": 0.0}]
            tile = tile["children"][0]

    edit(good, nest)
    assert codes(good) == {"TILES_JSON_INVALID"}


def test_a_uri_with_escapes_is_found(good: Path) -> None:
    def escape(document: dict[str, Any]) -> None:
        tile = leaf(document)
        tile["content"]["uri"] = f"%{ord(tile['content']['uri'][0]):02x}" + tile["content"]["uri"][1:]

    edit(good, escape)
    assert codes(good) == set()
