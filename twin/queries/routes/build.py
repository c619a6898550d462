"""The routing graph of a site, from what joins what."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from spatial.mesh import Float64
from spatial.route import NOWHERE, Int32, Mode, RouteGraph
from spatial.surface import Surface
from spatial.walkable import free_floor, room_ways
from twin.queries.routes.columns import Columns, NodeKind
from twin.queries.routes.doors import DoorJoin, HeightAt, join_doors
from twin.queries.routes.floors import with_floors
from twin.queries.routes.ground import Ground
from twin.queries.routes.openings import Opening, find_openings
from twin.queries.routes.outside import Outdoors, find_outdoors
from twin.queries.routes.plan import BuildingPlan
from twin.queries.routes.roads import driven_edges
from twin.queries.routes.rules import Rules
from twin.queries.routes.scene import Room, SiteScene, Stair
from twin.queries.routes.searches import Searches
from twin.queries.routes.stairs import Rise, find_lifts, find_rises, with_lifts

__all__ = ["BuildingWays", "Network", "RoomNodes", "build_network"]

HOUSE_M = 0.4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BuildingWays:
    """What was found in one building: its plan, doors, openings, stairs, lifts, the stairs that join nothing; `assumed_ground`
    where no ground is drawn at a door to the outside and the lowest of those doors stands for it."""

    plan: BuildingPlan
    doors: tuple[DoorJoin, ...]
    openings: tuple[Opening, ...]
    rises: tuple[Rise, ...]
    lifts: tuple[tuple[Room, ...], ...]
    loose: tuple[Stair, ...]
    assumed_ground: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoomNodes:
    """A room in the graph: its free floor, the numbers of its nodes (k,), those of them that are entries."""

    room: Room
    floor: BaseGeometry
    nodes: Int32
    entries: Int32


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Network:
    """A site's graph and what it was made from. `exits` are the nodes outside doors that lead out, `transfers` (t, 2) the
    nodes (road, surface) between which one gets into or out of a car, `detached` the doors and gates that no path comes near;
    `searches` keeps what is worked out for one question and serves the next."""

    scene: SiteScene
    rules: Rules
    graph: RouteGraph
    buildings: tuple[BuildingWays, ...]
    rooms: Mapping[str, RoomNodes]
    outdoors: Outdoors
    ground: Ground
    exits: Int32
    surface_nodes: Int32
    road_nodes: Int32
    transfers: Int32
    detached: tuple[str, ...]
    searches: Searches


@dataclass(frozen=True, slots=True, eq=False)
class _Portal:
    """Where a room is entered: the node beyond, how one comes from it, and which feature is passed."""

    xy: Float64
    z: float
    node: int
    via: str | None
    tread: bool = False
    """A tread's own height is climbed on the stairs."""


def build_network(scene: SiteScene, rules: Rules) -> Network:
    """The network of a scene; the cost grows with rooms, doors and surfaces, within one room with doors × corners."""
    ground = Ground(scene.ground)
    buildings = tuple(_ways(BuildingPlan(building, rules), ground) for building in scene.buildings)
    houses = [room.outline.buffer(HOUSE_M) for ways in buildings for room in _lowest(ways, rules)]
    outdoors = find_outdoors(scene, rules.outside, houses and [shapely.union_all(houses)])
    return _Builder(scene, rules, buildings, outdoors, ground).network()


def _ways(given: BuildingPlan, ground: Ground) -> BuildingWays:
    plan = with_lifts(given)
    height: HeightAt = ground.find
    doors = join_doors(plan, height)
    leading_out = [join for join in doors if join.outside is not None]
    assumed = any(ground.find(join.outside[:2]) is None for join in leading_out if join.outside is not None)
    if assumed:
        height = partial(_known_or, ground, min(float(join.outside[2]) for join in leading_out if join.outside is not None))
        doors = join_doors(plan, height)
    whole = with_floors(plan, doors)
    if whole is not plan:
        doors = join_doors(whole, height)
    rises, loose = find_rises(whole)
    return BuildingWays(
        plan=whole,
        doors=doors,
        openings=find_openings(whole),
        rises=rises,
        lifts=find_lifts(whole),
        loose=loose,
        assumed_ground=assumed,
    )


def _known_or(ground: Ground, z: float, xy: Float64) -> float | None:
    known = ground.find(xy)
    return z if known is None else known


def _lowest(ways: BuildingWays, rules: Rules) -> Sequence[Room]:
    """The rooms at the level of the doors that lead out."""
    levels = [float(join.outside[2]) for join in ways.doors if join.outside is not None]
    return [room for room in ways.plan.rooms if any(abs(room.floor_z - z) <= rules.door.ground_m for z in levels)]


