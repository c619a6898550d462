"""What of a collection can be shared, by name: its type and its names in Chinese and English; and the value of an item."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from twin.queries.items.catalogue import Collection, ItemReader
from twin.queries.items.item import Item
from twin.queries.items.queryables import queryable_types
from twin.store.values import to_json

__all__ = ["GEOMETRY", "Field", "fields_of", "value_of"]

GEOMETRY = "geometry"


class Field(NamedTuple):
    """A field of a collection: its type (`string`, `number`, `integer`, `boolean`, `geometry`), its names (empty: none yet)."""

    type: str
    zh: str
    en: str


NAMES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "id": ("标识", "id"),
        "site": ("大院", "site"),
        "model": ("模型", "model"),
        "kind": ("类别", "kind"),
        "class": ("类", "class"),
        "name": ("名称", "name"),
        "long_name": ("全称", "long name"),
        "label": ("密级标签", "label"),
        "global_id": ("全局标识", "GlobalId"),
        "area_m2": ("面积(平方米)", "area (m²)"),
        "low_m": ("最低椭球高(米)", "lowest ellipsoidal height (m)"),
        "high_m": ("最高椭球高(米)", "highest ellipsoidal height (m)"),
        "parent": ("上级", "parent"),
        "building": ("楼栋", "building"),
        "storey": ("楼层", "storey"),
        "space": ("房间", "room"),
        "place": ("所在", "place"),
        "place_feature": ("所在要素", "feature it stands in"),
        "since": ("起于", "known since"),
        "until": ("止于", "known until"),
        GEOMETRY: ("几何", "geometry"),
    }
)
OF_FEATURES = ("parent", "building", "storey", "space", "kind", "since", "until", "low_m", "high_m")
OF_RECORDS = ("site", "place", "place_feature", "low_m", "high_m")
NUMBERS = ("low_m", "high_m")


def fields_of(collection: Collection, reader: ItemReader) -> dict[str, Field]:
    """Name → field, of all a reader could be given; `id` is not among them: it leaves as the identifier of its row."""
    own = OF_RECORDS if collection.record else OF_FEATURES
    types = {name: "number" if name in NUMBERS else "string" for name in own} | queryable_types(collection, reader)
    found = {name: Field(kind, *_names(collection, name)) for name, kind in types.items() if name != "id"}
    return found | {GEOMETRY: Field(GEOMETRY, *NAMES[GEOMETRY])}


def value_of(item: Item, name: str) -> Any:
    """What an item says of a field: text, number, bool or None; an empty text says nothing, a list or an object is told as JSON."""
    if name in item.properties:
        value = item.properties[name]
    else:
        value = {"site": item.site, "low_m": item.low_m, "high_m": item.high_m, "since": item.since, "until": item.until}.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, str | bool | int | float):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else to_json(value, canonical=True)


def _names(collection: Collection, name: str) -> tuple[str, str]:
    if collection.record is not None and name in {column.name for column in collection.record.columns}:
        column = collection.record.column(name)
        return column.zh, column.en
    if name in collection.attributes:
        return "", ""
    return NAMES.get(name, ("", ""))
