"""A building as routes see it: its rooms found by place, its walls cut at any height, what lies inside it."""

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from spatial.mesh import Float64
from spatial.section import level_section
from twin.queries.routes.rules import Rules
from twin.queries.routes.scene import BuildingScene, Door

__all__ = ["BuildingPlan", "door_outline"]

GRID_M = 0.1
EYE_M = 1.0
RAYS = 32
FAR_M = 300.0


class BuildingPlan:
    """Finds rooms and walls of one building; sections are cut once a height."""

    def __init__(self, scene: BuildingScene, rules: Rules) -> None:
        self.scene = scene
        self.rules = rules
        self.rooms = scene.rooms
        self.floors = np.array([room.floor_z for room in scene.rooms])
        self._tree = shapely.STRtree([room.outline for room in scene.rooms])
        self._sections: dict[int, shapely.STRtree] = {}
        for room in scene.rooms:
            shapely.prepare(room.outline)

    def rooms_near(self, place: BaseGeometry, distance_m: float) -> NDArray[np.int64]:
        """Numbers of the rooms whose outline comes within a distance of a place in plan, whatever their height, nearest first."""
        found = np.sort(self._tree.query(place, predicate="dwithin", distance=distance_m))
        away = shapely.distance(self._tree.geometries[found], place)
        return np.asarray(found[np.argsort(away, kind="stable")])

    def find_room(self, xy: Float64, z: float, within_m: float) -> int | None:
        """The room that holds a point in plan and whose floor is within a height of z; of several the one with the nearest floor."""
        found = self._tree.query(shapely.Point(xy), predicate="intersects")
        near = [int(room) for room in found if self._stands(int(room), z, within_m)]
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
        return this.floor_z - within_m <= z <= this.top_z if this.use == "lift" else abs(this.floor_z - z) <= within_m

    def _section(self, z: float) -> shapely.STRtree:
        level = round(z / GRID_M)
        if level not in self._sections:
            lines = np.asarray(shapely.linestrings(level_section(self.scene.walls, z)), dtype=object)
            doors = [door_outline(door) for door in self.scene.doors if door.sill_z - GRID_M <= z <= door.sill_z + self.rules.door.ground_m]
            self._sections[level] = shapely.STRtree([*lines, *doors])
        return self._sections[level]


def door_outline(door: Door) -> BaseGeometry:
    """The rectangle of a door in plan."""
    along = np.array([door.normal[1], -door.normal[0]]) * door.width_m / 2
    across = door.normal * door.thickness_m / 2
    return shapely.Polygon([door.middle + a * along + b * across for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))])
