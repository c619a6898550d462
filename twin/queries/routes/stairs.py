"""Stairs, ramps and lifts: the line one walks up, and the floors it joins."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely

from spatial.mesh import Float64
from twin.queries.routes.plan import BuildingPlan
from twin.queries.routes.scene import Room, Stair

__all__ = ["Landing", "Rise", "find_lifts", "find_rises", "walking_line", "with_lifts"]

SAME_SHAFT = 0.5
STOREY_M = (1.8, 9.0)
ASSUMED_SLOPE = 2.0
"""Metres of way a metre of height where a stair is known by its room's name alone: 30°."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Landing:
    """Where a rise meets a room (number) at a place (3,), `along_m` of way from its foot."""

    room: int
    xyz: Float64
    along_m: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rise:
    """A stair or ramp with its landings from foot to head; `assumed` where only names tell that it is there."""

    id: str
    name: str
    landings: tuple[Landing, ...]
    assumed: bool = False
    ramp: bool = False


def walking_line(stair: Stair, level_m: float) -> Float64:
    """The line (k, 3) through the middles of a stair's treads, from its foot up; of a ramp its lower and upper edge."""
    triangles = stair.triangles
    if stair.ramp:
        points = triangles.reshape(-1, 3)
        z = points[:, 2]
        return np.array([points[z <= z.min() + level_m].mean(axis=0), points[z >= z.max() - level_m].mean(axis=0)])
    area = np.linalg.norm(np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]), axis=1) / 2
    middle = triangles.mean(axis=1)
    order = np.argsort(middle[:, 2], kind="stable")
    level = np.concatenate([[0], np.cumsum(np.diff(middle[order, 2]) > level_m)])
    weight = np.bincount(level, weights=area[order])
    line = np.column_stack([np.bincount(level, weights=area[order] * middle[order, axis]) for axis in range(3)])
    return np.asarray(line[weight > 0] / weight[weight > 0, None])


def find_rises(plan: BuildingPlan) -> tuple[tuple[Rise, ...], tuple[Stair, ...]]:
    """The stairs and ramps that join floors, and those that join none (entrance steps, steps within one room)."""
    rises, loose = [], []
    for stair in plan.scene.stairs:
        landings = _landings(plan, walking_line(stair, plan.rules.stair.level_m))
        floors = {round(landing.xyz[2], 1) for landing in landings}
        if len({landing.room for landing in landings}) > 1 and len(floors) > 1:
            rises.append(Rise(id=stair.id, name=stair.name, landings=tuple(landings), ramp=stair.ramp))
        else:
            loose.append(stair)
    return (*rises, *_assumed(plan, rises)), tuple(loose)


def find_lifts(plan: BuildingPlan) -> tuple[tuple[Room, ...], ...]:
    """Lift shafts by the names of their rooms, each from the lowest room up."""
    shafts: list[list[Room]] = []
    for room in sorted((room for room in plan.rooms if room.use == "lift"), key=lambda room: room.floor_z):
        home = next((shaft for shaft in shafts if _stands_over(room, shaft[-1])), None)
        if home is None:
            shafts.append([room])
        else:
            home.append(room)
    return tuple(tuple(shaft) for shaft in shafts)


def with_lifts(plan: BuildingPlan) -> BuildingPlan:
    """The plan with a shaft through all storeys for every lift (IfcTransportElement) that stands in no room named as one."""
    shafts = [room.outline for room in plan.rooms if room.use == "lift"]
    loose = [lift for lift in plan.scene.lifts if not any(shapely.intersects(shaft, lift.outline) for shaft in shafts)]
    if not loose or not plan.rooms:
        return plan
    low, high = min(room.floor_z for room in plan.rooms), max(room.top_z for room in plan.rooms)
    rooms = [
        Room(id=lift.id, name=lift.name, storey=None, building=plan.scene.id, outline=lift.outline, floor_z=low, top_z=high, use="lift")
        for lift in loose
    ]
    return BuildingPlan(replace(plan.scene, rooms=(*plan.rooms, *rooms)), plan.rules)


