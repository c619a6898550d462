"""The vector layers as one GeoPackage: roads, paving, green, hedges, water, kerbs, markings, furniture, perimeter, gates, trees."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import geopandas
import numpy as np
import pyogrio
from shapely import contains_xy, get_parts
from shapely.geometry import LineString, Point, Polygon, box
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from twin.demo.dressing import kerbs, markings, things
from twin.demo.ground import Cover, beds, built, compound_covers, hedges, quarter_covers, water
from twin.demo.siteplan import CRS, GATES, PERIMETER, to_grid, to_grid_geometry
from twin.demo.streets import COMPOUND_ROADS, city_cells, city_streets, network, roads
from twin.demo.terrain import on_hill

__all__ = ["write_layers"]

FENCE_M = 2.4
GATE_M = 3.2
GATE_COURT = box(-17, -141, 18, -113)
STAMP = "2026-03-02T08:00:00.000Z"

Tree = tuple[float, float, str, float, float]


def write_layers(path: Path, rng: np.random.Generator, *, standing: Sequence[Polygon] = ()) -> None:
    """Write all layers into one GeoPackage in EPSG:4549; `standing` are city footprints (plan) that ground and trees keep away from."""
    surface, houses = network(), built()
    wet = unary_union([geometry for _, geometry in water()])
    ground = Polygon(PERIMETER).buffer(-0.6)
    covers = compound_covers()
    paved = unary_union([cover.shape for cover in covers])
    quarter, yards = quarter_covers(standing)
    free = ground.difference(unary_union([surface.buffer(0.2), houses.buffer(0.5), wet, paved.buffer(0.1)]))
    lawns = get_parts(ground.difference(unary_union([surface, houses, wet, paved])).buffer(-0.05).buffer(0.05, join_style="mitre"))
    trees = _trees(rng, unary_union([surface.buffer(0.6), houses.buffer(3.0), wet.buffer(0.8), *_car_parks(covers), GATE_COURT]), standing)
    previous = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": STAMP})
    try:
        _write_ways(path, [*covers, *quarter])
        green = [g for g in (*lawns, *yards) if g.area > 4.0]
        _write(path, "green", {"name": [f"草坪{i + 1}" for i in range(len(green))], "class": ["草坪"] * len(green)}, green)
        hedge = hedges(free)
        columns: dict[str, list[object]] = {
            "name": [h[0] for h in hedge],
            "class": ["灌木"] * len(hedge),
            "height_m": [h[1] for h in hedge],
        }
        _write(path, "hedges", columns, [h[2] for h in hedge])
        _write(path, "water", {"name": [name for name, _ in water()]}, [geometry for _, geometry in water()])
        _write_dressing(path, rng)
        _write_perimeter(path)
        columns = {"species": [t[2] for t in trees], "height_m": [t[3] for t in trees], "crown_m": [t[4] for t in trees]}
        _write(path, "trees", columns, [Point(t[0], t[1]) for t in trees])
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": previous})


def _write_ways(path: Path, covers: Sequence[Cover]) -> None:
    rows = roads()
    columns: dict[str, list[object]] = {
        "name": [r.name for r in rows],
        "class": [r.kind for r in rows],
        "width_m": [r.width_m for r in rows],
    }
    _write(path, "roads", columns, [LineString(r.line) for r in rows])
    columns = {"name": [c.name for c in covers], "class": [c.kind for c in covers], "surface": [c.material or None for c in covers]}
    _write(path, "paving", columns, [c.shape for c in covers])


def _write_dressing(path: Path, rng: np.random.Generator) -> None:
    stones, paint, standing = kerbs(), markings(), things(rng)
    columns: dict[str, list[object]] = {
        "name": [k.name for k in stones],
        "kind": [k.kind for k in stones],
        "width_m": [k.width_m for k in stones],
        "height_m": [k.height_m for k in stones],
    }
    _write(path, "kerbs", columns, [k.line for k in stones])
    columns = {"name": [m.name for m in paint], "kind": [m.kind for m in paint], "width_m": [m.width_m or None for m in paint]}
    _write(path, "markings", columns, [m.shape for m in paint])
    columns = {"kind": [t.kind for t in standing], "heading_deg": [t.heading_deg for t in standing]}
    _write(path, "furniture", columns, [Point(t.u, t.v) for t in standing])


def _write_perimeter(path: Path) -> None:
    fence = _fence()
    _write(path, "perimeter", {"name": [f"围墙{i + 1}" for i in range(len(fence))], "height_m": [FENCE_M] * len(fence)}, fence)
    columns: dict[str, list[object]] = {
        "name": [g.name for g in GATES],
        "kind": [g.kind for g in GATES],
        "width_m": [g.width_m for g in GATES],
        "height_m": [GATE_M] * len(GATES),
    }
    _write(path, "gates", columns, [Point(g.u, g.v) for g in GATES])


def _fence() -> list[LineString]:
    """The perimeter without the gaps of its gates."""
    ring = LineString([*PERIMETER, PERIMETER[0]])
    gaps = unary_union([_gap(g.u, g.v, g.width_m) for g in GATES])
    return [part for part in get_parts(ring.difference(gaps)) if part.length > 0.1]


def _gap(u: float, v: float, width: float) -> Polygon:
    along = abs(abs(v) - 120.0) < 1e-6
    return box(u - width / 2, v - 1, u + width / 2, v + 1) if along else box(u - 1, v - width / 2, u + 1, v + width / 2)


def _car_parks(covers: Sequence[Cover]) -> list[BaseGeometry]:
    return [cover.shape for cover in covers if cover.kind == "停车场"]


def _trees(rng: np.random.Generator, blocked: BaseGeometry, standing: Sequence[Polygon]) -> list[Tree]:
    rows: list[Tree] = []

    def add(u: float, v: float, species: str, height: tuple[float, float], spread: float) -> None:
        tall = float(rng.uniform(*height))
        rows.append((round(u, 2), round(v, 2), species, round(tall, 1), round(tall * spread, 1)))

    for v in np.arange(-112.0, -70.0, 7.0):
        for u in (-8.6, 8.6):
            add(u, float(v), "palm", (9.0, 11.0), 0.5)
    for road in COMPOUND_ROADS[:4]:
        for u, v in _beside(road.line, 8.0, 9.0, 5.9):
            add(u, v, "camphor", (7.0, 9.5), 0.7)
    for road in city_streets():
        for u, v in _beside(road.line, 14.0, 15.0, road.width_m / 2 + 3.4):
            add(u, v, "banyan", (7.0, 10.0), 0.9)
    for a in np.linspace(0.0, 2 * math.pi, 16, endpoint=False):
        add(-88 + 32 * math.cos(a), 58 + 18.5 * math.sin(a), "banyan", (6.0, 8.0), 0.9)
    for bed in beds():
        u0, v0, u1, v1 = bed.bounds
        for u in np.arange(u0 + 4.0, u1 - 2.0, (u1 - u0 - 8.0) / 2):
            add(float(u), (v0 + v1) / 2, "palm", (6.0, 8.0), 0.6)
    inside = Polygon(PERIMETER).buffer(-4.0)
    for u, v in _scatter(rng, (-148, -118, 148, 112), 320, 7.5):
        if contains_xy(inside, u, v) and abs(u) > 50:
            add(u, v, ("camphor", "banyan")[int(rng.integers(2))], (6.0, 11.0), 0.8)
    wild = _scatter(rng, (-420, 118, 470, 640), 4200, 7.6)
    wooded = on_hill(np.array([u for u, _ in wild]), np.array([v for _, v in wild]), over_m=1.4)
    for (u, v), grows in zip(wild, wooded, strict=True):
        if grows:
            add(u, v, ("camphor", "camphor", "banyan")[int(rng.integers(3))], (8.0, 14.0), 0.8)
    for cell in city_cells():
        for u, v in _scatter(rng, cell.buffer(-13.0).bounds, 40, 7.5):
            add(u, v, ("camphor", "banyan")[int(rng.integers(2))], (5.0, 9.0), 0.8)
    keep_out = unary_union([blocked, *(polygon.buffer(3.4) for polygon in standing)])
    free = ~contains_xy(keep_out, [row[0] for row in rows], [row[1] for row in rows])
    return [row for row, keep in zip(rows, free, strict=True) if keep]


def _beside(line: tuple[tuple[float, float], ...], first: float, every: float, aside: float) -> list[tuple[float, float]]:
    """Points on both sides of a straight line."""
    (u0, v0), (u1, v1) = line
    run = math.hypot(u1 - u0, v1 - v0)
    nu, nv = -(v1 - v0) / run, (u1 - u0) / run
    return [
        (u0 + (u1 - u0) * s / run + nu * side, v0 + (v1 - v0) * s / run + nv * side)
        for s in np.arange(first, run - first / 2, every)
        for side in (-aside, aside)
    ]


def _scatter(rng: np.random.Generator, bounds: tuple[float, float, float, float], count: int, apart: float) -> list[tuple[float, float]]:
    """Random points at least `apart` metres from each other; as many of `count` tries as find room."""
    kept = np.empty((count, 2))
    found = 0
    for point in rng.uniform(bounds[:2], bounds[2:], size=(count, 2)):
        if not found or np.hypot(*(kept[:found] - point).T).min() >= apart:
            kept[found] = point
            found += 1
    return [(float(u), float(v)) for u, v in kept[:found]]


def _write(path: Path, layer: str, columns: Mapping[str, Sequence[object]], shapes: Sequence[BaseGeometry]) -> None:
    moved = [Point(*to_grid(s.x, s.y)) if isinstance(s, Point) else to_grid_geometry(s) for s in shapes]
    frame = geopandas.GeoDataFrame(columns, geometry=moved, crs=CRS)
    frame.to_file(path, layer=layer, driver="GPKG", engine="pyogrio", mode="a" if path.exists() else "w")
