"""Our check beside the official validator, on the validator's own tilesets and what it says of them (`expected.json`).

Ours judges the tree, the boxes, the transforms and the contents; schemas, metadata, groups and statistics are not its matter,
nor is what an implicit tile or another format than glb holds: that it says, with a code that ends in `_UNCHECKED`.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tiles import check_tileset

OTHER_MATTER = ("group", "implicit", "properties", "statistics", "tileContentGroup", "tileMetadata", "tilesetMetadata", "packages/")
NOT_IN_THE_TREE = {"customSemanticsSchema", "extrasUnexpectedType", "tilesetSchemaUriInvalidType", "validTilesetWithCustomSemantics"}
SCHEMA_ELSEWHERE = {"validTilesetWithInvalidSchemaFromUri", "validTilesetWithUnresolvableSchemaUri"}
UNUSED_EXTENSION = {"extensionUsedButNotFound", "extensionsValueInvalidType"}
LARGER_ERROR_IN_EXTERNAL = {"tilesetWithMultipleExternal"}
"""The official validator lets the root of an external tileset have a larger error than the tile that names it; ours must not."""


@pytest.fixture(scope="module")
def folder(data_dir: Path) -> Path:
    return data_dir / "tiles" / "validator_data"


@pytest.fixture(scope="module")
def expected(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Tilesets that are our matter → what the official validator says of them."""
    files = json.loads((folder / "expected.json").read_text(encoding="utf-8"))["files"]
    ours = {name: said for name, said in files.items() if name.startswith("tilesets/") and name.endswith(".json")}
    skipped = NOT_IN_THE_TREE | SCHEMA_ELSEWHERE | UNUSED_EXTENSION
    return {name: said for name, said in ours.items() if Path(name).stem not in skipped and not name[9:].startswith(OTHER_MATTER)}


def found(path: Path) -> set[str]:
    """Our codes; the roots of many of the files have no `refine`, which the validator's own tests do not always reach."""
    about_refine = path.name.startswith("tileRefine")
    issues = [issue for issue in check_tileset(path) if about_refine or issue.message != "the root names no refine"]
    return {issue.code for issue in issues} - {"TILES_URI_ABSOLUTE", "TILES_TILE_EMPTY"}


def test_what_the_official_validator_calls_valid_has_no_finding_but_what_we_cannot_look_into(folder: Path, expected: Any) -> None:
    valid = [name for name, said in expected.items() if not any(one["issue_count"] or one["issues"] for one in said)]
    ours = {name: codes for name in valid if not (codes := found(folder / name)) <= {"TILES_CONTENT_UNCHECKED", "TILES_VOLUME_UNCHECKED"}}
    assert len(valid) >= 10
    assert {Path(name).stem for name in ours} == LARGER_ERROR_IN_EXTERNAL
    assert set().union(*ours.values()) == {"TILES_GEOMETRIC_ERROR"}


def test_what_the_official_validator_calls_wrong_has_a_finding(folder: Path, expected: Any) -> None:
    wrong = [name for name, said in expected.items() if any(one["issue_count"] or one["issues"] for one in said)]
    silent = [name for name in wrong if not found(folder / name)]
    assert len(wrong) >= 65
    assert silent == []


@pytest.mark.parametrize("name", ["0_0_0-1_1_2", "0_0_0-1_2_1", "0_0_0-2_1_1", "0_0_2-1_1_4", "0_2_0-1_4_1", "2_0_0-4_1_1"])
def test_the_axes_of_boxes_are_read_as_the_samples_mean_them(name: str, data_dir: Path) -> None:
    issues = check_tileset(data_dir / "tiles" / "BoundingBoxTests" / name)
    assert {issue.code for issue in issues} <= {"TILES_PROPERTY_TABLE_MISSING", "TILES_FEATURE_ID_MISSING"}
