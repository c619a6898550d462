"""Rooms with who sits there and the verdict of each, as one reader may see them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from twin.entitlement import Occupant, OfficeRoom, RoomVerdict, judge_room
from twin.queries.planner.day import HIDDEN, Day
from twin.queries.planner.rooms import PlannedRoom, Scope, read_rooms
from twin.queries.planner.sitters import Sitter, read_sitters, sitters_by_room
from twin.records.place_tree import NOWHERE

__all__ = ["JudgedRoom", "judge_rooms", "judged_scope", "may_be_named", "name_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedRoom:
    """A room, everybody who has an office there, and what is said of it; who is no longer in post sits there but gives it no area."""

    room: PlannedRoom
    sitters: tuple[Sitter, ...]
    verdict: RoomVerdict

    @property
    def occupants(self) -> int:
        """How many people in post have an office there, first or second."""
        return sum(sitter.in_post for sitter in self.sitters)

    @property
    def used_otherwise(self) -> bool:
        """Whether the unit that uses it is another than the one it was allocated to."""
        return self.room.values["used_by"] is not None and (
            self.room.allocated_to != self.room.used_by
            if self.room.allocated_to is not None and self.room.used_by is not None
            else self.room.values["allocated_to"] != self.room.values["used_by"]
        )


def judged_scope(day: Day, scope: Scope, *, prefer: str = "measured") -> list[JudgedRoom]:
    """The rooms of a scope, judged, in the order of their keys; `prefer` says which area is judged where there are two."""
    rooms = read_rooms(day, scope)
    sitters = read_sitters(day, positions={room.position for room in rooms if room.position != NOWHERE})
    return judge_rooms(day, rooms, sitters, prefer=prefer)


def judge_rooms(day: Day, rooms: Sequence[PlannedRoom], sitters: Iterable[Sitter], *, prefer: str = "measured") -> list[JudgedRoom]:
    """These rooms with those of these people who sit in them."""
    by_room = sitters_by_room(day, sitters)
    day.know_levels({sitter.unit for here in by_room.values() for sitter in here if sitter.unit is not None})
    return [_judged(day, room, tuple(by_room.get(room.position, ())) if room.position != NOWHERE else (), prefer) for room in rooms]


def may_be_named(day: Day, sitter: Sitter) -> bool:
    """Whether the reader may know who this is."""
    return day.reader.persons and day.may_see_unit(sitter.unit)


def name_of(day: Day, sitter: Sitter) -> str:
    """The name, or what stands for it."""
    return str(sitter.record.values["name"]) if may_be_named(day, sitter) else HIDDEN


def _judged(day: Day, room: PlannedRoom, sitters: tuple[Sitter, ...], prefer: str) -> JudgedRoom:
    values = room.values
    office = OfficeRoom(
        use=values["use"] or "",
        state=values["state"] or "",
        measured_m2=room.measured_m2,
        declared_m2=values["usable_area"],
        washroom_m2=values["washroom_area"],
        seats=values["seats"],
        shared=values["shared"],
        occupants=tuple(_occupant(day, room, sitter) for sitter in sitters if sitter.in_post),
    )
    return JudgedRoom(room=room, sitters=sitters, verdict=judge_room(office, day.standard, prefer=prefer))


def _occupant(day: Day, room: PlannedRoom, sitter: Sitter) -> Occupant:
    second = sitter.second == room.position and sitter.position != room.position
    return Occupant(
        person=name_of(day, sitter),
        rank=sitter.rank,
        level=day.levels.get(sitter.unit, "") if sitter.unit is not None else "",
        second_office=second,
        second_ground=sitter.second_ground if second else "",
    )
