"""Where things stand in the compound's plan, as a surveyor or a map platform would write it down."""

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from shapely import get_parts, to_wkt, transform
from shapely.geometry import LineString
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from spatial.crs import grid_convergence_scale, horizontal
from spatial.datum_shift import wgs84_to_gcj02
from twin.demo.siteplan import CRS, GATES, PERIMETER, to_grid, to_grid_geometry

__all__ = ["Spot", "bearing_deg", "device_id", "fence", "plan_wkt", "tilt_deg"]

CENTRE = "3501020000"
"""Centre (a division and 00) and industry, the first ten digits of a GB/T 28181 id."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A point of the plan, metres."""

    u: float
    v: float

    @property
    def grid(self) -> tuple[float, float]:
        """Easting and northing in metres."""
        return to_grid(self.u, self.v)

    @property
    def lon_lat(self) -> tuple[float, float]:
        """CGCS2000 degrees, to a millimetre."""
        lon, lat = horizontal(CRS).to_lon_lat(*self.grid)
        return round(float(lon), 8), round(float(lat), 8)

    @property
    def gcj02(self) -> tuple[float, float]:
        """As maps of the internet have it."""
        lon, lat = wgs84_to_gcj02([self.lon_lat])[0]
        return round(float(lon), 8), round(float(lat), 8)

    def towards(self, other: "Spot", metres: float) -> "Spot":
        """The point so far on the way to another."""
        share = metres / math.hypot(other.u - self.u, other.v - self.v)
        return Spot(self.u + share * (other.u - self.u), self.v + share * (other.v - self.v))


def bearing_deg(start: Spot, end: Spot) -> float:
    """Direction from one point to another, degrees clockwise from true north."""
    (east, north), (east_end, north_end) = start.grid, end.grid
    grid_bearing = math.degrees(math.atan2(east_end - east, north_end - north))
    return round((grid_bearing + _convergence_deg()) % 360.0, 1)


def tilt_deg(height_m: float, distance_m: float, target_m: float = 1.5) -> float:
    """How far a camera looks up (down: negative) at a target of a height above the ground."""
    return round(-math.degrees(math.atan2(height_m - target_m, distance_m)), 1)


def device_id(type_code: str, serial: int) -> str:
    """A GB/T 28181 id of the compound: twenty digits."""
    return f"{CENTRE}{type_code}0{serial:06d}"


def fence(longest_m: float) -> list[LineString]:
    """The perimeter in the plan, cut at its corners and gates into pieces of at most `longest_m` metres."""
    gates = unary_union([LineString([(gate.u, gate.v), (gate.u + 1e-9, gate.v)]).buffer(gate.width_m / 2) for gate in GATES])
    corners = [*PERIMETER, PERIMETER[0]]
    pieces: list[LineString] = []
    for start, end in pairwise(corners):
        rest = LineString([start, end]).difference(gates)
        for line in get_parts(rest):
            count = math.ceil(line.length / longest_m)
            cuts = [line.interpolate(k / count, normalized=True) for k in range(count + 1)]
            pieces += [LineString(ends) for ends in pairwise(cuts)]
    return pieces


def plan_wkt(shape: BaseGeometry) -> str:
    """A shape of the plan as WKT in CGCS2000 degrees, lon lat, to a millimetre."""
    degrees = transform(to_grid_geometry(shape), lambda grid: np.column_stack(horizontal(CRS).to_lon_lat(grid[:, 0], grid[:, 1])))
    return str(to_wkt(degrees, rounding_precision=8))


@lru_cache(maxsize=1)
def _convergence_deg() -> float:
    return grid_convergence_scale(CRS, *Spot(0.0, 0.0).lon_lat)[0]
