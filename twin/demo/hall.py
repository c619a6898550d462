"""Building 3, the assembly hall: IFC4 in metres, placed by IfcSite latitude, longitude and true north only.

Model frame: x along the glazed front (30 m, facing −y), y to the back (46 m), z = 0 the foyer's floor.
"""

from collections.abc import Callable
from pathlib import Path

from shapely.geometry import Polygon

from twin.demo.building import Building, Floor, Hole, PlanFrame
from twin.demo.georeference import site_reference
from twin.demo.model import ModelWriter
from twin.demo.roofs import gable_roof
from twin.demo.shapes import box, closed_mesh, cylinder
from twin.demo.siteplan import HALL
from twin.demo.stairs import entrance_steps, half_turn_stair, stair_well
from twin.demo.strips import Strip, Use

__all__ = ["write_hall"]

WIDTH, LENGTH, EAVE = 30.0, 46.0, 8.4
HERE = PlanFrame()
MODULE, DEPTH = (LENGTH - 0.3 - 9.0) / 6, 4.7
WEST, EAST = PlanFrame(5.2, 9.0, 1), PlanFrame(WIDTH - 5.2, LENGTH - 0.3, 3)
STRIP = Strip(module=MODULE, depth=DEPTH, facade_colour="white_panel")
STAIR_WIDTH = MODULE - 0.12
STAIRS = (WEST.inside(MODULE + 0.06, 0.2), EAST.inside(4 * MODULE + 0.06, 0.2))
ROWS, SIDE_SEATS = 14, 12
RISE = 4.6


def write_hall(path: Path, *, seed: int, progress: Callable[[str], None] | None = None) -> None:
    """Write the hall as IFC4; rooms are numbered H + storey + two digits."""
    reference, true_north = site_reference(HALL)
    model = ModelWriter(key="hall", schema="IFC4", unit="m", seed=seed, project="屏山大院3号楼", true_north=true_north)
    building = Building(model, name="3号楼", long_name="大礼堂", english="Building 3, assembly hall", **reference)
    ground = building.storey("1F", "一层 礼堂", 0.0, 4.2)
    upper = building.storey("2F", "二层 廊座", 4.2, 4.2)
    _side_rooms(ground, 1)
    _side_rooms(upper, 2)
    _ground_floor(ground)
    _shell(ground, upper)
    _auditorium(ground)
    _stage(ground)
    _foyer(ground)
    _gallery(upper)
    if progress:
        progress("hall")
    model.save(path)


def _use(label: str, english: str, layout: str, **more: object) -> Use:
    values: dict[str, object] = {"finish": "carpet", "window": "tall", "sill": 0.9, "department": "会议服务中心", **more}
    return Use(label=label, english=english, layout=layout, **values)  # type: ignore[arg-type]


def _side_rooms(floor: Floor, number: int) -> None:
    stair = _use("楼梯间", "Stair", "empty", finish=None, door="fire")
    if number == 1:
        west = [
            _use("贵宾室", "VIP lounge", "lounge", door="double"),
            stair,
            _use("男卫生间", "Men's washroom", "washroom", finish="wet_tile", window="high", sill=2.0),
            _use("会议室", "Meeting room", "small_meeting"),
            _use("设备间", "Plant room", "plant_room", finish="terrazzo", door="fire"),
            _use("值班室", "Guard room", "two_person", finish="floor_tile"),
        ]
        east = [
            _use("库房", "Store", "archive", finish="terrazzo", door="fire"),
            _use("候场室", "Green room", "lounge"),
            _use("小会议室", "Small meeting room", "small_meeting"),
            _use("女卫生间", "Women's washroom", "washroom", finish="wet_tile", window="high", sill=2.0),
            stair,
            _use("接待室", "Reception room", "lounge", door="double"),
        ]
    else:
        void = _use("上空", "Void", "empty", door=None, built=False)
        west = [_use("声控室", "Sound control", "two_person"), stair, _use("会议室", "Meeting room", "small_meeting"), void, void, void]
        east = [void, void, void, _use("办公室", "Office", "two_person"), stair, _use("灯光室", "Light control", "two_person")]
    holes = [] if number == 1 else [stair_well(frame, STAIR_WIDTH, DEPTH, 4.2) for frame in STAIRS]
    outlines = [HERE.rectangle(-0.05, -0.05, WIDTH + 0.05, LENGTH + 0.05)]
    if number == 2:
        outlines = [HERE.rectangle(-0.05, 9.0, 5.2, LENGTH), HERE.rectangle(WIDTH - 5.2, 9.0, WIDTH + 0.05, LENGTH)]
    for i, outline in enumerate(outlines):
        floor.slab(outline, label=f"楼板 {floor.name}-{i + 1}", colour="white_panel", holes=holes[i : i + 1])
    serial = 1
    for frame, uses, side in ((WEST, west, "W"), (EAST, east, "E")):
        numbers = [f"H{number}{n:02d}" for n in range(serial, serial + 6)]
        STRIP.build(floor, frame, uses, numbers, side)
        serial += sum(use.built for use in uses)
    if number == 1:
        for i, frame in enumerate(STAIRS):
            half_turn_stair(floor, frame, STAIR_WIDTH, DEPTH, f"礼堂楼梯 {i + 1}")


