"""Building 2, the L-shaped block: IFC2X3 in millimetres, 4 storeys under a hipped tile roof, placed by property sets.

Its geometry starts 201 m from the model's own origin. Building frame: outer corner at (0, 0), wing A along x (43.3 m),
wing B along y (28.9 m), both 14.4 m wide; furniture is contained in the storeys, not in the rooms.
"""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from shapely.geometry import Polygon

from twin.demo.building import Building, Floor, Hole, PlanFrame, Room
from twin.demo.georeference import property_set_conversion
from twin.demo.model import ModelWriter
from twin.demo.programme import CHINESE_NUMERALS, WINGS, rooms_of
from twin.demo.roofs import hipped_ell_roof
from twin.demo.shapes import box, prism
from twin.demo.siteplan import BLOCK
from twin.demo.stairs import entrance_steps, half_turn_stair, stair_well
from twin.demo.strips import Strip, Use, corridor

__all__ = ["write_block"]

BASE = PlanFrame(*BLOCK.offset)
LONG, SHORT, WIDTH = 43.3, 28.9, 14.4
WALL, AXIS, LOW, HIGH, DEPTH = 0.3, 14.2, 6.1, 8.3, 5.6
FIRST_M, STOREY_M = 4.2, 3.6
OUTER_A, INNER_A = BASE.inside(LONG - WALL, LOW, 2), BASE.inside(AXIS, HIGH)
OUTER_B, INNER_B = BASE.inside(LOW, AXIS, 1), BASE.inside(HIGH, SHORT - WALL, 3)
STAIRS = (OUTER_A.inside(0.0, 0.2), OUTER_B.inside(3 * 3.6 + 0.06, 0.2))
STAIR_WIDTH = 3.54
HALL_ROOM = (6 * 3.6 + 0.06, 0.2, 8 * 3.6, 0.2 + DEPTH)
SHAFT = (10.6, 10.6, 12.0, 12.0)
DEPARTMENTS = ("政务服务中心", "审计处", "法规处", "档案馆")
CORNER = (("门厅", "Entrance hall"), ("展览室", "Exhibition room"), ("多功能厅", "Multi-purpose room"), ("综合阅览室", "Reading room"))
STAIR = Use(label="楼梯间", english="Stair", layout="empty", finish=None, door="fire", window="brown", sill=0.95)
WASH = tuple(
    Use(label=label, english=english, layout="washroom", finish="wet_tile", window="brown_high", sill=2.0)
    for label, english in (("男卫生间", "Men's washroom"), ("女卫生间", "Women's washroom"))
)


def write_block(path: Path, *, seed: int, progress: Callable[[str], None] | None = None) -> None:
    """Write the block as IFC2X3; rooms are numbered B + storey + two digits."""
    model = ModelWriter(key="block", schema="IFC2X3", unit="mm", seed=seed, project="屏山大院2号楼")
    building = Building(model, name="2号楼", long_name="综合服务楼", english="Building 2, L-shaped block", loose=True)
    property_set_conversion(model, building.site, BLOCK)
    elevation = 0.0
    for number in range(1, 5):
        height = FIRST_M if number == 1 else STOREY_M
        floor = building.storey(f"{number}F", f"{CHINESE_NUMERALS[number]}层 {DEPARTMENTS[number - 1]}", elevation, height)
        _storey(floor, number, building.floors[-2].height if number > 1 else None)
        elevation += height
        if progress:
            progress(f"block {number}/4")
    _ground(building.floors[0])
    top = building.floors[-1]
    floor_ring = _ell(0.0)
    top.slab(floor_ring, label="闷顶楼板", top=top.height)
    hipped_ell_roof(top, BASE, LONG, SHORT, WIDTH, eaves=0.9, pitch=math.radians(27.0))
    model.save(path)


def _ell(out: float) -> list[tuple[float, float]]:
    inner = WIDTH + out
    return BASE.ring([(-out, -out), (LONG + out, -out), (LONG + out, inner), (inner, inner), (inner, SHORT + out), (-out, SHORT + out)])


