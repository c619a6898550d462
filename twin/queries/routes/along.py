"""The nearest of many along the way: candidates are placed and measured in batches, room by room, nearest rooms first."""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray

from spatial.mesh import Float64
from spatial.route import NOWHERE, Int32
from spatial.walkable import sees
from twin.queries.routes.build import Network
from twin.queries.routes.places import ABOVE_GROUND_M, UNDER_FLOOR_M, Place
from twin.queries.routes.reach import unreached_rooms
from twin.queries.routes.search import Reach, Search
from twin.queries.routes.words import said

__all__ = ["Along", "Arrival", "Candidates", "nearest_along", "rooms_at"]

Int64 = NDArray[np.int64]
STEP_OFF_M = 1.0
AROUND = np.column_stack([np.cos(np.arange(8) * np.pi / 4), np.sin(np.arange(8) * np.pi / 4)])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidates:
    """Points (m, 3) site metres to be reached; of those in `nodes` any of these nodes of the network is it.

    `hang_m` is how far above the ground out of doors they may be and still be reached from below; what stands `on_fence` (gates, cameras)
    may be reached from a step beside it. `key` names these candidates where their places are worth keeping for the next question.
    """

    xyz: Float64
    nodes: Mapping[int, Int32] = field(default_factory=dict)
    hang_m: float = ABOVE_GROUND_M
    on_fence: bool = False
    key: Hashable = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A candidate (number) and how far it is along the way."""

    candidate: int
    metres: float
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Along:
    """The nearest first; `unreached` are all candidates that no open way leads to, with a key of the reasons in `words.toml`."""

    found: tuple[Arrival, ...]
    unreached: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Measured:
    """Candidates (k,) numbers, what each costs (k,), the last node (k,) before it (NOWHERE: straight), where one stands (k, 3)."""

    number: Int64
    cost: Float64
    last: Int64
    xyz: Float64
    room: str | None = None


def nearest_along(search: Search, start: Place, candidates: Candidates, count: int) -> Along:
    """The `count` candidates nearest to a place along the way, ties in their order; each as far as `route` to it says.

    Rooms farther than the last of those found are not looked into: what is in them is reached, and not among the nearest.
    """
    reach = search.reach(start)
    placed = _kept(search.network, candidates)
    measured = [_nodes(reach, number, nodes, search.network) for number, nodes in candidates.nodes.items()]
    measured.append(_outside(search, reach, placed.outside))
    inside = placed.rooms
    bounds = {name: _least(search, reach, name) for name in inside}
    best = np.sort(np.concatenate([one.cost for one in measured]))
    for name in sorted((name for name in bounds if np.isfinite(bounds[name])), key=lambda name: bounds[name]):
        if len(best) >= count and bounds[name] > best[count - 1]:
            break
        one = _in_room(search, reach, name, candidates.xyz[inside[name]], inside[name])
        measured.append(one)
        best = np.sort(np.concatenate([best, one.cost]))
    reasons = {row.room: row.reason for row in unreached_rooms(search.network, "foot" if search.travel == "car" else search.travel)}
    unreached = [(number, "apart") for number in placed.apart]
    unreached += [(int(number), reasons.get(name, "lift_shaft")) for name, numbers in placed.shafts.items() for number in numbers]
    shut = "closed" if search.shut else "not_joined"
    cut_off = [(name, inside[name]) for name in inside if not np.isfinite(bounds[name])]
    cut_off += [(one.room or "", one.number[~np.isfinite(one.cost)]) for one in measured]
    unreached += [(int(number), reasons.get(name, shut)) for name, numbers in cut_off for number in numbers]
    return Along(found=tuple(_first(search, reach, measured, count)), unreached=tuple(sorted(unreached)))


def rooms_at(network: Network, xyz: Float64) -> list[str | None]:
    """For points (m, 3) the rooms that hold them, None for none; as `room_at`, and lift shafts where nothing else holds them."""
    rooms = [room for ways in network.buildings for room in ways.plan.rooms]
    tree: shapely.STRtree = network.searches.once("room tree", lambda: shapely.STRtree([room.outline for room in rooms]))
    floor, top = np.array([room.floor_z for room in rooms]), np.array([room.top_z for room in rooms])
    walked = np.array([room.id in network.rooms for room in rooms], dtype=bool)
    point, room = tree.query(shapely.points(xyz[:, :2]), predicate="intersects")
    z = xyz[point, 2]
    fits = (floor[room] - UNDER_FLOOR_M <= z) & (z <= top[room])
    point, room = point[fits], room[fits]
    found = np.full(len(xyz), NOWHERE, dtype=np.int64)
    order = np.lexsort((-room, floor[room], walked[room], point))
    found[point[order]] = room[order]
    return [None if number == NOWHERE else rooms[number].id for number in found.tolist()]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Placed:
    """Candidates by where they are: in rooms, in shafts, out of doors, and apart."""

    rooms: Mapping[str, Int64]
    shafts: Mapping[str, Int64]
    outside: "_Outside"
    apart: list[int]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Outside:
    """Where one stands out of doors at candidates, as columns; all at one spot (in a building without a model) are placed once.

    Candidate `number` (c,) is at `place` (c,). What joins a place to the network lies together, from `first` (p,) on: of each join the
    `node` (j,), the `metres` to it and where one stands, `xyz` (j, 3).
    """

    number: Int64
    place: Int64
    first: Int64
    node: Int32
    metres: Float64
    xyz: Float64


def _kept(network: Network, candidates: Candidates) -> _Placed:
    if candidates.key is None:
        return _placed(network, candidates)
    return network.searches.once(("placed", candidates.key), lambda: _placed(network, candidates))


def _placed(network: Network, candidates: Candidates) -> _Placed:
    homes: dict[str, list[int]] = {}
    open_air: list[int] = []
    for number, room in enumerate(rooms_at(network, candidates.xyz)):
        if number in candidates.nodes:
            continue
        if room is None:
            open_air.append(number)
        else:
            homes.setdefault(room, []).append(number)
    rooms = {name: np.array(numbers, dtype=np.int64) for name, numbers in homes.items()}
    outside = _beside(network, candidates, np.array(open_air, dtype=np.int64))
    return _Placed(
        rooms={name: numbers for name, numbers in rooms.items() if name in network.rooms},
        shafts={name: numbers for name, numbers in rooms.items() if name not in network.rooms},
        outside=outside,
        apart=sorted(set(open_air) - set(outside.number.tolist())),
    )


def _beside(network: Network, candidates: Candidates, numbers: Int64) -> _Outside:
    """Where one stands out of doors at each candidate: there, or, where no path is reached from there (it hangs on a fence), a step off."""
    spots, spot = np.unique(candidates.xyz[numbers], axis=0, return_inverse=True)
    found: list[tuple[int, Float64, Int32]] = []
    over = spots[:, 2] - network.ground.heights(spots[:, :2])
    left = np.flatnonzero((over >= -ABOVE_GROUND_M) & (over <= candidates.hang_m))
    for ring in (np.zeros((1, 2)), STEP_OFF_M * AROUND)[: 1 + candidates.on_fence]:
        at = np.repeat(left, len(ring))
        xy = spots[at, :2] + np.tile(ring, (len(left), 1))
        z = np.minimum(spots[at, 2], network.ground.heights(xy) + ABOVE_GROUND_M)
        joined = network.outdoors.attached_many(network.outdoors.walk, xy)
        rows = zip(at.tolist(), np.column_stack([xy, z]), joined, strict=True)
        found += [(row, xyz, network.surface_nodes[nodes]) for row, xyz, nodes in rows if nodes and np.isfinite(xyz[2])]
        left = np.setdiff1d(left, np.array([row for row, _, _ in found], dtype=np.int64))
    return _joined(network, found, numbers, spot)


def _joined(network: Network, places: list[tuple[int, Float64, Int32]], numbers: Int64, spot: Int64) -> _Outside:
    """From places (row of a spot, where one stands, nodes joined to), of one spot one after the other, and the candidates' spots."""
    sizes = np.array([len(nodes) for _, _, nodes in places], dtype=np.int64)
    joins = np.repeat(np.array([row for row, _, _ in places], dtype=np.int64), sizes)
    xyz = np.repeat(np.array([xyz for _, xyz, _ in places]).reshape(-1, 3), sizes, axis=0)
    node = np.concatenate([np.empty(0, dtype=np.int32), *(nodes for _, _, nodes in places)])
    first = np.flatnonzero(np.diff(joins, prepend=NOWHERE))
    place_of = np.full(len(numbers), NOWHERE, dtype=np.int64)
    place_of[joins[first]] = np.arange(len(first))
    place = place_of[spot]
    return _Outside(
        number=numbers[place != NOWHERE],
        place=place[place != NOWHERE],
        first=first,
        node=node,
        metres=np.linalg.norm(network.graph.site_xyz[node] - xyz, axis=1),
        xyz=xyz,
    )


