"""The city around the compound as CityJSON 2.0: blocks of LoD2 buildings, and a crude one where each real model stands."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from shapely.geometry import Polygon, box
from shapely.geometry.polygon import orient

from twin.demo.layers import city_cells, network
from twin.demo.siteplan import CRS, GROUND_M, footprints, to_grid
from twin.demo.terrain import ground_height, on_hill

__all__ = ["CityBuilding", "city_buildings", "write_city"]

STOREY_M = 3.2
SETBACK_M = 16.0
USES = (("住宅楼", "residential"), ("商铺", "retail"), ("办公楼", "office"), ("学校", "school"), ("宾馆", "hotel"))


@dataclass(frozen=True, slots=True, kw_only=True)
class CityBuilding:
    """A building of the city: rectangle (or any ring) in the plan, base and eave heights, and a roof."""

    id: str
    name: str
    function: str
    ring: tuple[tuple[float, float], ...]
    base: float
    storeys: int
    roof: str
    rise: float = 0.0

    @property
    def eave(self) -> float:
        """1985 height of the eaves, metres."""
        return self.base + 0.3 + self.storeys * STOREY_M


def city_buildings(rng: np.random.Generator, *, limit: int | None = None) -> list[CityBuilding]:
    """Lots along the streets 150–700 m around, the hill left free, then the three crude ones of the compound."""
    rows: list[CityBuilding] = []
    clear = network().buffer(9.0)
    for cell in city_cells():
        for lot in _lots(cell.buffer(-SETBACK_M, join_style="mitre").bounds, rng):
            if rng.random() < 0.06 or clear.intersects(lot) or _hilly(lot):
                continue
            rows.append(_building(len(rows) + 1, lot, rng))
    if limit is not None:
        rows = rows[:limit]
    for key, shape in footprints().items():
        ring = tuple((round(x, 4), round(y, 4)) for x, y in orient(shape).exterior.coords[:-1])
        storeys = {"tower": 13, "block": 5, "hall": 3}[key]
        name = {"tower": "1号楼", "block": "2号楼", "hall": "3号楼"}[key]
        rows.append(
            CityBuilding(
                id=f"compound-{key}",
                name=f"屏山大院{name}(城市模型)",
                function="office",
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
    n = len(row.ring)
    low = [put(u, v, row.base) for u, v in row.ring]
    high = [put(u, v, row.eave) for u, v in row.ring]
    faces: list[tuple[str, list[int]]] = [("GroundSurface", low[::-1])]
    walls = [[low[i], low[(i + 1) % n], high[(i + 1) % n], high[i]] for i in range(n)]
    if row.roof == "flat":
        faces += [("WallSurface", wall) for wall in walls] + [("RoofSurface", high)]
    else:
        inset = 0.0 if row.roof == "gable" else 0.3
        ends = [_between(_between(row.ring[3], row.ring[0], 0.5), _between(row.ring[1], row.ring[2], 0.5), t) for t in (inset, 1.0 - inset)]
        west, east = (put(u, v, row.eave + row.rise) for u, v in ends)
        slopes = [[high[0], high[1], east, west], [high[2], high[3], west, east]]
        faces += [("WallSurface", walls[0]), ("WallSurface", walls[2])]
        if row.roof == "gable":
            faces += [("WallSurface", [*walls[1][:3], east, walls[1][3]]), ("WallSurface", [*walls[3][:3], west, walls[3][3]])]
        else:
            faces += [("WallSurface", walls[1]), ("WallSurface", walls[3])]
            slopes += [[high[1], high[2], east], [high[3], high[0], west]]
        faces += [("RoofSurface", slope) for slope in slopes]
    kinds = ["GroundSurface", "WallSurface", "RoofSurface"]
    geometry = {
        "type": "Solid",
        "lod": "2",
        "boundaries": [[[face] for _, face in faces]],
        "semantics": {"surfaces": [{"type": kind} for kind in kinds], "values": [[kinds.index(kind) for kind, _ in faces]]},
    }
    attributes = {
        "name": row.name,
        "function": row.function,
        "storeysAboveGround": row.storeys,
        "measuredHeight": round(row.eave + row.rise - row.base, 2),
        "roofType": row.roof,
    }
    return {"type": "Building", "attributes": attributes, "geometry": [geometry]}


def _lots(bounds: tuple[float, float, float, float], rng: np.random.Generator) -> list[Polygon]:
    u0, v0, u1, v1 = bounds
    columns = max(1, int((u1 - u0) // 46.0))
    rows = max(1, int((v1 - v0) // 36.0))
    wide, deep = (u1 - u0) / columns, (v1 - v0) / rows
    lots = []
    for i in range(columns):
        for j in range(rows):
            w, d = rng.uniform(0.58, 0.82) * wide, rng.uniform(0.38, 0.56) * deep
            cu, cv = u0 + (i + 0.5) * wide, v0 + (j + 0.5) * deep + rng.uniform(-0.08, 0.08) * deep
            lots.append(box(cu - w / 2, cv - d / 2, cu + w / 2, cv + d / 2))
    return lots


def _hilly(lot: Polygon) -> bool:
    corners = np.array(lot.buffer(8.0).exterior.coords)
    return bool(on_hill(corners[:, 0], corners[:, 1]).any())


def _building(number: int, lot: Polygon, rng: np.random.Generator) -> CityBuilding:
    ring = tuple((round(u, 3), round(v, 3)) for u, v in orient(lot).exterior.coords[:-1])
    ring = _from_longest(ring)
    corners = np.array(ring)
    base = round(float(ground_height(corners[:, 0], corners[:, 1]).min()) - 0.3, 2)
    name, function = USES[int(rng.integers(len(USES)))]
    draw = rng.random()
    if draw < 0.10:
        u, v = lot.centroid.x, lot.centroid.y
        ring = tuple((round(u + x, 3), round(v + y, 3)) for x, y in ((-11.0, -9.0), (11.0, -9.0), (11.0, 9.0), (-11.0, 9.0)))
        return CityBuilding(
            id=f"city-{number:03d}",
            name=f"{name}{number}号",
            function=function,
            ring=ring,
            base=base,
            storeys=int(rng.integers(16, 27)),
            roof="flat",
        )
    storeys = int(rng.integers(2, 7))
    roof = "flat" if draw < 0.45 else "gable" if draw < 0.75 else "hip"
    depth = float(np.linalg.norm(corners[2] - corners[1]))
    rise = 0.0 if roof == "flat" else round(depth / 2 * 0.5, 2)
    return CityBuilding(
        id=f"city-{number:03d}", name=f"{name}{number}号", function=function, ring=ring, base=base, storeys=storeys, roof=roof, rise=rise
    )


def _from_longest(ring: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    lengths = [np.hypot(ring[(i + 1) % 4][0] - ring[i][0], ring[(i + 1) % 4][1] - ring[i][1]) for i in range(4)]
    start = int(np.argmax(lengths))
    return ring[start:] + ring[:start]


def _between(a: tuple[float, float], b: tuple[float, float], t: float) -> tuple[float, float]:
    return a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t
