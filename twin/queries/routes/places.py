"""Places to go from and to: a room, door or gate by id, or a point; and how each hangs on the graph."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from spatial.mesh import Float64
from spatial.surface import Surface
from spatial.walkable import sees
from twin.errors import Invalid, NotFound
from twin.queries.routes.build import Network
from twin.queries.routes.columns import NodeKind
from twin.queries.routes.scene import Room
from twin.queries.routes.words import Words, said

__all__ = ["Place", "PlaceGiven", "find_place", "room_at"]

PlaceGiven = str | Sequence[float]
UNDER_FLOOR_M = 0.3
ABOVE_GROUND_M = 3.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Place:
    """A place (3,) site metres and the nodes (k,) it is joined to straight; `room` where it is in one."""

    id: str | None
    name: Words
    xyz: Float64
    nodes: tuple[int, ...]
    room: str | None = None


def find_place(network: Network, given: PlaceGiven, *, by_car: bool = False) -> Place:
    """The place of an id or of a point (x, y, z) in site metres.

    Raises NotFound for an id that is no room, door or gate of the network, and Invalid (`ROUTE_PLACE_APART`) for a point that
    is in no room and near no path (by car: no road).
    """
    if isinstance(given, str):
        return _named(network, given)
    xyz = np.asarray(given, dtype=np.float64)
    if xyz.shape != (3,) or not np.isfinite(xyz).all():
        raise Invalid(f"{given!r} is no point", path="place", hint="give x, y, z in site metres")
    room = None if by_car else room_at(network, xyz)
    if room is not None:
        return _in_room(network, room, xyz)
    surface, numbers = (network.outdoors.drive, network.road_nodes) if by_car else (network.outdoors.walk, network.surface_nodes)
    found = _out_of_doors(network, xyz, surface)
    if found is None:
        what = "no road comes near it" if by_car else "it is in no room, and no path comes near it"
        raise Invalid(f"{_told(xyz)}: {what}", path="place", hint="give a place in a room or beside a path", code="ROUTE_PLACE_APART")
    return Place(id=None, name=said("places", "place"), xyz=xyz, nodes=tuple(int(numbers[node]) for node in found))


def room_at(network: Network, xyz: Float64) -> str | None:
    """The room that holds a point: of several over each other the highest whose floor is not above it; lift shafts are none."""
    best: Room | None = None
    for ways in network.buildings:
        for number in ways.plan.rooms_near(shapely.Point(xyz[:2]), 0.0).tolist():
            room = ways.plan.rooms[number]
            inside = room.id in network.rooms and room.floor_z - UNDER_FLOOR_M <= xyz[2] <= room.top_z
            if inside and (best is None or room.floor_z > best.floor_z):
                best = room
    return None if best is None else best.id


def _named(network: Network, name: str) -> Place:
    if name in network.rooms:
        nodes = network.rooms[name]
        middle = shapely.point_on_surface(nodes.floor)
        place = _in_room(network, name, np.array([middle.x, middle.y, nodes.room.floor_z]))
        return Place(id=name, name=Words(nodes.room.name, nodes.room.name), xyz=place.xyz, nodes=place.nodes, room=name)
    graph = network.graph
    if name in graph.features:
        kinds = (NodeKind.DOOR, NodeKind.GATE)
        found = np.flatnonzero((graph.node_feature == graph.features.index(name)) & np.isin(graph.node_kind, kinds))
        if len(found):
            said_as = network.scene.names.get(name, name)
            return Place(id=name, name=Words(said_as, said_as), xyz=graph.site_xyz[found[0]], nodes=(int(found[0]),))
    raise NotFound(f"{name} is no room, door or gate that routes know", path=name, hint="unreached rooms are listed with the reason")


def _in_room(network: Network, room: str, xyz: Float64) -> Place:
    """The place drawn onto the room's free floor, joined to all it sees there."""
    nodes = network.rooms[room]
    on = shapely.get_coordinates(shapely.shortest_line(nodes.floor, shapely.Point(xyz[:2])))[0]
    xy = network.graph.site_xyz[nodes.nodes, :2]
    seen = nodes.nodes[sees(nodes.floor, np.broadcast_to(on, xy.shape), xy)]
    where = np.array([*on, nodes.room.floor_z])
    return Place(id=None, name=Words(nodes.room.name, nodes.room.name), xyz=where, nodes=tuple(seen.tolist()), room=room)


def _out_of_doors(network: Network, xyz: Float64, surface: Surface) -> Sequence[int] | None:
    ground = network.ground.find(xyz[:2])
    if ground is None or abs(float(xyz[2]) - ground) > ABOVE_GROUND_M:
        return None
    found = network.outdoors.attached(surface, xyz[:2])
    return None if found is None else found[1]


def _told(xyz: Float64) -> str:
    return ", ".join(f"{value:.2f}" for value in xyz)
