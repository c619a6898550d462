"""The nearest of a kind along the way, on foot or by car: through doors, corridors, stairs and gates, not through walls."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Literal

import numpy as np
import shapely

from spatial.cells import Int64
from spatial.feature import DEVICES
from spatial.mesh import Float64
from spatial.route import Int32
from twin.queries.place.assets import AssetPoints
from twin.queries.place.frames import OUTSIDE, assign_sites
from twin.queries.place.near import ASSET, feature_kind, require_count
from twin.queries.place.scene import Scenes, SitePlaces
from twin.queries.routes.along import Candidates, nearest_along
from twin.queries.routes.build import Network
from twin.queries.routes.closures import Closures
from twin.queries.routes.columns import NodeKind
from twin.queries.routes.networks import Networks
from twin.queries.routes.places import ABOVE_GROUND_M, find_place
from twin.queries.routes.search import Search, Travel
from twin.queries.routes.words import said
from twin.records.scope import Reader

__all__ = ["LISTED", "TRAVELS", "Travelled", "nearest_by_route"]

Travelled = Literal["walking", "driving", "wheelchair"]
TRAVELS: dict[Travelled, Travel] = {"walking": "foot", "driving": "car", "wheelchair": "wheelchair"}
LISTED = 1000
"""So many of the unreached are listed, `unreached_total` counts them all."""
AREAS = ("building", "storey", "zone")
"""Reached wherever one first is inside them; everything else at the middle of its plan, on its floor or the ground."""
MAST_M = 15.0
"""Cameras hang on masts and walls: out of doors one is reached by whoever stands this far below it."""
SLACK_M = 0.5


def nearest_by_route(
    scenes: Scenes,
    networks: Networks,
    assets: AssetPoints,
    scopes: Collection[str],
    reader: Reader,
    lon_lat_height: Float64,
    *,
    kind: str,
    k: int,
    along: Travelled,
    closed: Sequence[str] = (),
) -> dict[str, Any]:
    """`{site, scene_revision, kind, along, nearest: [{…, distance_m, seconds}], unreached: [{id, reason, words}], unreached_total}`.

    The k of a kind to which the way from a point (3,) takes least time, nearest first, ties by id; a room is reached at its middle, a door
    or gate in it, a building, storey or zone wherever one first is inside. By car it is driven from the road beside the point and walked
    from where that is least. Raises Invalid as `nearest` does, and `ROUTE_PLACE_APART` for a point in no room and beside no path (no
    road); NotFound for something closed that is not there.
    """
    require_count(lon_lat_height, k)
    places = [scenes.site(code) for code in scenes.codes(scopes)]
    assigned = assign_sites([one.frame for one in places], lon_lat_height[None])
    number = int(assigned.site[0])
    if number == OUTSIDE:
        empty: dict[str, Any] = {"site": None, "scene_revision": None, "kind": kind, "along": along, "nearest": []}
        return empty | {"unreached": [], "unreached_total": 0}
    here = places[number]
    network = networks.of(here.code, reader.labels)
    search = Search(network, TRAVELS[along], closures=Closures.of(network, closed))
    start = find_place(network, assigned.site_xyz[0].tolist(), by_car=along == "driving")
    of_kind = _Assets(assets, here, reader) if kind == ASSET else _Features(here, network, reader, feature_kind(here, kind))
    found = nearest_along(search, start, of_kind.candidates, k)
    named = of_kind.named([one.candidate for one in found.found])
    missed = found.unreached[:LISTED]
    unreached = of_kind.named([candidate for candidate, _ in missed])
    return {
        "site": here.code,
        "scene_revision": here.extents.scene_revision,
        "kind": kind,
        "along": along,
        "nearest": [
            one | {"distance_m": round(way.metres, 2), "seconds": round(way.seconds, 1)}
            for one, way in zip(named, found.found, strict=True)
        ],
        "unreached": [
            one | {"reason": reason, "words": said("reasons", reason).as_json()} for one, (_, reason) in zip(unreached, missed, strict=True)
        ],
        "unreached_total": len(found.unreached),
    }


class _Features:
    """The features of a kind that the reader may know of, as candidates."""

    def __init__(self, places: SitePlaces, network: Network, reader: Reader, kind: str) -> None:
        self.places, self.reader = places, reader
        rows, _ = places.index(kind)
        self.rows: Int64 = rows[places.visible(reader.labels)[rows]]
        xyz, nodes = np.zeros((len(self.rows), 3)), dict[int, Int32]()
        at_door = _doors(network)
        for number, row in enumerate(self.rows.tolist()):
            xyz[number] = _middle(places, row)
            name = places.extents.ids[row]
            if name in network.rooms:
                middle = shapely.point_on_surface(network.rooms[name].floor)
                xyz[number] = middle.x, middle.y, network.rooms[name].room.floor_z
            inside = at_door.get(name) if kind not in AREAS else _inside(places, network, row)
            if inside is not None and len(inside):
                nodes[number] = inside
        self.candidates = Candidates(
            xyz=xyz, nodes=nodes, hang_m=MAST_M if kind == "camera" else ABOVE_GROUND_M, on_fence=kind in DEVICES, key=kind
        )

    def named(self, candidates: Sequence[int]) -> list[dict[str, Any]]:
        """What answers say of them."""
        return [self.places.named(int(self.rows[number]), self.reader.labels) for number in candidates]


class _Assets:
    """The assets of a site that the reader may know of, as candidates."""

    def __init__(self, assets: AssetPoints, places: SitePlaces, reader: Reader) -> None:
        self.assets = assets
        standing, self.view = assets.of(places.code)
        shown = np.flatnonzero(standing.visible(self.view, reader))
        order = np.argsort(standing.record[shown], kind="stable")
        self.record = standing.record[shown][order]
        xyz = np.ascontiguousarray(standing.points.xyz[:, standing.points.position[shown[order]]].T)
        self.candidates = Candidates(xyz=xyz, key=(ASSET, hash(self.record.tobytes()), hash(xyz.tobytes())))

    def named(self, candidates: Sequence[int]) -> list[dict[str, Any]]:
        """What answers say of them."""
        return self.assets.documents(self.view, [int(self.record[number]) for number in candidates])


def _middle(places: SitePlaces, row: int) -> Float64:
    """The middle of a feature's plan at its lowest height; of a line the middle of it."""
    extents = places.extents
    low = extents.z_ranges[row, 0] if np.isfinite(extents.z_ranges[row, 0]) else extents.boxes[row, 0, 2]
    plan = extents.footprints[row]
    if plan is None or plan.is_empty:
        return np.array([*extents.boxes[row, :, :2].mean(axis=0), low])
    middle = plan.interpolate(0.5, normalized=True) if plan.geom_type == "LineString" else shapely.point_on_surface(plan)
    return np.array([middle.x, middle.y, low])


