"""A plan as SVG at a true scale: A3 landscape at 1:100, 1:150, 1:200 …, the building's long side level, north arrow, scale bar, legend."""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape
from itertools import groupby, product

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from twin.queries.place.plan import Plan, PlanPart

__all__ = ["as_svg"]

PAGE_MM = (420.0, 297.0)
MARGIN_MM = 12.0
FOOT_MM = 26.0
SCALES = (50, 75, 100, 125, 150, 200, 250, 300, 400, 500, 750, 1000, 2000, 5000)
FONT = "'Noto Sans CJK SC','WenQuanYi Micro Hei','Microsoft YaHei',sans-serif"
STYLES = {
    "room": 'fill="#f6f3ec" stroke="none"',
    "furniture": 'fill="#fff" stroke="#b9b2a4" stroke-width=".12"',
    "fixture": 'fill="#fff" stroke="#8fa3ad" stroke-width=".12"',
    "stair": 'fill="none" stroke="#8a8378" stroke-width=".13"',
    "rail": 'fill="#8a8378" stroke="#8a8378" stroke-width=".13"',
    "window": 'fill="#d6e8f2" stroke="#3c6e8f" stroke-width=".15"',
    "door": 'fill="#fff" stroke="#a0522d" stroke-width=".35"',
    "wall": 'fill="#3a3a3c" stroke="#1d1d1f" stroke-width=".1"',
    "zone": 'fill="#b3261e" fill-opacity=".07" stroke="#b3261e" stroke-width=".35" stroke-dasharray="1.6 .9"',
    "camera": 'fill="#0b57d0" stroke="#fff" stroke-width=".2"',
    "guard_post": 'fill="#146c2e" stroke="#fff" stroke-width=".2"',
    "gate": 'fill="none" stroke="#b3261e" stroke-width=".6"',
}
"""Attributes, not style sheets: the service's policy lets no page carry its own."""
POINTED = ("camera", "guard_post", "gate")
CODES = {"camera": "#0b57d0", "guard_post": "#146c2e", "gate": "#b3261e"}
WRITTEN = 'fill="#222" text-anchor="middle"'
HALO = 'paint-order="stroke" stroke="#f6f3ec" stroke-width=".7" stroke-linejoin="round"'
LEGEND = {"wall": ("墙、柱", "walls, columns"), "window": ("窗、幕墙", "windows"),
          "door": ("门（模型未给开向）", "doors, swing not stated"), "stair": ("楼梯", "stairs"), "furniture": ("家具", "furniture"),
          "fixture": ("设备、洁具", "fixtures"), "zone": ("防区", "zones"), "camera": ("摄像机", "cameras"),
          "guard_post": ("岗位", "guard posts"), "gate": ("大门", "gates")}  # fmt: skip
SIZES_MM = (3.4, 3.0, 2.7, 2.4, 2.1, 1.9, 1.7, 1.5, 1.3, 1.1)
LINE_EM = 1.24
AIR_MM = 0.5
SYMBOL_MM, CODE_MM = 2.2, 1.9
SHIFTS_MM = [(dx, dy) for dy in (0.0, -7.0, 7.0, -11.0, 11.0) for dx in (0.0, -14.0, 14.0, -28.0, 28.0)]
"""Where else a label goes that would lie under a device."""
OUTSIDE_M = 5.0
"""Furniture and fixtures farther than this from the rooms (a flagpole in the court) are not on the sheet of the building."""
LATIN_EM, HAN_EM = 0.58, 1.0
BARS_M = (1, 2, 5, 10, 20, 50, 100)


