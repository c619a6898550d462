"""Meters of the buildings, and two years of monthly energy of every unit."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from twin.demo.registers.buildings import storey_words
from twin.demo.registers.draft import GHOST_UNITS, Draft
from twin.demo.registers.sheet import Columns
from twin.demo.registers.truth import Planter
from twin.demo.registers.vocabulary import table, take
from twin.demo.registers.world import World

__all__ = ["MONTHS", "energy_columns", "meter_draft"]

MONTHS = 24
Numbers = NDArray[np.float64]


def meter_draft(world: World, planter: Planter) -> Draft:
    """A main meter of electricity and water for each building with rooms, sub-meters for the storeys of those with models."""
    rng = world.rng(14)
    used = sorted({room.building for room in world.rooms})
    rows: list[tuple[Any, ...]] = []
    for at in used:
        house = world.buildings[at]
        room = next((r.number for r in world.rooms if r.building == at and "配电" in r.name), None) if house.model else None
        day = str(np.datetime64("2012-01-10") + int(rng.integers(0, 3000)))
        main = f"D{house.code}-00"
        rows.append((main, f"{house.name}总电表", "电", house.holder, house.name, None, room, 80, None, day))
        rows.append((f"S{house.code}-00", f"{house.name}总水表", "水", house.holder, house.name, None, None, 1, None, day))
        if at % 5 == 0:
            rows.append((f"Q{house.code}-00", f"{house.name}燃气表", "天然气", house.holder, house.name, None, None, 1, None, day))
        for storey in range(1, house.storeys + 1) if house.model in ("tower", "block", "hall") else ():
            name, floor = f"{house.name}{storey_words(storey, 2)}分表", storey_words(storey, house.style)
            rows.append((f"D{house.code}-{storey:02d}", name, "电", house.holder, house.name, floor, None, 20, main, day))
    names = ("表计编号", "表计名称", "能源种类", "单位", "楼栋", "楼层", "房间号", "倍率", "上级表计", "安装日期")
    columns = {name: list(values) for name, values in zip(names, zip(*rows, strict=True), strict=True)}
    columns["状态"] = ["在用"] * len(rows)
    draft = Draft(key="表计编号", planter=planter, columns=columns)
    draft.repeat("meter_twice", lambda row: {"表计名称": f"{row['表计名称']}(备用)"})
    return draft


def energy_columns(world: World, planter: Planter) -> Columns:
    """Energy of every unit for the 24 months up to today, unit after unit: seasonal by kind, steady from year to year."""
    units, rng = world.units, world.rng(15)
    kinds = table("energy")["kinds"]
    facts = np.array([kinds[unit.kind] for unit in units], np.float64).repeat(MONTHS, axis=0)
    people = np.array([unit.staff for unit in units]).repeat(MONTHS)
    months = np.datetime64(world.today, "M") - np.arange(MONTHS - 1, -1, -1)
    month_of = np.tile(months.astype(int) % 12 + 1, len(units))
    own = rng.lognormal(0.0, 0.18, len(units)).repeat(MONTHS)
    area = np.round(people * facts[:, 0] * rng.lognormal(0.0, 0.15, len(units)).repeat(MONTHS), 1)

    def noise() -> Numbers:
        return rng.normal(1.0, 0.045, len(people)).clip(0.8, 1.2)

    season = 1 + facts[:, 2] * np.isin(month_of, (6, 7, 8, 9)) * np.where(np.isin(month_of, (7, 8)), 1.0, 0.6)
    season += facts[:, 3] * np.isin(month_of, (12, 1, 2))
    electricity = np.round(area * facts[:, 1] * season * own * noise(), 0)
    water = np.round(people * facts[:, 4] * own * noise() * np.where(month_of == 2, 0.75, 1.0), 0)
    has_gas = (rng.random(len(units)) < np.array([kinds[unit.kind][5] for unit in units])).repeat(MONTHS)
    gas = np.where(has_gas, np.round(people * facts[:, 6] * own * noise(), 0), np.nan)
    petrol = np.round(people * facts[:, 7] * own * noise(), 1)
    prices = table("energy")
    cost = electricity * prices["price_kwh"] + water * prices["price_water"] + np.nan_to_num(gas) * prices["price_gas"]
    cost += petrol * prices["price_fuel"]
    names = [unit.name for unit in units]
    unit_of = np.arange(len(units)).repeat(MONTHS)
    ghosts = _plant_numbers(planter, electricity, month_of, [f"{unit.name} {month}" for unit in units for month in months])
    unit_words = take([*names, *GHOST_UNITS], _with(unit_of, ghosts, len(units)))
    columns: Columns = {
        "用能单位": unit_words,
        "统计月份": take([str(month) for month in months], np.tile(np.arange(MONTHS), len(units))),
        "机构类别": take([unit.kind for unit in units], unit_of),
        "用电量(千瓦时)": pa.array(electricity),
        "水(立方米)": pa.array(water),
        "天然气(立方米)": pa.array(gas, from_pandas=True),
        "汽油(千克)": pa.array(petrol),
        "建筑面积(㎡)": pa.array(area),
        "用能人数": pa.array(people),
        "能耗费用": pa.array(np.round(cost, 2)),
    }
    return _twice(columns, planter)


def _plant_numbers(planter: Planter, electricity: Numbers, month_of: NDArray[Any], keys: list[str]) -> list[int]:
    """Exchange months, type a digit too many, use MWh; the rows whose unit becomes unknown."""
    seasonal = _seasonal(electricity, month_of)

    for row in planter.rows("energy_month", seasonal, of=len(electricity)):
        april = row - (int(month_of[row]) - 4)
        a, b = float(electricity[row]), float(electricity[april])
        electricity[row], electricity[april] = b, a
        planter.note("energy_month", row, keys[row], column="用电量(千瓦时)", was=str(a), now=str(b), also=f"row {april}")
    large = np.flatnonzero(electricity > 2000)
    for error, factor in (("energy_tenfold", 10.0), ("energy_mwh", 0.001)):
        for row in planter.rows(error, large, of=len(electricity)):
            was = float(electricity[row])
            electricity[row] = round(was * factor, 3)
            planter.note(error, row, keys[row], column="用电量(千瓦时)", was=str(was), now=str(electricity[row]))
    ghosts = planter.rows("energy_unit", np.arange(len(electricity)))
    for at, row in enumerate(ghosts):
        unit, month = keys[row].split()
        ghost = GHOST_UNITS[at % len(GHOST_UNITS)]
        planter.note("energy_unit", row, f"{ghost} {month}", column="用能单位", was=unit, now=ghost)
    return ghosts


def _seasonal(electricity: Numbers, month_of: NDArray[Any]) -> NDArray[np.int64]:
    """Rows of July or August that lie well above the same unit's April, three or four rows before."""
    rows = np.flatnonzero(np.isin(month_of, (7, 8)))
    april = rows - (month_of[rows] - 4)
    rows = rows[april >= 0]
    april = rows - (month_of[rows] - 4)
    return np.asarray(rows[electricity[rows] > 1.4 * np.maximum(electricity[april], 500)], np.int64)


def _with(unit_of: NDArray[Any], ghosts: list[int], first: int) -> NDArray[Any]:
    changed = unit_of.copy()
    changed[ghosts] = first + np.arange(len(ghosts)) % len(GHOST_UNITS)
    return changed


def _twice(columns: Columns, planter: Planter) -> Columns:
    """Append some months once more, with a little more electricity."""
    rows = len(columns["统计月份"])
    chosen = planter.rows("energy_twice", np.arange(rows))
    for at, row in enumerate(chosen):
        key = f"{columns['用能单位'][row]} {columns['统计月份'][row]}"
        planter.note("energy_twice", rows + at, key, column="统计月份", also=f"row {row}")
    more = {name: values.take(pa.array(chosen, pa.int64())) for name, values in columns.items()}
    more["用电量(千瓦时)"] = pa.array(np.round(np.asarray(more["用电量(千瓦时)"]) * 1.02, 0))
    return {name: pa.concat_arrays([values, more[name]]) for name, values in columns.items()}
