"""A building as routes see it: its rooms found by place, its walls cut at any height, what lies inside it."""

import bisect
import math
from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from spatial.mesh import Float64
from spatial.section import level_section
from twin.queries.routes.rules import Rules
from twin.queries.routes.scene import BuildingScene, Door, Room

__all__ = ["BuildingPlan", "door_outline"]

GRID_M = 0.1
EYE_M = 1.0
RAYS = 32
FAR_M = 300.0
SHAFTS = -1_000_000
"""The level under which lift shafts are kept, which are asked for at any height."""


class BuildingPlan:
    """Finds rooms and walls of one building; sections are cut once a height.

    Rooms are kept by the metre of their floor, walls by every metre they pass, so that a question costs no more in a higher house.
    """

    def __init__(self, scene: BuildingScene, rules: Rules) -> None:
        self.scene = scene
        self.rules = rules
        self.rooms = scene.rooms
        self.floors = np.array([room.floor_z for room in scene.rooms])
        self._levels = _levels(scene.rooms)
        self._bands = _bands(scene.walls)
        self._doors = sorted(scene.doors, key=lambda door: door.sill_z)
        self._sills = [door.sill_z for door in self._doors]
        self._sections: dict[int, shapely.STRtree] = {}
        for room in scene.rooms:
            shapely.prepare(room.outline)

    def rooms_near(self, place: BaseGeometry, distance_m: float, z_range: tuple[float, float]) -> NDArray[np.int64]:
        """Numbers of the rooms whose outline comes within a distance of a place in plan, nearest first.

        Of those whose floor lies in the range of heights; lift shafts whatever their floor.
        """
        found: list[int] = []
        for level in {*range(math.floor(z_range[0]), math.floor(z_range[1]) + 1), SHAFTS} & self._levels.keys():
            numbers, tree = self._levels[level]
            found += numbers[tree.query(place, predicate="dwithin", distance=distance_m)].tolist()
        inside = np.sort(np.array([n for n in found if self._is_shaft(n) or z_range[0] <= self.floors[n] <= z_range[1]], dtype=np.int64))
        away = np.array([shapely.distance(self.rooms[number].outline, place) for number in inside])
        return np.asarray(inside[np.argsort(away, kind="stable")])

    def find_room(self, xy: Float64, z: float, within_m: float) -> int | None:
        """The room that holds a point in plan and whose floor is within a height of z; of several the one with the nearest floor."""
        found = self.rooms_near(shapely.Point(xy), 0.0, (z - within_m, z + within_m)).tolist()
        near = [room for room in found if self._stands(room, z, within_m)]
        return min(near, key=lambda room: (abs(self.rooms[room].floor_z - z), self.rooms[room].outline.area), default=None)

    def is_barred(self, lines: Float64, floor_z: float) -> NDArray[np.bool_]:
        """Which straight lines (n, 2, 2) a wall, window, railing or door's leaf crosses at the heights over the floor that are cut."""
        drawn = shapely.linestrings(lines)
        barred = np.zeros(len(lines), dtype=bool)
        for height in self.rules.opening.section_m:
            hit = self._section(floor_z + height).query(drawn, predicate="intersects")[0]
            barred[hit] = True
        return barred

    def section_lines(self, floor_z: float) -> NDArray[np.object_]:
        """The lines (n,) in which walls, windows, railings and doors are cut over a floor, at all heights that are cut."""
        return np.concatenate([self._section(floor_z + height).geometries for height in self.rules.opening.section_m])

    def is_open_air(self, xy: Float64, floor_z: float) -> bool:
        """Whether a point is out of doors: from it one sees past all walls in an eighth of the directions; a courtyard is indoors."""
        angle = np.arange(RAYS) * 2 * np.pi / RAYS
        ends = xy + FAR_M * np.column_stack([np.cos(angle), np.sin(angle)])
        lines = shapely.linestrings(np.stack([np.broadcast_to(xy, ends.shape), ends], axis=1))
        stopped = np.unique(self._section(floor_z + EYE_M).query(lines, predicate="intersects")[0])
        return RAYS - len(stopped) >= RAYS // 8

    def _stands(self, room: int, z: float, within_m: float) -> bool:
        this = self.rooms[room]
        return this.floor_z - within_m <= z <= this.top_z if self._is_shaft(room) else abs(this.floor_z - z) <= within_m

    def _is_shaft(self, room: int) -> bool:
        return self.rooms[room].use == "lift"

    def _section(self, z: float) -> shapely.STRtree:
        level = round(z / GRID_M)
        if level not in self._sections:
            lines = np.asarray(shapely.linestrings(level_section(self.scene.walls[self._bands.get(math.floor(z), [])], z)), dtype=object)
            first = bisect.bisect_left(self._sills, z - self.rules.door.ground_m)
            doors = [door_outline(door) for door in self._doors[first : bisect.bisect_right(self._sills, z + GRID_M)]]
            self._sections[level] = shapely.STRtree([*lines, *doors])
        return self._sections[level]


def door_outline(door: Door) -> BaseGeometry:
    """The rectangle of a door in plan."""
    along = np.array([door.normal[1], -door.normal[0]]) * door.width_m / 2
    across = door.normal * door.thickness_m / 2
    return shapely.Polygon([door.middle + a * along + b * across for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))])


def _levels(rooms: Sequence[Room]) -> dict[int, tuple[NDArray[np.int64], shapely.STRtree]]:
    levels: dict[int, list[int]] = {}
    for number, room in enumerate(rooms):
        levels.setdefault(SHAFTS if room.use == "lift" else math.floor(room.floor_z), []).append(number)
    return {level: (np.array(here), shapely.STRtree([rooms[number].outline for number in here])) for level, here in levels.items()}


def _bands(walls: Float64) -> dict[int, NDArray[np.int64]]:
    """Metre of height → the triangles that reach into it."""
    if not len(walls):
        return {}
    low, high = (np.floor(end).astype(np.int64) for end in (walls[:, :, 2].min(axis=1), walls[:, :, 2].max(axis=1)))
    triangle = np.repeat(np.arange(len(walls)), high - low + 1)
    first = np.repeat(np.cumsum(high - low + 1) - (high - low + 1), high - low + 1)
    metre = low[triangle] + np.arange(len(triangle)) - first
    order = np.argsort(metre, kind="stable")
    metres, starts = np.unique(metre[order], return_index=True)
    return dict(zip(metres.tolist(), np.split(triangle[order], starts[1:]), strict=True))
