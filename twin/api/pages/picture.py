"""A map of the features of a page, as SVG: drawn from their own shapes alone, no tiles, no program, attributes and classes only."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import shapely
from shapely.geometry.base import BaseGeometry

from twin.api.pages.frame import text

__all__ = ["Drawn", "draw_map"]

EDGE = 34.0
LEAST_DEGREES = 2e-4
"""A map shows at least some twenty metres."""
METRES_A_DEGREE = 111_320.0
STEPS = (1.0, 2.0, 5.0, 10.0)
DOT = 5.0
DEGREES_WIDE = 110.0
"""What the number at a meridian takes, and more."""
SMALL = 3.0
"""An area or line that would be smaller than this is drawn as a dot."""


class Drawn(NamedTuple):
    """One feature: its shape in lon, lat degrees, its name, the address of its page."""

    shape: BaseGeometry
    name: str
    href: str


@dataclass(frozen=True, slots=True)
class _Plane:
    """Degrees → the picture's units, as long in both directions at the middle latitude; `width` and `height` are the picture's."""

    width: float
    height: float
    west: float
    north: float
    scale_x: float
    scale_y: float

    def at(self, lon: float, lat: float) -> tuple[float, float]:
        return EDGE + (lon - self.west) * self.scale_x, EDGE + (self.north - lat) * self.scale_y


def draw_map(features: Sequence[Drawn], label: str, *, width: float = 720.0, height: float = 420.0) -> str:
    """The picture; empty where nothing has a place. Large features lie below small ones; one without an address is no link."""
    placed = [one for one in features if not one.shape.is_empty]
    if not placed:
        return ""
    plane, sides = _fitted(shapely.total_bounds([one.shape for one in placed]).tolist(), width, height)
    lines, degrees = _grid(plane, sides)
    ordered = sorted(placed, key=lambda one: -one.shape.envelope.area)
    marks = "".join(_linked(one, "".join(_marks(one.shape, plane))) for one in ordered)
    return (
        f'<svg class="map" viewBox="0 0 {plane.width:g} {plane.height:g}" role="group" aria-label="{text(label)}">'
        f'<rect class="ground" width="{plane.width:g}" height="{plane.height:g}"/>{lines}{marks}{degrees}{_scale(plane)}</svg>'
    )


def _linked(one: Drawn, marks: str) -> str:
    titled = f"<title>{text(one.name)}</title>{marks}"
    return f'<a href="{text(one.href)}">{titled}</a>' if one.href else f"<g>{titled}</g>"


def _fitted(bounds: Sequence[float], width: float, height: float) -> tuple[_Plane, tuple[float, float, float, float]]:
    """The plane in which the bounds stand in the middle, and the sides of the picture in degrees."""
    west, south, east, north = bounds
    lon, lat = (west + east) / 2, (south + north) / 2
    shrink = max(math.cos(math.radians(lat)), 0.05)
    wide, high = max(east - west, LEAST_DEGREES), max(north - south, LEAST_DEGREES)
    scale = min((width - 2 * EDGE) / (wide * shrink), (height - 2 * EDGE) / high)
    across, along = (width - 2 * EDGE) / (scale * shrink), (height - 2 * EDGE) / scale
    sides = (lon - across / 2, lat - along / 2, lon + across / 2, lat + along / 2)
    return _Plane(width, height, sides[0], sides[3], scale * shrink, scale), sides


def _marks(shape: BaseGeometry, plane: _Plane) -> Iterable[str]:
    for part in shapely.get_parts(shape):
        if part.geom_type.startswith(("Multi", "GeometryCollection")):
            yield from _marks(part, plane)
            continue
        west, south, east, north = part.bounds
        small = (east - west) * plane.scale_x < SMALL and (north - south) * plane.scale_y < SMALL
        if part.geom_type == "Point" or small:
            x, y = plane.at((west + east) / 2, (south + north) / 2)
            yield f'<circle class="spot" cx="{x:.1f}" cy="{y:.1f}" r="{DOT:g}"/>'
        elif part.geom_type == "Polygon":
            rings = " ".join(f"{_path(ring.coords, plane)}Z" for ring in (part.exterior, *part.interiors))
            yield f'<path class="area" fill-rule="evenodd" d="{rings}"/>'
        else:
            yield f'<path class="way" d="{_path(part.coords, plane)}"/>'


def _path(points: Iterable[Sequence[float]], plane: _Plane) -> str:
    """The way through some points; those that fall on the one before are left out."""
    found: list[str] = []
    for lon, lat, *_ in points:
        x, y = plane.at(lon, lat)
        said = f"{x:.1f} {y:.1f}"
        if not found or found[-1] != said:
            found.append(said)
    return f"M{'L'.join(found)}"


def _grid(plane: _Plane, sides: tuple[float, float, float, float]) -> tuple[str, str]:
    """Meridians and parallels at round degrees, some three to ten of them, and their numbers, which stand above all else."""
    west, south, east, north = sides
    step = _round_step((east - west) * DEGREES_WIDE / plane.width)
    digits = max(0, -math.floor(math.log10(step)))
    lines, degrees = [], []
    for number in range(math.ceil(west / step), math.floor(east / step) + 1):
        x, _ = plane.at(number * step, north)
        lines.append(f'<path class="grid" d="M{x:.1f} 0V{plane.height:g}"/>')
        degrees.append(f'<text class="grid-text" x="{x + 3:.1f}" y="{plane.height - 6:g}">{number * step:.{digits}f}°</text>')
    for number in range(math.ceil(south / step), math.floor(north / step) + 1):
        _, y = plane.at(west, number * step)
        lines.append(f'<path class="grid" d="M0 {y:.1f}H{plane.width:g}"/>')
        degrees.append(f'<text class="grid-text" x="4" y="{y - 3:.1f}">{number * step:.{digits}f}°</text>')
    return "".join(lines), "".join(degrees)


def _scale(plane: _Plane) -> str:
    """A bar of round metres or kilometres."""
    unit = plane.scale_y / METRES_A_DEGREE
    metres = _round_step(60 / unit)
    length = metres * unit
    said = f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m"
    x, y = plane.width - EDGE - length, 22
    return (
        f'<path class="scale" d="M{x:.1f} {y - 5}v5h{length:.1f}v-5"/>'
        f'<text class="grid-text" x="{x + length / 2:.1f}" y="{y - 8}" text-anchor="middle">{said}</text>'
    )


def _round_step(about: float) -> float:
    """The least of 1, 2, 5 and 10 × a power of ten that is not below a number.

    >>> _round_step(37.0)
    50.0
    """
    power = 10.0 ** math.floor(math.log10(about))
    return min(step * power for step in STEPS if step * power >= about * (1 - 1e-9))
