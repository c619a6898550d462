"""The registers of units, buildings and rooms."""

import numpy as np

from twin.demo.registers.buildings import COMPOUND, storey_words
from twin.demo.registers.draft import Draft
from twin.demo.registers.identifiers import closed, other_check
from twin.demo.registers.offices import OFFICE, Room, limit_m2
from twin.demo.registers.truth import Planter
from twin.demo.registers.units import LEVELS, NATURES
from twin.demo.registers.world import World

__all__ = ["building_draft", "room_code", "room_draft", "unit_draft"]

WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
LOOKALIKE = str.maketrans("015", "OlS")


def unit_draft(world: World, planter: Planter) -> Draft:
    """The unit register: code, credit code, names, level, nature, parent, division, address, people."""
    units = world.units
    house = {room.unit: world.buildings[room.building].name for room in reversed(world.rooms)}
    draft = Draft(
        key="单位编码",
        planter=planter,
        columns={
            "单位编码": [unit.code for unit in units],
            "统一社会信用代码": [unit.credit for unit in units],
            "单位名称": [unit.name for unit in units],
            "单位简称": [unit.short for unit in units],
            "级次": [LEVELS[unit.level] for unit in units],
            "单位性质": [NATURES[unit.nature] for unit in units],
            "上级单位": [unit.parent or None for unit in units],
            "行政区划代码": [unit.place.code for unit in units],
            "单位地址": [("" if unit.place.city == unit.place.name else unit.place.city) + unit.place.name for unit in units],
            "办公楼栋": [house.get(at) for at in range(len(units))],
            "在编人数": [unit.staff for unit in units],
            "状态": ["正常"] * len(units),
        },
    )
    draft.change("unit_credit_check", "统一社会信用代码", lambda _, code: other_check(code))
    draft.change("unit_organisation_check", "统一社会信用代码", lambda _, code: _wrong_organisation(code))
    draft.change("unit_division", "行政区划代码", lambda _, code: code[:4] + "99")
    draft.repeat("unit_code_twice", lambda row: {"单位名称": f"{row['单位名称']}(原)", "统一社会信用代码": None})
    return draft


def building_draft(world: World, planter: Planter) -> Draft:
    """The building register: those with models, those the city model shows, and those only the register knows."""
    usable = np.zeros(len(world.buildings))
    top = np.zeros(len(world.buildings), int)
    for room in world.rooms:
        usable[room.building] += room.area_m2
        top[room.building] = max(top[room.building], room.storey)
    houses = world.buildings
    gross = [round(house.footprint_m2 * (max(house.storeys, 1) + house.below) * 0.97, 2) for house in houses]
    draft = Draft(
        key="楼栋编码",
        planter=planter,
        columns={
            "楼栋编码": [house.code for house in houses],
            "楼栋名称": [house.name for house in houses],
            "院区": [house.site or None for house in houses],
            "楼号": [house.number or None for house in houses],
            "地址": [house.address for house in houses],
            "行政区划代码": [house.place.code for house in houses],
            "产权单位": [house.holder for house in houses],
            "管理单位": [world.units[0].name if house.site == COMPOUND else house.holder for house in houses],
            "权属": ["租用" if at % 17 == 16 and house.site != COMPOUND else "自有" for at, house in enumerate(houses)],
            "结构": [house.structure for house in houses],
            "地上层数": [house.storeys for house in houses],
            "地下层数": [house.below for house in houses],
            "层高(米)": [3.6 if house.model in ("tower", "block") else 4.2 if house.model == "hall" else 3.2 for house in houses],
            "建成年份": [house.built for house in houses],
            "建筑面积(㎡)": gross,
            "使用面积(㎡)": [round(float(area), 2) or None for area in usable],
            "土地面积": [round(house.footprint_m2 * 2.4, 1) for house in houses],
            "占地(基底)面积": [house.footprint_m2 for house in houses],
            "经度": [house.lon for house in houses],
            "纬度": [house.lat for house in houses],
            "坐标系": ["CGCS2000"] * len(houses),
            "使用状态": ["在用"] * len(houses),
            "模型标识": [house.model or None for house in houses],
        },
    )
    draft.change("building_storeys", "地上层数", lambda at, _: int(top[at]) - 1, np.flatnonzero(top > 2))
    return draft