def _least(search: Search, reach: Reach, room: str) -> float:
    """No candidate in the room costs less."""
    nodes = search.network.rooms[room].nodes
    if reach.start.room == room:
        return 0.0
    return float(reach.tree.cost[nodes].min()) if len(nodes) else np.inf


def _nodes(reach: Reach, number: int, nodes: Int32, network: Network) -> _Measured:
    costs = reach.tree.cost[nodes]
    best = int(nodes[costs.argmin()])
    xyz = network.graph.site_xyz[best]
    return _Measured(number=np.array([number]), cost=np.array([costs.min()]), last=np.array([best]), xyz=xyz[None])


def _outside(search: Search, reach: Reach, beside: _Outside) -> _Measured:
    """Of the places where one stands at a candidate that to which the way is shortest, the first of equally near ones."""
    if not len(beside.first):
        return _Measured(number=beside.number, cost=np.empty(0), last=beside.place, xyz=beside.xyz)
    cost = reach.tree.cost[beside.node] + beside.metres * search.per_metre
    if search.shut:
        cost[search.shut.closed_lines(None, beside.xyz, search.network.graph.site_xyz[beside.node])] = np.inf
    least = np.minimum.reduceat(cost, beside.first)
    equal = np.flatnonzero(cost == np.repeat(least, np.diff(beside.first, append=len(cost))))
    best = equal[np.searchsorted(equal, beside.first)][beside.place]
    return _Measured(number=beside.number, cost=cost[best], last=beside.node[best].astype(np.int64), xyz=beside.xyz[best])


