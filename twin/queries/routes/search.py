"""One search of a network: how one moves, what is closed, what counts; trees of ways from a place and the way to another."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from spatial.mesh import Float64
from spatial.route import NOWHERE, Int32, Mode, RouteGraph
from spatial.walkable import sees
from spatial.ways import Cost, Path, Tree, Ways
from twin.queries.routes.build import Network
from twin.queries.routes.closures import Closures, no_closures
from twin.queries.routes.columns import NodeKind
from twin.queries.routes.places import Place
from twin.queries.routes.words import said

__all__ = ["ON_FOOT", "Leg", "Reach", "Search", "Travel", "modes_of", "narrow_doors"]

Travel = Literal["foot", "wheelchair", "car"]
ON_FOOT = frozenset({Mode.WALK, Mode.STAIRS, Mode.LIFT, Mode.RAMP})
FIRST_DETOUR, FIRST_SLACK_M = 3.0, 100.0
"""Looked for first within so many times the straight way and so many metres; where that does not reach the end, everywhere."""


def modes_of(travel: Travel, *, lifts: bool = True) -> frozenset[Mode]:
    """How one moves out of a car; a wheelchair takes no stairs."""
    barred = {Mode.STAIRS} if travel == "wheelchair" else set()
    return ON_FOOT - barred - (set() if lifts else {Mode.LIFT})


def narrow_doors(network: Network) -> frozenset[str]:
    """Doors that are narrower over all than a wheelchair passes."""
    least = network.rules.wheelchair.door_m
    return frozenset(door.id for building in network.scene.buildings for door in building.doors if door.width_m < least)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Leg:
    """A part of a way: nodes and edges of the network, from and to places that are joined to its ends straight (None: begins at a node)."""

    path: Path
    start: Place | None
    end: Place | None

    def graph(self, network: Network) -> tuple[RouteGraph, Path]:
        """The leg as a graph of its own, a chain from its first node or place to its last, and its path through it."""
        whole, nodes, edges = network.graph, self.path.nodes, self.path.edges
        first, last = int(self.start is not None), int(self.end is not None)
        xyz = np.concatenate([place.xyz[None] for place in (self.start,) if place] + [whole.site_xyz[nodes]]
                             + [place.xyz[None] for place in (self.end,) if place])  # fmt: skip
        size, own = max(len(xyz) - 1, 0), slice(first, first + len(edges))
        metres = np.linalg.norm(np.diff(xyz, axis=0), axis=1)
        metres[own] = whole.edge_metres[edges]
        seconds = metres / network.rules.speed.walk_m_per_s
        seconds[own] = whole.edge_seconds[edges]
        mode, area, via = (np.full(size, fill, dtype=np.int32) for fill in (int(Mode.WALK), NOWHERE, NOWHERE))
        mode[own], area[own], via[own] = whole.edge_mode[edges], whole.edge_area[edges], whole.edge_via[edges]
        for place, at in ((self.start, 0), (self.end, -1)):
            if place is not None and size:
                area[at] = _number(network, place.room)
        steps = np.arange(size, dtype=np.int32)
        graph = RouteGraph(
            features=whole.features,
            site_xyz=xyz,
            node_kind=np.pad(whole.node_kind[nodes], (first, last), constant_values=int(NodeKind.PLACE)),
            node_feature=np.pad(whole.node_feature[nodes], (first, last), constant_values=NOWHERE),
            edge_from=steps,
            edge_to=steps + 1,
            edge_metres=metres,
            edge_seconds=seconds,
            edge_mode=mode.astype(np.uint8),
            edge_area=area,
            edge_via=via,
            edge_one_way=np.ones(size, dtype=np.int8),
        )
        every = np.arange(len(xyz), dtype=np.int32)
        return graph, Path(nodes=every, edges=steps, metres=float(metres.sum()), seconds=float(seconds.sum()))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reach:
    """All that is reached from a place: `tree` on foot; of a driver `driven` the roads, and `left` (n,) for each node the road node where
    the car was left to walk from there, NOWHERE elsewhere."""

    start: Place
    tree: Tree
    driven: Tree | None = None
    left: Int32 | None = None


class Search:
    """A network searched under one set of conditions; as cheap to make as the closures are to overlay."""

    def __init__(
        self, network: Network, travel: Travel = "foot", *, closures: Closures | None = None, lifts: bool = True, cost: Cost = "seconds"
    ) -> None:
        self.network, self.travel, self.cost = network, travel, cost
        self.shut = closures or no_closures()
        self.modes = modes_of(travel, lifts=lifts)
        self._barred = self.shut.barring(narrow_doors(network)) if travel == "wheelchair" else self.shut
        self.per_metre = 1.0 if cost == "metres" else 1 / network.rules.speed.walk_m_per_s
        self._walked = self._ways(self.modes)

    def reach(self, start: Place, *, limit: float = np.inf) -> Reach:
        """The ways from a place to everywhere, within a limit in the unit that counts (on foot alone)."""
        nodes, metres = self.links(start)
        if self.travel != "car":
            return Reach(start=start, tree=self._walked.from_beside(nodes, metres * self.per_metre, limit=limit))
        driven = self._ways(frozenset({Mode.CAR})).from_beside(nodes, metres * self.per_metre)
        road, surface = self.network.transfers.T
        xyz = self.network.graph.site_xyz
        total = driven.cost[road] + np.linalg.norm(xyz[road] - xyz[surface], axis=1) * self.per_metre
        order = np.argsort(total, kind="stable")
        _, first = np.unique(surface[order], return_index=True)
        chosen = order[first][np.isfinite(total[order[first]])]
        left = np.full(self.network.graph.nodes, NOWHERE, dtype=np.int32)
        left[surface[chosen]] = road[chosen]
        tree = self._walked.from_beside(surface[chosen], total[chosen])
        return Reach(start=start, tree=tree, driven=driven, left=left)

    def arrive(self, reach: Reach, end: Place) -> tuple[float, int | None]:
        """What it costs to a place, infinite where no way leads, and the last node before it; None for straight from the start."""
        nodes, metres = self.links(end)
        costs = reach.tree.cost[nodes] + metres * self.per_metre
        best = int(costs.argmin()) if len(nodes) else NOWHERE
        least = float(costs[best]) if len(nodes) else np.inf
        if self.travel != "car" and self._in_sight(reach.start, end):
            straight = float(np.linalg.norm(end.xyz - reach.start.xyz)) * self.per_metre
            if straight <= least:
                return straight, None
        return least, int(nodes[best]) if len(nodes) else None

    def find(self, start: Place, end: Place) -> tuple[Leg, ...] | None:
        """The way in one leg on foot, in two by car (driven, walked); None where there is none."""
        straight = float(np.linalg.norm(end.xyz - start.xyz))
        reach = self.reach(start, limit=(FIRST_DETOUR * straight + FIRST_SLACK_M) * self.per_metre)
        least, last = self.arrive(reach, end)
        if not np.isfinite(least) and self.travel != "car":
            reach = self.reach(start)
            least, last = self.arrive(reach, end)
        return self.legs(reach, end, last) if np.isfinite(least) else None

    def legs(self, reach: Reach, end: Place, last: int | None) -> tuple[Leg, ...]:
        """The way to a place that is arrived at from this node."""
        if last is None:
            none = np.empty(0, dtype=np.int32)
            return (Leg(path=Path(nodes=none, edges=none, metres=0.0, seconds=0.0), start=reach.start, end=end),)
        path = _found(reach.tree, last)
        if reach.driven is None or reach.left is None:
            return (Leg(path=path, start=reach.start, end=end),)
        left = int(reach.left[path.nodes[0]])
        kerb = Place(id=None, name=said("places", "place"), xyz=self.network.graph.site_xyz[left], nodes=())
        return Leg(path=_found(reach.driven, left), start=reach.start, end=None), Leg(path=path, start=kerb, end=end)

    def links(self, place: Place) -> tuple[Int32, Float64]:
        """The nodes a place is joined to while the closed is closed, and the metres to each."""
        nodes = np.asarray(place.nodes, dtype=np.int32)
        xyz = self.network.graph.site_xyz[nodes]
        is_open = ~self.shut.closed_lines(place.room, np.broadcast_to(place.xyz, xyz.shape), xyz)
        return nodes[is_open], np.linalg.norm(xyz[is_open] - place.xyz, axis=1)

    def _in_sight(self, a: Place, b: Place) -> bool:
        if a.room is None or a.room != b.room or self.shut.closed_lines(a.room, a.xyz[None], b.xyz[None])[0]:
            return False
        return bool(sees(self.network.rooms[a.room].floor, a.xyz[None, :2], b.xyz[None, :2])[0])

    def _ways(self, modes: frozenset[Mode]) -> Ways:
        ready = self.network.searches.ways(modes, self.cost)
        return ready.without(self._barred.closed_edges(self.network.graph)) if self._barred else ready


def _found(tree: Tree, node: int) -> Path:
    path = tree.find_path(node)
    assert path is not None
    return path


def _number(network: Network, feature: str | None) -> int:
    numbers: dict[str, int] = network.searches.once("numbers", lambda: {name: n for n, name in enumerate(network.graph.features)})
    return NOWHERE if feature is None else numbers.get(feature, NOWHERE)
