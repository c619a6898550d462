"""What can be asked of the items of a collection by name: the columns of all features, and the attributes of a layer."""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, select

from spatial.feature import Kind
from twin.errors import Invalid
from twin.queries.cql2 import Filter, Queryable, Queryables, ValueType, attribute, parse
from twin.queries.items.catalogue import Collection, ItemReader
from twin.queries.items.record_types import record_types
from twin.queries.items.sites import SITE_TYPES
from twin.store import schema

__all__ = ["COLUMNS", "PARAMETERS", "equals", "queryable_types", "queryables_of", "sortable_types"]

FEATURE, IDENTITY, MODEL, SITE = schema.feature.c, schema.identity.c, schema.model.c, schema.site.c
COLUMNS: Mapping[str, tuple[ColumnElement[Any], str]] = MappingProxyType(
    {
        "id": (IDENTITY.feature_id, "string"),
        "site": (SITE.code, "string"),
        "model": (MODEL.key, "string"),
        "class": (FEATURE.class_name, "string"),
        "name": (FEATURE.name, "string"),
        "long_name": (FEATURE.long_name, "string"),
        "label": (FEATURE.label, "string"),
        "global_id": (FEATURE.global_id, "string"),
        "area_m2": (FEATURE.area_m2, "number"),
        "low_m": (FEATURE.low_m, "number"),
        "high_m": (FEATURE.high_m, "number"),
    }
)
"""Name → column and type. What names other features (`building`, `storey`) is left out: a hidden one must not be found by it."""
DRAWN = ("outline", "centre_line")
"""Columns of records that hold a geometry as text: nobody puts anything in their order."""
PARAMETERS = ("bbox", "bbox-crs", "crs", "datetime", "filter", "filter-lang", "filter-crs", "sortby", "limit", "after", "f", "lang")
REVISION = schema.revision.c
BEGAN = select(REVISION.recorded_us).where(REVISION.id == FEATURE.revision_from).scalar_subquery()
SINCE = Queryable(name="since", type=ValueType.INSTANT, expression=BEGAN)
GEOMETRY = Queryable(name="geometry", type=ValueType.GEOMETRY, expression=FEATURE.west)


def queryable_types(collection: Collection, reader: ItemReader) -> dict[str, str]:
    """Name → JSON type; an attribute of a layer hides a column of the same name."""
    if collection.record is not None and reader.records is not None:
        return {"id": "string"} | record_types(collection.record, reader.records)
    if collection.kind is Kind.SITE:
        return {"id": "string"} | dict(SITE_TYPES)
    return {name: kind for name, (_, kind) in COLUMNS.items()} | dict(collection.attributes)


def sortable_types(collection: Collection, reader: ItemReader) -> dict[str, str]:
    """Name → JSON type of what items can be put in order by: what can be asked for, and when they came to be as they are."""
    types = {name: kind for name, kind in queryable_types(collection, reader).items() if collection.record is None or name not in DRAWN}
    return types if collection.record is not None or collection.kind is Kind.SITE else types | {"since": types.get("since", "string")}


def queryables_of(collection: Collection, where: ColumnElement[bool]) -> Queryables:
    """The same as filters take them; `where` says of a row of `feature` that it is in the collection."""
    own = [Queryable(name=name, type=ValueType(kind), expression=column) for name, (column, kind) in COLUMNS.items()]
    layer = [
        Queryable(name=name, type=ValueType(kind), expression=attribute(FEATURE.properties, ("attributes", name), _stored(kind)))
        for name, kind in collection.attributes.items()
    ]
    named = {item.name: item for item in [*own, SINCE, *layer]}
    return Queryables(*named.values(), GEOMETRY, key=FEATURE.identity_id, where=where)


def equals(collection: Collection, reader: ItemReader, name: str, text: str) -> Filter:
    """The filter of `?name=text`; raises Invalid for a name that is none, or a text that is no value of its type."""
    types = queryable_types(collection, reader)
    if name not in types:
        known = ", ".join([*PARAMETERS, *types])
        raise Invalid(f"{name} is no parameter of {collection.id}", path=name, code="PARAMETER_INVALID", hint=f"one of: {known}")
    return parse({"op": "=", "args": [{"property": name}, _value(name, text, types[name])]}, "cql2-json")


def _value(name: str, text: str, kind: str) -> Any:
    if kind == "string":
        return text
    if kind == "boolean" and text in ("true", "false"):
        return text == "true"
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if kind == "boolean" or not math.isfinite(number):
        raise Invalid(f"{name}={text!r} is no {kind}", path=name, code="PARAMETER_INVALID")
    return int(number) if number.is_integer() else number


def _stored(kind: str) -> ValueType:
    return ValueType.NUMBER if kind == "integer" else ValueType(kind)
