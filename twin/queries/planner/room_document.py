"""A judged room as a document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from twin.codes import get_dictionary, get_kind
from twin.entitlement import Limit, RoomVerdict
from twin.queries.planner.day import Day
from twin.queries.planner.judged import JudgedRoom, may_be_named
from twin.queries.planner.sitters import Sitter
from twin.queries.planner.spaces import LinkedSpace, model_m2
from twin.queries.records.documents import place_document, record_href
from twin.store import record_schema as schema

__all__ = ["code_words", "open_items", "room_document", "sitter_document", "verdict_document"]

AT_ONCE = 500


def room_document(day: Day, room: JudgedRoom, items: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """What the planner sees of a room; names of people only where they are for the reader. `items` are open work on its links."""
    record, values = room.room.record, room.room.values
    return {
        "id": record.id,
        "key": record.key,
        "href": record_href(get_kind("room"), record.key),
        "number": values["number"],
        "name": values["name"],
        "use": code_words("room_use", values["use"]),
        "state": code_words("room_state", values["state"]),
        "shared": values["shared"],
        "seats": values["seats"],
        "place": place_document(day.places, room.room.position),
        "placed": bool(room.room.spaces),
        "spaces": [_space(space) for space in room.room.spaces],
        "area": {
            "measured_m2": room.room.measured_m2,
            "declared_m2": values["usable_area"],
            "declared_gross_m2": values["gross_area"],
            "model_m2": model_m2(room.room.spaces),
        },
        "allocated_to": day.unit_words(room.room.allocated_to, values["allocated_to"]),
        "used_by": day.unit_words(room.room.used_by, values["used_by"]),
        "used_otherwise": room.used_otherwise,
        "people_count": room.occupants,
        "people": [sitter_document(day, sitter, room) for sitter in room.sitters],
        "verdict": verdict_document(room.verdict),
        "contradictions": [dict(item) for item in items],
    }


def open_items(connection: Connection, record_ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    """Record → what a person must still decide about it: contradictions that linking found."""
    item = schema.work_item.c
    found: dict[int, list[dict[str, Any]]] = {}
    for start in range(0, len(record_ids), AT_ONCE):
        query = select(item.record_id, item.id, item.code, item.message).where(
            item.record_id.in_(record_ids[start : start + AT_ONCE]), item.state == "open"
        )
        for row in connection.execute(query.order_by(item.id)):
            found.setdefault(row.record_id, []).append({"id": row.id, "code": row.code, "message": row.message})
    return found


def verdict_document(verdict: RoomVerdict) -> dict[str, Any]:
    """The verdict with the rule it rests on, its numbers in m² and its words."""
    return {
        "code": str(verdict.verdict),
        "rule": str(verdict.rule) if verdict.rule else None,
        "area_m2": verdict.area_m2,
        "area_from": verdict.area_from or None,
        "allowed_m2": verdict.allowed_m2,
        "excess_m2": verdict.excess_m2,
        "limits": [_limit(limit) for limit in verdict.limits],
        "zh": verdict.zh,
        "en": verdict.en,
        "findings": [{"code": fault.code, "message": fault.message} for fault in verdict.findings],
    }


def sitter_document(day: Day, sitter: Sitter, room: JudgedRoom) -> dict[str, Any]:
    """A person in a room; `person` is None where who it is is not for the reader."""
    values = sitter.record.values
    second = sitter.second == room.room.position != sitter.position
    return {
        "person": {"key": sitter.record.key, "name": values["name"]} if may_be_named(day, sitter) else None,
        "rank": code_words("rank", values["rank"]),
        "unit": day.unit_words(sitter.unit, values["unit"]),
        "seat": values["seat"] if not second else None,
        "in_post": sitter.in_post,
        "state": code_words("person_state", values["state"]),
        "second_office": second,
        "second_ground": code_words("second_office", values["second_reason"]) if second else None,
    }


def code_words(dictionary: str, code: str | None) -> dict[str, str] | None:
    """A code with its words.

    >>> code_words("room_use", "office")
    {'code': 'office', 'zh': '办公室', 'en': 'office'}
    """
    if code is None:
        return None
    found = get_dictionary(dictionary).find(code)
    return {"code": code, "zh": found.zh if found else code, "en": found.en if found else code}


def _limit(limit: Limit) -> Mapping[str, Any]:
    return {
        "level": limit.level,
        "rank": limit.rank,
        "area_m2": limit.area_m2,
        "rule": limit.rule,
        "edition": limit.edition,
        "zh": limit.words,
        "en": limit.en,
        "verified": limit.verified,
    }


def _space(space: LinkedSpace) -> dict[str, Any]:
    return {"feature": space.feature_id, "area_m2": space.area_m2, "method": space.method, "confidence": space.confidence}
