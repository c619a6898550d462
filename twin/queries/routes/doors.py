"""What each door joins: the rooms on both sides of it, by their boundaries where the file names two, else by geometry."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from spatial.mesh import Float64
from twin.queries.routes.plan import BuildingPlan
from twin.queries.routes.scene import Door

__all__ = ["DoorJoin", "HeightAt", "Side", "join_doors"]

HeightAt = Callable[[Float64], float | None]

STEP_M = 0.1


class Side(StrEnum):
    """What lies on a side of a door where there is no room."""

    ROOM = "room"
    GROUND = "ground"
    DROP = "drop"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DoorJoin:
    """A door between two sides: numbers of rooms (None where there is none) and what else lies there; `outside` is where one steps out."""

    door: Door
    rooms: tuple[int | None, int | None]
    sides: tuple[Side, Side]
    outside: Float64 | None = None


def join_doors(plan: BuildingPlan, ground: HeightAt) -> tuple[DoorJoin, ...]:
    """The joins of a building. `ground` tells the height of the ground at a point (2,), None where nobody knows.

    A door far above the ground leads out to no ground.
    """
    named: dict[str, list[int]] = {}
    for number, room in enumerate(plan.rooms):
        for door in room.doors:
            named.setdefault(door, []).append(number)
    return tuple(_join(plan, door, named.get(door.id, []), ground) for door in plan.scene.doors)


def _join(plan: BuildingPlan, door: Door, named: list[int], ground: HeightAt) -> DoorJoin:
    first, second = _seen(plan, door, 1.0), _seen(plan, door, -1.0)
    if len(named) == 2 and {first, second} - {None} != set(named):
        first, second = named
    rooms = (first, second if second != first else None)
    sides = tuple(Side.ROOM if room is not None else Side.NOTHING for room in rooms)
    if sides.count(Side.ROOM) != 1:
        return DoorJoin(door=door, rooms=rooms, sides=(sides[0], sides[1]))
    empty = sides.index(Side.NOTHING)
    beyond = door.middle + (1.0, -1.0)[empty] * door.normal * (door.thickness_m / 2 + plan.rules.door.outside_m)
    if not door.external and not plan.is_open_air(beyond, door.sill_z):
        return DoorJoin(door=door, rooms=rooms, sides=(sides[0], sides[1]))
    ground_z = ground(beyond)
    level = ground_z is None or abs(door.sill_z - ground_z) <= plan.rules.door.ground_m
    outer = Side.GROUND if level else Side.DROP
    return DoorJoin(
        door=door,
        rooms=rooms,
        sides=(outer, sides[1]) if empty == 0 else (sides[0], outer),
        outside=np.array([*beyond, door.sill_z if ground_z is None else ground_z]) if level else None,
    )


def _seen(plan: BuildingPlan, door: Door, sign: float) -> int | None:
    """The first room met on a walk from the door's middle along its normal."""
    first = door.thickness_m / 2
    for away in np.arange(first + STEP_M / 2, first + plan.rules.door.reach_m, STEP_M):
        room = plan.find_room(door.middle + sign * away * door.normal, door.sill_z, plan.rules.door.sill_m)
        if room is not None:
            return room
    return None
