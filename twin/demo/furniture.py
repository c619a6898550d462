"""What furniture and equipment of the demo looks like: tables of coloured boxes and cylinders.

Local frames: origin on the floor at the middle of the footprint (on its mounting surface for wall units and monitors),
x along the long side, the user or viewer at −y, metres.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["ITEMS", "Item", "Part"]


@dataclass(frozen=True, slots=True)
class Part:
    """A box (`low`, `high` corners) or, with a radius, an upright cylinder on the axis of `low`."""

    colour: str
    low: tuple[float, float, float]
    high: tuple[float, float, float]
    radius: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A type of thing: its parts, what it is in IFC, and what an asset ledger would call it."""

    name: str
    english: str
    parts: tuple[Part, ...]
    kind: str = "furniture"
    predefined: str = "NOTDEFINED"
    code: str = "A05019900"
    code_title: str = "其他家具"
    material: str = "木"
    maker: str = "榕木家具"
    asset: bool = True

    @property
    def size(self) -> tuple[float, float, float]:
        """Width, depth and height in metres."""
        lows = [(p.low[0] - p.radius, p.low[1] - p.radius, p.low[2]) for p in self.parts]
        highs = [
            ((p.low[0] if p.radius else p.high[0]) + p.radius, (p.low[1] if p.radius else p.high[1]) + p.radius, p.high[2])
            for p in self.parts
        ]
        return tuple(round(max(h[i] for h in highs) - min(low[i] for low in lows), 3) for i in range(3))  # type: ignore[return-value]


def b(colour: str, x0: float, x1: float, y0: float, y1: float, z0: float, z1: float) -> Part:
    """A box."""
    return Part(colour, (x0, y0, z0), (x1, y1, z1))


def c(colour: str, x: float, y: float, radius: float, z0: float, z1: float) -> Part:
    """A cylinder."""
    return Part(colour, (x, y, z0), (x, y, z1), radius)


def mirrored(make: Callable[[int], Part]) -> tuple[Part, Part]:
    """The same part left and right: make(−1), make(+1)."""
    return make(-1), make(1)


def _span(side: int, near: float, far: float) -> tuple[float, float]:
    return (near, far) if side > 0 else (-far, -near)


def _desk(half: float, colour: str) -> tuple[Part, ...]:
    drawers = tuple(b("cabinet", half - 0.46, half - 0.07, -0.33 - 0.012, -0.33, z, z + 0.18) for z in (0.09, 0.29, 0.49))
    return (
        b(colour, -half, half, -0.4, 0.4, 0.715, 0.75),
        *mirrored(lambda s: b("steel", *_span(s, half - 0.05, half - 0.01), -0.36, 0.36, 0.0, 0.715)),
        b(colour, -half + 0.05, half - 0.05, 0.28, 0.30, 0.30, 0.715),
        b("white", half - 0.48, half - 0.05, -0.33, 0.25, 0.06, 0.715),
        *drawers,
    )


def _task_chair(colour: str) -> tuple[Part, ...]:
    return (
        b("steel", -0.29, 0.29, -0.03, 0.03, 0.04, 0.08),
        b("steel", -0.03, 0.03, -0.29, 0.29, 0.04, 0.08),
        *(c("steel", x, y, 0.035, 0.0, 0.06) for x, y in ((-0.27, 0.0), (0.27, 0.0), (0.0, -0.27), (0.0, 0.27))),
        c("chrome", 0.0, 0.0, 0.03, 0.08, 0.42),
        b(colour, -0.25, 0.25, -0.23, 0.25, 0.42, 0.50),
        b(colour, -0.23, 0.23, -0.27, -0.21, 0.56, 1.04),
        b("steel", -0.04, 0.04, -0.25, -0.22, 0.44, 0.60),
        *mirrored(lambda s: b("steel", *_span(s, 0.26, 0.30), -0.12, 0.18, 0.64, 0.68)),
        *mirrored(lambda s: b("steel", *_span(s, 0.265, 0.295), -0.02, 0.03, 0.45, 0.64)),
    )


def _legged_chair(colour: str) -> tuple[Part, ...]:
    return (
        *(b("chrome", x - 0.015, x + 0.015, y - 0.015, y + 0.015, 0.0, 0.43) for x in (-0.21, 0.21) for y in (-0.2, 0.2)),
        b(colour, -0.24, 0.24, -0.22, 0.24, 0.43, 0.49),
        b(colour, -0.23, 0.23, -0.25, -0.2, 0.49, 0.90),
    )


