"""Shortest ways on a routing graph: from one to all, from the nearest of many, made ready once and asked often.

A search minimises metres or seconds and answers both. Closing edges is an overlay: the ready search is shared, only its weights differ.
Parallel edges stay apart, so that where the shorter is closed the longer is taken.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal, Self

import numpy as np

from spatial.errors import SpatialError
from spatial.mesh import Float64
from spatial.route import NOWHERE, Bool, Int32, Mode, RouteGraph

__all__ = ["Cost", "Path", "Tree", "Ways", "shortest"]

Cost = Literal["metres", "seconds"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Path:
    """A way: `nodes` (k,) from first to last, `edges` (k-1,) between them, and its two lengths."""

    nodes: Int32
    edges: Int32
    metres: float
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tree:
    """Shortest ways from sources to every node.

    `cost` (n,) float64 in the unit asked for, inf where no way leads (within the limit asked for); `previous` (n,) int32 the node
    before, `source` (n,) int32 the source it starts from, both NOWHERE at sources' ends and where no way leads.
    """

    ways: "Ways"
    cost: Float64
    previous: Int32
    source: Int32

    def find_path(self, node: int) -> Path | None:
        """The way from its source to a node; None where there is none."""
        if not np.isfinite(self.cost[node]):
            return None
        nodes = [node]
        while self.previous[nodes[-1]] != NOWHERE:
            nodes.append(int(self.previous[nodes[-1]]))
        return self.ways.path(nodes[::-1])


@dataclass(frozen=True, slots=True, eq=False)
class Ways:
    """A graph made ready to be searched: the open edges by the node they leave, `_weights` infinite where one is closed meanwhile."""

    graph: RouteGraph
    cost: Cost
    _starts: Int32
    _ends: Int32
    _edges: Int32
    _weights: Float64

    @classmethod
    def of(cls, graph: RouteGraph, *, is_open: Bool, cost: Cost = "seconds") -> Self:
        """From the edges that are open (e,) bool, each the ways it may be gone."""
        edges = np.flatnonzero(is_open & (graph.edge_from != graph.edge_to)).astype(np.int32)
        ahead, back = edges[graph.edge_one_way[edges] >= 0], edges[graph.edge_one_way[edges] <= 0]
        leaving = np.concatenate([graph.edge_from[ahead], graph.edge_to[back]])
        ends = np.concatenate([graph.edge_to[ahead], graph.edge_from[back]])
        order = np.lexsort((ends, leaving))
        starts = np.concatenate([[0], np.cumsum(np.bincount(leaving, minlength=graph.nodes))]).astype(np.int32)
        of_edge = np.concatenate([ahead, back])[order]
        length = graph.edge_seconds if cost == "seconds" else graph.edge_metres
        return cls(graph, cost, starts, ends[order].astype(np.int32), of_edge, length[of_edge])

    def without(self, closed: Bool) -> Self:
        """The same with edges (e,) closed."""
        weights = self._weights.copy()
        weights[closed[self._edges]] = np.inf
        return replace(self, _weights=weights)

    def from_nearest(self, sources: Sequence[int] | Int32) -> Tree:
        """Ways from the nearest source to every node, in one run; of sources equally near any."""
        starts = np.unique(np.asarray(sources, dtype=np.int32))
        nodes = self.graph.nodes
        if not len(starts):
            none = np.full(nodes, NOWHERE, dtype=np.int32)
            return Tree(ways=self, cost=np.full(nodes, np.inf), previous=none, source=none.copy())
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import dijkstra

        matrix = csr_array((self._weights, self._ends, self._starts), shape=(nodes, nodes))
        cost, previous, source = dijkstra(matrix, directed=True, indices=starts, min_only=True, return_predecessors=True)
        reached = np.isfinite(cost)
        return Tree(
            ways=self,
            cost=cost,
            previous=np.where(previous < 0, NOWHERE, previous).astype(np.int32),
            source=np.where(reached, source, NOWHERE).astype(np.int32),
        )

    def from_beside(self, nodes: Int32, lengths: Float64, *, limit: float = np.inf) -> Tree:
        """Ways from a place that is no node but joined to some (k,) over these lengths (k,), in the unit asked for.

        Nothing beyond the limit is looked for. A node's `source` is the first one entered.
        """
        size = self.graph.nodes
        starts = np.append(self._starts, np.int32(len(self._ends) + len(nodes)))
        ends = np.concatenate([self._ends, nodes.astype(np.int32)])
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import dijkstra

        matrix = csr_array((np.concatenate([self._weights, lengths]), ends, starts), shape=(size + 1, size + 1))
        cost, previous = dijkstra(matrix, directed=True, indices=size, return_predecessors=True, limit=limit)
        before = previous[:size]
        entered = np.where(before == size, np.arange(size), NOWHERE).astype(np.int32)
        return Tree(ways=self, cost=cost[:size], previous=np.where(before == size, NOWHERE, np.maximum(before, NOWHERE)), source=entered)

    def path(self, nodes: Sequence[int]) -> Path:
        """The way through these nodes, each joined to the next; raises SpatialError where two are not."""
        edges = np.array([self._edge(a, b) for a, b in pairwise(int(node) for node in nodes)], dtype=np.int32)
        metres, seconds = self.graph.edge_metres[edges].sum(), self.graph.edge_seconds[edges].sum()
        return Path(nodes=np.asarray(nodes, dtype=np.int32), edges=edges, metres=float(metres), seconds=float(seconds))

    def _edge(self, leaving: int, end: int) -> int:
        """Of the open edges from one node to the next the shortest."""
        first, last = self._starts[leaving], self._starts[leaving + 1]
        between = first + np.searchsorted(self._ends[first:last], [end, end + 1])
        weights = self._weights[between[0] : between[1]]
        if not len(weights) or not np.isfinite(weights.min()):
            raise SpatialError("no open edge joins two nodes that follow each other")
        return int(self._edges[between[0] + int(weights.argmin())])


def shortest(
    graph: RouteGraph,
    start: int,
    end: int,
    *,
    modes: Iterable[Mode] = (Mode.WALK, Mode.STAIRS, Mode.LIFT),
    closed: Iterable[str] = (),
    cost: Cost = "seconds",
) -> Path | None:
    """The way of least cost between two nodes, by Dijkstra's algorithm (1959); None where no open way leads.

    >>> shortest(two_rooms, 0, 3, cost="metres").metres  # doctest: +SKIP
    7.5
    """
    return Ways.of(graph, is_open=graph.open_edges(modes=modes, closed=closed), cost=cost).from_nearest([start]).find_path(end)