def _ground_floor(floor: Floor) -> None:
    tall = EAVE
    doors = [Hole(at=x - 0.3, door="double") for x in (8.0, 15.0, 22.0)]
    floor.wall(HERE, (0.3, 8.85), (WIDTH - 0.3, 8.85), 0.3, label="前厅后墙", colour="plaster", holes=doors, height=tall, material="混凝土")
    stage_opening = [Hole(at=9.8, size=(15.0, 6.5))]
    floor.wall(
        HERE, (5.2, 34.1), (WIDTH - 5.2, 34.1), 0.2, label="台口墙", colour="wood", holes=stage_opening, height=tall, material="混凝土"
    )
    back = [Hole(at=x - 5.2, door="office") for x in (8.3, 14.8, 21.5)]
    floor.wall(HERE, (5.2, 42.1), (WIDTH - 5.2, 42.1), 0.2, label="后台墙", colour="plaster", holes=back, height=tall)
    for x in (11.6, 18.1):
        floor.wall(HERE, (x, 42.2), (x, LENGTH - 0.3), 0.2, label=f"化妆室隔墙 {x:.0f}", colour="plaster")
    for i, (x0, x1, label, english) in enumerate(
        ((5.2, 11.5, "化妆室一", "Dressing room 1"), (11.7, 18.0, "化妆室二", "Dressing room 2"), (18.2, 24.8, "道具库", "Props"))
    ):
        polygon = Polygon(HERE.rectangle(x0, 42.2, x1, LENGTH - 0.3))
        room = floor.room(polygon, number=f"H1{21 + i}", label=label, english=english, finish="timber_floor", department="会议服务中心")
        for k in range(3):
            floor.furnish(room, HERE, "desk" if i < 2 else "rack", x0 + 1.2 + 1.9 * k, 45.2 if i < 2 else 44.0, degrees=0)
            if i < 2:
                floor.furnish(room, HERE, "visitor", x0 + 1.2 + 1.9 * k, 44.5)


def _shell(ground: Floor, upper: Floor) -> None:
    for x, side in ((0.15, "W"), (WIDTH - 0.15, "E")):
        windows = [Hole(at=a, sill=s, window="tall") for a in (2.5, 4.6, 6.7) for s in (1.0, 4.6)]
        ground.wall(
            HERE,
            (x, 0.0),
            (x, 9.0),
            0.3,
            label=f"前厅侧墙 {side}",
            colour="white_panel",
            external=True,
            holes=windows,
            height=EAVE,
            material="混凝土",
        )
    ground.wall(
        HERE,
        (0.0, LENGTH - 0.15),
        (WIDTH, LENGTH - 0.15),
        0.3,
        label="后墙",
        colour="white_panel",
        external=True,
        height=EAVE,
        material="混凝土",
        holes=[Hole(at=15.0, door="fire")],
    )
    model, z = upper.model, upper.clear
    for x0, x1, side in ((0.0, 0.3, "W"), (WIDTH - 0.3, WIDTH, "E")):
        upper.element("IfcBeam", f"檐梁 {side}", [box(model, (x0, 9.0, z), (x1, LENGTH - 0.3, z + 0.3))], "white_panel", material="混凝土")
    for y0, y1, name in ((0.05, 0.25, "前山花"), (LENGTH - 0.3, LENGTH, "后山花")):
        _gable(upper, y0, y1, name)
    _pilasters(ground)
    gable_roof(upper, WIDTH, LENGTH, base=4.55, rise=RISE, side=1.2, front=5.2, back=0.8)
    _front(ground)