@dataclass(frozen=True, slots=True)
class _Sheet:
    """From site metres to millimetres on the page: turn by `angle`, then scale 1:`scale`, y down."""

    angle: float
    scale: int
    middle: tuple[float, float]

    def xy(self, points: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        c, s = np.cos(self.angle), np.sin(self.angle)
        turned = (points - self.middle) @ np.array([[c, s], [-s, c]])
        width, height = PAGE_MM
        return np.asarray(turned * [1000 / self.scale, -1000 / self.scale] + [width / 2, (height - FOOT_MM) / 2])


def as_svg(plan: Plan) -> str:
    """The drawing, Chinese with English beside it; one page, true to its scale when printed at 100 %."""
    plan = _beside_the_building(plan)
    sheet = _sheet(plan)
    width, height = PAGE_MM
    rooms = [part for part in plan.parts if part.layer == "room"]
    devices = [part for part in plan.parts if part.layer in POINTED]
    codes = shapely.union_all([_code_block(part, sheet, plan) for part in devices])
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}mm" height="{height}mm" viewBox="0 0 {width:g} {height:g}" '
            f'font-family="{FONT}" role="img" aria-label="{escape(_title(plan))}">',
            f'<rect width="{width:g}" height="{height:g}" fill="#fff"/>',
            *_layers([part for part in plan.parts if part.layer not in POINTED], sheet, plan),
            f"<g {WRITTEN} {HALO}>" + "".join(_label(part, sheet, plan, codes) for part in rooms) + "</g>",
            *_layers([part for part in plan.parts if part.layer in POINTED], sheet, plan),
            f"<g {HALO}>" + "".join(_code(part, sheet, plan) for part in devices) + "</g>",
            *_foot(plan, sheet, rooms),
            "</svg>",
        ]
    )


def _beside_the_building(plan: Plan) -> Plan:
    rooms = shapely.union_all([part.shape for part in plan.parts if part.layer == "room"])
    if rooms.is_empty:
        return plan
    near = shapely.buffer(shapely.convex_hull(rooms), OUTSIDE_M)
    return replace(
        plan, parts=tuple(part for part in plan.parts if part.layer not in ("furniture", "fixture") or shapely.intersects(near, part.shape))
    )


def _sheet(plan: Plan) -> _Sheet:
    shapes = [part.shape for part in plan.parts]
    if not shapes:
        return _Sheet(0.0, 100, (0.0, 0.0))
    outline = shapely.union_all([shapely.convex_hull(shape) for shape in shapes])
    ring = np.asarray(shapely.get_coordinates(shapely.oriented_envelope(outline)))
    sides = np.diff(ring, axis=0)
    longest = sides[np.argmax(np.linalg.norm(sides, axis=1))] if len(sides) else np.array([1.0, 0.0])
    angle = -float(np.arctan2(longest[1], longest[0]))
    angle = (angle + np.pi / 2) % np.pi - np.pi / 2
    c, s = np.cos(angle), np.sin(angle)
    turned = ring @ np.array([[c, s], [-s, c]])
    extent = turned.max(axis=0) - turned.min(axis=0)
    free = (PAGE_MM[0] - 2 * MARGIN_MM, PAGE_MM[1] - FOOT_MM - 2 * MARGIN_MM)
    needed = max(extent[0] * 1000 / free[0], extent[1] * 1000 / free[1])
    scale = next((one for one in SCALES if one >= needed), SCALES[-1])
    middle = ring[:-1].mean(axis=0) if len(ring) > 1 else ring.mean(axis=0)
    return _Sheet(angle, scale, (float(middle[0]), float(middle[1])))


def _layers(parts: list[PlanPart], sheet: _Sheet, plan: Plan) -> list[str]:
    return [_layer(layer, list(some), sheet, plan) for layer, some in groupby(parts, key=lambda part: part.layer)]


def _layer(layer: str, parts: list[PlanPart], sheet: _Sheet, plan: Plan) -> str:
    return f'<g class="{layer}" {STYLES[layer]} fill-rule="evenodd">' + "".join(_part(part, sheet, plan) for part in parts) + "</g>"


def _part(part: PlanPart, sheet: _Sheet, plan: Plan) -> str:
    name = escape(" ".join(text for text in plan.name_of(part.row) if text))
    feature = escape(plan.places.extents.ids[part.row])
    drawn = _path(part.shape, sheet)
    if part.shape.geom_type == "Point":
        x, y = sheet.xy(np.asarray(part.shape.coords)[:, :2])[0]
        drawn = _symbol(part.layer, x, y)
    return f'<path data-id="{feature}" d="{drawn}"><title>{name}</title></path>'


