"""Where points are: innermost room, storey, building and zone of each, and how sure that is; columns in, columns out.

A point on the wall face of two rooms lies in both, and the innermost (the smaller, of equals the first built) is named. A room that
passes storeys (a stair, a shaft, a hall of two floors) is one room: the storey of a point in it is that whose heights hold the point.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from spatial.bodies import Bodies, Reach
from spatial.cells import Int64, Pairs
from spatial.mesh import Float64

__all__ = ["Known", "Located", "Whereabouts"]

NONE = -1
PASSED, PASSED_M = 0.5, 1.5
"""A room passes a storey of its building that is not its own where it takes more than this part of the storey's height, or more than
these metres of it: the topmost storey reaches to the ridge of the roof."""


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """Which rooms, storeys, buildings and zones the asker may know of; None is all of them."""

    rooms: NDArray[np.bool_] | None = None
    storeys: NDArray[np.bool_] | None = None
    buildings: NDArray[np.bool_] | None = None
    zones: NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Located:
    """Rows of m points, -1 for none; `*_certain` that the whole ball of the accuracy is there (or that it meets none at all).

    `possible_rooms[possible_starts[i]:possible_starts[i + 1]]` are the rooms that the ball of point i meets, innermost first.
    """

    room: Int64
    storey: Int64
    building: Int64
    zone: Int64
    room_certain: NDArray[np.bool_]
    storey_certain: NDArray[np.bool_]
    building_certain: NDArray[np.bool_]
    zone_certain: NDArray[np.bool_]
    possible_starts: Int64
    possible_rooms: Int64


@dataclass(frozen=True, slots=True, eq=False)
class Whereabouts:
    """The bodies of a scene and how they hang together: rows of storeys and buildings, -1 for none."""

    rooms: Bodies
    storeys: Bodies
    buildings: Bodies
    zones: Bodies
    room_storey: Int64
    room_building: Int64
    storey_building: Int64
    passes: NDArray[np.bool_]

    @classmethod
    def build(
        cls,
        rooms: Bodies,
        storeys: Bodies,
        buildings: Bodies,
        zones: Bodies,
        *,
        room_storey: Int64,
        room_building: Int64,
        storey_building: Int64,
    ) -> Self:
        """From bodies and the rows each hangs under."""
        passes = _passing(rooms, storeys, room_storey, storey_building)
        return cls(rooms, storeys, buildings, zones, room_storey, room_building, storey_building, passes)

    def locate(self, site_xyz: Float64, accuracy_m: Float64 | None = None, known: Known | None = None) -> Located:
        """Where points (m, 3) are. Without an accuracy (m,) a point is exact; one without a height (NaN) is in no room for certain."""
        seen = known or Known()
        line = np.isnan(site_xyz[:, 2])
        if accuracy_m is None and not line.any():
            return self._exact(site_xyz, seen)
        radius = np.zeros(len(site_xyz)) if accuracy_m is None else accuracy_m
        return self._within(site_xyz, radius, line, seen)

    def _exact(self, points: Float64, seen: Known) -> Located:
        count = len(points)
        pairs = _of_known(self.rooms.holding(points), seen.rooms)
        room = self.rooms.innermost(pairs, count)
        building = self._building(points, room, seen)
        storey = self._storey(points, room, seen)
        zone = self.zones.innermost(self.zones.holding(points), count, seen.zones)
        sure = np.ones(count, dtype=bool)
        return Located(room, storey, building, zone, sure, sure, sure, sure, *_listed(pairs, self.rooms.rank, count))

    def _within(self, points: Float64, radius: Float64, line: NDArray[np.bool_], seen: Known) -> Located:
        count = len(points)
        reach = self.rooms.reach(points, radius)
        if seen.rooms is not None:
            shown = seen.rooms[reach.row]
            reach = Reach(reach.point[shown], reach.row[shown], reach.wholly[shown])
        high = np.flatnonzero(~line)
        room = np.full(count, NONE, dtype=np.int64)
        room[high] = self.rooms.innermost(self.rooms.holding(points[high]), len(high), seen.rooms)
        storey, building, zone = (np.full(count, NONE, dtype=np.int64) for _ in range(3))
        storey[high] = self._storey(points[high], room[high], seen)
        low = np.flatnonzero(line)
        upright = self.buildings.reach(points[low], np.zeros(len(low)))
        building[low] = self.buildings.innermost((upright.point, upright.row), len(low), seen.buildings)
        building[high] = self._building(points[high], room[high], seen)
        zone[high] = self.zones.innermost(self.zones.holding(points[high]), len(high), seen.zones)
        room_sure = _sure(self.rooms, reach, room, None)
        settled = room_sure & (room >= 0)
        storey_sure = settled & (storey >= 0) & ~np.append(self.passes, False)[room]
        building_sure = settled & (building >= 0)
        for bodies, sure, chosen, may in (
            (self.storeys, storey_sure, storey, seen.storeys),
            (self.buildings, building_sure, building, seen.buildings),
        ):
            open_ = np.flatnonzero(~sure)
            sure[open_] = _sure(bodies, bodies.reach(points[open_], radius[open_]), chosen[open_], may)
        zone_sure = _sure(self.zones, self.zones.reach(points, radius), zone, seen.zones)
        pairs = (reach.point, reach.row)
        listed = _listed(pairs, self.rooms.rank, count)
        return Located(room, storey, building, zone, room_sure, storey_sure, building_sure, zone_sure, *listed)

    def _building(self, points: Float64, room: Int64, seen: Known) -> Int64:
        """That of the room; of a point in no room the building that holds it."""
        building = np.append(self.room_building, NONE)[room]
        if seen.buildings is not None:
            building = np.where(np.append(seen.buildings, False)[building], building, NONE)
        loose = np.flatnonzero(building == NONE)
        building[loose] = self.buildings.innermost(self.buildings.holding(points[loose]), len(loose), seen.buildings)
        return building

    def _storey(self, points: Float64, room: Int64, seen: Known) -> Int64:
        """That of the room, unless it passes storeys or has none: then the storey of the room's building that holds the point."""
        storey = np.append(self.room_storey, NONE)[room]
        loose = np.flatnonzero((storey == NONE) | np.append(self.passes, False)[room])
        own = np.append(self.room_building, NONE)[room[loose]]
        point, row = self.storeys.holding(points[loose])
        fits = (own[point] == NONE) | (self.storey_building[row] == own[point])
        by_height = self.storeys.innermost((point[fits], row[fits]), len(loose))
        storey[loose] = np.where(by_height >= 0, by_height, storey[loose])
        if seen.storeys is not None:
            storey = np.where(np.append(seen.storeys, False)[storey], storey, NONE)
        return storey


