"""Openings without doors: where one steps from room to room and no wall, window, railing or door stands between."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from spatial.mesh import Float64
from twin.queries.routes.plan import BuildingPlan

__all__ = ["Opening", "find_openings"]

Bool = NDArray[np.bool_]

LEVEL_M = 0.3
FAR = (0.02, 0.15, 0.3, 0.45, 0.6)
"""Distances beyond a room's outline at which the other room is looked for, metres."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Opening:
    """A place (2,) where two rooms (numbers) open into each other."""

    rooms: tuple[int, int]
    xy: Float64


def find_openings(plan: BuildingPlan) -> tuple[Opening, ...]:
    """All openings between rooms of one level, at most `wall_m` apart; a wide one is given as several places."""
    rules = plan.rules.opening
    found: list[Opening] = []
    for first, room in enumerate(plan.rooms):
        for second in plan.rooms_near(room.outline, rules.wall_m).tolist():
            other = plan.rooms[second]
            if second > first and "lift" not in (room.use, other.use) and abs(room.floor_z - other.floor_z) <= LEVEL_M:
                floor = max(room.floor_z, other.floor_z)
                found += [Opening(rooms=(first, second), xy=xy) for xy in _between(plan, room.outline, other.outline, floor)]
    return tuple(found)


def _between(plan: BuildingPlan, outline: BaseGeometry, other: BaseGeometry, floor_z: float) -> list[Float64]:
    rules = plan.rules.opening
    near = shapely.buffer(other, rules.wall_m + rules.step_m)
    places: list[Float64] = []
    for start, end in _edges(outline):
        length = float(np.linalg.norm(end - start))
        if length < rules.width_m or not shapely.intersects(near, shapely.LineString([start, end])):
            continue
        along = (end - start) / length
        outward = np.array([along[1], -along[0]])
        middles = (np.arange(int(length / rules.step_m)) + 0.5) * rules.step_m
        points = start + middles[:, None] * along
        free = _is_free(plan, points, outward, other, floor_z)
        for low, high in _runs(free):
            width = (high - low) * rules.step_m
            if width >= rules.width_m:
                count = max(1, int(np.ceil(width / rules.every_m)))
                shares = (np.arange(count) + 0.5) / count * width + low * rules.step_m
                places += list(start + shares[:, None] * along)
    return places


def _is_free(plan: BuildingPlan, points: Float64, outward: Float64, other: BaseGeometry, floor_z: float) -> Bool:
    """At which points on a room's outline one steps straight out of it into the other room."""
    inside = plan.rules.opening.inside_m
    reach = np.full(len(points), np.inf)
    for far in reversed(FAR):
        beyond = points + far * outward
        reach[shapely.contains_xy(other, beyond[:, 0], beyond[:, 1])] = far
    free: Bool = np.isfinite(reach)
    lines = np.stack([points[free] - inside * outward, points[free] + (reach[free] + inside)[:, None] * outward], axis=1)
    free[free] = ~plan.is_barred(lines, floor_z)
    return free


def _edges(outline: BaseGeometry) -> list[tuple[Float64, Float64]]:
    """The straight pieces of an outline, the room on their left."""
    rings = [
        shapely.get_coordinates(ring) for part in shapely.get_parts(outline) for ring in shapely.get_rings(shapely.orient_polygons(part))
    ]
    return [(ring[i], ring[i + 1]) for ring in rings for i in range(len(ring) - 1)]


def _runs(free: Bool) -> list[tuple[int, int]]:
    padded = np.concatenate([[False], free, [False]]).astype(np.int8)
    steps = np.diff(padded)
    return list(zip(np.flatnonzero(steps == 1).tolist(), np.flatnonzero(steps == -1).tolist(), strict=True))