def _path(shape: BaseGeometry, sheet: _Sheet) -> str:
    if hasattr(shape, "geoms"):
        return "".join(_path(one, sheet) for one in shape.geoms)
    if isinstance(shape, shapely.Polygon):
        return "".join(_line(np.asarray(ring.coords)[:-1], sheet) + "Z" for ring in (shape.exterior, *shape.interiors))
    return _line(np.asarray(shape.coords), sheet) if shape.geom_type == "LineString" else ""


def _line(points: np.ndarray[tuple[int, ...], np.dtype[np.float64]], sheet: _Sheet) -> str:
    return "M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in sheet.xy(points[:, :2]))


def _symbol(layer: str, x: float, y: float) -> str:
    """A camera is a disc, a guard post a diamond."""
    r = SYMBOL_MM / 2
    if layer == "guard_post":
        return f"M{x:.2f} {y - 1.3 * r:.2f}L{x + 1.3 * r:.2f} {y:.2f}L{x:.2f} {y + 1.3 * r:.2f}L{x - 1.3 * r:.2f} {y:.2f}Z"
    return f"M{x - r:.2f} {y:.2f}a{r} {r} 0 1 0 {2 * r} 0a{r} {r} 0 1 0 {-2 * r} 0Z"


def _code_block(part: PlanPart, sheet: _Sheet, plan: Plan) -> BaseGeometry:
    """The rectangle that a device's symbol and code take, millimetres."""
    x, y = sheet.xy(np.asarray(part.shape.centroid.coords)[:, :2])[0]
    block: BaseGeometry = shapely.box(x - SYMBOL_MM, y - SYMBOL_MM, x + SYMBOL_MM + _em(_key(part, plan)) * CODE_MM, y + SYMBOL_MM)
    return block


def _code(part: PlanPart, sheet: _Sheet, plan: Plan) -> str:
    x, y = sheet.xy(np.asarray(part.shape.centroid.coords)[:, :2])[0]
    at = f'x="{x + SYMBOL_MM * 0.75:.2f}" y="{y + CODE_MM * 0.36:.2f}"'
    return f'<text {at} font-size="{CODE_MM}" fill="{CODES[part.layer]}">{escape(_key(part, plan))}</text>'


def _key(part: PlanPart, plan: Plan) -> str:
    """The code of a device in its register."""
    return plan.places.extents.ids[part.row].partition(":")[2]


def _label(part: PlanPart, sheet: _Sheet, plan: Plan, codes: BaseGeometry) -> str:
    """Number, name and area over each other or in one line, as large as the room holds beside its devices; a room too small has its
    title only, or nothing."""
    assert part.label_at is not None
    middle = sheet.xy(np.array([part.label_at[:2]]))[0]
    room = shapely.transform(part.shape, lambda points: sheet.xy(points[:, :2]))
    shifts = SHIFTS_MM if shapely.intersects(room, codes) else SHIFTS_MM[:1]
    free = shapely.difference(room, codes)
    number, name = plan.name_of(part.row)
    texts = [text for text in (number, name, f"{part.area_m2:.1f} m²") if text]
    layouts = (texts, [" ".join(texts)], [" ".join(texts[:-1])] if len(texts) > 1 else [], [number or name])
    for layout in layouts[:2], layouts[2:]:
        for size, lines, (dx, dy) in product(SIZES_MM, layout, shifts):
            x, y = float(middle[0]) + dx, float(middle[1]) + dy
            if lines and lines[0] and free.covers(_block(lines, size, x, y)):
                return _written(lines, size, x, y)
    return ""


def _block(lines: list[str], size: float, x: float, y: float) -> BaseGeometry:
    """The rectangle that lines take, millimetres, with air around."""
    wide, tall = max(_em(text) for text in lines) * size / 2 + AIR_MM, (len(lines) * LINE_EM - 0.24) * size / 2 + AIR_MM / 2
    return shapely.box(x - wide, y - tall, x + wide, y + tall)


