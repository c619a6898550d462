"""What is closed: doors, gates, rooms, stairs, lifts by id, and zones by their outline; and which edges that takes out."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from spatial.mesh import Float64
from spatial.route import RouteGraph
from spatial.ways import Path
from twin.errors import NotFound
from twin.queries.routes.build import Network

__all__ = ["Closures", "Zone", "no_closures"]

Bool = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Zone:
    """A closed zone: outline in site xy metres, closed z range in site metres; whatever way touches it is closed."""

    id: str
    outline: BaseGeometry
    z_range: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Closures:
    """Closed ids and zones. A door is also closed where its room is."""

    ids: frozenset[str] = frozenset()
    zones: tuple[Zone, ...] = field(default=())

    @classmethod
    def of(cls, network: Network, ids: Collection[str] = (), zones: Iterable[Zone] = ()) -> "Closures":
        """Checked against a network: NotFound for an id of nothing that can be closed. Zones and gates of registers close by place."""
        scene = network.scene
        known = {*network.graph.features, *scene.areas, *(way.id for way in scene.ways)}
        for building in scene.buildings:
            for things in (building.rooms, building.doors, building.stairs, building.lifts):
                known |= {one.id for one in things}
        for name in ids:
            if name not in known:
                raise NotFound(f"{name} is nothing that can be closed", path=name, hint="give ids of doors, gates, rooms, stairs or zones")
        by_place = [Zone(id=name, outline=scene.areas[name][0], z_range=scene.areas[name][1]) for name in ids if name in scene.areas]
        return cls(ids=frozenset(ids) - scene.areas.keys(), zones=(*zones, *by_place))

    def __bool__(self) -> bool:
        return bool(self.ids or self.zones)

    def barring(self, ids: frozenset[str]) -> "Closures":
        """These and further ids."""
        return replace(self, ids=self.ids | ids)

    def closed_edges(self, graph: RouteGraph) -> Bool:
        """Which edges (e,) may not be used."""
        closed = graph.closed_edges(self.ids)
        for zone in self.zones:
            closed |= _touched(zone, graph.site_xyz[graph.edge_from], graph.site_xyz[graph.edge_to])
        return closed

    def closed_lines(self, room: str | None, starts: Float64, ends: Float64) -> Bool:
        """Which straight ways (n, 3) to (n, 3) in a room (None: in none) may not be used."""
        closed = np.full(len(starts), room in self.ids, dtype=bool)
        for zone in self.zones:
            closed |= _touched(zone, starts, ends)
        return closed

    def met_on(self, graph: RouteGraph, path: Path) -> tuple[str, ...]:
        """Which closed ids and zones a path meets, in the order in which it meets the ids, zones last."""
        passed = [number for edge in path.edges for number in (int(graph.edge_area[edge]), int(graph.edge_via[edge])) if number >= 0]
        ids = [graph.features[number] for number in passed if graph.features[number] in self.ids]
        zones = [
            zone.id
            for zone in self.zones
            if _touched(zone, graph.site_xyz[graph.edge_from[path.edges]], graph.site_xyz[graph.edge_to[path.edges]]).any()
        ]
        return tuple(dict.fromkeys([*ids, *zones]))


def no_closures() -> Closures:
    """Everything is open."""
    return Closures()


def _touched(zone: Zone, starts: Float64, ends: Float64) -> Bool:
    lines = np.stack([starts, ends], axis=1)
    low, high = lines.min(axis=1), lines.max(axis=1)
    x0, y0, x1, y1 = zone.outline.bounds
    near: Bool = (low[:, 2] <= zone.z_range[1]) & (high[:, 2] >= zone.z_range[0])
    near &= (low[:, 0] <= x1) & (high[:, 0] >= x0) & (low[:, 1] <= y1) & (high[:, 1] >= y0)
    shapely.prepare(zone.outline)
    near[near] = shapely.intersects(zone.outline, shapely.linestrings(lines[near][:, :, :2]))
    return near
