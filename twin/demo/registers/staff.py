"""The registers of people and of approved posts."""

from collections import Counter

import numpy as np

from twin.demo.registers.buildings import storey_words
from twin.demo.registers.draft import Draft
from twin.demo.registers.offices import Room, limit_m2
from twin.demo.registers.truth import Planter
from twin.demo.registers.vocabulary import table
from twin.demo.registers.world import World

__all__ = ["RANKS", "person_codes", "person_draft", "post_draft"]

RANKS = {
    "bureau_chief": "正厅级",
    "bureau_deputy": "副厅级",
    "division_chief": "正处级",
    "division_deputy": "副处级",
    "section_chief": "正科级",
    "section_deputy": "副科级",
    "staff": "科员",
    "worker": "工勤",
}
GROUNDS = ("兼任职务", "异地任职", "经审批")


def person_codes(world: World) -> list[str]:
    """Staff numbers, one a person, in the order of the people."""
    return [f"{world.units[person.unit].code[6:]}{at + 1:06d}" for at, person in enumerate(world.people)]


def person_draft(world: World, planter: Planter) -> Draft:
    """The people of all seated units: who, of which unit, of what rank, in which room and seat; rooms learn who has them besides."""
    people, units, houses = world.people, world.units, world.buildings
    rooms = [world.rooms[person.room] if person.room >= 0 else None for person in people]
    rng = world.rng(3)
    posts = table("units")["posts"]
    since = rng.integers(0, 7000, len(people)).tolist()
    establishment = ["工勤编制" if p.rank == "worker" else "行政编制" if units[p.unit].nature != 2 else "事业编制" for p in people]
    second = [False] * len(people)
    draft = Draft(
        key="人员编号",
        planter=planter,
        columns={
            "人员编号": person_codes(world),
            "姓名": [person.name for person in people],
            "单位": [units[person.unit].name for person in people],
            "内设机构": [person.section or None for person in people],
            "职务级别": [RANKS[person.rank] for person in people],
            "职务": [posts[person.rank] for person in people],
            "编制类型": establishment,
            "楼栋": [houses[room.building].name if room else None for room in rooms],
            "楼层": [storey_words(room.storey, houses[room.building].style) if room else None for room in rooms],
            "办公室": [room.number if room else None for room in rooms],
            "工位": [str(person.seat) if person.seat else None for person in people],
            "第二办公楼栋": [None for _ in second],
            "第二办公室": [None for _ in second],
            "第二办公室依据": [None for _ in second],
            "任职日期": [str(np.datetime64("2007-06-01") + days) for days in since],
            "在岗状态": ["在岗"] * len(people),
            "备注": [None] * len(people),
        },
    )
    _second_offices(world, draft)
    draft.change("person_retired", "在岗状态", lambda *_: "退休")
    draft.ghost_unit("person_unit", "单位")
    draft.change("person_room", "办公室", lambda at, _: f"{at % 8 + 1}{60 + at % 39}")
    draft.change("person_rank", "职务级别", lambda at, _: ("主办级", "正股", "四级调研", "中层")[at % 4])
    draft.repeat("person_twice", lambda row: {"姓名": row["姓名"][0] + "某"})
    return draft


def post_draft(world: World, planter: Planter, staff: Draft) -> Draft:
    """Approved posts of each seated unit by rank: as many as there are people or a few more, fewer where planted.

    Planted are fewer than the people whom `staff` registers rightly: whoever is written of another unit or rank counts nowhere.
    """
    wrong = {item.row for item in staff.planter.planted}
    right = Counter((person.unit, person.rank) for at, person in enumerate(world.people) if at not in wrong)
    held = Counter((person.unit, person.rank) for person in world.people)
    rng = world.rng(8)
    spare = rng.choice(3, len(held), p=[0.6, 0.3, 0.1]).tolist()
    units = [world.units[unit].name for unit, _ in held]
    draft = Draft(
        key="单位名称",
        planter=planter,
        columns={
            "单位名称": units,
            "职务级别": [RANKS[rank] for _, rank in held],
            "核定编制数": [count + more for count, more in zip(held.values(), spare, strict=True)],
            "备注": [None] * len(units),
        },
    )
    counts = [right[post] for post in held]
    draft.change("post_exceeded", "核定编制数", lambda at, _: counts[at] - 1, [at for at, count in enumerate(counts) if count > 2])
    return draft


def _second_offices(world: World, draft: Draft) -> None:
    """Some chiefs have a second office with a ground; the planted ones have none."""
    rng = world.rng(9)
    empty = [room for room in world.rooms if not room.people and room.use == "办公室"] or world.rooms[-3:]
    chiefs = [at for at, person in enumerate(world.people) if person.rank.endswith(("chief", "deputy"))]

    def fill(at: int, ground: str | None, rooms: list[Room]) -> str:
        room = rooms[int(rng.integers(0, len(rooms)))]
        room.second.append(at)
        draft.columns["第二办公楼栋"][at] = world.buildings[room.building].name
        draft.columns["第二办公室依据"][at] = ground
        draft.columns["第二办公室"][at] = room.number
        return room.number

    planted = set(draft.change("person_second_office", "第二办公室", lambda at, _: fill(at, None, empty), chiefs))
    for at in rng.choice(chiefs, max(len(chiefs) // 150, 1), replace=False).tolist():
        limit = limit_m2(world.units[world.people[at].unit], world.people[at].rank)
        fitting = [room for room in empty if room.area_m2 < limit and not room.second]
        if at not in planted and fitting:
            fill(at, GROUNDS[int(rng.integers(0, len(GROUNDS)))], fitting)
