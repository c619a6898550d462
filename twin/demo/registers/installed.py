"""The registers of what is built into the compound's buildings and says something: doors, fire points, panic buttons, lifts."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from twin.demo.registers.buildings import Building, storey_words
from twin.demo.registers.draft import Draft
from twin.demo.registers.offices import Room
from twin.demo.registers.outdoors import Spot, device_id
from twin.demo.registers.truth import Planter
from twin.demo.registers.world import World
from twin.demo.siteplan import LODGES

__all__ = ["door_draft", "fire_point_draft", "lift_draft", "panic_button_draft"]

COMPOUND = "屏山大院"
LOCKED = ("消防控制", "档案", "资料室", "配电", "设备间", "库", "声控室", "灯光室", "信息科")
"""Rooms that are entered with a card."""
ENTRANCES = ("大门", "外墙")
PLANT_ROOM = "机房墙"
UNWATCHED = ("卫生间", "楼梯间", "电梯井")
HOT = ("开水间", "设备间", "舞台")
"""Rooms where a smoke detector would cry for nothing."""
PASSED = ("走廊", "电梯厅", "门厅", "前厅", "观众厅")
"""Rooms with a manual call point."""
ASSEMBLY_READER = Spot(-90.0, -79.0)
"""In the middle of the assembly point: it tells who is safe, and is no way in or out."""
ATTENDED = ("值班室", "消防控制室", "接待室", "门厅", "前厅", "贵宾室")
BUTTONS_FROM = 500
"""Serial of the first panic button's id: those of the perimeter come before."""
SHAFT, SHAFT_DOOR, SHAFTS_APART_M = "电梯井", "电梯井墙", 2.2
LIFT_CODE = "3110350102"
"""Kind of lift (3110: traction, for passengers) and division, the first ten digits of an equipment code."""


def door_draft(world: World, planter: Planter) -> Draft:
    """Doors that know whether they are open: entrances, plant rooms, and rooms entered with a card, each an element of its model; and the
    reader of the assembly point."""
    rooms = {(room.model.model, room.model.number): room for room in world.rooms if room.model is not None}
    houses = {house.model: house for house in world.buildings if house.model}
    rows: list[dict[str, Any]] = []
    for door in world.doors:
        house, room = houses[door.model], rooms.get((door.model, door.room))
        is_plant, is_entrance = PLANT_ROOM in door.name, any(word in door.name for word in ENTRANCES)
        if is_plant or is_entrance:
            name, way = f"{house.number}{'屋面机房' if is_plant else door.name.removesuffix(' 门')}", "机械锁" if is_plant else "门磁"
        elif room is not None and any(word in room.name for word in LOCKED):
            name, way = f"{house.number}{room.number}{room.name}", "人脸" if "消防" in room.name else "刷卡"
        else:
            continue
        where = _within(house, room) if room is not None and not is_plant else {"楼栋": house.number}
        rows.append({"门禁名称": name, "构件标识": door.global_id, "门禁方式": way, "开门超时(s)": 120 if is_entrance else 30, **where})
    lon, lat = ASSEMBLY_READER.lon_lat
    where = {"经度": lon, "纬度": lat, "坐标系": "CGCS2000", "安装高度(m)": 1.3}
    rows.append({"门禁名称": "疏散集合点读卡器", "门禁方式": "刷卡", **where})
    draft = _draft("门禁编号", "DOOR", rows, planter, world, stream=0)
    drawn = range(len(rows) - 1)
    draft.change("door_element", "构件标识", lambda _, was: was[:-1] + ("A" if was[-1] != "A" else "B"), drawn)
    return draft


