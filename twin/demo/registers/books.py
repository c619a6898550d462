"""The two ledgers of the assets, the finance office's and the asset office's, and the titles of buildings and vehicles."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from twin.demo.registers.assets import Cards
from twin.demo.registers.draft import Draft
from twin.demo.registers.fleet import fleet_units
from twin.demo.registers.sheet import Columns
from twin.demo.registers.truth import Planted, Planter
from twin.demo.registers.world import World

__all__ = ["institution_codes", "institution_columns", "ledger_draft", "title_draft"]

TAKEN = {
    "资产编号": "资产编号",
    "资产名称": "资产名称",
    "资产分类代码": "资产分类代码",
    "分类版本": "分类版本",
    "使用单位": "使用单位",
    "数量": "数量",
    "原值(元)": "账面原值",
    "净值(元)": "账面净值",
    "取得日期": "入账日期",
}


def ledger_draft(world: World, planter: Planter, cards: list[Cards], wrong: list[Planted], *, book: str) -> Draft:
    """One ledger of all cards in its own order; cards whose code was planted wrong are left to the register of cards.

    Entries that are missing are noted with row −1 under their card's code.
    """
    rng = planter.rng
    columns: dict[str, list[Any]] = {"账套": []}
    for name, ours in TAKEN.items():
        columns[ours] = pa.chunked_array([one.right[name] for one in cards]).to_pylist()
    rows = len(columns["资产编号"])
    apart = {item.row for item in wrong if item.error == "asset_code_twice"}
    apart |= {row - 1 for row in apart}
    left_out = set(planter.rows("card_without_ledger", [at for at in range(rows) if at not in apart]))
    for at in sorted(left_out):
        planter.note("card_without_ledger", -1, columns["资产编号"][at])
    order = [int(at) for at in rng.permutation(rows) if at not in left_out and at not in apart]
    kept = {name: [values[at] for at in order] if values else [] for name, values in columns.items()}
    kept["账套"] = [book] * len(order)
    draft = Draft(key="资产编号", planter=Planter(register=planter.register, rng=rng, planted=planter.planted), columns=kept)
    draft.change("ledger_value", "账面原值", lambda at, value: f"{float(value) * (10 if at % 4 == 0 else 1.08):.2f}")
    for at in draft.planter.rows("ledger_without_card", range(len(draft))):
        for values in kept.values():
            values.append(values[at])
        kept["资产编号"][-1] = f"ZC9{kept['资产编号'][at][3:]}"
        draft.note("ledger_without_card", len(draft) - 1, "资产编号", "", kept["资产编号"][-1])
    return draft


def title_draft(world: World, planter: Planter, buildings: Draft, vehicles: Draft) -> Draft:
    """Titles of owned buildings and of vehicles that have not been disposed of; the missing ones are noted with row −1."""
    names, owners = buildings.columns["楼栋名称"], buildings.columns["权属"]
    owned = [at for at, how in enumerate(owners) if how == "自有"]
    without = set(planter.rows("title_missing", owned))
    for at in sorted(without):
        planter.note("title_missing", -1, buildings.columns["楼栋编码"][at], column="楼栋")
    plates, states = vehicles.columns["车牌号"], vehicles.columns["车辆状态"]
    right = {item.row: item.was for item in vehicles.planter.planted if item.column == "车牌号"}
    plates = [right.get(at, plate) for at, plate in enumerate(plates)]
    alive = [at for at, state in enumerate(states) if state != "已处置"]
    shared = {item.now for item in vehicles.planter.planted if item.column == "车牌号"}
    single = [at for at in alive if at not in right and plates[at] not in shared]
    carless = set(Planter(register="title", rng=planter.rng).rows("vehicle_without_title", single))
    for at in sorted(carless):
        planter.note("vehicle_without_title", -1, plates[at], column="车牌号")
    unit = fleet_units(world)
    houses, cars = [at for at in owned if at not in without], [at for at in alive if at not in carless]
    built = buildings.columns["建成年份"]
    columns: dict[str, list[Any]] = {
        "权证编号": [f"闽({built[at] + 1})福州市不动产权第{at + 1:07d}号" for at in houses] + [f"3500{at + 1:08d}" for at in cars],
        "权证类型": ["不动产权证"] * len(houses) + ["机动车登记证书"] * len(cars),
        "楼栋": [names[at] for at in houses] + [None] * len(cars),
        "车牌号": [None] * len(houses) + [plates[at] for at in cars],
        "权利人": [buildings.columns["产权单位"][at] for at in houses] + [world.units[unit[at]].name for at in cars],
        "坐落": [buildings.columns["地址"][at] for at in houses] + [None] * len(cars),
        "证载面积": [buildings.columns["建筑面积(㎡)"][at] for at in houses] + [None] * len(cars),
        "登记日期": [f"{built[at] + 1}-06-18" for at in houses] + [vehicles.columns["注册日期"][at] for at in cars],
    }
    draft = Draft(key="权证编号", planter=Planter(register="title", rng=planter.rng, planted=planter.planted), columns=columns)
    draft.change(
        "title_area", "证载面积", lambda _, area: round(float(area) * float(planter.rng.uniform(0.72, 0.93)), 2), range(len(houses))
    )
    return draft


def institution_codes(cards: Cards) -> pa.Array:
    """The numbers that another institution gives its cards."""
    return pc.replace_substring_regex(cards.right["资产编号"], "^ZC", "XY")


def institution_columns(cards: Cards) -> Columns:
    """Cards as another institution keeps them: other headers, amounts in ten thousand yuan."""
    columns = cards.right
    value = pc.divide(pc.cast(columns["原值(元)"], pa.float64()), 10_000.0)
    return {
        "卡片编号": institution_codes(cards),
        "名称": columns["资产名称"],
        "国标分类代码": columns["资产分类代码"],
        "国标版本": columns["分类版本"],
        "规格型号": columns["规格型号"],
        "厂牌": columns["品牌"],
        "数量": columns["数量"],
        "单位(计量)": columns["计量单位"],
        "原值(万元)": pa.array(np.round(value.to_numpy(zero_copy_only=False), 6)),
        "购置日期": columns["取得日期"],
        "使用年限(月)": columns["使用年限(月)"],
        "单位名称": columns["使用单位"],
        "使用状态": columns["使用状况"],
        "楼名": columns["楼栋"],
        "所在楼层": columns["楼层"],
        "房间号": columns["存放地点"],
    }
