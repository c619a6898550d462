"""What covers the ground: the plaza and its bands, walks, car parks with their bays, lawns, beds, water, and the quarters' yards."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from shapely import get_parts, set_precision
from shapely.geometry import LineString, MultiLineString, Polygon, box
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from twin.demo.siteplan import LODGES, PERIMETER, plinths
from twin.demo.streets import city_cells, network

__all__ = ["CAR_PARKS", "CarPark", "Cover", "beds", "built", "compound_covers", "hedges", "quarter_covers", "water"]

BAY_M, BAY_DEPTH_M = 2.5, 5.3
PLAZA = box(-43, -63, 43, 31)
BAND_M, BAND_EVERY_M = 0.7, 10.75
SIDE_M = 4.5
GRANITE, DARK = "花岗岩", "深灰花岗岩"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """A piece of ground: name, kind and material as the layer says them, and its area in the plan."""

    name: str
    kind: str
    material: str
    shape: BaseGeometry


@dataclass(frozen=True, slots=True, kw_only=True)
class CarPark:
    """A car park: its area with the way in, and rows of bays: first corner, direction along the row, how many, where they open to."""

    name: str
    area: BaseGeometry
    rows: tuple[tuple[tuple[float, float], tuple[float, float], int, tuple[float, float]], ...]

    def bays(self) -> list[tuple[float, float, float]]:
        """Middle of each bay in the plan, and the direction a car in it faces, degrees from u towards v."""
        found = []
        for (u, v), (du, dv), count, (ou, ov) in self.rows:
            for i in range(count):
                s = (i + 0.5) * BAY_M
                deep = BAY_DEPTH_M / 2
                found.append((u + du * s - ou * deep, v + dv * s - ov * deep, math.degrees(math.atan2(ov, ou))))
        return found

    def lines(self) -> MultiLineString:
        """The painted lines between the bays, and along their closed ends."""
        lines = []
        for (u, v), (du, dv), count, (ou, ov) in self.rows:
            for i in range(count + 1):
                a = (u + du * i * BAY_M, v + dv * i * BAY_M)
                lines.append(LineString([a, (a[0] - ou * BAY_DEPTH_M, a[1] - ov * BAY_DEPTH_M)]))
            back = (u - ou * BAY_DEPTH_M, v - ov * BAY_DEPTH_M)
            lines.append(LineString([back, (back[0] + du * count * BAY_M, back[1] + dv * count * BAY_M)]))
        return MultiLineString(lines)


CAR_PARKS = (
    CarPark(
        name="东停车场",
        area=unary_union([box(53.5, -84, 71.5, -12), box(59.3, -88.5, 65.7, -84)]),
        rows=(((59.2, -82.5), (0, 1), 27, (1, 0)), ((65.8, -82.5), (0, 1), 27, (-1, 0))),
    ),
    CarPark(
        name="北停车场",
        area=unary_union([box(42, 43.5, 96, 56), box(64, 37, 71, 43.5)]),
        rows=(((43.5, 50.5), (1, 0), 20, (0, -1)),),
    ),
    CarPark(
        name="西停车场",
        area=unary_union([box(-122, -84, -109.6, -12), box(-121.5, -88.5, -115, -84)]),
        rows=(((-115.1, -82.5), (0, 1), 27, (-1, 0)),),
    ),
)


def water() -> list[tuple[str, Polygon]]:
    """The carp pond and the pool of the plaza."""
    angles = np.linspace(0.0, 2 * math.pi, 48, endpoint=False)
    pond = Polygon([(-88 + (23 + 3.5 * math.sin(2 * a)) * math.cos(a), 58 + (13 + 2 * math.cos(3 * a)) * math.sin(a)) for a in angles])
    return [("锦鲤池", pond), ("广场水池", box(-12, -24, 12, -14))]


def beds() -> list[Polygon]:
    """The raised beds of the plaza."""
    corners = [box(u, v, u + 24, v + 20) for u in (-36, 12) for v in (-58, -6)]
    return [*corners, box(-36, -31, -18, -11), box(18, -31, 36, -11)]


def hedges(free: BaseGeometry) -> list[tuple[str, float, BaseGeometry]]:
    """Clipped hedges, name, height in metres and area: around the beds, and along the ways where `free` of anything else."""
    rows: list[tuple[str, float, BaseGeometry]] = []
    for i, bed in enumerate(beds()):
        rows.append((f"花坛绿篱{i + 1}", 0.7, bed.buffer(-0.7, join_style="mitre").difference(bed.buffer(-1.6, join_style="mitre"))))
    ways = (box(-121, -86.1, -7.2, -85.1), box(7.2, -86.1, 121, -85.1), box(-120, 75.1, 120, 76.1))
    sides = (box(-122.1, -10, -121.1, 28), box(121.1, -30, 122.1, 75), box(-30, 40.6, -14, 41.6), box(14, 40.6, 30, 41.6))
    for i, way in enumerate((*ways, *sides)):
        parts = get_parts(way.intersection(free))
        rows += [(f"绿篱{i + 1}", 0.8, part) for part in parts if isinstance(part, Polygon) and part.area > 3.0]
    return rows


@lru_cache(maxsize=1)
def built() -> BaseGeometry:
    """What stands on the compound's ground, with plinths, steps and lodges."""
    return unary_union([*plinths().values(), *(lodge.buffer(0.4, join_style="mitre") for lodge in LODGES.values())])