def _storey(floor: Floor, number: int, below: float | None) -> None:
    holes = [] if below is None else [stair_well(frame, STAIR_WIDTH, DEPTH, below) for frame in STAIRS] + [BASE.rectangle(*SHAFT)]
    if number == 2:
        holes.append(INNER_A.rectangle(*HALL_ROOM))
    floor.slab(_ell(0.1), label=f"楼板 {floor.name}", colour="white_panel", holes=holes)
    colour = "brick" if number == 1 else "cream"
    department = DEPARTMENTS[number - 1]
    common: dict[str, object] = {"window": "brown", "sill": 0.95}
    hall = rooms_of("M", number, department, **common)[0]
    if number == 1:
        hall = Use(
            label="阅览大厅",
            english="Double-height reading hall",
            modules=2,
            layout="reading",
            finish="timber_floor",
            window="brown",
            double_height=STOREY_M,
        )
    if number == 2:
        hall = Use(
            label="上空", english="Void of the reading hall", modules=2, layout="empty", door=None, window="brown", sill=0.95, built=False
        )
    letters = WINGS
    rows: tuple[tuple[PlanFrame, list[Use], str, dict[str, Any]], ...] = (
        (OUTER_A, [STAIR, *reversed(rooms_of(letters["outer"], number, department, **common))], "A1", {"end_wall": True}),
        (INNER_A, [*WASH, *rooms_of(letters["inner"], number + 1, department, **common), hall], "A2", {"start_wall": True}),
        (OUTER_B, [*rooms_of(letters["short_outer"], number + 2, department, **common), STAIR], "B1", {"start_wall": True}),
        (INNER_B, rooms_of(letters["short_inner"], number + 3, department, **common), "B2", {"end_wall": True}),
    )
    serial = 1
    for frame, uses, side, walls in rows:
        numbers = [f"B{number}{n:02d}" for n in range(serial, serial + len(uses))]
        Strip(depth=DEPTH, facade_colour=colour, **walls).build(floor, frame, uses, numbers, side)
        serial += sum(use.built for use in uses)
    far, end = LONG - WALL, SHORT - WALL
    plan = Polygon(BASE.ring([(LOW, LOW), (far, LOW), (far, HIGH), (HIGH, HIGH), (HIGH, end), (LOW, end)]))
    corridor(floor, plan, f"B{number}00")
    _cornice(floor, number)
    _gables(floor, colour)
    _corner(floor, number, colour, serial)
    for i, frame in enumerate(STAIRS):
        if number < 4:
            half_turn_stair(floor, frame, STAIR_WIDTH, DEPTH, f"{'AB'[i]}梯 {floor.name}")


def _cornice(floor: Floor, number: int) -> None:
    """A moulded band at the floor's level, wider over the ground floor and under the eaves."""
    bands = [(0.22, -0.3, -0.08)] if number > 1 else []
    bands += [(0.3, floor.height - 0.75, floor.height - 0.4)] if number == 4 else []
    bodies = [prism(floor.model, _ell(out), low, high - low, [_ell(-0.02)]) for out, low, high in bands]
    if bodies:
        floor.element("IfcCovering", f"线脚 {floor.name}", bodies, "white_panel", material="石材", PredefinedType="CLADDING")


def _gables(floor: Floor, colour: str) -> None:
    window = [Hole(at=(LOW + HIGH) / 2, sill=0.95, window="brown")]
    floor.wall(
        BASE,
        (LONG - WALL / 2, 0.0),
        (LONG - WALL / 2, WIDTH),
        WALL,
        label=f"山墙 {floor.name}-A",
        colour=colour,
        external=True,
        holes=window,
        material="砖",
    )
    across = [Hole(at=(LOW + HIGH) / 2, sill=0.95, window="brown")]
    floor.wall(
        BASE,
        (0.0, SHORT - WALL / 2),
        (WIDTH, SHORT - WALL / 2),
        WALL,
        label=f"山墙 {floor.name}-B",
        colour=colour,
        external=True,
        holes=across,
        material="砖",
    )
    post = box(floor.model, (*BASE.point(WIDTH - 0.3, WIDTH - 0.3), 0.0), (*BASE.point(WIDTH, WIDTH), floor.clear))
    floor.element("IfcColumn", f"角柱 {floor.name}", [post], colour, material="混凝土")


