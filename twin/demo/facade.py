"""Faces of a city building: a closed hull, and what makes it a house: windows, balconies, shop fronts, parapets, tanks.

Faces are (CityGML surface type, ring of plan points with 1985 heights), counter-clockwise from outside.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from shapely.geometry import Polygon

__all__ = ["CityBuilding", "Face", "crude_faces", "detailed_faces"]

Point = tuple[float, float, float]
Face = tuple[str, list[Point]]

STOREY_M = 3.2
WALL, ROOF, GROUND, WINDOW, DOOR, TRIM, FLOOR = (
    "WallSurface",
    "RoofSurface",
    "GroundSurface",
    "Window",
    "Door",
    "OuterCeilingSurface",
    "OuterFloorSurface",
)
PROUD_M = 0.07
PARAPET_M = 0.9
EAVES_M = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class CityBuilding:
    """A building of the city: ring in the plan (four corners, the first side the longest, but for crude ones), heights, style and roof.

    `near` ones show each window, others only their bands.
    """

    id: str
    name: str
    function: str
    style: str
    ring: tuple[tuple[float, float], ...]
    base: float
    storeys: int
    roof: str
    rise: float = 0.0
    near: bool = False

    @property
    def eave(self) -> float:
        """1985 height of the eaves, metres."""
        return self.base + 0.3 + self.storeys * STOREY_M


def crude_faces(row: CityBuilding) -> list[Face]:
    """A closed hull: floor, walls, and a flat, gable or hip roof."""
    n = len(row.ring)
    low = [(u, v, row.base) for u, v in row.ring]
    high = [(u, v, row.eave) for u, v in row.ring]
    faces: list[Face] = [(GROUND, low[::-1])]
    walls = [[low[i], low[(i + 1) % n], high[(i + 1) % n], high[i]] for i in range(n)]
    if row.roof == "flat":
        return [*faces, *((WALL, wall) for wall in walls), (ROOF, high)]
    west, east = _ridge(row)
    faces += [(WALL, walls[0]), (WALL, walls[2])]
    slopes = [[high[0], high[1], east, west], [high[2], high[3], west, east]]
    if row.roof == "gable":
        faces += [(WALL, [*walls[1][:3], east, walls[1][3]]), (WALL, [*walls[3][:3], west, walls[3][3]])]
    else:
        faces += [(WALL, walls[1]), (WALL, walls[3])]
        slopes += [[high[1], high[2], east], [high[3], high[0], west]]
    return [*faces, *((ROOF, slope) for slope in slopes)]


def detailed_faces(row: CityBuilding) -> list[Face]:
    """The hull's walls, the roof with its eaves or parapet, and the openings of the building's style."""
    faces = [face for face in crude_faces(row) if face[0] != ROOF]
    faces += _pitched(row) if row.roof != "flat" else _flat(row)
    for number, (a, b) in enumerate(_sides(row)):
        faces += _openings(row, a, b, number)
    return faces


def _sides(row: CityBuilding) -> Iterator[tuple[tuple[float, float], tuple[float, float]]]:
    yield from pairwise((*row.ring, row.ring[0]))


def _openings(row: CityBuilding, a: tuple[float, float], b: tuple[float, float], number: int) -> Iterator[Face]:
    side = _Side(a, b)
    floors = [row.base + 0.3 + i * STOREY_M for i in range(row.storeys)]
    south = number == 0
    if row.style == "lodge":
        yield side.pane(WINDOW, 0.4, side.run - 0.4, floors[0] + 0.9, floors[0] + 2.5)
        return
    first = floors[0]
    if row.style in ("shop", "office") or (row.style == "tower" and south):
        yield side.pane(WINDOW, 0.5, side.run - 0.5, first + 0.2, first + 2.6)
        yield from side.slab(TRIM, 0.2, side.run - 0.2, first + 2.75, first + 3.05, 0.9)
        floors = floors[1:]
    elif south:
        yield side.pane(DOOR, side.run / 2 - 1.0, side.run / 2 + 1.0, first, first + 2.4)
        yield from side.slab(TRIM, side.run / 2 - 1.8, side.run / 2 + 1.8, first + 2.6, first + 2.8, 1.4)
    if row.style in ("office", "shop") or not row.near:
        for floor in floors:
            yield side.pane(WINDOW, 0.8, side.run - 0.8, floor + 0.9, floor + 2.5)
        if row.style == "office" and row.near:
            for k in range(1, max(int(side.run / 5.4), 1)):
                s = side.run * k / max(int(side.run / 5.4), 1)
                yield from side.fin(TRIM, s, floors[0], row.eave, 0.35)
        return
    bays = max(round(side.run / 3.9), 1)
    wide = side.run / bays
    long = side.run > 20.0 or row.style == "tower"
    for floor in floors:
        if row.style == "school" and number in (0, 2):
            yield from side.slab(TRIM, 0.0, side.run, floor - 0.12, floor + 0.08, 0.5)
        for bay in range(bays):
            middle = (bay + 0.5) * wide
            if south and long and bay % 3 == 1 and row.style != "school":
                yield side.pane(WINDOW, middle - 1.3, middle + 1.3, floor + 0.1, floor + 2.5)
                yield from _balcony(side, middle, floor)
            else:
                half = (1.3 if row.style == "school" else 0.95) if long else 0.6
                yield side.pane(WINDOW, middle - half, middle + half, floor + 0.9, floor + 2.4)


def _balcony(side: "_Side", middle: float, floor: float) -> Iterator[Face]:
    """A slab with a solid parapet, 1.3 m out."""
    s0, s1, out = middle - 1.7, middle + 1.7, 1.3
    low, high = floor - 0.12, floor + 1.0
    yield TRIM, [side.at(s0, low, out), side.at(s1, low, out), side.at(s1, high, out), side.at(s0, high, out)]
    yield TRIM, [side.at(s0, low, 0.0), side.at(s0, low, out), side.at(s0, high, out), side.at(s0, high, 0.0)]
    yield TRIM, [side.at(s1, low, out), side.at(s1, low, 0.0), side.at(s1, high, 0.0), side.at(s1, high, out)]
    yield FLOOR, [side.at(s0, low, 0.0), side.at(s1, low, 0.0), side.at(s1, low, out), side.at(s0, low, out)]


class _Side:
    """One wall of a building, measured along it from its first corner."""

    def __init__(self, a: tuple[float, float], b: tuple[float, float]) -> None:
        self.a = a
        self.run = ((b[0] - a[0]) ** 2 + (b[1] - a[1]) ** 2) ** 0.5
        self.along = (b[0] - a[0]) / self.run, (b[1] - a[1]) / self.run

    def at(self, s: float, z: float, out: float = PROUD_M) -> Point:
        """A point `s` metres along, `out` metres before the wall."""
        x, y = self.along
        return self.a[0] + x * s + y * out, self.a[1] + y * s - x * out, z

    def pane(self, kind: str, s0: float, s1: float, z0: float, z1: float) -> Face:
        """An upright rectangle a little before the wall."""
        return kind, [self.at(s0, z0), self.at(s1, z0), self.at(s1, z1), self.at(s0, z1)]

    def slab(self, kind: str, s0: float, s1: float, z0: float, z1: float, out: float) -> Iterator[Face]:
        """A slab that stands out: front, top and underside."""
        yield kind, [self.at(s0, z0, out), self.at(s1, z0, out), self.at(s1, z1, out), self.at(s0, z1, out)]
        yield kind, [self.at(s0, z1, out), self.at(s1, z1, out), self.at(s1, z1, 0.0), self.at(s0, z1, 0.0)]
        yield kind, [self.at(s0, z0, 0.0), self.at(s1, z0, 0.0), self.at(s1, z0, out), self.at(s0, z0, out)]

    def fin(self, kind: str, s: float, z0: float, z1: float, out: float) -> Iterator[Face]:
        """An upright fin: front and two sides."""
        s0, s1 = s - 0.15, s + 0.15
        yield kind, [self.at(s0, z0, out), self.at(s1, z0, out), self.at(s1, z1, out), self.at(s0, z1, out)]
        yield kind, [self.at(s0, z0, 0.0), self.at(s0, z0, out), self.at(s0, z1, out), self.at(s0, z1, 0.0)]
        yield kind, [self.at(s1, z0, out), self.at(s1, z0, 0.0), self.at(s1, z1, 0.0), self.at(s1, z1, out)]


def _flat(row: CityBuilding) -> list[Face]:
    """A roof behind a parapet with a light coping, a stair head and a water tank; a lodge has a slab that stands out."""
    ring, eave = row.ring, row.eave
    if row.style == "lodge":
        outer = _grown(ring, 0.9)
        top = [(u, v, eave + 0.35) for u, v in outer]
        low = [(u, v, eave) for u, v in outer]
        return [*((TRIM, [low[i], low[(i + 1) % 4], top[(i + 1) % 4], top[i]]) for i in range(4)), (ROOF, top), (TRIM, low[::-1])]
    inner = _grown(ring, -0.35)
    high = eave + PARAPET_M
    faces: list[Face] = [(ROOF, [(u, v, eave) for u, v in inner])]
    for i in range(4):
        j = (i + 1) % 4
        a, b, c, d = ring[i], ring[j], inner[j], inner[i]
        faces.append((WALL, [(*a, eave), (*b, eave), (*b, high), (*a, high)]))
        faces.append((TRIM, [(*a, high), (*b, high), (*c, high), (*d, high)]))
        faces.append((WALL, [(*c, eave), (*d, eave), (*d, high), (*c, high)]))
    side = _Side(ring[0], ring[1])
    depth = Polygon(ring).area / side.run
    for share, width, tall in ((0.25, 4.5, 2.9), (0.72, 3.0, 2.0)) if row.storeys > 2 else ():
        faces += _box(side, side.run * share, width, -depth * 0.62, min(4.0, depth * 0.4), eave, tall)
    return faces


def _box(side: _Side, s: float, width: float, out: float, deep: float, low: float, tall: float) -> list[Face]:
    s0, s1, o0, o1 = s - width / 2, s + width / 2, out - deep / 2, out + deep / 2
    floor = [side.at(s0, low, o1), side.at(s1, low, o1), side.at(s1, low, o0), side.at(s0, low, o0)]
    top = [(u, v, low + tall) for u, v, _ in floor]
    return [*((WALL, [floor[i], floor[(i + 1) % 4], top[(i + 1) % 4], top[i]]) for i in range(4)), (ROOF, top)]


def _pitched(row: CityBuilding) -> list[Face]:
    """Slopes carried on over the walls to their eaves, with a light underside."""
    drop = EAVES_M * row.rise / (_depth(row) / 2)
    outer = _grown(row.ring, EAVES_M)
    eaves = [(u, v, row.eave - drop) for u, v in outer]
    west, east = _ridge(row)
    if row.roof == "gable":
        (wu, wv, wz), (eu, ev, ez) = west, east
        run = ((eu - wu) ** 2 + (ev - wv) ** 2) ** 0.5
        x, y = (eu - wu) / run * EAVES_M, (ev - wv) / run * EAVES_M
        west, east = (wu - x, wv - y, wz), (eu + x, ev + y, ez)
    slopes = [[eaves[0], eaves[1], east, west], [eaves[2], eaves[3], west, east]]
    if row.roof == "hip":
        slopes += [[eaves[1], eaves[2], east], [eaves[3], eaves[0], west]]
    return [*((ROOF, slope) for slope in slopes), (TRIM, eaves[::-1])]


def _ridge(row: CityBuilding) -> tuple[Point, Point]:
    """Both ends of the ridge: at the gables, or as far from the ends as a hip is deep."""
    ring = row.ring
    run = ((ring[1][0] - ring[0][0]) ** 2 + (ring[1][1] - ring[0][1]) ** 2) ** 0.5
    inset = 0.0 if row.roof == "gable" else min(_depth(row) / 2 / run, 0.45)
    west, east = _between(ring[3], ring[0], 0.5), _between(ring[1], ring[2], 0.5)
    top = row.eave + row.rise
    return (*_between(west, east, inset), top), (*_between(west, east, 1.0 - inset), top)


def _depth(row: CityBuilding) -> float:
    (u1, v1), (u2, v2) = row.ring[1], row.ring[2]
    return float(((u2 - u1) ** 2 + (v2 - v1) ** 2) ** 0.5)


def _grown(ring: tuple[tuple[float, float], ...], out: float) -> list[tuple[float, float]]:
    """A rectangle's ring with every side moved out, its corners in the same order."""
    u = sum(p[0] for p in ring) / 4
    v = sum(p[1] for p in ring) / 4
    return [(p[0] + (out if p[0] > u else -out), p[1] + (out if p[1] > v else -out)) for p in ring]


def _between(a: tuple[float, float], b: tuple[float, float], t: float) -> tuple[float, float]:
    return a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t
