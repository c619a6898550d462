"""Routes on a graph of places, as numpy columns: what is joined to what, how far and how long, and which way one may go.

The graph holds both lengths: metres of the way itself, and seconds. Nothing here knows a room or a road: places and ways are numbered,
features are texts in one table. `spatial.ways` searches it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from spatial.errors import SpatialError
from spatial.mesh import Float64

__all__ = ["NOWHERE", "Bool", "Int32", "Mode", "RouteGraph"]

Int32 = NDArray[np.int32]
Bool = NDArray[np.bool_]
NOWHERE = -1
"""The number of no feature, no node, no edge."""


class Mode(IntEnum):
    """How an edge is passed; a RAMP is one that a wheelchair climbs."""

    WALK = 0
    STAIRS = 1
    LIFT = 2
    CAR = 3
    RAMP = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RouteGraph:
    """Each edge once, `features` the texts that the three feature columns number (NOWHERE: none).

    Nodes: `site_xyz` (n, 3) float64 metres, `node_kind` (n,) uint8 by the maker's own table, `node_feature` (n,) int32.
    Edges: `edge_from`, `edge_to` (e,) int32 nodes, `edge_metres`, `edge_seconds` (e,) float64, `edge_mode` (e,) uint8,
    `edge_area` (e,) int32 the feature it lies in, `edge_via` (e,) int32 the one it passes (a door, gate, stair, lift),
    `edge_one_way` (e,) int8: 0 both ways, 1 from `edge_from` to `edge_to` alone, -1 the other way alone.
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
    edge_one_way: NDArray[np.int8]

    def __post_init__(self) -> None:
        edges = {len(getattr(self, name)) for name in self.__slots__ if name.startswith("edge_")}
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

    def open_edges(self, *, modes: Iterable[Mode], closed: Iterable[str] = ()) -> Bool:
        """Which edges (e,) may be used by these modes while these features are closed: none lies in or passes a closed one.

        A closed id that the graph does not know closes nothing here: the caller says so (`RouteGraph.features`).
        """
        allowed = np.zeros(len(Mode), dtype=bool)
        allowed[[int(mode) for mode in modes]] = True
        return np.asarray(allowed[self.edge_mode] & ~self.closed_edges(closed))

    def closed_edges(self, closed: Iterable[str]) -> Bool:
        """Which edges (e,) lie in or pass one of these features."""
        names = set(closed)
        shut = np.zeros(len(self.features) + 1, dtype=bool)
        shut[[number for number, name in enumerate(self.features) if name in names]] = True
        return np.asarray(shut[self.edge_area] | shut[self.edge_via])
