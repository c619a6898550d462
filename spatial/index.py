"""The spatial index: boxes in a 3D R-tree, exact tests on prisms after it; a cache of the store at one revision.

A *prism* is a footprint over a z range: closed in plan (its boundary belongs to it), closed below and open above in z, so
that a point on the slab between two storeys lies in the upper one only. A footprint of None is the box itself. What is no prism (an
attic) is a closed solid: distances and boxes are those of its faces.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import rtree
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely.geometry.base import BaseGeometry

from spatial.errors import SpatialError
from spatial.mesh import Float64
from spatial.section import shade
from spatial.solid import Solids

__all__ = ["Hit", "SpatialIndex"]

NO_SOLID = -1
FEW = 32
"""So many footprints are compared faster than sorted out by their boxes first."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A feature and its distance to the point asked about, in metres."""

    id: str
    distance_m: float


@dataclass(frozen=True, slots=True, eq=False)
class SpatialIndex:
    """Built once, never updated: rebuild it for a new revision (165 moves a second against 500,000 boxes built).

    `revision` says which state of the store it is a cache of. All coordinates are site_xyz metres.
    """

    revision: str
    ids: tuple[str, ...]
    boxes: Float64
    footprints: NDArray[np.object_]
    z_ranges: Float64
    solid: NDArray[np.int64]
    solids: Solids
    _tree: rtree.index.Index
    _boxes_are_ranges: bool

    @classmethod
    def build(
        cls,
        ids: Sequence[str],
        boxes: ArrayLike,
        footprints: Sequence[BaseGeometry | None] | None = None,
        z_ranges: ArrayLike | None = None,
        solids: Mapping[int, Float64] | None = None,
        *,
        revision: str,
    ) -> Self:
        """From ids, boxes (n, 2, 3) as lowest and highest corner, footprints, z ranges (n, 2); by default those of the boxes.

        `solids` are the faces (t, 3, 3) of rows that are closed and no prisms: their footprint and z range are those of the faces.
        The tree holds the boxes grown to cover footprint and z range. Raises SpatialError where lengths differ, a number is not
        finite, or a low end is above its high end.
        """
        own = np.array(boxes, dtype=np.float64).reshape(-1, 2, 3)
        ranges = own[:, :, 2].copy() if z_ranges is None else np.array(z_ranges, dtype=np.float64).reshape(-1, 2)
        plans: list[BaseGeometry | None] = [None] * len(own) if footprints is None else list(footprints)
        if not len(ids) == len(own) == len(ranges) == len(plans):
            raise SpatialError(f"{len(ids)} ids, {len(own)} boxes, {len(plans)} footprints, {len(ranges)} z ranges")
        if not (np.isfinite(own).all() and np.isfinite(ranges).all()):
            raise SpatialError("a box or z range is not finite")
        if (own[:, 0] > own[:, 1]).any() or (ranges[:, 0] > ranges[:, 1]).any():
            raise SpatialError("a box or z range has its low end above its high end")
        given = dict(solids or {})
        number = np.full(len(own), NO_SOLID, dtype=np.int64)
        number[list(given)] = np.arange(len(given))
        for row, faces in given.items():
            plans[row] = shade(faces, -np.inf, np.inf)
            ranges[row] = faces[:, :, 2].min(), faces[:, :, 2].max()
        shapes = np.array([None] * len(own), dtype=object)
        for i, plan in enumerate(plans):
            rectangle = shapely.box(own[i, 0, 0], own[i, 0, 1], own[i, 1, 0], own[i, 1, 1])
            shapes[i] = rectangle if plan is None or plan.is_empty else plan
        shapely.prepare(shapes)
        plan_bounds = shapely.bounds(shapes).reshape(-1, 2, 2)
        cover = np.concatenate([plan_bounds, ranges[:, :, None]], axis=2)
        grown = np.stack([np.minimum(own[:, 0], cover[:, 0]), np.maximum(own[:, 1], cover[:, 1])], axis=1)
        same = bool(np.array_equal(grown[:, :, 2], ranges))
        return cls(revision, tuple(ids), grown, shapes, ranges, number, Solids.of(list(given.values())), _bulk_tree(grown), same)

    def __len__(self) -> int:
        return len(self.ids)

    def within_box(self, low: ArrayLike, high: ArrayLike) -> list[str]:
        """Ids, in the order built, whose prism meets the closed box between two corners (3,): touching counts, in z too."""
        return [self.ids[row] for row in self.rows_within_box(low, high)]

    def rows_within_box(self, low: ArrayLike, high: ArrayLike) -> NDArray[np.int64]:
        """As `within_box`, the rows."""
        a, b = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
        if not self.ids:
            return np.zeros(0, dtype=np.int64)
        found = np.fromiter(self._tree.intersection((*a.tolist(), *b.tolist())), dtype=np.int64)
        found.sort()
        if not self._boxes_are_ranges:
            found = found[(self.z_ranges[found, 0] <= b[2]) & (self.z_ranges[found, 1] >= a[2])]
        plan = shapely.box(a[0], a[1], b[0], b[1])
        if len(found) <= FEW:
            return self.meeting(found[shapely.intersects(self.footprints[found], plan)], plan, float(a[2]), float(b[2]))
        boxes = self.boxes[found]
        inside = ((boxes[:, 0, :2] >= a[:2]) & (boxes[:, 1, :2] <= b[:2])).all(axis=1)
        crossing = found[~inside]
        met = crossing[shapely.intersects(self.footprints[crossing], plan)]
        return self.meeting(np.sort(np.concatenate([found[inside], met])), plan, float(a[2]), float(b[2]))

    def meeting(self, found: NDArray[np.int64], plan: BaseGeometry, low: float, high: float) -> NDArray[np.int64]:
        """Of rows whose footprint meets a plan and whose z range two heights those that meet the plan between them: solids by faces."""
        if not len(self.solids.starts) - 1:
            return found
        odd = np.flatnonzero(self.solid[found] != NO_SOLID)
        met = np.ones(len(found), dtype=bool)
        met[odd] = [bool(shapely.intersects(shade(self._faces(row), low, high), plan)) for row in found[odd].tolist()]
        return found[met]

    def _faces(self, row: int) -> Float64:
        number = self.solid[row]
        return np.asarray(self.solids.triangles[self.solids.starts[number] : self.solids.starts[number + 1]])

    def at_point(self, site_xyz: ArrayLike) -> list[str]:
        """Ids, in the order built, of the prisms that hold one point (3,): footprint covers its xy, z_min ≤ z < z_max."""
        return self.at_points(np.asarray(site_xyz, dtype=np.float64)[None])[0]

    def at_points(self, site_xyz: ArrayLike) -> list[list[str]]:
        """As `at_point` for points (m, 3): a list of ids for each."""
        points = np.asarray(site_xyz, dtype=np.float64).reshape(-1, 3)
        found, counts = self._stream(points, points)
        asked = np.repeat(np.arange(len(points)), counts)
        z, ranges = points[asked, 2], self.z_ranges[found]
        hit = (ranges[:, 0] <= z) & (z < ranges[:, 1])
        found, asked = found[hit], asked[hit]
        covered = shapely.intersects_xy(self.footprints[found], points[asked, 0], points[asked, 1])
        order = np.lexsort((found[covered], asked[covered]))
        result: list[list[str]] = [[] for _ in points]
        for i, k in zip(found[covered][order], asked[covered][order], strict=True):
            result[k].append(self.ids[i])
        return result

    def nearest(self, site_xyz: ArrayLike, k: int = 1) -> list[Hit]:
        """The k features whose closed prisms are nearest to a point (3,), nearest first, ties in the order built.

        The distance is Euclidean to the prism, 0 inside it. Fewer than k only where there are fewer features.
        """
        rows, distance = self.nearest_rows(site_xyz, k)
        return [Hit(self.ids[row], float(metres)) for row, metres in zip(rows, distance, strict=True)]

    def nearest_rows(self, site_xyz: ArrayLike, k: int, among: NDArray[np.bool_] | None = None) -> tuple[NDArray[np.int64], Float64]:
        """As `nearest`, rows and metres; `among` says of each row whether it counts.

        The tree's nearest boxes give an upper bound; every box within it is then measured exactly.
        """
        if k < 1:
            raise SpatialError(f"k = {k}: ask for at least one")
        there = len(self.ids) if among is None else int(np.count_nonzero(among))
        if not there:
            return np.zeros(0, dtype=np.int64), np.zeros(0)
        point = np.asarray(site_xyz, dtype=np.float64)
        bound = self._bound(point, min(k, there), among)
        reach = np.nextafter(bound, np.inf) + 1e-9 * (1.0 + bound)
        found = self._candidates(point[None] - reach, point[None] + reach)[0]
        found = found if among is None else found[among[found]]
        distance = self.distances(found, point)
        order = np.lexsort((found, distance))[:k]
        return found[order], distance[order]

    def _bound(self, point: Float64, k: int, among: NDArray[np.bool_] | None) -> float:
        """A distance within which there are k that count."""
        asked = k
        while True:
            first, _ = self._tree.nearest_v(point[None], point[None], num_results=min(asked, len(self.ids)))
            counting = first if among is None else first[among[first]]
            if len(counting) >= k:
                return float(np.sort(self.distances(counting, point))[k - 1])
            asked *= 4

    def distances(self, found: NDArray[np.int64], point: Float64) -> Float64:
        """Metres from a point (3,) to the closed prisms of some rows, to the solids of those that are none."""
        plan = shapely.distance(self.footprints[found], shapely.Point(point[0], point[1]))
        z = self.z_ranges[found]
        metres = np.asarray(np.hypot(plan, np.maximum(np.maximum(z[:, 0] - point[2], point[2] - z[:, 1]), 0.0)))
        odd = np.flatnonzero(self.solid[found] != NO_SOLID)
        if len(odd):
            number, at = self.solid[found[odd]], np.broadcast_to(point, (len(odd), 3))
            metres[odd] = np.where(self.solids.hold(number, at), 0.0, self.solids.surface_distance(number, at))
        return metres

    def _candidates(self, low: Float64, high: Float64) -> list[NDArray[np.int64]]:
        found, counts = self._stream(low, high)
        return np.split(found, np.cumsum(counts)[:-1])

    def _stream(self, low: Float64, high: Float64) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        if not self.ids or not len(low):
            return np.zeros(0, dtype=np.int64), np.zeros(len(low), dtype=np.int64)
        found, counts = self._tree.intersection_v(np.ascontiguousarray(low), np.ascontiguousarray(high))
        return np.asarray(found, dtype=np.int64), np.asarray(counts, dtype=np.int64)


def _bulk_tree(boxes: Float64) -> rtree.index.Index:
    properties = rtree.index.Property(dimension=3)
    if not len(boxes):
        return rtree.index.Index(properties=properties)
    stream = (np.arange(len(boxes), dtype=np.int64), np.ascontiguousarray(boxes[:, 0]), np.ascontiguousarray(boxes[:, 1]))
    return rtree.index.Index(stream, properties=properties, interleaved=True)
