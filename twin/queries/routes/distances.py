"""Distances from one to many along the way: the nearest guards to a place, the way out of every room."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from spatial.mesh import Float64
from spatial.route import NOWHERE, Int32
from spatial.ways import Cost
from twin.errors import Invalid
from twin.queries.routes.build import Network
from twin.queries.routes.closures import Closures, no_closures
from twin.queries.routes.columns import NodeKind
from twin.queries.routes.places import Place, PlaceGiven, find_place
from twin.queries.routes.reach import Unreached, unreached_rooms
from twin.queries.routes.search import Search, modes_of

__all__ = ["Evacuation", "Nearest", "Reached", "Until", "evacuation", "nearest"]

Until = Literal["outside", "stairs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """One of the nearest: its id and how far it is along the way."""

    id: str
    metres: float
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """`{id, metres, seconds}`."""
        return {"id": self.id, "metres": round(self.metres, 2), "seconds": round(self.seconds, 1)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearest:
    """The nearest first; `unreached` are those that no open way joins to the place, `apart` those that stand in no room and at no path."""

    found: tuple[Reached, ...]
    unreached: tuple[str, ...]
    apart: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """`{found: [{id, metres, seconds}], unreached: [id], apart: [id]}`."""
        return {"found": [one.as_json() for one in self.found], "unreached": list(self.unreached), "apart": list(self.apart)}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evacuation:
    """The way out of each room, as columns over `rooms` (n ids), stairs and no lifts.

    `metres` (n,) from the room's farthest corner, `door_metres` (n,) from the nearest of its doors on, `seconds` (n,) for the
    first, `exits` the doors to the outside that are used from the farthest corner. Rooms without a way out are in `unreached`.
    """

    rooms: tuple[str, ...]
    metres: Float64
    door_metres: Float64
    seconds: Float64
    exits: tuple[str, ...]
    unreached: tuple[Unreached, ...]

    def as_json(self) -> dict[str, Any]:
        """`{rooms: [{room, metres, door_metres, seconds, exit}], unreached: [...]}`."""
        columns = zip(self.rooms, self.metres.tolist(), self.door_metres.tolist(), self.seconds.tolist(), self.exits, strict=True)
        rows = [
            {"room": room, "metres": round(far, 2), "door_metres": round(door, 2), "seconds": round(spent, 1), "exit": leaving}
            for room, far, door, spent, leaving in columns
        ]
        return {"rooms": rows, "unreached": [row.as_json() for row in self.unreached]}


def nearest(
    network: Network,
    target: PlaceGiven,
    candidates: Mapping[str, PlaceGiven],
    count: int,
    *,
    closures: Closures | None = None,
    cost: Cost = "seconds",
) -> Nearest:
    """The `count` candidates (id → place) nearest to a place along the way on foot; of equally near ones in the order given.

    One search, however many candidates. Raises what `find_place` raises for the target.
    """
    places: dict[str, Place] = {}
    apart = []
    for name, given in candidates.items():
        try:
            places[name] = find_place(network, given)
        except Invalid:
            apart.append(name)
    search = Search(network, closures=closures, cost=cost)
    reach = search.reach(find_place(network, target))
    arrivals = {name: search.arrive(reach, place) for name, place in places.items()}
    order = sorted((name for name, (length, _) in arrivals.items() if np.isfinite(length)), key=lambda name: arrivals[name][0])
    found = []
    for name in order[:count]:
        (leg,) = search.legs(reach, places[name], arrivals[name][1])
        _, path = leg.graph(network)
        found.append(Reached(id=name, metres=path.metres, seconds=path.seconds))
    unreached = tuple(name for name, (length, _) in arrivals.items() if not np.isfinite(length))
    return Nearest(found=tuple(found), unreached=unreached, apart=tuple(apart))


def evacuation(network: Network, *, until: Until = "outside", closures: Closures | None = None) -> Evacuation:
    """The way out of every room in one search from all doors to the outside, over walking and stairs, shortest in metres.

    `until="stairs"` also ends at the doors of rooms named as stairs, as GB 50016 5.5.17 measures from a room's door to the nearest
    safe exit (`door_metres`); whether a staircase is a protected one nobody knows here. The farthest corner is that of the outline
    drawn in from the walls: a point between corners may lie a little farther.
    """
    graph = network.graph
    shut = closures or no_closures()
    ready = network.searches.ways(modes_of("foot", lifts=False), "metres")
    ways = ready.without(shut.closed_edges(graph)) if shut else ready
    tree = ways.from_nearest(np.concatenate([network.exits, _stair_doors(network, shut)]) if until == "stairs" else network.exits)
    known = {row.room: row for row in unreached_rooms(network)}
    rooms: list[str] = []
    rows: list[tuple[float, float, float, str]] = []
    for name, nodes in network.rooms.items():
        if nodes.room.use == "floor" or name in known:
            continue
        costs = tree.cost[nodes.nodes]
        farthest = int(nodes.nodes[int(costs.argmax())]) if len(costs) else NOWHERE
        path = None if farthest == NOWHERE else tree.find_path(farthest)
        if path is None:
            known[name] = Unreached(room=name, name=nodes.room.name, reason="closed")
            continue
        leaving = graph.features[graph.node_feature[tree.source[farthest]]]
        rooms.append(name)
        rows.append((path.metres, float(tree.cost[nodes.entries].min()), path.seconds, leaving))
    columns = np.array([row[:3] for row in rows], dtype=np.float64).reshape(-1, 3)
    return Evacuation(
        rooms=tuple(rooms),
        metres=columns[:, 0],
        door_metres=columns[:, 1],
        seconds=columns[:, 2],
        exits=tuple(row[3] for row in rows),
        unreached=tuple(known.values()),
    )


def _stair_doors(network: Network, shut: Closures) -> Int32:
    """The nodes of open doors between a room named as stairs and another."""
    graph = network.graph
    doors: set[str] = set()
    for ways in network.buildings:
        rooms = ways.plan.rooms
        for join in ways.doors:
            uses = [rooms[room].use for room in join.rooms if room is not None]
            if "stair" in uses and len(uses) == 2:
                doors.add(join.door.id)
    numbers = [number for number, name in enumerate(graph.features) if name in doors - shut.ids]
    return np.flatnonzero((graph.node_kind == NodeKind.DOOR) & np.isin(graph.node_feature, numbers)).astype(np.int32)
