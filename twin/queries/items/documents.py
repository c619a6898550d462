"""The documents of OGC API Features about collections: what there is, where it lies, what can be asked of it."""

from collections.abc import Collection as Members
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection

from spatial.feature import Kind
from twin.codes import ColumnType
from twin.codes.kind import Column
from twin.queries.items.catalogue import Catalogue, Collection, ItemReader
from twin.queries.items.crs import CRS84, CRS84H, OutputCrs
from twin.queries.items.query import item_query
from twin.queries.items.queryables import queryable_types, sortable_types

__all__ = ["CONFORMANCE", "collection_document", "feature_schema", "queryables_document", "sortables_document"]

FEATURES = "http://www.opengis.net/spec/ogcapi-features"
COMMON = "http://www.opengis.net/spec/ogcapi-common"
CQL2 = "http://www.opengis.net/spec/cql2/1.0/conf"
CQL2_CLASSES = (
    "cql2-text", "cql2-json", "basic-cql2", "advanced-comparison-operators", "case-insensitive-comparison",
    "accent-insensitive-comparison", "basic-spatial-functions", "basic-spatial-functions-plus", "spatial-functions", "temporal-functions",
    "array-functions", "property-property", "functions", "arithmetic",
)  # fmt: skip
CONFORMANCE = (
    f"{COMMON}-1/1.0/conf/core",
    f"{COMMON}-2/1.0/conf/collections",
    f"{FEATURES}-1/1.0/conf/core",
    f"{FEATURES}-1/1.0/conf/oas30",
    f"{FEATURES}-1/1.0/conf/html",
    f"{FEATURES}-1/1.0/conf/geojson",
    f"{FEATURES}-2/1.0/conf/crs",
    *(f"{FEATURES}-3/1.0/conf/{name}" for name in ("queryables", "queryables-query-parameters", "filter", "features-filter")),
    *(f"{CQL2}/{name}" for name in CQL2_CLASSES),
    *(f"{FEATURES}-4/1.0/conf/{name}" for name in ("create-replace-delete", "update", "features", "optimistic-locking-etags")),
    *(f"{FEATURES}-5/1.0/conf/{name}" for name in ("schemas", "core-roles-features")),
    *(f"{FEATURES}-8/1.0/conf/{name}" for name in ("sortables", "sorting", "features-sorting")),
    "http://www.opengis.net/spec/json-fg-1/1.0/conf/core",
    "http://www.opengis.net/spec/json-fg-1/1.0/conf/prisms",
)
GREGORIAN = "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian"
REL = "http://www.opengis.net/def/rel/ogc/1.0"
NARROW = 2**31 - 1
FORMATS = {ColumnType.DATE: "date", ColumnType.INSTANT: "date-time"}
SCHEMA = "https://json-schema.org/draft/2020-12/schema"


def collection_document(
    connection: Connection,
    catalogue: Catalogue,
    collection: Collection,
    reader: ItemReader,
    offered: Sequence[OutputCrs],
    tiled: Members[str] = (),
) -> dict[str, Any]:
    """One collection with its extent in degrees and metres above the ellipsoid, and its links; `tiled` are the sites with 3D Tiles."""
    href = f"/collections/{quote(collection.id, safe='')}"
    query = item_query(connection, catalogue, collection, reader)
    west, south, east, north, low, high = query.extent()
    if collection.layer is not None:  # its shapes are plane, whatever was drawn of them
        low = None
    document: dict[str, Any] = {
        "id": collection.id,
        "title": collection.zh if collection.zh == collection.en else f"{collection.zh} · {collection.en}",
        "itemType": "feature",
        "crs": [crs.uri for crs in offered],
        "storageCrs": CRS84 if low is None else CRS84H,
        "links": [
            _link("self", href, "application/json", collection.id),
            _link("alternate", f"{href}?f=html", "text/html", "HTML"),
            _link("items", f"{href}/items", "application/geo+json", "GeoJSON"),
            _link("items", f"{href}/items?f=jsonfg", "application/vnd.ogc.fg+json", "JSON-FG"),
            _link("items", f"{href}/items?f=html", "text/html", "HTML"),
            _link("items", f"{href}/items?f=parquet", "application/vnd.apache.parquet", "GeoParquet"),
            *(_link(f"{REL}/{name}", f"{href}/{name}", "application/schema+json", name) for name in ("schema", "queryables", "sortables")),
            _link("describedby", f"{href}/feature-schema", "application/schema+json", "JSON Schema"),
            *([] if low is None else _tilesets(collection, reader, tiled)),
        ],
    }
    extent: dict[str, Any] = {}
    if west is not None:
        box = [west, south, east, north] if low is None else [west, south, low, east, north, high]
        extent["spatial"] = {"bbox": [box], "crs": CRS84 if low is None else CRS84H}
    begun = query.begun()
    if begun is not None:
        extent["temporal"] = {"interval": [[begun.isoformat(timespec="seconds").replace("+00:00", "Z"), None]], "trs": GREGORIAN}
    return document | ({"extent": extent} if extent else {})


