"""Routes on a graph of places, as numpy columns: shortest ways from one to many and from many to the nearest of many.

The graph is undirected and holds both lengths: metres of the way itself, and seconds. A search minimises one of the two and
answers both. Nothing here knows a room or a road: places and ways are numbered, features are texts in one table.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from spatial.errors import SpatialError
from spatial.mesh import Float64

__all__ = ["NOWHERE", "Cost", "Int32", "Mode", "Path", "RouteGraph", "Tree", "Ways", "shortest"]

Cost = Literal["metres", "seconds"]
Int32 = NDArray[np.int32]
Bool = NDArray[np.bool_]
NOWHERE = -1
"""The number of no feature, no node, no edge."""


class Mode(IntEnum):
    """How an edge is passed."""

    WALK = 0
    STAIRS = 1
    LIFT = 2
    CAR = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RouteGraph:
    """An undirected graph, each edge once. `features` are the texts that the three feature columns number (NOWHERE: none).

    Nodes: `site_xyz` (n, 3) float64 metres, `node_kind` (n,) uint8 by the maker's own table, `node_feature` (n,) int32.
    Edges: `edge_from`, `edge_to` (e,) int32 nodes, `edge_metres`, `edge_seconds` (e,) float64, `edge_mode` (e,) uint8,
    `edge_area` (e,) int32 the feature it lies in, `edge_via` (e,) int32 the one it passes (a door, gate, stair, lift).
    """

    features: tuple[str, ...]
    site_xyz: Float64
    node_kind: NDArray[np.uint8]
    node_feature: Int32
    edge_from: Int32
    edge_to: Int32
    edge_metres: Float64
    edge_seconds: Float64
    edge_mode: NDArray[np.uint8]
    edge_area: Int32
    edge_via: Int32

    def __post_init__(self) -> None:
        edges = {
            len(c)
            for c in (self.edge_from, self.edge_to, self.edge_metres, self.edge_seconds, self.edge_mode, self.edge_area, self.edge_via)
        }
        nodes = {len(c) for c in (self.site_xyz, self.node_kind, self.node_feature)}
        if len(edges) != 1 or len(nodes) != 1:
            raise SpatialError("the columns of a routing graph differ in length")
        for name, column, size in (("from", self.edge_from, self.nodes), ("to", self.edge_to, self.nodes)):
            if len(column) and not 0 <= column.min() <= column.max() < size:
                raise SpatialError(f"an edge goes {name} a node that is not there")
        for cost in (self.edge_metres, self.edge_seconds):
            if not (np.isfinite(cost) & (cost >= 0)).all():
                raise SpatialError("an edge has a length that is no number of zero or more")

    @property
    def nodes(self) -> int:
        """Number of nodes."""
        return len(self.site_xyz)

    @property
    def edges(self) -> int:
        """Number of edges."""
        return len(self.edge_from)

    @property
    def nbytes(self) -> int:
        """Bytes of all columns, the feature texts not counted."""
        return sum(getattr(self, name).nbytes for name in self.__slots__ if name != "features")

    def joined(self, site_xyz: ArrayLike, kind: int, links: Sequence[tuple[int, int]], seconds_per_metre: float) -> Self:
        """The graph with further nodes of no feature, and straight WALK edges (node, node) that may name the new ones."""
        added = np.asarray(site_xyz, dtype=np.float64).reshape(-1, 3)
        xyz = np.concatenate([self.site_xyz, added])
        ends = np.asarray(list(links), dtype=np.int32).reshape(-1, 2)
        metres = np.linalg.norm(xyz[ends[:, 0]] - xyz[ends[:, 1]], axis=1)
        nowhere = np.full(len(ends), NOWHERE, dtype=np.int32)
        return type(self)(
            features=self.features,
            site_xyz=xyz,
            node_kind=np.append(self.node_kind, np.full(len(added), kind, dtype=np.uint8)),
            node_feature=np.append(self.node_feature, np.full(len(added), NOWHERE, dtype=np.int32)),
            edge_from=np.append(self.edge_from, ends[:, 0]),
            edge_to=np.append(self.edge_to, ends[:, 1]),
            edge_metres=np.append(self.edge_metres, metres),
            edge_seconds=np.append(self.edge_seconds, metres * seconds_per_metre),
            edge_mode=np.append(self.edge_mode, np.full(len(ends), Mode.WALK, dtype=np.uint8)),
            edge_area=np.append(self.edge_area, nowhere),
            edge_via=np.append(self.edge_via, nowhere),
        )

    def open_edges(self, *, modes: Iterable[Mode], closed: Iterable[str] = ()) -> Bool:
        """Which edges (e,) may be used by these modes while these features are closed: none lies in or passes a closed one.

        A closed id that the graph does not know closes nothing here: the caller says so (`RouteGraph.features`).
        """
        shut = set(closed)
        numbers = np.array([number for number, name in enumerate(self.features) if name in shut], dtype=np.int32)
        allowed = np.isin(self.edge_mode, [int(mode) for mode in modes])
        return allowed & ~np.isin(self.edge_area, numbers) & ~np.isin(self.edge_via, numbers)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Path:
    """A way: `nodes` (k,) from first to last, `edges` (k-1,) between them, and its two lengths."""

    nodes: Int32
    edges: Int32
    metres: float
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tree:
    """Shortest ways from the nearest of several sources to every node.

    `cost` (n,) float64 in the unit asked for, inf where no way leads; `previous` (n,) int32 the node before, `source` (n,)
    int32 the source it starts from, both NOWHERE at sources' ends and where no way leads.
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
    """A graph made ready to be searched: of parallel edges the shortest, both ways, of those open."""

    graph: RouteGraph
    cost: Cost
    _matrix: csr_array
    _pairs: NDArray[np.int64]
    _edges: Int32

    @classmethod
    def of(cls, graph: RouteGraph, *, is_open: Bool, cost: Cost = "seconds") -> Self:
        """From the edges that are open (e,) bool."""
        length = graph.edge_seconds if cost == "seconds" else graph.edge_metres
        edges = np.flatnonzero(is_open & (graph.edge_from != graph.edge_to))
        low = np.minimum(graph.edge_from[edges], graph.edge_to[edges]).astype(np.int64)
        high = np.maximum(graph.edge_from[edges], graph.edge_to[edges]).astype(np.int64)
        pairs = low * graph.nodes + high
        order = np.lexsort((edges, length[edges], pairs))
        first = np.ones(len(order), dtype=bool)
        first[1:] = pairs[order][1:] != pairs[order][:-1]
        chosen = order[first]
        ends = np.concatenate([low[chosen], high[chosen]]), np.concatenate([high[chosen], low[chosen]])
        weights = np.tile(length[edges[chosen]], 2)
        matrix = csr_array((weights, ends), shape=(graph.nodes, graph.nodes))
        return cls(graph, cost, matrix, pairs[chosen], edges[chosen].astype(np.int32))

    def from_nearest(self, sources: Sequence[int] | Int32) -> Tree:
        """Ways from the nearest source to every node, in one run; of sources equally near any."""
        starts = np.unique(np.asarray(sources, dtype=np.int32))
        nodes = self.graph.nodes
        if not len(starts):
            none = np.full(nodes, NOWHERE, dtype=np.int32)
            return Tree(ways=self, cost=np.full(nodes, np.inf), previous=none, source=none.copy())
        cost, previous, source = dijkstra(self._matrix, directed=True, indices=starts, min_only=True, return_predecessors=True)
        reached = np.isfinite(cost)
        return Tree(
            ways=self,
            cost=cost,
            previous=np.where(previous < 0, NOWHERE, previous).astype(np.int32),
            source=np.where(reached, source, NOWHERE).astype(np.int32),
        )

    def path(self, nodes: Sequence[int]) -> Path:
        """The way through these nodes, each joined to the next; raises SpatialError where two are not."""
        steps = np.asarray(nodes, dtype=np.int64)
        keys = np.minimum(steps[:-1], steps[1:]) * self.graph.nodes + np.maximum(steps[:-1], steps[1:])
        at = np.searchsorted(self._pairs, keys)
        if len(keys) and ((at >= len(self._pairs)).any() or (self._pairs[at] != keys).any()):
            raise SpatialError("no open edge joins two nodes that follow each other")
        edges = self._edges[at]
        metres, seconds = self.graph.edge_metres[edges].sum(), self.graph.edge_seconds[edges].sum()
        return Path(nodes=steps.astype(np.int32), edges=edges, metres=float(metres), seconds=float(seconds))


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
