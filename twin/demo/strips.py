"""A row of rooms between a corridor and a facade: partitions, doors, windows, rooms, furniture."""

from collections.abc import Sequence
from dataclasses import dataclass

from shapely.geometry import Polygon

from twin.demo.building import Floor, Hole, PlanFrame, Room
from twin.demo.furnish import LAYOUTS
from twin.demo.model import Entity

__all__ = ["Strip", "Use", "corridor"]

DOOR_FROM_WALL_M = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What a room is for: names, width in modules, layout, floor finish, door and window types (None: no such opening).

    `door="open"` leaves the corridor wall out, `facade=False` the outer wall; `built=False` leaves out the room itself
    (a shaft, the upper half of a double-height room): its walls stand.
    """

    label: str
    english: str
    modules: int = 1
    layout: str = "two_person"
    finish: str | None = "carpet"
    door: str | None = "office"
    window: str | None = "band"
    sill: float = 0.85
    department: str = ""
    planted: bool = False
    double_height: float = 0.0
    built: bool = True
    facade: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """Measures and colours of a row: module width and room depth, wall thicknesses, in metres.

    Its frame has the corridor along y = 0 (outer face of the corridor wall) and the facade at positive y; x = 0 and the
    far end are inner faces of gable walls, or axes of partitions where `start_wall` or `end_wall` says so.
    """

    module: float = 3.6
    depth: float = 7.0
    facade: float = 0.3
    corridor: float = 0.2
    partition: float = 0.12
    start_wall: bool = False
    end_wall: bool = False
    facade_colour: str = "stone"
    inside_colour: str = "plaster"

    @property
    def width(self) -> float:
        """From the corridor's face to the outside, metres."""
        return self.corridor + self.depth + self.facade

    def build(self, floor: Floor, frame: PlanFrame, uses: Sequence[Use], numbers: Sequence[str], side: str) -> list[Room]:
        """The rooms of one row, from x = 0 on; `numbers` names the built ones in order."""
        rooms: list[Room] = []
        shared: list[Entity] = []
        total = sum(use.modules for use in uses)
        if self.start_wall:
            shared = self._partition(floor, frame, 0.0, f"隔墙 {side}-0")
        position, names = 0, iter(numbers)
        for index, use in enumerate(uses):
            x0, x1 = position * self.module, (position + use.modules) * self.module
            position += use.modules
            last = position == total
            left = x0 + (self.partition / 2 if index or self.start_wall else 0.0)
            right = x1 - (self.partition / 2 if not last or self.end_wall else 0.0)
            facade = self._facade(floor, frame, use, x0, f"外墙 {floor.name}-{side}-{index + 1:02d}")
            passage = self._passage(floor, frame, use, x0, x1, left, f"走廊墙 {floor.name}-{side}-{index + 1:02d}")
            after = self._partition(floor, frame, x1, f"隔墙 {side}-{index + 1}") if not last or self.end_wall else []
            if not use.built:
                shared = after
                continue
            room = self._room(floor, frame, use, left, right, next(names))
            room.bounds.extend([(wall, True) for wall in facade])
            room.bounds.extend([(wall, False) for wall in (*passage, *shared, *after)])
            shared = after
            rooms.append(room)
        return rooms

    def _room(self, floor: Floor, frame: PlanFrame, use: Use, left: float, right: float, number: str) -> Room:
        near, far = self.corridor, self.corridor + self.depth
        room = floor.room(
            Polygon(frame.rectangle(left, near, right, far)),
            number=number,
            label=use.label,
            english=use.english,
            finish=use.finish,
            department=use.department,
            planted=use.planted,
            height=floor.clear + use.double_height if use.double_height else None,
        )
        inner = frame.inside(left, near)
        for spot in LAYOUTS[use.layout](right - left, self.depth):
            floor.furnish(room, inner, spot.item, spot.x, spot.y, spot.z, spot.degrees)
        return room

    def _facade(self, floor: Floor, frame: PlanFrame, use: Use, x0: float, label: str) -> list[Entity]:
        y = self.corridor + self.depth + self.facade / 2
        made: list[Entity] = []
        for i in range(use.modules if use.facade else 0):
            start = x0 + i * self.module
            holes = [Hole(at=self.module / 2, sill=use.sill, window=use.window)] if use.window else []
            made += floor.wall(
                frame,
                (start, y),
                (start + self.module, y),
                self.facade,
                label=f"{label}-{i + 1}",
                colour=self.facade_colour,
                holes=holes,
                external=True,
            )
        return made

    def _passage(self, floor: Floor, frame: PlanFrame, use: Use, x0: float, x1: float, left: float, label: str) -> list[Entity]:
        if use.door == "open":
            return []
        holes = [Hole(at=left - x0 + DOOR_FROM_WALL_M, door=use.door)] if use.door else []
        y = self.corridor / 2
        return floor.wall(frame, (x0, y), (x1, y), self.corridor, label=label, colour=self.inside_colour, holes=holes)

    def _partition(self, floor: Floor, frame: PlanFrame, x: float, label: str) -> list[Entity]:
        span = (self.corridor, self.corridor + self.depth)
        return floor.wall(
            frame,
            (x, span[0]),
            (x, span[1]),
            self.partition,
            label=f"{floor.name} {label}",
            colour=self.inside_colour,
            material="轻钢龙骨石膏板",
        )


def corridor(floor: Floor, polygon: Polygon, number: str, finish: str = "terrazzo") -> Room:
    """The corridor of a storey."""
    return floor.room(polygon, number=number, label="走廊", english="Corridor", finish=finish)
