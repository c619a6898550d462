"""A storey and a compound drawn by hand in metres, for the pages of `viewer.deck`; the arithmetic shares nothing with the pages."""

import math

from viewer.deck import (
    AssetsByBuilding,
    BuildingAssets,
    BuildingEnergy,
    EnergyByBuilding,
    OccupiedRoom,
    Outline,
    StoreyOccupancy,
    Words,
)

ORIGIN = (119.2946, 26.0896)
"""Pingshan, longitude and latitude."""

HEADING_DEG = 17.0
"""The buildings are turned: a picture that takes them for aligned misses every room."""


def lon_lat(x: float, y: float) -> tuple[float, float]:
    """Metres along and across the building to degrees, on a sphere of 6,371,008.8 m."""
    turn = math.radians(-HEADING_DEG)
    east, north = x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn)
    metre = 180 / (math.pi * 6_371_008.8)
    return ORIGIN[0] + east * metre / math.cos(math.radians(ORIGIN[1])), ORIGIN[1] + north * metre


def box(x: float, y: float, width: float, depth: float) -> Outline:
    """A rectangle of metres, open ring, as an outline in degrees."""
    return ((tuple(lon_lat(*corner) for corner in ((x, y), (x + width, y), (x + width, y + depth), (x, y + depth))),),)


def ell(x: float, y: float, width: float, depth: float) -> Outline:
    """An L-shaped room: its centroid lies in it, its middle hardly."""
    corners = ((x, y), (x + width, y), (x + width, y + 2.5), (x + 3.0, y + 2.5), (x + 3.0, y + depth), (x, y + depth))
    return ((tuple(lon_lat(*corner) for corner in corners),),)


SOURCES = (
    Words("办公用房台账 rooms-2026.xlsx，第 3 次导入", "office space register rooms-2026.xlsx, revision 3"),
    "A座.ifc (sha256 4f2c…)",
)
RULE = Words("发改投资〔2014〕2674号 · 正处级 18 m²", "NDRC Investment (2014) No. 2674 · division chief 18 m²")

DRAWN = [
    OccupiedRoom(
        number=f"A{201 + at}",
        name=name,
        verdict=verdict,
        unit=unit,
        people=people,
        usable_m2=area,
        allowed_m2=allowed,
        over_m2=None if allowed is None or verdict != "over" else round(area - allowed, 2),
        reason=RULE if allowed else "",
        outline=box(at % 8 * 6.0, 0.0 if at < 8 else 9.0, 6.0, 6.5),
    )
    for at, (name, verdict, unit, people, area, allowed) in enumerate(
        [
            ("处长办公室", "over", "省机关事务管理局", ("张伟",), 24.4, 18.0),
            ("综合处", "within", "省机关事务管理局", ("李娜", "王强", "赵敏"), 27.0, 27.0),
            ("资产处", "within", "省机关事务管理局", ("陈静", "刘洋"), 18.0, 21.0),
            ("空置办公室", "vacant", "", (), 36.2, None),
            ("节能处", "under_used", "省机关事务管理局", ("黄磊",), 35.0, 12.0),
            ("会议室", "not_an_office", "省发展和改革委员会", (), 36.2, None),
            ("副处长办公室", "over", "省发展和改革委员会", ("吴霞",), 13.5, 12.0),
            ("档案室", "not_an_office", "省发展和改革委员会", (), 36.2, None),
            ("车辆管理处", "within", "省机关事务管理局", ("林峰", "周杰"), 18.0, 18.0),
            ("财务处", "within", "省财政厅", ("郑爽", "何平", "谢芳", "徐明"), 36.0, 36.0),
            ("待核办公室", "limit_unknown", "省财政厅", ("孙丽",), 36.0, None),
            ("信息中心", "within", "省财政厅", ("马超", "朱红"), 18.0, 18.0),
        ]
    )
]
ROOMS = (
    *DRAWN,
    OccupiedRoom(number="A213", name="大会议厅", verdict="not_an_office", usable_m2=60.0, outline=ell(24.0, 9.0, 24.0, 6.5)),
    OccupiedRoom(number="A2-仓", name="临时仓库（无图）", verdict="vacant", usable_m2=None),
)

STOREY = StoreyOccupancy(
    title=Words("屏山大院 A座 2层 办公用房使用情况", "Pingshan compound, building A, storey 2: office space"),
    as_of="2026-10-31",
    sources=SOURCES,
    rooms=ROOMS,
    surroundings=(("storey", box(-0.6, -0.6, 49.2, 16.7)),),
)

PLOTS = [(0, 0, 48, 16), (70, -10, 20, 20), (0, 40, 60, 14), (80, 40, 18, 30), (-50, 10, 30, 18)]
NAMES = ["A座办公楼", "B座会议中心", "C座综合楼", "D座档案馆", "E座食堂"]
SURROUNDINGS = (
    ("green", box(-60, -30, 180, 14)),
    ("road", box(-60, 26, 180, 8)),
    ("water", box(100, -28, 18, 26)),
    ("building", box(-60, 80, 40, 15)),
    ("building", box(10, 84, 60, 12)),
)

ASSETS = AssetsByBuilding(
    title=Words("屏山大院 各楼栋资产分布", "Pingshan compound: assets by building"),
    as_of="2026-10-31",
    sources=SOURCES[:1],
    surroundings=SURROUNDINGS,
    buildings=(
        *(
            BuildingAssets(name=name, count=count, value_fen=value, classes=Words("设备、家具", "equipment, furniture"), outline=box(*plot))
            for name, count, value, plot in zip(
                NAMES,
                [12_480, 1_204, 8_033, 640, 2_155],
                [8_640_123_45, 1_200_000_00, 5_003_300_10, 90_000_00, 640_000_99],
                PLOTS,
                strict=True,
            )
        ),
        BuildingAssets(name="租用用房（无图）", count=12, value_fen=3_000_00),
    ),
)

ENERGY = EnergyByBuilding(
    title=Words("屏山大院 2025年各楼栋能耗", "Pingshan compound: energy of 2025 by building"),
    as_of="2025-12-31",
    sources=SOURCES[:1],
    surroundings=SURROUNDINGS,
    buildings=tuple(
        BuildingEnergy(
            name=name,
            kind=Words("党政机关", "party and government office"),
            used_kgce=used,
            area_m2=1000.0,
            people=40,
            median_kgce_m2=10.0,
            height_m=height,
            outline=box(*plot),
        )
        for name, used, height, plot in zip(
            NAMES, [9_900.0, 14_000.0, 6_000.0, 11_000.0, None], [24.0, 12.0, 18.0, 30.0, 8.0], PLOTS, strict=True
        )
    ),
)