def _passing(rooms: Bodies, storeys: Bodies, room_storey: Int64, storey_building: Int64) -> NDArray[np.bool_]:
    """Which rooms pass a storey of the same building that is not their own."""
    passes = np.zeros(len(rooms), dtype=bool)
    for building in np.unique(storey_building[room_storey[room_storey >= 0]]):
        mine = np.flatnonzero((room_storey >= 0) & (storey_building[room_storey] == building))
        for storey in np.flatnonzero(storey_building == building):
            low, high = storeys.z_ranges[storey]
            taken = np.minimum(rooms.z_ranges[mine, 1], high) - np.maximum(rooms.z_ranges[mine, 0], low)
            passes[mine] |= (room_storey[mine] != storey) & (taken > min(PASSED * (high - low), PASSED_M)) & (high > low)
    return passes


def _sure(bodies: Bodies, reach: Reach, chosen: Int64, known: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    """Whether the whole ball is in the chosen body and meets none that lies further in; of none chosen, whether it meets none."""
    shown = np.ones(len(reach.row), dtype=bool) if known is None else known[reach.row]
    point, row = reach.point[shown], reach.row[shown]
    is_chosen = row == chosen[point]
    sure: NDArray[np.bool_] = chosen == NONE
    sure[point[is_chosen]] = reach.wholly[shown][is_chosen]
    rank = np.append(bodies.rank, len(bodies))[chosen]
    sure[point[~is_chosen & (bodies.rank[row] < rank[point])]] = False
    return sure


def _of_known(pairs: Pairs, known: NDArray[np.bool_] | None) -> Pairs:
    if known is None:
        return pairs
    seen = known[pairs[1]]
    return pairs[0][seen], pairs[1][seen]


def _listed(pairs: Pairs, rank: Int64, count: int) -> tuple[Int64, Int64]:
    """Pairs as rows by point, innermost first."""
    point, row = pairs
    order = np.argsort(point * max(1, len(rank)) + rank[row], kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(point, minlength=count))]).astype(np.int64)
    return starts, row[order]
