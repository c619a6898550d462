"""An independent reader of tilesets and glbs: json, struct, numpy and a decoder of its own; nothing of `tiles` or `spatial`.

`read_features(folder)` gives every feature that a 3D Tiles client would draw, with the vertices of its triangles in ECEF
float64, each one through all its transforms: instance, nodes, y-up to z-up, tiles.
"""

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tests.tiles.meshopt_decoder import decode

FORMATS = {5120: "b", 5121: "B", 5122: "h", 5123: "H", 5125: "I", 5126: "f"}
COMPONENTS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}
LARGEST = {"b": 127, "B": 255, "h": 32767, "H": 65535}


@dataclass
class ReadFeature:
    """A feature as drawn: ECEF vertices and unit normals (n, 3), triangles drawn, base colours (linear RGBA), columns, contents.

    The alpha of an opaque material counts as 1, as a client takes it.
    """

    properties: dict[str, Any]
    points: list[np.ndarray] = field(default_factory=list)
    normals: list[np.ndarray] = field(default_factory=list)
    triangles: int = 0
    colours: set[tuple[float, ...]] = field(default_factory=set)
    contents: set[str] = field(default_factory=set)

    @property
    def ecef(self) -> np.ndarray:
        """All vertices (n, 3), EPSG:4978 metres."""
        return np.concatenate(self.points)

    @property
    def ecef_normals(self) -> np.ndarray:
        """The normals of those vertices."""
        return np.concatenate(self.normals)


class Glb:
    """One glb: its JSON, its bytes, and its arrays on demand."""

    def __init__(self, data: bytes) -> None:
        magic, version, length, json_bytes, json_kind = struct.unpack("<4sIII4s", data[:20])
        assert (magic, version, length, json_kind) == (b"glTF", 2, len(data), b"JSON")
        self.json = json.loads(data[20 : 20 + json_bytes])
        bin_bytes, bin_kind = struct.unpack("<I4s", data[20 + json_bytes : 28 + json_bytes])
        assert bin_kind == b"BIN\0"
        self.bin_offset = 28 + json_bytes
        self.bin = data[self.bin_offset :]
        assert len(self.bin) == bin_bytes == self.json["buffers"][0]["byteLength"]

    def bytes_of(self, number: int) -> bytes:
        """Plain bytes of a bufferView."""
        view = self.json["bufferViews"][number]
        packed = view.get("extensions", {}).get("EXT_meshopt_compression")
        where = packed or view
        assert where["buffer"] == 0
        raw = self.bin[where.get("byteOffset", 0) :][: where["byteLength"]]
        if not packed:
            return raw
        assert packed.get("filter", "NONE") == "NONE"
        plain = decode(raw, packed["count"], packed["byteStride"], packed["mode"])
        assert len(plain) == view["byteLength"]
        return plain

    def array(self, number: int) -> np.ndarray:
        """Values (count, components) of an accessor, float64 where normalised."""
        accessor = self.json["accessors"][number]
        view = self.json["bufferViews"][accessor["bufferView"]]
        code, width = FORMATS[accessor["componentType"]], COMPONENTS[accessor["type"]]
        row = struct.calcsize(f"<{width}{code}")
        stride = view.get("byteStride", row)
        raw = np.frombuffer(self.bytes_of(accessor["bufferView"]), np.uint8)
        starts = accessor.get("byteOffset", 0) + stride * np.arange(accessor["count"])
        rows = raw[starts[:, None] + np.arange(row)]
        values = np.frombuffer(rows.tobytes(), f"<{code}").reshape(-1, width)
        if accessor.get("normalized"):
            return np.clip(values.astype(np.float64) / LARGEST[code], -1, 1)
        return values.astype(np.float64) if code == "f" else values

    def rows(self) -> list[dict[str, Any]]:
        """The property table, a dict a row."""
        extension = self.json["extensions"]["EXT_structural_metadata"]
        (table,) = extension["propertyTables"]
        declared = extension["schema"]["classes"][table["class"]]["properties"]
        columns: dict[str, list[Any]] = {}
        for name, entry in table["properties"].items():
            blob = self.bytes_of(entry["values"])
            if declared[name]["type"] == "STRING":
                ends = struct.unpack(f"<{table['count'] + 1}I", self.bytes_of(entry["stringOffsets"]))
                columns[name] = [blob[ends[i] : ends[i + 1]].decode("utf-8") for i in range(table["count"])]
            else:
                columns[name] = list(struct.unpack(f"<{table['count']}f", blob))
        return [{name: column[i] for name, column in columns.items()} for i in range(table["count"])]


def read_features(folder: Path, tileset: str = "tileset.json") -> dict[str, ReadFeature]:
    """Every feature drawn by a tileset and its external tilesets, by id."""
    found: dict[str, ReadFeature] = {}
    document = json.loads((folder / tileset).read_text(encoding="utf-8"))
    _read_tile(document["root"], np.eye(4), folder, found)
    return found


