"""Building 1, the office tower: IFC4 in metres, 12 storeys, placed by IfcMapConversion.

Model frame: x along the south front (43.8 m), y to the back (17.4 m), z = 0 the ground floor, 0.45 m over the ground.
"""

from collections.abc import Callable
from pathlib import Path

from shapely.geometry import Polygon

from twin.demo.building import Building, Floor, Hole, PlanFrame
from twin.demo.georeference import map_conversion
from twin.demo.model import ModelWriter
from twin.demo.programme import CHINESE_NUMERALS, DEPARTMENTS, TOWER_NORTH, TOWER_SOUTH, rooms_of
from twin.demo.roofs import flat_roof
from twin.demo.shapes import box, cylinder, prism
from twin.demo.siteplan import TOWER
from twin.demo.stairs import entrance_steps, half_turn_stair, stair_well
from twin.demo.strips import Strip, Use, corridor

__all__ = ["write_tower"]

LENGTH, WIDTH = 43.8, 17.4
MODULE, WALL, CORRIDOR_LOW, CORRIDOR_HIGH = 3.6, 0.3, 7.5, 9.9
FIRST_M, STOREY_M = 4.5, 3.6
NORTH = PlanFrame(WALL, CORRIDOR_HIGH)
SOUTH = PlanFrame(LENGTH - WALL, CORRIDOR_LOW, 2)
STRIP = Strip()
EDGE_M = 0.12
INNER = 3.48
BOUNDED_STOREY = 3
STAIR_A = NORTH.inside(4 * MODULE + 0.06, 0.2)
STAIR_B = NORTH.inside(11 * MODULE + 0.06, 0.2)
SHAFT = (5 * MODULE + 0.06, 4.7, 6 * MODULE - 0.06, 7.2)
LIFTS = (0.95, 2.55)
"""Where along the shaft the doors of the lifts are, metres."""
CAR_M = (1.3, 1.7, 2.3)
"""Width, depth and height of a car."""
CORE = (
    Use(label="楼梯间", english="Stair A", layout="empty", finish=None, door="fire", window="end"),
    Use(label="电梯", english="Lifts", layout="empty", door="open", window=None, built=False),
    Use(label="男卫生间", english="Men's washroom", layout="washroom", finish="wet_tile", window="high", sill=2.0),
    Use(label="女卫生间", english="Women's washroom", layout="washroom", finish="wet_tile", window="high", sill=2.0),
)
STAIR_USE = Use(label="疏散楼梯间", english="Stair B", layout="empty", finish=None, door="fire", window="end")
LOBBY = Use(label="门厅", english="Entrance lobby", modules=4, layout="empty", finish="floor_tile", door="open", window=None, facade=False)
LOBBY_X = (WALL + 4 * MODULE, WALL + 8 * MODULE)


def write_tower(path: Path, *, seed: int, storeys: int = 12, progress: Callable[[str], None] | None = None) -> None:
    """Write the tower as IFC4; rooms are numbered storey + two digits, odd ones to the south."""
    model = ModelWriter(key="tower", schema="IFC4", unit="m", seed=seed, project="屏山大院1号楼")
    map_conversion(model, TOWER)
    building = Building(model, name="1号楼", long_name="综合办公楼", english="Building 1, office tower")
    elevation = 0.0
    for number in range(1, storeys + 1):
        height = FIRST_M if number == 1 else STOREY_M
        floor = building.storey(f"{number}F", f"{CHINESE_NUMERALS[number]}层 {DEPARTMENTS[number - 1]}", elevation, height)
        below = building.floors[-2].height if number > 1 else None
        _storey(floor, number, below, top=number == storeys)
        elevation += height
        if progress:
            progress(f"tower {number}/{storeys}")
    _ground(building.floors[0])
    _cars(building)
    last = building.floors[-1]
    penthouse = (WALL + 4 * MODULE, CORRIDOR_HIGH, WALL + 6 * MODULE, WIDTH)
    flat_roof(last, LENGTH, WIDTH, penthouse=penthouse, well=stair_well(STAIR_A, INNER, 7.0, last.height))
    model.save(path)


