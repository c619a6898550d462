"""What is wrong with rooms, seats, posts and storeys: the registers against one another, the model and the rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from twin.codes import Tables, get_kind
from twin.link.storey import find_storey
from twin.queries.planner.day import HIDDEN, Day, open_day
from twin.queries.planner.finding import Finding, finding_page
from twin.queries.planner.judged import JudgedRoom, judge_rooms, may_be_named
from twin.queries.planner.rooms import PlannedRoom, Scope, open_scope, read_rooms
from twin.queries.planner.sitters import Sitter, read_sitters
from twin.queries.records.context import Registers
from twin.records.held import HeldRecord, held_records
from twin.records.place_tree import NOWHERE
from twin.records.scope import Reader

__all__ = ["space_checks", "space_findings"]

ROOM = "room"


def space_checks(
    registers: Registers,
    reader: Reader,
    *,
    place: int | None,
    unit: str | None,
    as_of: date | None,
    tables: Tables | None = None,
    codes: Sequence[str] = (),
    after: str | None = None,
    limit: int,
) -> dict[str, Any]:
    """A page of the findings of a place or a unit. Raises NotFound."""
    with registers.store.database.reading() as connection:
        day = open_day(registers, connection, reader, as_of, tables)
        findings = space_findings(day, open_scope(day, place=place, unit=unit))
        return {"as_of": day.as_of.isoformat()} | finding_page(findings, codes=codes, after=after, limit=limit)


def space_findings(day: Day, scope: Scope) -> list[Finding]:
    """Every finding of a scope: of its rooms, of who sits there or should, of posts and storeys."""
    rooms = read_rooms(day, scope)
    people = _people(day, scope, rooms)
    judged = judge_rooms(day, rooms, people)
    whole = scope.position is None
    return [
        *_of_rooms(judged),
        *_of_units(judged),
        *_of_people(day, people),
        *(_of_posts(day, scope, people) if whole else ()),
        *_of_storeys(day, rooms),
        *_of_buildings(day, rooms),
        *(_of_spaces(day, scope) if scope.units is None else ()),
    ]


def _people(day: Day, scope: Scope, rooms: Sequence[PlannedRoom]) -> list[Sitter]:
    """Who is of the scope: of a place whoever the tree has there, of units whoever is theirs or sits in their rooms."""
    if scope.position is not None:
        below = range(scope.position, int(day.places.end[scope.position]))
        found = read_sitters(day, positions=set(below))
        return found if scope.units is None else [one for one in found if one.unit in scope.units]
    if scope.units is None:
        return [one for one in read_sitters(day) if day.permitted is None or one.unit in day.permitted]
    own = read_sitters(day, units=scope.units)
    others = read_sitters(day, positions={room.position for room in rooms if room.position != NOWHERE})
    return list({one.record.id: one for one in (*own, *others)}.values())


def _of_rooms(rooms: Iterable[JudgedRoom]) -> Iterator[Finding]:
    for room in rooms:
        key = room.room.record.key
        for fault in room.verdict.findings:
            yield Finding(code=fault.code, kind=ROOM, key=key, message=fault.message)


def _of_units(rooms: Iterable[JudgedRoom]) -> Iterator[Finding]:
    for room in rooms:
        for column, unit in (("allocated_to", room.room.allocated_to), ("used_by", room.room.used_by)):
            said = room.room.values[column]
            if said and unit is None:
                yield Finding(
                    code="ROOM_UNIT_UNKNOWN", kind=ROOM, key=room.room.record.key, column=column, message=f"{said}: no unit is called so"
                )


def _of_buildings(day: Day, rooms: Iterable[PlannedRoom]) -> Iterator[Finding]:
    """Rooms of a building nobody knows, and rooms of a building with a model that the model does not have."""
    modelled = {day.above(position, "building") for position, row in enumerate(day.places.rows) if row.kind == ROOM and row.feature_id}
    for room in rooms:
        said, building = room.values["building"], day.above(room.position, "building")
        where = f"{said} {room.values['storey'] or ''} {room.values['number'] or ''}".strip()
        if said and building == NOWHERE:
            yield Finding(
                code="ROOM_BUILDING_UNKNOWN", kind=ROOM, key=room.record.key, column="building", message=f"{said}: no building is called so"
            )
        elif building != NOWHERE and building in modelled and not room.spaces:
            yield Finding(
                code="ROOM_NOT_IN_MODEL", kind=ROOM, key=room.record.key, column="number", message=f"{where}: the model has no such room"
            )


def _of_spaces(day: Day, scope: Scope) -> Iterator[Finding]:
    """Rooms of the models that no register has."""
    first, last = (0, len(day.places)) if scope.position is None else (scope.position, int(day.places.end[scope.position]))
    taken = {row.feature_id for row in day.places.rows[first:last] if row.record_id is not None}
    for position in range(first, last):
        row = day.places.rows[position]
        alone = row.kind == ROOM and row.feature_id is not None and row.record_id is None and row.feature_id not in taken
        if alone and day.may_see_place(position) and day.permitted is None:
            facts = {"place": row.id, "feature": row.feature_id}
            words = " ".join(filter(None, (day.places.rows[int(day.places.parent[position])].name, row.number, row.name)))
            yield Finding(code="SPACE_NOT_REGISTERED", kind=ROOM, key=None, message=f"{words}: no register has it", facts=facts)


def _of_people(day: Day, people: Iterable[Sitter]) -> Iterator[Finding]:
    for sitter in people:
        key = sitter.record.key if may_be_named(day, sitter) else None
        for code, column, message in _faults(day, sitter):
            yield Finding(code=code, kind="person", key=key, column=column, message=message if key else f"{code} · {HIDDEN}")


def _faults(day: Day, sitter: Sitter) -> Iterator[tuple[str, str, str]]:
    values = sitter.record.values
    where = " ".join(filter(None, (values["building"], values["storey"], values["room"])))
    if sitter.unit is None and values["unit"]:
        yield "PERSON_UNIT_UNKNOWN", "unit", f"{values['unit']}: no unit is called so"
    if sitter.names_room and not _is_room(day, sitter.position):
        yield "PERSON_ROOM_UNKNOWN", "room", f"{where}: no such room"
    if sitter.names_second and not _is_room(day, sitter.second):
        yield "PERSON_ROOM_UNKNOWN", "second_room", f"{values['second_building'] or ''} {values['second_room']}: no such room".strip()
    if sitter.names_room and not sitter.in_post:
        yield "PERSON_NOT_IN_POST", "room", f"{values['name']} ({values['state'] or 'not in post'}) still has {where}"
    if sitter.names_second and not sitter.second_ground and sitter.in_post:
        yield (
            "PERSON_SECOND_OFFICE_UNGROUNDED",
            "second_room",
            f"{values['name']} has {values['second_room']} besides {where}, without a ground",
        )


def _is_room(day: Day, position: int) -> bool:
    return position != NOWHERE and day.places.rows[position].kind == ROOM


def _of_posts(day: Day, scope: Scope, people: Iterable[Sitter]) -> Iterator[Finding]:
    """Ranks of which a unit has more people in post than posts."""
    held = Counter((one.unit, one.rank) for one in people if one.in_post and one.unit is not None and one.rank)
    for post in held_records(day.connection, get_kind("post"), day.as_of):
        unit = day.unit_of(post, "unit")
        if unit is None or not day.may_see_unit(unit) or (scope.units is not None and unit not in scope.units):
            continue
        rank, posts = post.values["rank"], post.values["posts"]
        number = held[unit, rank]
        if posts is not None and number > posts:
            facts = {"unit": day.units.nodes[unit].key, "rank": rank, "posts": posts, "people": number}
            yield Finding(
                code="POSTS_EXCEEDED",
                kind="post",
                key=post.key,
                column="posts",
                message=f"{number} people of rank {rank} on {posts} posts",
                facts=facts,
            )


def _of_storeys(day: Day, rooms: Iterable[PlannedRoom]) -> Iterator[Finding]:
    """Buildings with rooms above their highest, or below their lowest, registered storey."""
    highest: dict[int, int] = {}
    lowest: dict[int, int] = {}
    for room in rooms:
        building = day.above(room.position, "building")
        storey = find_storey(room.values["storey"] or "")
        number = _storey_number(storey or "")
        if building != NOWHERE and number is not None:
            highest[building] = max(number, highest.get(building, number))
            lowest[building] = min(number, lowest.get(building, number))
    records = {day.places.rows[building].record_id: building for building in highest}
    for held in held_records(day.connection, get_kind("building"), day.as_of):
        building = records.get(held.id, NOWHERE)
        if building != NOWHERE:
            yield from _of_building(held, highest[building], lowest[building])


def _of_building(held: HeldRecord, highest: int, lowest: int) -> Iterator[Finding]:
    above, below = held.values["storeys_above"], held.values["storeys_below"]
    for column, said, found in (("storeys_above", above, highest), ("storeys_below", below, -lowest)):
        if said is not None and found > said:
            yield Finding(
                code="BUILDING_STOREYS_CONTRADICT",
                kind="building",
                key=held.key,
                column=column,
                message=f"{said} storeys are registered, and rooms lie on storey {found if column == 'storeys_above' else -found}",
                facts={"registered": said, "found": found},
            )


def _storey_number(said: str) -> int | None:
    """A storey as a number, basements negative; None for a roof or a mezzanine."""
    try:
        return int(said)
    except ValueError:
        return None