def _sofa(half: float, seats: int, colour: str) -> tuple[Part, ...]:
    width = (2 * half - 0.36) / seats
    cushions = tuple(
        b(colour, -half + 0.18 + i * width + 0.01, -half + 0.18 + (i + 1) * width - 0.01, -0.40, 0.22, 0.28, 0.44) for i in range(seats)
    )
    return (
        b("steel", -half + 0.05, half - 0.05, -0.34, 0.36, 0.0, 0.08),
        b(colour, -half, half, -0.40, 0.42, 0.08, 0.27),
        b(colour, -half, half, 0.22, 0.42, 0.27, 0.82),
        *mirrored(lambda s: b(colour, *_span(s, half - 0.17, half), -0.42, 0.22, 0.27, 0.62)),
        *cushions,
    )


def _table(half_x: float, half_y: float) -> tuple[Part, ...]:
    return (
        b("wood", -half_x, half_x, -half_y, half_y, 0.70, 0.75),
        b("wood_dark", -half_x + 0.15, half_x - 0.15, -half_y + 0.15, half_y - 0.15, 0.66, 0.70),
        *mirrored(lambda s: b("wood_dark", *_span(s, half_x * 0.55, half_x * 0.55 + 0.35), -half_y * 0.45, half_y * 0.45, 0.0, 0.66)),
    )


def _cabinet() -> tuple[Part, ...]:
    return (
        b("steel", -0.44, 0.44, -0.19, 0.20, 0.0, 0.06),
        b("cabinet", -0.45, 0.45, -0.19, 0.21, 0.06, 1.85),
        *mirrored(lambda s: b("white", *_span(s, 0.006, 0.445), -0.21, -0.19, 0.08, 1.83)),
        *mirrored(lambda s: b("steel", *_span(s, 0.03, 0.05), -0.235, -0.21, 0.9, 1.1)),
    )


def _bookcase() -> tuple[Part, ...]:
    shelves = (0.04, 0.42, 0.80, 1.18, 1.56, 1.94)
    colours = ("book_red", "book_blue", "book_green", "white")
    rows = []
    for i, z in enumerate(shelves[:-1]):
        x = -0.45
        for j in range(3):
            width = 0.17 + 0.05 * ((i * 3 + j * 2) % 3)
            rows.append(b(colours[(i + j * 3) % 4], x, x + width, -0.10, 0.12, z + 0.03, z + 0.29 + 0.02 * ((i + j) % 3)))
            x += width + 0.05
    return (
        *mirrored(lambda s: b("wood_dark", *_span(s, 0.47, 0.5), -0.17, 0.17, 0.0, 2.0)),
        b("wood_dark", -0.47, 0.47, 0.15, 0.17, 0.04, 2.0),
        *(b("wood_dark", -0.47, 0.47, -0.17, 0.15, z, z + 0.03) for z in shelves),
        *rows,
    )


def _shelf_rack() -> tuple[Part, ...]:
    posts = tuple(b("steel", x, x + 0.04, y, y + 0.04, 0.0, 2.1) for x in (-0.9, 0.86) for y in (-0.25, 0.21))
    boxes = tuple(
        b("book_blue" if (i + k) % 2 else "wood_light", -0.82 + i * 0.42, -0.46 + i * 0.42, -0.2, 0.2, z + 0.03, z + 0.36)
        for k, z in enumerate((0.1, 0.6, 1.1, 1.6))
        for i in range(4)
    )
    return (*posts, *(b("cabinet", -0.9, 0.9, -0.25, 0.25, z, z + 0.03) for z in (0.1, 0.6, 1.1, 1.6, 2.07)), *boxes)


def _counter(half: float) -> tuple[Part, ...]:
    return (
        b("white", -half, half, -0.28, 0.3, 0.0, 0.82),
        b("stone_dark", -half - 0.02, half + 0.02, -0.31, 0.3, 0.82, 0.86),
        b("chrome", -0.3, 0.1, -0.2, 0.15, 0.855, 0.87),
        b("chrome", half - 0.5, half - 0.1, -0.15, 0.2, 0.86, 1.45),
        b("steel", half - 0.4, half - 0.2, -0.17, -0.15, 1.0, 1.2),
    )


def _plant() -> tuple[Part, ...]:
    return (
        c("pot", 0.0, 0.0, 0.17, 0.0, 0.34),
        c("wood_dark", 0.0, 0.0, 0.025, 0.34, 0.8),
        c("leaf", 0.0, 0.0, 0.22, 0.62, 0.85),
        c("leaf", 0.05, 0.02, 0.29, 0.85, 1.15),
        c("leaf", -0.03, 0.03, 0.2, 1.15, 1.42),
    )


def _toilet_stall() -> tuple[Part, ...]:
    return (
        *mirrored(lambda s: b("wood_light", *_span(s, 0.46, 0.48), -0.7, 0.7, 0.12, 2.0)),
        b("wood_light", -0.46, -0.2, -0.7, -0.68, 0.12, 2.0),
        b("white", -0.18, 0.18, -0.05, 0.42, 0.0, 0.40),
        b("white", -0.22, 0.22, 0.42, 0.64, 0.0, 0.82),
    )