class _Builder:
    def __init__(self, scene: SiteScene, rules: Rules, buildings: tuple[BuildingWays, ...], outdoors: Outdoors, ground: Ground) -> None:
        self.scene, self.rules, self.buildings, self.outdoors, self.ground = scene, rules, buildings, outdoors, ground
        self.columns = Columns(rules.speed)
        self.rooms: dict[str, RoomNodes] = {}
        self.exits: list[int] = []
        self.detached: list[str] = []

    def network(self) -> Network:
        walk = self._surface(self.outdoors.walk, NodeKind.SURFACE, Mode.WALK)
        pairs, metres = self.outdoors.bridges()
        climb = np.diff(self.ground.heights(self.outdoors.walk.xy)[pairs], axis=1).ravel()
        self.columns.edges(walk[pairs[:, 0]], walk[pairs[:, 1]], np.hypot(metres, climb), Mode.WALK)
        road = self._roads()
        for ways in self.buildings:
            self._building(ways, walk)
        for join in self.outdoors.gates:
            self._gate(join.gate.id, join.middle, join.sides, join.gate.modes, walk, road)
        transfers = self._transfers(walk, road)
        graph = self.columns.graph()
        return Network(
            scene=self.scene,
            rules=self.rules,
            graph=graph,
            buildings=self.buildings,
            rooms=self.rooms,
            outdoors=self.outdoors,
            ground=self.ground,
            exits=np.array(self.exits, dtype=np.int32),
            surface_nodes=walk,
            road_nodes=road,
            transfers=transfers,
            detached=tuple(self.detached),
            searches=Searches(graph),
        )

    def _building(self, ways: BuildingWays, walk: Int32) -> None:
        portals: defaultdict[int, list[_Portal]] = defaultdict(list)
        rooms = ways.plan.rooms
        for join in ways.doors:
            self._door(join, portals, walk)
        for opening in ways.openings:
            floor = max(rooms[number].floor_z for number in opening.rooms)
            node = self.columns.node([*opening.xy, floor], NodeKind.OPENING, None)
            for number in opening.rooms:
                portals[number].append(_Portal(opening.xy, floor, node, None))
        for rise in ways.rises:
            self._rise(rise, portals)
        for number, room in enumerate(rooms):
            if room.use == "lift":
                continue
            self._room(room, portals[number])
        number_of = {room.id: number for number, room in enumerate(rooms)}
        for shaft in ways.lifts:
            self._lift(shaft, [portal for room in shaft for portal in portals[number_of[room.id]]])

    def _door(self, join: DoorJoin, portals: defaultdict[int, list[_Portal]], walk: Int32) -> None:
        if all(room is None for room in join.rooms):
            return
        door = join.door
        node = self.columns.node([*door.middle, door.sill_z], NodeKind.DOOR, door.id)
        for room in join.rooms:
            if room is not None:
                portals[room].append(_Portal(door.middle, door.sill_z, node, door.id))
        if join.outside is None:
            return
        beyond = self.columns.node(join.outside, NodeKind.OUTSIDE, door.id)
        away = float(np.linalg.norm(join.outside - [*door.middle, door.sill_z]))
        self.columns.edges(node, beyond, away, Mode.WALK, via=door.id)
        self.exits.append(beyond)
        if not self._attach(beyond, join.outside, self.outdoors.walk, walk, None):
            self.detached.append(door.id)

    def _room(self, room: Room, portals: Sequence[_Portal]) -> None:
        floor = free_floor(room.outline)
        ways = room_ways(floor, [portal.xy for portal in portals])
        xyz = np.column_stack([ways.xy, np.full(len(ways.xy), room.floor_z)])
        entries = self.columns.nodes(xyz[: ways.portals], NodeKind.ENTRY, room.id)
        corners = self.columns.nodes(xyz[ways.portals :], NodeKind.CORNER, room.id)
        nodes = np.concatenate([entries, corners])
        metres = np.linalg.norm(xyz[ways.pairs[:, 0]] - xyz[ways.pairs[:, 1]], axis=1)
        self.columns.edges(nodes[ways.pairs[:, 0]], nodes[ways.pairs[:, 1]], metres, Mode.WALK, area=room.id)
        for portal, entry, at in zip(portals, entries.tolist(), xyz, strict=False):
            climb = 0.0 if portal.tread else portal.z - room.floor_z
            away = float(np.linalg.norm([*(at[:2] - portal.xy), climb]))
            self.columns.edges(entry, portal.node, away, Mode.WALK, area=room.id, via=portal.via)
        self.rooms[room.id] = RoomNodes(room=room, floor=floor, nodes=nodes, entries=entries)

    def _rise(self, rise: Rise, portals: defaultdict[int, list[_Portal]]) -> None:
        treads = self.columns.nodes([landing.xyz for landing in rise.landings], NodeKind.TREAD, rise.id)
        for landing, tread in zip(rise.landings, treads.tolist(), strict=True):
            portals[landing.room].append(_Portal(landing.xyz[:2], float(landing.xyz[2]), tread, None, tread=True))
        along = np.array([landing.along_m for landing in rise.landings])
        climb = np.abs(np.diff([landing.xyz[2] for landing in rise.landings]))
        rolls = rise.ramp & (climb <= self.rules.wheelchair.ramp_slope * np.sqrt(np.maximum(np.diff(along) ** 2 - climb**2, 0.0)))
        for mode, chosen in ((Mode.RAMP, rolls), (Mode.STAIRS, ~rolls)):
            self.columns.edges(treads[:-1][chosen], treads[1:][chosen], np.diff(along)[chosen], mode, via=rise.id)

    def _lift(self, shaft: Sequence[Room], portals: Sequence[_Portal]) -> None:
        """Doors into the shaft, a landing where their sills lie at one height, rides between landings that follow each other."""
        speed, lift = self.rules.speed, shaft[0].id
        middle = shapely.get_coordinates(shapely.centroid(shaft[0].outline))[0]
        levels: list[tuple[int, float]] = []
        stops: list[str] = []
        for portal in sorted(portals, key=lambda portal: portal.z):
            if not levels or portal.z - levels[-1][1] > self.rules.door.sill_m:
                here = max((room for room in shaft if room.floor_z - self.rules.door.sill_m <= portal.z), key=lambda room: room.floor_z)
                levels.append((self.columns.node([*middle, portal.z], NodeKind.LIFT, here.id), portal.z))
                stops.append(here.id)
            away = float(np.linalg.norm(portal.xy - middle))
            spent = away / speed.walk_m_per_s + speed.lift_boarding_s
            self.columns.edges(levels[-1][0], portal.node, away, Mode.LIFT, area=stops[-1], via=portal.via, seconds=spent)
        for (low, low_z), (high, high_z) in pairwise(levels):
            self.columns.edges(low, high, high_z - low_z, Mode.LIFT, area=lift, via=lift)

    def _surface(self, surface: Surface, kind: NodeKind, mode: Mode | None) -> Int32:
        xyz = np.column_stack([surface.xy, self.ground.heights(surface.xy)])
        nodes = self.columns.nodes(xyz, kind, None)
        if len(surface.pairs) and mode is not None:
            metres = np.linalg.norm(xyz[surface.pairs[:, 0]] - xyz[surface.pairs[:, 1]], axis=1)
            self.columns.edges(nodes[surface.pairs[:, 0]], nodes[surface.pairs[:, 1]], metres, mode)
        return nodes

    def _roads(self) -> Int32:
        surface, roads = self.outdoors.drive, self.outdoors.roads
        nodes = self._surface(surface, NodeKind.ROAD, None)
        if len(surface.pairs):
            xyz = np.column_stack([surface.xy, self.ground.heights(surface.xy)])
            driven = driven_edges(surface.xy, surface.pairs, roads, self.rules.speed.car_m_per_s)
            numbers = np.array([*(self.columns.number(road.id) for road in roads), NOWHERE], dtype=np.int32)
            pairs, kept = surface.pairs[driven.kept], driven.kept
            metres = np.linalg.norm(xyz[pairs[:, 0]] - xyz[pairs[:, 1]], axis=1)
            self.columns.edges(
                nodes[pairs[:, 0]],
                nodes[pairs[:, 1]],
                metres,
                Mode.CAR,
                area=numbers[driven.road[kept]],
                seconds=metres / driven.m_per_s[kept],
                one_way=driven.one_way[kept],
            )
        return nodes

    def _gate(self, gate: str, middle: Float64, sides: Float64, modes: frozenset[str], walk: Int32, road: Int32) -> None:
        z = self.ground.heights(middle[None])[0]
        for name, mode, surface, nodes in (("walk", Mode.WALK, self.outdoors.walk, walk), ("car", Mode.CAR, self.outdoors.drive, road)):
            if name not in modes:
                continue
            node = self.columns.node([*middle, z], NodeKind.GATE, gate)
            reached = 0
            for side in sides:
                at = self.columns.node([*side, z], NodeKind.GATE, gate)
                self.columns.edges(node, at, float(np.linalg.norm(side - middle)), mode, via=gate)
                reached += self._attach(at, np.array([*side, z]), surface, nodes, None, mode)
            if reached < 2:
                self.detached.append(gate)

    def _attach(self, node: int, xyz: Float64, surface: Surface, nodes: Int32, area: str | None, mode: Mode = Mode.WALK) -> bool:
        found = self.outdoors.attached(surface, xyz[:2])
        if found is None:
            return False
        on, near = found
        ends = nodes[np.asarray(near, dtype=np.int64)]
        plan = np.linalg.norm(on - xyz[:2]) + np.linalg.norm(surface.xy[near] - on, axis=1)
        metres = np.hypot(plan, self.ground.heights(surface.xy[near]) - xyz[2])
        self.columns.edges(np.full(len(ends), node), ends, metres, mode, area=area)
        return True

    def _transfers(self, walk: Int32, road: Int32) -> Int32:
        """Each node of the roads with the nodes of the walked surface under it."""
        on, near = self.outdoors.walk.nearest(self.outdoors.drive.xy)
        if not len(on):
            return np.empty((0, 2), dtype=np.int32)
        away = np.linalg.norm(on - self.outdoors.drive.xy, axis=1)
        rows = [
            np.column_stack([np.full(len(to), road[i]), walk[to]]) for i, to in enumerate(near) if away[i] <= self.rules.outside.gate_side_m
        ]
        return np.concatenate(rows).astype(np.int32) if rows else np.empty((0, 2), dtype=np.int32)
