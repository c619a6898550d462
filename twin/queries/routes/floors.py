"""Floors without rooms (galleries, passages nobody drew as a space): found where a door leads to no room but a slab lies."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from spatial.mesh import Float64
from twin.queries.routes.doors import DoorJoin, Side
from twin.queries.routes.plan import BuildingPlan
from twin.queries.routes.scene import Room, Slab

__all__ = ["with_floors"]

BEYOND_M = 0.3
APART_M = 0.05
HEADROOM_M = 2.0
LEVEL_M = 0.3
LEAST_M2 = 0.5


def with_floors(plan: BuildingPlan, doors: Sequence[DoorJoin]) -> BuildingPlan:
    """The plan with a room of use `floor` for every piece of slab onto which a door leads that leads to no room; the same plan if none.

    A piece is the slab's upper side without the rooms of its level, cut by walls and railings.
    """
    found: dict[bytes, Room] = {}
    for join in doors:
        for number, sign in enumerate((1.0, -1.0)):
            if join.sides[number] is Side.NOTHING and join.sides[1 - number] is Side.ROOM:
                beyond = join.door.middle + sign * (join.door.thickness_m / 2 + BEYOND_M) * join.door.normal
                room = _find_floor(plan, beyond, join.door.sill_z, len(found))
                if room is not None:
                    found.setdefault(shapely.to_wkb(shapely.normalize(room.outline)), room)
    if not found:
        return plan
    return BuildingPlan(replace(plan.scene, rooms=(*plan.scene.rooms, *found.values())), plan.rules)


def _find_floor(plan: BuildingPlan, xy: Float64, z: float, serial: int) -> Room | None:
    for slab in plan.scene.slabs:
        triangles = slab.triangles[np.abs(slab.triangles[:, :, 2].max(axis=1) - z) <= LEVEL_M] if len(slab.triangles) else slab.triangles
        if len(triangles):
            piece = _piece(plan, triangles, xy, z)
            if piece is not None:
                return _room(slab, piece, float(triangles[:, :, 2].max()), serial)
    return None


def _piece(plan: BuildingPlan, triangles: Float64, xy: Float64, z: float) -> BaseGeometry | None:
    top = shapely.union_all(shapely.polygons(triangles[:, :, :2]))
    shapely.prepare(top)
    if not shapely.intersects_xy(top, *xy):
        return None
    level = [room.outline.buffer(APART_M) for room in plan.rooms if abs(room.floor_z - z) <= plan.rules.door.sill_m]
    lines = plan.section_lines(z)
    walls = shapely.buffer(lines[shapely.intersects(lines, top)], APART_M, quad_segs=1)
    rest = shapely.difference(top, shapely.union_all([*level, *walls]))
    held = [part for part in shapely.get_parts(rest) if part.area >= LEAST_M2 and shapely.intersects_xy(part, *xy)]
    return held[0] if held else None


def _room(slab: Slab, outline: BaseGeometry, floor_z: float, serial: int) -> Room:
    return Room(
        id=f"{slab.id}/floor-{serial + 1}",
        name=slab.name,
        storey=slab.storey,
        building=slab.building,
        outline=outline,
        floor_z=floor_z,
        top_z=floor_z + HEADROOM_M,
        use="floor",
    )
