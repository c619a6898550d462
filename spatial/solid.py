"""Closed solids of triangles: whether they hold a point, and how far their surface is from one; many pairs at once.

A solid holds its surface where it is a floor or a wall, and not where it is a ceiling, as a prism does. Crossings of an upward ray
are counted by a half-open rule on edges that both neighbours compute alike, so the winding of the faces does not matter.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from spatial.cells import flat_ranges
from spatial.mesh import Float64

__all__ = ["Solids", "is_closed", "is_prism"]

SURFACE_M = 1e-6
GRID_M = 1e-4
LEVEL_M = 2e-3
UPRIGHT = 2e-3
AT_ONCE = 400_000
AROUND = SURFACE_M * np.array([[0.0, 0.0], [1.0, 1.0], [-1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]])


def is_prism(triangles: Float64) -> bool:
    """Whether faces (n, 3, 3) are all upright, or level at the lowest or the highest z, within 2 mm
    and 2 mm a metre: the ups of a model and of the site differ by 1/R per metre of distance.

    The area of level faces decides nothing: a solid of one footprint and another volume has a face that is neither.
    """
    z = triangles[:, :, 2]
    low, high = float(z.min()), float(z.max())
    normals = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    size = np.linalg.norm(normals, axis=1)
    upright = np.abs(normals[:, 2]) <= UPRIGHT * size
    at_bottom, at_top = (z <= low + LEVEL_M).all(axis=1), (z >= high - LEVEL_M).all(axis=1)
    return bool((upright | at_bottom | at_top).all())


def is_closed(triangles: Float64) -> bool:
    """Whether each edge of the faces (n, 3, 3), corners within 0.1 mm taken as one, belongs to an even number of them."""
    points = np.rint(triangles.reshape(-1, 3) / GRID_M).astype(np.int64)
    corner = np.unique(points, axis=0, return_inverse=True)[1].reshape(-1, 3)
    edges = np.sort(np.concatenate([corner[:, [0, 1]], corner[:, [1, 2]], corner[:, [2, 0]]]), axis=1)
    edges = edges[edges[:, 0] != edges[:, 1]]
    return bool((np.unique(edges, axis=0, return_counts=True)[1] % 2 == 0).all())


@dataclass(frozen=True, slots=True, eq=False)
class Solids:
    """Triangles (t, 3, 3) float64 metres of s closed solids one after another; `starts` (s + 1,)."""

    triangles: Float64
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, solids: Sequence[Float64]) -> Self:
        """From one (n, 3, 3) array a solid."""
        counts = np.array([0, *(len(one) for one in solids)], dtype=np.int64)
        return cls(np.concatenate(solids) if solids else np.zeros((0, 3, 3)), np.cumsum(counts))

    def hold(self, solid: NDArray[np.int64], points: Float64) -> NDArray[np.bool_]:
        """Whether solid[i] holds points[i] (m, 3): below an odd number of its faces, here or within 1 µm in plan."""
        held = np.zeros(len(points), dtype=bool)
        for shift in AROUND:
            open_ = np.flatnonzero(~held)
            moved = points[open_] + np.array([shift[0], shift[1], 0.0])
            held[open_] = self._crossings(solid[open_], moved) % 2 == 1
        return held

    def surface_distance(self, solid: NDArray[np.int64], points: Float64) -> Float64:
        """Metres from points[i] (m, 3) to the surface of solid[i]."""
        distance = np.full(len(points), np.inf)
        for part in self._parts(solid):
            pair, triangle = self._with_triangles(solid, part)
            np.minimum.at(distance, pair, _triangle_distance(points[pair], self.triangles[triangle]))
        return distance

    def _crossings(self, solid: NDArray[np.int64], points: Float64) -> NDArray[np.int64]:
        count = np.zeros(len(points), dtype=np.int64)
        for part in self._parts(solid):
            pair, triangle = self._with_triangles(solid, part)
            above = _is_below(points[pair], self.triangles[triangle])
            count += np.bincount(pair[above], minlength=len(points))
        return count

    def _parts(self, solid: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        load = np.cumsum(self.starts[solid + 1] - self.starts[solid])
        return np.split(np.arange(len(solid)), np.searchsorted(load, np.arange(AT_ONCE, load[-1], AT_ONCE))) if len(solid) else []

    def _with_triangles(self, solid: NDArray[np.int64], part: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        first = self.starts[solid[part]]
        counts = self.starts[solid[part] + 1] - first
        return np.repeat(part, counts), flat_ranges(first, counts)


def _is_below(points: Float64, triangles: Float64) -> NDArray[np.bool_]:
    """Whether the ray upwards from points[i] crosses triangles[i]; points on a face count as not below it."""
    crossings = np.zeros(len(points), dtype=np.int64)
    for i in range(3):
        crossings += _passes(points, triangles[:, i], triangles[:, (i + 1) % 3])
    inside = crossings % 2 == 1
    a, b, c = triangles[:, 0], triangles[:, 1], triangles[:, 2]
    normal = np.cross(b - a, c - a)
    flat = np.abs(normal[:, 2]) <= 1e-12
    lift = np.divide(((a - points) * normal).sum(axis=1), normal[:, 2], out=np.zeros(len(points)), where=~flat)
    return np.asarray(inside & ~flat & (lift > 0))


def _passes(points: Float64, start: Float64, end: Float64) -> NDArray[np.bool_]:
    """Whether a plan ray towards +x passes the edge; the edge is taken from its lower end, so that neighbours agree to the bit."""
    swap = (start[:, 1] > end[:, 1]) | ((start[:, 1] == end[:, 1]) & (start[:, 0] > end[:, 0]))
    low, high = np.where(swap[:, None], end, start), np.where(swap[:, None], start, end)
    y = points[:, 1]
    spans = (low[:, 1] <= y) & (y < high[:, 1])
    side = (high[:, 0] - low[:, 0]) * (y - low[:, 1]) - (points[:, 0] - low[:, 0]) * (high[:, 1] - low[:, 1])
    return np.asarray(spans & (side > 0))


def _triangle_distance(points: Float64, triangles: Float64) -> Float64:
    """Distance of points[i] to triangles[i]: to the plane where the foot lies within, else to the nearest edge."""
    a, b, c = triangles[:, 0], triangles[:, 1], triangles[:, 2]
    normal = np.cross(b - a, c - a)
    size = np.linalg.norm(normal, axis=1)
    unit = np.divide(normal, size[:, None], out=np.zeros_like(normal), where=size[:, None] > 0)
    inside = size > 0
    nearest = np.full(len(points), np.inf)
    for start, end in ((a, b), (b, c), (c, a)):
        inside &= (np.cross(end - start, points - start) * unit).sum(axis=1) >= 0
        nearest = np.minimum(nearest, _edge_distance(points, start, end))
    return np.where(inside, np.abs(((points - a) * unit).sum(axis=1)), nearest)


def _edge_distance(points: Float64, start: Float64, end: Float64) -> Float64:
    along = end - start
    length = (along**2).sum(axis=1)
    t = np.divide(((points - start) * along).sum(axis=1), length, out=np.zeros(len(points)), where=length > 0)
    return np.asarray(np.linalg.norm(points - start - np.clip(t, 0, 1)[:, None] * along, axis=1))
