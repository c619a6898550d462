"""Dispatch orders of some days: who drove which vehicle where and when."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.demo.registers.draft import Draft
from twin.demo.registers.fleet import fleet_units
from twin.demo.registers.truth import Planter
from twin.demo.registers.vocabulary import draw, people_names, table
from twin.demo.registers.world import World

__all__ = ["trip_draft"]

WINDOWS = np.array([7 * 60 + 20, 11 * 60, 15 * 60])
STATES = ("已完成", "已取消", "已驳回")


def trip_draft(world: World, planter: Planter, vehicles: Draft, drivers: Draft, days: int) -> Draft:
    """The orders of the last `days` days: a vehicle has at most three a day, one after the other, driven by its own driver.

    Only vehicles and drivers free of planted errors and in use are sent; times are local, without a zone, as dispatchers type them.
    """
    rng = world.rng(13)
    ready = _ready(vehicles, drivers)
    a_day = min(world.scale.orders_per_day, len(ready) * 3)
    day = np.repeat(np.arange(days), a_day)
    slot = np.concatenate([rng.choice(len(ready) * 3, a_day, replace=False) for _ in range(days)])
    vehicle, window = ready[slot // 3], slot % 3
    count = len(vehicle)
    start = np.datetime64(world.today) - days
    planned = (start + day).astype("datetime64[m]") + WINDOWS[window] + rng.integers(0, 5, count) * 15
    minutes = rng.integers(45, 130, count)
    departed = planned + rng.integers(-4, 12, count)
    returned = departed + minutes
    order = np.lexsort((window, day))
    state = draw(rng, (95, 3, 2), count)
    km = np.maximum((minutes * rng.uniform(0.2, 0.9, count)).round(), 2).astype(int)
    from_km = _odometer(vehicle, departed, km, np.array(vehicles.columns["行驶里程"]))
    unit = fleet_units(world)[vehicle]
    names = people_names(rng, 4000)
    words = table("vehicles")
    place = world.units
    done = state == 0
    plate, driver = vehicles.columns["车牌号"], drivers.columns["驾驶员编号"]
    every: dict[str, list[Any]] = {
        "派车单号": [],
        "车牌号": [plate[v] for v in vehicle],
        "驾驶员编号": [driver[v] for v in vehicle],
        "用车单位": [place[u].name for u in unit],
        "申请人": [names[i] for i in rng.integers(0, len(names), count)],
        "用车事由": [words["errands"][i] for i in rng.integers(0, len(words["errands"]), count)],
        "乘车人数": rng.integers(1, 5, count).tolist(),
        "出发地": [place[u].short for u in unit],
        "目的地": [words["targets"][i] for i in rng.integers(0, len(words["targets"]), count)],
        "计划出车时间": _typed(planned),
        "计划返回时间": _typed(planned + (minutes // 15 + 1) * 15),
        "实际出车时间": [text if yes else None for text, yes in zip(_typed(departed), done, strict=True)],
        "实际返回时间": [text if yes else None for text, yes in zip(_typed(returned), done, strict=True)],
        "出车里程": [int(a) if yes else None for a, yes in zip(from_km, done, strict=True)],
        "返回里程": [int(a) if yes else None for a, yes in zip(from_km + km, done, strict=True)],
        "费用": [f"{k * 0.62 + 5:.2f}" if yes else None for k, yes in zip(km.tolist(), done, strict=True)],
        "派车状态": [STATES[s] for s in state],
    }
    columns = {name: [values[at] for at in order] if values else values for name, values in every.items()}
    columns["派车单号"] = [f"PC{text[:10].replace('-', '')}{at % a_day + 1:05d}" for at, text in enumerate(columns["计划出车时间"])]
    draft = Draft(key="派车单号", planter=planter, columns=columns)
    _plant_trips(draft, vehicles, drivers)
    return draft


def _ready(vehicles: Draft, drivers: Draft) -> NDArray[np.int64]:
    """Vehicles in use whose driver is on duty, none of them planted with an error; their positions."""
    wrong = {item.row for item in (*vehicles.planter.planted, *drivers.planter.planted)}
    plates = vehicles.columns["车牌号"]
    twice = {plates[at] for at in wrong if at < len(plates)}
    return np.array(
        [
            at
            for at, (state, duty) in enumerate(zip(vehicles.columns["车辆状态"], drivers.columns["状态"], strict=False))
            if state == "在用" and duty == "在岗" and at not in wrong and plates[at] not in twice
        ]
    )


def _odometer(vehicle: NDArray[Any], departed: NDArray[Any], km: NDArray[Any], mileage: NDArray[Any]) -> NDArray[np.int64]:
    """The reading at each departure: a vehicle's readings grow with time and end at its mileage in the register."""
    order = np.lexsort((departed, vehicle))
    total = np.cumsum(km[order])
    last = np.r_[vehicle[order][1:] != vehicle[order][:-1], True]
    ends = total[last][np.cumsum(np.r_[False, last[:-1]])]
    readings = np.empty(len(vehicle), np.int64)
    readings[order] = np.maximum(mileage[vehicle[order]], 100_000) - (ends - total) - km[order]
    return readings


def _plant_trips(draft: Draft, vehicles: Draft, drivers: Draft) -> None:
    columns = draft.columns
    done = [at for at, state in enumerate(columns["派车状态"]) if state == "已完成"]
    gone = [at for at, state in enumerate(vehicles.columns["车辆状态"]) if state == "已处置"]
    expired = [item.row for item in drivers.planter.planted]
    first_day = columns["计划出车时间"][0][:10]
    gone = [at for at in gone if vehicles.columns["处置日期"][at] < first_day]
    if gone:
        draft.change("dispatch_disposed", "车牌号", lambda at, _: vehicles.columns["车牌号"][gone[at % len(gone)]], done)
    draft.change("dispatch_driver", "驾驶员编号", lambda at, _: drivers.columns["驾驶员编号"][expired[at % len(expired)]], done)
    draft.change("dispatch_odometer", "返回里程", lambda at, _: columns["出车里程"][at] - 3 - at % 40, done)

    def backwards(at: int, _: str) -> str:
        return str(np.datetime64(columns["实际出车时间"][at].replace(" ", "T")) - np.timedelta64(35, "m")).replace("T", " ")[:16]

    draft.change("dispatch_times", "实际返回时间", backwards, done)
    planted = {item.row for item in draft.planter.planted}
    clean = [at for at in done if at not in planted]
    before = dict(zip(clean[1:], clean, strict=False))
    for at in draft.planter.rows("dispatch_overlap", clean[1:]):
        other = before[at]
        was = columns["车牌号"][at]
        for name in ("车牌号", "计划出车时间", "计划返回时间", "实际出车时间", "实际返回时间", "出车里程", "返回里程"):
            columns[name][at] = columns[name][other]
        draft.note("dispatch_overlap", at, "车牌号", was, columns["车牌号"][at], also=str(columns["派车单号"][other]))


def _typed(times: NDArray[Any]) -> list[str]:
    return [text.replace("T", " ") for text in times.astype("datetime64[m]").astype(str).tolist()]