def _in_room(search: Search, reach: Reach, name: str, xyz: Float64, number: Int64) -> _Measured:
    """Each candidate of a room drawn onto its free floor and joined to all that it sees there."""
    nodes = search.network.rooms[name]
    on = shapely.get_coordinates(shapely.shortest_line(np.full(len(xyz), nodes.floor, dtype=object), shapely.points(xyz[:, :2])))
    stand = np.column_stack([on.reshape(-1, 2, 2)[:, 0], np.full(len(xyz), nodes.room.floor_z)])
    entries = nodes.nodes
    there = search.network.graph.site_xyz[entries]
    a, b = np.repeat(stand, len(entries), axis=0), np.tile(there, (len(stand), 1))
    seen = sees(nodes.floor, a[:, :2], b[:, :2]) & ~search.shut.closed_lines(name, a, b)
    metres = np.where(seen, np.linalg.norm(b - a, axis=1), np.inf).reshape(len(stand), -1)
    total = reach.tree.cost[entries] + metres * search.per_metre
    cost = total.min(axis=1, initial=np.inf)
    last = entries[total.argmin(axis=1)].astype(np.int64) if len(entries) else np.full(len(stand), NOWHERE)
    if reach.start.room == name and search.travel != "car":
        begin = np.broadcast_to(reach.start.xyz, stand.shape)
        straight = np.linalg.norm(stand - begin, axis=1) * search.per_metre
        closer = sees(nodes.floor, begin[:, :2], stand[:, :2]) & ~search.shut.closed_lines(name, begin, stand) & (straight <= cost)
        cost, last = np.where(closer, straight, cost), np.where(closer, NOWHERE, last)
    return _Measured(number=number, cost=cost, last=last, xyz=stand, room=name)


def _first(search: Search, reach: Reach, measured: list[_Measured], count: int) -> Iterator[Arrival]:
    number = np.concatenate([one.number for one in measured])
    cost = np.concatenate([one.cost for one in measured])
    last, xyz = np.concatenate([one.last for one in measured]), np.concatenate([one.xyz for one in measured])
    rooms = [room for one in measured for room in [one.room] * len(one.number)]
    order = np.lexsort((number, cost))
    for row in order[np.isfinite(cost[order])][:count].tolist():
        node = None if last[row] == NOWHERE else int(last[row])
        place = _place(xyz[row], np.array([] if node is None else [node], dtype=np.int32), rooms[row])
        paths = [leg.graph(search.network)[1] for leg in search.legs(reach, place, node)]
        metres, seconds = sum(path.metres for path in paths), sum(path.seconds for path in paths)
        yield Arrival(candidate=int(number[row]), metres=metres, seconds=seconds)


def _place(xyz: Float64, nodes: Int32, room: str | None) -> Place:
    return Place(id=None, name=said("places", "place"), xyz=xyz, nodes=tuple(nodes.tolist()), room=room)
