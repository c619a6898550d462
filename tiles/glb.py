"""The glb container: glTF JSON, one binary chunk, meshopt-compressed views, the property table.

glTF 2.0 §4.4 (GLB); EXT_meshopt_compression: a compressed view lies in the binary chunk and names the place its plain bytes
would have in a second, fallback buffer that no file holds; EXT_structural_metadata: table views are plain, 8-byte aligned.
"""

import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import meshopt
import numpy as np
from numpy.typing import NDArray

from tiles.metadata import CLASS_ID, Column, schema

__all__ = ["GlbBuilder"]

MAGIC, JSON_CHUNK, BIN_CHUNK = 0x46546C67, 0x4E4F534A, 0x004E4942
ALIGNMENT = 8
HEADERS = 28
ARRAY_BUFFER, ELEMENT_ARRAY_BUFFER = 34962, 34963
COMPONENTS = {"int8": 5120, "uint8": 5121, "int16": 5122, "uint16": 5123, "uint32": 5125, "float32": 5126}
TYPES = {1: "SCALAR", 3: "VEC3", 4: "VEC4"}
MAX_UINT16_VERTICES = 65_535


class GlbBuilder:
    """A glTF under construction; each call returns the index of what it added."""

    def __init__(self) -> None:
        self._lists: dict[str, list[Any]] = {}
        self._used: dict[str, bool] = {}
        self._extensions: dict[str, Any] = {}
        self._chunk = bytearray()
        self._fallback_bytes = 0

    def use(self, extension: str, *, required: bool = True) -> None:
        """Declare an extension; once required, always required."""
        self._used[extension] = self._used.get(extension, False) or required

    def material(self, material: Mapping[str, Any]) -> int:
        """Add a material."""
        return self._add("materials", dict(material))

    def mesh(self, primitive: Mapping[str, Any]) -> int:
        """Add a mesh of one primitive."""
        return self._add("meshes", {"primitives": [dict(primitive)]})

    def node(self, node: Mapping[str, Any]) -> int:
        """Add a node of the scene."""
        return self._add("nodes", dict(node))

    def attribute(self, values: NDArray[Any], *, width: int, normalised: bool = False, bounds: bool = False, vertex: bool = True) -> int:
        """An accessor of `width` components a row over (n,) or (n, ≥ width) values; rows are padded to a stride of 4 bytes."""
        table = np.ascontiguousarray(values.reshape(len(values), -1))
        row_bytes = table.shape[1] * table.itemsize
        stride = row_bytes + -row_bytes % 4
        padded = np.zeros((len(table), stride), dtype=np.uint8)
        padded[:, :row_bytes] = table.view(np.uint8).reshape(len(table), row_bytes)
        view = self._compressed(padded, stride, len(table), "ATTRIBUTES", ARRAY_BUFFER if vertex else None)
        accessor: dict[str, Any] = {
            "bufferView": view,
            "componentType": COMPONENTS[table.dtype.name],
            "count": len(table),
            "type": TYPES[width],
        }
        if normalised:
            accessor["normalized"] = True
        if bounds:
            low, high = table[:, :width].min(axis=0), table[:, :width].max(axis=0)
            accessor["min"], accessor["max"] = low.tolist(), high.tolist()
        return self._add("accessors", accessor)

    def triangles(self, indices: NDArray[np.uint32], vertices: int) -> int:
        """An accessor over triangle indices (3 m,), uint16 where the vertices allow."""
        narrow = indices.reshape(-1).astype(np.uint16 if vertices < MAX_UINT16_VERTICES else np.uint32)
        view = self._compressed(narrow, narrow.itemsize, len(narrow), "TRIANGLES", ELEMENT_ARRAY_BUFFER)
        accessor = {"bufferView": view, "componentType": COMPONENTS[narrow.dtype.name], "count": len(narrow), "type": "SCALAR"}
        return self._add("accessors", accessor)

    def property_table(self, columns: Sequence[Column], count: int) -> None:
        """The one property table, its rows being the feature ids of every primitive and instance."""
        properties: dict[str, Any] = {}
        for column in columns:
            entry: dict[str, Any] = {"values": self._plain(column.values.tobytes())}
            if column.offsets is not None:
                entry |= {"stringOffsets": self._plain(column.offsets.astype("<u4").tobytes()), "stringOffsetType": "UINT32"}
            properties[column.name] = entry
        self.use("EXT_structural_metadata", required=False)
        self._extensions["EXT_structural_metadata"] = {
            "schema": schema(),
            "propertyTables": [{"name": "features", "class": CLASS_ID, "count": count, "properties": properties}],
        }

    def to_bytes(self) -> bytes:
        """The finished glb; its binary chunk starts on a multiple of 8."""
        self._chunk.extend(b"\0" * (-len(self._chunk) % ALIGNMENT))
        buffers: list[dict[str, Any]] = [{"byteLength": len(self._chunk)}]
        if self._fallback_bytes:
            buffers.append({"byteLength": self._fallback_bytes, "extensions": {"EXT_meshopt_compression": {"fallback": True}}})
        document: dict[str, Any] = {
            "asset": {"version": "2.0", "generator": "pingshan-twin"},
            "extensionsUsed": sorted(self._used),
            "extensionsRequired": sorted(name for name, required in self._used.items() if required),
            "scene": 0,
            "scenes": [{"nodes": list(range(len(self._lists.get("nodes", []))))}],
            **self._lists,
            "buffers": buffers,
            "extensions": self._extensions,
        }
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        text += b" " * (-(HEADERS + len(text)) % ALIGNMENT)
        total = HEADERS + len(text) + len(self._chunk)
        head = struct.pack("<IIIII", MAGIC, 2, total, len(text), JSON_CHUNK)
        return b"".join([head, text, struct.pack("<II", len(self._chunk), BIN_CHUNK), bytes(self._chunk)])

    def _compressed(self, data: NDArray[Any], stride: int, count: int, mode: str, target: int | None) -> int:
        self.use("EXT_meshopt_compression")
        encoded = meshopt.encode_gltf_buffer(data, mode)
        self._chunk.extend(b"\0" * (-len(self._chunk) % ALIGNMENT))
        self._fallback_bytes += -self._fallback_bytes % ALIGNMENT
        view: dict[str, Any] = {"buffer": 1, "byteOffset": self._fallback_bytes, "byteLength": stride * count}
        if mode == "ATTRIBUTES":
            view["byteStride"] = stride
        if target is not None:
            view["target"] = target
        stored = {"buffer": 0, "byteOffset": len(self._chunk), "byteLength": len(encoded), "byteStride": stride}
        view["extensions"] = {"EXT_meshopt_compression": {**stored, "count": count, "mode": mode}}
        self._chunk.extend(encoded)
        self._fallback_bytes += stride * count
        return self._add("bufferViews", view)

    def _plain(self, data: bytes) -> int:
        self._chunk.extend(b"\0" * (-len(self._chunk) % ALIGNMENT))
        view = {"buffer": 0, "byteOffset": len(self._chunk), "byteLength": len(data)}
        self._chunk.extend(data)
        return self._add("bufferViews", view)

    def _add(self, name: str, value: Any) -> int:
        entries = self._lists.setdefault(name, [])
        entries.append(value)
        return len(entries) - 1
