"""The registers of guards on duty and of announced visits."""

from datetime import datetime, time, timedelta
from typing import Any

import numpy as np

from twin.demo.registers.draft import Draft
from twin.demo.registers.identifiers import plates
from twin.demo.registers.staff import person_codes
from twin.demo.registers.truth import Planter
from twin.demo.registers.vocabulary import people_names
from twin.demo.registers.world import World

__all__ = ["guard_draft", "visit_draft"]

GUARDS = 12
SHIFTS = ("白班", "中班", "夜班")
SUPPLIERS = ("食堂供货", "电梯维保", "绿化养护", "邮政投递", "保洁换班")
"""Who comes all year: their announcement has no end."""
VISITS = 14
PLATES_FROM = 220_000
"""Serial of the first plate: those of the fleet come before."""


def guard_draft(world: World, planter: Planter, posts: Draft) -> Draft:
    """Guards with their radios, first those who walk, each at a post of the register."""
    kinds, codes = posts.columns["岗位类型"], posts.columns["岗位编号"]
    order = ("巡逻岗", "门岗", "监控岗", "大堂岗")
    standing = [codes[at] for at in sorted(range(len(posts)), key=lambda at: order.index(kinds[at]))][:GUARDS]
    own = [code for code, person in zip(person_codes(world), world.people, strict=True) if person.unit == 0]
    people = world.rng(34).permutation(len(own))[: len(standing)].tolist()
    columns: dict[str, list[Any]] = {
        "值勤编号": [f"GUARD-{at:02d}" for at in range(1, len(standing) + 1)],
        "人员编号": [own[at] for at in people],
        "定位终端号": [f"DJJ{at:06d}" for at in range(1, len(standing) + 1)],
        "值勤岗位": standing,
        "班次": [SHIFTS[at % 3] for at in range(len(standing))],
        "管理单位": [world.units[0].name] * len(standing),
        "状态": ["在用"] * len(standing),
    }
    return Draft(key="值勤编号", planter=planter, columns=columns)


def visit_draft(world: World, planter: Planter) -> Draft:
    """Announced visits: suppliers who come all year, guests of the day, half of them with a car; in Beijing's time."""
    rng, day = world.rng(35), world.today
    letters = ["A"] * VISITS
    plate = plates(letters, rng.random(VISITS) < 0.4, PLATES_FROM + rng.permutation(10_000)[:VISITS]).to_pylist()
    names = people_names(rng, VISITS)
    hosts = rng.integers(0, min(5, len(world.units)), VISITS).tolist()
    hours = np.sort(rng.integers(8, 16, VISITS)).tolist()
    rows: list[dict[str, Any]] = []
    for at in range(VISITS):
        lasting = at < len(SUPPLIERS)
        begins = datetime.combine(day.replace(month=1, day=1) if lasting else day, time(7 if lasting else hours[at]))
        with_car = lasting or at % 2 == 0
        rows.append(
            {
                "预约编号": f"V{day:%Y%m%d}{at + 1:03d}",
                "车牌号": plate[at] if with_car else None,
                "来访人": f"{names[at]}({SUPPLIERS[at]})" if lasting else names[at],
                "凭证号": f"FK{at + 1:05d}",
                "来访开始时间": f"{begins:%Y-%m-%d %H:%M}",
                "来访结束时间": None if lasting else f"{begins + timedelta(hours=3):%Y-%m-%d %H:%M}",
                "接待单位": world.units[0 if lasting else hosts[at]].name,
                "出入口编号": "GATE-01" if with_car and not lasting else None,
                "院区": "屏山大院",
                "预约状态": "已预约",
            }
        )
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    return Draft(key="预约编号", planter=planter, columns=columns)
