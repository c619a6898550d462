"""Which rooms take how many people: one each for those with an office of their own, groups for the rest; no chance in it."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["FreeRoom", "choose_own_rooms", "choose_shared_rooms"]


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


def choose_shared_rooms(people: int, rooms: Sequence[FreeRoom], *, most_m2: float, least_m2: float) -> dict[str, int]:
    """Room → how many of `people` alike sit in it, so that each has between `least_m2` and `most_m2`.

    As many people as possible are seated; of all ways to do so one with the fewest rooms, and of those one with the least area. Exact, by
    dynamic programming over the rooms: O(rooms × people × people a room).
    """
    import numpy as np

    usable = [(room, range_of) for room in rooms if (range_of := _people_in(room.area_m2, most_m2, least_m2))]
    usable.sort(key=lambda pair: (pair[0].order, pair[0].room))
    penalty = sum(room.area_m2 for room, _ in usable) + 1.0
    best = np.full(people + 1, np.inf)
    best[0] = 0.0
    taken = np.zeros((len(usable), people + 1), dtype=np.int32)
    for row, (room, range_of) in enumerate(usable):
        before = best.copy()
        for number in range_of:
            if number > people:
                break
            cost = before[: people + 1 - number] + penalty + room.area_m2
            better = cost < best[number:]
            best[number:][better] = cost[better]
            taken[row, number:][better] = number
    seated = int(np.flatnonzero(np.isfinite(best)).max())
    return _traced([room for room, _ in usable], taken, seated)


def _people_in(area_m2: float, most_m2: float, least_m2: float) -> range:
    """How many people a room may hold: 30 m² at 6 to 9 m² each 4 or 5; 10 m² none, being too large for one and too small for two."""
    return range(max(ceil(round(area_m2 / most_m2, 9)), 1), floor(round(area_m2 / least_m2, 9)) + 1)


def _traced(rooms: Sequence[FreeRoom], taken: "NDArray[np.int32]", seated: int) -> dict[str, int]:
    chosen: dict[str, int] = {}
    left = seated
    for row in range(len(rooms) - 1, -1, -1):
        number = int(taken[row, left])
        if number:
            chosen[rooms[row].room] = number
            left -= number
    return dict(reversed(chosen.items()))
