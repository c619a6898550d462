"""Boxes in nested grids: for many points at once the boxes near them, as pairs of numbers; built in a moment, never updated.

A box lies on the grid whose cells are just larger than it, so in at most eight of them; a point asks one cell of each grid.
Plan and height have sizes of their own, because rooms are flat and shafts are not.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from spatial.mesh import Float64

__all__ = ["Cells", "Pairs", "flat_ranges"]

Int64 = NDArray[np.int64]
Pairs = tuple[Int64, Int64]
"""Numbers of the points asked and of the rows found, two columns of one length."""

SMALLEST_M = 4.0
LOWEST_M = 4.0
AT_ONCE = 65_536


@dataclass(frozen=True, slots=True, eq=False)
class _Grid:
    """Cells of one size: `rows[starts[i]:starts[i + 1]]` are the boxes of the occupied cell `keys[i]`."""

    size_m: Float64
    low: Int64
    high: Int64
    keys: Int64
    starts: Int64
    rows: Int64
    members: Int64

    def key(self, cell: Int64) -> Int64:
        span = self.high - self.low + 1
        shifted = cell - self.low
        return np.asarray((shifted[:, 0] * span[1] + shifted[:, 1]) * span[2] + shifted[:, 2])

    def found_in(self, cell: Int64, asked: Int64) -> Pairs:
        """The rows of each cell that is within the grid's occupied range."""
        if not len(cell):
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        key = self.key(cell)
        at = np.minimum(np.searchsorted(self.keys, key), len(self.keys) - 1)
        hit = self.keys[at] == key
        at, asked = at[hit], asked[hit]
        counts = self.starts[at + 1] - self.starts[at]
        return np.repeat(asked, counts), self.rows[flat_ranges(self.starts[at], counts)]

    def span_of(self, low: Float64, high: Float64) -> tuple[Int64, Int64]:
        """First cell and number of cells (n, 3) that boxes cover, within the occupied range; 0 where they lie outside."""
        first = np.maximum(np.floor(np.maximum(low / self.size_m, self.low - 1.0)), self.low).astype(np.int64)
        last = np.minimum(np.floor(np.minimum(high / self.size_m, self.high + 1.0)), self.high).astype(np.int64)
        return first, np.maximum(last - first + 1, 0)


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Boxes (n, 2, 3), lowest and highest corner in metres, closed, on their grids."""

    boxes: Float64
    _grids: tuple[_Grid, ...]

    @classmethod
    def build(cls, boxes: Float64) -> Self:
        """The grids of finite boxes."""
        size = boxes[:, 1] - boxes[:, 0]
        plan = _power(np.maximum(size[:, 0], size[:, 1]), SMALLEST_M)
        tall = _power(size[:, 2], LOWEST_M)
        grids = []
        for a, b in np.unique(np.stack([plan, tall], axis=1), axis=0):
            rows = np.flatnonzero((plan == a) & (tall == b)).astype(np.int64)
            grids.append(_grid(boxes, rows, np.array([SMALLEST_M * 2.0**a, SMALLEST_M * 2.0**a, LOWEST_M * 2.0**b])))
        return cls(boxes, tuple(grids))

    def at_points(self, points: Float64) -> Pairs:
        """Which boxes hold which of the finite points (m, 3); pairs in no order, each once."""
        found = [self._at(points[first : first + AT_ONCE], first) for first in range(0, len(points), AT_ONCE)]
        return _joined(found)

    def meeting(self, low: Float64, high: Float64) -> Pairs:
        """Which boxes meet which of the boxes asked about (m, 3) and (m, 3), whose ends may be infinite; each pair once."""
        return _joined([pairs for grid in self._grids for pairs in self._meeting(grid, low, high)])

    def _at(self, points: Float64, first: int) -> Pairs:
        found = []
        for grid in self._grids:
            cell = np.floor(points / grid.size_m).astype(np.int64)
            asked = np.flatnonzero(((cell >= grid.low) & (cell <= grid.high)).all(axis=1))
            point, row = grid.found_in(cell[asked], asked)
            inside = np.ones(len(row), dtype=bool)
            for axis in range(3):
                at = points[point, axis]
                inside &= (self.boxes[row, 0, axis] <= at) & (at <= self.boxes[row, 1, axis])
            found.append((point[inside] + first, row[inside]))
        return _joined(found)

    def _meeting(self, grid: _Grid, low: Float64, high: Float64) -> Iterator[Pairs]:
        first, counts = grid.span_of(low, high)
        cells = counts.astype(np.float64).prod(axis=1)
        few, many = np.flatnonzero((cells > 0) & (cells <= len(grid.members))), np.flatnonzero(cells > len(grid.members))
        if len(few):
            yield _once(self._checked(*grid.found_in(*_unfolded(first[few], counts[few], few)), low, high), len(self.boxes))
        step = max(1, AT_ONCE * 4 // max(1, len(grid.members)))
        for start in range(0, len(many), step):
            part = many[start : start + step]
            yield self._checked(np.repeat(part, len(grid.members)), np.tile(grid.members, len(part)), low, high)

    def _checked(self, asked: Int64, row: Int64, low: Float64, high: Float64) -> Pairs:
        meets = np.ones(len(row), dtype=bool)
        for axis in range(3):
            meets &= (self.boxes[row, 0, axis] <= high[asked, axis]) & (self.boxes[row, 1, axis] >= low[asked, axis])
        return asked[meets], row[meets]


def flat_ranges(starts: Int64, counts: Int64) -> Int64:
    """The numbers of ranges one after another.

    >>> flat_ranges(np.array([3, 10]), np.array([2, 3])).tolist()
    [3, 4, 10, 11, 12]
    """
    total = int(counts.sum())
    return np.repeat(starts - (np.cumsum(counts) - counts), counts) + np.arange(total)


def _power(extent_m: Float64, smallest_m: float) -> Int64:
    return np.ceil(np.log2(np.maximum(extent_m, smallest_m) / smallest_m)).astype(np.int64)


def _grid(boxes: Float64, rows: Int64, size_m: Float64) -> _Grid:
    first, last = np.floor(boxes[rows, 0] / size_m).astype(np.int64), np.floor(boxes[rows, 1] / size_m).astype(np.int64)
    low, high = first.min(axis=0), last.max(axis=0)
    cell, owner = _unfolded(first, last - first + 1, rows)
    empty = np.zeros(0, dtype=np.int64)
    key = _Grid(size_m, low, high, empty, empty, empty, rows).key(cell)
    order = np.argsort(key, kind="stable")
    keys, starts = np.unique(key[order], return_index=True)
    return _Grid(size_m, low, high, keys, np.append(starts, len(key)).astype(np.int64), owner[order], rows)


def _unfolded(first: Int64, counts: Int64, owner: Int64) -> tuple[Int64, Int64]:
    """Every cell (k, 3) of blocks of cells, and whose it is."""
    number = counts.prod(axis=1)
    at = np.repeat(np.arange(len(owner)), number)
    step = flat_ranges(np.zeros(len(owner), dtype=np.int64), number)
    deep = counts[at, 2]
    rest = step // deep
    wide = counts[at, 1]
    cell = first[at] + np.stack([rest // wide, rest % wide, step % deep], axis=1)
    return cell, owner[at]


def _once(pairs: Pairs, rows: int) -> Pairs:
    both = np.sort(pairs[0] * rows + pairs[1])
    both = both[np.diff(both, prepend=-1) != 0]
    return both // rows, both % rows


def _joined(found: list[Pairs]) -> Pairs:
    if not found:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    return np.concatenate([one[0] for one in found]), np.concatenate([one[1] for one in found])
