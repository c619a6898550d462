"""The errors planted among the asset cards of one chunk."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from twin.demo.registers.sheet import Columns
from twin.demo.registers.truth import Planter

__all__ = ["plant", "set_cells"]

CODE = "资产编号"
GHOSTS = ("福建省机要保密局筹备处", "福州市平台整合专班", "省直机关第九联合工会", "3500009999", "福建省行政学院(旧)")
STATES = ("在用(完好)", "借出未还", "待查", "不祥")
NO_DAYS = ("02-30", "06-31", "13-05", "11-31")
WORDS = ("约三千元", "见发票", "无", "面议")


def set_cells(columns: Columns, column: str, rows: list[int], texts: list[str | None]) -> None:
    """Put other texts into some rows of a column."""
    old = columns[column]
    mask = np.zeros(len(old), bool)
    mask[rows] = True
    columns[column] = pc.replace_with_mask(old.cast(pa.string()), pa.array(mask), pa.array(texts, pa.string()))


def plant(columns: Columns, room: NDArray[Any], planter: Planter, first: int) -> None:
    """Plant each error of the register `asset` into the chunk whose first row is `first`; `room` says which cards stand in a room."""
    rows = len(room)
    everything = np.arange(rows)
    dates = pc.match_substring(columns["取得日期"], "-").to_numpy(zero_copy_only=False)
    laptops = pc.equal(columns["资产分类代码"], "A02010108").to_numpy(zero_copy_only=False)
    newer = pc.is_in(columns["分类版本"], pa.array(["GB/T 14885-2022", "2022"])).to_numpy(zero_copy_only=False)
    tagged = columns["标签号"].is_valid().to_numpy(zero_copy_only=False)
    housed = pc.fill_null(pc.not_equal(columns["楼栋"], ""), False).to_numpy(zero_copy_only=False)
    thousands = pc.greater_equal(pc.utf8_length(columns["原值(元)"]), len("1000.00")).to_numpy(zero_copy_only=False)
    rng = planter.rng

    def change(error: str, column: str, candidates: NDArray[Any], to: Callable[[int, str], str | None]) -> None:
        chosen = planter.rows(error, candidates, of=rows, first=first)
        if not chosen:
            return
        was = [columns[column][at].as_py() or "" for at in chosen]
        now = [to(at, old) for at, old in zip(chosen, was, strict=True)]
        keys = [columns[CODE][at].as_py() for at in chosen]
        set_cells(columns, column, chosen, now)
        for at, key, old, new in zip(chosen, keys, was, now, strict=True):
            planter.note(error, first + at, new or "" if column == CODE else key, column=column, was=old, now=new or "")

    change("asset_edition", "资产分类代码", everything[laptops & newer], lambda *_: "A02010105")
    change("asset_no_edition", "分类版本", everything, lambda *_: None)
    change("asset_class", "资产分类代码", everything, lambda _, code: code[:-1])
    change("asset_future", "取得日期", everything[dates], lambda _, day: f"20{int(rng.integers(31, 99))}{day[4:]}")
    change(
        "asset_date",
        "取得日期",
        everything[dates],
        lambda _, day: day[:5] + NO_DAYS[int(rng.integers(4))],
    )
    change("asset_value_comma", "原值(元)", everything[thousands], lambda _, value: f"{int(value[:-3]):,}{value[-3:]}")
    change("asset_value_text", "原值(元)", everything, lambda *_: WORDS[int(rng.integers(len(WORDS)))])
    change("asset_state", "使用状况", everything, lambda *_: STATES[int(rng.integers(len(STATES)))])
    change("asset_unit", "使用单位", everything, lambda *_: GHOSTS[int(rng.integers(len(GHOSTS)))])
    change("asset_net_value", "净值(元)", everything, lambda at, _: _above(columns["原值(元)"][at].as_py()))
    change(
        "asset_room",
        "存放地点",
        everything[(np.asarray(room) >= 0) & housed],
        lambda *_: f"{int(rng.integers(1, 9))}{int(rng.integers(60, 99))}室",
    )
    change("asset_tag_twice", "标签号", everything[tagged][1:], lambda at, _: _before(columns["标签号"], at))
    change("asset_code_twice", CODE, everything[1:], lambda at, _: columns[CODE][at - 1].as_py())


def _above(value: str) -> str:
    """An amount a thousand yuan above a value; a round one where the value is no number."""
    digits = value.replace(",", "").removesuffix(".00")
    return f"{int(float(digits)) + 1000}.00" if digits.replace(".", "").isdigit() else "99999999.00"


def _before(values: pa.Array, at: int) -> str:
    while not values[at - 1].is_valid:
        at -= 1
    return str(values[at - 1].as_py())
