"""Points by the million: sorted by cell, so that a box is a few runs of rows; which lie in a box, in a ball, which are nearest."""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spatial.cells import Int64
from spatial.errors import SpatialError
from spatial.mesh import Float64

__all__ = ["Points"]

PLAN_M = 6.0
HEIGHT_M = 3.0
CELLS_A_POINT = 4
FIRST_REACH_M = 4.0


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """n points in the order of their cells, `xyz` (3, n) site metres; `rows` says which row of the columns they were built from each is."""

    xyz: Float64
    rows: NDArray[np.int32]
    low: Int64
    span: Int64
    size_m: Float64
    starts: NDArray[np.int32]
    position: NDArray[np.int32]

    @classmethod
    def build(cls, site_xyz: ArrayLike) -> Self:
        """From (m, 3) metres; rows that are not finite are nowhere and left out."""
        every = np.asarray(site_xyz, dtype=np.float64).reshape(-1, 3)
        rows = np.flatnonzero(np.isfinite(every).all(axis=1))
        placed = every[rows]
        size = np.array([PLAN_M, PLAN_M, HEIGHT_M])
        low, span = _extent(placed, size)
        while float(np.prod(span.astype(np.float64))) > CELLS_A_POINT * len(placed) + 1024:
            size = size * 2
            low, span = _extent(placed, size)
        cell = np.floor(placed / size).astype(np.int64) - low
        key = (cell[:, 2] * span[1] + cell[:, 1]) * span[0] + cell[:, 0]
        order = np.argsort(key, kind="stable")
        counts = np.bincount(key, minlength=int(span.prod()))
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
        position = np.zeros(len(every), dtype=np.int32)
        position[rows[order]] = np.arange(len(order))
        return cls(np.ascontiguousarray(placed[order].T), rows[order].astype(np.int32), low, span, size, starts, position)

    def __len__(self) -> int:
        return len(self.rows)

    def in_box(self, low: ArrayLike, high: ArrayLike) -> NDArray[np.int32]:
        """Rows, in no order, of the points in the closed box between two corners (3,); its ends may be infinite."""
        a, b = np.asarray(low, dtype=np.float64).tolist(), np.asarray(high, dtype=np.float64).tolist()
        runs = self._runs(a, b)
        if not runs:
            return np.zeros(0, dtype=np.int32)
        x, y, z = np.concatenate([self.xyz[:, run] for run in runs], axis=1)
        inside = (x >= a[0]) & (x <= b[0]) & (y >= a[1]) & (y <= b[1]) & (z >= a[2]) & (z <= b[2])
        return np.asarray(np.concatenate([self.rows[run] for run in runs])[inside])

    def in_boxes(
        self, outer: tuple[ArrayLike, ArrayLike], inner: tuple[ArrayLike, ArrayLike]
    ) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Rows, in no order, of the points strictly within the inner of two boxes, and those of the other points in the closed outer one.

        Each is two corners (3,), whose ends may be infinite; the inner one lies in the outer.
        """
        ends = [[np.asarray(end, dtype=np.float64).tolist() for end in box] for box in (outer, inner)]
        runs = self._runs(*ends[0])
        nothing = np.zeros(0, dtype=np.int32)
        if not runs:
            return nothing, nothing
        xyz = self.xyz[:, runs[0]] if len(runs) == 1 else np.concatenate([self.xyz[:, run] for run in runs], axis=1)
        rows = self.rows[runs[0]] if len(runs) == 1 else np.concatenate([self.rows[run] for run in runs])
        held, certain = np.ones(len(rows), dtype=np.bool_), np.ones(len(rows), dtype=np.bool_)
        for axis, along in enumerate(xyz):
            least, most = along.min(), along.max()
            (low, high), (within, beyond) = ((box[0][axis], box[1][axis]) for box in ends)
            if least < low or most > high:
                held &= (along >= low) & (along <= high)
            if least <= within or most >= beyond:
                certain &= (along > within) & (along < beyond)
        certain &= held
        return rows[certain], rows[held & ~certain]

    def nearest(self, site_xyz: ArrayLike, k: int, among: NDArray[np.bool_] | None = None) -> tuple[NDArray[np.int32], Float64]:
        """The rows of the k points nearest to a point (3,), nearest first, ties by row, and their distances in metres.

        `among` says of each row of the columns built from whether it counts. Fewer than k only where there are fewer.
        """
        if k < 1:
            raise SpatialError(f"k = {k}: ask for at least one")
        point = np.asarray(site_xyz, dtype=np.float64)
        reach, farthest = FIRST_REACH_M, self._farthest(point)
        while True:
            near = self.in_box(point - reach, point + reach)
            near = near if among is None else near[among[near]]
            distance = np.linalg.norm(self.xyz[:, self.position[near]].T - point, axis=1)
            if reach >= farthest or np.count_nonzero(distance <= reach) >= k:
                order = np.lexsort((near, distance))[:k]
                return near[order], distance[order]
            reach *= 2

    def _farthest(self, point: Float64) -> float:
        """No point is farther than this."""
        if not len(self):
            return 0.0
        ends = np.stack([self.low * self.size_m, (self.low + self.span) * self.size_m])
        return float(np.linalg.norm(np.abs(ends - point).max(axis=0)))

    def _runs(self, low: list[float], high: list[float]) -> list[slice]:
        """Runs of positions that hold the points in the cells the box meets; a run is a row of cells towards +x."""
        (x0, x1), (y0, y1), (z0, z1) = (self._cells_of(axis, low[axis], high[axis]) for axis in range(3))
        wide, deep = int(self.span[0]), int(self.span[1])
        if x0 > x1 or y0 > y1 or z0 > z1:
            return []
        lines = ((z * deep + y) * wide for z in range(z0, z1 + 1) for y in range(y0, y1 + 1))
        runs: list[slice] = []
        for line in lines:
            begin, end = self.starts[line + x0], self.starts[line + x1 + 1]
            if begin < end:
                runs[-1:] = [slice(runs[-1].start, end)] if runs and runs[-1].stop == begin else [*runs[-1:], slice(begin, end)]
        return runs

    def _cells_of(self, axis: int, low: float, high: float) -> tuple[int, int]:
        size, first, last = float(self.size_m[axis]), int(self.low[axis]), int(self.span[axis]) - 1
        begin = 0 if low <= first * size else min(math.floor(low / size) - first, last + 1)
        return begin, last if high >= (first + last + 1) * size else max(math.floor(high / size) - first, -1)


def _extent(points: Float64, size_m: Float64) -> tuple[Int64, Int64]:
    if not len(points):
        return np.zeros(3, dtype=np.int64), np.ones(3, dtype=np.int64)
    low = np.floor(points.min(axis=0) / size_m).astype(np.int64)
    return low, np.floor(points.max(axis=0) / size_m).astype(np.int64) - low + 1
