"""What if a unit moved: its people by rank into the free rooms of another building, and the verdict of the result."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite
from types import MappingProxyType

from twin.entitlement.office import Occupant, OfficeRoom, RoomVerdict
from twin.entitlement.room import judge_room
from twin.entitlement.seating import FreeRoom, choose_own_rooms, choose_shared_rooms, levelled_limits
from twin.entitlement.standard import Standard
from twin.errors import Refused

__all__ = ["LeftOver", "Mover", "Proposal", "Seat", "propose_move"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mover:
    """A person who moves; people of one `department` are seated side by side."""

    person: str
    rank: str
    level: str
    department: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """A person and the room proposed."""

    person: str
    room: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOver:
    """A person whom the proposal does not seat, and why."""

    person: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Seats, the verdict of each room used, who does not fit, and the sums; areas in m². `fits` where everybody has a seat."""

    seats: tuple[Seat, ...]
    verdicts: Mapping[str, RoomVerdict]
    left_over: tuple[LeftOver, ...]
    rooms_used: int
    rooms_free: int
    area_used_m2: float
    area_allowed_m2: float
    fits: bool
    zh: str
    en: str


def propose_move(
    movers: Iterable[Mover],
    rooms: Sequence[FreeRoom],
    standard: Standard,
    *,
    share_up_to_m2: float | None = None,
    least_m2: float | None = None,
) -> Proposal:
    """A proposal that breaks no limit: nobody is seated in a room larger than rank allows, nor below the least area of a seat.

    First those whose limit is above `share_up_to_m2` get a room each; then those between it and the lowest limit as far as rooms go;
    everyone else shares, each with their own limit in the sum of the room. Each stage is the best there is (most people seated; then
    fewest rooms, least area), the stages together are not
    proven to be. Both numbers default to the rules of the standard; raises Refused where it has none (`AREA_RULE_UNKNOWN`),
    where a person comes twice (`MOVER_TWICE`), where a room has no area (`ROOM_AREA_MISSING`).
    """
    people = sorted(movers, key=lambda mover: (mover.department, mover.person))
    if len({mover.person for mover in people}) < len(people):
        raise Refused("a person is named twice among those who move", code="MOVER_TWICE", hint="give each person once")
    without = [room.room for room in rooms if not (isfinite(room.area_m2) and room.area_m2 > 0)]
    if without:
        raise Refused(
            f"rooms without an area: {', '.join(without)}", code="ROOM_AREA_MISSING", hint="complete their areas, or leave them out"
        )
    share_up_to_m2 = _number(standard, "share_up_to_m2", share_up_to_m2)
    least_m2 = _number(standard, "least_person_m2", least_m2)
    limits = {mover.person: limit.area_m2 for mover in people if (limit := standard.find_limit(mover.level, mover.rank))}
    own = _own_rooms(limits, rooms, share_up_to_m2, least_m2)
    sharers = [mover.person for mover in people if limits.get(mover.person, inf) <= share_up_to_m2 and mover.person not in own]
    left = [room for room in rooms if room.room not in own.values()]
    shared = _shared_rooms(sharers, limits, left, least_m2)
    seated = own | shared
    return _proposal(people, limits, seated, rooms, standard)


def _own_rooms(limits: Mapping[str, float], rooms: Sequence[FreeRoom], share_up_to_m2: float, least_m2: float) -> dict[str, str]:
    """Person → room: leaders first, then those between the lowest limit and the one up to which offices are shared."""
    lowest = min(limits.values(), default=0.0)
    leaders = {person: area for person, area in limits.items() if area > share_up_to_m2}
    middle = {person: area for person, area in limits.items() if lowest < area <= share_up_to_m2}
    chosen = {person: room.room for person, room in choose_own_rooms(leaders, rooms, least_m2=least_m2).items()}
    left = [room for room in rooms if room.room not in chosen.values()]
    return chosen | {person: room.room for person, room in choose_own_rooms(middle, left, least_m2=least_m2).items()}


