"""What if a unit moved into another building: who goes where, who does not fit, what stays over, what is left empty. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from twin.codes import Tables
from twin.entitlement import FreeRoom, Mover, Proposal, Verdict, propose_move
from twin.entitlement.room import OUT_OF_USE
from twin.errors import Invalid, NotFound
from twin.queries.planner.day import Day, open_day
from twin.queries.planner.judged import JudgedRoom, judge_rooms, may_be_named
from twin.queries.planner.room_document import code_words, verdict_document
from twin.queries.planner.rooms import Scope, open_scope, read_rooms
from twin.queries.planner.sitters import Sitter, read_sitters
from twin.queries.records.context import Registers
from twin.records.place_tree import NOWHERE
from twin.records.places import natural_order
from twin.records.scope import Reader

__all__ = ["what_if_moved"]


def what_if_moved(
    registers: Registers,
    reader: Reader,
    *,
    unit: str,
    building: int,
    as_of: date | None = None,
    tables: Tables | None = None,
    with_below: bool = False,
    share_up_to_m2: float | None = None,
    least_m2: float | None = None,
) -> dict[str, Any]:
    """A proposal to seat the people in post of a unit (key) in the offices of a place (id) that are free, or free once they move.

    Free is an office in use that nobody sits in but those who move. Raises NotFound, Invalid (`FILTER_INVALID`: the unit has nobody in
    post), Refused as `propose_move` does.
    """
    with registers.store.database.reading() as connection:
        day = open_day(registers, connection, reader, as_of, tables)
        units = _units(day, unit, with_below)
        movers = [one for one in read_sitters(day, units=units) if one.in_post]
        if not movers:
            raise Invalid(f"unit {unit} has nobody in post on {day.as_of}", path="unit", code="FILTER_INVALID", hint="another unit or day")
        target = read_rooms(day, open_scope(day, place=building, unit=None))
        sitters = read_sitters(day, positions={room.position for room in target if room.position != NOWHERE})
        offices = judge_rooms(day, target, sitters)
        moving = {one.record.id for one in movers}
        staying = judge_rooms(day, target, [one for one in sitters if one.record.id not in moving])
        free, unusable = _free(offices, movers)
        proposal = propose_move(_movers(day, movers), free, day.standard, share_up_to_m2=share_up_to_m2, least_m2=least_m2)
        return {
            "as_of": day.as_of.isoformat(),
            "unit": day.unit_words(day.units.by_key[unit]),
            "building": _place(day, building),
            **_document(day, proposal, movers, staying),
            "left_empty": _left_empty(day, units, movers),
            "left_out": [{"room": room.room.record.key, "reason": reason} for room, reason in unusable],
        }


def _units(day: Day, key: str, with_below: bool) -> set[int]:
    record = day.units.by_key.get(key)
    if record is None or not day.may_see_unit(record):
        raise NotFound(f"there is no unit {key}", path=key)
    return day.units.below([record]) if with_below else {record}


def _movers(day: Day, movers: Iterable[Sitter]) -> list[Mover]:
    day.know_levels({one.unit for one in movers if one.unit is not None})
    return [
        Mover(
            person=str(one.record.id),
            rank=one.rank,
            level=day.levels.get(one.unit or 0, ""),
            department=f"{one.unit} {one.record.values['department'] or ''}",
        )
        for one in movers
    ]


def _free(offices: Iterable[JudgedRoom], movers: Iterable[Sitter]) -> tuple[list[FreeRoom], list[tuple[JudgedRoom, str]]]:
    """Offices that may be given out, and offices that stand empty but cannot be: out of use, or of an area nobody knows."""
    moving = {one.record.id for one in movers}
    free: list[FreeRoom] = []
    unusable: list[tuple[JudgedRoom, str]] = []
    for office in offices:
        values = office.room.values
        if values["use"] != "office" or any(one.record.id not in moving for one in office.sitters):
            continue
        area = office.room.measured_m2 or values["usable_area"]
        if values["state"] in OUT_OF_USE:
            unusable.append((office, str(Verdict.OUT_OF_USE)))
        elif not area or area <= 0:
            unusable.append((office, str(Verdict.AREA_UNKNOWN)))
        else:
            order = f"{office.room.position:08d} {natural_order(values['number'] or '')}"
            free.append(FreeRoom(room=office.room.record.key, area_m2=area, order=order))
    return free, unusable


def _document(day: Day, proposal: Proposal, movers: Sequence[Sitter], offices: Sequence[JudgedRoom]) -> dict[str, Any]:
    by_id = {str(one.record.id): one for one in movers}
    seated: dict[str, list[dict[str, Any]]] = {}
    for seat in proposal.seats:
        seated.setdefault(seat.room, []).append(_person(day, by_id[seat.person]))
    rooms = {office.room.record.key: office.room for office in offices}
    return {
        "fits": proposal.fits,
        "zh": proposal.zh,
        "en": proposal.en,
        "people": len(movers),
        "seated": len(proposal.seats),
        "rooms_used": proposal.rooms_used,
        "rooms_free": proposal.rooms_free,
        "area_used_m2": proposal.area_used_m2,
        "area_allowed_m2": proposal.area_allowed_m2,
        "rooms": [
            {
                "room": key,
                "number": rooms[key].values["number"],
                "storey": rooms[key].values["storey"],
                "people": people,
                "verdict": verdict_document(proposal.verdicts[key]),
            }
            for key, people in sorted(seated.items())
        ],
        "stays_over": [key for key, verdict in sorted(proposal.verdicts.items()) if verdict.verdict is Verdict.OVER],
        "left_over": [_person(day, by_id[one.person]) | {"zh": one.zh, "en": one.en} for one in proposal.left_over],
        "others_over": [
            office.room.record.key
            for office in offices
            if office.verdict.verdict in (Verdict.OVER, Verdict.SECOND_OFFICE_UNGROUNDED) and office.room.record.key not in seated
        ],
    }


def _left_empty(day: Day, units: set[int], movers: Sequence[Sitter]) -> dict[str, Any]:
    """The rooms where only people sat who move, and all other rooms of the unit: what it would give back."""
    moving = {one.record.id for one in movers}
    rooms = read_rooms(day, Scope(units=frozenset(units)))
    judged = judge_rooms(day, rooms, read_sitters(day, positions={room.position for room in rooms if room.position != NOWHERE}))
    empty = [one for one in judged if one.sitters and all(sitter.record.id in moving for sitter in one.sitters)]
    return {
        "rooms": [one.room.record.key for one in empty],
        "area_m2": round(sum(one.verdict.area_m2 or 0.0 for one in empty), 2),
        "other_rooms_of_unit": sum(1 for one in judged if not one.sitters),
    }


def _person(day: Day, sitter: Sitter) -> dict[str, Any]:
    values = sitter.record.values
    return {
        "person": {"key": sitter.record.key, "name": values["name"]} if may_be_named(day, sitter) else None,
        "rank": code_words("rank", values["rank"]),
        "department": values["department"],
        "from_room": values["room"],
    }


def _place(day: Day, place: int) -> dict[str, Any]:
    row = day.places.rows[day.places.position(place)]
    return {"id": row.id, "kind": row.kind, "name": row.name}
