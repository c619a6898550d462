"""Fixes written by hand, in metres around a place in Fuzhou."""

from typing import Any

import numpy as np

from sensors.observation import FIX, NO_NUMBER, Fixes

START_US = 1_790_000_000_000_000
LON_E7, LAT_E7 = 1_192_946_000, 260_896_000
E7_PER_M_EAST, E7_PER_M_NORTH = 1e7 / 100_064.0, 1e7 / 110_785.0
"""At 26.0896° N, WGS84."""


def fix_rows(seconds: Any, east: Any = 0.0, north: Any = 0.0, *, device: Any = 0, **columns: Any) -> Fixes:
    """Fixes at so many seconds after the start (n,), metres east and north; other columns as named, else nothing said."""
    count = len(np.atleast_1d(seconds))
    fixes = np.zeros(count, dtype=FIX)
    for name in ("altitude_dm", "speed_dkmh", "heading_cdeg", "accuracy_dm"):
        fixes[name] = NO_NUMBER
    fixes["device"], fixes["status"] = device, 1
    time_us = START_US + np.round(np.asarray(seconds, dtype=np.float64) * 1e6).astype(np.int64)
    fixes["device_us"] = fixes["fix_us"] = fixes["received_us"] = time_us
    fixes["lon_e7"] = np.round(LON_E7 + np.asarray(east) * E7_PER_M_EAST)
    fixes["lat_e7"] = np.round(LAT_E7 + np.asarray(north) * E7_PER_M_NORTH)
    for name, value in columns.items():
        fixes[name] = value
    return fixes


def metres_of(lon_e7: Any, lat_e7: Any) -> Any:
    """Metres east and north (n, 2) of degrees times 1e7."""
    east = (np.asarray(lon_e7, dtype=np.float64) - LON_E7) / E7_PER_M_EAST
    return np.stack([east, (np.asarray(lat_e7, dtype=np.float64) - LAT_E7) / E7_PER_M_NORTH], axis=-1)