def _pilasters(floor: Floor) -> None:
    """Piers between the windows of both long sides, and a stone base under them."""
    for x0, x1, side in ((-0.28, 0.0, "W"), (WIDTH, WIDTH + 0.28, "E")):
        piers = [box(floor.model, (x0, 9.0 + k * MODULE - 0.3, -0.3), (x1, 9.0 + k * MODULE + 0.3, EAVE - 0.2)) for k in range(7)]
        floor.element("IfcColumn", f"壁柱 {side}", piers, "white_panel", material="花岗岩")
        base = box(floor.model, (x0 + 0.1 if x0 < 0 else x0, 0.0, -0.3), (x1 if x0 < 0 else x1 - 0.1, LENGTH, 0.75))
        floor.element("IfcCovering", f"勒脚 {side}", [base], "stone_dark", material="花岗岩", PredefinedType="CLADDING")


def _gable(floor: Floor, y0: float, y1: float, name: str) -> None:
    z, apex = 4.2, 4.2 + RISE + 0.05
    outline = [(0.0, z), (WIDTH, z), (WIDTH / 2, apex)]
    vertices = [(x, y, h) for y in (y0, y1) for x, h in outline]
    body = closed_mesh(floor.model, vertices, [(0, 1, 2), (5, 4, 3), (0, 3, 4, 1), (1, 4, 5, 2), (2, 5, 3, 0)])
    floor.element("IfcWall", name, [body], "white_panel", material="铝板")


def _front(floor: Floor) -> None:
    model = floor.model
    wall = floor.whole("IfcCurtainWall", "礼堂玻璃幕墙")
    x0, x1, bays, levels = 0.3, WIDTH - 0.3, 14, (0.0, 2.55, 5.4, EAVE)
    step = (x1 - x0) / bays
    for i in range(bays + 1):
        x = x0 + i * step
        body = box(model, (x - 0.05, 0.0, 0.0), (x + 0.05, 0.28, EAVE))
        floor.element("IfcMember", f"竖梃 {i + 1}", [body], "aluminium", material="铝合金", whole=wall, PredefinedType="MULLION")
    for z in levels[1:]:
        body = box(model, (x0, 0.04, z - 0.1), (x1, 0.24, z))
        floor.element("IfcMember", f"横梁 {z:.2f}", [body], "aluminium", material="铝合金", whole=wall, PredefinedType="MULLION")
    for i in range(bays):
        a, b = x0 + i * step + 0.05, x0 + (i + 1) * step - 0.05
        for k in range(3):
            if k == 0 and i in (4, 6, 7, 9):
                door = floor.catalogue.door("front", floor.place(((a + b) / 2, 0.15, 0.0)), f"礼堂大门 {i}")
                model.contain(door, floor.entity)
                continue
            pane = box(model, (a, 0.14, levels[k]), (b, 0.16, levels[k + 1] - 0.1))
            floor.element(
                "IfcPlate", f"玻璃 {i + 1}-{k + 1}", [pane], "glass_clear", material="玻璃", whole=wall, PredefinedType="CURTAIN_PANEL"
            )
    slope = RISE / (WIDTH / 2)
    for i in range(6):
        x = 1.5 + 5.4 * i
        top = EAVE + slope * min(x, WIDTH - x)
        parts = [cylinder(model, x, -4.2, 0.36, -0.02, top + 0.1)]
        floor.element("IfcColumn", f"廊柱 {i + 1}", parts, "white_panel", material="花岗岩")
    floor.slab(HERE.rectangle(-0.2, -5.2, WIDTH + 0.2, -0.05), label="礼堂平台", colour="stone", thickness=0.9, kind="BASESLAB", top=-0.02)
    entrance_steps(floor, PlanFrame(0.0, -5.2), WIDTH, 0.47, 4, "礼堂台阶")
    ring = ((-0.15, -0.05, 0.0, LENGTH + 0.15), (WIDTH, -0.05, WIDTH + 0.15, LENGTH + 0.15), (0.0, LENGTH, WIDTH, LENGTH + 0.15))
    for i, (ax, ay, bx, by) in enumerate(ring):
        floor.element("IfcWall", f"基座 {i + 1}", [box(model, (ax, ay, -1.0), (bx, by, -0.3))], "stone_dark", material="花岗岩")


