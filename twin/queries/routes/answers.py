"""Routes on foot and by car between two places, as a line, lengths, doors and words; or why there is none."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from spatial.mesh import Float64
from spatial.route import NOWHERE, RouteGraph
from spatial.ways import Cost, Path
from twin.queries.routes.build import Network
from twin.queries.routes.closures import Closures
from twin.queries.routes.columns import NodeKind
from twin.queries.routes.notes import Note, notes_on
from twin.queries.routes.places import Place, PlaceGiven, find_place
from twin.queries.routes.reach import unreached_rooms, without_lift
from twin.queries.routes.search import Leg, Search, Travel
from twin.queries.routes.steps import Step, steps_of
from twin.queries.routes.words import Words, said

__all__ = ["Route", "route"]

NO_DOORS = ("stairs", "lift", "ramp", "walk", "drive")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Route:
    """A way from one place to another, or the reason why there is none.

    `site_xyz` (k, 3) metres is its line, `storeys` the storey at each of its points (None out of doors), `doors` the doors and
    gates passed in order. Without a way `metres` and `seconds` are None, `reason` is a key of the reasons in `words.toml` and
    `closed_by` names the closed things that the way would pass if all were open. `notes` say what is not known of the way.
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
    notes: tuple[Note, ...] = ()

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
            "notes": [note.as_json() for note in self.notes],
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

    In a wheelchair no stairs are taken, no ramp steeper and no door narrower than the rules say. By car it is driven from the road
    beside the start to where walking on to the end is least, and walked from there. Raises what `find_place` raises.
    """
    begin, finish = find_place(network, start, by_car=mode == "car"), find_place(network, end)
    search = Search(network, mode, closures=closures, lifts=lifts, cost=cost)
    legs = search.find(begin, finish)
    if legs is not None:
        return _told(network, begin, finish, mode, legs)
    nothing = Route(start=begin, end=finish, mode=mode, site_xyz=np.empty((0, 3)))
    best = Search(network, mode, lifts=lifts, cost=cost).find(begin, finish) if search.shut else None
    if best is not None:
        met = tuple(dict.fromkeys(name for leg in best for name in search.shut.met_on(*leg.graph(network))))
        return replace(nothing, reason="closed", closed_by=met)
    return replace(nothing, reason=_why(network, begin, finish, mode))


def _told(network: Network, start: Place, end: Place, mode: Travel, legs: Sequence[Leg]) -> Route:
    parts = [leg.graph(network) for leg in legs]
    told = [steps_of(network, graph, path) for graph, path in parts]
    out = [Step(kind="car_out", feature=None, metres=0.0, seconds=0.0, words=said("steps", "car_out"))]
    between = [step for number, steps in enumerate(told) for step in (*(out if number else ()), *steps)]
    ends = [Step(kind=kind, feature=place.id, metres=0.0, seconds=0.0, words=said("steps", kind, name=place.name))
            for kind, place in (("start", start), ("arrive", end))]  # fmt: skip
    return Route(
        start=start,
        end=end,
        mode=mode,
        metres=sum(path.metres for _, path in parts),
        seconds=sum(path.seconds for _, path in parts),
        site_xyz=np.concatenate([graph.site_xyz for graph, _ in parts]),
        storeys=_storeys(network, parts, start, end),
        doors=tuple(dict.fromkeys(step.feature for step in between if step.feature and not step.kind.startswith(NO_DOORS))),
        steps=(ends[0], *between, ends[1]),
        notes=notes_on(network, mode, parts),
    )


def _storeys(network: Network, parts: Sequence[tuple[RouteGraph, Path]], start: Place, end: Place) -> tuple[str | None, ...]:
    found: list[str | None] = []
    for graph, _ in parts:
        for feature, kind in zip(graph.node_feature.tolist(), graph.node_kind.tolist(), strict=True):
            room = None if feature == NOWHERE else network.rooms.get(graph.features[feature])
            indoors = kind in (NodeKind.DOOR, NodeKind.OPENING, NodeKind.TREAD, NodeKind.LIFT)
            found.append(room.room.storey if room is not None else found[-1] if found and indoors else None)
    for at, place in ((0, start), (-1, end)):
        if place.room is not None:
            found[at] = network.rooms[place.room].room.storey
    return tuple(found)


def _why(network: Network, start: Place, end: Place, mode: Travel) -> str:
    if mode == "car" and not len(network.transfers):
        return "no_road"
    unreached = {row.room: row.reason for row in unreached_rooms(network, "wheelchair" if mode == "wheelchair" else "foot")}
    reason = next((unreached[place.room] for place in (start, end) if place.room in unreached), None)
    if reason is None and mode == "wheelchair" and Search(network).find(start, end) is not None:
        return "no_lift" if any(without_lift(network, place.room) for place in (start, end)) else "stairs_alone"
    return reason or "not_joined"


def _rounded(xyz: Float64) -> Any:
    return np.round(xyz, 3).tolist()