def _basin() -> tuple[Part, ...]:
    return (
        b("wood_dark", -0.6, 0.6, -0.24, 0.26, 0.0, 0.75),
        b("white", -0.62, 0.62, -0.28, 0.27, 0.75, 0.83),
        c("chrome", -0.3, 0.12, 0.015, 0.83, 1.02),
        c("chrome", 0.3, 0.12, 0.015, 0.83, 1.02),
    )


def _auditorium_seat() -> tuple[Part, ...]:
    return (
        *mirrored(lambda s: b("steel", *_span(s, 0.22, 0.26), -0.22, 0.26, 0.0, 0.60)),
        *mirrored(lambda s: b("wood", *_span(s, 0.215, 0.265), -0.2, 0.24, 0.60, 0.63)),
        b("fabric_red", -0.22, 0.22, -0.24, 0.22, 0.38, 0.48),
        b("fabric_red", -0.22, 0.22, 0.18, 0.27, 0.48, 0.98),
    )


def _cooling_unit() -> tuple[Part, ...]:
    return (
        b("steel", -1.5, 1.5, -0.9, 0.9, 0.0, 0.15),
        b("cabinet", -1.45, 1.45, -0.85, 0.85, 0.15, 1.75),
        *(b("steel", -1.4, 1.4, -0.865, -0.85, z, z + 0.12) for z in (0.4, 0.7, 1.0, 1.3)),
        *(c("steel", x, 0.0, 0.55, 1.75, 1.95) for x in (-0.72, 0.72)),
    )


AIR: dict[str, Any] = {"code": "A02061800", "code_title": "空调设备", "material": "金属", "maker": "闽冷空调", "kind": "air"}
SEAT: dict[str, Any] = {"code": "A05010300", "code_title": "椅凳类", "material": "织物"}
DESK: dict[str, Any] = {"code": "A05010200", "code_title": "台、桌类"}
CASE: dict[str, Any] = {"code": "A05010500", "code_title": "柜类"}
SOFA: dict[str, Any] = {"code": "A05010400", "code_title": "沙发类", "material": "织物"}
WATER: dict[str, Any] = {"kind": "sanitary", "code": "A05020000", "code_title": "用具", "material": "陶瓷", "maker": "闽江洁具"}

_AIR_WALL = (b("white", -0.45, 0.45, -0.21, 0.0, 0.0, 0.30), b("steel", -0.42, 0.42, -0.215, -0.21, 0.03, 0.07))
_AIR_TALL = (
    b("white", -0.26, 0.26, -0.17, 0.17, 0.0, 1.80),
    b("steel", -0.21, 0.21, -0.18, -0.17, 1.30, 1.65),
    b("cabinet", -0.21, 0.21, -0.18, -0.17, 0.15, 0.95),
)
_COMPUTER = (
    b("steel", -0.12, 0.12, -0.09, 0.09, 0.0, 0.015),
    b("steel", -0.025, 0.025, -0.01, 0.02, 0.015, 0.2),
    b("screen", -0.29, 0.29, -0.03, -0.005, 0.12, 0.46),
    b("steel", -0.20, 0.20, -0.32, -0.19, 0.0, 0.02),
)
_RECEPTION = (
    b("wood", -1.6, 1.6, -0.42, -0.34, 0.0, 1.08),
    b("stone", -1.65, 1.65, -0.47, -0.22, 1.08, 1.12),
    b("wood_light", -1.6, 1.6, -0.34, 0.4, 0.70, 0.74),
    *mirrored(lambda s: b("wood", *_span(s, 1.52, 1.6), -0.34, 0.4, 0.0, 1.0)),
)
_LECTERN = (b("wood_dark", -0.3, 0.3, -0.22, 0.22, 0.0, 1.05), b("wood", -0.36, 0.36, -0.28, 0.26, 1.05, 1.10))
_SWITCHBOARD = (
    b("cabinet", -0.4, 0.4, -0.3, 0.3, 0.0, 2.0),
    b("steel", -0.36, 0.36, -0.31, -0.3, 0.1, 1.9),
    b("book_red", -0.05, 0.05, -0.32, -0.31, 1.5, 1.6),
)
_SCREEN = (b("screen", -1.2, 1.2, -0.06, 0.0, 0.0, 1.35), b("steel", -1.22, 1.22, -0.04, 0.0, -0.02, 1.37))
_FLAG = (
    c("chrome", 0.0, 0.0, 0.09, 0.0, 15.0),
    b("flag_red", 0.09, 2.5, -0.015, 0.015, 13.2, 14.8),
    b("stone", -1.2, 1.2, -1.2, 1.2, -0.5, 0.45),
)

