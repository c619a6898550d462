"""Map offsets of China: GCJ-02 (surveying bureau) and BD-09 (Baidu) against WGS84 ≈ CGCS2000; 300 to 700 m, no survey.

The offsets are published nowhere officially; the formulas are those that map clients use. They hold within China's bounding
box (72.004 to 137.8347° E, 0.8293 to 55.8271° N); outside there is no offset. Inverses are found by iteration, to 1e-9°.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spatial.errors import CrsError
from spatial.mesh import Float64

__all__ = ["bd09_to_wgs84", "gcj02_to_wgs84", "wgs84_to_gcj02"]

SEMI_MAJOR_M = 6_378_245.0
ECCENTRICITY_SQUARED = 0.006_693_421_622_965_943
"""Of the ellipsoid Krasovsky 1940, on which the offset is defined."""
WEST, EAST, SOUTH, NORTH = 72.004, 137.8347, 0.8293, 55.8271
REFERENCE_LON, REFERENCE_LAT = 105.0, 35.0
BAIDU_LON, BAIDU_LAT = 0.0065, 0.006
BAIDU_TURN = np.pi * 3000.0 / 180.0
STEPS = 30
CLOSE_DEG = 1e-9


def wgs84_to_gcj02(lon_lat: ArrayLike) -> Float64:
    """GCJ-02 degrees (n, 2) lon, lat from WGS84 degrees (n, 2); unchanged outside China's bounding box."""
    points = np.atleast_2d(np.asarray(lon_lat, dtype=np.float64))
    shifted: Float64 = np.where(_inside(points)[:, None], points + _offset(points), points)
    return shifted


def gcj02_to_wgs84(lon_lat: ArrayLike) -> Float64:
    """WGS84 degrees (n, 2) lon, lat from GCJ-02 degrees (n, 2); raises CrsError where no point has that offset (near the box's edge).

    >>> gcj02_to_wgs84([[116.38404722455657, 39.91334545536069]]).round(6).tolist()
    [[116.377817, 39.911954]]
    """
    wanted = np.atleast_2d(np.asarray(lon_lat, dtype=np.float64))
    found = wanted.copy()
    for _ in range(STEPS):
        off = wanted - wgs84_to_gcj02(found)
        if np.abs(off).max(initial=0.0) < CLOSE_DEG:
            return found
        found = found + off
    raise CrsError("no WGS84 point has these GCJ-02 coordinates", hint="lon, lat in degrees, within China?")


def bd09_to_wgs84(lon_lat: ArrayLike) -> Float64:
    """WGS84 degrees (n, 2) lon, lat from BD-09 degrees (n, 2); BD-09 is a turn and stretch of GCJ-02. Raises as `gcj02_to_wgs84`."""
    points = np.atleast_2d(np.asarray(lon_lat, dtype=np.float64)) - (BAIDU_LON, BAIDU_LAT)
    lon, lat = points.T
    radius = np.hypot(lon, lat) - 0.00002 * np.sin(lat * BAIDU_TURN)
    angle = np.arctan2(lat, lon) - 0.000003 * np.cos(lon * BAIDU_TURN)
    return gcj02_to_wgs84(np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1))


def _inside(points: Float64) -> NDArray[np.bool_]:
    lon, lat = points.T
    inside: NDArray[np.bool_] = (lon >= WEST) & (lon <= EAST) & (lat >= SOUTH) & (lat <= NORTH)
    return inside


def _offset(points: Float64) -> Float64:
    """The offset in degrees at WGS84 points (n, 2)."""
    x, y = (points - (REFERENCE_LON, REFERENCE_LAT)).T
    root = np.sqrt(np.abs(x))
    short = (20.0 * np.sin(6.0 * x * np.pi) + 20.0 * np.sin(2.0 * x * np.pi)) * 2.0 / 3.0
    north_m = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + short
    north_m += (20.0 * np.sin(y * np.pi) + 40.0 * np.sin(y / 3.0 * np.pi)) * 2.0 / 3.0
    north_m += (160.0 * np.sin(y / 12.0 * np.pi) + 320.0 * np.sin(y * np.pi / 30.0)) * 2.0 / 3.0
    east_m = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + short
    east_m += (20.0 * np.sin(x * np.pi) + 40.0 * np.sin(x / 3.0 * np.pi)) * 2.0 / 3.0
    east_m += (150.0 * np.sin(x / 12.0 * np.pi) + 300.0 * np.sin(x / 30.0 * np.pi)) * 2.0 / 3.0
    lat = np.radians(points[:, 1])
    bend = 1.0 - ECCENTRICITY_SQUARED * np.sin(lat) ** 2
    meridian_m = SEMI_MAJOR_M * (1.0 - ECCENTRICITY_SQUARED) / (bend * np.sqrt(bend))
    parallel_m = SEMI_MAJOR_M / np.sqrt(bend) * np.cos(lat)
    return np.stack([np.degrees(east_m / parallel_m), np.degrees(north_m / meridian_m)], axis=1)