def fire_point_draft(world: World, planter: Planter) -> Draft:
    """A detector in each room of the models but the wet and the empty ones, a call point where people pass; a panel a building, a loop a
    storey."""
    rows: list[dict[str, Any]] = []
    points: Counter[tuple[str, int]] = Counter()
    for house, room in _modelled(world):
        if any(word in room.name for word in UNWATCHED):
            continue
        found: list[tuple[str, float, float | None]] = [("感温" if room.name in HOT else "感烟", 2.6, None)]
        if room.name in PASSED:
            found.append(("手报", 1.4, 1.0))
        for kind, height, east in found:
            points[house.number, room.storey] += 1
            point = points[house.number, room.storey]
            rows.append(
                {
                    "消防点位名称": f"{house.number}{room.number}{room.name}{kind}",
                    "报警主机": f"{house.number}火灾报警控制器",
                    "回路": room.storey,
                    "地址": point,
                    "消防设备类型": kind,
                    **_within(house, room),
                    "房内向东(m)": east,
                    "安装高度(m)": height,
                }
            )
    draft = _draft("消防点位编号", "FIRE", rows, planter, world, stream=1)
    middles = [at for at, row in enumerate(rows) if row["房内向东(m)"] is None]
    draft.change("fire_point_room", "房间号", lambda *_: "999", middles)
    return draft


def panic_button_draft(world: World, planter: Planter) -> Draft:
    """Buttons under the counters: where somebody receives people or keeps watch, and in the lodges of the gates."""
    rows: list[dict[str, Any]] = []
    for name, lodge in LODGES.items():
        lon, lat = Spot(lodge.centroid.x, lodge.centroid.y).lon_lat
        rows.append({"按钮名称": f"{name}紧急按钮", "经度": lon, "纬度": lat, "坐标系": "CGCS2000", "安装高度(m)": 0.8})
    rows += [
        {"按钮名称": f"{house.number}{room.number}{room.name}紧急按钮", **_within(house, room), "安装高度(m)": 0.8}
        for house, room in _modelled(world)
        if room.name in ATTENDED
    ]
    for at, row in enumerate(rows, 1):
        row["报警输入编码"] = device_id("134", BUTTONS_FROM + at)
    draft = _draft("按钮编号", "SOS", rows, planter, world, stream=2)
    draft.change("panic_button_sensor", "报警输入编码", lambda _, was: was[:10] + "132" + was[13:])
    return draft


def lift_draft(world: World, planter: Planter) -> Draft:
    """The lifts of the models: one a door of the shaft on its lowest storey, beside one another in it."""
    rows: list[dict[str, Any]] = []
    for house, room in _modelled(world):
        if room.name != SHAFT or room.storey != 1 or room.model is None:
            continue
        own = [door for door in world.doors if door.model == house.model and door.room == room.model.number and SHAFT_DOOR in door.name]
        rows += [
            {
                "电梯名称": f"{house.number}{number}号电梯",
                "设备代码": f"{LIFT_CODE}{house.built}06{number:04d}",
                "电梯类型": "客梯",
                "额定载重(kg)": 1050,
                "服务层": f"1-{house.storeys}",
                **_within(house, room),
                "房内向东(m)": round((number - (len(own) + 1) / 2) * SHAFTS_APART_M, 2),
                "安装高度(m)": 0.0,
            }
            for number in range(1, len(own) + 1)
        ]
    draft = _draft("电梯编号", "LIFT", rows, planter, world, stream=3)
    tested = world.rng(33).integers(20, 360, len(rows)).tolist()
    draft.columns["检验有效期"] = [str(world.today + timedelta(days=days)) for days in tested]
    return draft


def _modelled(world: World) -> Iterator[tuple[Building, Room]]:
    yield from ((world.buildings[room.building], room) for room in world.rooms if room.model is not None)


def _within(house: Building, room: Room) -> dict[str, Any]:
    return {"楼栋": house.number, "楼层": storey_words(room.storey, house.style), "房间号": room.number}


def _draft(key: str, prefix: str, found: Iterable[dict[str, Any]], planter: Planter, world: World, *, stream: int) -> Draft:
    rows = [{key: f"{prefix}-{at:03d}", **row} for at, row in enumerate(found, 1)]
    checked = world.rng(32, stream).integers(0, 300, len(rows)).tolist()
    names = list(dict.fromkeys([key, *(name for row in rows for name in row)]))
    columns: dict[str, list[Any]] = {name: [row.get(name) for row in rows] for name in names}
    columns |= {name: [value] * len(rows) for name, value in (("院区", COMPOUND), ("管理单位", world.units[0].name), ("状态", "在用"))}
    columns["备注"] = [f"{world.today - timedelta(days=int(ago))}核查" for ago in checked]
    return Draft(key=key, planter=planter, columns=columns)