def _auditorium(floor: Floor) -> None:
    polygon = Polygon(HERE.rectangle(5.2, 9.0, WIDTH - 5.2, 34.0))
    room = floor.room(
        polygon, number="H131", label="观众厅", english="Auditorium", finish="timber_floor", height=EAVE - 0.1, department="会议服务中心"
    )
    for row in range(ROWS):
        y, z = 30.5 - row, 0.01 + 0.08 * row
        if row:
            tier = box(floor.model, (5.9, y - 0.5, 0.01), (WIDTH - 5.9, y + 0.5, z))
            floor.element("IfcSlab", f"看台 {row + 1}", [tier], "red_carpet", material="混凝土", PredefinedType="FLOOR")
        for side in (-1, 1):
            for k in range(SIDE_SEATS):
                floor.furnish(room, HERE, "seat", WIDTH / 2 + side * (1.1 + 0.58 * k), y, z, 180)


def _stage(floor: Floor) -> None:
    polygon = Polygon(HERE.rectangle(5.2, 34.2, WIDTH - 5.2, 42.0))
    room = floor.room(polygon, number="H132", label="舞台", english="Stage", finish=None, height=EAVE - 0.1, department="会议服务中心")
    deck = box(floor.model, (5.2, 34.2, 0.0), (WIDTH - 5.2, 41.0, 0.9))
    floor.element("IfcSlab", "舞台台面", [deck], "timber_floor", material="木", PredefinedType="FLOOR")
    curtains = [box(floor.model, (x, 34.6, 0.9), (x + 2.6, 34.8, 7.6)) for x in (5.4, WIDTH - 8.0)]
    floor.element("IfcCovering", "大幕", curtains, "fabric_red", material="织物", PredefinedType="USERDEFINED", ObjectType="大幕")
    for x in (11.6, 16.6):
        floor.furnish(room, HERE, "table_long", x + 0.9, 38.5, 0.9)
        for k in range(5):
            floor.furnish(room, HERE, "meeting_chair", x + 0.9 + (k - 2) * 0.9, 39.55, 0.9, 180)
    floor.furnish(room, HERE, "lectern", 9.2, 36.2, 0.9)


def _foyer(floor: Floor) -> None:
    polygon = Polygon(HERE.rectangle(0.3, 0.3, WIDTH - 0.3, 8.7))
    room = floor.room(polygon, number="H130", label="前厅", english="Foyer", finish="floor_tile", height=EAVE - 0.3)
    floor.furnish(room, HERE, "reception", 15.0, 7.2)
    floor.furnish(room, HERE, "chair", 15.0, 8.0, degrees=180)
    for x in (4.0, WIDTH - 4.0):
        floor.furnish(room, HERE, "sofa", x, 7.6)
        floor.furnish(room, HERE, "tea_table", x, 6.4)
        floor.furnish(room, HERE, "sofa", x, 5.2, degrees=180)
    for x in (1.0, 10.5, 19.5, WIDTH - 1.0):
        floor.furnish(room, HERE, "plant", x, 1.0)


def _gallery(floor: Floor) -> None:
    for x0, x1, rail, side in ((5.2, 6.4, 6.34, "W"), (WIDTH - 6.4, WIDTH - 5.2, WIDTH - 6.4, "E")):
        floor.slab(HERE.rectangle(x0, 9.0, x1, 9.0 + 3 * MODULE), label=f"廊座 {side}", colour="white_panel", thickness=0.2)
        posts = [box(floor.model, (rail, 9.2 + 1.5 * i, 0.0), (rail + 0.04, 9.24 + 1.5 * i, 1.05)) for i in range(12)]
        top = box(floor.model, (rail, 9.0, 1.05), (rail + 0.06, 9.0 + 3 * MODULE, 1.1))
        floor.element("IfcRailing", f"廊座栏杆 {side}", [*posts, top], "chrome", material="钢", PredefinedType="GUARDRAIL")
