"""Why an asset is where it is: the method, what kept it from a better one, the words of the ledger, the links, and what geometry says."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
from sqlalchemy import select

from twin.codes import get_kind
from twin.queries.place.locate import LEVELS
from twin.queries.place.scene import Scenes
from twin.queries.records.context import Registers
from twin.queries.records.dossier import record_dossier
from twin.queries.records.listing import visible_record
from twin.records.scope import Reader
from twin.store import record_schema as schema

__all__ = ["explain_asset"]

METHODS = {
    "element": ("与 BIM 构件对应，位置取自构件", "tied to a BIM element, stands where that is"),
    "spot": ("登记在此房间，房间内固定位", "its ledger names the room; a stable spot in it"),
    "room": ("登记在此房间，房间无轮廓，取其中心", "its ledger names the room, which has no outline: its middle"),
    "storey": ("只知楼层，取楼层中心", "only the storey is known: its middle"),
    "building": ("只知楼栋，取楼栋中心", "only the building is known: its middle"),
    "site": ("只知大院", "only the site is known"),
    "unit": ("未登记地点，取使用单位地址", "no place stated: the address of its unit"),
    "none": ("没有位置", "no position"),
}
REASONS = {
    "intangible": ("无形资产，不占位置", "intangible: it stands nowhere"),
    "element_elsewhere": ("构件所在与登记地点不一致", "the element stands elsewhere than the ledger says"),
    "room_without_outline": ("房间没有轮廓", "the room has no outline"),
    "room_not_stated": ("登记未写到房间或房间未识别", "the ledger names no room that was found"),
    "place_not_stated": ("登记未写地点", "the ledger names no place"),
    "place_without_position": ("地点没有坐标", "the place has no position"),
}


def explain_asset(scenes: Scenes, registers: Registers, scopes: Collection[str], reader: Reader, key: str) -> dict[str, Any]:
    """`{asset, place, method, reason, accuracy_m, said, resolved, links, located, agrees}` of an asset by its code.

    `said` are the words of the ledger, `resolved` how they were found to be the place; `located` is where its point lies by geometry, and
    `agrees` whether that is the place (null where one of the two is unknown). Raises NotFound.
    """
    kind = get_kind("asset")
    dossier = record_dossier(registers, kind, key, reader, as_of=None, known_at=None)
    with registers.store.database.reading() as connection:
        row = visible_record(registers, connection, kind, key, reader).row
        found = connection.execute(select(schema.location).where(schema.location.c.id == row["location_id"])).mappings().first()
    place = dossier["place"]
    spot = None if place is None else place.get("site_xyz")
    site = _site(registers, row["place_id"])
    located = _located(scenes, reader, site, spot) if site in scenes.codes(scopes) and spot is not None else None
    named = None if place is None else next((step["feature"] for step in place["path"][::-1] if step["feature"]), None)
    inside = None if located is None else [level["id"] for level in located.values() if level is not None]
    return {
        "asset": {"id": dossier["id"], "key": dossier["key"], "href": dossier["href"]},
        "place": place,
        "method": _words(METHODS, row["place_method"]),
        "reason": _words(REASONS, row["place_reason"]),
        "slot": row["slot"],
        "accuracy_m": row["accuracy_m"],
        "said": None if found is None else {name: found[name] for name in ("building", "storey", "room")},
        "resolved": None if found is None else {name: found[name] for name in ("method", "confidence", "evidence", "decided_by")},
        "links": dossier["links"],
        "located": located,
        "agrees": None if inside is None or named is None else named in inside,
    }


def _site(registers: Registers, place_id: int | None) -> str | None:
    if place_id is None:
        return None
    with registers.store.database.reading() as connection:
        number = connection.execute(select(schema.place.c.site_id).where(schema.place.c.id == place_id)).scalar_one_or_none()
    site = registers.store.site_ids().get(number or 0)
    return None if site is None else site.code


def _located(scenes: Scenes, reader: Reader, site: str | None, spot: list[float]) -> dict[str, Any] | None:
    if site is None:
        return None
    places = scenes.site(site)
    found = places.where.locate(np.array([spot], dtype=np.float64), None, places.known(reader.labels))
    rows = {level: int(getattr(found, level)[0]) for level in LEVELS}
    return {level: None if row < 0 else places.named(int(places.rows[LEVELS[level]][row]), reader.labels) for level, row in rows.items()}


def _words(table: dict[str, tuple[str, str]], code: str | None) -> dict[str, str] | None:
    if code is None or (code not in table and code == "none"):
        return None
    zh, en = table.get(code, (code, code))
    return {"code": code, "zh": zh, "en": en}
