"""Bodies: rooms, storeys, buildings, zones as columns of prisms and solids; which hold a point, which are within reach of it.

A *prism* is a footprint over a z range: closed in plan (its boundary belongs to it), closed below and open above, so that a point on
the slab between two storeys lies in the upper one only. What is no prism (an attic) is a closed solid of triangles.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from spatial.cells import Cells, Int64, Pairs
from spatial.errors import SpatialError
from spatial.mesh import Float64
from spatial.solid import Solids

__all__ = ["Bodies", "Reach"]

NO_SOLID = -1


@dataclass(frozen=True, slots=True, eq=False)
class Reach:
    """Which bodies a ball meets: pairs of numbers; `wholly` says that the ball lies in the body."""

    point: Int64
    row: Int64
    wholly: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Bodies:
    """n bodies in site_xyz metres; `rank` orders them innermost first (smallest volume, then the order built)."""

    footprints: NDArray[np.object_]
    z_ranges: Float64
    solid: Int64
    solids: Solids
    rank: Int64
    _cells: Cells
    _by_rank: Int64
    _edges: NDArray[np.object_]

    @classmethod
    def build(cls, footprints: Sequence[BaseGeometry], z_ranges: Float64, solids: Mapping[int, Float64] | None = None) -> Self:
        """From footprints, z ranges (n, 2) and, for rows that are no prisms, triangles (t, 3, 3) of a closed solid.

        Raises SpatialError for an empty footprint, a number that is not finite, or a low end above its high end.
        """
        shapes = np.empty(len(footprints), dtype=object)
        shapes[:] = list(footprints)
        ranges = np.asarray(z_ranges, dtype=np.float64).reshape(-1, 2)
        plan = shapely.bounds(shapes).reshape(-1, 2, 2)
        boxes = np.concatenate([plan, ranges[:, :, None]], axis=2)
        if len(ranges) != len(shapes) or not np.isfinite(boxes).all() or (ranges[:, 0] > ranges[:, 1]).any():
            raise SpatialError("each body needs a footprint and a z range, finite and the right way round")
        own = dict(solids or {})
        number = np.full(len(shapes), NO_SOLID, dtype=np.int64)
        volume = shapely.area(shapes) * (ranges[:, 1] - ranges[:, 0])
        for i, (row, triangles) in enumerate(own.items()):
            number[row] = i
            boxes[row] = triangles.min(axis=(0, 1)), triangles.max(axis=(0, 1))
            corners = triangles - triangles[0, 0]
            volume[row] = abs(np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6)
        shapely.prepare(shapes)
        edges = np.asarray(shapely.boundary(shapes), dtype=object)
        shapely.prepare(edges)
        by_rank = np.lexsort((np.arange(len(shapes)), np.round(volume, 6))).astype(np.int64)
        rank = np.empty_like(by_rank)
        rank[by_rank] = np.arange(len(by_rank))
        return cls(shapes, ranges, number, Solids.of(list(own.values())), rank, Cells.build(boxes), by_rank, edges)

    def __len__(self) -> int:
        return len(self.footprints)

    def holding(self, points: Float64) -> Pairs:
        """Which bodies hold which points (m, 3); pairs in no order."""
        point, row = self._cells.at_points(points)
        keep = np.ones(len(row), dtype=bool)
        prism = self.solid[row] == NO_SOLID
        z = points[point, 2]
        keep[prism] = ((self.z_ranges[row, 0] <= z) & (z < self.z_ranges[row, 1]))[prism]
        at = np.flatnonzero(prism & keep)
        keep[at] = shapely.intersects_xy(self.footprints[row[at]], points[point[at], 0], points[point[at], 1])
        other = np.flatnonzero(~prism)
        if len(other):
            keep[other] = self.solids.hold(self.solid[row[other]], points[point[other]])
        return point[keep], row[keep]

    def innermost(self, pairs: Pairs, points: int, known: NDArray[np.bool_] | None = None) -> Int64:
        """For each of so many points the innermost row of the pairs that is known, -1 for none."""
        point, row = pairs
        if known is not None:
            seen = known[row]
            point, row = point[seen], row[seen]
        best = np.full(points, len(self), dtype=np.int64)
        np.minimum.at(best, point, self.rank[row])
        return np.append(self._by_rank, -1)[best]

    def reach(self, points: Float64, radius_m: Float64) -> Reach:
        """Which bodies the closed balls of radius_m (m,) around points (m, 3) meet; a point without a height (NaN) is an upright line."""
        low, high = points - radius_m[:, None], points + radius_m[:, None]
        line = np.isnan(points[:, 2])
        low[line, 2], high[line, 2] = -np.inf, np.inf
        point, row = self._cells.meeting(low, high)
        meets, wholly = self._prism_reach(points[point], row, radius_m[point])
        solid = np.flatnonzero((self.solid[row] != NO_SOLID) & ~line[point])
        if len(solid):
            number, at, radius = self.solid[row[solid]], points[point[solid]], radius_m[point[solid]]
            held, surface = self.solids.hold(number, at), self.solids.surface_distance(number, at)
            meets[solid] = held | ((surface <= radius) & (radius > 0))
            wholly[solid] = held & (surface >= radius)
        return Reach(point[meets], row[meets], wholly[meets])

    def _prism_reach(self, points: Float64, row: Int64, radius: Float64) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Whether balls meet prisms and lie in them; above a prism, which is open there, touching is no meeting."""
        z, low, high = points[:, 2], self.z_ranges[row, 0], self.z_ranges[row, 1]
        line = np.isnan(z)
        below, above = np.where(line, 0.0, np.maximum(low - z, 0.0)), np.where(line | (z < high), 0.0, z - high)
        meets = (below <= radius) & (line | (z < high) | (above < radius))
        plan_m = np.sqrt(np.maximum(radius**2 - below**2 - above**2, 0.0))
        some = np.flatnonzero(meets)
        meets[some] = _dwithin(self.footprints[row[some]], points[some], plan_m[some])
        wholly = meets & ~line & (z - radius >= low) & (z + radius < high)
        some = np.flatnonzero(wholly)
        wholly[some] = shapely.intersects_xy(self.footprints[row[some]], points[some, 0], points[some, 1])
        some = np.flatnonzero(wholly & (radius > 0))
        inside_m = np.nextafter(radius[some], 0.0)
        wholly[some] = ~_dwithin(self._edges[row[some]], points[some], inside_m)
        return meets, wholly


def _dwithin(shapes: NDArray[np.object_], points: Float64, metres: Float64) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = shapely.dwithin(shapes, shapely.points(points[:, :2]), metres)  # type: ignore[call-overload]
    return found
