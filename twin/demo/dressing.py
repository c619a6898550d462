"""What makes a street a street: kerbs, crossings, lane lines, lamps, benches, bins, bollards and parked cars."""

import math
from dataclasses import dataclass

import numpy as np
from shapely import contains_xy, get_parts, simplify
from shapely.geometry import LineString, MultiLineString, MultiPolygon, Polygon, box
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from twin.demo.ground import CAR_PARKS, beds, water
from twin.demo.siteplan import LODGES, PERIMETER, ROTATION_DEG
from twin.demo.streets import COMPOUND_ROADS, city_cells, city_streets, network

__all__ = ["Kerb", "Marking", "Thing", "kerbs", "markings", "things"]

CAR_SHARE = 0.62
NEAR_M = 420.0
STRIPE_M, STRIPE_EVERY_M = 0.45, 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Kerb:
    """A row of kerbstones, or the rim of a bed or a pond."""

    name: str
    kind: str
    width_m: float
    height_m: float
    line: BaseGeometry


@dataclass(frozen=True, slots=True, kw_only=True)
class Marking:
    """Paint on the road: lines of a width, or areas (width 0)."""

    name: str
    kind: str
    width_m: float
    shape: BaseGeometry


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """Something that stands at a point of the plan, facing a heading from grid north, clockwise."""

    kind: str
    u: float
    v: float
    heading_deg: float


def kerbs() -> list[Kerb]:
    """Kerbs of the compound's roads and of the blocks near it, rims of beds and water."""
    ground = Polygon(PERIMETER).buffer(-0.8)
    surface = simplify(unary_union([network(), *(park.area for park in CAR_PARKS)]), 0.02)
    edge = surface.boundary.intersection(ground)
    rows = [Kerb(name=f"路缘石{i + 1}", kind="路缘石", width_m=0.15, height_m=0.2, line=part) for i, part in enumerate(_lines(edge))]
    for i, cell in enumerate(city_cells()):
        if cell.distance(Polygon(PERIMETER)) > NEAR_M / 3:
            continue
        edge = simplify(cell.difference(network()), 0.05).boundary
        rows += [Kerb(name=f"街区路缘石{i + 1}", kind="路缘石", width_m=0.2, height_m=0.2, line=part) for part in _lines(edge)]
    front = LineString([(-184, -138.8), (-6, -138.8)]), LineString([(14, -138.8), (184, -138.8)])
    rows += [Kerb(name=f"湖东路路缘石{i + 1}", kind="路缘石", width_m=0.2, height_m=0.2, line=line) for i, line in enumerate(front)]
    for i, bed in enumerate(beds()):
        rows.append(Kerb(name=f"花坛池缘{i + 1}", kind="池缘", width_m=0.3, height_m=0.45, line=LineString(bed.exterior.coords)))
    for name, shape in water():
        rows.append(Kerb(name=f"{name}池缘", kind="池缘", width_m=0.5, height_m=0.35, line=LineString(shape.exterior.coords)))
    return rows


def markings() -> list[Marking]:
    """Bays of the car parks, crossings, and the lane and edge lines of the avenue."""
    rows = [Marking(name=f"{park.name}车位线", kind="车位线", width_m=0.12, shape=park.lines()) for park in CAR_PARKS]
    crossings = [((0.0, 34.0), 6.0, 5.0, 0.0), ((0.0, -96.5), 10.0, 3.5, 1.0), ((0.0, -87.5), 10.0, 3.5, 1.0)]
    crossings += [((124.0, -40.0), 7.0, 3.5, 1.0), ((0.0, -137.0), 10.0, 3.5, 1.0)]
    for u in (-190.0, 0.0, 190.0):
        half = 9.0 if u == 0.0 else 6.0
        crossings += [((u - half - 5.0, -150.0), 22.0, 5.0, 0.0), ((u + half + 5.0, -150.0), 22.0, 5.0, 0.0)]
        crossings.append(((u, -165.5), 2 * half, 4.0, 1.0))
    for i, (at, across, deep, upright) in enumerate(crossings):
        rows.append(Marking(name=f"斑马线{i + 1}", kind="斑马线", width_m=0.0, shape=_zebra(at, across, deep, bool(upright))))
    keep = unary_union([box(u - 22, -162, u + 22, -138) for u in (-480, -340, -190, 0, 190, 340, 480)])
    for name, offset, dashed in (("中线", 0.25, False), ("中线", -0.25, False), ("车道线", 5.5, True), ("车道线", -5.5, True)):
        line = LineString([(-600, -150 + offset), (600, -150 + offset)]).difference(keep)
        pieces = [_dashes(part) if dashed else [part] for part in _lines(line)]
        rows.append(
            Marking(name=f"湖东路{name}", kind="标线", width_m=0.15, shape=MultiLineString([piece for row in pieces for piece in row]))
        )
    return rows


