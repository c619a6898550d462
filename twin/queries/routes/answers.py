"""Routes on foot and by car between two places, as a line, lengths, doors and words; or why there is none."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from spatial.mesh import Float64
from spatial.route import NOWHERE, Cost, Mode, Path, RouteGraph, Ways
from spatial.walkable import sees
from twin.queries.routes.build import Network
from twin.queries.routes.closures import ON_FOOT, Closures, no_closures
from twin.queries.routes.columns import NodeKind
from twin.queries.routes.places import Place, PlaceGiven, find_place
from twin.queries.routes.reach import unreached_rooms
from twin.queries.routes.steps import Step, steps_of
from twin.queries.routes.words import Words, said

__all__ = ["Route", "Travel", "join_places", "route"]

Travel = Literal["foot", "car"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Route:
    """A way from one place to another, or the reason why there is none.

    `site_xyz` (k, 3) metres is its line, `storeys` the storey at each of its points (None out of doors), `doors` the doors and
    gates passed in order. Without a way `metres` and `seconds` are None, `reason` is a key of the reasons in `words.toml` and
    `closed_by` names the closed things that the way would pass if all were open.
    """

    start: Place
    end: Place
    mode: Travel
    metres: float | None = None
    seconds: float | None = None
    site_xyz: Float64
    storeys: tuple[str | None, ...] = ()
    doors: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    reason: str | None = None
    closed_by: tuple[str, ...] = ()

    @property
    def words(self) -> Words | None:
        """The reason in words; None where there is a way."""
        return None if self.reason is None else said("reasons", self.reason)

    def as_json(self) -> dict[str, Any]:
        """All of it; the line as `site_xyz: [[x, y, z], …]` in site metres, to a millimetre."""
        return {
            "mode": self.mode,
            "from": {"id": self.start.id, "name": self.start.name.as_json(), "site_xyz": _rounded(self.start.xyz)},
            "to": {"id": self.end.id, "name": self.end.name.as_json(), "site_xyz": _rounded(self.end.xyz)},
            "metres": None if self.metres is None else round(self.metres, 2),
            "seconds": None if self.seconds is None else round(self.seconds, 1),
            "site_xyz": _rounded(self.site_xyz),
            "storeys": list(self.storeys),
            "doors": list(self.doors),
            "steps": [step.as_json() for step in self.steps],
            "reason": self.reason,
            "words": None if self.words is None else self.words.as_json(),
            "closed_by": list(self.closed_by),
        }


def route(
    network: Network,
    start: PlaceGiven,
    end: PlaceGiven,
    *,
    mode: Travel = "foot",
    closures: Closures | None = None,
    lifts: bool = True,
    cost: Cost = "seconds",
) -> Route:
    """The way of least cost between two places (`find_place`); `lifts=False` as in a fire, `closures` from `Closures.of`.

    By car it is driven from the road beside the start to where walking on to the end is least, and walked from there. Raises
    what `find_place` raises.
    """
    shut = closures or no_closures()
    begin, finish = find_place(network, start, by_car=mode == "car"), find_place(network, end)
    graph, (first, last) = join_places(network, [begin, finish])
    modes = [one for one in ON_FOOT if lifts or one is not Mode.LIFT]
    search = _Search(network, graph, modes, cost)
    path = search.find(first, last, mode, shut)
    if path is not None:
        return search.told(begin, finish, mode, path)
    best = search.find(first, last, mode, no_closures())
    nothing = Route(start=begin, end=finish, mode=mode, site_xyz=np.empty((0, 3)))
    if best is not None:
        met = tuple(dict.fromkeys(name for part in best for name in shut.met_on(graph, part)))
        return replace(nothing, reason="closed", closed_by=met)
    return replace(nothing, reason=_why(network, begin, finish, mode))


def join_places(network: Network, places: Sequence[Place]) -> tuple[RouteGraph, list[int]]:
    """The network's graph with the places as further nodes, two in one room joined straight where one sees the other; their numbers."""
    first = network.graph.nodes
    links = [(first + number, node) for number, place in enumerate(places) for node in place.nodes]
    links += [(first + a, first + b) for a in range(len(places)) for b in range(a) if _in_sight(network, places[a], places[b])]
    xyz = np.array([place.xyz for place in places]).reshape(-1, 3)
    graph = network.graph.joined(xyz, int(NodeKind.PLACE), links, 1 / network.rules.speed.walk_m_per_s)
    rooms = {name: number for number, name in enumerate(graph.features)}
    area = graph.edge_area.copy()
    added = graph.edges - len(links)
    for number, (a, _) in enumerate(links):
        room = places[a - first].room
        if room is not None:
            area[added + number] = rooms.get(room, NOWHERE)
    return replace(graph, edge_area=area), list(range(first, first + len(places)))


