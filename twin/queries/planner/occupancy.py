"""Occupancy: a page of judged rooms, and what they add up to by storey, building, unit and verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from twin.codes import Tables
from twin.entitlement import OfficeRule, Verdict
from twin.errors import Invalid
from twin.queries.planner.day import Day, open_day
from twin.queries.planner.judged import JudgedRoom, judged_scope
from twin.queries.planner.room_document import open_items, room_document
from twin.queries.planner.rooms import open_scope
from twin.queries.records.context import Registers
from twin.records.place_tree import NOWHERE
from twin.records.scope import Reader

__all__ = ["GROUPS", "OccupancyFilter", "occupancy_page", "occupancy_totals", "totals_of"]

GROUPS: Final = ("storey", "building", "site", "unit", "use", "verdict")
AREAS: Final = ("measured", "declared")


@dataclass(frozen=True, slots=True, kw_only=True)
class OccupancyFilter:
    """Which rooms: at and below a place (id), of a unit (key) and those below; of these verdicts; `area` says which one is judged."""

    place: int | None = None
    unit: str | None = None
    verdicts: tuple[str, ...] = ()
    area: str = "measured"


def occupancy_page(
    registers: Registers,
    wanted: OccupancyFilter,
    reader: Reader,
    *,
    as_of: date | None,
    tables: Tables | None = None,
    after: str | None,
    limit: int,
) -> dict[str, Any]:
    """At most `limit` rooms in the order of their keys, those after the key `after`, with the totals of all that match.

    Raises NotFound for a place or unit the reader may not know of, Invalid (`FILTER_INVALID`).
    """
    with registers.store.database.reading() as connection:
        day = open_day(registers, connection, reader, as_of, tables)
        rooms = _matching(day, wanted)
        here = [room for room in rooms if after is None or room.room.record.key.encode() > after.encode()]
        items = open_items(connection, [room.room.record.id for room in here[:limit]])
        return {
            **_head(day),
            "totals": totals_of(day, rooms),
            "numberMatched": len(rooms),
            "numberReturned": len(here[:limit]),
            "rooms": [room_document(day, room, items.get(room.room.record.id, ())) for room in here[:limit]],
            "next": here[limit - 1].room.record.key if len(here) > limit else None,
        }


def occupancy_totals(
    registers: Registers, wanted: OccupancyFilter, reader: Reader, *, as_of: date | None, tables: Tables | None = None, by: str
) -> dict[str, Any]:
    """The totals of all rooms that match, and of each storey, building, site, unit (that uses them), use or verdict.

    Every room is in exactly one group: those in no storey (unit, …) are in the group whose node is None. Raises as `occupancy_page`.
    """
    if by not in GROUPS:
        raise Invalid(f"by: {by!r} is none", path="by", code="FILTER_INVALID", hint=f"one of: {', '.join(GROUPS)}")
    with registers.store.database.reading() as connection:
        day = open_day(registers, connection, reader, as_of, tables)
        rooms = _matching(day, wanted)
        groups: dict[Hashable, list[JudgedRoom]] = {}
        group_of = _group_of(day, by)
        for room in rooms:
            groups.setdefault(group_of(room), []).append(room)
        return {
            **_head(day),
            "by": by,
            "totals": totals_of(day, rooms),
            "groups": [
                {"group": _group_words(day, by, group, members), "totals": totals_of(day, members)}
                for group, members in sorted(groups.items(), key=lambda item: (item[0] is None, item[0]))
            ],
        }


def totals_of(day: Day, rooms: Sequence[JudgedRoom]) -> dict[str, Any]:
    """What rooms add up to: their number, areas in m² (`area_m2` the judged one), people, rooms by verdict, m² over the limits.

    `placed` rooms are tied to a space of the scene, `unplaced` ones the register alone knows; both are rooms in every other number.
    """
    verdicts = Counter(str(room.verdict.verdict) for room in rooms)
    people = {sitter.record.id for room in rooms for sitter in room.sitters if sitter.in_post and sitter.position == room.room.position}
    return {
        "rooms": len(rooms),
        "placed": sum(bool(room.room.spaces) for room in rooms),
        "unplaced": sum(not room.room.spaces for room in rooms),
        "area_m2": _sum(room.verdict.area_m2 for room in rooms),
        "measured_m2": _sum(room.room.measured_m2 for room in rooms),
        "declared_m2": _sum(room.room.values["usable_area"] for room in rooms),
        "without_area": sum(room.verdict.area_m2 is None for room in rooms),
        "people": len(people),
        "not_in_post": sum(not sitter.in_post for room in rooms for sitter in room.sitters),
        "second_offices": sum(_is_second(sitter, room) for room in rooms for sitter in room.sitters),
        "shared": sum(room.verdict.rule in (OfficeRule.SHARED_SUM, OfficeRule.SHARED_SEATS) for room in rooms),
        "allowed_m2": _sum(room.verdict.allowed_m2 for room in rooms),
        "over_m2": _sum(room.verdict.excess_m2 for room in rooms if room.verdict.verdict in (Verdict.OVER, _UNGROUNDED)),
        "used_otherwise": sum(room.used_otherwise for room in rooms),
        "by_verdict": {str(verdict): verdicts[str(verdict)] for verdict in Verdict if verdicts[str(verdict)]},
    }


_UNGROUNDED = Verdict.SECOND_OFFICE_UNGROUNDED


def _is_second(sitter: Any, room: JudgedRoom) -> bool:
    return bool(sitter.second == room.room.position != sitter.position)


def _sum(areas: Iterable[float | None]) -> float:
    return round(sum(area for area in areas if area is not None), 2)


def _matching(day: Day, wanted: OccupancyFilter) -> list[JudgedRoom]:
    _check("area", wanted.area, AREAS)
    for verdict in wanted.verdicts:
        _check("verdict", verdict, tuple(map(str, Verdict)))
    rooms = judged_scope(day, open_scope(day, place=wanted.place, unit=wanted.unit), prefer=wanted.area)
    return [room for room in rooms if not wanted.verdicts or room.verdict.verdict in wanted.verdicts]


def _check(name: str, said: str, known: Collection[str]) -> None:
    if said not in known:
        raise Invalid(f"{name}: {said!r} is none", path=name, code="FILTER_INVALID", hint=f"one of: {', '.join(known)}")


def _head(day: Day) -> dict[str, Any]:
    documents = dict.fromkeys(limit.rule for limit in day.standard.limits.values())
    return {"as_of": day.as_of.isoformat(), "standards": list(documents)}


def _group_of(day: Day, by: str) -> Callable[[JudgedRoom], Hashable]:
    if by == "unit":
        return lambda room: room.room.used_by
    if by == "use":
        return lambda room: room.room.values["use"]
    if by == "verdict":
        return lambda room: str(room.verdict.verdict)

    def node(room: JudgedRoom) -> Hashable:
        position = day.above(room.room.position, by)
        return None if position == NOWHERE else position

    return node


def _group_words(day: Day, by: str, group: Any, members: Sequence[JudgedRoom]) -> dict[str, Any]:
    if group is None:
        return {"id": None, "name": None}
    if by == "unit":
        node = day.units.nodes[group]
        return {"id": node.key, "name": node.name}
    if by in ("use", "verdict"):
        return {"id": group, "name": group}
    row = day.places.rows[group]
    above = [day.places.rows[position].name for position in day.places.path(group)[1:-1]]
    return {"id": row.id, "name": row.name, "above": above}