def compound_covers() -> list[Cover]:
    """Paving within the perimeter, no piece on another."""
    surface, houses = network(), built()
    wet = unary_union([shape for _, shape in water()])
    ground = Polygon(PERIMETER).buffer(-0.6)
    plaza = PLAZA.difference(unary_union([bed.buffer(0.15, join_style="mitre") for bed in beds()]))
    pool = water()[1][1]
    across = [box(-43, v, 43, v + BAND_M) for v in np.arange(-63 + BAND_EVERY_M, 31, BAND_EVERY_M)]
    along = [box(u, -63, u + BAND_M, 31) for u in np.arange(-43 + BAND_EVERY_M, 43, BAND_EVERY_M)]
    rim = pool.buffer(2.2, join_style="mitre").difference(pool)
    axis = unary_union([box(-4.2, -63, -3.2, 31), box(3.2, -63, 4.2, 31)])
    rings = unary_union([houses.buffer(3.0, join_style="mitre"), water()[0][1].buffer(2.4)])
    shapes = [
        ("中心广场石带", "广场", DARK, unary_union([*across, *along, rim, axis]).intersection(plaza)),
        ("中心广场", "广场", GRANITE, plaza),
        ("礼堂前广场", "广场", GRANITE, box(-60, -36, -49, -6)),
        *((park.name, "停车场", "沥青", park.area) for park in CAR_PARKS),
        ("楼前人行道", "人行道", "砖", rings),
        ("路侧人行道", "人行道", "", surface.intersection(ground).buffer(2.2, join_style="mitre").difference(surface)),
        ("池畔步道", "园路", "砾石", LineString([(-62, 66), (-40, 73), (-24, 70)]).buffer(0.9)),
    ]
    return _apart(shapes, unary_union([surface, houses, wet]), ground)


def quarter_covers(standing: Sequence[Polygon]) -> tuple[list[Cover], list[BaseGeometry]]:
    """Paving and green of the quarters: walks along the streets, aprons round the buildings, lanes, and lawns between."""
    surface = network()
    houses = unary_union(list(standing))
    covers: list[Cover] = []
    yards: list[BaseGeometry] = []
    front = [
        (f"湖东路北侧人行道{i + 1}", "人行道", "砖", walk)
        for i, walk in enumerate((box(-186, -139, -5, -134.4), box(5, -139, 186, -134.4)))
    ]
    covers += _apart(front, surface.buffer(0.01), box(-186, -139, 186, -134.4))
    aprons = houses.buffer(3.2, join_style="mitre")
    for i, cell in enumerate(city_cells()):
        inner = cell.difference(surface.buffer(0.01))
        block = inner.buffer(-SIDE_M, join_style="mitre")
        middle = block.centroid
        u0, v0, u1, v1 = block.bounds
        lanes = unary_union([box(middle.x - 2.75, v0, middle.x + 2.75, v1), box(u0, middle.y - 2.5, u1, middle.y + 2.5)])
        shapes = [
            (f"街区{i + 1}人行道", "人行道", "", inner.difference(block)),
            (f"街区{i + 1}小区路", "街区铺装", "沥青", lanes.intersection(block)),
            (f"街区{i + 1}", "街区铺装", "混凝土", aprons.intersection(block)),
        ]
        pieces = _apart(shapes, unary_union([surface.buffer(0.01), houses]), inner)
        covers += pieces
        left = block.difference(unary_union([houses, *(piece.shape for piece in pieces)])).buffer(-0.4).buffer(0.35, join_style="mitre")
        yards += [part for part in get_parts(left) if isinstance(part, Polygon) and part.area > 12.0]
    return covers, yards


def _apart(shapes: Sequence[tuple[str, str, str, BaseGeometry]], taken: BaseGeometry, within: BaseGeometry) -> list[Cover]:
    rows: list[Cover] = []
    for name, kind, material, shape in shapes:
        left = set_precision(shape.intersection(within).difference(taken), 1e-4)
        taken = taken.union(left)
        rows += [
            Cover(name=name, kind=kind, material=material, shape=part)
            for part in get_parts(left)
            if isinstance(part, Polygon) and part.area > 0.8
        ]
    return rows
