"""Which rooms take how many people: one each for those with an office of their own, groups for the rest; no chance in it."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import floor, prod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["FreeRoom", "choose_own_rooms", "choose_shared_rooms", "levelled_limits"]

STATES_AT_MOST = 60_000_000
"""Rooms times numbers of people of each limit that a proposal looks at: 120 MB, a few seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeRoom:
    """A room that may be given out: its usable area in m², and a text by which rooms near one another sort together (storey, number)."""

    room: str
    area_m2: float
    order: str = ""


def choose_own_rooms(limits_m2: Mapping[str, float], rooms: Sequence[FreeRoom], *, least_m2: float = 0.0) -> dict[str, FreeRoom]:
    """Person → a room of their own, of at least `least_m2` and at most their limit. As many people as can be have one.

    A room that fits a limit fits every higher one, so serving the lowest limit first, with the largest room it may have, leaves no more
    people without than any other way. Of people with one limit the first by name has the larger room.
    """
    free = sorted((room for room in rooms if room.area_m2 >= least_m2), key=lambda room: (room.area_m2, room.order, room.room))
    areas = [room.area_m2 for room in free]
    chosen: dict[str, FreeRoom] = {}
    for person in sorted(limits_m2, key=lambda person: (limits_m2[person], person)):
        position = bisect_right(areas, limits_m2[person]) - 1
        if position >= 0:
            chosen[person] = free.pop(position)
            areas.pop(position)
    return chosen


def choose_shared_rooms(people: Mapping[float, int], rooms: Sequence[FreeRoom], *, least_m2: float) -> dict[str, dict[float, int]]:
    """Room → limit in m² → how many people of that limit sit in it: at most the sum of their limits, at least `least_m2` for each.

    `people` says how many there are of each limit. As many of them as possible are seated; of all ways to do so one with the fewest
    rooms, and of those one with the least area. Exact, by dynamic programming over the rooms: O(rooms × ways to fill one × product
    of the numbers of people).
    """
    import numpy as np

    limits = sorted(limit for limit, number in people.items() if number > 0)
    counts = tuple(people[limit] for limit in limits)
    ways = {room.room: found for room in rooms if (found := _fillings(room.area_m2, limits, counts, least_m2))}
    usable = sorted((room for room in rooms if room.room in ways), key=lambda room: (room.order, room.room))
    penalty = sum(room.area_m2 for room in usable) + 1.0
    best = np.full([count + 1 for count in counts], np.inf)
    best[(0,) * len(counts)] = 0.0
    taken = np.zeros((len(usable), *best.shape), dtype=np.int16)
    for row, room in enumerate(usable):
        before = best.copy()
        for number, way in enumerate(ways[room.room], 1):
            to = tuple(slice(one, None) for one in way)
            cost = before[tuple(slice(0, size - one) for size, one in zip(best.shape, way, strict=True))] + penalty + room.area_m2
            better = cost < best[to]
            best[to][better] = cost[better]
            taken[row][to][better] = number
    chosen = _traced(usable, ways, taken, _fullest(best))
    return {room: dict(zip(limits, way, strict=True)) for room, way in chosen.items()}


def levelled_limits(people: Mapping[float, int], rooms: int) -> dict[float, float]:
    """Limit → the limit to seat its people by: its own; where `choose_shared_rooms` would look at more than `STATES_AT_MOST` states,
    neighbouring ones are taken for the lower, which breaks no limit."""
    groups = {limit: [limit] for limit in sorted(people)}
    while len(groups) > 1 and rooms * prod(sum(people[one] for one in group) + 1 for group in groups.values()) > STATES_AT_MOST:
        limits = list(groups)
        upper = min(range(1, len(limits)), key=lambda at: limits[at] - limits[at - 1])
        groups[limits[upper - 1]] += groups.pop(limits[upper])
    return {limit: lower for lower, group in groups.items() for limit in group}


def _fillings(area_m2: float, limits: Sequence[float], counts: Sequence[int], least_m2: float) -> list[tuple[int, ...]]:
    """How many people of each limit a room may hold: 30 m² at 6 m² or more each, up to 9 m² each, 4 or 5; 21 m² one of 12 and one of 9."""
    most = floor(round(area_m2 / least_m2, 9))
    found: list[tuple[int, ...]] = [()]
    for count in counts:
        found = [(*way, number) for way in found for number in range(min(count, most - sum(way)) + 1)]
    allowed = [round(sum(limit * number for limit, number in zip(limits, way, strict=True)), 9) for way in found]
    return [way for way, area in zip(found, allowed, strict=True) if sum(way) > 0 and area >= round(area_m2, 9)]


def _fullest(best: "NDArray[np.float64]") -> tuple[int, ...]:
    """The numbers of people that can be seated at all: the most there are, of those the ones of least cost."""
    import numpy as np

    seated = np.indices(best.shape).sum(axis=0)
    reached = np.isfinite(best)
    most = seated[reached].max()
    cost = np.where(reached & (seated == most), best, np.inf)
    return tuple(int(one) for one in np.unravel_index(int(np.argmin(cost)), best.shape))


def _traced(
    rooms: Sequence[FreeRoom], ways: Mapping[str, Sequence[tuple[int, ...]]], taken: "NDArray[np.int16]", seated: tuple[int, ...]
) -> dict[str, tuple[int, ...]]:
    chosen: dict[str, tuple[int, ...]] = {}
    left = seated
    for row in range(len(rooms) - 1, -1, -1):
        number = int(taken[(row, *left)])
        if number:
            way = ways[rooms[row].room][number - 1]
            chosen[rooms[row].room] = way
            left = tuple(had - one for had, one in zip(left, way, strict=True))
    return dict(reversed(chosen.items()))
