"""Damage to good tiles, done on the files, and what the check says of it."""

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from spatial.frame import Site
from tests.tiles.layers import SITE, toy_building
from tests.tiles.reader import Glb
from tiles import check_tileset

IDS = set(toy_building().meshes.features)
BOXES = toy_building().meshes.feature_bounds()
LABELS = {str(feature.id): feature.label for feature in toy_building().features}


def codes(folder: Path, expected: set[str] | None = None, site: Site = SITE) -> set[str]:
    found = check_tileset(
        folder, expected_ids=IDS if expected is None else expected, expected_boxes=BOXES, expected_labels=LABELS, site=site
    )
    return {issue.code for issue in found}


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
        if tile.get("extras", {}).get("group") == group and (tile["extras"]["features"] > 5 or group == "spaces"):
            return tile
        waiting += tile.get("children", [])
    raise AssertionError(f"no content of {group}")


def edit_glb(folder: Path, change: Callable[[dict[str, Any]], None], group: str = "fabric") -> None:
    """Change the JSON of one glb, its binary chunk untouched; it gets a name of its own, and the manifest goes, which knows the old."""

    def exchange(document: dict[str, Any]) -> None:
        tile = leaf(document, group)
        glb = Glb((folder / tile["content"]["uri"]).read_bytes())
        change(glb.json)
        text = json.dumps(glb.json).encode()
        text += b" " * (-(28 + len(text)) % 8)
        head = struct.pack("<4sIII4s", b"glTF", 2, 28 + len(text) + len(glb.bin), len(text), b"JSON")
        (folder / "edited.glb").write_bytes(head + text + struct.pack("<I4s", len(glb.bin), b"BIN\0") + glb.bin)
        tile["content"]["uri"] = "edited.glb"

    edit(folder, exchange)
    (folder / "layer.json").unlink(missing_ok=True)
