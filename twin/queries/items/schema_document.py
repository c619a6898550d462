"""What the items of a collection have, as JSON Schema (OGC API Features Part 5, draft "Schemas"): titles, units, roles."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from spatial.feature import Kind
from twin.codes import Column, ColumnType
from twin.queries.items.catalogue import Collection, ItemReader
from twin.queries.items.queryables import COLUMNS
from twin.queries.items.record_types import record_types
from twin.queries.items.sites import SITE_TYPES
from twin.queries.records.documents import withheld_columns

__all__ = ["schema_document"]

SCHEMA = "https://json-schema.org/draft/2020-12/schema"
UCUM: Mapping[str, str] = MappingProxyType(
    {"m": "m", "mm": "mm", "km": "km", "m2": "m2", "m²": "m2", "l": "L", "deg": "deg", "month": "mo"}
)
"""The unit of a column → its code in UCUM; what UCUM does not have (fen, seat, person, px) is told in our word for it."""
FORMATS = {ColumnType.DATE: "date", ColumnType.INSTANT: "date-time"}
NAMED = ("kind", "parent", "building", "storey", "space")
"""What items of features tell beyond what can be asked for."""
POINTS = ("assets", "sites", "cameras", "guard-posts")
HEIGHTS: dict[str, dict[str, Any]] = {
    "low_m": {"title": "最低处 · lowest height above the ellipsoid", "type": "number", "x-ogc-unit": "m", "readOnly": True},
    "high_m": {"title": "最高处 · highest height above the ellipsoid", "type": "number", "x-ogc-unit": "m", "readOnly": True},
}
TIMES: dict[str, dict[str, Any]] = {
    name: {"title": title, "type": "string", "format": "date-time", "x-ogc-role": f"primary-interval-{role}", "readOnly": True}
    for name, title, role in (
        ("since", "自何时如此 · since when the twin knows it so", "start"),
        ("until", "至何时 · until when it was so", "end"),
    )
}


def schema_document(collection: Collection, reader: ItemReader) -> dict[str, Any]:
    """The schema of an item: `properties` are those of its GeoJSON `properties`, with `id` and `geometry` by their roles.

    A property that an item does not say is absent or null in it; those under `required` are always there. `readOnly` is what a
    write passes over. Columns that are not for the reader are not told.
    """
    geometry = "geometry-point" if collection.id in POINTS and collection.layer is None else "geometry-any"
    properties: dict[str, Any] = {
        "id": {"title": "id", "type": "string", "x-ogc-role": "id", "readOnly": True},
        "geometry": {"x-ogc-role": "primary-geometry", "format": geometry},
    }
    required: list[str] = []
    if collection.record is not None and reader.records is not None:
        types, withheld = record_types(collection.record, reader.records), withheld_columns(collection.record, reader.records)
        columns = [column for column in collection.record.columns if column.name not in withheld]
        properties |= {column.name: _column(column, types[column.name]) for column in columns}
        properties |= HEIGHTS | {name: _text(name) | {"readOnly": True} for name in ("place", "place_feature")}
        required = [column.name for column in columns if column.required]
    elif collection.kind is Kind.SITE:
        properties |= HEIGHTS | {name: _measured(name, kind) for name, kind in SITE_TYPES.items()}
        required = [name for name in SITE_TYPES if name not in ("division", "geoid_separation_m")]
    else:
        own = {name: _measured(name, kind) for name, (_, kind) in COLUMNS.items() if name != "id"}
        properties |= own | HEIGHTS | TIMES | {name: _text(name) for name in NAMED}
        properties |= {name: {"title": name, "type": kind} for name, kind in collection.attributes.items()}
    document: dict[str, Any] = {"$schema": SCHEMA, "$id": f"/collections/{quote(collection.id, safe='')}/schema", "type": "object"}
    title = collection.zh if collection.zh == collection.en else f"{collection.zh} · {collection.en}"
    document |= {"title": title, "properties": properties}
    return document | ({"required": required} if required else {})


def _column(column: Column, kind: str) -> dict[str, Any]:
    found = _text(f"{column.zh} · {column.en}") | {"type": kind}
    if column.type in FORMATS:
        found["format"] = FORMATS[column.type]
    unit = column.unit or ("fen" if column.type is ColumnType.MONEY else "")
    found |= _unit(unit) if unit else {}
    found |= {"minimum": column.low} if column.low is not None else {}
    return found | ({"maximum": column.high} if column.high is not None else {})


def _measured(name: str, kind: str) -> dict[str, Any]:
    """A property whose name says its unit."""
    unit = "m2" if name.endswith("_m2") else "m" if name.endswith("_m") else "deg" if name in ("lon", "lat") else ""
    return {"title": name, "type": kind} | (_unit(unit) if unit else {})


def _unit(unit: str) -> dict[str, str]:
    return {"x-ogc-unit": UCUM[unit]} if unit in UCUM else {"x-ogc-unit": unit, "x-ogc-unitLang": "twin"}


def _text(title: str) -> dict[str, Any]:
    return {"title": title, "type": "string"}
