"""Ways inside one room: from door to door and from its corners, straight where one sees the other, else round the corners.

A *visibility graph* (de Berg et al., Computational Geometry, 15): in a polygon with holes a shortest way turns only at reflex
corners, so that joining what sees each other among doors and corners holds every shortest way. The outline is drawn in first,
so that nobody scrapes along a wall.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely.geometry.base import BaseGeometry

from spatial.mesh import Float64

__all__ = ["OFF_WALLS_M", "RoomWays", "free_floor", "room_ways", "sees"]

OFF_WALLS_M = (0.25, 0.15, 0.05, 0.0)
"""How far off the walls one walks: the first of these that leaves a room in as many pieces as it is."""
SIMPLIFY_M = 0.02
STRAIGHT = 1e-6
TOUCH_M = 1e-6

Pairs = NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoomWays:
    """Nodes `xy` (n, 2) float64 metres, the given portals first, then the corners; `pairs` (m, 2) int32 of nodes joined straight.

    `portals` is how many come first, moved onto the free floor; `reflex` (n,) tells the corners at which ways turn.
    """

    xy: Float64
    pairs: Pairs
    portals: int
    reflex: NDArray[np.bool_]


def free_floor(outline: BaseGeometry) -> BaseGeometry:
    """The part of a room (polygon or multipolygon, metres) on which a person's middle moves."""
    simple = shapely.simplify(outline, SIMPLIFY_M, preserve_topology=True)
    parts = len(shapely.get_parts(simple))
    for off in OFF_WALLS_M[:-1]:
        inner: BaseGeometry = shapely.buffer(simple, -off, join_style="mitre")
        if not inner.is_empty and len(shapely.get_parts(inner)) == parts:
            return shapely.simplify(inner, SIMPLIFY_M, preserve_topology=True)
    return simple


def room_ways(floor: BaseGeometry, portals: ArrayLike) -> RoomWays:
    """The ways of one room over its free floor, between portals (k, 2) metres, each drawn to the nearest point of the floor.

    Corners that do not turn a way are joined to what they see, but not to each other: they are where the room's farthest points
    lie. Cost grows with (portals + reflex corners) × (portals + corners).
    """
    entries = _onto(floor, np.asarray(portals, dtype=np.float64).reshape(-1, 2))
    corners, reflex = _corners(floor)
    xy = np.concatenate([entries, corners])
    turning = np.concatenate([np.ones(len(entries), dtype=bool), reflex])
    first, second = np.triu_indices(len(xy), k=1)
    wanted = turning[first] | turning[second]
    pairs = np.column_stack([first[wanted], second[wanted]]).astype(np.int32)
    seen = sees(floor, xy[pairs[:, 0]], xy[pairs[:, 1]])
    return RoomWays(xy=xy, pairs=pairs[seen], portals=len(entries), reflex=np.concatenate([np.zeros(len(entries), dtype=bool), reflex]))


def sees(floor: BaseGeometry, start: Float64, end: Float64) -> NDArray[np.bool_]:
    """Which straight lines (n,) stay on the floor, to a micrometre."""
    if not len(start):
        return np.zeros(0, dtype=bool)
    slack = shapely.buffer(floor, TOUCH_M, join_style="mitre")
    shapely.prepare(slack)
    return np.asarray(shapely.covers(slack, shapely.linestrings(np.stack([start, end], axis=1))), dtype=np.bool_)


def _onto(floor: BaseGeometry, points: Float64) -> Float64:
    if not len(points):
        return points
    nearest = shapely.shortest_line(np.full(len(points), floor, dtype=object), shapely.points(points))
    return np.asarray(shapely.get_coordinates(nearest).reshape(-1, 2, 2)[:, 0])


def _corners(floor: BaseGeometry) -> tuple[Float64, NDArray[np.bool_]]:
    points, reflex = [np.empty((0, 2))], [np.empty(0, dtype=bool)]
    for part in shapely.get_parts(shapely.force_2d(floor)):
        part = shapely.orient_polygons(part)
        for ring in shapely.get_rings(part):
            corner = shapely.get_coordinates(ring)[:-1]
            back, ahead = corner - np.roll(corner, 1, axis=0), np.roll(corner, -1, axis=0) - corner
            turn = back[:, 0] * ahead[:, 1] - back[:, 1] * ahead[:, 0]
            bent = np.abs(turn) > STRAIGHT
            points.append(corner[bent])
            reflex.append(turn[bent] < 0)
    return np.concatenate(points), np.concatenate(reflex)
