"""How a file's plan coordinates are read: as they stand, or with one known fault undone, which is told.

A fault is only undone where it brings the file into the site and the coordinates as they stand do not: axes in the
authority's order (EPSG:4549 is north, east), an easting with or without its zone number (40 429 430 for 429 430).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from spatial.crs import HeightDatum, Horizontal, ellipsoidal_height, horizontal
from spatial.errors import CrsError
from spatial.frame import SiteFrame
from spatial.issue import Issue
from spatial.mesh import Float64

__all__ = ["Reading", "find_reading"]

SAMPLE = 512
ZONES = range(13, 46)
ZONE_M = 1e6
HIGHEST_M = 1e5
FALSE_EASTING_M = 5e5


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A CRS and how the first two columns become its east, north: swapped or not, then `shift` added to the easting."""

    crs: str
    swapped: bool = False
    shift: float = 0.0

    def plan(self, xy: Float64) -> Float64:
        """East, north (n, 2) in the CRS's units from the file's columns (n, ≥ 2)."""
        first, second = (xy[:, 1], xy[:, 0]) if self.swapped else (xy[:, 0], xy[:, 1])
        return np.column_stack([first + self.shift, second])

    def lon_lat(self, xy: Float64) -> Float64:
        """Degrees (n, 2) from the file's columns; NaN outside the CRS's domain."""
        plan = self.plan(xy)
        return np.column_stack(horizontal(self.crs).find_lon_lat(plan[:, 0], plan[:, 1]))

    def from_lon_lat(self, lon: Float64, lat: Float64) -> Float64:
        """The file's columns (n, 2) from degrees; raises CrsError outside the CRS's domain."""
        east, north = horizontal(self.crs).from_lon_lat(lon, lat)
        first = east - self.shift
        return np.column_stack([north, first] if self.swapped else [first, north])

    def to_site(self, xyz: Float64, datum: HeightDatum, site_frame: SiteFrame) -> Float64:
        """site_xyz (n, 3) from the file's columns (n, 3), heights over `datum`; NaN where a point has no place on earth."""
        heights = ellipsoidal_height(xyz[:, 2], datum, site_frame.site.geoid_separation_m)
        points = np.column_stack([self.lon_lat(xyz), heights])
        known = np.isfinite(points).all(axis=1) & (np.abs(points[:, 2]) < HIGHEST_M)
        result = np.full((len(points), 3), np.nan)
        if known.any():
            result[known] = site_frame.from_lon_lat_height(points[known])
        return result

    def issues(self, path: str, source: str) -> Iterator[Issue]:
        """What had to be undone, one finding each."""
        if self.swapped:
            message = f"the plan coordinates lie in the site only when read as north, east of {horizontal(self.crs).authority}"
            yield Issue(code="AXIS_SWAPPED", path=path, message=message, source=source)
        if self.shift:
            done = "stripped from" if self.shift < 0 else "added to"
            message = f"the zone number {abs(self.shift) / ZONE_M:.0f} was {done} the eastings of {horizontal(self.crs).authority}"
            yield Issue(code="EASTING_ZONE_PREFIX", path=path, message=message, source=source)


def find_reading(xy: Float64, crs: str, site_frame: SiteFrame) -> Reading:
    """How coordinates (n, ≥ 2) in a CRS are to be read for a site; as they stand where no reading brings any into the site.

    Raises CrsError where they lie outside the CRS's domain in every reading.
    """
    points = xy[np.isfinite(xy[:, :2]).all(axis=1)]
    points = points[np.linspace(0, len(points) - 1, min(len(points), SAMPLE)).astype(np.int64)] if len(points) else points
    as_it_stands = Reading(crs=crs)
    if not len(points):
        return as_it_stands
    possible = False
    for reading in _readings(points, as_it_stands, site_frame):
        degrees = reading.lon_lat(points)
        degrees = degrees[np.isfinite(degrees).all(axis=1)]
        possible = possible or len(degrees) > 0
        if len(degrees) and _any_inside(degrees, site_frame):
            return reading
    if not possible:
        raise CrsError(f"{horizontal(crs).name}: coordinates outside its domain", hint="swapped axes or wrong CRS?")
    return as_it_stands


def _readings(points: Float64, as_it_stands: Reading, site_frame: SiteFrame) -> Iterator[Reading]:
    yield as_it_stands
    plane = horizontal(as_it_stands.crs)
    east = float(plane.from_lon_lat([site_frame.site.lon], [site_frame.site.lat])[0][0])
    zones = _zones(plane, site_frame) if plane.projected and plane.unit_m == 1.0 else set()
    for swapped in (False, True):
        if swapped:
            yield Reading(crs=as_it_stands.crs, swapped=True)
        if zones:
            own = float(np.median(points[:, 1 if swapped else 0]))
            zone = round(east // ZONE_M - own // ZONE_M)
            if abs(zone) in zones:
                yield Reading(crs=as_it_stands.crs, swapped=swapped, shift=zone * ZONE_M)


def _zones(plane: Horizontal, site_frame: SiteFrame) -> set[int]:
    """The numbers that the 3- and 6-degree zones of this central meridian bear in China: 40 for 120°E, 39 and 20 for 117°E."""
    east, north = plane.from_lon_lat([site_frame.site.lon], [site_frame.site.lat])
    meridian = float(plane.to_lon_lat([east[0] // ZONE_M * ZONE_M + FALSE_EASTING_M], north)[0][0])
    numbers = (meridian / 3.0, (meridian + 3.0) / 6.0)
    return {round(number) for number in numbers if abs(number - round(number)) < 1e-6 and round(number) in ZONES}


def _any_inside(degrees: Float64, site_frame: SiteFrame) -> bool:
    heights = np.full(len(degrees), site_frame.site.height_m)
    there = site_frame.from_lon_lat_height(np.column_stack([degrees, heights]))
    return bool((np.linalg.norm(there, axis=1) <= site_frame.site.radius_m).any())
