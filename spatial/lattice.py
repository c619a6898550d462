"""Points of nested lattices inside many areas at once: each level halves the area per point and keeps the points of the levels above.

Level L is a square grid of pitch 1024 m / √2^L, every second one turned by 45°; its points are at least that pitch apart. So the
first n points of an area are the same however many more are asked for, and their distance is known without measuring it.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from spatial.mesh import Float64

__all__ = ["Lattices", "edges_of", "first_nodes", "level_pitch", "to_axes", "to_plan"]

PITCH_M = 1024.0
FINEST = 60
ORIGIN_LEVEL = -1000

Int64 = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lattices:
    """One lattice an area: `angle` (n,) radians of its first axis, `origin` (n, 2) metres of node (0, 0) in those turned axes,
    `seed` (n,) uint64 that orders the points of a level."""

    angle: Float64
    origin: Float64
    seed: NDArray[np.uint64]


def level_pitch(levels: Int64) -> Float64:
    """Least distance in metres between points of levels up to these: 1024.0 at level 0, 1.0 at level 20."""
    return PITCH_M * np.exp2(-levels / 2)


def to_axes(xy: Float64, angle: Float64) -> Float64:
    """Points (n, 2) in axes turned by `angle` (n,) radians anticlockwise."""
    cos, sin = np.cos(angle), np.sin(angle)
    return np.column_stack((xy[:, 0] * cos + xy[:, 1] * sin, xy[:, 1] * cos - xy[:, 0] * sin))


def to_plan(xy: Float64, angle: Float64) -> Float64:
    """Points (n, 2) out of axes turned by `angle` (n,): the inverse of `to_axes`."""
    return to_axes(xy, -angle)


def edges_of(areas: NDArray[np.object_]) -> tuple[Float64, Int64]:
    """Edges (n, 4) of polygons and multipolygons, x and y of start and end in metres, and which area each belongs to."""
    polygons, area = shapely.get_parts(areas, return_index=True)
    rings, polygon = shapely.get_rings(polygons, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    same = ring[1:] == ring[:-1]
    return np.hstack((xy[:-1], xy[1:]))[same], area[polygon[ring[:-1][same]]]


def first_nodes(areas: NDArray[np.object_], counts: Int64, lattices: Lattices) -> tuple[Float64, Int64, Int64]:
    """The first `counts[i]` lattice points of area i: points (n, 2) float64 metres, their levels, their areas; by area, coarse first.

    Fewer where an area is so small that not even level 60 (1 µm) has as many; an area is a polygon or disjoint polygons.
    """
    edges, owner = edges_of(areas)
    angle = lattices.angle[owner]
    edges = np.hstack((to_axes(edges[:, :2], angle), to_axes(edges[:, 2:], angle))) - np.tile(lattices.origin, 2)[owner]
    wanted = counts * PITCH_M**2 / np.maximum(shapely.area(areas), 1e-12)
    level = np.clip(np.ceil(np.log2(np.maximum(wanted, 1.0))), 2, FINEST).astype(np.int64)
    parts = []
    pending = counts > 0
    while pending.any():
        asked = pending[owner]
        nodes, area = _nodes_within(edges[asked], owner[asked], level)
        done = pending & ((np.bincount(area, minlength=len(areas)) >= counts) | (level >= FINEST))
        parts.append(_first(nodes[done[area]], area[done[area]], level, counts, lattices.seed))
        pending &= ~done
        level = np.where(pending, level + 1, level)
    xy, levels, area = (np.concatenate(columns) for columns in zip(*parts, strict=True)) if parts else _nothing()
    order = np.argsort(area, kind="stable")
    xy, area = xy[order], area[order]
    return to_plan(xy + lattices.origin[area], lattices.angle[area]), levels[order], area


def _nothing() -> tuple[Float64, Int64, Int64]:
    return np.empty((0, 2)), np.empty(0, np.int64), np.empty(0, np.int64)


def _step(level: Int64) -> Float64:
    return PITCH_M * np.exp2(-((level + 1) // 2).astype(np.float64))


def _nodes_within(edges: Float64, owner: Int64, level: Int64) -> tuple[Int64, Int64]:
    """Integer nodes (n, 2) of each area's levels up to its `level`, and their areas: scan lines with the even-odd rule."""
    x0, y0, x1, y1 = (edges / _step(level)[owner, None]).T
    first, last = np.ceil(np.minimum(y0, y1)).astype(np.int64), np.ceil(np.maximum(y0, y1)).astype(np.int64)
    edge, row = _ranges(first, last - first)
    at = x0[edge] + (row - y0[edge]) * (x1[edge] - x0[edge]) / (y1[edge] - y0[edge])
    order = np.lexsort((at, row, owner[edge]))
    at, opening = at[order], order[::2]
    start = np.ceil(at[::2]).astype(np.int64)
    line, column = _ranges(start, np.maximum(np.floor(at[1::2]).astype(np.int64) - start + 1, 0))
    nodes, area = np.column_stack((column, row[opening][line])), owner[edge[opening]][line]
    kept = (level[area] % 2 == 0) | (((nodes[:, 0] + nodes[:, 1]) & 1) == 0)
    return nodes[kept], area[kept]


def _ranges(start: Int64, length: Int64) -> tuple[Int64, Int64]:
    """Every integer of the ranges that begin at `start`, and the range it is of."""
    of = np.repeat(np.arange(len(length)), length)
    return of, np.arange(len(of)) - (np.cumsum(length) - length - start)[of]


def _first(nodes: Int64, area: Int64, level: Int64, counts: Int64, seed: NDArray[np.uint64]) -> tuple[Float64, Int64, Int64]:
    reduced, levels = _levels(nodes, level[area])
    order = np.lexsort((_scatter(reduced, seed[area]), levels, area))
    area = area[order]
    rank = np.arange(len(area)) - np.searchsorted(area, area)
    order = order[rank < counts[area]]
    area = area[rank < counts[area]]
    return nodes[order] * _step(level)[area, None], levels[order], area


def _levels(nodes: Int64, level: Int64) -> tuple[Int64, Int64]:
    """Each node in steps of the coarsest grid that has it, and the level of that grid; node (0, 0) comes before all levels."""
    both = nodes[:, 0] | nodes[:, 1]
    zeros = np.log2(np.maximum(both & -both, 1).astype(np.float64)).astype(np.int64)
    reduced = nodes >> zeros[:, None]
    turned = reduced[:, 0] & reduced[:, 1] & 1
    return reduced, np.where(both == 0, ORIGIN_LEVEL, 2 * ((level + 1) // 2 - zeros) - turned)


def _scatter(nodes: Int64, seed: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A well-mixed number per node (splitmix64), so that a half-filled level is spread over the whole area."""
    mixed = (nodes[:, 0].astype(np.uint64) << np.uint64(32)) ^ (nodes[:, 1].astype(np.uint64) & np.uint64(0xFFFFFFFF))
    mixed += seed
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    scattered: NDArray[np.uint64] = mixed ^ (mixed >> np.uint64(31))
    return scattered
