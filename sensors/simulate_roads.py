"""Roads as the simulator drives and walks them: centre lines that meet at their ends, both ways unless said, and the shortest way."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

__all__ = ["RoadLine", "Streets"]

Float64 = NDArray[np.float64]
MEETS_M = 0.25
"""Ends of lines that are no farther apart are one junction."""
SHORTEST_M = 0.5
NOWHERE = -9999


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoadLine:
    """A centre line (k, 2) in site metres between two junctions. `driven` False: people only. `one_way` 1 along the line, -1 against it, 0
    both ways."""

    name: str
    line: Float64
    width_m: float
    m_per_s: float
    driven: bool = True
    one_way: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Streets:
    """Junctions `xy` (n, 2) and arcs: arc 2 i goes along road i, arc 2 i + 1 back; `ends` (2 m, 2) their first and last junction,
    `street` (m,) one number for all roads of a name. `open_arcs` are those that cars may take."""

    roads: Sequence[RoadLine]
    xy: Float64
    ends: NDArray[np.int64]
    lengths: Float64
    street: NDArray[np.int64]
    open_arcs: NDArray[np.bool_]

    @classmethod
    def of(cls, roads: Sequence[RoadLine]) -> Self:
        """The streets of some centre lines; a line of no length is none."""
        kept = [road for road in roads if _length(road.line) >= SHORTEST_M]
        tips = np.array([[road.line[0], road.line[-1]] for road in kept]).reshape(-1, 2)
        xy, number = _junctions(tips)
        pairs = number.reshape(-1, 2)
        lengths = np.array([_length(road.line) for road in kept])
        names: dict[str, int] = {}
        opened = [[road.driven and road.one_way >= 0, road.driven and road.one_way <= 0] for road in kept]
        return cls(
            roads=tuple(kept),
            xy=xy,
            ends=np.stack([pairs, pairs[:, ::-1]], axis=1).reshape(-1, 2),
            lengths=np.repeat(lengths, 2),
            street=np.array([names.setdefault(road.name or f"#{i}", len(names)) for i, road in enumerate(kept)], dtype=np.int64),
            open_arcs=np.array(opened, dtype=bool).reshape(-1),
        )

    def line(self, arc: int) -> Float64:
        """The centre line of an arc, in its direction."""
        line = self.roads[arc // 2].line
        return line if arc % 2 == 0 else line[::-1]

    def degree(self) -> NDArray[np.int64]:
        """How many driven roads meet at each junction (n,)."""
        driven = np.array([road.driven for road in self.roads], dtype=bool)
        return np.bincount(self.ends[::2][driven].ravel(), minlength=len(self.xy))

    def way(self, begin: int, end: int, *, walking: bool = False) -> list[int] | None:
        """The arcs of the shortest way between two junctions, None where there is none.

        >>> line = np.array([[0.0, 0.0], [10.0, 0.0]])
        >>> Streets.of([RoadLine(name="a", line=line, width_m=6, m_per_s=8)]).way(1, 0)
        [1]
        """
        usable = np.ones(len(self.ends), dtype=bool) if walking else self.open_arcs
        arcs = np.flatnonzero(usable)
        order = arcs[np.lexsort((self.lengths[arcs], self.ends[arcs, 1], self.ends[arcs, 0]))]
        first = np.r_[True, (np.diff(self.ends[order], axis=0) != 0).any(axis=1)] if len(order) else np.zeros(0, dtype=bool)
        shortest = order[first]
        size = len(self.xy)
        graph = csr_array((self.lengths[shortest], (self.ends[shortest, 0], self.ends[shortest, 1])), shape=(size, size))
        _, before = dijkstra(graph, indices=begin, return_predecessors=True)
        by_pair = {(int(a), int(b)): int(arc) for arc, (a, b) in zip(shortest, self.ends[shortest], strict=True)}
        found: list[int] = []
        at = end
        while at != begin:
            last = int(before[at])
            if last == NOWHERE:
                return None
            found.append(by_pair[last, at])
            at = last
        return found[::-1]

    def nearest(self, xy: Float64) -> int:
        """The junction nearest to a point (2,)."""
        return int(np.hypot(*(self.xy - xy).T).argmin())


def _junctions(tips: Float64) -> tuple[Float64, NDArray[np.int64]]:
    """The junctions (n, 2) and which of them each tip (k, 2) is at."""
    number = np.zeros(len(tips), dtype=np.int64)
    found: list[Float64] = []
    cells: dict[tuple[int, int], list[int]] = {}
    for at, tip in enumerate(tips):
        i, j = (int(value) for value in np.floor(tip / MEETS_M))
        near = [k for a in (-1, 0, 1) for b in (-1, 0, 1) for k in cells.get((i + a, j + b), ())]
        close = [k for k in near if np.hypot(*(found[k] - tip)) <= MEETS_M]
        if close:
            number[at] = close[0]
            continue
        number[at] = len(found)
        cells.setdefault((i, j), []).append(len(found))
        found.append(tip)
    return np.array(found).reshape(-1, 2), number


def _length(line: Float64) -> float:
    return float(np.hypot(*np.diff(line, axis=0).T).sum())
