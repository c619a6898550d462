"""Small offices for tests, from the same builders as the demo."""

from collections.abc import Callable
from pathlib import Path

from shapely.geometry import Polygon

from twin.demo.building import Building, Hole, PlanFrame
from twin.demo.georeference import map_conversion, property_set_conversion
from twin.demo.model import ModelWriter
from twin.demo.programme import CHINESE_NUMERALS, rooms_of
from twin.demo.siteplan import Anchor
from twin.demo.stairs import half_turn_stair, stair_well
from twin.demo.strips import Strip, Use, corridor
from twin.errors import Invalid

__all__ = ["write_small_office"]

LENGTH, WIDTH, WALL, HEIGHT = 22.2, 10.2, 0.3, 3.6
STAIR = Use(label="楼梯间", english="Stair", layout="empty", finish=None, door="fire", window="end")


def write_small_office(
    path: Path,
    *,
    schema: str = "IFC4",
    unit: str = "m",
    storeys: int = 2,
    seed: int = 7,
    key: str = "office",
    anchor: Anchor | None = None,
    loose: bool = False,
    change: Callable[[ModelWriter, Building], None] | None = None,
) -> None:
    """A single row of rooms along a corridor on each storey: office, meeting room, director, stair; 5 rooms a storey.

    `anchor` places it by map conversion (IFC4) or property sets (IFC2X3); without one it claims no place. `loose` puts
    furniture into the storey instead of the room. `change` is called before the file is written, to plant what a test
    needs. Raises Invalid for a schema or unit that the builders do not write.
    """
    if schema not in ("IFC4", "IFC2X3") or unit not in ("m", "mm"):
        raise Invalid(f"the builders write IFC4 and IFC2X3 in m and mm, not {schema} in {unit}", path=str(path))
    model = ModelWriter(key=key, schema=schema, unit=unit, seed=seed, project="小办公楼")
    building = Building(model, name="小办公楼", long_name="测试用小办公楼", english="Small office for tests", loose=loose)
    if anchor is not None and model.old:
        property_set_conversion(model, building.site, anchor)
    elif anchor is not None:
        map_conversion(model, anchor)
    frame = PlanFrame(WALL, 2.7)
    well = frame.inside(5 * 3.6 + 0.06, 0.2)
    for number in range(1, storeys + 1):
        floor = building.storey(f"{number}F", f"{CHINESE_NUMERALS[number]}层", (number - 1) * HEIGHT, HEIGHT)
        holes = [stair_well(well, 3.54, 7.0, HEIGHT)] if number > 1 else []
        here = PlanFrame()
        floor.slab(here.rectangle(0.0, 0.0, LENGTH, WIDTH), label=f"楼板 {floor.name}", holes=holes)
        for x in (WALL / 2, LENGTH - WALL / 2):
            floor.wall(here, (x, 0.0), (x, WIDTH), WALL, label=f"山墙 {floor.name}", colour="stone", external=True)
        south = [Hole(at=2.0, door="entrance"), Hole(at=9.0, sill=0.85, window="band"), Hole(at=15.0, sill=0.85, window="band")]
        floor.wall(here, (WALL, 0.15), (LENGTH - WALL, 0.15), WALL, label=f"南墙 {floor.name}", colour="stone", external=True, holes=south)
        uses = [*rooms_of("OMD", number, "办公室"), STAIR]
        Strip().build(floor, frame, uses, [f"{number}{n:02d}" for n in range(1, 9)], "N")
        corridor(floor, Polygon(here.rectangle(WALL, WALL, LENGTH - WALL, 2.7)), f"{number}00")
        if number < storeys:
            half_turn_stair(floor, well, 3.54, 7.0, f"楼梯 {floor.name}")
    floor.slab(PlanFrame().rectangle(0.0, 0.0, LENGTH, WIDTH), label="屋面", kind="ROOF", top=HEIGHT)
    if change is not None:
        change(model, building)
    model.save(path)
