"""The report of rooms and verdicts from the registers: what `twin.reports` writes as XLSX, HTML or CSV."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select

from twin.codes import Tables
from twin.queries.planner.day import Day, open_day
from twin.queries.planner.judged import JudgedRoom, judged_scope, name_of
from twin.queries.planner.room_document import code_words
from twin.queries.planner.rooms import open_scope
from twin.queries.records.context import Registers
from twin.records.place_tree import NOWHERE
from twin.records.scope import Reader
from twin.store import record_schema as schema

if TYPE_CHECKING:
    from twin.reports import Report

__all__ = ["ledger_sources", "report_of_rooms", "room_columns"]


def report_of_rooms(
    registers: Registers, reader: Reader, *, place: int | None, unit: str | None, as_of: date | None, tables: Tables | None = None
) -> Report:
    """办公用房台账与超标清单 of a place or a unit on a day. Raises NotFound."""
    from twin.reports import Heading, rooms_report
    from viewer.document import Words

    with registers.store.database.reading() as connection:
        day = open_day(registers, connection, reader, as_of, tables)
        rooms = judged_scope(day, open_scope(day, place=place, unit=unit))
        where = day.places.rows[day.places.position(place)].name if place is not None else None
        whose = day.units.nodes[day.units.by_key[unit]].name if unit is not None else None
        scope = " · ".join(filter(None, (where, whose))) or Words("全部", "everything")
        heading = Heading(
            as_of=day.as_of.isoformat(),
            scope=scope,
            sources=ledger_sources(connection, ("room", "person", "unit")),
            made_at=registers.now().isoformat(timespec="seconds"),
        )
        return rooms_report(heading, room_columns(day, rooms))


def room_columns(day: Day, rooms: Sequence[JudgedRoom]) -> dict[str, list[Any]]:
    """The columns of `twin.reports.rooms_report`, one value a room; names of people only where they are for the reader."""
    return {
        "building": [_node_name(day, room, "building") or room.room.values["building"] for room in rooms],
        "storey": [_node_name(day, room, "storey") or room.room.values["storey"] for room in rooms],
        "number": [room.room.values["number"] for room in rooms],
        "name": [room.room.values["name"] for room in rooms],
        "use": [_words(code_words("room_use", room.room.values["use"])) for room in rooms],
        "allocated_to": [_unit(day, room.room.allocated_to, room.room.values["allocated_to"]) for room in rooms],
        "used_by": [_unit(day, room.room.used_by, room.room.values["used_by"]) for room in rooms],
        "who": ["、".join(name_of(day, sitter) for sitter in room.sitters) for room in rooms],
        "people": [room.occupants for room in rooms],
        "usable_area": [room.verdict.area_m2 for room in rooms],
        "allowed_area": [room.verdict.allowed_m2 for room in rooms],
        "over_area": [room.verdict.excess_m2 for room in rooms],
        "verdict": [str(room.verdict.verdict) for room in rooms],
        "verdict_words": [_verdict_words(str(room.verdict.verdict)) for room in rooms],
        "reason": [_words({"zh": room.verdict.zh, "en": room.verdict.en}) for room in rooms],
    }


def ledger_sources(connection: Connection, kinds: Sequence[str]) -> tuple[str, ...]:
    """The newest file of each ledger of these kinds: `rooms.csv · room@3 · 2026-11-01`."""
    revision = schema.register_revision.c
    query = select(revision.kind, revision.source, revision.number, revision.file, revision.as_of).where(
        revision.kind.in_(kinds), revision.status != "abandoned"
    )
    newest: dict[tuple[str, str], Any] = {}
    for row in connection.execute(query.order_by(revision.id)):
        newest[row.kind, row.source] = row
    return tuple(f"{row.file} · {row.source}@{row.number} · {row.as_of}" for row in newest.values())


def _node_name(day: Day, room: JudgedRoom, kind: str) -> str | None:
    position = day.above(room.room.position, kind)
    return None if position == NOWHERE else str(day.places.rows[position].name)


def _unit(day: Day, unit: int | None, text: str | None) -> str | None:
    found = day.unit_words(unit, text)
    return found["name"] if found else None


def _verdict_words(code: str) -> Any:
    from viewer.deck.classes import get_shade

    return get_shade("occupancy", code, code).words


def _words(said: dict[str, str] | None) -> Any:
    from viewer.document import Words

    return None if said is None else Words(said["zh"], said["en"])
