"""What can be asked of the items of a collection by name: the columns of all features, and the attributes of a layer."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement

from twin.errors import Invalid
from twin.queries.items.catalogue import Collection
from twin.store import schema

__all__ = ["COLUMNS", "equals", "queryable_types"]

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


def queryable_types(collection: Collection) -> dict[str, str]:
    """Name → JSON type; an attribute of a layer hides a column of the same name."""
    return {name: kind for name, (_, kind) in COLUMNS.items()} | dict(collection.attributes)


def equals(collection: Collection, name: str, text: str) -> ColumnElement[bool]:
    """The condition of `?name=text`; raises Invalid for a name that is none, or a text that is no value of its type."""
    types = queryable_types(collection)
    if name not in types:
        known = ", ".join(["bbox", "bbox-crs", "crs", "datetime", "limit", "after", "f", *types])
        raise Invalid(f"{name} is no parameter of {collection.id}", path=name, code="PARAMETER_INVALID", hint=f"one of: {known}")
    if name in collection.attributes:
        raise Invalid(f"{name}: attributes are asked by filter=", path=name, code="PARAMETER_INVALID", hint=f"filter={name}='…'")
    column, kind = COLUMNS[name]
    if kind == "string":
        return column == text
    try:
        return column == float(text)
    except ValueError:
        raise Invalid(f"{name}={text!r} is no number", path=name, code="PARAMETER_INVALID") from None
