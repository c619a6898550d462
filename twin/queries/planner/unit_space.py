"""What units may hold by their posts against what they hold: allocated and used, technical rooms outside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from twin.codes import Tables, get_kind
from twin.entitlement import HeldRoom, UnitVerdict, judge_unit
from twin.entitlement.unit import BASIC_USES, PostLine, UseLine
from twin.errors import Invalid, NotFound
from twin.queries.planner.day import Day, open_day
from twin.queries.planner.room_document import code_words
from twin.queries.planner.rooms import PlannedRoom, Scope, read_rooms
from twin.queries.planner.sitters import read_sitters
from twin.queries.records.context import Registers
from twin.records.held import held_records
from twin.records.scope import Reader

__all__ = ["VERDICTS", "UnitSpace", "entitlement_page", "unit_entitlement", "unit_spaces"]

VERDICTS = ("over", "within", "limit_unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitSpace:
    """A unit (record) with its verdict, the rooms allocated to it and those it uses, its posts and people in post by rank."""

    unit: int
    verdict: UnitVerdict
    allocated: tuple[PlannedRoom, ...]
    used: tuple[PlannedRoom, ...]
    posts: Mapping[str, int]
    people: Mapping[str, int]


def unit_entitlement(registers: Registers, key: str, reader: Reader, *, as_of: date | None, tables: Tables | None = None) -> dict[str, Any]:
    """The approved area of one unit from its posts against the rooms it holds, without the units below it. Raises NotFound."""
    with registers.store.database.reading() as connection:
        day = open_day(registers, connection, reader, as_of, tables)
        unit = day.units.by_key.get(key)
        if unit is None or not day.may_see_unit(unit):
            raise NotFound(f"there is no unit {key}", path=key)
        (space,) = unit_spaces(day, [unit])
        below = [day.unit_words(one) for one in day.units.children.get(unit, ())]
        return {"as_of": day.as_of.isoformat(), **_document(day, space), "below": below}


def entitlement_page(
    registers: Registers,
    reader: Reader,
    *,
    unit: str | None,
    verdicts: Sequence[str],
    as_of: date | None,
    tables: Tables | None = None,
    after: str | None,
    limit: int,
) -> dict[str, Any]:
    """At most `limit` units in the order of their keys, those after the key `after`: each with its verdict; with counts by verdict.

    `unit` asks of it and all below. Raises NotFound, Invalid (`FILTER_INVALID`).
    """
    wrong = [one for one in verdicts if one not in VERDICTS]
    if wrong:
        raise Invalid(f"verdict: {wrong[0]!r} is none", path="verdict", code="FILTER_INVALID", hint=f"one of: {', '.join(VERDICTS)}")
    with registers.store.database.reading() as connection:
        day = open_day(registers, connection, reader, as_of, tables)
        spaces = unit_spaces(day, _asked(day, unit))
        matching = [one for one in spaces if not verdicts or one.verdict.verdict in verdicts]
        here = [one for one in matching if after is None or day.units.nodes[one.unit].key.encode() > after.encode()]
        return {
            "as_of": day.as_of.isoformat(),
            "counts": {verdict: sum(one.verdict.verdict == verdict for one in spaces) for verdict in VERDICTS},
            "numberMatched": len(matching),
            "numberReturned": len(here[:limit]),
            "units": [_document(day, one) for one in here[:limit]],
            "next": day.units.nodes[here[limit - 1].unit].key if len(here) > limit else None,
        }


def unit_spaces(day: Day, units: Collection[int]) -> list[UnitSpace]:
    """What is said of these units (records), in the order of their keys."""
    wanted = frozenset(units)
    day.know_levels(set(wanted))
    rooms = read_rooms(day, Scope(units=wanted))
    posts = _posts(day, wanted)
    people = _people(day, wanted)
    found = []
    for unit in sorted(wanted, key=lambda one: day.units.nodes[one].key.encode()):
        allocated = tuple(room for room in rooms if room.allocated_to == unit)
        verdict = judge_unit(day.levels[unit], posts.get(unit, {}), map(_held, allocated), day.standard)
        used = tuple(room for room in rooms if room.used_by == unit)
        found.append(
            UnitSpace(
                unit=unit, verdict=verdict, allocated=allocated, used=used, posts=posts.get(unit, {}), people=people.get(unit, Counter())
            )
        )
    return found


def _asked(day: Day, key: str | None) -> set[int]:
    if key is None:
        return set(day.units.nodes) if day.permitted is None else set(day.permitted)
    unit = day.units.by_key.get(key)
    if unit is None or not day.may_see_unit(unit):
        raise NotFound(f"there is no unit {key}", path=key)
    return day.units.below([unit])


def _held(room: PlannedRoom) -> HeldRoom:
    area = room.measured_m2
    return HeldRoom(use=room.values["use"] or "", area_m2=area if area is not None else room.values["usable_area"])


def _posts(day: Day, units: Collection[int]) -> dict[int, dict[str, int]]:
    """Unit → rank → approved posts."""
    kind = get_kind("post")
    found: dict[int, dict[str, int]] = {}
    for held in held_records(day.connection, kind, day.as_of):
        unit, number = day.unit_of(held, "unit"), held.values["posts"]
        if unit in units and number is not None and unit is not None:
            ranks = found.setdefault(unit, {})
            ranks[held.values["rank"] or ""] = ranks.get(held.values["rank"] or "", 0) + number
    return found


def _people(day: Day, units: Collection[int]) -> dict[int, Counter[str]]:
    """Unit → rank → people in post."""
    found: dict[int, Counter[str]] = {}
    for sitter in read_sitters(day, units=units):
        if sitter.unit is not None and sitter.in_post:
            found.setdefault(sitter.unit, Counter())[sitter.rank] += 1
    return found


def _document(day: Day, space: UnitSpace) -> dict[str, Any]:
    verdict = space.verdict
    others = [room for room in space.allocated if room.used_by != space.unit]
    borrowed = [room for room in space.used if room.allocated_to != space.unit]
    return {
        "unit": day.unit_words(space.unit),
        "level": code_words("level", day.levels[space.unit] or None),
        "verdict": verdict.verdict,
        "approved_m2": verdict.approved_m2,
        "held_m2": verdict.held_m2,
        "excess_m2": verdict.excess_m2,
        "zh": verdict.zh,
        "en": verdict.en,
        "posts": [_post(line, space.people) for line in verdict.posts],
        "uses": [_use(line) for line in verdict.uses],
        "outside_m2": round(sum(line.held_m2 for line in verdict.uses if line.use not in BASIC_USES), 2),
        "allocated": _sums(space.allocated),
        "used": _sums(space.used),
        "allocated_used_by_others": _sums(others),
        "used_not_allocated": _sums(borrowed),
        "people": sum(space.people.values()),
        "findings": [{"code": fault.code, "message": fault.message} for fault in verdict.findings],
    }


def _post(line: PostLine, people: Mapping[str, int]) -> dict[str, Any]:
    limit = line.limit
    return {
        "rank": code_words("rank", line.rank or None),
        "posts": line.posts,
        "people": people.get(line.rank, 0),
        "limit_m2": limit.area_m2 if limit else None,
        "rule": limit.rule if limit else None,
        "area_m2": line.area_m2,
    }


def _use(line: UseLine) -> dict[str, Any]:
    return {
        "use": code_words("room_use", line.use or None),
        "approved_m2": line.approved_m2,
        "held_m2": line.held_m2,
        "excess_m2": line.excess_m2,
        "rooms": line.rooms,
        "rooms_without_area": line.rooms_without_area,
        "counted": line.use in BASIC_USES,
    }


def _sums(rooms: Iterable[PlannedRoom]) -> dict[str, Any]:
    here = [_held(room) for room in rooms]
    return {"rooms": len(here), "area_m2": round(sum(room.area_m2 or 0.0 for room in here), 2)}