def _storey(floor: Floor, number: int, below: float | None, *, top: bool) -> None:
    holes = []
    if below is not None:
        holes = [stair_well(frame, INNER, 7.0, below) for frame in (STAIR_A, STAIR_B)] + [NORTH.rectangle(*SHAFT)]
    edge = PlanFrame().rectangle(-EDGE_M, -EDGE_M, LENGTH + EDGE_M, WIDTH + EDGE_M)
    slab = floor.slab(edge, label=f"楼板 {floor.name}", colour="white_panel", holes=holes)
    for x, side in ((WALL / 2, "W"), (LENGTH - WALL / 2, "E")):
        window = [Hole(at=WIDTH / 2, sill=0.85, window="end")]
        floor.wall(
            PlanFrame(),
            (x, 0.0),
            (x, WIDTH),
            WALL,
            label=f"山墙 {floor.name}-{side}",
            colour="stone",
            external=True,
            holes=window,
            material="混凝土",
        )
    department = DEPARTMENTS[number - 1]
    north = [*rooms_of(TOWER_NORTH[0], number, department), *CORE, *rooms_of(TOWER_NORTH[1], number + 5, department), STAIR_USE]
    letters = TOWER_SOUTH[number % len(TOWER_SOUTH)]
    south = (
        [*rooms_of("GCL", 1, department), LOBBY, *rooms_of("LTT", 2, department)]
        if number == 1
        else rooms_of(letters, number + 2, department)
    )
    even, odd = ([f"{number}{n:02d}" for n in range(start, 40, 2)] for start in (2, 1))
    made = STRIP.build(floor, NORTH, north, even, "N") + STRIP.build(floor, SOUTH, south, odd, "S")
    corridor(floor, Polygon(PlanFrame().rectangle(WALL, CORRIDOR_LOW, LENGTH - WALL, CORRIDOR_HIGH)), f"{number}00")
    _lifts(floor, number)
    half_turn_stair(floor, STAIR_A, INNER, 7.0, f"A梯 {floor.name}")
    if not top:
        half_turn_stair(floor, STAIR_B, INNER, 7.0, f"B梯 {floor.name}")
    _piers(floor)
    _bands(floor)
    if number > 1:
        _shades(floor)
    if number == BOUNDED_STOREY:
        for room in made:
            for element, external in [*room.bounds, (slab, False)]:
                floor.model.bound(room.space, element, external=external)


def _lifts(floor: Floor, number: int) -> None:
    x0, y0, x1, y1 = SHAFT
    holes = [Hole(at=x, door="lift") for x in LIFTS]
    floor.wall(
        NORTH, (x0, y0 - 0.1), (x1, y0 - 0.1), 0.2, label=f"电梯井墙 {floor.name}", colour="white_panel", holes=holes, material="混凝土"
    )
    lobby = Polygon(NORTH.rectangle(x0, 0.0, x1, y0 - 0.2))
    floor.room(lobby, number=f"{number}L1", label="电梯厅", english="Lift lobby", finish="floor_tile")
    floor.room(
        Polygon(NORTH.rectangle(x0, y0, x1, y1)),
        number=f"{number}L2",
        label="电梯井",
        english="Lift shaft",
        finish=None,
        height=floor.height,
    )


def _cars(building: Building) -> None:
    """The two lifts: their cars stand at the ground floor, their doors are those of each storey's shaft."""
    x0, y0, _, _ = SHAFT
    floor, model = building.floors[0], building.model
    for number, middle in enumerate(LIFTS, 1):
        ring = NORTH.rectangle(x0 + middle - CAR_M[0] / 2, y0 + 0.1, x0 + middle + CAR_M[0] / 2, y0 + 0.1 + CAR_M[1])
        body = prism(model, ring, 0.0, CAR_M[2])
        car = floor.element("IfcTransportElement", f"电梯 {number}", [body], "steel", material="钢", PredefinedType="ELEVATOR")
        model.shared_property_set(car, "Pset_TransportElementCommon", {"CapacityPeople": ("IfcCountMeasure", 13)})
        served = f"{building.floors[0].name}-{building.floors[-1].name}"
        model.shared_property_set(car, "屏山_电梯", {"停靠楼层": ("IfcLabel", served)})


def _piers(floor: Floor) -> None:
    for k in range(7):
        x = WALL + k * 2 * MODULE
        for y0, y1, side in ((-0.35, 0.0, "S"), (WIDTH, WIDTH + 0.35, "N")):
            body = box(floor.model, (x - 0.25, y0, 0.0), (x + 0.25, y1, floor.height))
            floor.element("IfcColumn", f"柱 {floor.name}-{side}{k + 1}", [body], "white_panel", material="混凝土")


def _bands(floor: Floor) -> None:
    """Dark panels between the two windows of a bay, so that the windows read as bands."""
    for y0, y1, side in ((-0.03, 0.0, "S"), (WIDTH, WIDTH + 0.03, "N")):
        panels = []
        for k in range(6):
            x = WALL + (2 * k + 1) * MODULE
            if not (side == "N" and k in (2, 3)) and not (floor.name == "1F" and side == "S" and LOBBY_X[0] < x < LOBBY_X[1]):
                panels.append(box(floor.model, (x - 0.32, y0, 0.85), (x + 0.32, y1, 2.85)))
        floor.element("IfcCovering", f"窗间板 {floor.name}-{side}", panels, "aluminium", material="铝板", PredefinedType="CLADDING")


def _shades(floor: Floor) -> None:
    """Sun blades over the windows of the south front, from pier to pier."""
    blades = [box(floor.model, (x0, -0.62, 2.9), (x1, -0.02, 2.96)) for x0, x1 in _between_piers()]
    floor.element("IfcShadingDevice", f"遮阳板 {floor.name}", blades, "white_panel", material="铝板", PredefinedType="AWNING")


