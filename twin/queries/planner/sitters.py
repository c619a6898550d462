"""Who sits where on a day: people by the room their record names, and by the second office it names."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, or_, select, true

from twin.codes import get_kind
from twin.link.places import PlaceNode, PlaceText, PlaceTree, resolve_places
from twin.queries.planner.day import Day
from twin.records.held import HeldRecord, held_records
from twin.records.place_tree import NOWHERE
from twin.records.scope import one_of
from twin.records.stored import LOCATION
from twin.store import record_schema as schema

__all__ = ["OUT_OF_POST", "Sitter", "read_sitters", "second_offices", "sitters_by_room"]

OUT_OF_POST: Final = frozenset({"retired", "left"})
"""States in which a person has no office any more: `twin.codes`, dictionary person_state."""
MANY = 5_000
ROOM = "room"
LAST_DAYS = "0000-12-31"
"""What a year, or a year and month, is completed with to its last day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitter:
    """A person on the day: `position` is where the tree has their office (`NOWHERE`: nowhere), `second` where it has their second.

    `unit` is the record of their unit, None for one that nobody knows; `in_post` is False for who has left, retired or not come yet.
    """

    record: HeldRecord
    unit: int | None
    position: int
    second: int
    in_post: bool

    @property
    def rank(self) -> str:
        """The rank as its dictionary codes it, empty where unknown."""
        return self.record.values["rank"] or ""

    @property
    def names_room(self) -> bool:
        """Whether the record names a room at all."""
        return bool(self.record.values["room"])

    @property
    def names_second(self) -> bool:
        """Whether the record names a second office."""
        return bool(self.record.values["second_room"])

    @property
    def second_ground(self) -> str:
        """The ground of the second office, a code of its dictionary, or empty."""
        return self.record.values["second_reason"] or ""


def read_sitters(day: Day, *, positions: Collection[int] | None = None, units: Collection[int] | None = None) -> list[Sitter]:
    """People whose office, or second office, is at one of these positions, or who are of these units (records); None: all."""
    kind = get_kind("person")
    people = held_records(day.connection, kind, day.as_of, _condition(day, positions, units))
    seconds = second_offices(day, people)
    found = []
    wanted = None if positions is None else set(positions)
    for held in people:
        unit = day.unit_of(held, "unit")
        sitter = Sitter(
            record=held, unit=unit, position=_office(day, held), second=seconds.get(held.id, NOWHERE), in_post=_in_post(day, held)
        )
        if (wanted is None or {sitter.position, sitter.second} & wanted) and (units is None or unit in units):
            found.append(sitter)
    return found


def sitters_by_room(day: Day, sitters: Iterable[Sitter]) -> dict[int, list[Sitter]]:
    """Position of a room → who has an office there, first or second."""
    found: dict[int, list[Sitter]] = {}
    for sitter in sitters:
        for position in dict.fromkeys((sitter.position, sitter.second)):
            if position != NOWHERE and day.places.rows[position].kind == ROOM:
                found.setdefault(position, []).append(sitter)
    return found


def _condition(day: Day, positions: Collection[int] | None, units: Collection[int] | None) -> ColumnElement[bool]:
    """Conditions on rows as they are now that leave out nobody who sat there or was of the unit on the day."""
    table, change = schema.kind_table("person").c, schema.change.c
    found: list[ColumnElement[bool]] = [true()]
    if positions is not None and len(positions) <= MANY:
        places = [day.places.rows[position].id for position in positions if position != NOWHERE]
        said = select(schema.location.c.id).where(one_of(schema.location.c.place_id, places))
        moved = select(change.record_id).where(change.kind == "person", change.field.in_(LOCATION))
        found.append(or_(table.location_id.in_(said), table.second_room.is_not(None), table.record_id.in_(moved)))
    if units is not None:
        moved = select(change.record_id).where(change.kind == "person", change.field == "unit")
        found.append(or_(one_of(table.unit_id, day.units.terms_of(units)), table.record_id.in_(moved)))
    condition = found[0]
    for one in found[1:]:
        condition = condition & one
    return condition


def _office(day: Day, held: HeldRecord) -> int:
    """Where the office is that the record named on the day."""
    location_id = held.row["location_id"]
    if held.moved & set(LOCATION):
        location = schema.location.c
        said = [location[name] == (held.values[name] or "") for name in LOCATION]
        location_id = day.connection.execute(select(location.id).where(*said)).scalar_one_or_none()
    return day.places.place_of(None, location_id)


def second_offices(day: Day, people: Iterable[HeldRecord]) -> dict[int, int]:
    """Record of a person → position of the second office they named; each building is read once."""
    found: dict[int, int] = {}
    trees: dict[int, PlaceTree] = {}
    for held in people:
        said = held.values["second_room"]
        if not said:
            continue
        building = _second_building(day, held)
        if building == NOWHERE:
            continue
        if building not in trees:
            trees[building] = _tree_of(day, building)
        name = trees[building].nodes[str(building)].names[0]
        (answer,) = resolve_places([PlaceText(building=name, room=said)], trees[building])
        found[held.id] = int(answer.place_id) if answer.level == ROOM and answer.place_id is not None else NOWHERE
    return found


def _second_building(day: Day, held: HeldRecord) -> int:
    """The building of the second office; where none is named, that of the first."""
    if not held.values["second_building"]:
        return day.above(_office(day, held), "building")
    if "second_building" in held.moved:
        term = schema.term.c
        query = select(term.record_id).where(term.domain == "building", term.text == held.values["second_building"])
    else:
        query = select(schema.term.c.record_id).where(schema.term.c.id == held.row["second_building_id"])
    record = day.connection.execute(query).scalar_one_or_none()
    return day.places.by_record.get(record, NOWHERE) if record is not None else NOWHERE


def _tree_of(day: Day, building: int) -> PlaceTree:
    """The linker's tree of one building; ids are positions."""
    return PlaceTree(_node(day, position, building) for position in range(building, int(day.places.end[building])))


def _node(day: Day, position: int, building: int) -> PlaceNode:
    row = day.places.rows[position]
    parent = None if position == building else str(int(day.places.parent[position]))
    return PlaceNode(id=str(position), kind=row.kind, parent=parent, number=row.number or "", names=(row.name,))


def _in_post(day: Day, held: HeldRecord) -> bool:
    values: Mapping[str, str | None] = held.values
    today = day.as_of.isoformat()
    begun = (values["in_post_from"] or "") <= today
    until = values["in_post_until"]
    over = until is not None and until + LAST_DAYS[len(until) :] <= today
    return begun and not over and values["state"] not in OUT_OF_POST