class _Search:
    """One question: the joined graph, how one moves on foot, what counts."""

    def __init__(self, network: Network, graph: RouteGraph, modes: Sequence[Mode], cost: Cost) -> None:
        self.network, self.graph, self.modes, self.cost = network, graph, modes, cost

    def find(self, first: int, last: int, mode: Travel, shut: Closures) -> tuple[Path, ...] | None:
        """The way in one part on foot, in two by car (driven, walked); None where there is none."""
        walked = Ways.of(self.graph, is_open=shut.open_edges(self.graph, self.modes), cost=self.cost)
        if mode == "foot":
            path = walked.from_nearest([first]).find_path(last)
            return None if path is None else (path,)
        return self._drive(first, last, walked, shut)

    def _drive(self, first: int, last: int, walked: Ways, shut: Closures) -> tuple[Path, ...] | None:
        edges = shut.open_edges(self.graph, (Mode.CAR,))
        edges |= shut.open_edges(self.graph, (Mode.WALK,)) & ((self.graph.edge_from == first) | (self.graph.edge_to == first))
        driven = Ways.of(self.graph, is_open=edges, cost=self.cost).from_nearest([first])
        on_foot = walked.from_nearest([last])
        road, surface = self.network.transfers.T
        total = driven.cost[road] + on_foot.cost[surface]
        if not len(total) or not np.isfinite(total.min()):
            return None
        best = int(total.argmin())
        there, rest = driven.find_path(int(road[best])), on_foot.find_path(int(surface[best]))
        if there is None or rest is None:
            return None
        return there, walked.path(rest.nodes[::-1].tolist())

    def told(self, start: Place, end: Place, mode: Travel, parts: Sequence[Path]) -> Route:
        told = [steps_of(self.network, self.graph, part) for part in parts]
        out = [Step(kind="car_out", feature=None, metres=0.0, seconds=0.0, words=said("steps", "car_out"))]
        between = [step for number, steps in enumerate(told) for step in (*(out if number else ()), *steps)]
        ends = [Step(kind=kind, feature=place.id, metres=0.0, seconds=0.0, words=said("steps", kind, name=place.name))
                for kind, place in (("start", start), ("arrive", end))]  # fmt: skip
        nodes = np.concatenate([part.nodes for part in parts])
        return Route(
            start=start,
            end=end,
            mode=mode,
            metres=sum(part.metres for part in parts),
            seconds=sum(part.seconds for part in parts),
            site_xyz=self.graph.site_xyz[nodes],
            storeys=_storeys(self.network, self.graph, nodes.tolist(), start, end),
            doors=tuple(dict.fromkeys(step.feature for step in between if step.feature and not step.kind.startswith(("stairs", "lift")))),
            steps=(ends[0], *between, ends[1]),
        )


def _in_sight(network: Network, a: Place, b: Place) -> bool:
    if a.room is None or a.room != b.room:
        return False
    return bool(sees(network.rooms[a.room].floor, a.xyz[None, :2], b.xyz[None, :2])[0])


def _storeys(network: Network, graph: RouteGraph, nodes: Sequence[int], start: Place, end: Place) -> tuple[str | None, ...]:
    found: list[str | None] = []
    for node in nodes:
        feature = int(graph.node_feature[node])
        room = None if feature == NOWHERE else network.rooms.get(graph.features[feature])
        kind = graph.node_kind[node]
        indoors = kind in (NodeKind.DOOR, NodeKind.OPENING, NodeKind.TREAD, NodeKind.LIFT)
        found.append(room.room.storey if room is not None else found[-1] if found and indoors else None)
    for at, place in ((0, start), (-1, end)):
        if place.room is not None:
            found[at] = network.rooms[place.room].room.storey
    return tuple(found)


def _why(network: Network, start: Place, end: Place, mode: Travel) -> str:
    if mode == "car" and not len(network.transfers):
        return "no_road"
    unreached = {row.room: row.reason for row in unreached_rooms(network)}
    return next((unreached[place.room] for place in (start, end) if place.room in unreached), "not_joined")


def _rounded(xyz: Float64) -> Any:
    return np.round(xyz, 3).tolist()
