"""The shape of a tileset.json: what 3D Tiles 1.1 demands of its objects before anything in it can be followed.

`wrongs_of_tileset` and `wrongs_of_tile` say in words what is wrong; `objects` and `numbers` read on past it, so that one
wrong member does not hide the next. Not looked at: schemas, metadata, groups, statistics, extensions of others.
"""

import math
from collections.abc import Iterator
from typing import Any

__all__ = ["Json", "member", "named_extensions", "numbers", "objects", "wrongs_of_tile", "wrongs_of_tileset"]

Json = dict[str, Any]
VERSIONS = ("1.0", "1.1")
VOLUMES = {"box": 12, "region": 6, "sphere": 4}


def objects(holder: Json, name: str) -> list[Json]:
    """The objects of an array member; what is no object is left out."""
    found = holder.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def member(holder: Json, name: str) -> Json:
    """An object member, empty where it is missing or something else."""
    found = holder.get(name)
    return found if isinstance(found, dict) else {}


def numbers(value: object, count: int) -> list[float] | None:
    """`count` finite numbers, None where it is anything else."""
    if not isinstance(value, list) or len(value) != count or not all(map(_is_number, value)):
        return None
    return [float(one) for one in value]


def wrongs_of_tileset(document: Json) -> Iterator[str]:
    """What is wrong with a tileset's own members."""
    asset = document.get("asset")
    if not isinstance(asset, dict) or asset.get("version") not in VERSIONS:
        yield f"asset.version is none of {', '.join(VERSIONS)}"
    elif not isinstance(asset.get("tilesetVersion", ""), str):
        yield "asset.tilesetVersion is no text"
    if not _is_error(document.get("geometricError")):
        yield "geometricError is missing or no number from 0 on"
    if not isinstance(document.get("root"), dict):
        yield "root is no object"
    if "schema" in document and "schemaUri" in document:
        yield "schema and schemaUri exclude each other"
    yield from _extensions(document)


def wrongs_of_tile(tile: Json, *, is_root: bool) -> Iterator[str]:
    """What is wrong with a tile's own members; transforms apart."""
    yield from _volume(tile.get("boundingVolume"), "boundingVolume")
    if not _is_error(tile.get("geometricError")):
        yield "geometricError is missing or no number from 0 on"
    if is_root and "refine" not in tile:
        yield "the root names no refine"
    if tile.get("refine", "ADD") not in ("ADD", "REPLACE"):
        yield f"refine is {tile['refine']!r}, neither ADD nor REPLACE"
    if "content" in tile and "contents" in tile:
        yield "content and contents exclude each other"
    for name in ("contents", "children"):
        found = tile.get(name, [{}])
        if not isinstance(found, list) or not found or not all(isinstance(one, dict) for one in found):
            yield f"{name} is no array of at least one object"
    if not isinstance(tile.get("content", {}), dict):
        yield "content is no object"
    for content in [member(tile, "content"), *objects(tile, "contents")]:
        if "boundingVolume" in content:
            yield from _volume(content["boundingVolume"], "the content's boundingVolume")
    if "implicitTiling" in tile and not isinstance(tile["implicitTiling"], dict):
        yield "implicitTiling is no object"


def _volume(volume: object, name: str) -> Iterator[str]:
    if not isinstance(volume, dict) or not volume.keys() & VOLUMES.keys() | volume.keys() & {"extensions"}:
        yield f"{name} is none of {', '.join(VOLUMES)}"
        return
    for kind, count in VOLUMES.items():
        if kind not in volume:
            continue
        values = numbers(volume[kind], count)
        if values is None:
            yield f"{name}.{kind} is no array of {count} finite numbers"
        elif kind == "sphere" and values[3] < 0:
            yield f"{name}.sphere has a negative radius"
        elif kind == "region" and not _is_region(values):
            yield f"{name}.region is no west, south, east, north in radians with the lower height first"


def _is_region(values: list[float]) -> bool:
    west, south, east, north, low, high = values
    within = all(abs(angle) <= math.pi for angle in (west, east)) and all(abs(angle) <= math.pi / 2 for angle in (south, north))
    return within and south <= north and low <= high


def _extensions(document: Json) -> Iterator[str]:
    named: dict[str, set[str]] = {}
    for name in ("extensionsUsed", "extensionsRequired"):
        found = document.get(name, ["-"])
        if not isinstance(found, list) or not found or not all(isinstance(one, str) for one in found) or len(set(found)) < len(found):
            yield f"{name} is no array of at least one name, each once"
        else:
            named[name] = set(found) - {"-"}
    if len(named) == 2 and named["extensionsRequired"] - named["extensionsUsed"]:
        yield f"extensionsRequired names {sorted(named['extensionsRequired'] - named['extensionsUsed'])}, extensionsUsed does not"
    if not isinstance(document.get("extensions", {}), dict):
        yield "extensions is no object"
    undeclared = sorted(named_extensions(document) - named.get("extensionsUsed", set()))
    if undeclared:
        yield f"{', '.join(undeclared)} is not in extensionsUsed"


def named_extensions(value: object) -> set[str]:
    """Names of all extensions anywhere in a document, of a tileset or a glTF."""
    found: set[str] = set()
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            found |= member(one, "extensions").keys()
        if isinstance(one, dict | list):
            waiting += one.values() if isinstance(one, dict) else one
    return found


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_error(value: object) -> bool:
    return isinstance(value, int | float) and _is_number(value) and value >= 0