def _corner(floor: Floor, number: int, colour: str, serial: int) -> None:
    span = (AXIS - WALL) / 4
    for i in range(4):
        begin, end = WALL + i * span, WALL + (i + 1) * span
        west = [Hole(at=span / 2, sill=0.95, window="brown")]
        if number == 1 and i in (1, 2):
            west = [Hole(at=span / 2, door="entrance")]
        floor.wall(
            BASE,
            (WALL / 2, begin),
            (WALL / 2, end),
            WALL,
            label=f"转角外墙 {floor.name}-W{i + 1}",
            colour=colour,
            external=True,
            holes=west,
            material="砖",
        )
        south = [Hole(at=span / 2, sill=0.95, window="brown")]
        floor.wall(
            BASE,
            (begin, WALL / 2),
            (end, WALL / 2),
            WALL,
            label=f"转角外墙 {floor.name}-S{i + 1}",
            colour=colour,
            external=True,
            holes=south,
            material="砖",
        )
    floor.wall(BASE, (0.0, WALL / 2), (WALL, WALL / 2), WALL, label=f"转角柱 {floor.name}", colour=colour, external=True, material="砖")
    way = Hole(at=7.2 - 5.9, size=(1.8, 2.4)) if number == 1 else Hole(at=7.2 - 5.9, door="double")
    floor.wall(BASE, (6.0, 5.9), (6.0, AXIS), 0.2, label=f"转角内墙 {floor.name}-1", holes=[way], colour="plaster")
    floor.wall(BASE, (6.1, 6.0), (AXIS, 6.0), 0.2, label=f"转角内墙 {floor.name}-2", colour="plaster")
    floor.wall(BASE, (8.5, 8.4), (AXIS, 8.4), 0.2, label=f"资料室墙 {floor.name}-1", holes=[Hole(at=1.2, door="fire")], colour="plaster")
    floor.wall(BASE, (8.4, 8.3), (8.4, AXIS), 0.2, label=f"资料室墙 {floor.name}-2", colour="plaster")
    label, english = CORNER[number - 1]
    ell = Polygon(BASE.ring([(WALL, WALL), (14.1, WALL), (14.1, 5.9), (5.9, 5.9), (5.9, 14.1), (WALL, 14.1)]))
    finish = "floor_tile" if number == 1 else "timber_floor"
    corner = floor.room(
        ell, number=f"B{number}{serial:02d}", label=label, english=english, finish=finish, department=DEPARTMENTS[number - 1]
    )
    _furnish_corner(floor, corner, number)
    _store(floor, f"B{number}{serial + 1:02d}")


def _store(floor: Floor, number: str) -> None:
    """The room around the ventilation shaft: its polygon has a hole."""
    x0, y0, x1, y1 = SHAFT
    ring = Polygon(BASE.rectangle(8.5, 8.5, 14.1, 14.1), [BASE.rectangle(*SHAFT)])
    store = floor.room(ring, number=number, label="资料室", english="Store around a shaft", finish="terrazzo")
    for i, (start, stop) in enumerate(
        (
            ((x0, y0 + 0.1), (x1, y0 + 0.1)),
            ((x0, y1 - 0.1), (x1, y1 - 0.1)),
            ((x0 + 0.1, y0 + 0.2), (x0 + 0.1, y1 - 0.2)),
            ((x1 - 0.1, y0 + 0.2), (x1 - 0.1, y1 - 0.2)),
        )
    ):
        floor.wall(BASE, start, stop, 0.2, label=f"风井墙 {floor.name}-{i + 1}", colour="concrete", material="混凝土", height=floor.height)
    for x in (10.3, 13.1):
        floor.furnish(store, BASE, "rack", x, 13.75)
    floor.furnish(store, BASE, "rack", 13.7, 10.6, degrees=-90)


def _furnish_corner(floor: Floor, corner: Room, number: int) -> None:
    if number == 1:
        floor.furnish(corner, BASE, "reception", 4.6, 3.4, degrees=-90)
        floor.furnish(corner, BASE, "sofa", 10.0, 5.35)
        floor.furnish(corner, BASE, "tea_table", 10.0, 4.2)
        floor.furnish(corner, BASE, "sofa", 3.0, 13.5)
        for x, y in ((1.0, 1.0), (13.5, 1.0), (1.0, 13.4), (13.5, 5.3)):
            floor.furnish(corner, BASE, "plant", x, y)
        return
    floor.furnish(corner, BASE, "table_long", 10.2, 3.0)
    floor.furnish(corner, BASE, "table_long", 3.0, 9.6, degrees=90)
    for k in range(5):
        shift = -1.8 + 0.9 * k
        for s in (-1, 1):
            floor.furnish(corner, BASE, "meeting_chair", 10.2 + shift, 3.0 + s * 1.1, degrees=0 if s < 0 else 180)
            floor.furnish(corner, BASE, "meeting_chair", 3.0 + s * 1.1, 9.6 + shift, degrees=-90 if s < 0 else 90)
    for i in range(4):
        floor.furnish(corner, BASE, "bookcase", 8.0 + 1.05 * i, 5.68)
    floor.furnish(corner, BASE, "air_tall", 0.75, 0.75, degrees=135)


def _ground(floor: Floor) -> None:
    body = prism(floor.model, _ell(0.2), -1.0, 0.7, [_ell(-0.05)])
    floor.element("IfcSlab", "基座", [body], "stone_dark", material="花岗岩", PredefinedType="BASESLAB")
    floor.slab(BASE.rectangle(-1.6, 4.5, -0.1, 9.9), label="入口平台", colour="stone", thickness=0.9, kind="BASESLAB", top=-0.02)
    entrance_steps(floor, BASE.inside(-1.6, 9.9, 3), 5.4, 0.45, 3, "入口台阶")
    canopy = box(floor.model, (*BASE.point(-2.2, 4.2), 3.2), (*BASE.point(-0.1, 10.2), 3.4))
    floor.element("IfcSlab", "入口雨篷", [canopy], "white_panel", material="混凝土", PredefinedType="ROOF")
