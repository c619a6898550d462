"""Reads served tilesets back with json, struct, numpy and meshopt's decoder alone: what a client that is not ours would see."""

import itertools
import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import meshopt
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
DTYPES = {5120: np.int8, 5121: np.uint8, 5122: np.int16, 5123: np.uint16, 5125: np.uint32, 5126: np.float32}
Y_UP_TO_Z_UP = np.array([[1.0, 0, 0, 0], [0, 0, -1, 0], [0, 1, 0, 0], [0, 0, 0, 1]])


@dataclass(frozen=True)
class Drawn:
    """One piece of a feature: vertices (n, 3) ECEF metres, the material's alpha."""

    feature: str
    ecef: Array
    alpha: float


def features_of(folder: Path) -> set[str]:
    """Ids of all features that something is drawn of."""
    return {piece.feature for piece in iter_drawn(folder)}


def iter_drawn(folder: Path) -> Iterator[Drawn]:
    """Every piece of every feature of the tileset in a folder."""
    document = json.loads((folder / "tileset.json").read_text(encoding="utf-8"))
    yield from _tile(document["root"], np.eye(4), folder)


def _tile(tile: dict[str, Any], above: Array, folder: Path) -> Iterator[Drawn]:
    matrix = above @ np.array(tile["transform"]).reshape(4, 4).T if "transform" in tile else above
    contents = [tile["content"]] if "content" in tile else tile.get("contents", [])
    for content in contents:
        yield from _glb((folder / content["uri"]).read_bytes(), matrix @ Y_UP_TO_Z_UP)
    for child in tile.get("children", []):
        yield from _tile(child, matrix, folder)


def _glb(data: bytes, matrix: Array) -> Iterator[Drawn]:
    magic, version, total = struct.unpack_from("<III", data)
    assert (magic, version, total) == (0x46546C67, 2, len(data))
    length = struct.unpack_from("<I", data, 12)[0]
    document = json.loads(data[20 : 20 + length])
    chunk = data[28 + length :]
    ids = _ids(document, chunk)
    for root in document["scenes"][document["scene"]]["nodes"]:
        yield from _node(document, chunk, ids, root, matrix)


def _node(document: dict[str, Any], chunk: bytes, ids: list[str], index: int, above: Array) -> Iterator[Drawn]:
    node = document["nodes"][index]
    matrix = above @ _local(node)
    for child in node.get("children", []):
        yield from _node(document, chunk, ids, child, matrix)
    if "mesh" not in node:
        return
    for primitive in document["meshes"][node["mesh"]]["primitives"]:
        material = document["materials"][primitive["material"]]
        alpha = material["pbrMetallicRoughness"]["baseColorFactor"][3] if material.get("alphaMode") == "BLEND" else 1.0
        points = _accessor(document, chunk, primitive["attributes"]["POSITION"])
        used = np.unique(_accessor(document, chunk, primitive["indices"]).astype(np.int64))
        instancing = node.get("extensions", {}).get("EXT_mesh_gpu_instancing")
        if instancing is None:
            owner = _accessor(document, chunk, primitive["attributes"]["_FEATURE_ID_0"]).reshape(-1).astype(int)
            for row in np.unique(owner[used]):
                chosen = used[owner[used] == row]
                yield Drawn(ids[row], _moved(points[chosen], matrix), alpha)
            continue
        columns = {name: _accessor(document, chunk, accessor) for name, accessor in instancing["attributes"].items()}
        rows = columns["_FEATURE_ID_0"].reshape(-1).astype(int)
        for position, row in enumerate(rows):
            one = _trs(*(columns[name][position] for name in ("TRANSLATION", "ROTATION", "SCALE")))
            yield Drawn(ids[row], _moved(points[used], matrix @ one), alpha)


def _ids(document: dict[str, Any], chunk: bytes) -> list[str]:
    (table,) = document["extensions"]["EXT_structural_metadata"]["propertyTables"]
    column = table["properties"]["id"]
    values = _view(document, chunk, column["values"])
    offsets = np.frombuffer(_view(document, chunk, column["stringOffsets"]), dtype=np.uint32)
    return [values[a:b].decode() for a, b in itertools.pairwise(offsets)]


def _view(document: dict[str, Any], chunk: bytes, index: int) -> bytes:
    view = document["bufferViews"][index]
    start = view.get("byteOffset", 0)
    return chunk[start : start + view["byteLength"]]


def _accessor(document: dict[str, Any], chunk: bytes, index: int) -> Array:
    accessor = document["accessors"][index]
    kind, width = DTYPES[accessor["componentType"]], WIDTHS[accessor["type"]]
    view = document["bufferViews"][accessor["bufferView"]]
    packed = view["extensions"]["EXT_meshopt_compression"]
    data = chunk[packed["byteOffset"] : packed["byteOffset"] + packed["byteLength"]]
    decoded = meshopt.decode_gltf_buffer(data, packed["count"], packed["byteStride"], packed["mode"])
    if packed["mode"] == "TRIANGLES":
        return np.asarray(decoded).reshape(-1)
    table = np.asarray(decoded).view(np.uint8).reshape(packed["count"], packed["byteStride"])
    bytes_used = width * np.dtype(kind).itemsize
    values = np.ascontiguousarray(table[: accessor["count"], :bytes_used]).view(kind).astype(np.float64)
    if accessor.get("normalized"):
        values = np.maximum(values / np.iinfo(kind).max, -1.0)
    return np.asarray(values)


def _local(node: dict[str, Any]) -> Array:
    if "matrix" in node:
        return np.array(node["matrix"]).reshape(4, 4).T
    return _trs(node.get("translation", (0, 0, 0)), node.get("rotation", (0, 0, 0, 1)), node.get("scale", (1, 1, 1)))


def _trs(translation: Any, rotation: Any, scale: Any) -> Array:
    x, y, z, w = rotation
    matrix = np.eye(4)
    matrix[:3, :3] = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    ) * np.asarray(scale)
    matrix[:3, 3] = translation
    return matrix


def _moved(points: Array, matrix: Array) -> Array:
    return np.asarray(points @ matrix[:3, :3].T + matrix[:3, 3])
