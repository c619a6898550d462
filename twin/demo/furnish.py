"""Where furniture stands in a room: pure layouts in the room's own frame.

The door is near x = 0.9 m in the wall y = 0, the windows are in the wall y = depth; angles turn items counter-clockwise
from facing −y (towards the door).
"""

from collections.abc import Callable
from typing import NamedTuple

__all__ = ["LAYOUTS", "Spot"]

DESK_TOP_M = 0.76
FLOOR_M = 0.01


class Spot(NamedTuple):
    """One item: name, x, y, z in metres over the storey's floor, degrees counter-clockwise."""

    item: str
    x: float
    y: float
    z: float = FLOOR_M
    degrees: float = 0.0


def two_person(width: float, depth: float) -> list[Spot]:
    """Two desks face to face at the window, two cabinets, a wall air conditioner."""
    return [*_pair(width / 2, depth - 2.1), *_cabinets(width, 1.5, 2), _air(width, depth - 1.2), Spot("plant", 0.35, depth - 0.4)]


def director(width: float, depth: float) -> list[Spot]:
    """One large desk with its back to the window, visitors, a sofa, bookcases."""
    x, y = width / 2, depth - 1.9
    return [
        Spot("desk_big", x, y, FLOOR_M, 180),
        Spot("computer", x - 0.35, y, DESK_TOP_M, 180),
        Spot("chair_big", x, y + 0.85, FLOOR_M, 180),
        Spot("visitor", x - 0.45, y - 0.85),
        Spot("visitor", x + 0.45, y - 0.85),
        Spot("sofa", width - 0.5, 2.0, FLOOR_M, -90),
        Spot("tea_table", width - 1.35, 2.0, FLOOR_M, 90),
        Spot("bookcase", 0.22, 2.2, FLOOR_M, 90),
        Spot("bookcase", 0.22, 3.25, FLOOR_M, 90),
        Spot("plant", width - 0.4, depth - 0.4),
        Spot("air_tall", 0.4, depth - 0.5, FLOOR_M, 45),
    ]


def open_office(width: float, depth: float) -> list[Spot]:
    """Groups of four desks, cabinets along the side, a tall air conditioner."""
    spots: list[Spot] = []
    for x in (width * 0.27, width * 0.70):
        spots += _pair(x, depth - 1.5) + _pair(x, depth - 3.12)
    return [*spots, *_cabinets(width, 0.9, 3), Spot("air_tall", width - 0.35, depth - 0.35, FLOOR_M, -45), Spot("plant", 0.35, depth - 0.4)]


def meeting(width: float, depth: float) -> list[Spot]:
    """A long table with chairs all round and a wall screen."""
    x, y = width / 2, depth / 2 + 0.3
    chairs = [
        Spot("meeting_chair", x + dx, y + s * 1.1, FLOOR_M, 0 if s < 0 else 180) for s in (-1, 1) for dx in (-1.8, -0.9, 0.0, 0.9, 1.8)
    ]
    return [
        Spot("table_long", x, y),
        *chairs,
        Spot("meeting_chair", x - 2.75, y, FLOOR_M, -90),
        Spot("screen", width - 0.01, y, 0.95, -90),
        Spot("cabinet", 0.25, depth - 0.9, FLOOR_M, 90),
        Spot("plant", width - 0.4, depth - 0.4),
        Spot("air_tall", 0.35, depth - 0.3 - 1.6 if depth > 6 else 2.0, FLOOR_M, 90),
    ]


def small_meeting(width: float, depth: float) -> list[Spot]:
    """A table for six."""
    x, y = width / 2, depth / 2 + 0.4
    chairs = [Spot("meeting_chair", x + s * 0.95, y + dy, FLOOR_M, -90 if s < 0 else 90) for s in (-1, 1) for dy in (-0.75, 0.0, 0.75)]
    return [Spot("table", x, y, FLOOR_M, 90), *chairs, Spot("screen", 0.01, y, 0.95, 90), _air(width, depth - 1.2)]