ITEMS: dict[str, Item] = {
    "desk": Item(name="办公桌 1600", english="Office desk 1600", parts=_desk(0.8, "wood_light"), predefined="DESK", **DESK),
    "desk_big": Item(name="办公桌 1800", english="Executive desk 1800", parts=_desk(0.9, "wood_dark"), predefined="DESK", **DESK),
    "chair": Item(name="办公椅", english="Task chair", parts=_task_chair("fabric_blue"), predefined="CHAIR", **SEAT),
    "chair_big": Item(name="大班椅", english="Executive chair", parts=_task_chair("leather"), predefined="CHAIR", **SEAT),
    "visitor": Item(name="会客椅", english="Visitor chair", parts=_legged_chair("fabric_grey"), predefined="CHAIR", **SEAT),
    "meeting_chair": Item(name="会议椅", english="Meeting chair", parts=_legged_chair("fabric_blue"), predefined="CHAIR", **SEAT),
    "sofa": Item(name="三人沙发", english="Sofa, three seats", parts=_sofa(1.0, 3, "leather"), predefined="SOFA", **SOFA),
    "sofa_grey": Item(name="布艺沙发", english="Fabric sofa", parts=_sofa(0.8, 2, "fabric_grey"), predefined="SOFA", **SOFA),
    "tea_table": Item(
        name="茶几",
        english="Tea table",
        parts=(
            b("wood_dark", -0.5, 0.5, -0.3, 0.3, 0.38, 0.42),
            *(b("wood_dark", x, x + 0.06, y, y + 0.06, 0.0, 0.38) for x in (-0.48, 0.42) for y in (-0.28, 0.22)),
        ),
        predefined="TABLE",
        **DESK,
    ),
    "table_long": Item(name="会议桌 4800", english="Meeting table 4800", parts=_table(2.4, 0.75), predefined="TABLE", **DESK),
    "table": Item(name="会议桌 2400", english="Meeting table 2400", parts=_table(1.2, 0.6), predefined="TABLE", **DESK),
    "cabinet": Item(name="文件柜", english="Filing cabinet", parts=_cabinet(), predefined="FILECABINET", **{**CASE, "material": "钢"}),
    "bookcase": Item(name="书柜", english="Bookcase", parts=_bookcase(), predefined="SHELF", **CASE),
    "rack": Item(name="档案架", english="Archive rack", parts=_shelf_rack(), predefined="SHELF", **{**CASE, "material": "钢"}),
    "counter": Item(name="开水台", english="Tea counter with boiler", parts=_counter(0.9), **CASE),
    "plant": Item(
        name="绿植", english="Potted plant", parts=_plant(), code="A05029900", code_title="其他用具", material="陶瓷", asset=False
    ),
    "reception": Item(name="接待台", english="Reception desk", parts=_RECEPTION, predefined="DESK", **DESK),
    "lectern": Item(name="讲台", english="Lectern", parts=_LECTERN, **DESK),
    "computer": Item(
        name="台式计算机",
        english="Desktop computer",
        parts=_COMPUTER,
        kind="computer",
        code="A02010105",
        code_title="台式计算机",
        material="塑料",
        maker="海西电脑",
    ),
    "screen": Item(
        name="显示屏",
        english="Wall screen",
        parts=_SCREEN,
        kind="computer",
        code="A02021100",
        code_title="显示设备",
        material="塑料",
        maker="海西电脑",
    ),
    "air_wall": Item(name="壁挂空调室内机", english="Split air conditioner, wall unit", parts=_AIR_WALL, predefined="SPLITSYSTEM", **AIR),
    "air_tall": Item(
        name="柜式空调室内机", english="Split air conditioner, cabinet unit", parts=_AIR_TALL, predefined="SPLITSYSTEM", **AIR
    ),
    "cooling": Item(name="空调室外主机", english="Rooftop condensing unit", parts=_cooling_unit(), predefined="AIRCONDITIONINGUNIT", **AIR),
    "stall": Item(name="坐便器隔间", english="Toilet stall", parts=_toilet_stall(), predefined="TOILETPAN", **WATER),
    "basin": Item(name="洗手台", english="Wash basins", parts=_basin(), predefined="WASHHANDBASIN", **WATER),
    "seat": Item(name="礼堂座椅", english="Auditorium seat", parts=_auditorium_seat(), predefined="CHAIR", **SEAT),
    "switchboard": Item(
        name="配电柜",
        english="Switchboard",
        parts=_SWITCHBOARD,
        kind="electric",
        code="A02061900",
        code_title="配电设备",
        material="金属",
        maker="榕城电气",
    ),
    "flag": Item(name="旗杆", english="Flagpole", parts=_FLAG, code="A05029900", code_title="其他用具", material="金属", asset=False),
}