def _inside(places: SitePlaces, network: Network, row: int) -> Int32:
    """The nodes of the walked network in the rooms of a building or storey, or in the prism of a zone."""
    name = places.extents.ids[row]
    rooms = [nodes.nodes for nodes in network.rooms.values() if name in (nodes.room.building, nodes.room.storey)]
    if rooms:
        return np.concatenate(rooms)
    plan, (low, high) = places.extents.footprints[row], places.extents.z_ranges[row]
    if plan is None or plan.is_empty:
        return np.empty(0, dtype=np.int32)
    xyz = network.graph.site_xyz
    near = np.flatnonzero((xyz[:, 2] >= low - SLACK_M) & (xyz[:, 2] < high) & (network.graph.node_kind != NodeKind.ROAD))
    found: Int32 = near[shapely.intersects_xy(plan, xyz[near, 0], xyz[near, 1])].astype(np.int32)
    return found


def _doors(network: Network) -> dict[str, Int32]:
    """Door or gate → its node in the middle, as `find_place` has it."""
    graph = network.graph
    found: dict[str, Int32] = {}
    for node in np.flatnonzero(np.isin(graph.node_kind, (NodeKind.DOOR, NodeKind.GATE)))[::-1].tolist():
        found[graph.features[graph.node_feature[node]]] = np.array([node], dtype=np.int32)
    return found
