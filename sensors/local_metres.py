"""Metres east and north of a place near each device, and back: a frame of its own for each, on the WGS84 ellipsoid.

Within 10 km of the place lengths are right to 2 in 1,000 (the parallel's scale at the middle); going there and back is exact.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sensors.columns import beside
from sensors.row_bytes import put_rows, take_rows

__all__ = ["FRAME_FIELDS", "metres_per_degree", "recentre", "scale_of", "to_degrees_e7", "to_local"]

FRAME_FIELDS: list[tuple[str, str]] = [("origin_lon_e7", "<i4"), ("origin_lat_e7", "<i4")]
"""Where the frame of a device lies, degrees times 1e7."""
SEMI_MAJOR_M = 6_378_137.0
ECCENTRICITY_SQUARED = 6.694_379_990_14e-3
E7 = 1e7
TURN_E7 = 3_600_000_000
FAR_M = 10_000.0
Float64 = NDArray[np.float64]


def metres_per_degree(lat_deg: NDArray[Any]) -> Float64:
    """Metres of a degree of longitude and of latitude (n, 2) at latitudes (n,).

    >>> metres_per_degree(np.array([0.0, 60.0])).round().tolist()
    [[111319.0, 110574.0], [55800.0, 111412.0]]
    """
    lat = np.radians(np.asarray(lat_deg, dtype=np.float64))
    bend = 1.0 - ECCENTRICITY_SQUARED * np.sin(lat) ** 2
    root = np.sqrt(bend)
    east = SEMI_MAJOR_M / root * np.cos(lat)
    north = SEMI_MAJOR_M * (1.0 - ECCENTRICITY_SQUARED) / (bend * root)
    metres: Float64 = np.radians(beside(np.maximum(east, 1.0), north))
    return metres


def scale_of(rows: NDArray[Any]) -> Float64:
    """Metres of a degree (n, 2) in the frames of rows (n,)."""
    return metres_per_degree(rows["origin_lat_e7"] / E7)


def to_local(rows: NDArray[Any], lon_e7: NDArray[Any], lat_e7: NDArray[Any], scale: Float64 | None = None) -> Float64:
    """Metres (n, 2) of places in the frames of rows (n,); across the date line too. `scale` is `scale_of` them, where that is at hand."""
    scale = scale_of(rows) if scale is None else scale
    east = (lon_e7.astype(np.int64) - rows["origin_lon_e7"] + TURN_E7 // 2) % TURN_E7 - TURN_E7 // 2
    return beside(east, lat_e7.astype(np.int64) - rows["origin_lat_e7"]) / E7 * scale


def to_degrees_e7(rows: NDArray[Any], xy: Float64, scale: Float64 | None = None) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Longitudes and latitudes (n,), degrees times 1e7, of metres (n, 2) in the frames of rows (n,); `scale` as of `to_local`."""
    off = np.round(xy / (scale_of(rows) if scale is None else scale) * E7).astype(np.int64)
    lon = (off[:, 0] + rows["origin_lon_e7"] + TURN_E7 // 2) % TURN_E7 - TURN_E7 // 2
    lat = np.clip(off[:, 1] + rows["origin_lat_e7"], -90 * int(E7), 90 * int(E7))
    return lon.astype(np.int32), lat.astype(np.int32)


def recentre(rows: NDArray[Any]) -> bool:
    """Give the rows (n,) whose place `x[:, :2]` is far from their frame a new frame there; the place stays where it is on earth. Whether
    there were any."""
    far = np.abs(rows["x"][:, :2]).max(axis=1, initial=0.0) > FAR_M
    if not far.any():
        return False
    moved = take_rows(rows, far)
    xy = moved["x"][:, :2].copy()
    lon, lat = to_degrees_e7(moved, xy)
    rest = xy - to_local(moved, lon, lat)
    moved["origin_lon_e7"], moved["origin_lat_e7"] = lon, lat
    moved["x"][:, :2] = rest
    put_rows(rows, far, moved)
    return True
