"""Scans of a stock-take: what was read in some rooms, with what was not there, not theirs, unknown or doubled."""

from collections import defaultdict
from typing import Any

import numpy as np

from twin.demo.registers.assets import Cards
from twin.demo.registers.draft import Draft
from twin.demo.registers.estate import room_code
from twin.demo.registers.truth import Planted, Planter
from twin.demo.registers.world import World

__all__ = ["scan_draft"]


def scan_draft(world: World, planter: Planter, cards: Cards, wrong: list[Planted], rooms: int) -> Draft:
    """The scans of up to `rooms` rooms of the first buildings: a tag, or the card's number where it has none."""
    rng = planter.rng
    tags, codes = cards.columns["标签号"].to_pylist(), cards.columns["资产编号"].to_pylist()
    shared = {item.now for item in wrong}
    bad = {item.row for item in wrong} | {at for at, pair in enumerate(zip(tags, codes, strict=True)) if shared.intersection(pair)}
    inside: dict[int, list[int]] = defaultdict(list)
    for at, room in enumerate(cards.room.tolist()):
        if room >= 0 and world.rooms[room].building < 3 and at not in bad:
            inside[room].append(at)
    chosen = [room for room in sorted(inside) if len(inside[room]) >= 2][:rooms]
    pairs = [(room, at) for room in chosen for at in inside[room]]
    missing = set(planter.rows("scan_missing", range(len(pairs))))
    for i in sorted(missing):
        room, at = pairs[i]
        planter.note("scan_missing", -1, codes[at], column=room_code(world, world.rooms[room]))
    read = [pair for i, pair in enumerate(pairs) if i not in missing]
    start = np.datetime64(world.today) - 20
    times = (start.astype("datetime64[s]") + 30_000 + np.cumsum(rng.integers(4, 90, len(read)))).astype(str).tolist()
    houses = world.buildings

    def place(room: int) -> tuple[str, str, str]:
        one = world.rooms[room]
        return houses[one.building].name, f"{one.storey}F", one.number

    where = [place(room) for room, _ in read]
    columns: dict[str, list[Any]] = {
        "扫描时间": [text.replace("T", " ") for text in times],
        "盘点任务": ["2026年度盘点"] * len(read),
        "楼栋": [one[0] for one in where],
        "楼层": [one[1] for one in where],
        "房间号": [one[2] for one in where],
        "标签号": [tags[at] or codes[at] for _, at in read],
        "盘点人": [("陈榕", "林闽生")[room % 2] for room, _ in read],
    }
    draft = Draft(key="标签号", planter=Planter(register=planter.register, rng=rng, planted=planter.planted), columns=columns)
    if len(chosen) > 1:
        for i in draft.planter.rows("scan_elsewhere", range(len(draft))):
            home = chosen.index(read[i][0])
            there = place(chosen[(home + 1) % len(chosen)])
            draft.note("scan_elsewhere", i, "房间号", where[i][2], there[2])
            columns["楼栋"][i], columns["楼层"][i], columns["房间号"][i] = there
    draft.repeat("scan_twice", lambda row: {"扫描时间": row["扫描时间"]})
    for i in draft.planter.rows("scan_unexpected", range(len(read))):
        for values in columns.values():
            values.append(values[i])
        columns["标签号"][-1] = f"TY99{int(rng.integers(0, 10**9)):09d}"
        draft.note("scan_unexpected", len(draft) - 1, "标签号", "", columns["标签号"][-1])
    return draft
