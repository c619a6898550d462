"""The rooms of a place or a unit as the registers had them on a day, only those the reader may know of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, true

from twin.codes import get_kind
from twin.errors import Invalid, NotFound
from twin.queries.planner.day import Day
from twin.queries.planner.spaces import LinkedSpace, linked_spaces, measured_m2
from twin.records.held import HeldRecord, held_records
from twin.records.place_tree import NOWHERE
from twin.records.scope import one_of
from twin.store import record_schema as schema

__all__ = ["PlannedRoom", "Scope", "open_scope", "read_rooms"]

UNIT_COLUMNS = ("allocated_to", "used_by")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which rooms: those at and below `position` of the tree, those that `units` (records) have or use, these `records`; None: all."""

    position: int | None = None
    units: frozenset[int] | None = None
    records: frozenset[int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRoom:
    """A room on the day: where it is in the tree (`NOWHERE`: nowhere), whose it is and who uses it (records of units), its spaces."""

    record: HeldRecord
    position: int
    allocated_to: int | None
    used_by: int | None
    spaces: tuple[LinkedSpace, ...]

    @property
    def measured_m2(self) -> float | None:
        """The area of the spaces it is tied to, m²."""
        return measured_m2(self.spaces)

    @property
    def values(self) -> Any:
        """What its fields held."""
        return self.record.values


def open_scope(day: Day, *, place: int | None, unit: str | None) -> Scope:
    """The scope of a place (id) and a unit (key) with all below; raises NotFound for what the reader may not know of."""
    position = None
    if place is not None:
        position = day.places.position(place)
        if position == NOWHERE or not day.may_see_place(position):
            raise NotFound(f"there is no place {place}", path=str(place))
    if unit is None:
        return Scope(position=position)
    record = day.units.by_key.get(unit)
    if record is None or not day.may_see_unit(record):
        raise NotFound(f"there is no unit {unit}", path=unit)
    return Scope(position=position, units=frozenset(day.units.below([record])))


def read_rooms(day: Day, scope: Scope) -> list[PlannedRoom]:
    """The rooms of a scope in the order of their keys."""
    kind = get_kind("room")
    found = []
    for held in held_records(day.connection, kind, day.as_of, _condition(day, scope)):
        position = day.places.by_record.get(held.id, NOWHERE)
        allocated_to, used_by = (day.unit_of(held, column) for column in UNIT_COLUMNS)
        if _within(day, scope, position, allocated_to, used_by) and day.may_see_place(position) and day.may_see_unit(allocated_to, used_by):
            found.append((held, position, allocated_to, used_by))
    spaces = linked_spaces(day.connection, [held.id for held, *_ in found])
    return [
        PlannedRoom(record=held, position=position, allocated_to=allocated_to, used_by=used_by, spaces=spaces.get(held.id, ()))
        for held, position, allocated_to, used_by in found
    ]


def records_below(day: Day, position: int) -> list[int]:
    """The records that stand at a position of the tree and below."""
    rows = day.places.rows[position : int(day.places.end[position])]
    return [row.record_id for row in rows if row.record_id is not None]


def require_one(place: int | None, unit: str | None) -> None:
    """Raise Invalid unless a place or a unit is named."""
    if place is None and unit is None:
        raise Invalid("name a place or a unit", path="place", code="FILTER_INVALID", hint="?place=ID or ?unit=KEY")


def _condition(day: Day, scope: Scope) -> ColumnElement[bool]:
    """Conditions on rows as they are now that leave out nothing of the scope on the day."""
    table, change = schema.kind_table("room").c, schema.change.c
    found: list[ColumnElement[bool]] = [true()]
    if scope.position is not None and day.places.parent[scope.position] != NOWHERE:
        found.append(one_of(table.record_id, records_below(day, scope.position)))
    if scope.records is not None:
        found.append(one_of(table.record_id, scope.records))
    if scope.units is not None:
        terms = day.units.terms_of(scope.units)
        moved = select(change.record_id).where(change.kind == "room", change.field.in_(UNIT_COLUMNS))
        named: Sequence[ColumnElement[bool]] = [one_of(table[f"{column}_id"], terms) for column in UNIT_COLUMNS]
        found.append(or_(*named, table.record_id.in_(moved)))
    return and_(*found)


def _within(day: Day, scope: Scope, position: int, allocated_to: int | None, used_by: int | None) -> bool:
    if scope.units is not None and not scope.units & {allocated_to, used_by}:
        return False
    if scope.position is None:
        return True
    if position == NOWHERE:
        return day.places.parent[scope.position] == NOWHERE and len(day.places.roots()) == 1
    return scope.position <= position < int(day.places.end[scope.position])
