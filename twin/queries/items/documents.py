"""The documents of OGC API Features about collections: what there is, where it lies, what can be asked of it."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection

from spatial.frame import Site
from twin.queries.items.catalogue import Catalogue, Collection, ItemReader
from twin.queries.items.crs import CRS84, CRS84H, OutputCrs
from twin.queries.items.encode import JSONFG_CLASSES, features_of, point_feature
from twin.queries.items.item import Item
from twin.queries.items.query import item_query
from twin.queries.items.queryables import queryable_types

__all__ = ["CONFORMANCE", "GEOJSON", "collection_document", "item_document", "plain_crs", "queryables_document"]

GEOJSON = "application/geo+json"

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
    f"{FEATURES}-1/1.0/conf/geojson",
    f"{FEATURES}-2/1.0/conf/crs",
    *(f"{FEATURES}-3/1.0/conf/{name}" for name in ("queryables", "queryables-query-parameters", "filter", "features-filter")),
    *(f"{CQL2}/{name}" for name in CQL2_CLASSES),
    "http://www.opengis.net/spec/json-fg-1/1.0/conf/core",
    "http://www.opengis.net/spec/json-fg-1/1.0/conf/prisms",
)
GREGORIAN = "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian"
SCHEMA = "https://json-schema.org/draft/2020-12/schema"


def collection_document(
    connection: Connection, catalogue: Catalogue, collection: Collection, reader: ItemReader, offered: Sequence[OutputCrs]
) -> dict[str, Any]:
    """One collection with its extent in degrees and metres above the ellipsoid, and its links."""
    href = f"/collections/{quote(collection.id, safe='')}"
    west, south, east, north, low, high = item_query(connection, catalogue, collection, reader).extent()
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
            _link("items", f"{href}/items", "application/geo+json", "GeoJSON"),
            _link("items", f"{href}/items?f=jsonfg", "application/vnd.ogc.fg+json", "JSON-FG"),
            _link("http://www.opengis.net/def/rel/ogc/1.0/queryables", f"{href}/queryables", "application/schema+json", "queryables"),
            *_tilesets(collection, reader),
        ],
    }
    if west is not None:
        box = [west, south, east, north] if low is None else [west, south, low, east, north, high]
        document["extent"] = {"spatial": {"bbox": [box], "crs": CRS84 if low is None else CRS84H}}
    return document


def item_document(
    item: Item, sites: Mapping[str, Site], collection_id: str, crs: OutputCrs, base: str, *, jsonfg: bool = False
) -> dict[str, Any]:
    """One item as a feature with its links; `base` is the address of the service, without a slash at its end."""
    if not jsonfg and crs.uri == CRS84H and item.geometry is not None and item.geometry.geom_type == "Point" and item.geometry.has_z:
        feature = point_feature(item)
    else:
        (feature,) = features_of([item], sites, crs, jsonfg=jsonfg, feature_type=collection_id)
    href = f"{base}/collections/{quote(collection_id, safe='')}"
    feature["links"] = [
        _link("self", f"{href}/items/{quote(item.id, safe='')}", GEOJSON, item.id),
        _link("collection", href, "application/json", collection_id),
    ]
    if jsonfg:
        feature["conformsTo"] = list(JSONFG_CLASSES)
    return feature


def plain_crs(items: Sequence[Item]) -> OutputCrs:
    """Lon, lat, with heights where the items have them."""
    high = any(item.geometry is not None and item.geometry.has_z for item in items)
    return OutputCrs(CRS84H, None, "ellipsoidal") if high else OutputCrs(CRS84, None, "none")


def queryables_document(collection: Collection, reader: ItemReader) -> dict[str, Any]:
    """What a filter may name, as JSON Schema (OGC 19-079r2, 8.3)."""
    properties: dict[str, Any] = {"geometry": {"x-ogc-role": "primary-geometry", "format": "geometry-any"}}
    properties |= {name: {"title": name, "type": kind} for name, kind in queryable_types(collection, reader).items()}
    if collection.record is None:
        properties.setdefault("since", {"title": "since", "type": "string", "format": "date-time"})
    return {
        "$schema": SCHEMA,
        "$id": f"/collections/{quote(collection.id, safe='')}/queryables",
        "type": "object",
        "title": collection.id,
        "properties": properties,
        "additionalProperties": False,
    }


def _tilesets(collection: Collection, reader: ItemReader) -> list[dict[str, str]]:
    sites = sorted(reader.sites) if collection.layer is None else [collection.layer.site]
    rel = "http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector"
    return [_link(rel, f"/tiles/{quote(site, safe='')}/tileset.json", "application/json", f"3D Tiles: {site}") for site in sites]


def _link(rel: str, href: str, media: str, title: str) -> dict[str, str]:
    return {"rel": rel, "href": href, "type": media, "title": title}
