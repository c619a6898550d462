"""Reading a glb back: container, compressed views, nodes, instances, the property table. Shares no geometry code with the writer.

glTF 2.0, EXT_meshopt_compression, KHR_mesh_quantization, EXT_mesh_gpu_instancing, EXT_mesh_features,
EXT_instance_features, EXT_structural_metadata. Coordinates come out in the tile's frame: metres, z up.
"""

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import meshopt
import numpy as np
from numpy.typing import NDArray

from spatial.mesh import Float64
from tiles.errors import GlbInvalid

__all__ = ["Document", "Drawn", "read_document", "read_drawn", "read_table"]

Json = dict[str, Any]
Ints = NDArray[np.int64]
MAGIC, JSON_CHUNK, BIN_CHUNK = b"glTF", b"JSON", b"BIN\0"
DTYPES: Mapping[int, np.dtype[Any]] = {
    5120: np.dtype("<i1"),
    5121: np.dtype("<u1"),
    5122: np.dtype("<i2"),
    5123: np.dtype("<u2"),
    5125: np.dtype("<u4"),
    5126: np.dtype("<f4"),
}
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}
NUMERIC: Mapping[str, np.dtype[Any]] = {
    "FLOAT32": np.dtype("<f4"),
    "FLOAT64": np.dtype("<f8"),
    "UINT8": np.dtype("u1"),
    "UINT16": np.dtype("<u2"),
    "UINT32": np.dtype("<u4"),
}
CHUNK_POINTS = 500_000
Y_UP_TO_Z_UP = np.array([[1, 0, 0, 0], [0, 0, -1, 0], [0, 1, 0, 0], [0, 0, 0, 1]], dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """The JSON and the binary chunk of a glb."""

    json: Json
    binary: bytes

    def objects(self, kind: str) -> list[Json]:
        """A top-level array (`nodes`, `accessors`, …), empty where absent."""
        found = self.json.get(kind, [])
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            raise GlbInvalid(f"{kind} is no array of objects")
        return found

    def view(self, index: int) -> bytes:
        """The plain bytes of a bufferView, decoded where it is compressed; raises GlbInvalid."""
        view = _at(self.objects("bufferViews"), index, "bufferView")
        compressed = view.get("extensions", {}).get("EXT_meshopt_compression")
        stored = view if compressed is None else compressed
        start, length = int(stored.get("byteOffset", 0)), int(stored["byteLength"])
        if stored.get("buffer") != 0 or start < 0 or start + length > len(self.binary):
            raise GlbInvalid(f"bufferView {index} lies outside the binary chunk")
        raw = self.binary[start : start + length]
        if compressed is None:
            return raw
        try:
            rows = meshopt.decode_gltf_buffer(
                raw, compressed["count"], compressed["byteStride"], compressed["mode"], compressed.get("filter", "NONE")
            )
        except (ValueError, RuntimeError, KeyError) as error:
            raise GlbInvalid(f"bufferView {index} cannot be decoded: {error}") from error
        plain = np.ascontiguousarray(rows).tobytes()
        if len(plain) != view.get("byteLength"):
            raise GlbInvalid(f"bufferView {index} decodes to {len(plain)} bytes, not {view.get('byteLength')}")
        return plain

    def accessor(self, index: int, *, normalise: bool = True) -> NDArray[Any]:
        """The values (n, width) of an accessor, normalised integers as float64 unless told otherwise; raises GlbInvalid."""
        accessor = _at(self.objects("accessors"), index, "accessor")
        try:
            dtype, width, count = DTYPES[accessor["componentType"]], WIDTHS[accessor["type"]], int(accessor["count"])
            view = _at(self.objects("bufferViews"), accessor["bufferView"], "bufferView")
        except KeyError as error:
            raise GlbInvalid(f"accessor {index}: {error}") from error
        data = self.view(accessor["bufferView"])
        size, offset = dtype.itemsize * width, int(accessor.get("byteOffset", 0))
        stride = int(view.get("byteStride", size))
        if count < 1 or offset + stride * (count - 1) + size > len(data):
            raise GlbInvalid(f"accessor {index} reads beyond its bufferView")
        values = np.ndarray((count, width), dtype, buffer=data, offset=offset, strides=(stride, dtype.itemsize))
        if not (normalise and accessor.get("normalized", False)):
            return values.copy()
        return np.maximum(values.astype(np.float64) / np.iinfo(dtype).max, -1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """One primitive as it is drawn: local points (v, 3), triangles (t, 3), matrices (k, 4, 4) local → tile (z up).

    `rows` are property-table rows, (v,) of the vertices or (k,) of the instances; `instanced` says which. `grid` is the
    distance between two neighbouring local positions, 0 where they are floats.
    """

    points: Float64
    triangles: Ints
    matrices: Float64
    rows: Ints
    instanced: bool
    grid: float

    @property
    def step_m(self) -> float:
        """That distance as drawn, metres, where it is largest."""
        return self.grid * float(np.linalg.norm(self.matrices[:, :3, :3], axis=1).max())

    def samples(self, *, centroids: bool = False) -> Iterator[tuple[Float64, Ints]]:
        """Chunks of points (n, 3) in the tile's frame with their rows (n,): all vertices and, on demand, all triangle centroids."""
        local, rows = self.points, self.rows
        if centroids:
            local = np.concatenate([local, self.points[self.triangles].mean(axis=1)])
            rows = rows if self.instanced else np.concatenate([rows, rows[self.triangles[:, 0]]])
        at_once = max(1, CHUNK_POINTS // len(local))
        for start in range(0, len(self.matrices), at_once):
            matrices = self.matrices[start : start + at_once]
            moved = np.matmul(local, matrices[:, :3, :3].transpose(0, 2, 1)) + matrices[:, None, :3, 3]
            owners = np.repeat(rows[start : start + at_once], len(local)) if self.instanced else np.tile(rows, len(matrices))
            yield moved.reshape(-1, 3), owners


def read_document(data: bytes) -> Document:
    """The two chunks of a glb (glTF 2.0 §4.4); raises GlbInvalid."""
    if len(data) < 20 or data[:4] != MAGIC:
        raise GlbInvalid("no glb: the magic is missing")
    version, total, json_length, kind = *struct.unpack_from("<III", data, 4), data[16:20]
    if version != 2 or total != len(data) or kind != JSON_CHUNK or 20 + json_length > len(data):
        raise GlbInvalid(f"glb header: version {version}, length {total} of {len(data)}")
    try:
        document = json.loads(data[20 : 20 + json_length])
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise GlbInvalid(f"the JSON chunk cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise GlbInvalid("the JSON chunk is no object")
    start = 20 + json_length
    binary = b""
    if start + 8 <= len(data):
        length = struct.unpack_from("<I", data, start)[0]
        if data[start + 4 : start + 8] != BIN_CHUNK or start + 8 + length > len(data):
            raise GlbInvalid("the binary chunk is broken")
        binary = data[start + 8 : start + 8 + length]
    return Document(document, binary)


def read_table(document: Document) -> dict[str, list[str] | Float64]:
    """Columns of the first property table by name: strings as lists, numbers as float64 (n,); empty without a table."""
    extension = document.json.get("extensions", {}).get("EXT_structural_metadata", {})
    tables = extension.get("propertyTables", [])
    if not tables:
        return {}
    try:
        table = tables[0]
        count = int(table["count"])
        properties = extension["schema"]["classes"][table["class"]]["properties"]
        return {name: _column(document, properties[name], entry, count) for name, entry in table["properties"].items()}
    except (KeyError, TypeError, ValueError, UnicodeDecodeError) as error:
        raise GlbInvalid(f"the property table cannot be read: {error!r}") from error


def read_drawn(document: Document) -> list[Drawn]:
    """Every primitive of the default scene with its nodes' and instances' transforms; raises GlbInvalid."""
    nodes = document.objects("nodes")
    scene = _at(document.objects("scenes"), int(document.json.get("scene", 0)), "scene")
    drawn: list[Drawn] = []
    waiting: list[tuple[int, Float64, int]] = [(index, Y_UP_TO_Z_UP, 0) for index in reversed(scene.get("nodes", []))]
    while waiting:
        index, above, depth = waiting.pop()
        node = _at(nodes, index, "node")
        if depth > len(nodes):
            raise GlbInvalid(f"node {index} is its own ancestor")
        matrix = above @ _node_matrix(node)
        waiting += [(child, matrix, depth + 1) for child in reversed(node.get("children", []))]
        if "mesh" in node:
            mesh = _at(document.objects("meshes"), node["mesh"], "mesh")
            drawn += [_drawn(document, primitive, node, matrix) for primitive in mesh["primitives"]]
    return drawn


def _drawn(document: Document, primitive: Json, node: Json, matrix: Float64) -> Drawn:
    if primitive.get("mode", 4) != 4 or "POSITION" not in primitive.get("attributes", {}):
        raise GlbInvalid("a primitive is no triangle list with positions")
    attributes = primitive["attributes"]
    points = document.accessor(attributes["POSITION"]).astype(np.float64)
    indexed = "indices" in primitive
    indices = document.accessor(primitive["indices"])[:, 0].astype(np.int64) if indexed else np.arange(len(points))
    if len(indices) % 3 or indices.max(initial=-1) >= len(points):
        raise GlbInvalid("indices are no triangles of the vertices")
    grid = _grid(document.objects("accessors")[attributes["POSITION"]])
    instances = node.get("extensions", {}).get("EXT_mesh_gpu_instancing")
    if instances is None:
        rows = _feature_rows(document, primitive, "EXT_mesh_features", attributes, len(points))
        return Drawn(points, indices.reshape(-1, 3), matrix[None], rows, False, grid)
    local = _instance_matrices(document, instances["attributes"])
    rows = _feature_rows(document, node, "EXT_instance_features", instances["attributes"], len(local))
    return Drawn(points, indices.reshape(-1, 3), np.matmul(matrix, local), rows, True, grid)


def _grid(accessor: Json) -> float:
    dtype = DTYPES[accessor["componentType"]]
    if dtype.kind == "f":
        return 0.0
    return 1.0 / float(np.iinfo(dtype).max) if accessor.get("normalized", False) else 1.0


def _feature_rows(document: Document, owner: Json, extension: str, attributes: Mapping[str, int], count: int) -> Ints:
    sets = owner.get("extensions", {}).get(extension, {}).get("featureIds", [])
    if not sets or "attribute" not in sets[0]:
        return np.full(count, -1, dtype=np.int64)
    name = f"_FEATURE_ID_{sets[0]['attribute']}"
    if name not in attributes:
        raise GlbInvalid(f"{extension} names {name}, which is no attribute")
    rows = document.accessor(attributes[name])[:, 0].astype(np.int64)
    if len(rows) != count:
        raise GlbInvalid(f"{len(rows)} feature ids for {count} vertices or instances")
    return rows


def _instance_matrices(document: Document, attributes: Mapping[str, int]) -> Float64:
    values = {name: document.accessor(index).astype(np.float64) for name, index in attributes.items() if not name.startswith("_")}
    lengths = {len(column) for column in values.values()}
    if len(lengths) != 1:
        raise GlbInvalid("instance attributes are missing or of different lengths")
    count = lengths.pop()
    translation = values.get("TRANSLATION", np.zeros((count, 3)))
    rotation = values.get("ROTATION", np.tile([0.0, 0.0, 0.0, 1.0], (count, 1)))
    scale = values.get("SCALE", np.ones((count, 3)))
    matrices = np.zeros((count, 4, 4))
    matrices[:, :3, :3] = _rotations(rotation) * scale[:, None, :]
    matrices[:, :3, 3] = translation
    matrices[:, 3, 3] = 1.0
    return matrices


def _node_matrix(node: Json) -> Float64:
    if "matrix" in node:
        return np.array(node["matrix"], dtype=np.float64).reshape(4, 4).T
    matrix = np.eye(4)
    rotation = np.array([node.get("rotation", [0.0, 0.0, 0.0, 1.0])], dtype=np.float64)
    matrix[:3, :3] = _rotations(rotation)[0] * np.array(node.get("scale", [1.0, 1.0, 1.0]))
    matrix[:3, 3] = node.get("translation", [0.0, 0.0, 0.0])
    return matrix


def _rotations(quaternions: Float64) -> Float64:
    unit = quaternions / np.linalg.norm(quaternions, axis=1, keepdims=True)
    vector, w = unit[:, :3], unit[:, 3]
    cross = np.zeros((len(unit), 3, 3))
    cross[:, 0, 1], cross[:, 0, 2], cross[:, 1, 2] = -vector[:, 2], vector[:, 1], -vector[:, 0]
    cross -= cross.transpose(0, 2, 1).copy()
    result: Float64 = np.eye(3) + 2 * w[:, None, None] * cross + 2 * np.matmul(cross, cross)
    return result


def _column(document: Document, declared: Json, entry: Json, count: int) -> list[str] | Float64:
    values = document.view(entry["values"])
    if declared["type"] == "STRING":
        offsets = np.frombuffer(document.view(entry["stringOffsets"]), NUMERIC[entry.get("stringOffsetType", "UINT32")])
        if len(offsets) != count + 1:
            raise GlbInvalid(f"{len(offsets)} string offsets for {count} rows")
        return [values[start:end].decode() for start, end in pairwise(offsets.tolist())]
    numbers = np.frombuffer(values, NUMERIC[declared["componentType"]]).astype(np.float64)
    if len(numbers) != count:
        raise GlbInvalid(f"{len(numbers)} numbers for {count} rows")
    return numbers


def _at(objects: list[Json], index: int, kind: str) -> Json:
    if not isinstance(index, int) or not 0 <= index < len(objects):
        raise GlbInvalid(f"there is no {kind} {index}")
    return objects[index]
