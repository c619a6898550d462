"""tileset.json for those who may see all, some, or nothing."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.tiles.layers import FRAME, toy_building, trees
from tiles import Manifest, ManifestInvalid, assemble_site, assemble_tileset, check_tileset, read_manifest, write_layer

PUBLIC = frozenset({"public"})


@pytest.fixture
def secret(tmp_path: Path) -> Manifest:
    return write_layer(toy_building(secret=True), FRAME.to_ecef, tmp_path / "toy")


def shape(tile: dict[str, Any]) -> Any:
    """A tile as (error, what it is, children)."""
    extras = tile.get("extras", {})
    name = extras.get("storey") or extras.get("group") or "-"
    return (tile["geometricError"], name, "content" in tile, [shape(child) for child in tile.get("children", [])])


def test_the_shape_of_a_building(secret: Manifest) -> None:
    document = assemble_tileset(secret, None, lambda sha256: f"{sha256}.glb")
    assert document["asset"]["version"] == "1.1"
    assert document["geometricError"] == 64.0
    root = document["root"]
    assert (root["refine"], next(iter(root))) == ("ADD", "transform")
    storey = [
        (0.0, "fabric", True, []),
        (1.5, "-", False, [(0.0, "furnishing-and-equipment", True, [])]),
        (8.0, "-", False, [(0.0, "spaces", True, [])]),
    ]
    assert shape(root) == (
        32.0,
        "-",
        False,
        [
            (32.0, "toy:s0", False, storey),
            (32.0, "toy:s1", False, storey),
            (32.0, "toy:s2", False, storey),
            (32.0, "building", False, [(0.0, "fabric", True, [])]),
        ],
    )


def test_the_root_transform_is_the_site_frame_moved_to_the_building_column_by_column(secret: Manifest) -> None:
    transform = np.array(assemble_tileset(secret, None, str)["root"]["transform"]).reshape(4, 4).T
    assert transform[3].tolist() == [0, 0, 0, 1]
    assert np.array_equal(transform[:3, :3], FRAME.to_ecef[:3, :3])
    assert np.abs(transform[:3, 3] - (FRAME.to_ecef @ [*secret.origin, 1])[:3]).max() < 1e-8


def test_what_is_hidden_is_not_there_in_contents_boxes_counts_or_errors(secret: Manifest) -> None:
    seen = secret.seen_by(PUBLIC)
    document = assemble_tileset(secret, PUBLIC, lambda sha256: sha256)
    text = json.dumps(document)
    hidden = [content for content in secret.contents if content.label == "restricted"]
    assert len(hidden) == 2
    assert not any(content.sha256 in text for content in hidden)
    assert seen.features == secret.features - 41
    top = document["root"]["children"][2]
    assert [child["extras"]["group"] for child in top["children"]] == ["fabric"]
    fabric = next(content for content in secret.contents if content.storey == "toy:s2" and content.group == "fabric")
    low, high = np.array(fabric.box).reshape(2, 3)
    assert np.allclose(np.array(top["boundingVolume"]["box"])[[0, 1, 2, 3, 7, 11]], [*(low + high) / 2, *(high - low) / 2])
    assert top["extras"]["features"] == fabric.features


def test_a_hidden_rooms_id_stands_in_no_public_content(tmp_path: Path) -> None:
    manifest = write_layer(toy_building(secret=True), FRAME.to_ecef, tmp_path)
    for content in manifest.contents:
        data = (tmp_path / f"{content.sha256}.glb").read_bytes()
        assert (b"toy:room2" in data) == (content.label == "restricted")
        if content.storey == "toy:s1" and content.group == "fabric":
            assert b"toy:room1" in data


def test_where_nothing_is_public_the_origin_tells_nothing_of_what_one_may_not_see(tmp_path: Path) -> None:
    layer = toy_building()
    far = layer.meshes.part_feature == layer.meshes.features.index("toy:chair0x0")
    layer.meshes.part_matrix[far, :3, 3] += (900.0, 300.0, -40.0)
    labels = {"toy:chair0x0": "restricted"}
    hidden = replace(layer, features=tuple(replace(one, label=labels.get(one.id, "internal")) for one in layer.features))
    without = {str(one.id) for one in hidden.features if one.label == "internal"}
    less = replace(hidden, meshes=hidden.meshes.selected(without))
    documents = []
    for name, one in (("all", hidden), ("less", less)):
        manifest = write_layer(one, FRAME.to_ecef, tmp_path / name)
        documents.append(assemble_tileset(manifest, frozenset({"internal"}), lambda sha256: f"{sha256}.glb"))
        assert check_tileset(tmp_path / name, expected_ids=set(one.meshes.features), expected_boxes=one.meshes.feature_bounds()) == []
    assert documents[0] == documents[1]


def test_the_id_of_a_room_that_the_layer_does_not_hold_is_not_told(tmp_path: Path) -> None:
    layer = toy_building(storeys=1)
    features = tuple(one for one in layer.features if one.id != "toy:room0")
    kept = replace(layer, features=features, meshes=layer.meshes.selected(str(one.id) for one in features))
    manifest = write_layer(kept, FRAME.to_ecef, tmp_path)
    assert not any(b"toy:room0" in (tmp_path / f"{content.sha256}.glb").read_bytes() for content in manifest.contents)


def test_contents_of_others_are_the_same_whether_something_is_hidden_or_not(tmp_path: Path) -> None:
    open_layer = write_layer(toy_building(), FRAME.to_ecef, tmp_path / "a")
    secret_layer = write_layer(toy_building(secret=True), FRAME.to_ecef, tmp_path / "b")
    lower = [{c.sha256 for c in one.contents if c.storey in ("toy:s0", "toy:s1")} for one in (open_layer, secret_layer)]
    assert lower[0] == lower[1]


def test_who_may_see_nothing_gets_a_point_and_no_children(secret: Manifest) -> None:
    document = assemble_tileset(secret, frozenset(), str)
    assert document["geometricError"] == 0
    assert document["root"]["boundingVolume"] == {"box": [0.0] * 12}
    assert "children" not in document["root"]


def test_a_site_names_one_external_tileset_a_layer_and_none_that_is_hidden(secret: Manifest, tmp_path: Path) -> None:
    city = write_layer(trees(), FRAME.to_ecef, tmp_path / "city")
    document = assemble_site([secret, city], None, lambda key: f"{key}/tileset.json")
    assert [child["content"]["uri"] for child in document["root"]["children"]] == ["toy/tileset.json", "city/tileset.json"]
    assert "transform" not in document["root"]
    site_box = np.array(document["root"]["boundingVolume"]["box"])
    assert np.linalg.norm(site_box[:3] - FRAME.to_ecef[:3, 3]) < 500
    only = assemble_site([secret, city], frozenset({"restricted"}), lambda key: key)
    assert [child["content"]["uri"] for child in only["root"]["children"]] == ["toy"]
    assert "children" not in assemble_site([secret, city], frozenset(), str)["root"]


def test_a_manifest_comes_back_from_its_file(secret: Manifest, tmp_path: Path) -> None:
    assert read_manifest(tmp_path / "toy") == secret
    assert secret.building_ids == ("toy:building",)
    assert secret.label_of(secret.contents[-1].sha256) == "restricted"
    assert secret.label_of("0" * 64) is None
    assert secret.z_range is not None
    assert secret.z_range == pytest.approx([2.7, 3.0 + 10.5 + 6.0], abs=0.002)


@pytest.mark.parametrize("text", ["", "{}", '{"format": 1, "key": "a"}', '{"format": 99}'])
def test_a_broken_manifest_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "layer.json").write_text(text, encoding="utf-8")
    with pytest.raises(ManifestInvalid):
        read_manifest(tmp_path)


def test_a_missing_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestInvalid, match="missing"):
        read_manifest(tmp_path)