def _written(lines: list[str], size: float, x: float, y: float) -> str:
    top = y - (len(lines) - 1) * size * LINE_EM / 2 + size * 0.36
    weights = ("600", "400", "400") if len(lines) > 1 else ("500",)
    rows = [(f'x="{x:.2f}" y="{top + i * size * LINE_EM:.2f}"', weights[i], escape(text)) for i, text in enumerate(lines)]
    return "".join(f'<text {at} font-size="{size:.2f}" font-weight="{weight}">{text}</text>' for at, weight, text in rows)


def _em(text: str) -> float:
    return sum(LATIN_EM if ord(character) < 0x2E80 else HAN_EM for character in text)


def _title(plan: Plan) -> str:
    words = plan.places.extents.words
    building = plan.places.position.get(words["building"][plan.storey] or "")
    seen = building is not None and plan.places.visible(plan.labels)[building]
    above = plan.name_of(building) if building is not None and seen else ("", "")
    return " · ".join(text for text in (" ".join(t for t in above if t), " ".join(t for t in plan.name_of(plan.storey) if t)) if text)


def _foot(plan: Plan, sheet: _Sheet, rooms: list[PlanPart]) -> list[str]:
    width, height = PAGE_MM
    y = height - FOOT_MM
    area = sum(part.area_m2 or 0.0 for part in rooms)
    facts = (
        f"比例 scale 1:{sheet.scale} (A3) · 剖切高度 cut {plan.cut_m:.2f} m 楼面以上 above floor · "
        f"{len(rooms)} 间 rooms · 合计 {area:,.1f} m² · 场景修订 scene revision {plan.places.extents.scene_revision}"
    )
    return [
        f'<line x1="{MARGIN_MM}" x2="{width - MARGIN_MM}" y1="{y}" y2="{y}" stroke="#222" stroke-width=".3"/>',
        f'<text x="{MARGIN_MM}" y="{y + 8}" font-size="5.2" font-weight="600" fill="#111">{escape(_title(plan))}</text>',
        f'<text x="{MARGIN_MM}" y="{y + 14}" font-size="3" fill="#444">{escape(facts)}</text>',
        *_legend(plan, y + 19.5),
        *_bar(sheet, width - MARGIN_MM - 22, y + 16),
        _north(sheet, width - MARGIN_MM - 8, y + 11),
    ]


def _legend(plan: Plan, y: float) -> list[str]:
    present = {part.layer for part in plan.parts}
    found, x = [], MARGIN_MM
    for layer, (zh, en) in LEGEND.items():
        if layer in present:
            text = f"{zh} {en}"
            mark = f'<path {STYLES[layer]} d="{_symbol(layer, x + 2.5, y - 0.9)}"/>'
            box = f'<rect {STYLES[layer]} x="{x:.1f}" y="{y - 2.4:.1f}" width="5" height="3"/>'
            found.append(mark if layer in ("camera", "guard_post") else box)
            found.append(f'<text x="{x + 6.4:.1f}" y="{y:.1f}" font-size="2.7" fill="#444">{escape(text)}</text>')
            x += 9 + 2.7 * _em(text)
    return found


def _bar(sheet: _Sheet, right: float, y: float) -> list[str]:
    metres = max(one for one in BARS_M if one * 1000 / sheet.scale <= 60 or one == BARS_M[0])
    length = metres * 1000 / sheet.scale
    step, left = length / 4, right - length
    boxes = [
        f'<rect x="{left + i * step:.2f}" y="{y}" width="{step:.2f}" height="1.6" fill="{"#222" if i % 2 == 0 else "#fff"}" '
        'stroke="#222" stroke-width=".15"/>'
        for i in range(4)
    ]
    marks = ((left, "0"), (left + length / 2, f"{metres / 2:g}"), (right, f"{metres} m"))
    return boxes + [f'<text {WRITTEN} x="{x:.2f}" y="{y - 1.2}" font-size="2.6">{text}</text>' for x, text in marks]


def _north(sheet: _Sheet, x: float, y: float) -> str:
    turn = -float(np.degrees(sheet.angle))
    return (
        f'<g transform="translate({x:.1f} {y:.1f}) rotate({turn:.2f})"><path d="M0 -6L2.4 5L0 3.2L-2.4 5Z" fill="#222"/>'
        f'<text {WRITTEN} y="-7" font-size="3.2" font-weight="600">北 N</text></g>'
    )
