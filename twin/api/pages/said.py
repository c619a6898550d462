"""What a collection's properties are called, and how their values read, in one language."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, urlencode

from spatial.feature import DEVICES, Kind
from twin.api.negotiation import Language
from twin.codes import ColumnType
from twin.queries.items.catalogue import Collection
from twin.queries.items.item import Item
from twin.queries.records.documents import record_href, words_of
from viewer.document import Words

__all__ = ["UNIT_WORDS", "dossier_links", "name_of", "property_words", "said", "scene_link", "title_of"]

FEATURE_WORDS: Mapping[str, Words] = MappingProxyType(
    {
        "id": Words("标识", "id"),
        "site": Words("大院", "site"),
        "model": Words("模型", "model"),
        "kind": Words("种类", "kind"),
        "class": Words("类", "class"),
        "name": Words("名称", "name"),
        "long_name": Words("全称", "long name"),
        "parent": Words("上级", "parent"),
        "building": Words("楼栋", "building"),
        "storey": Words("楼层", "storey"),
        "space": Words("房间", "space"),
        "label": Words("可见范围", "label"),
        "area_m2": Words("面积(平方米)", "area (m²)"),
        "global_id": Words("GlobalId", "GlobalId"),
        "low_m": Words("最低椭球高(米)", "lowest metres above the ellipsoid"),
        "high_m": Words("最高椭球高(米)", "highest metres above the ellipsoid"),
        "since": Words("此状态始于", "so since"),
        "geometry": Words("几何", "geometry"),
        "place": Words("地点", "place"),
        "place_feature": Words("所在要素", "feature of the place"),
    }
)
SITE_WORDS: Mapping[str, Words] = MappingProxyType(
    {
        "code": Words("代码", "code"),
        "division": Words("行政区划", "division code"),
        "crs": Words("工程坐标系", "project CRS"),
        "lon": Words("原点经度", "longitude of the origin"),
        "lat": Words("原点纬度", "latitude of the origin"),
        "height_m": Words("原点椭球高(米)", "ellipsoidal metres of the origin"),
        "geoid_separation_m": Words("大地水准面差距(米)", "geoid separation (m)"),
        "radius_m": Words("半径(米)", "radius (m)"),
    }
)
UNSAID = Words.same("")
"""Of what is counted: the name of the column says it."""
UNIT_WORDS: Mapping[str, Words] = MappingProxyType(
    {
        "deg": Words("度", "°"),
        "fen": Words("分", "fen"),
        "kg": Words("千克", "kg"),
        "km": Words("公里", "km"),
        "l": Words("升", "l"),
        "m": Words("米", "m"),
        "m2": Words("平方米", "m²"),
        "m3": Words("立方米", "m³"),
        "mm": Words("毫米", "mm"),
        "month": UNSAID,
        "person": UNSAID,
        "px": UNSAID,
        "s": Words("秒", "s"),
        "seat": UNSAID,
        "storey": UNSAID,
        "year": UNSAID,
    }
)
YES_NO = {True: Words("是", "yes"), False: Words("否", "no")}


def title_of(collection: Collection) -> Words:
    """What people call a collection."""
    return Words(collection.zh, collection.en)


def property_words(collection: Collection, *, valued: bool = False) -> Mapping[str, Words]:
    """Name → words, with the unit of its values; an attribute of a layer is called as in its file.

    `valued`: as the head of values that `said` writes, of which an amount of money says its own unit.
    """
    own = {name: Words.same(name) for name in collection.attributes}
    if collection.record is not None:
        own = {
            column.name: _with_unit(column.zh, column.en, "" if valued and column.type is ColumnType.MONEY else column.unit)
            for column in collection.record.columns
        }
    return {**FEATURE_WORDS, **(SITE_WORDS if collection.kind is Kind.SITE else {}), **own}


def said(collection: Collection, name: str, value: Any, language: Language) -> str:
    """A value as a person reads it, not escaped: a code with its word, an amount in yuan, a list as JSON."""
    if collection.record is not None and value is not None:
        column = next((one for one in collection.record.columns if one.name == name), None)
        words = words_of(column, value) if column is not None else None
        if words:
            return words[language]
    if value is None:
        return ""
    if isinstance(value, bool):
        return YES_NO[value].zh if language == "zh" else YES_NO[value].en
    if isinstance(value, float):
        return f"{value:.10g}"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)


def name_of(item: Item) -> str:
    """What a thing is called, else its id."""
    return str(item.properties.get("name") or item.properties.get("long_name") or item.id)


def dossier_links(collection: Collection, item: Item) -> tuple[str, str] | None:
    """Of a record: its dossier in the console, and as a document; None for what is no record."""
    if collection.record is None:
        return None
    kind = collection.record
    return f"/#{urlencode({'record': f'{kind.name}/{item.id}'})}", f"{record_href(kind, item.id)}/dossier"


def scene_link(collection: Collection, item: Item) -> str | None:
    """The console with the thing chosen, of a record the place it is at; None where the scene has neither."""
    chosen: str | None = item.id.removeprefix(f"{item.site}/")
    if collection.kind is Kind.SITE:
        return f"/#site={quote(item.id, safe='')}"
    if collection.record is not None:
        own = f"{collection.record.name}:{item.id}" if collection.record.name in DEVICES and item.geometry is not None else None
        chosen = own or item.properties.get("place_feature")
    if item.site is None or not chosen:
        return None
    return f"/#{urlencode({'site': item.site, 'select': chosen})}"


def _with_unit(zh: str, en: str, unit: str) -> Words:
    words = UNIT_WORDS.get(unit, Words.same(unit))
    return Words(f"{zh}({words.zh})", f"{en} ({words.en})") if words != UNSAID else Words(zh, en)
