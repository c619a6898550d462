"""What an answer does not know of the way it gives: directions of roads, differences of height at doors."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spatial.route import NOWHERE, Mode, RouteGraph
from spatial.ways import Path
from twin.queries.routes.build import Network
from twin.queries.routes.roads import Direction
from twin.queries.routes.search import Travel
from twin.queries.routes.words import Words, said

__all__ = ["Note", "notes_on"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A row of the notes in `words.toml` and the features it is about, in the order of the way."""

    kind: str
    features: tuple[str, ...]
    words: Words

    def as_json(self) -> dict[str, Any]:
        """`{kind, features, words: {zh, en}}`."""
        return {"kind": self.kind, "features": list(self.features), "words": self.words.as_json()}


def notes_on(network: Network, travel: Travel, parts: Sequence[tuple[RouteGraph, Path]]) -> tuple[Note, ...]:
    """The notes on a way, given as its legs' graphs."""
    found = {"direction_unknown": _roads(network, parts, Direction.UNKNOWN), "reversible": _roads(network, parts, Direction.REVERSIBLE)}
    if travel == "wheelchair":
        found["step_at_door"] = _steps(network, parts)
    return tuple(Note(kind=kind, features=names, words=said("notes", kind)) for kind, names in found.items() if names)


def _roads(network: Network, parts: Sequence[tuple[RouteGraph, Path]], direction: Direction) -> tuple[str, ...]:
    wanted = {road.id for road in network.outdoors.roads if road.direction == direction}
    driven = [
        graph.features[area] for graph, _ in parts for area in graph.edge_area[graph.edge_mode == Mode.CAR].tolist() if area != NOWHERE
    ]
    return tuple(dict.fromkeys(name for name in driven if name in wanted))


def _steps(network: Network, parts: Sequence[tuple[RouteGraph, Path]]) -> tuple[str, ...]:
    """Doors at which floor, sill or ground differ by more than the rules say."""
    found: list[str] = []
    for graph, _ in parts:
        rise = np.abs(graph.site_xyz[graph.edge_to, 2] - graph.site_xyz[graph.edge_from, 2])
        high = (rise > network.rules.wheelchair.step_m) & (graph.edge_mode == Mode.WALK) & (graph.edge_via != NOWHERE)
        found += [graph.features[via] for via in graph.edge_via[high].tolist()]
    return tuple(dict.fromkeys(found))
