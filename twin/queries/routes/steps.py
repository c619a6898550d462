"""A way as steps in words: doors passed and where one turns, storeys changed, buildings left and entered, gates."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from spatial.mesh import Float64
from spatial.route import NOWHERE, Mode, RouteGraph
from spatial.ways import Path
from twin.queries.routes.build import Network
from twin.queries.routes.columns import NodeKind
from twin.queries.routes.words import Words, said

__all__ = ["Step", "steps_of"]

TURN_RAD = np.pi / 4
NEAR_M = 0.05
SAID_FROM_M = 1.0
CLIMBS = {Mode.STAIRS: "stairs", Mode.LIFT: "lift", Mode.RAMP: "ramp"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: its kind (a row of `words.toml`), the feature passed, its own metres and seconds, the words."""

    kind: str
    feature: str | None
    metres: float
    seconds: float
    words: Words

    def as_json(self) -> dict[str, object]:
        """`{kind, feature, metres, seconds, words: {zh, en}}`."""
        metres, seconds = round(self.metres, 2), round(self.seconds, 1)
        return {"kind": self.kind, "feature": self.feature, "metres": metres, "seconds": seconds, "words": self.words.as_json()}


def steps_of(network: Network, graph: RouteGraph, path: Path) -> tuple[Step, ...]:
    """The steps along a path of a graph (the network's, with places joined to it), first and last place not said.

    The steps' metres and seconds add up to the path's.
    """
    return tuple(_Telling(network, graph, path).steps())


class _Telling:
    def __init__(self, network: Network, graph: RouteGraph, path: Path) -> None:
        self.network, self.graph, self.path = network, graph, path
        self.storey_of = {room: nodes.room.storey for room, nodes in network.rooms.items()}
        self.kinds = graph.node_kind[path.nodes]
        self.lies = self._where()

    def steps(self) -> Iterator[Step]:
        at = 0
        for key, group in groupby(range(len(self.path.edges)), key=self._key):
            size = len(list(group))
            step = self._step(key, at, at + size)
            at += size
            if step.metres > 0 or step.feature is not None:
                yield step

    def _key(self, index: int) -> tuple[Mode, int, str | None]:
        edge = self.path.edges[index]
        mode = Mode(int(self.graph.edge_mode[edge]))
        via = NOWHERE if mode is Mode.LIFT else int(self.graph.edge_via[edge])
        return mode, via, self.lies[index] if via == NOWHERE and mode is not Mode.LIFT else None

    def _where(self) -> list[str | None]:
        """For each edge the name of the room or road it lies in; of a junction that of the road one comes by."""
        found: list[str | None] = []
        for area, mode in zip(self.graph.edge_area[self.path.edges].tolist(), self.graph.edge_mode[self.path.edges].tolist(), strict=True):
            name = None if area == NOWHERE else self.network.scene.names.get(self.graph.features[area])
            found.append(found[-1] if name is None and mode == Mode.CAR and found else name)
        return found

    def _step(self, key: tuple[Mode, int, str | None], first: int, last: int) -> Step:
        mode, via, name = key
        edges = self.path.edges[first:last]
        metres = float(self.graph.edge_metres[edges].sum())
        feature = None if via == NOWHERE else self.graph.features[via]
        if mode in CLIMBS:
            kind, words = self._climb(mode, feature, first, last)
        elif feature is None:
            kind, words = _onward(mode, name, metres)
        elif (self.kinds[first : last + 1] == NodeKind.GATE).any():
            kind, words = "gate", said("steps", "gate", name=self._name(feature))
        else:
            kind, words = self._door(feature, first, last)
        return Step(kind=kind, feature=feature, metres=metres, seconds=float(self.graph.edge_seconds[edges].sum()), words=words)

    def _climb(self, mode: Mode, feature: str | None, first: int, last: int) -> tuple[str, Words]:
        z = self.graph.site_xyz[self.path.nodes[[first, last]], 2]
        way = "up" if z[1] > z[0] else "down"
        kind = f"{CLIMBS[mode]}_{way}"
        storey = self._storey_after(last)
        return kind, said("steps", kind, storey=storey, name=self._name(feature))

    def _door(self, feature: str, first: int, last: int) -> tuple[str, Words]:
        name, kinds = self._name(feature), self.kinds[first : last + 1]
        room = self._room_after(last)
        if kinds[-1] == NodeKind.OUTSIDE:
            return "leave", said("steps", "leave", name=name)
        if kinds[0] == NodeKind.OUTSIDE:
            return "enter", said("steps", "enter", name=name, room=room)
        turn = self._turn(first, last)
        kind = "door" if abs(turn) < TURN_RAD else "door_left" if turn > 0 else "door_right"
        return kind, said("steps", kind, name=name, room=room)

    def _turn(self, first: int, last: int) -> float:
        """Angle in radians, left positive, between passing the door and going on."""
        through = self._direction(first, last)
        onward = next((v for end in range(last + 1, len(self.path.nodes)) if (v := self._direction(last, end)) is not None), None)
        if through is None or onward is None:
            return 0.0
        return float(np.arctan2(through[0] * onward[1] - through[1] * onward[0], through @ onward))

    def _direction(self, first: int, last: int) -> Float64 | None:
        ends = self.graph.site_xyz[self.path.nodes[[first, last]], :2]
        line: Float64 = ends[1] - ends[0]
        return line if np.hypot(*line) > NEAR_M else None

    def _room_after(self, index: int) -> str | Words:
        feature = self.graph.node_feature[self.path.nodes[index]]
        nodes = None if feature == NOWHERE else self.network.rooms.get(self.graph.features[feature])
        return said("places", "outside") if nodes is None else nodes.room.name

    def _storey_after(self, index: int) -> str | Words:
        for node in self.path.nodes[index:]:
            feature = int(self.graph.node_feature[node])
            storey = None if feature == NOWHERE else self.storey_of.get(self.graph.features[feature])
            if storey is not None:
                return self.network.scene.storey_names.get(storey) or said("places", "storey")
        return said("places", "storey")

    def _name(self, feature: str | None) -> str:
        return "" if feature is None else self.network.scene.names.get(feature, feature)


def _onward(mode: Mode, name: str | None, metres: float) -> tuple[str, Words]:
    """Walking or driving past nothing, in a room or along a road where it has a name."""
    kind, rounded = "drive" if mode is Mode.CAR else "walk", str(round(metres))
    if name is None or metres < SAID_FROM_M:
        return kind, said("steps", kind, metres=rounded)
    return kind, said("steps", "drive_on", metres=rounded, road=name) if mode is Mode.CAR else said(
        "steps", "walk_in", metres=rounded, room=name
    )