def queryables_document(collection: Collection, reader: ItemReader) -> dict[str, Any]:
    """What a filter may name, as JSON Schema (OGC 19-079r2, 8.3)."""
    properties: dict[str, Any] = {"geometry": {"x-ogc-role": "primary-geometry", "format": "geometry-any"}}
    properties |= {name: {"title": name, "type": kind} for name, kind in queryable_types(collection, reader).items()}
    if collection.record is None and collection.kind is not Kind.SITE:
        properties.setdefault("since", {"title": "since", "type": "string", "format": "date-time"})
    return _schema(collection, "queryables", properties)


def sortables_document(collection: Collection, reader: ItemReader) -> dict[str, Any]:
    """What `sortby` may name, as JSON Schema (OGC 24-030 draft, 6)."""
    types = sortable_types(collection, reader)
    return _schema(collection, "sortables", {name: {"title": name, "type": kind} for name, kind in types.items()})


def feature_schema(collection: Collection, reader: ItemReader) -> dict[str, Any]:
    """What a feature of its GeoJSON looks like, as JSON Schema; what has no value is null. Clients take the types of columns from it:
    GDAL holds `integer` for 32 bits, so whole numbers that may be larger (money in fen) are `number`, a multiple of 1."""
    columns = {} if collection.record is None else {column.name: column for column in collection.record.columns}
    types = queryable_types(collection, reader)
    properties = {name: _property(kind, columns.get(name)) for name, kind in types.items() if name != "id" or name in collection.attributes}
    return {
        "$schema": SCHEMA,
        "$id": f"/collections/{quote(collection.id, safe='')}/feature-schema",
        "type": "object",
        "title": collection.id,
        "properties": {
            "type": {"const": "Feature"},
            "id": {"type": "string"},
            "geometry": {"$ref": "https://geojson.org/schema/Geometry.json"},
            "properties": {"type": "object", "properties": properties},
        },
        "required": ["type", "id", "geometry", "properties"],
    }


def _property(kind: str, column: Column | None) -> dict[str, Any]:
    if kind == "integer" and (column is None or column.high is None or column.high > NARROW):
        return {"type": "number", "multipleOf": 1}
    stated = FORMATS.get(column.type) if column is not None else None
    return {"type": kind} | ({"format": stated} if stated else {})


def _schema(collection: Collection, name: str, properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "$schema": SCHEMA,
        "$id": f"/collections/{quote(collection.id, safe='')}/{name}",
        "type": "object",
        "title": collection.id,
        "properties": properties,
        "additionalProperties": False,
    }


def _tilesets(collection: Collection, reader: ItemReader, tiled: Members[str]) -> list[dict[str, str]]:
    sites = sorted(reader.sites) if collection.layer is None else [collection.layer.site]
    return [
        _link(f"{REL}/tilesets-vector", f"/tiles/{quote(site, safe='')}/tileset.json", "application/json", f"3D Tiles: {site}")
        for site in sites
        if site in tiled
    ]


def _link(rel: str, href: str, media: str, title: str) -> dict[str, str]:
    return {"rel": rel, "href": href, "type": media, "title": title}
