"""Footprints to plain buildings, walls to ribbons: prisms over the ground."""

from collections.abc import Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from cim.ground import Ground
from cim.triangulate import polygons_to_triangles
from spatial.mesh import Float64

__all__ = ["base_of", "block", "box", "level", "prism", "slab", "storeyed_block", "walls"]

PARAPET_M = 0.6
PARAPET_WIDTH_M = 0.3
PARAPET_FROM_M2 = 60.0
SLAB_M = 0.15


def base_of(footprint: BaseGeometry, ground: Ground) -> tuple[float, bool]:
    """The lowest ground under a footprint's edge in metres z, and whether part of it lies beside the terrain."""
    edge = shapely.get_coordinates(shapely.segmentize(footprint, max(ground.step, 2.0)))
    z, outside = ground.sample_or_nearest(edge)
    return float(z.min()), bool(outside.any())


def block(footprint: BaseGeometry, low: float, high: float) -> tuple[Float64, Float64]:
    """Walls and flat roofs (m, 3, 3) of a building from z `low` to `high`; larger ones get a parapet of 0.6 m within that height."""
    wall, roof = [], []
    for polygon in shapely.get_parts(footprint):
        inner = shapely.buffer(polygon, -PARAPET_WIDTH_M, join_style="mitre")
        if polygon.area < PARAPET_FROM_M2 or high - low < 3 * PARAPET_M or inner.geom_type != "Polygon" or inner.is_empty:
            wall.append(walls(polygon, low, high))
            roof.append(level(polygon, high))
            continue
        wall += [walls(polygon, low, high), walls(inner, high - PARAPET_M, high)[:, ::-1], level(polygon.difference(inner), high)]
        roof.append(level(inner, high - PARAPET_M))
    return np.concatenate(wall), np.concatenate(roof)


def storeyed_block(footprint: BaseGeometry, heights: Sequence[tuple[float, float]], high: float) -> tuple[list[Float64], Float64, Float64]:
    """A building cut into its storeys: the wall band and floor of each, then the walls above the uppermost and the roofs up to z `high`.

    `heights` are the storeys' z ranges from below; what `block` would draw from the lowest floor to `high` is drawn once.
    """
    bands = [np.concatenate([walls(footprint, low, top), slab(footprint, low)]) for low, top in heights]
    top = heights[-1][1]
    wall, roof = block(footprint, top, high) if high - top > SLAB_M else (np.empty((0, 3, 3)), level(footprint, top))
    return bands, wall, roof


def slab(footprint: BaseGeometry, z: float) -> Float64:
    """A floor (m, 3, 3) with its upper side at z, seen from above and below."""
    return np.concatenate([level(footprint, z), level(footprint, z - SLAB_M)[:, ::-1]])


def prism(footprint: BaseGeometry, low: float, high: float) -> Float64:
    """Sides and top (m, 3, 3) of a footprint between two heights; no floor, it stands on the ground."""
    return np.concatenate([walls(footprint, low, high), level(footprint, high)])


def walls(footprint: BaseGeometry, low: float, high: float) -> Float64:
    """The sides of a prism, facing away from the footprint and into its holes."""
    quads = []
    for polygon in shapely.get_parts(shapely.orient_polygons(footprint)):
        for ring in (polygon.exterior, *polygon.interiors):
            points = shapely.get_coordinates(ring)
            a, b = points[:-1], points[1:]
            foot_a, foot_b = (np.column_stack([p, np.full(len(p), low)]) for p in (a, b))
            top_a, top_b = (np.column_stack([p, np.full(len(p), high)]) for p in (a, b))
            quads += [np.stack([foot_a, foot_b, top_b], axis=1), np.stack([foot_a, top_b, top_a], axis=1)]
    return np.concatenate(quads)


def box(low: Float64, high: Float64) -> Float64:
    """The six sides (12, 3, 3) of an upright box between two corners (3,), facing outward."""
    plan = shapely.box(low[0], low[1], high[0], high[1])
    floor = level(plan, float(low[2]))[:, ::-1]
    return np.concatenate([prism(plan, float(low[2]), float(high[2])), floor])


def level(footprint: BaseGeometry, z: float) -> Float64:
    """A footprint (m, 3, 3) at z, facing up."""
    flat, _ = polygons_to_triangles([footprint])
    return np.concatenate([flat, np.full((len(flat), 3, 1), z)], axis=2)