def read_tiles(folder: Path, tileset: str = "tileset.json") -> list[dict[str, Any]]:
    """Every tile, parents first."""
    waiting, tiles = [json.loads((folder / tileset).read_text(encoding="utf-8"))["root"]], []
    while waiting:
        tile = waiting.pop(0)
        tiles.append(tile)
        waiting += tile.get("children", [])
    return tiles


def _read_tile(tile: dict[str, Any], above: np.ndarray, folder: Path, found: dict[str, ReadFeature]) -> None:
    here = above @ np.reshape(tile.get("transform", np.eye(4).ravel()), (4, 4), order="F")
    for content in [tile["content"]] if "content" in tile else tile.get("contents", []):
        target = folder / content["uri"]
        if target.suffix == ".json":
            _read_tile(json.loads(target.read_text(encoding="utf-8"))["root"], here, target.parent, found)
        else:
            _read_glb(Glb(target.read_bytes()), here, target.name, found)
    for child in tile.get("children", []):
        _read_tile(child, here, folder, found)


def _read_glb(glb: Glb, tile: np.ndarray, name: str, found: dict[str, ReadFeature]) -> None:
    rows = glb.rows()
    z_up = np.array([[1.0, 0, 0, 0], [0, 0, -1, 0], [0, 1, 0, 0], [0, 0, 0, 1]])
    for node, world in _nodes(glb, glb.json["scenes"][glb.json["scene"]]["nodes"], tile @ z_up):
        for primitive in glb.json["meshes"][node["mesh"]]["primitives"] if "mesh" in node else []:
            _read_primitive(glb, primitive, node.get("extensions", {}), world, name, rows, found)


def _nodes(glb: Glb, numbers: list[int], above: np.ndarray) -> Iterator[tuple[dict[str, Any], np.ndarray]]:
    for number in numbers:
        node = glb.json["nodes"][number]
        if "matrix" in node:
            local = np.reshape(node["matrix"], (4, 4), order="F")
        else:
            local = _placed(node.get("translation", (0, 0, 0)), node.get("rotation", (0, 0, 0, 1)), node.get("scale", (1, 1, 1)))
        yield node, above @ local
        yield from _nodes(glb, node.get("children", []), above @ local)


def _read_primitive(
    glb: Glb,
    primitive: dict[str, Any],
    extensions: dict[str, Any],
    world: np.ndarray,
    name: str,
    rows: list[dict[str, Any]],
    found: dict[str, ReadFeature],
) -> None:
    attributes = primitive["attributes"]
    points, normals = glb.array(attributes["POSITION"]), glb.array(attributes["NORMAL"])
    corners = glb.array(primitive["indices"]).reshape(-1, 3)
    used = np.unique(corners)
    colour = _colour(glb.json["materials"][primitive["material"]])
    instancing = extensions.get("EXT_mesh_gpu_instancing")
    if instancing is None:
        ids = glb.array(attributes[f"_FEATURE_ID_{primitive['extensions']['EXT_mesh_features']['featureIds'][0]['attribute']}"]).ravel()
        faces = np.bincount(ids[corners[:, 0]])
        used = used[np.argsort(ids[used], kind="stable")]
        for chosen in np.split(used, np.flatnonzero(np.diff(ids[used])) + 1):
            row = int(ids[chosen[0]])
            _add(found, rows[row], points[chosen], normals[chosen], world, int(faces[row]), colour, name)
        return
    put = {key: glb.array(index) for key, index in instancing["attributes"].items()}
    for i, row in enumerate(put["_FEATURE_ID_0"].ravel()):
        one = _placed(put["TRANSLATION"][i], put["ROTATION"][i], put["SCALE"][i])
        _add(found, rows[int(row)], points[used], normals[used], world @ one, len(corners), colour, name)


def _placed(translation: Any, rotation: Any, scale: Any) -> np.ndarray:
    x, y, z, w = rotation
    turn = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
    matrix = np.eye(4)
    matrix[:3, :3] = turn @ np.diag(scale)
    matrix[:3, 3] = translation
    return matrix


def _colour(material: dict[str, Any]) -> tuple[float, ...]:
    *rgb, alpha = material["pbrMetallicRoughness"]["baseColorFactor"]
    return (*rgb, alpha if material.get("alphaMode") == "BLEND" else 1.0)


def _add(
    found: dict[str, ReadFeature],
    row: dict[str, Any],
    points: np.ndarray,
    normals: np.ndarray,
    matrix: np.ndarray,
    faces: int,
    colour: tuple[float, ...],
    name: str,
) -> None:
    feature = found.setdefault(row["id"], ReadFeature(row))
    feature.points.append(points @ matrix[:3, :3].T + matrix[:3, 3])
    turned = normals @ np.linalg.inv(matrix[:3, :3])
    feature.normals.append(turned / np.linalg.norm(turned, axis=1, keepdims=True))
    feature.triangles += faces
    feature.colours.add(colour)
    feature.contents.add(name)
