"""The compound's plan: where everything stands, in one local frame turned 9° from grid north.

Plan frame: metres, u to the east-ish front direction of building 1, v to its back (the hill), origin at `ORIGIN` in
EPSG:4549. All of it is invented.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from shapely import affinity, transform
from shapely.geometry import Point, Polygon, box
from shapely.geometry.base import BaseGeometry

__all__ = [
    "BLOCK",
    "CRS",
    "GATES",
    "GROUND_M",
    "HALL",
    "LODGES",
    "PERIMETER",
    "TOWER",
    "Anchor",
    "Gate",
    "footprints",
    "plinths",
    "to_grid",
    "to_grid_geometry",
]

CRS = "EPSG:4549"
ORIGIN = (429430.0, 2886950.0)
ROTATION_DEG = 9.0
GROUND_M = 20.0
FLOOR_M = 20.45


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """Where a model's own origin lies: plan position in metres, quarter turns, 1985 height, and where the geometry starts from it."""

    u: float
    v: float
    quarters: int
    height_m: float = FLOOR_M
    offset: tuple[float, float] = (0.0, 0.0)

    @property
    def grid(self) -> tuple[float, float]:
        """Easting and northing of the model's origin, metres."""
        a = math.radians(90.0 * self.quarters)
        x, y = self.offset
        return to_grid(self.u - math.cos(a) * x + math.sin(a) * y, self.v - math.sin(a) * x - math.cos(a) * y)

    @property
    def heading_deg(self) -> float:
        """Angle from grid east to the model's x axis, counter-clockwise."""
        return ROTATION_DEG + 90.0 * self.quarters

    def outline(self, geometry: Polygon) -> Polygon:
        """A geometry given from the start of the building, in the plan frame."""
        return affinity.translate(affinity.rotate(geometry, 90.0 * self.quarters, origin=(0, 0)), self.u, self.v)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A gap in the perimeter: its middle in the plan, width along the fence, and what passes through."""

    name: str
    kind: str
    u: float
    v: float
    width_m: float


TOWER = Anchor(u=-21.9, v=48.0, quarters=0)
BLOCK = Anchor(u=108.0, v=-62.0, quarters=1, offset=(180.0, 90.0))
HALL = Anchor(u=-60.0, v=-36.0, quarters=1)
PERIMETER = ((-150.0, -120.0), (150.0, -120.0), (150.0, 92.0), (70.0, 112.0), (-90.0, 116.0), (-150.0, 100.0))
GATES = (
    Gate(name="南大门", kind="车行", u=0.0, v=-120.0, width_m=14.0),
    Gate(name="南门人行通道", kind="人行", u=12.0, v=-120.0, width_m=3.0),
    Gate(name="东门", kind="车行", u=150.0, v=-40.0, width_m=10.0),
    Gate(name="西门", kind="人行", u=-150.0, v=34.0, width_m=4.0),
)


LODGES = {"南大门门卫室": box(-15.5, -118.2, -9.3, -113.4), "东门门卫室": box(142.2, -34.4, 147.4, -28.2)}


def to_grid(u: float, v: float) -> tuple[float, float]:
    """Easting, northing in metres, to a tenth of a millimetre, of a plan point."""
    c, s = math.cos(math.radians(ROTATION_DEG)), math.sin(math.radians(ROTATION_DEG))
    return round(ORIGIN[0] + c * u - s * v, 4), round(ORIGIN[1] + s * u + c * v, 4)


def to_grid_geometry(geometry: BaseGeometry) -> BaseGeometry:
    """A plan geometry in EPSG:4549, coordinates rounded as `to_grid` does."""

    def move(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.array([to_grid(u, v) for u, v in points]).reshape(-1, 2)

    return transform(geometry, move)


def footprints() -> dict[str, Polygon]:
    """Outer wall lines of the three buildings, in the plan frame."""
    ell = Polygon([(0, 0), (43.3, 0), (43.3, 14.4), (14.4, 14.4), (14.4, 28.9), (0, 28.9)])
    return {"tower": TOWER.outline(box(0, 0, 43.8, 17.4)), "block": BLOCK.outline(ell), "hall": HALL.outline(box(0, 0, 30, 46))}


def plinths() -> dict[str, BaseGeometry]:
    """Footprints with plinth, platform, steps and porch: what the ground has to keep clear."""
    built = footprints()
    return {
        "tower": built["tower"]
        .buffer(0.35, join_style="mitre")
        .union(TOWER.outline(box(13.7, -7.1, 30.1, 0)))
        .union(TOWER.outline(Point(21.9, -21.5).buffer(1.3))),
        "block": built["block"].buffer(0.25, join_style="mitre").union(BLOCK.outline(box(-2.6, 4.5, 0, 9.9))),
        "hall": built["hall"].buffer(0.25, join_style="mitre").union(HALL.outline(box(-0.2, -6.4, 30.2, 0))),
    }
