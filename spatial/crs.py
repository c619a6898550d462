"""Coordinate reference systems: the one module that calls pyproj.

Axis order is always lon, lat or east, north (`always_xy=True`), never the authority's; every call checks errors.
Horizontal only: pyproj turns a 1985 height into an ellipsoidal one by nothing, silently, so heights are
`spatial.crs.ellipsoidal_height` with the site's own geoid separation (EPSG Guidance Note 7-1: h = H + N).
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import numpy as np
import pyproj
from numpy.typing import ArrayLike
from pyproj.enums import TransformDirection

from spatial.errors import CrsError, HeightDatumUnknown
from spatial.mesh import Float64

__all__ = [
    "HeightDatum",
    "Horizontal",
    "ecef_from_lon_lat_height",
    "ellipsoidal_height",
    "find_height_datum",
    "grid_convergence_scale",
    "horizontal",
    "is_northing_first",
    "lon_lat_height_from_ecef",
]

GEOGRAPHIC = "EPSG:4490"
GEODETIC_3D = "EPSG:4979"
GEOCENTRIC = "EPSG:4978"


class HeightDatum(StrEnum):
    """What a height is measured from."""

    ELLIPSOIDAL = "ellipsoidal"
    ORTHOMETRIC = "orthometric"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, eq=False)
class Horizontal:
    """A horizontal CRS with its way to longitude and latitude (degrees, CGCS2000 ≈ WGS84 to centimetres); `text` is what it was
    asked for by."""

    name: str
    authority: str
    text: str
    projected: bool
    unit_m: float
    height_datum: HeightDatum
    _transformer: pyproj.Transformer

    def to_lon_lat(self, x: ArrayLike, y: ArrayLike) -> tuple[Float64, Float64]:
        """Longitude, latitude in degrees from east, north (or lon, lat) in the CRS's own units; raises CrsError outside its domain."""
        return self._run(x, y, TransformDirection.FORWARD)

    def find_lon_lat(self, x: ArrayLike, y: ArrayLike) -> tuple[Float64, Float64]:
        """As `to_lon_lat`, with NaN, NaN for each point outside the CRS's domain instead of an error for all of them."""
        points = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
        lon, lat = self._transformer.transform(*points, direction=TransformDirection.FORWARD)
        outside = ~(np.isfinite(lon) & (np.abs(lat) <= 90.0))
        return np.where(outside, np.nan, lon), np.where(outside, np.nan, lat)

    def from_lon_lat(self, lon: ArrayLike, lat: ArrayLike) -> tuple[Float64, Float64]:
        """East, north (or lon, lat) in the CRS's own units from degrees."""
        return self._run(lon, lat, TransformDirection.INVERSE)

    def _run(self, x: ArrayLike, y: ArrayLike, direction: TransformDirection) -> tuple[Float64, Float64]:
        try:
            a, b = self._transformer.transform(
                np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64), direction=direction, errcheck=True
            )
        except pyproj.exceptions.ProjError as error:
            raise CrsError(f"{self.name}: coordinates outside its domain ({error})", hint="swapped axes or wrong CRS?") from error
        return np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)


@lru_cache(maxsize=64)
def horizontal(crs: str) -> Horizontal:
    """The horizontal part of a CRS named by `EPSG:n`, URN, OGC URI or WKT; raises CrsError for what pyproj does not know.

    >>> lon, lat = horizontal("EPSG:4549").to_lon_lat(429600.0, 2887000.0)
    """
    if not crs or not crs.strip():
        raise CrsError("no CRS given", hint="name one with --crs EPSG:n")
    try:
        full = pyproj.CRS.from_user_input(_tidy(crs))
    except pyproj.exceptions.CRSError as error:
        raise CrsError(f"unknown CRS {crs!r}: {error}", hint="give an EPSG code, e.g. --crs EPSG:4549") from error
    flat = _horizontal_part(full)
    if not (flat.is_projected or flat.is_geographic):
        raise CrsError(f"{crs!r} is neither projected nor geographic", hint="name a projected or geographic CRS")
    try:
        transformer = pyproj.Transformer.from_crs(flat, _geographic_target(flat), always_xy=True)
    except pyproj.exceptions.ProjError as error:
        raise CrsError(f"{crs!r}: PROJ knows no way to longitude and latitude ({error})", hint="name another CRS") from error
    if "ballpark vertical" in transformer.description.lower():
        raise CrsError(f"{crs!r}: pyproj would only guess the height", hint="name the horizontal CRS and the height datum apart")
    code = flat.to_epsg()
    unit = float(flat.axis_info[0].unit_conversion_factor) if flat.is_projected else 1.0
    return Horizontal(flat.name, f"EPSG:{code}" if code else flat.name, crs, flat.is_projected, unit, _height_datum(full), transformer)