def archive(width: float, depth: float) -> list[Spot]:
    """Rows of archive racks."""
    rows = int((depth - 2.0) / 1.25)
    columns = int((width - 0.9) / 1.9)
    return [Spot("rack", 1.85 * i + width - 1.9 * columns + 0.8, 2.0 + 1.25 * j) for j in range(rows) for i in range(columns)]


def tea(width: float, depth: float) -> list[Spot]:
    """A counter with boiler and sink."""
    return [
        Spot("counter", width - 0.35, 2.0, FLOOR_M, -90),
        Spot("counter", width - 0.35, 4.0, FLOOR_M, -90),
        Spot("plant", 0.35, depth - 0.4),
    ]


def washroom(width: float, depth: float) -> list[Spot]:
    """Stalls along one side, basins on the other."""
    stalls = [Spot("stall", width - 0.72, depth - 0.6 - 1.0 * i, FLOOR_M, -90) for i in range(int((depth - 1.6) / 1.0))]
    return [*stalls, Spot("basin", 0.32, 2.4, FLOOR_M, 90), Spot("basin", 0.32, 3.8, FLOOR_M, 90)]


def plant_room(width: float, depth: float) -> list[Spot]:
    """Switchboards in a row."""
    return [Spot("switchboard", width - 0.35, 1.6 + 0.95 * i, FLOOR_M, -90) for i in range(int((depth - 2.0) / 0.95))]


def reading(width: float, depth: float) -> list[Spot]:
    """Reading tables and bookcases of a double-height hall."""
    tables = [Spot("table", width * f, depth * g, FLOOR_M, 0) for f in (0.3, 0.72) for g in (0.30, 0.745)]
    chairs = [
        Spot("meeting_chair", t.x + dx, t.y + s * 0.95, FLOOR_M, 0 if s < 0 else 180) for t in tables for s in (-1, 1) for dx in (-0.6, 0.6)
    ]
    cases = [Spot("bookcase", width - 0.2, 1.0 + 1.05 * i, FLOOR_M, -90) for i in range(int((depth - 1.2) / 1.05))]
    return [*tables, *chairs, *cases]


def lounge(width: float, depth: float) -> list[Spot]:
    """Sofas in a ring: reception of guests."""
    x, y = width / 2, depth / 2 + 0.4
    return [
        Spot("sofa", 0.55, y, FLOOR_M, 90),
        Spot("sofa", width - 0.55, y, FLOOR_M, -90),
        Spot("tea_table", x, y, FLOOR_M, 90),
        Spot("sofa_grey", x, depth - 0.55),
        _air(width, depth - 1.0),
        Spot("plant", 0.4, depth - 0.4),
    ]


def empty(width: float, depth: float) -> list[Spot]:
    """Nothing."""
    del width, depth
    return []


LAYOUTS: dict[str, Callable[[float, float], list[Spot]]] = {
    "two_person": two_person,
    "director": director,
    "open_office": open_office,
    "meeting": meeting,
    "small_meeting": small_meeting,
    "archive": archive,
    "tea": tea,
    "washroom": washroom,
    "plant_room": plant_room,
    "reading": reading,
    "lounge": lounge,
    "empty": empty,
}


def _pair(x: float, y: float) -> list[Spot]:
    spots = []
    for side, turn in ((-1, -90), (1, 90)):
        spots += [
            Spot("desk", x + side * 0.41, y, FLOOR_M, turn),
            Spot("computer", x + side * 0.36, y + 0.1, DESK_TOP_M, turn),
            Spot("chair", x + side * 1.12, y, FLOOR_M, turn),
        ]
    return spots


def _cabinets(width: float, start: float, count: int) -> list[Spot]:
    return [Spot("cabinet", width - 0.24, start + 0.92 * i, FLOOR_M, -90) for i in range(count)]


def _air(width: float, y: float) -> Spot:
    return Spot("air_wall", width, y, 2.35, -90)
