"""`bbox` of OGC API Features (17-069r4, 7.15.3; 18-058r1 for `bbox-crs`): four or six numbers, across the antimeridian too."""

import math
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from spatial.mesh import Float64
from twin.errors import Invalid
from twin.queries.items.crs import OutputCrs
from twin.store.items import Window

__all__ = ["Box", "parse_box"]

HINT = "west,south,east,north or west,south,low,east,north,high; west > east crosses the antimeridian"


@dataclass(frozen=True, slots=True)
class Box:
    """A plan in degrees and heights above the ellipsoid, closed on all sides; `windows` are the rectangles it lies in, two where it
    crosses the antimeridian. `upright`: it is these rectangles, and not something within them."""

    windows: tuple[Window, ...]
    plan: BaseGeometry
    upright: bool = False

    def meets(self, shapes: NDArray[np.object_], low_m: Float64, high_m: Float64) -> NDArray[np.bool_]:
        """Which of some shapes (n,) in degrees meet it; a shape without a height (NaN) is at any, one without a place (None) nowhere."""
        shapely.prepare(self.plan)
        found: NDArray[np.bool_] = shapely.intersects(self.plan, shapes)
        window = self.windows[0]
        if window.low_m is None or window.high_m is None:
            return found
        apart: NDArray[np.bool_] = (low_m > window.high_m) | (high_m < window.low_m)
        return found & ~apart

    def meets_points(self, lon_lat_height: Float64) -> NDArray[np.bool_]:
        """Which of some points (n, 3), degrees and metres above the ellipsoid, lie in it."""
        shapely.prepare(self.plan)
        found: NDArray[np.bool_] = shapely.intersects_xy(self.plan, lon_lat_height[:, 0], lon_lat_height[:, 1])
        window, height = self.windows[0], lon_lat_height[:, 2]
        if window.low_m is None or window.high_m is None:
            return found
        return found & (height >= window.low_m) & (height <= window.high_m)


def parse_box(text: str, crs: OutputCrs | None = None) -> Box:
    """A box from its text, in degrees (CRS84, CRS84h) or in a CRS in its own order of axes; raises Invalid for what is none."""
    numbers = _numbers(text)
    half = len(numbers) // 2
    first, last = numbers[:half], numbers[half:]
    if crs is not None and crs.latitude_first:
        first[:2], last[:2] = first[1::-1], last[1::-1]
    if first[1] > last[1] or first[2:] > last[2:]:
        raise _invalid(text, "its low end is above its high end")
    if first[2:] and crs is not None and crs.height == "1985":
        raise _invalid(text, "heights of a box are metres above the ellipsoid")
    heights = (first[2], last[2]) if first[2:] else (None, None)
    plane = crs if crs is not None and crs.projected else None
    if plane is None:
        sides = (first[0], first[1], last[0], last[1])
        if max(abs(first[0]), abs(last[0])) > 180 or max(abs(first[1]), abs(last[1])) > 90:
            raise _invalid(text, "beyond 180 or 90 degrees")
        rectangles = _rectangles(*sides)
        plan = shapely.union_all([shapely.box(*one) for one in rectangles])
    else:
        if first[0] > last[0]:
            raise _invalid(text, "its low end is above its high end")
        plan = plane.degrees(shapely.box(first[0], first[1], last[0], last[1]), "bbox")
        rectangles = [plan.bounds]
    return Box(tuple(Window(*one, *heights) for one in rectangles), plan, upright=plane is None)


def _numbers(text: str) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        raise _invalid(text, "not all of it are numbers") from None
    if len(numbers) not in (4, 6):
        raise _invalid(text, f"{len(numbers)} numbers")
    if not all(map(math.isfinite, numbers)):
        raise _invalid(text, "not all of it are finite")
    return numbers


def _rectangles(west: float, south: float, east: float, north: float) -> list[tuple[float, float, float, float]]:
    if west <= east:
        return [(west, south, east, north)]
    return [(west, south, 180.0, north), (-180.0, south, east, north)]


def _invalid(text: str, why: str) -> Invalid:
    return Invalid(f"bbox={text!r}: {why}", path="bbox", code="PARAMETER_INVALID", hint=HINT)
