"""The columns of a routing graph while they are being filled."""

from collections.abc import Sequence
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike

from spatial.mesh import Float64
from spatial.route import NOWHERE, Int32, Mode, RouteGraph
from twin.queries.routes.rules import Speeds

__all__ = ["Columns", "NodeKind"]


class NodeKind(IntEnum):
    """What a node of the graph is."""

    CORNER = 0
    ENTRY = 1
    DOOR = 2
    OPENING = 3
    TREAD = 4
    LIFT = 5
    OUTSIDE = 6
    SURFACE = 7
    ROAD = 8
    GATE = 9
    PLACE = 10


class Columns:
    """Takes nodes and edges in batches; features get their number when first named."""

    def __init__(self, speeds: Speeds) -> None:
        self._speeds = speeds
        self._numbers: dict[str, int] = {}
        self._nodes: list[tuple[Float64, Int32, Int32]] = []
        self._edges: list[tuple[Int32, Int32, Float64, Float64, Int32, Int32, Int32, Int32]] = []
        self._count = 0

    def number(self, feature: str | None) -> int:
        """The number of a feature in the graph; NOWHERE for none."""
        return NOWHERE if feature is None else self._numbers.setdefault(feature, len(self._numbers))

    def nodes(self, site_xyz: ArrayLike, kind: NodeKind, feature: str | None) -> Int32:
        """Add nodes (n, 3) metres; their numbers."""
        xyz = np.asarray(site_xyz, dtype=np.float64).reshape(-1, 3)
        size = len(xyz)
        self._nodes.append((xyz, _filled(size, int(kind)), _filled(size, self.number(feature))))
        self._count += size
        return np.arange(self._count - size, self._count, dtype=np.int32)

    def node(self, site_xyz: ArrayLike, kind: NodeKind, feature: str | None) -> int:
        """Add one node; its number."""
        return int(self.nodes(site_xyz, kind, feature)[0])

    def edges(
        self,
        start: ArrayLike,
        end: ArrayLike,
        metres: ArrayLike,
        mode: Mode,
        *,
        area: str | Int32 | None = None,
        via: str | None = None,
        seconds: ArrayLike | None = None,
        one_way: ArrayLike = 0,
    ) -> None:
        """Add edges between nodes; their seconds follow from the mode's speed where not given. `area` is a feature, or a number each."""
        first, second = np.atleast_1d(np.asarray(start, np.int32)), np.atleast_1d(np.asarray(end, np.int32))
        length = np.broadcast_to(np.asarray(metres, dtype=np.float64), first.shape).copy()
        speed = self._speed(mode)
        spent = length / speed if seconds is None else np.broadcast_to(np.asarray(seconds, dtype=np.float64), first.shape).copy()
        size = len(first)
        areas = area if isinstance(area, np.ndarray) else _filled(size, self.number(area))
        direction = np.broadcast_to(np.asarray(one_way, dtype=np.int32), first.shape)
        rest = (_filled(size, int(mode)), areas, _filled(size, self.number(via)), direction)
        self._edges.append((first, second, length, spent, *rest))

    def graph(self) -> RouteGraph:
        """The graph, its edges in the order of their ends, which searches go through quickest."""
        nodes = (
            [np.concatenate(column) for column in zip(*self._nodes, strict=True)] if self._nodes else [np.empty((0, 3)), *[np.empty(0)] * 2]
        )
        edges = [np.concatenate(column) for column in zip(*self._edges, strict=True)] if self._edges else [np.empty(0)] * 8
        ends = np.sort(np.column_stack(edges[:2]), axis=1)
        order = np.lexsort((ends[:, 1], ends[:, 0]))
        edges = [column[order] for column in edges]
        return RouteGraph(
            features=tuple(self._numbers),
            site_xyz=nodes[0],
            node_kind=nodes[1].astype(np.uint8),
            node_feature=nodes[2].astype(np.int32),
            edge_from=edges[0].astype(np.int32),
            edge_to=edges[1].astype(np.int32),
            edge_metres=edges[2],
            edge_seconds=edges[3],
            edge_mode=edges[4].astype(np.uint8),
            edge_area=edges[5].astype(np.int32),
            edge_via=edges[6].astype(np.int32),
            edge_one_way=edges[7].astype(np.int8),
        )

    def _speed(self, mode: Mode) -> float:
        speeds: Sequence[float] = (
            self._speeds.walk_m_per_s, self._speeds.stairs_m_per_s, self._speeds.lift_m_per_s, self._speeds.car_m_per_s,
            self._speeds.walk_m_per_s,
        )  # fmt: skip
        return speeds[int(mode)]


def _filled(size: int, value: int) -> Int32:
    return np.full(size, value, dtype=np.int32)
