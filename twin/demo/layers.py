"""What lies on the ground: roads that meet at shared vertices, paving, lawns, water, the perimeter and its gates, trees."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import geopandas
import numpy as np
import pyogrio
from shapely import contains_xy, get_parts
from shapely.geometry import LineString, Point, Polygon, box
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from twin.demo.siteplan import CRS, GATES, PERIMETER, plinths, to_grid, to_grid_geometry
from twin.demo.terrain import on_hill

__all__ = ["Road", "city_cells", "network", "roads", "write_layers"]

STREETS_U = (-620.0, -480.0, -340.0, -190.0, 190.0, 340.0, 480.0, 620.0)
STREETS_V = (-560.0, -420.0, -285.0, -150.0, 34.0, 190.0)
FENCE_M = 2.4
GATE_M = 3.2
STAMP = "2026-03-02T08:00:00.000Z"


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
    lines = [*COMPOUND_ROADS, *(_streets() if city else ())]
    cut = [_split(road, [_meeting(road, other) for other in lines if other is not road]) for road in lines]
    return [piece for pieces in cut for piece in pieces]


def network() -> BaseGeometry:
    """The surface of all roads in the plan, rounded at their ends."""
    return unary_union([LineString(road.line).buffer(road.width_m / 2) for road in roads()])


def city_cells() -> list[Polygon]:
    """The blocks between the streets, without the compound and the hill."""
    cells = []
    for u0, u1 in pairwise(STREETS_U):
        for v0, v1 in pairwise(STREETS_V):
            cell = box(u0, v0, u1, v1)
            corners = np.array(cell.buffer(-12.0).exterior.coords)
            compound = u0 >= -200 and u1 <= 200 and v0 >= -151
            if not compound and not on_hill(corners[:, 0], corners[:, 1]).any():
                cells.append(cell)
    return cells


def write_layers(path: Path, rng: np.random.Generator, *, built: Sequence[Polygon] = ()) -> None:
    """Write all layers into one GeoPackage in EPSG:4549; `built` are city footprints (plan) that trees keep away from."""
    surface = network()
    water = [("锦鲤池", _pond()), ("广场水池", box(-12, -24, 12, -14))]
    wet = unary_union([geometry for _, geometry in water])
    houses = unary_union(list(plinths().values()))
    ground = Polygon(PERIMETER).buffer(-0.6)
    paving = _paving(surface, houses, wet, ground)
    paved = unary_union([geometry for _, _, geometry in paving])
    blocks, yards = _city_ground(surface, built)
    paving += blocks
    lawns = get_parts(ground.difference(unary_union([surface, houses, wet, paved])).buffer(-0.05).buffer(0.05, join_style="mitre"))
    trees = _trees(rng, unary_union([surface.buffer(0.6), houses.buffer(3.0), wet.buffer(0.8)]), built)
    rows = roads()
    previous = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": STAMP})
    try:
        _write(
            path,
            "roads",
            {"name": [r.name for r in rows], "class": [r.kind for r in rows], "width_m": [r.width_m for r in rows]},
            [LineString(r.line) for r in rows],
        )
        _write(path, "paving", {"name": [p[0] for p in paving], "class": [p[1] for p in paving]}, [p[2] for p in paving])
        green = [g for g in (*lawns, *yards) if g.area > 4.0]
        _write(path, "green", {"name": [f"草坪{i + 1}" for i in range(len(green))], "class": ["草坪"] * len(green)}, green)
        _write(path, "water", {"name": [name for name, _ in water]}, [geometry for _, geometry in water])
        fence = _fence()
        _write(path, "perimeter", {"name": [f"围墙{i + 1}" for i in range(len(fence))], "height_m": [FENCE_M] * len(fence)}, fence)
        _write(
            path,
            "gates",
            {
                "name": [g.name for g in GATES],
                "kind": [g.kind for g in GATES],
                "width_m": [g.width_m for g in GATES],
                "height_m": [GATE_M] * len(GATES),
            },
            [Point(g.u, g.v) for g in GATES],
        )
        columns: dict[str, list[object]] = {
            "species": [t[2] for t in trees],
            "height_m": [t[3] for t in trees],
            "crown_m": [t[4] for t in trees],
        }
        _write(path, "trees", columns, [Point(t[0], t[1]) for t in trees])
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": previous})


def _streets() -> list[Road]:
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


def _fence() -> list[LineString]:
    """The perimeter without the gaps of its gates."""
    ring = LineString([*PERIMETER, PERIMETER[0]])
    gaps = unary_union([_gap(g.u, g.v, g.width_m) for g in GATES])
    return [part for part in get_parts(ring.difference(gaps)) if part.length > 0.1]


def _gap(u: float, v: float, width: float) -> Polygon:
    along = abs(abs(v) - 120.0) < 1e-6
    return box(u - width / 2, v - 1, u + width / 2, v + 1) if along else box(u - 1, v - width / 2, u + 1, v + width / 2)


def _pond() -> Polygon:
    angles = np.linspace(0.0, 2 * math.pi, 40, endpoint=False)
    return Polygon([(-88 + (23 + 3.5 * math.sin(2 * a)) * math.cos(a), 58 + (13 + 2 * math.cos(3 * a)) * math.sin(a)) for a in angles])


def _paving(surface: BaseGeometry, houses: BaseGeometry, wet: BaseGeometry, ground: Polygon) -> list[tuple[str, str, BaseGeometry]]:
    beds = unary_union([box(u, v, u + 24, v + 20) for u in (-36, 12) for v in (-58, -6)] + [box(-36, -31, -18, -11), box(18, -31, 36, -11)])
    rings = unary_union([houses.buffer(3.0, join_style="mitre"), _pond().buffer(2.0)])
    shapes = [
        ("中心广场", "广场", box(-43, -63, 43, 31).difference(beds)),
        ("礼堂前广场", "广场", box(-60, -36, -49, -6)),
        ("东停车场", "停车场", box(60, -84, 72, -10)),
        ("北停车场", "停车场", box(40, 44, 92, 58)),
        ("西停车场", "停车场", box(-122, -84, -110, -10)),
        ("楼前人行道", "人行道", rings),
        ("路侧人行道", "人行道", surface.intersection(ground).buffer(2.2, join_style="mitre").difference(surface)),
    ]
    taken = unary_union([surface, houses, wet])
    rows: list[tuple[str, str, BaseGeometry]] = []
    for name, kind, shape in shapes:
        left = shape.intersection(ground).difference(taken)
        taken = taken.union(left)
        rows += [(name, kind, part) for part in get_parts(left) if isinstance(part, Polygon) and part.area > 1.0]
    return rows


def _city_ground(surface: BaseGeometry, built: Sequence[Polygon]) -> tuple[list[tuple[str, str, BaseGeometry]], list[BaseGeometry]]:
    """Paved city blocks with green yards between their buildings."""
    houses = unary_union(list(built))
    paving: list[tuple[str, str, BaseGeometry]] = []
    yards: list[BaseGeometry] = []
    for i, cell in enumerate(city_cells()):
        inner = cell.difference(surface.buffer(0.01))
        green = get_parts(
            cell.buffer(-17.0, join_style="mitre").difference(houses.buffer(4.5, join_style="mitre")).buffer(-1.5).buffer(1.5)
        )
        yards += list(green)
        left = inner.difference(unary_union([houses, *green]))
        paving += [(f"街区{i + 1}", "街区铺装", part) for part in get_parts(left) if isinstance(part, Polygon) and part.area > 1.0]
    return paving, yards


def _trees(rng: np.random.Generator, blocked: BaseGeometry, built: Sequence[Polygon]) -> list[tuple[float, float, str, float, float]]:
    rows: list[tuple[float, float, str, float, float]] = []

    def add(u: float, v: float, species: str, height: tuple[float, float], spread: float) -> None:
        tall = float(rng.uniform(*height))
        rows.append((round(u, 2), round(v, 2), species, round(tall, 1), round(tall * spread, 1)))

    for v in np.arange(-112.0, -70.0, 7.0):
        for u in (-8.6, 8.6):
            add(u, float(v), "palm", (9.0, 11.0), 0.42)
    for road in COMPOUND_ROADS[:4]:
        (u0, v0), (u1, v1) = road.line
        run = math.hypot(u1 - u0, v1 - v0)
        nu, nv = -(v1 - v0) / run, (u1 - u0) / run
        for s in np.arange(8.0, run - 4.0, 9.0):
            for side in (-5.9, 5.9):
                add(u0 + (u1 - u0) * s / run + nu * side, v0 + (v1 - v0) * s / run + nv * side, "camphor", (7.0, 9.5), 0.6)
    for road in _streets():
        (u0, v0), (u1, v1) = road.line
        run = math.hypot(u1 - u0, v1 - v0)
        nu, nv = -(v1 - v0) / run, (u1 - u0) / run
        reach = road.width_m / 2 + 3.0
        for s in np.arange(14.0, run - 8.0, 18.0):
            for side in (-reach, reach):
                add(u0 + (u1 - u0) * s / run + nu * side, v0 + (v1 - v0) * s / run + nv * side, "banyan", (7.0, 10.0), 0.7)
    for a in np.linspace(0.0, 2 * math.pi, 16, endpoint=False):
        add(-88 + 32 * math.cos(a), 58 + 18.5 * math.sin(a), "banyan", (6.0, 8.0), 0.8)
    for u in (-30.0, -24.0, -18.0, 18.0, 24.0, 30.0):
        for v in (-50.0, 4.0):
            add(u, v, "palm", (6.0, 8.0), 0.45)
    inside = Polygon(PERIMETER).buffer(-4.0)
    for u, v in _scatter(rng, (-148, -118, 148, 112), 260, 8.5):
        if contains_xy(inside, u, v) and abs(u) > 50:
            add(u, v, "banyan", (7.0, 11.0), 0.8)
    for u, v in _scatter(rng, (-300, 122, 330, 560), 2400, 8.0):
        if on_hill(np.array([u]), np.array([v]))[0]:
            add(u, v, ("camphor", "banyan")[int(rng.integers(2))], (9.0, 15.0), 0.62)
    for cell in city_cells():
        for u, v in _scatter(rng, cell.buffer(-20.0).bounds, 26, 9.0):
            add(u, v, ("camphor", "banyan")[int(rng.integers(2))], (5.0, 9.0), 0.65)
    keep_out = unary_union([blocked, *(polygon.buffer(2.5) for polygon in built)])
    free = ~contains_xy(keep_out, [row[0] for row in rows], [row[1] for row in rows])
    return [row for row, keep in zip(rows, free, strict=True) if keep]


def _scatter(rng: np.random.Generator, bounds: tuple[float, float, float, float], count: int, apart: float) -> list[tuple[float, float]]:
    """Random points at least `apart` metres from each other; as many of `count` tries as find room."""
    kept = np.empty((0, 2))
    for point in rng.uniform(bounds[:2], bounds[2:], size=(count, 2)):
        if not len(kept) or np.hypot(*(kept - point).T).min() >= apart:
            kept = np.vstack([kept, point])
    return [(float(u), float(v)) for u, v in kept]


def _write(path: Path, layer: str, columns: Mapping[str, Sequence[object]], shapes: Sequence[BaseGeometry]) -> None:
    moved = [Point(*to_grid(s.x, s.y)) if isinstance(s, Point) else to_grid_geometry(s) for s in shapes]
    frame = geopandas.GeoDataFrame(columns, geometry=moved, crs=CRS)
    frame.to_file(path, layer=layer, driver="GPKG", engine="pyogrio", mode="a" if path.exists() else "w")
