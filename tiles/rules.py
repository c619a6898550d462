"""Rules on one glb: what CesiumJS draws or picks wrongly without a word, and what the extensions demand."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tiles.limits import MAX_ROWS
from tiles.read import DTYPES, WIDTHS, Document, Drawn
from tiles.shape import named_extensions

__all__ = ["Finding", "check_document", "check_rows"]

Finding = tuple[str, str]
ATTRIBUTE_CODEC = 0xA0
TRIANGLE_CODECS = (0xE0, 0xE1)
SEQUENCE_CODECS = (0xD0, 0xD1)
UNIFORM_TOLERANCE = 1e-4
UINT32 = 5125
MUST_BE_REQUIRED = ("EXT_mesh_gpu_instancing", "EXT_meshopt_compression", "KHR_mesh_quantization")


def check_document(document: Document) -> list[Finding]:
    """Findings (code, message) on declared extensions, tables, strides, codecs, bounds and instance scales; raises GlbInvalid."""
    return [
        *_extensions(document),
        *_tables(document),
        *_codecs(document),
        *_strides(document),
        *_bounds(document),
        *_instance_scales(document),
    ]


def check_rows(drawn: Sequence[Drawn], rows: int) -> list[Finding]:
    """Findings on feature ids: beyond the table, missing, or rows that nothing shows."""
    used = np.unique(np.concatenate([one.rows for one in drawn])) if drawn else np.zeros(0, dtype=np.int64)
    findings: list[Finding] = []
    if (used < 0).any():
        findings.append(("TILES_FEATURE_ID_MISSING", "a primitive or its instances name no feature"))
    if (used >= rows).any():
        findings.append(("TILES_FEATURE_ID_RANGE", f"feature id {used.max()} of a table of {rows} rows"))
    idle = rows - int(((used >= 0) & (used < rows)).sum())
    if idle:
        findings.append(("TILES_ROW_UNUSED", f"{idle} of {rows} rows are drawn nowhere"))
    return findings


def _extensions(document: Document) -> Iterator[Finding]:
    used, required = set(document.json.get("extensionsUsed", [])), set(document.json.get("extensionsRequired", []))
    present = named_extensions(document.json)
    if any(accessor["componentType"] != 5126 for accessor in _positions(document)):
        present.add("KHR_mesh_quantization")
    for name in sorted(present - used):
        yield "TILES_EXTENSION_UNDECLARED", f"{name} is not in extensionsUsed"
    for name in sorted(present & used & set(MUST_BE_REQUIRED) - required):
        yield "TILES_EXTENSION_UNDECLARED", f"{name} is not in extensionsRequired"


def _tables(document: Document) -> Iterator[Finding]:
    tables = document.json.get("extensions", {}).get("EXT_structural_metadata", {}).get("propertyTables", [])
    if not tables:
        yield "TILES_PROPERTY_TABLE_MISSING", "there is no property table"
    if len(tables) > 1:
        yield "TILES_PROPERTY_TABLE_SECOND", f"{len(tables)} property tables; CesiumJS reads the first and is silent about the others"
    if any(entry.get("propertyTable") != 0 for entry in _feature_id_sets(document)):
        yield "TILES_PROPERTY_TABLE_SECOND", "feature ids name another property table than 0"
    for table in tables:
        if table.get("count", 0) > MAX_ROWS:
            yield "TILES_TABLE_TOO_LONG", f"{table['count']} rows, more than {MAX_ROWS}"


def _feature_id_sets(document: Document) -> Iterator[dict[str, Any]]:
    primitives = [primitive for mesh in document.objects("meshes") for primitive in mesh.get("primitives", [])]
    for owner, name in [(one, "EXT_mesh_features") for one in primitives] + [
        (one, "EXT_instance_features") for one in document.objects("nodes")
    ]:
        yield from owner.get("extensions", {}).get(name, {}).get("featureIds", [])


def _codecs(document: Document) -> Iterator[Finding]:
    allowed = {"ATTRIBUTES": (ATTRIBUTE_CODEC,), "TRIANGLES": TRIANGLE_CODECS, "INDICES": SEQUENCE_CODECS}
    for index, view in enumerate(document.objects("bufferViews")):
        stored = view.get("extensions", {}).get("EXT_meshopt_compression")
        if stored is None:
            continue
        first = document.binary[stored.get("byteOffset", 0)]
        if first not in allowed.get(stored.get("mode", ""), ()):
            yield "TILES_MESHOPT_CODEC", f"bufferView {index}: first byte {first:#04x} is no codec of mode {stored.get('mode')}"


def _strides(document: Document) -> Iterator[Finding]:
    views, accessors = document.objects("bufferViews"), document.objects("accessors")
    for index in sorted(_attribute_accessors(document)):
        accessor = accessors[index]
        view = views[accessor["bufferView"]]
        size = DTYPES[accessor["componentType"]].itemsize * WIDTHS[accessor["type"]]
        stride = view.get("byteStride", size)
        stored = view.get("extensions", {}).get("EXT_meshopt_compression", {}).get("byteStride", stride)
        if accessor["componentType"] == UINT32:
            yield "TILES_ATTRIBUTE_TYPE", f"accessor {index}: uint32 is no type of a vertex or instance attribute"
        if stride % 4 or stored != stride:
            yield "TILES_STRIDE", f"accessor {index}: stride {stride} (compressed {stored}) is no multiple of 4, or the two differ"


def _attribute_accessors(document: Document) -> set[int]:
    vertex = {
        index for mesh in document.objects("meshes") for primitive in mesh["primitives"] for index in primitive["attributes"].values()
    }
    return vertex | {index for attributes in _instance_attributes(document) for index in attributes.values()}


def _instance_attributes(document: Document) -> Iterator[dict[str, int]]:
    for node in document.objects("nodes"):
        extension = node.get("extensions", {}).get("EXT_mesh_gpu_instancing")
        if extension is not None:
            yield extension["attributes"]


def _positions(document: Document) -> Iterator[dict[str, Any]]:
    accessors = document.objects("accessors")
    for mesh in document.objects("meshes"):
        for primitive in mesh["primitives"]:
            yield accessors[primitive["attributes"]["POSITION"]]


def _bounds(document: Document) -> Iterator[Finding]:
    vertex = {primitive["attributes"]["POSITION"] for mesh in document.objects("meshes") for primitive in mesh["primitives"]}
    instance = {attributes["TRANSLATION"] for attributes in _instance_attributes(document) if "TRANSLATION" in attributes}
    accessors = document.objects("accessors")
    for index in sorted(vertex | instance):
        values = document.accessor(index, normalise=False)
        low, high = values.min(axis=0).tolist(), values.max(axis=0).tolist()
        if accessors[index].get("min") != low or accessors[index].get("max") != high:
            yield "TILES_ACCESSOR_BOUNDS", f"accessor {index}: min and max are not those of its values"


def _instance_scales(document: Document) -> Iterator[Finding]:
    for attributes in _instance_attributes(document):
        if "SCALE" not in attributes:
            continue
        scale = document.accessor(attributes["SCALE"]).astype(np.float64)
        spread = scale.max(axis=1) - scale.min(axis=1)
        if (spread > UNIFORM_TOLERANCE * np.abs(scale).max(axis=1)).any():
            yield "TILES_INSTANCE_SCALE", "an instance's scale is not uniform: it shades wrong, bake it"
