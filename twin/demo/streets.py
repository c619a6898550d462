"""Roads of the demo: the compound's own, the streets around it, cut where they meet; and the blocks between."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from shapely import get_parts
from shapely.geometry import LineString, Point, Polygon, box
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from twin.demo.siteplan import GATES
from twin.demo.terrain import on_hill

__all__ = ["COMPOUND_ROADS", "Road", "city_cells", "city_streets", "network", "roads"]

STREETS_U = (-620.0, -480.0, -340.0, -190.0, 190.0, 340.0, 480.0, 620.0)
STREETS_V = (-560.0, -420.0, -285.0, -150.0, 34.0, 190.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Road:
    """A centre line in the plan with its class and width; `roads` cuts them where they meet."""

    name: str
    kind: str
    width_m: float
    line: tuple[tuple[float, float], ...]


COMPOUND_ROADS = (
    Road(name="环院南路", kind="院内道路", width_m=7.0, line=((-128, -92), (128, -92))),
    Road(name="环院东路", kind="院内道路", width_m=7.0, line=((128, -92), (128, 82))),
    Road(name="环院北路", kind="院内道路", width_m=7.0, line=((128, 82), (-128, 82))),
    Road(name="环院西路", kind="院内道路", width_m=7.0, line=((-128, 82), (-128, -92))),
    Road(name="迎宾路", kind="院内道路", width_m=10.0, line=((0, -150), (0, -66))),
    Road(name="广场南路", kind="院内道路", width_m=6.0, line=((-46, -66), (46, -66))),
    Road(name="广场西路", kind="院内道路", width_m=6.0, line=((-46, -66), (-46, 34))),
    Road(name="广场东路", kind="院内道路", width_m=6.0, line=((46, -66), (46, 34))),
    Road(name="综合楼前路", kind="院内道路", width_m=6.0, line=((-128, 34), (128, 34))),
    Road(name="东门路", kind="院内道路", width_m=7.0, line=((128, -40), (190, -40))),
    Road(name="西门步道", kind="步行道", width_m=3.0, line=((-128, 34), (-190, 34))),
    Road(name="南门步道", kind="步行道", width_m=2.0, line=((12, -92), (12, -150))),
)


def roads(*, city: bool = True) -> list[Road]:
    """Every road cut at every junction; two roads that meet share the vertex exactly."""
    lines = [*COMPOUND_ROADS, *(city_streets() if city else ())]
    cut = [_split(road, [_meeting(road, other) for other in lines if other is not road]) for road in lines]
    return [piece for pieces in cut for piece in pieces]


@lru_cache(maxsize=1)
def network() -> BaseGeometry:
    """The surface of all roads in the plan, rounded at their ends."""
    return unary_union([LineString(road.line).buffer(road.width_m / 2) for road in roads()])


def city_cells() -> list[Polygon]:
    """The blocks between the streets, without the compound and the hill."""
    cells = []
    for v0, v1 in pairwise(STREETS_V):
        for u0, u1 in pairwise(sorted({*STREETS_U, 0.0}) if v1 <= -150.0 else STREETS_U):
            cell = box(u0, v0, u1, v1)
            corners = np.array(cell.buffer(-12.0).exterior.coords)
            compound = u0 >= -200 and u1 <= 200 and v0 >= -151
            if not compound and not on_hill(corners[:, 0], corners[:, 1]).mean() > 0.5:
                cells.append(cell)
    return cells


def city_streets() -> list[Road]:
    """The streets outside: a grid, a wide avenue along the south front and a boulevard up to the south gate."""
    rows = []
    west, east, south = STREETS_U[0], STREETS_U[-1], STREETS_V[0]
    for i, u in enumerate(STREETS_U):
        rows.append(
            Road(
                name=f"屏西{i + 1}路" if u < 0 else f"屏东{i - 3}路",
                kind="城市支路",
                width_m=12.0,
                line=((u, south), (u, 190.0 if abs(u) > 300 else 34.0 if u < 0 else -40.0)),
            )
        )
    rows.append(Road(name="屏前大道", kind="城市次干路", width_m=18.0, line=((0.0, south), (0.0, -150.0))))
    for i, v in enumerate(STREETS_V):
        wide = v == -150.0
        name, kind, width = ("湖东路", "城市主干路", 22.0) if wide else (f"鼓屏{i + 1}巷", "城市支路", 12.0)
        if v < 0:
            rows.append(Road(name=name, kind=kind, width_m=width, line=((west, v), (east, v))))
        else:
            inner = 190.0 if v < 100 else 340.0
            rows.append(Road(name=f"{name}西段", kind=kind, width_m=width, line=((west, v), (-inner, v))))
            rows.append(Road(name=f"{name}东段", kind=kind, width_m=width, line=((190.0 if v < 100 else inner, v), (east, v))))
    return rows


def _meeting(road: Road, other: Road) -> list[tuple[float, float]]:
    crossing = LineString(road.line).intersection(LineString(other.line))
    return [(round(p.x, 6), round(p.y, 6)) for p in get_parts(crossing) if isinstance(p, Point)]


def _split(road: Road, meetings: Sequence[Sequence[tuple[float, float]]]) -> list[Road]:
    (u0, v0), (u1, v1) = road.line
    gate = [(g.u, g.v) for g in GATES if LineString(road.line).distance(Point(g.u, g.v)) < 1e-6]
    stops = {(float(u0), float(v0)), (float(u1), float(v1)), *gate, *(p for row in meetings for p in row)}
    ordered = sorted(stops, key=lambda p: (p[0] - u0) * (u1 - u0) + (p[1] - v0) * (v1 - v0))
    return [Road(name=road.name, kind=road.kind, width_m=road.width_m, line=(a, b)) for a, b in pairwise(ordered)]