def _between_piers() -> list[tuple[float, float]]:
    return [(WALL + k * 2 * MODULE + 0.25, WALL + (k + 1) * 2 * MODULE - 0.25) for k in range(6)]


def _ground(floor: Floor) -> None:
    model = floor.model
    ring = [
        (-0.2, -0.2, LENGTH + 0.2, -0.0),
        (-0.2, WIDTH, LENGTH + 0.2, WIDTH + 0.2),
        (-0.2, 0.0, 0.0, WIDTH),
        (LENGTH, 0.0, LENGTH + 0.2, WIDTH),
    ]
    for i, (x0, y0, x1, y1) in enumerate(ring):
        floor.element("IfcWall", f"基座 {i + 1}", [box(model, (x0, y0, -1.0), (x1, y1, -0.3))], "stone_dark", material="花岗岩")
    x0, x1 = LOBBY_X
    floor.slab(
        PlanFrame().rectangle(x0 - 1, -6.0, x1 + 1, -0.2), label="入口平台", colour="stone", thickness=0.9, kind="BASESLAB", top=-0.02
    )
    entrance_steps(floor, PlanFrame(x0 - 1, -6.0), x1 - x0 + 2, 0.47, 4, "入口台阶")
    canopy = box(model, (x0 + 1, -5.6, 3.55), (x1 - 1, -0.12, 3.95))
    floor.element("IfcSlab", "入口雨篷", [canopy], "white_panel", material="铝板", PredefinedType="ROOF")
    for x in (x0 + 2.2, x1 - 2.2):
        floor.element("IfcColumn", f"雨篷柱 {x:.0f}", [cylinder(model, x, -4.9, 0.28, -0.02, 3.55)], "stone", material="花岗岩")
    _curtain_wall(floor, x0, x1)
    lobby = next(room for room in floor.rooms if room.space.LongName == "门厅")
    here = PlanFrame()
    floor.furnish(lobby, here, "reception", (x0 + x1) / 2 - 4.2, 5.4, degrees=0)
    floor.furnish(lobby, here, "chair", (x0 + x1) / 2 - 4.2, 6.15, degrees=180)
    floor.furnish(lobby, here, "computer", (x0 + x1) / 2 - 4.2, 5.45, 0.75, degrees=180)
    for x, y, turn in ((x1 - 2.6, 5.6, 0), (x1 - 2.6, 2.8, 180)):
        floor.furnish(lobby, here, "sofa", x, y, degrees=turn)
    floor.furnish(lobby, here, "tea_table", x1 - 2.6, 4.2)
    for x in (x0 + 0.5, x0 + 5.2, x1 - 5.2, x1 - 0.5):
        floor.furnish(lobby, here, "plant", x, 0.8)
    for x in (x0 + MODULE, x1 - MODULE):
        floor.element("IfcColumn", f"门厅柱 {x:.0f}", [cylinder(model, x, 3.4, 0.3, 0.0, floor.clear)], "stone", material="花岗岩")
    floor.furnish(None, here, "flag", LENGTH / 2, -21.5, -0.45)


def _curtain_wall(floor: Floor, x0: float, x1: float) -> None:
    model, top, transom = floor.model, floor.clear, 2.55
    wall = floor.whole("IfcCurtainWall", "门厅玻璃幕墙")
    step = (x1 - x0) / 8
    for i in range(9):
        x = x0 + i * step
        body = box(model, (x - 0.04, 0.05, 0.0), (x + 0.04, 0.25, top))
        floor.element("IfcMember", f"竖梃 {i + 1}", [body], "aluminium", material="铝合金", whole=wall, PredefinedType="MULLION")
    for z in (transom, top - 0.08):
        body = box(model, (x0, 0.08, z), (x1, 0.22, z + 0.08))
        floor.element("IfcMember", f"横梁 {z:.2f}", [body], "aluminium", material="铝合金", whole=wall, PredefinedType="MULLION")
    for i in range(8):
        a, b = x0 + i * step + 0.04, x0 + (i + 1) * step - 0.04
        if i in (3, 4):
            door = floor.catalogue.door("entrance", floor.place(((a + b) / 2, 0.15, 0.0)), f"大门 {i - 2}")
            model.contain(door, floor.entity)
        else:
            low = box(model, (a, 0.14, 0.0), (b, 0.16, transom))
            floor.element("IfcPlate", f"玻璃 {i + 1} 下", [low], "glass_clear", material="玻璃", whole=wall, PredefinedType="CURTAIN_PANEL")
        high = box(model, (a, 0.14, transom + 0.08), (b, 0.16, top - 0.08))
        floor.element("IfcPlate", f"玻璃 {i + 1} 上", [high], "glass_clear", material="玻璃", whole=wall, PredefinedType="CURTAIN_PANEL")
