"""The city around the compound as CityJSON 2.0: quarters of slabs, towers, offices and schools, lodges at the gates, and a
crude building where each real model stands.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from shapely.geometry import Polygon, box
from shapely.geometry.polygon import orient

from twin.demo.facade import CityBuilding, Face, crude_faces, detailed_faces
from twin.demo.siteplan import CRS, GROUND_M, LODGES, footprints, to_grid
from twin.demo.streets import city_cells, network
from twin.demo.terrain import ground_height, on_hill

__all__ = ["CityBuilding", "city_buildings", "write_city"]

SETBACK_M = 6.5
NEAR_M = 360.0
QUARTERS = ("slabs", "mixed", "towers", "offices", "mixed", "slabs", "school")
NAMES = {
    "slab": ("住宅楼", "residential"),
    "tower": ("公寓", "residential"),
    "office": ("办公楼", "office"),
    "shop": ("商铺", "retail"),
    "school": ("教学楼", "school"),
    "lodge": ("门卫室", "guard house"),
}


def city_buildings(rng: np.random.Generator, *, limit: int | None = None) -> list[CityBuilding]:
    """Quarters between the streets up to 700 m around, the hill left free, the lodges, then the three crude ones of the compound."""
    streets = network()
    clear = streets.buffer(2.5)
    lots: list[tuple[str, Polygon, int]] = []
    for number, cell in enumerate(sorted(city_cells(), key=lambda c: c.centroid.distance(Polygon(((0, 0), (1, 0), (0, 1))).centroid))):
        inner = box(*cell.difference(streets).bounds).buffer(-SETBACK_M, join_style="mitre")
        kind = QUARTERS[number % len(QUARTERS)]
        near = cell.distance(Polygon(((0, -60), (1, -60), (0, -59)))) < NEAR_M
        lots += [(style, lot, storeys) for style, lot, storeys in _quarter(kind, inner, near, rng) if not clear.intersects(lot)]
    lots = [lot for lot in lots if not _hilly(lot[1])]
    rows = [_building(number + 1, *lot, rng) for number, lot in enumerate(lots)]
    if limit is not None:
        rows = rows[:limit]
    for name, shape in LODGES.items():
        rows.append(_at(f"lodge-{len(rows)}", name, "lodge", shape, 1, "flat", 0.0, GROUND_M))
    for key, shape in footprints().items():
        ring = tuple((round(x, 4), round(y, 4)) for x, y in orient(shape).exterior.coords[:-1])
        storeys = {"tower": 13, "block": 5, "hall": 3}[key]
        name = {"tower": "1号楼", "block": "2号楼", "hall": "3号楼"}[key]
        rows.append(
            CityBuilding(
                id=f"compound-{key}",
                name=f"屏山大院{name}(城市模型)",
                function="office",
                style="crude",
                ring=ring,
                base=GROUND_M,
                storeys=storeys,
                roof="flat",
            )
        )
    return rows


def write_city(path: Path, buildings: Sequence[CityBuilding]) -> None:
    """Write CityJSON 2.0 in EPSG:4549 with 1985 heights (no EPSG code names that pair; the title of the metadata says so)."""
    vertices: dict[tuple[int, int, int], int] = {}
    origin = (*(round(value) for value in to_grid(0.0, 0.0)), 0)

    def index(u: float, v: float, z: float) -> int:
        east, north = to_grid(u, v)
        key = (round((east - origin[0]) * 1000), round((north - origin[1]) * 1000), round(z * 1000))
        return vertices.setdefault(key, len(vertices))

    objects = {row.id: _city_object(row, index) for row in buildings}
    corners = np.array(list(vertices), dtype=np.float64) / 1000 + np.array(origin)
    document = {
        "type": "CityJSON",
        "version": "2.0",
        "metadata": {
            "referenceSystem": f"https://www.opengis.net/def/crs/EPSG/0/{CRS.removeprefix('EPSG:')}",
            "title": "屏山大院周边城市模型 (invented; heights: 1985国家高程基准, EPSG:5737)",
            "identifier": "pingshan-demo-city",
            "referenceDate": "2026-03-02",
            "geographicalExtent": [round(float(value), 3) for value in (*corners.min(axis=0), *corners.max(axis=0))],
        },
        "transform": {"scale": [0.001, 0.001, 0.001], "translate": [float(value) for value in origin]},
        "CityObjects": objects,
        "vertices": [list(key) for key in vertices],
    }
    path.write_text(json.dumps(document, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")


def _city_object(row: CityBuilding, put: Callable[[float, float, float], int]) -> dict[str, object]:
    """A closed solid of level 2 and, but for the crude ones, a surface model of level 3 with windows, balconies and roof structures."""
    solid, kinds = _indexed(crude_faces(row), put)
    geometries: list[dict[str, object]] = [
        {"type": "Solid", "lod": "2", "boundaries": [solid], "semantics": {**kinds, "values": [kinds["values"]]}}
    ]
    if row.style != "crude":
        surfaces, semantics = _indexed(detailed_faces(row), put)
        geometries.append({"type": "MultiSurface", "lod": "3", "boundaries": surfaces, "semantics": semantics})
    attributes = {
        "name": row.name,
        "function": row.function,
        "storeysAboveGround": row.storeys,
        "measuredHeight": round(row.eave + row.rise - row.base, 2),
        "roofType": row.roof,
    }
    return {"type": "Building", "attributes": attributes, "geometry": geometries}


def _indexed(faces: Sequence[Face], put: Callable[[float, float, float], int]) -> tuple[list[list[list[int]]], dict[str, object]]:
    kinds = list(dict.fromkeys(kind for kind, _ in faces))
    boundaries = [[[put(*point) for point in ring]] for _, ring in faces]
    return boundaries, {"surfaces": [{"type": kind} for kind in kinds], "values": [kinds.index(kind) for kind, _ in faces]}


def _quarter(kind: str, inner: Polygon, near: bool, rng: np.random.Generator) -> list[tuple[str, Polygon, int]]:
    """Style, lot and storeys of a quarter's buildings; far quarters have fewer and longer ones."""
    u0, v0, u1, v1 = inner.bounds
    if kind == "offices":
        shops = [("office", box(u0, v1 - 17, u0 + 0.46 * (u1 - u0), v1), int(rng.integers(6, 10)))]
        shops += [("office", box(u1 - 0.4 * (u1 - u0), v1 - 17, u1, v1), int(rng.integers(5, 9)))]
        tall = box((u0 + u1) / 2 - 15, v0 + 8, (u0 + u1) / 2 + 15, v0 + 32)
        low = [("shop", box(u0, v0, u0 + 15, v1 - 27), 4), ("shop", box(u1 - 15, v0, u1, v1 - 27), 3)]
        return [*shops, ("office", tall, int(rng.integers(18, 27))), *(low if near else [])]
    if kind == "towers":
        columns = 3 if near else 2
        step = (u1 - u0) / columns
        rows = [(v0 + 11, 0.0), (v1 - 34, 0.16)]
        return [
            ("tower", box(c - 13, v - 9, c + 13, v + 9), int(rng.integers(14, 25)))
            for v, shift in rows
            for c in (u0 + (i + 0.5 + shift) * step for i in range(columns))
            if c + 13 <= u1
        ] + [("shop", box(u0, v1 - 12, u1, v1), 2)]
    if kind == "school":
        w = u1 - u0
        north = [("shop", box(u0, v1 - 11, u0 + 0.6 * w, v1), 3)]
        return [
            *north,
            ("school", box(u0, v0, u0 + 0.55 * w, v0 + 14), 5),
            ("school", box(u0, v0 + 34, u0 + 0.55 * w, v0 + 48), 4),
            ("school", box(u0, v0 + 68, u0 + 0.38 * w, v0 + 84), 3),
        ]
    pitch = 24.5 if near else 36.0
    count = max(int((v1 - v0 + pitch - 12.5) / pitch), 1)
    gap = (v1 - v0 - 12.5) / max(count - 1, 1)
    lots = []
    for row in range(count):
        v = v0 + row * gap
        halves = (u0, (u0 + u1) / 2 - 5, (u0 + u1) / 2 + 5, u1) if near or u1 - u0 > 140 else (u0, u1)
        for a, b in zip(halves[::2], halves[1::2], strict=True):
            short = float(rng.uniform(0.0, 0.16)) * (b - a)
            street = row == count - 1 and kind == "mixed"
            style = "shop" if street else "slab"
            lots.append((style, box(a, v, b - short, v + 12.5), int(rng.integers(2, 4)) if street else int(rng.integers(5, 8))))
    return lots


