"""A tiny tileset written by hand: boxes in one plain glb with one property table, no compression, nothing of `tiles`."""

import json
import struct
from dataclasses import dataclass

import numpy as np

__all__ = ["Box", "glb_of", "tileset_of"]

COLUMNS = ("id", "global_id", "class", "name", "kind", "storey", "space")
FACES = (
    ((1, 0, 0), ((1, 0, 0), (1, 1, 0), (1, 1, 1), (1, 0, 1))),
    ((-1, 0, 0), ((0, 0, 0), (0, 0, 1), (0, 1, 1), (0, 1, 0))),
    ((0, 1, 0), ((0, 1, 0), (0, 1, 1), (1, 1, 1), (1, 1, 0))),
    ((0, -1, 0), ((0, 0, 0), (1, 0, 0), (1, 0, 1), (0, 0, 1))),
    ((0, 0, 1), ((0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1))),
    ((0, 0, -1), ((0, 0, 0), (0, 1, 0), (1, 1, 0), (1, 0, 0))),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """An axis-parallel box, corners in site-frame metres, and its row of the property table."""

    id: str
    low: tuple[float, float, float]
    high: tuple[float, float, float]
    class_name: str
    name: str = ""
    kind: str = "element"
    storey: str = ""
    space: str = ""
    rgba: tuple[float, float, float, float] = (0.8, 0.79, 0.76, 1.0)

    def row(self) -> dict[str, str]:
        """The text columns."""
        return {
            "id": self.id,
            "global_id": self.id.partition(":")[2],
            "class": self.class_name,
            "name": self.name,
            "kind": self.kind,
            "storey": self.storey,
            "space": self.space,
        }


def glb_of(boxes: list[Box], origin: tuple[float, float, float]) -> bytes:
    """A glb whose metres are relative to `origin` (site frame), y up, one primitive a colour."""
    views: list[dict[str, int]] = []
    accessors: list[dict[str, object]] = []
    binary = bytearray()

    def view(data: bytes) -> int:
        while len(binary) % 8:
            binary.append(0)
        views.append({"buffer": 0, "byteOffset": len(binary), "byteLength": len(data)})
        binary.extend(data)
        return len(views) - 1

    def accessor(array: np.ndarray, kind: str, component: int, *, bounds: bool = False) -> int:
        entry: dict[str, object] = {"bufferView": view(array.tobytes()), "componentType": component, "count": len(array), "type": kind}
        if bounds:
            entry |= {"min": array.min(axis=0).tolist(), "max": array.max(axis=0).tolist()}
        accessors.append(entry)
        return len(accessors) - 1

    colours = sorted({box.rgba for box in boxes})
    primitives = []
    for material, rgba in enumerate(colours):
        positions, normals, ids = _surface([(row, box) for row, box in enumerate(boxes) if box.rgba == rgba], origin)
        primitives.append(
            {
                "attributes": {
                    "POSITION": accessor(positions, "VEC3", 5126, bounds=True),
                    "NORMAL": accessor(normals, "VEC3", 5126),
                    "_FEATURE_ID_0": accessor(ids, "SCALAR", 5126),
                },
                "material": material,
                "extensions": {"EXT_mesh_features": {"featureIds": [{"featureCount": len(boxes), "attribute": 0, "propertyTable": 0}]}},
            }
        )
    properties: dict[str, dict[str, int | str]] = {}
    for column in COLUMNS:
        texts = [box.row()[column].encode() for box in boxes]
        offsets = np.cumsum([0, *map(len, texts)], dtype=np.uint32)
        properties[column] = {
            "values": view(b"".join(texts) or b"\0"),
            "stringOffsets": view(offsets.tobytes()),
            "stringOffsetType": "UINT32",
        }
    for column, index in (("z_min", 0), ("z_max", 1)):
        heights = np.array([(box.low[2], box.high[2])[index] for box in boxes], dtype=np.float32)
        properties[column] = {"values": view(heights.tobytes())}
    text = {"type": "STRING"}
    number = {"type": "SCALAR", "componentType": "FLOAT32"}
    classes = {"feature": {"properties": dict.fromkeys(COLUMNS, text) | {"z_min": number, "z_max": number}}}
    document = {
        "asset": {"version": "2.0"},
        "extensionsUsed": ["EXT_mesh_features", "EXT_structural_metadata"],
        "extensions": {
            "EXT_structural_metadata": {
                "schema": {"id": "twin", "classes": classes},
                "propertyTables": [{"class": "feature", "count": len(boxes), "properties": properties}],
            }
        },
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": primitives}],
        "materials": [_material(rgba) for rgba in colours],
        "accessors": accessors,
        "bufferViews": views,
        "buffers": [{"byteLength": len(binary)}],
    }
    head = json.dumps(document, ensure_ascii=False).encode()
    head += b" " * (-len(head) % 8)
    binary.extend(b"\0" * (-len(binary) % 8))
    length = 12 + 8 + len(head) + 8 + len(binary)
    return b"".join(
        [
            struct.pack("<4sII", b"glTF", 2, length),
            struct.pack("<I4s", len(head), b"JSON"),
            head,
            struct.pack("<I4s", len(binary), b"BIN\0"),
            binary,
        ]
    )


def tileset_of(boxes: list[Box], origin: tuple[float, float, float], site_to_ecef: np.ndarray) -> dict[str, object]:
    """The tileset.json of `content.glb`: root transform = site frame to ECEF × translation by `origin`."""
    low = np.min([box.low for box in boxes], axis=0) - np.array(origin)
    high = np.max([box.high for box in boxes], axis=0) - np.array(origin)
    middle, half = (low + high) / 2, (high - low) / 2 + 0.01
    shift = np.eye(4)
    shift[:3, 3] = origin
    volume = [*middle, half[0], 0.0, 0.0, 0.0, half[1], 0.0, 0.0, 0.0, half[2]]
    return {
        "asset": {"version": "1.1"},
        "geometricError": 500.0,
        "root": {
            "transform": (site_to_ecef @ shift).T.reshape(-1).tolist(),
            "boundingVolume": {"box": [float(number) for number in volume]},
            "geometricError": 0.0,
            "refine": "ADD",
            "content": {"uri": "content.glb"},
        },
    }


def _surface(rows: list[tuple[int, Box]], origin: tuple[float, float, float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    positions, normals, ids = [], [], []
    for row, box in rows:
        low, size = np.array(box.low), np.array(box.high) - np.array(box.low)
        for normal, corners in FACES:
            quad = low + np.array(corners) * size - np.array(origin)
            positions.extend(_y_up(quad[[0, 1, 2, 0, 2, 3]]))
            normals.extend(_y_up(np.array([normal] * 6, dtype=float)))
            ids.extend([row] * 6)
    return np.array(positions, dtype=np.float32), np.array(normals, dtype=np.float32), np.array(ids, dtype=np.float32)


def _y_up(points: np.ndarray) -> np.ndarray:
    return np.stack([points[:, 0], points[:, 2], -points[:, 1]], axis=1)


def _material(rgba: tuple[float, float, float, float]) -> dict[str, object]:
    material: dict[str, object] = {
        "pbrMetallicRoughness": {"baseColorFactor": list(rgba), "metallicFactor": 0.0, "roughnessFactor": 0.9},
    }
    return material | ({"alphaMode": "BLEND", "doubleSided": True} if rgba[3] < 1.0 else {})