def things(rng: np.random.Generator) -> list[Thing]:
    """Lamps along roads, garden lamps, benches and bins on the plaza, bollards at the gates, cars in the bays and along the streets."""
    rows: list[Thing] = []

    def add(kind: str, u: float, v: float, facing_deg: float) -> None:
        """`facing_deg` from u towards v."""
        rows.append(Thing(kind=kind, u=round(u, 2), v=round(v, 2), heading_deg=round((90.0 - facing_deg - ROTATION_DEG) % 360.0, 1)))

    for road in (*COMPOUND_ROADS[:5], *city_streets()):
        city = road.kind.startswith("城市")
        for u, v, along in _along(road.line, 34.0 if city else 27.0):
            if city and math.hypot(u, v + 60) > NEAR_M:
                continue
            side = road.width_m / 2 + 0.9
            for sign in (-1, 1) if road.width_m > 15 else (1,):
                normal = math.radians(along + 90.0 * sign)
                add("路灯", u + side * math.cos(normal), v + side * math.sin(normal), along + 90.0 * sign + 180.0)
    for u in (-40.0, -15.5, 15.5, 40.0):
        for v in (-60.0, -34.0, -9.0, 17.0, 28.0):
            add("庭院灯", u, v, 0.0)
    for i, bed in enumerate(beds()):
        u0, v0, u1, v1 = bed.bounds
        for v in (v0 + 0.3 * (v1 - v0), v0 + 0.7 * (v1 - v0)):
            add("座椅", u0 - 0.9 if u0 < 0 else u1 + 0.9, v, 180.0 if u0 < 0 else 0.0)
            add("座椅", u1 + 0.9 if u0 < 0 else u0 - 0.9, v, 0.0 if u0 < 0 else 180.0)
        if i % 2 == 0:
            add("垃圾桶", u1 + 0.9, v0 - 0.9, 90.0)
    for u in np.arange(8.2, 10.4, 1.0):
        add("护柱", float(u), -121.2, 90.0)
    for angle in np.linspace(0.0, 2 * math.pi, 9, endpoint=False):
        add("庭院灯", -88 + 27.2 * math.cos(angle), 58 + 16.4 * math.sin(angle), 0.0)
    for park in CAR_PARKS:
        for u, v, facing in park.bays():
            if rng.random() < CAR_SHARE:
                add(
                    "停放汽车",
                    u + float(rng.uniform(-0.08, 0.08)),
                    v + float(rng.uniform(-0.08, 0.08)),
                    facing + 180.0 * float(rng.integers(2)),
                )
    for road in city_streets():
        for u, v, along in _along(road.line, 6.4):
            if math.hypot(u, v + 60) > NEAR_M or rng.random() > (0.16 if road.width_m > 15 else 0.3):
                continue
            sign = 1 if rng.random() < 0.5 else -1
            lane = float(rng.choice([2.9, 8.1])) if road.width_m > 15 else 4.6
            normal = math.radians(along + 90.0 * sign)
            add(
                "停放汽车" if road.width_m < 15 else "行驶汽车",
                u + lane * math.cos(normal),
                v + lane * math.sin(normal),
                along + (180.0 if sign > 0 else 0.0),
            )
    return _clear(rows)


def _clear(rows: list[Thing]) -> list[Thing]:
    """Without what would stand on a junction, in a lodge, or on something that stands there already."""
    roads = list(city_streets())
    crossing = unary_union([LineString(a.line).intersection(LineString(b.line)).buffer(17.0) for a in roads for b in roads if a is not b])
    gates = unary_union([box(-9, -140, 15, -118), box(140, -48, 190, -32)])
    blocked = unary_union([crossing, gates, *(lodge.buffer(0.6) for lodge in LODGES.values())])
    lines = network()
    kept: list[Thing] = []
    for row in rows:
        standing = "灯" in row.kind or "汽车" in row.kind
        if standing and row.kind != "庭院灯" and contains_xy(blocked, row.u, row.v):
            continue
        if row.kind == "路灯" and contains_xy(lines, row.u, row.v):
            continue
        near = 5.6 if "汽车" in row.kind else 0.8
        alike = (other for other in kept if other.kind == row.kind)
        if row.kind != "停放汽车" and any(math.hypot(other.u - row.u, other.v - row.v) < near for other in alike):
            continue
        kept.append(row)
    return kept


def _along(line: tuple[tuple[float, float], ...], every: float) -> list[tuple[float, float, float]]:
    (u0, v0), (u1, v1) = line
    run = math.hypot(u1 - u0, v1 - v0)
    angle = math.degrees(math.atan2(v1 - v0, u1 - u0))
    return [(u0 + (u1 - u0) * s / run, v0 + (v1 - v0) * s / run, angle) for s in np.arange(every / 2, run - every / 2, every)]


def _zebra(at: tuple[float, float], across: float, deep: float, upright: bool) -> BaseGeometry:
    """Stripes over a road `across` wide; `upright` where the road runs along v."""
    u, v = at
    starts = np.arange(-across / 2 + 0.4, across / 2 - 0.4, STRIPE_EVERY_M)
    if upright:
        return MultiPolygon([box(u + s, v - deep / 2, u + s + STRIPE_M, v + deep / 2) for s in starts])
    return MultiPolygon([box(u - deep / 2, v + s, u + deep / 2, v + s + STRIPE_M) for s in starts])


def _dashes(line: LineString) -> list[LineString]:
    (u0, v), (u1, _) = line.coords[0], line.coords[-1]
    return [LineString([(u, v), (u + 4.0, v)]) for u in np.arange(min(u0, u1) + 1.0, max(u0, u1) - 4.0, 10.0)]


def _lines(geometry: BaseGeometry) -> list[LineString]:
    merged = unary_union(geometry)
    return [part for part in get_parts(merged) if isinstance(part, LineString) and part.length > 0.5]