def _hilly(lot: Polygon) -> bool:
    corners = np.array(lot.buffer(8.0).exterior.coords)
    return bool(on_hill(corners[:, 0], corners[:, 1]).any())


def _building(number: int, style: str, lot: Polygon, storeys: int, rng: np.random.Generator) -> CityBuilding:
    corners = np.array(lot.exterior.coords)
    base = round(float(ground_height(corners[:, 0], corners[:, 1]).min()) - 0.3, 2)
    draw = rng.random()
    u0, v0, u1, v1 = lot.bounds
    pitched = style in ("slab", "school") and draw > 0.45
    roof = ("gable" if draw > 0.75 else "hip") if pitched else "flat"
    rise = round(min(u1 - u0, v1 - v0) / 2 * 0.5, 2) if pitched else 0.0
    name, _ = NAMES[style]
    return _at(f"city-{number:03d}", f"{name}{number}号", style, lot, storeys, roof, rise, base)


def _at(key: str, name: str, style: str, lot: Polygon, storeys: int, roof: str, rise: float, base: float) -> CityBuilding:
    u0, v0, u1, v1 = (round(value, 3) for value in lot.bounds)
    ring = ((u0, v0), (u1, v0), (u1, v1), (u0, v1))
    if v1 - v0 > u1 - u0:
        ring = (*ring[1:], ring[0])
    return CityBuilding(
        id=key,
        name=name,
        function=NAMES[style][1],
        style=style,
        ring=ring,
        base=base,
        storeys=storeys,
        roof=roof,
        rise=rise,
        near=float(np.hypot((u0 + u1) / 2, (v0 + v1) / 2 + 60)) < NEAR_M,
    )