def _shared_rooms(sharers: Sequence[str], limits: Mapping[str, float], rooms: Sequence[FreeRoom], least_m2: float) -> dict[str, str]:
    """Person → room, filled in the order of the rooms; in each at most the sum of the limits of those who sit there."""
    levelled = levelled_limits(Counter(limits[person] for person in sharers), len(rooms))
    waiting: dict[float, list[str]] = {}
    for person in sharers:
        waiting.setdefault(levelled[limits[person]], []).append(person)
    places = choose_shared_rooms({limit: len(people) for limit, people in waiting.items()}, rooms, least_m2=least_m2)
    return {waiting[limit].pop(0): room for room, numbers in places.items() for limit, number in numbers.items() for _ in range(number)}


def _proposal(
    people: Sequence[Mover], limits: Mapping[str, float], seated: Mapping[str, str], rooms: Sequence[FreeRoom], standard: Standard
) -> Proposal:
    free = [room.area_m2 for room in rooms if room.room not in set(seated.values())]
    left_over = tuple(_left_over(mover, limits.get(mover.person), free) for mover in people if mover.person not in seated)
    verdicts = _verdicts(people, seated, rooms, standard)
    used_m2 = sum(room.area_m2 for room in rooms if room.room in verdicts)
    allowed_m2 = sum(verdict.allowed_m2 or 0.0 for verdict in verdicts.values())
    zh = f"{len(people)} 人中安排 {len(seated)} 人, 用房 {len(verdicts)}/{len(rooms)} 间, {used_m2:g} m²(上限 {allowed_m2:g} m²)"
    en = f"{len(seated)} of {len(people)} people in {len(verdicts)} of {len(rooms)} rooms, {used_m2:g} m² (at most {allowed_m2:g} m²)"
    return Proposal(
        seats=tuple(Seat(person=mover.person, room=seated[mover.person]) for mover in people if mover.person in seated),
        verdicts=MappingProxyType(verdicts),
        left_over=left_over,
        rooms_used=len(verdicts),
        rooms_free=len(rooms) - len(verdicts),
        area_used_m2=round(used_m2, 2),
        area_allowed_m2=round(allowed_m2, 2),
        fits=not left_over,
        zh=zh,
        en=en,
    )


def _verdicts(people: Sequence[Mover], seated: Mapping[str, str], rooms: Sequence[FreeRoom], standard: Standard) -> dict[str, RoomVerdict]:
    sitting: dict[str, list[Occupant]] = {}
    for mover in people:
        if mover.person in seated:
            occupant = Occupant(person=mover.person, rank=mover.rank, level=mover.level)
            sitting.setdefault(seated[mover.person], []).append(occupant)
    return {
        room.room: judge_room(OfficeRoom(use="office", declared_m2=room.area_m2, occupants=tuple(sitting[room.room])), standard)
        for room in rooms
        if room.room in sitting
    }


def _left_over(mover: Mover, limit_m2: float | None, free_m2: Sequence[float]) -> LeftOver:
    if limit_m2 is None:
        zh, en = f"无面积标准可依({mover.rank or '?'})", f"no limit is known for rank {mover.rank or '?'}"
    elif not free_m2:
        zh, en = "无空房", "no free room is left"
    else:
        smallest, largest = min(free_m2), max(free_m2)
        zh = f"余房 {smallest:g}–{largest:g} m², 均不合 {limit_m2:g} m² 的标准"
        en = f"the rooms left have {smallest:g} to {largest:g} m²; none suits a limit of {limit_m2:g} m² a person"
    return LeftOver(person=mover.person, zh=zh, en=en)


def _number(standard: Standard, name: str, given: float | None) -> float:
    if given is not None:
        return given
    rule = standard.find_rule(name)
    if rule is None:
        raise Refused(f"no rule {name} on {standard.day}", code="AREA_RULE_UNKNOWN", hint=f"give {name}, or add it to area_rules")
    return rule.value
