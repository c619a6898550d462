"""Scans of a stock-take: what was read in some rooms, with what was not there, not theirs, unknown or doubled."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from twin.demo.registers.assets import Cards
from twin.demo.registers.books import institution_codes
from twin.demo.registers.draft import Draft
from twin.demo.registers.estate import room_code
from twin.demo.registers.truth import Planted, Planter
from twin.demo.registers.world import World

__all__ = ["Standing", "scan_draft", "standing_apart", "standing_of"]

ABSENT = ("出租出借", "已处置", "已核销")
"""States of what no scanner meets in its room."""


class Standing(NamedTuple):
    """A thing where it really is: position of the room, number of its card, what a scanner reads from it."""

    room: int
    code: str
    read: str


def standing_of(cards: Cards, wrong: Sequence[Planted]) -> Iterator[Standing]:
    """What stands in rooms: read by its tag, by the card's number where it has none or shares it; a second card of one code is no thing."""
    tags, codes, states = (cards.columns[name].to_pylist() for name in ("标签号", "资产编号", "使用状况"))
    shared = {item.now for item in wrong if item.error == "asset_tag_twice"}
    second = {item.row for item in wrong if item.error == "asset_code_twice"}
    for at, (room, code, tag, state) in enumerate(zip(cards.room.tolist(), codes, tags, states, strict=True)):
        if room >= 0 and at not in second and state not in ABSENT:
            yield Standing(room, code, code if not tag or tag in shared else tag)


def standing_apart(cards: Cards) -> Iterator[Standing]:
    """What the other institution has in rooms."""
    codes, states = institution_codes(cards).to_pylist(), cards.right["使用状况"].to_pylist()
    for room, code, state in zip(cards.room.tolist(), codes, states, strict=True):
        if room >= 0 and state not in ABSENT:
            yield Standing(room, code, code)


def scan_draft(world: World, planter: Planter, standing: Sequence[Standing], rooms: int) -> Draft:
    """The scans of up to `rooms` rooms of the first buildings."""
    rng = planter.rng
    inside: dict[int, list[Standing]] = defaultdict(list)
    for thing in standing:
        if world.rooms[thing.room].building < 3:
            inside[thing.room].append(thing)
    chosen = [room for room in sorted(inside) if len(inside[room]) >= 2][:rooms]
    there = [thing for room in chosen for thing in inside[room]]
    missing = set(planter.rows("scan_missing", range(len(there))))
    for i in sorted(missing):
        planter.note("scan_missing", -1, there[i].code, column=room_code(world, world.rooms[there[i].room]))
    read = [thing for i, thing in enumerate(there) if i not in missing]
    start = np.datetime64(world.today) - 20
    times = (start.astype("datetime64[s]") + 30_000 + np.cumsum(rng.integers(4, 90, len(read)))).astype(str).tolist()
    houses = world.buildings

    def place(room: int) -> tuple[str, str, str]:
        one = world.rooms[room]
        return houses[one.building].name, f"{one.storey}F", one.number

    where = [place(thing.room) for thing in read]
    columns: dict[str, list[Any]] = {
        "扫描时间": [text.replace("T", " ") for text in times],
        "盘点任务": ["2026年度盘点"] * len(read),
        "楼栋": [one[0] for one in where],
        "楼层": [one[1] for one in where],
        "房间号": [one[2] for one in where],
        "标签号": [thing.read for thing in read],
        "盘点人": [("陈榕", "林闽生")[thing.room % 2] for thing in read],
    }
    draft = Draft(key="标签号", planter=Planter(register=planter.register, rng=rng, planted=planter.planted), columns=columns)
    if len(chosen) > 1:
        for i in draft.planter.rows("scan_elsewhere", range(len(draft))):
            home = chosen.index(read[i].room)
            other = place(chosen[(home + 1) % len(chosen)])
            draft.note("scan_elsewhere", i, "房间号", where[i][2], other[2])
            columns["楼栋"][i], columns["楼层"][i], columns["房间号"][i] = other
    draft.repeat("scan_twice", lambda row: {"扫描时间": row["扫描时间"]})
    for i in draft.planter.rows("scan_unexpected", range(len(read))):
        for values in columns.values():
            values.append(values[i])
        columns["标签号"][-1] = f"TY99{int(rng.integers(0, 10**9)):09d}"
        draft.note("scan_unexpected", len(draft) - 1, "标签号", "", columns["标签号"][-1])
    return draft
