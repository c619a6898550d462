"""Out of doors: roads, paths and squares as surfaces, cut by fences, joined through gates; cars on roads alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from spatial.mesh import Float64
from spatial.route import Int32
from spatial.surface import Surface, triangulated
from twin.queries.routes.rules import OutsideRules
from twin.queries.routes.scene import GATE, ROAD, SURFACES, SiteScene, Way

__all__ = ["GateJoin", "Outdoors", "find_outdoors"]

FENCES = ("Fence",)
SOLID = ("Building", "WaterBody")
WALL_M = 0.3
TRIES = 64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GateJoin:
    """A gate: its middle and the places (2, 2) on both its sides."""

    gate: Way
    middle: Float64
    sides: Float64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outdoors:
    """The surface for walking, that for driving and its roads, the gates, and what one cannot step across."""

    walk: Surface
    drive: Surface
    roads: tuple[Way, ...]
    gates: tuple[GateJoin, ...]
    barriers: shapely.STRtree
    attach_m: float
    bridge_m: float

    def attached(self, surface: Surface, xy: Float64) -> tuple[Float64, Sequence[int]] | None:
        """The nearest place (2,) of a surface that one reaches straight, and its nodes there; None where none is near enough."""
        on, nodes = surface.nearest(xy[None])
        if not len(on):
            return None
        if np.linalg.norm(on[0] - xy) <= self.attach_m and self._is_free(xy[None], on)[0]:
            return on[0], nodes[0].tolist()
        away = np.linalg.norm(surface.xy - xy, axis=1)
        near = np.flatnonzero(away <= self.attach_m)
        near = near[np.argsort(away[near], kind="stable")[:TRIES]]
        free = near[self._is_free(np.broadcast_to(xy, (len(near), 2)), surface.xy[near])]
        return (surface.xy[free[0]], [int(free[0])]) if len(free) else None

    def attached_many(self, surface: Surface, xy: Float64) -> list[Sequence[int] | None]:
        """As `attached` for places (k, 2), the nodes alone; those that reach their nearest point straight in one go."""
        on, nodes = surface.nearest(xy)
        if not len(on):
            return [None] * len(xy)
        direct = (np.linalg.norm(on - xy, axis=1) <= self.attach_m) & self._is_free(xy, on)
        found: list[Sequence[int] | None] = []
        for at, straight, near in zip(xy, direct.tolist(), nodes, strict=True):
            other = None if straight else self.attached(surface, at)
            found.append(near.tolist() if straight else None if other is None else other[1])
        return found

    def bridges(self) -> tuple[Int32, Float64]:
        """Pairs (m, 2) of nodes of the walked surface in different pieces of it, joined over what lies between, and their metres."""
        surface = self.walk
        parts = shapely.get_parts(surface.area)
        if len(parts) < 2:
            return np.empty((0, 2), dtype=np.int32), np.empty(0)
        home = shapely.STRtree(parts).query_nearest(shapely.points(surface.xy), all_matches=False)[1]
        largest = int(shapely.area(parts).argmax())
        rows = [self._bridges_of(home == part, shapely.union_all(np.delete(parts, part))) for part in range(len(parts)) if part != largest]
        return np.concatenate([row[0] for row in rows]).astype(np.int32), np.concatenate([row[1] for row in rows])

    def _bridges_of(self, own: NDArray[np.bool_], others: BaseGeometry) -> tuple[Int32, Float64]:
        nodes = np.flatnonzero(own)
        lines = shapely.get_coordinates(shapely.shortest_line(shapely.points(self.walk.xy[nodes]), others)).reshape(-1, 2, 2)
        length = np.linalg.norm(lines[:, 1] - lines[:, 0], axis=1)
        kept = length <= self.bridge_m
        kept[kept] = self._is_free(lines[kept, 0], lines[kept, 1])
        on, near = self.walk.nearest(lines[kept, 1])
        sizes = [len(one) for one in near]
        ends = np.concatenate([*near, np.empty(0, dtype=np.int32)])
        metres = np.repeat(length[kept], sizes) + np.linalg.norm(self.walk.xy[ends] - np.repeat(on, sizes, axis=0), axis=1)
        return np.column_stack([np.repeat(nodes[kept], sizes), ends]), metres

    def _is_free(self, starts: Float64, ends: Float64) -> NDArray[np.bool_]:
        free = np.ones(len(starts), dtype=bool)
        free[self.barriers.query(shapely.linestrings(np.stack([starts, ends], axis=1)), predicate="intersects")[0]] = False
        return free


def find_outdoors(scene: SiteScene, rules: OutsideRules, houses: Sequence[BaseGeometry]) -> Outdoors:
    """The outdoors of a scene; `houses` are outlines of the buildings that no surface goes through."""
    fences = [way.outline.buffer(rules.fence_m) for way in scene.ways if way.class_name in FENCES]
    gates = [way for way in scene.ways if way.class_name == GATE]
    solid = [way.outline for way in scene.ways if way.class_name in SOLID]
    shut = [gate.outline.buffer(rules.fence_m + WALL_M) for gate in gates]
    barred = shapely.union_all([*fences, *shut, *houses, *solid])
    surfaces = [way.outline for way in scene.ways if way.class_name in SURFACES]
    roads = tuple(way for way in scene.ways if way.class_name == ROAD)
    return Outdoors(
        walk=triangulated(_free(surfaces, barred, rules.off_edge_m, rules.gap_m)),
        drive=triangulated(_free([road.outline for road in roads], barred, rules.car_off_edge_m, rules.car_gap_m)),
        roads=roads,
        gates=tuple(_gate(gate, rules.gate_side_m) for gate in gates),
        barriers=shapely.STRtree([*fences, *(gate.outline for gate in gates), *houses]),
        attach_m=rules.attach_m,
        bridge_m=rules.bridge_m,
    )


def _free(surfaces: Sequence[BaseGeometry], barred: BaseGeometry, off_m: float, gap_m: float) -> BaseGeometry:
    whole = shapely.buffer(shapely.union_all(list(surfaces)), gap_m, quad_segs=4)
    return shapely.buffer(shapely.difference(whole, barred), -gap_m - off_m, quad_segs=4)


def _gate(gate: Way, side_m: float) -> GateJoin:
    ring = shapely.get_coordinates(shapely.minimum_rotated_rectangle(gate.outline))
    sides = np.diff(ring[:3], axis=0)
    lengths = np.linalg.norm(sides, axis=1)
    along = sides[lengths.argmax()] / lengths.max()
    across = np.array([-along[1], along[0]]) * (lengths.min() / 2 + side_m)
    middle = ring[:-1].mean(axis=0)
    return GateJoin(gate=gate, middle=middle, sides=np.array([middle + across, middle - across]))