def _landings(plan: BuildingPlan, line: Float64) -> list[Landing]:
    """For each room whose floor a tread comes near: the tread nearest to its floor."""
    rules = plan.rules.stair
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    path = shapely.LineString(line[:, :2]) if len(line) > 1 else shapely.Point(line[0, :2])
    found: dict[int, Landing] = {}
    holding: set[int] = set()
    z_range = float(line[0, 2]) - rules.floor_m, float(line[-1, 2]) + rules.floor_m
    for room in plan.rooms_near(path, rules.aside_m, z_range).tolist():
        here = plan.rooms[room]
        rise = np.abs(line[:, 2] - here.floor_z)
        away = shapely.distance(here.outline, shapely.points(line[:, :2]))
        near = np.flatnonzero((rise <= rules.floor_m) & (away <= rules.aside_m))
        if here.use == "lift" or not len(near):
            continue
        best = int(near[np.lexsort((rise[near], away[near] > 0))[0]])
        if away[best] == 0:
            holding.add(best)
        elif _walled_off(plan, here, line[best]):
            continue
        found[room] = Landing(room=room, xyz=line[best], along_m=float(along[best]))
    held = {round(float(line[tread, 2]), 1) for tread in holding}
    inside = [landing for landing in found.values() if _holds(plan, landing) or round(float(landing.xyz[2]), 1) not in held]
    return sorted(inside, key=lambda landing: landing.along_m)


def _holds(plan: BuildingPlan, landing: Landing) -> bool:
    return bool(shapely.intersects_xy(plan.rooms[landing.room].outline, *landing.xyz[:2]))


def _walled_off(plan: BuildingPlan, room: Room, tread: Float64) -> bool:
    line = shapely.get_coordinates(shapely.shortest_line(shapely.Point(tread[:2]), room.outline))
    return bool(plan.is_barred(line[None], room.floor_z)[0])


def _assumed(plan: BuildingPlan, rises: Sequence[Rise]) -> list[Rise]:
    """Rooms named as stairs that stand over each other, where no stair is drawn between them."""
    drawn = {(a.room, b.room) for rise in rises for a in rise.landings for b in rise.landings}
    stairs = [number for number, room in enumerate(plan.rooms) if room.use == "stair"]
    found = []
    for low in stairs:
        below = plan.rooms[low]
        over = [
            high for high in stairs if plan.rooms[high].floor_z - below.floor_z >= STOREY_M[0] and _stands_over(plan.rooms[high], below)
        ]
        high = min(over, key=lambda number: plan.rooms[number].floor_z, default=None)
        if high is not None and (low, high) not in drawn and not _storey_between(plan, below.floor_z, plan.rooms[high].floor_z):
            way = ASSUMED_SLOPE * (plan.rooms[high].floor_z - below.floor_z)
            foot = Landing(room=low, xyz=_middle(below), along_m=0.0)
            head = Landing(room=high, xyz=_middle(plan.rooms[high]), along_m=way)
            found.append(Rise(id=below.id, name=below.name, landings=(foot, head), assumed=True))
    return found


def _storey_between(plan: BuildingPlan, low_z: float, high_z: float) -> bool:
    return bool(((plan.floors > low_z + STOREY_M[0] / 2) & (plan.floors < high_z - STOREY_M[0] / 2)).any())


def _stands_over(above: Room, below: Room) -> bool:
    if above.floor_z - below.floor_z > STOREY_M[1]:
        return False
    shared = shapely.area(shapely.intersection(above.outline, below.outline))
    return bool(shared >= SAME_SHAFT * min(above.outline.area, below.outline.area))


def _middle(room: Room) -> Float64:
    point = shapely.point_on_surface(room.outline)
    return np.array([point.x, point.y, room.floor_z])
