"""The registers of vehicles and drivers."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.demo.registers.assets import money
from twin.demo.registers.draft import Draft
from twin.demo.registers.identifiers import other_check, plates, vins
from twin.demo.registers.truth import Planter
from twin.demo.registers.vocabulary import draw, people_names, table
from twin.demo.registers.world import World

__all__ = ["driver_draft", "fleet_units", "vehicle_draft"]

STATES = ("在用", "维修中", "闲置", "处置申请中", "已处置")
WAYS = ("报废", "转让", "无偿划转")


def fleet_units(world: World) -> NDArray[np.int64]:
    """The unit (position) of each vehicle; driver i drives vehicle i."""
    return np.sort(draw(world.rng(12), [one.staff**0.8 for one in world.units[: world.scale.holders]], world.scale.vehicles))


def vehicle_draft(world: World, planter: Planter) -> Draft:
    """The fleet: valid plates and VINs, half of them with a BeiDou terminal, from purchase to disposal."""
    count, rng = world.scale.vehicles, world.rng(10)
    words = table("vehicles")
    models = words["models"]
    purposes, shares = zip(*(pair.split() for pair in words["purposes"].split(",")), strict=True)
    model = draw(rng, [row[7] for row in models], count)
    unit = fleet_units(world)
    bought = np.datetime64(world.today) - (rng.random(count) ** 1.4 * 365 * 14).astype(int)
    age = ((np.datetime64(world.today) - bought).astype(int) / 365.0).round(2)
    state = np.where(age > 9, draw(rng, (60, 4, 8, 8, 20), count), draw(rng, (93, 3, 3, 0.5, 0.5), count))
    state[np.argmax(age)] = STATES.index("已处置")
    disposed = np.minimum(bought + np.maximum((age * 365 * rng.uniform(0.8, 0.98, count)).astype(int), 30), np.datetime64(world.today) - 3)
    electric = np.array([models[m][3] in ("纯电动", "插电混动") for m in model])
    letters = [world.units[u].place.letter for u in unit]
    registered = np.minimum(bought + rng.integers(3, 40, count), np.datetime64(world.today))
    beidou = rng.random(count) < 0.5
    year = bought.astype("datetime64[Y]").astype(int) + 1970
    rows = [models[m] for m in model.tolist()]
    price = (np.array([row[6] for row in rows]) * rng.uniform(0.92, 1.12, count)).astype(np.int64) * 100
    plate = plates(letters, electric, rng.permutation(200_000)[:count])
    kilometres = (age * rng.lognormal(9.3, 0.35, count)).round().astype(int)
    draft = Draft(
        key="车牌号",
        planter=planter,
        columns={
            "车牌号": plate.to_pylist(),
            "车辆识别代号": vins([row[0] for row in rows], year, rng).to_pylist(),
            "发动机号": [f"{code:07d}" for code in rng.integers(0, 10**7, count).tolist()],
            "品牌型号": [row[1] for row in rows],
            "车辆类型": [row[2] for row in rows],
            "车辆用途": [purposes[i] for i in draw(rng, [float(share) for share in shares], count).tolist()],
            "能源类型": [row[3] for row in rows],
            "座位数": [row[4] for row in rows],
            "排量(L)": [row[5] or None for row in rows],
            "购置价格": money(price).to_pylist(),
            "购置日期": bought.astype(str).tolist(),
            "注册日期": registered.astype(str).tolist(),
            "使用单位": [world.units[u].name for u in unit.tolist()],
            "终端号": [
                f"0{n}" if has else None
                for n, has in zip((13_500_000_000 + rng.permutation(4 * count)[:count]).tolist(), beidou, strict=True)
            ],
            "终端类型": ["北斗" if has else "无" for has in beidou],
            "行驶里程": kilometres.tolist(),
            "车辆状态": [STATES[s] for s in state.tolist()],
            "处置方式": [WAYS[i % 3] if s == 4 else None for i, s in enumerate(state.tolist())],
            "处置日期": [str(day) if s == 4 else None for day, s in zip(disposed.astype(str).tolist(), state.tolist(), strict=True)],
            "备注": [None] * count,
        },
    )
    _plant_fleet(draft, np.flatnonzero(beidou))
    return draft


def driver_draft(world: World, planter: Planter) -> Draft:
    """One driver for each vehicle, in order, and a tenth more, with class and end of their licence."""
    count, rng = max(int(world.scale.vehicles * 1.1), 4), world.rng(11)
    words = table("vehicles")
    unit = np.resize(fleet_units(world), count)
    until = np.datetime64(world.today) + 40 + rng.integers(0, 3000, count)
    draft = Draft(
        key="驾驶员编号",
        planter=planter,
        columns={
            "驾驶员编号": [f"JS{at + 1:06d}" for at in range(count)],
            "姓名": people_names(rng, count),
            "单位": [world.units[u].name for u in unit.tolist()],
            "准驾车型": [words["licences"][i] for i in draw(rng, words["licence_shares"], count).tolist()],
            "驾驶证有效期": until.astype(str).tolist(),
            "状态": [("在岗", "在岗", "在岗", "病休")[int(i)] for i in draw(rng, (50, 30, 18, 2), count)],
            "备注": [None] * count,
        },
    )
    expired = np.datetime64(world.today) - 400
    draft.change("driver_licence", "驾驶证有效期", lambda at, _: str(expired - at % 300))
    return draft


def _plant_fleet(draft: Draft, tracked: NDArray[Any]) -> None:
    plates_of, terminals = draft.columns["车牌号"], draft.columns["终端号"]
    draft.change("vehicle_vin", "车辆识别代号", lambda _, vin: vin[:8] + other_check(vin[8]) + vin[9:])
    draft.change("vehicle_plate", "车牌号", lambda at, plate: plate[:-2] if at % 3 == 0 else f"{plate[:2]}{'IO'[at % 2]}{plate[3:]}")
    draft.ghost_unit("vehicle_unit", "使用单位")
    draft.change("vehicle_terminal_twice", "终端号", lambda at, _: next(t for t in terminals[at - 1 :: -1] if t), tracked[1:])
    draft.change("vehicle_plate_twice", "车牌号", lambda at, _: plates_of[at - 1], range(1, len(draft)))
