"""Which rooms have no way out, and why: the reasons are rows of `words.toml`."""

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from twin.queries.routes.build import BuildingWays, Network
from twin.queries.routes.doors import Side
from twin.queries.routes.search import Travel, modes_of, narrow_doors
from twin.queries.routes.words import Words, said

__all__ = ["Unreached", "unreached_rooms", "without_lift"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreached:
    """A room without a way out of doors while everything is open; `reason` is a key of the reasons in `words.toml`."""

    room: str
    name: str
    reason: str

    @property
    def words(self) -> Words:
        """The reason in words."""
        return said("reasons", self.reason)

    def as_json(self) -> dict[str, object]:
        """`{room, name, reason, words: {zh, en}}`."""
        return {"room": self.room, "name": self.name, "reason": self.reason, "words": self.words.as_json()}


def unreached_rooms(network: Network, travel: Travel = "foot") -> tuple[Unreached, ...]:
    """Every room that has no way to a door to the outside, with the reason; rooms reached are not listed.

    Reached and unreached are all rooms of the buildings: nothing is left out. In a wheelchair what is reached on foot alone is told to
    lack a lift (`no_lift`), where its building has none, or to be cut off by stairs and steep ramps (`stairs_alone`) or narrow doors
    (`door_narrow`).
    """
    return network.searches.once(("unreached", travel), lambda: _unreached(network, travel))


def without_lift(network: Network, room: str | None) -> bool:
    """Whether a room's building has no lift."""
    return any(not ways.lifts for ways in network.buildings if any(one.id == room for one in ways.plan.rooms))


def _unreached(network: Network, travel: Travel) -> tuple[Unreached, ...]:
    reached = _reached(network, travel)
    wide, on_foot = (reached, reached) if travel == "foot" else (_reached(network, travel, narrow=True), _reached(network, "foot"))
    own = {building.id: {room.id for room in building.rooms} for building in network.scene.buildings}
    found: list[Unreached] = []
    for ways in network.buildings:
        found += [Unreached(room=space.id, name=space.name or space.id, reason="no_outline") for space in ways.plan.scene.shapeless]
        reasons, drawn = _Reasons(ways), own[ways.plan.scene.id]
        for number, room in enumerate(ways.plan.rooms):
            if room.id in drawn and room.id not in reached:
                stairs = ("stairs_alone" if ways.lifts else "no_lift") if room.id in on_foot else None
                why = "door_narrow" if room.id in wide else stairs or reasons.of(number)
                found.append(Unreached(room=room.id, name=room.name, reason=why))
    return tuple(found)


def _reached(network: Network, travel: Travel, *, narrow: bool = False) -> set[str]:
    """Rooms with a way out, a wheelchair through narrow doors too or not."""
    ways = network.searches.ways(modes_of(travel), "metres")
    if travel == "wheelchair" and not narrow:
        ways = ways.without(network.graph.closed_edges(narrow_doors(network)))
    out = ways.from_nearest(network.exits)
    return {name for name, nodes in network.rooms.items() if len(nodes.nodes) and np.isfinite(out.cost[nodes.nodes]).any()}


class _Reasons:
    """Why a room of one building has no way out."""

    def __init__(self, ways: BuildingWays) -> None:
        self.rooms = ways.plan.rooms
        self.doors: defaultdict[int, int] = defaultdict(int)
        joined: list[tuple[int, int]] = []
        self.joins: defaultdict[int, int] = defaultdict(int)
        self.out: set[int] = set()
        self.climbs: set[int] = set()
        for join in ways.doors:
            here = [room for room in join.rooms if room is not None]
            for room in here:
                self.doors[room] += 1
            if len(here) == 2:
                joined.append((here[0], here[1]))
            elif Side.GROUND in join.sides:
                self.out.update(here)
        joined += [opening.rooms for opening in ways.openings]
        for rise in ways.rises:
            landed = [landing.room for landing in rise.landings]
            self.climbs.update(landed)
            joined += pairwise(landed)
        for a, b in joined:
            self.joins[a] += 1
            self.joins[b] += 1
        self.climbs.update(number for number, room in enumerate(self.rooms) if room.use == "lift")
        self.part = self._parts(joined)

    def of(self, number: int) -> str:
        if self.rooms[number].use == "lift":
            return "lift_shaft"
        if not self.joins[number]:
            return "door_leads_nowhere" if self.doors[number] else "no_door"
        here = set(np.flatnonzero(self.part == self.part[number]).tolist())
        return "no_exit" if here & self.climbs else "storey_without_stairs"

    def _parts(self, joined: list[tuple[int, int]]) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        ends = np.array(joined, dtype=np.int64).reshape(-1, 2)
        size = len(self.rooms)
        matrix = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(size, size))
        return np.asarray(connected_components(matrix, directed=False)[1], dtype=np.int32)
