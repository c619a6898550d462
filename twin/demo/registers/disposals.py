"""Requests to dispose of assets, as units hand them in."""

import numpy as np
import pyarrow.compute as pc

from twin.demo.registers.assets import Cards
from twin.demo.registers.draft import Draft
from twin.demo.registers.truth import Planted, Planter
from twin.demo.registers.world import World

__all__ = ["disposal_draft"]

WAYS = ("报废", "无偿划转", "转让", "对外捐赠", "置换")
STEPS = {"处置申请中": "待审批", "处置已批": "已批准"}


def disposal_draft(world: World, planter: Planter, cards: Cards, wrong: list[Planted]) -> Draft:
    """A request for each card whose disposal is under way; the planted ones name a lent asset, or one without a card."""
    rng = planter.rng
    bad = {item.row for item in wrong if item.column in ("资产编号", "使用状况", "使用单位")}
    states, codes = cards.columns["使用状况"].to_pylist(), cards.columns["资产编号"].to_pylist()
    names, units = cards.columns["资产名称"].to_pylist(), cards.unit.tolist()
    rows = [at for at, state in enumerate(states) if state in STEPS and at not in bad and at + 1 not in bad]
    lent = [
        int(at) for at in np.flatnonzero(pc.equal(cards.columns["使用状况"], "出租出借").to_numpy(zero_copy_only=False)) if at not in bad
    ]
    day = np.datetime64(world.today) - rng.integers(1, 200, len(rows))
    draft = Draft(
        key="申请单号",
        planter=planter,
        columns={
            "申请单号": [f"CZ2026{at + 1:06d}" for at in range(len(rows))],
            "资产编号": [codes[at] for at in rows],
            "资产名称": [names[at] for at in rows],
            "申请单位": [world.units[units[at]].name for at in rows],
            "处置方式": [WAYS[int(i)] for i in rng.choice(len(WAYS), len(rows), p=[0.74, 0.12, 0.06, 0.05, 0.03])],
            "申请日期": day.astype(str).tolist(),
            "办理状态": [STEPS[states[at]] for at in rows],
        },
    )
    if lent:
        draft.change("request_lent", "资产编号", lambda at, _: codes[lent[at % len(lent)]])
    draft.change("request_unknown", "资产编号", lambda _, code: f"ZC8{code[3:]}")
    return draft
