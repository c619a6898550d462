"""What a device's record states of where it is: degrees, grid metres, a geometry in text, each in the datum it names. Pure.

Nothing is assumed: numbers without a datum are a fault, never taken for WGS84 (GCJ-02 and BD-09 lie up to 700 m beside it).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from math import isfinite
from types import MappingProxyType
from typing import Any

import numpy as np
import shapely
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from spatial.crs import horizontal
from spatial.datum_shift import bd09_to_wgs84, gcj02_to_wgs84
from spatial.errors import CrsError
from spatial.mesh import Float64
from twin.imports.tie.devices.rows import Fault

__all__ = ["DATUM_UNSTATED", "INVALID", "SITE_GRID", "UNPLACED", "stated_geometry", "stated_lon_lat"]

DATUM_UNSTATED, INVALID, UNPLACED = "DEVICE_DATUM_UNSTATED", "DEVICE_COORDINATES_INVALID", "DEVICE_UNPLACED"
SITE_GRID = "SITE_GRID"
TO_WGS84: Mapping[str, Callable[[Float64], Float64] | None] = MappingProxyType(
    {"CGCS2000": None, "WGS84": None, "GCJ02": gcj02_to_wgs84, "BD09": bd09_to_wgs84}
)
"""Datum → what makes it WGS84; CGCS2000 is that to centimetres."""
SRID = re.compile(r"\s*SRID=(\d+);", re.IGNORECASE)


def stated_lon_lat(values: Mapping[str, Any], grid_crs: str | None) -> tuple[float, float] | Fault | None:
    """Longitude and latitude in WGS84 ≈ CGCS2000 degrees, why they are none, or None where the record states no coordinates.

    `grid_crs` is the CRS of the site, in which easting and northing are (metres); None where nobody knows which site it is.
    """
    lon, lat, easting, northing = (values.get(name) for name in ("lon", "lat", "easting", "northing"))
    if lon is None and lat is None and easting is None and northing is None:
        return None
    datum = values.get("datum")
    if easting is not None or northing is not None:
        return _from_grid(easting, northing, datum, grid_crs)
    if lon is None or lat is None:
        return Fault(INVALID, "a longitude without a latitude, or the other way round")
    if not (isfinite(lon) and isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 90) or (lon == 0 and lat == 0):
        swapped = abs(lat) <= 180 and abs(lon) <= 90
        return Fault(INVALID, f"{lon:g}, {lat:g} is no longitude and latitude{': exchanged?' if swapped else ''}")
    if datum not in TO_WGS84:
        said = "in the grid of the site, which has no degrees" if datum else "in no stated datum: GCJ-02 and BD-09 lie up to 700 m off"
        return Fault(DATUM_UNSTATED, f"{lon:g}, {lat:g} {said}")
    try:
        found = _shifted(np.array([[lon, lat]]), str(datum))[0]
    except CrsError as error:
        return Fault(INVALID, f"{lon:g}, {lat:g}: {error}")
    return float(found[0]), float(found[1])


def stated_geometry(text: str, datum: str | None, grid_crs: str | None) -> BaseGeometry | Fault:
    """A geometry written as WKT (`SRID=4490;…` names its CRS) or GeoJSON, in WGS84 ≈ CGCS2000 degrees, lon lat, without heights."""
    srid = SRID.match(text)
    try:
        shape = shapely.from_geojson(text) if text.lstrip().startswith("{") else shapely.from_wkt(text[srid.end() if srid else 0 :])
    except (ShapelyError, ValueError) as error:
        return Fault("DEVICE_GEOMETRY_INVALID", f"neither WKT nor GeoJSON: {error}")
    if shape is None or shape.is_empty or not np.isfinite(shapely.get_coordinates(shape)).all():
        return Fault("DEVICE_GEOMETRY_INVALID", "an empty geometry")
    try:
        if srid:
            return _from_crs(shape, f"EPSG:{srid[1]}")
        if datum == SITE_GRID:
            if grid_crs is None:
                return Fault(INVALID, "in the grid of a site, and nothing says which site")
            return _from_crs(shape, grid_crs)
        if datum not in TO_WGS84:
            return Fault(DATUM_UNSTATED, "a geometry in no stated datum: GCJ-02 and BD-09 lie up to 700 m off")
        lon, lat = shapely.get_coordinates(shape).T
        if (np.abs(lon) > 180).any() or (np.abs(lat) > 90).any():
            return Fault(INVALID, f"{lon[0]:g}, {lat[0]:g} is no longitude and latitude")
        return shapely.transform(shapely.force_2d(shape), lambda points: _shifted(points, str(datum)))
    except CrsError as error:
        return Fault(INVALID, str(error))


def _from_grid(easting: float | None, northing: float | None, datum: str | None, grid_crs: str | None) -> tuple[float, float] | Fault:
    if easting is None or northing is None:
        return Fault(INVALID, "an easting without a northing, or the other way round")
    if datum != SITE_GRID:
        return Fault(DATUM_UNSTATED, f"{easting:g}, {northing:g} is not said to be in the grid of the site")
    if grid_crs is None:
        return Fault(INVALID, f"{easting:g}, {northing:g}: nothing says of which site")
    try:
        lon, lat = horizontal(grid_crs).to_lon_lat([easting], [northing])
    except CrsError as error:
        return Fault(INVALID, f"{easting:g}, {northing:g}: {error}")
    return float(lon[0]), float(lat[0])


def _from_crs(shape: BaseGeometry, crs: str) -> BaseGeometry:
    plane = horizontal(crs)
    return shapely.transform(shapely.force_2d(shape), lambda points: np.column_stack(plane.to_lon_lat(points[:, 0], points[:, 1])))


def _shifted(lon_lat: Float64, datum: str) -> Float64:
    shift = TO_WGS84[datum]
    return shift(lon_lat) if shift else lon_lat