def room_code(world: World, room: Room) -> str:
    """The register's code of a room: that of its building, then its number."""
    return f"{world.buildings[room.building].code}-{room.number}"


def room_draft(world: World, planter: Planter) -> Draft:
    """The room register; numbers in the hands of several clerks, areas as declared."""
    rooms, units, houses = world.rooms, world.units, world.buildings
    rng = world.rng(2)
    hand = rng.choice(4, len(rooms), p=[0.82, 0.09, 0.05, 0.04]).tolist()
    drift = (1 + rng.uniform(-0.012, 0.012, len(rooms))).tolist()
    declared = [round(room.area_m2 * (by if room.model else 1.0), 2) for room, by in zip(rooms, drift, strict=True)]
    day = rng.integers(0, 3600, len(rooms)).tolist()
    names = [units[room.unit].name if room.unit >= 0 else None for room in rooms]
    draft = Draft(
        key="房间编码",
        planter=planter,
        columns={
            "房间编码": [room_code(world, room) for room in rooms],
            "楼栋名称": [houses[room.building].name for room in rooms],
            "楼层": [storey_words(room.storey, houses[room.building].style) for room in rooms],
            "房间号": [_written(room.number, how) for room, how in zip(rooms, hand, strict=True)],
            "房间名称": [room.name for room in rooms],
            "用房类型": [room.use for room in rooms],
            "使用面积(㎡)": declared,
            "建筑面积(㎡)": [round(area / 0.65, 2) for area in declared],
            "卫生间面积": [room.washroom_m2 or None for room in rooms],
            "分配单位": names,
            "使用单位": list(names),
            "核定工位数": [max(len(room.people), 1) if room.use == OFFICE else None for room in rooms],
            "是否合用": [("是" if len(room.people) > 1 else "否") if room.use == OFFICE else None for room in rooms],
            "使用状态": ["空置" if room.use == OFFICE and not room.people and not room.second else "在用" for room in rooms],
            "分配日期": [str(np.datetime64("2015-01-01") + days) for days in day],
            "备注": [None] * len(rooms),
        },
    )
    _plant_rooms(world, draft)
    return draft


def _plant_rooms(world: World, draft: Draft) -> None:
    rooms, rng = world.rooms, draft.planter.rng
    modelled = [at for at, room in enumerate(rooms) if room.model is not None]
    made = [at for at, room in enumerate(rooms) if room.model is None and room.use == OFFICE and room.people]
    limits = {at: sum(limit_m2(world.units[world.people[i].unit], world.people[i].rank) for i in rooms[at].people) for at in made}
    draft.change("room_area", "使用面积(㎡)", lambda at, _: round(rooms[at].area_m2 * float(rng.uniform(1.14, 1.4)), 2), modelled)
    draft.change("room_number", "房间号", lambda _, number: _typo(number, rng), modelled)
    draft.ghost_unit("room_unit", "使用单位")
    draft.change(
        "room_building",
        "楼栋名称",
        lambda at, _: f"{COMPOUND}{30 + at % 9}号楼",
        [at for at in range(len(rooms)) if at not in set(modelled)],
    )
    draft.change("room_oversized", "使用面积(㎡)", lambda at, _: round(limits[at] * float(rng.uniform(1.12, 1.6)), 2), made)
    draft.repeat("room_twice", lambda row: {"房间名称": f"{row['房间名称']}(重)", "房间号": row["房间号"]})


def _written(number: str, how: int) -> str:
    return (number, f"{number}室", number.translate(WIDE), f"{number}房")[how]


def _typo(number: str, rng: np.random.Generator) -> str:
    """A number no room has: a digit too many, a letter for a digit, or a storey that is not there."""
    kind = int(rng.integers(0, 3))
    digits = "".join(letter for letter in number if letter.isdigit()) or "101"
    return (f"{number}{digits[-1]}", number.translate(LOOKALIKE) if set(number) & set("015") else f"{number}?", f"7{digits[-2:]}7")[kind]


def _wrong_organisation(code: str) -> str:
    """Another check character of the organisation code, under a right check of the whole."""
    return closed(code[:16] + ("1" if code[16] == "X" else other_check(code[16])))