def find_height_datum(crs: str) -> HeightDatum:
    """The datum the heights of a CRS are measured from; `unknown` where the CRS is two-dimensional."""
    return horizontal(crs).height_datum


def ellipsoidal_height(height_m: ArrayLike, datum: HeightDatum, geoid_separation_m: float | None) -> Float64:
    """Ellipsoidal heights h = H + N in metres; raises HeightDatumUnknown rather than assume N = 0 or a datum."""
    heights = np.asarray(height_m, dtype=np.float64)
    if datum is HeightDatum.ELLIPSOIDAL:
        return heights
    if datum is HeightDatum.UNKNOWN:
        raise HeightDatumUnknown("the height's datum is not stated", hint="name a CRS with a vertical part")
    if geoid_separation_m is None:
        raise HeightDatumUnknown(
            "an orthometric height needs the site's geoid separation", hint="twin site add … --geoid-separation METRES (surveyed)"
        )
    return heights + geoid_separation_m


def ecef_from_lon_lat_height(lon_lat_height: ArrayLike) -> Float64:
    """Earth-centred metres (n, 3) from degrees and ellipsoidal metres (n, 3); raises CrsError for what is no place on Earth."""
    return _run_geocentric(lon_lat_height, TransformDirection.FORWARD)


def lon_lat_height_from_ecef(ecef: ArrayLike) -> Float64:
    """Degrees and ellipsoidal metres (n, 3) from earth-centred metres (n, 3); raises CrsError where that has no answer."""
    return _run_geocentric(ecef, TransformDirection.INVERSE)


def grid_convergence_scale(crs: str, lon: float, lat: float) -> tuple[float, float]:
    """Meridian convergence in degrees (positive: grid north east of true north) and point scale k; 0 and 1 for a geographic CRS.

    At Pingshan (119.2946, 26.0896) in EPSG:4549: -0.310 and 1.0000611. Raises CrsError outside the CRS's domain.
    """
    if not horizontal(crs).projected:
        return 0.0, 1.0
    try:
        factors = pyproj.Proj(_horizontal_part(pyproj.CRS.from_user_input(_tidy(crs)))).get_factors(lon, lat, errcheck=True)
    except pyproj.exceptions.ProjError as error:
        raise CrsError(f"{crs} has no convergence and scale at {lon:g}, {lat:g} ({error})", hint="wrong CRS?") from error
    return float(factors.meridian_convergence), float(factors.meridional_scale)


@lru_cache(maxsize=64)
def is_northing_first(crs: str) -> bool:
    """Whether the authority of a CRS states latitude or northing before longitude or easting: EPSG:4326 and EPSG:4549 do."""
    horizontal(crs)
    first = _horizontal_part(pyproj.CRS.from_user_input(_tidy(crs))).axis_info[0]
    return str(first.direction).lower() in ("north", "south")


@lru_cache(maxsize=1)
def _geocentric() -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(GEODETIC_3D, GEOCENTRIC, always_xy=True)


def _run_geocentric(points: ArrayLike, direction: TransformDirection) -> Float64:
    a, b, c = np.atleast_2d(np.asarray(points, dtype=np.float64)).T
    try:
        return np.stack(_geocentric().transform(a, b, c, direction=direction, errcheck=True), axis=1)
    except pyproj.exceptions.ProjError as error:
        raise CrsError(f"no place on Earth ({error})", hint="degrees in the order longitude, latitude?") from error


def _tidy(crs: str) -> str:
    text = crs.strip()
    if text.startswith("http") and "/def/crs/" in text:
        authority, _, code = text.split("/def/crs/")[1].strip("/").split("/")[:3]
        return f"{authority}:{code}"
    return text


def _horizontal_part(crs: pyproj.CRS) -> pyproj.CRS:
    if crs.is_compound:
        return _horizontal_part(crs.sub_crs_list[0])
    if crs.is_bound and crs.source_crs is not None:
        return _horizontal_part(crs.source_crs)
    return crs.to_2d()


def _height_datum(crs: pyproj.CRS) -> HeightDatum:
    if crs.is_compound:
        return HeightDatum.ORTHOMETRIC
    return HeightDatum.ELLIPSOIDAL if len(crs.axis_info) == 3 else HeightDatum.UNKNOWN


def _geographic_target(crs: pyproj.CRS) -> str:
    base = crs.geodetic_crs
    chinese = base is not None and "2000" in base.name and "China" in base.name
    return GEOGRAPHIC if chinese else "EPSG:4326"
