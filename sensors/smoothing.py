"""Where devices probably are now, and how sure that is: parked ones held, moving ones filtered, drawn to roads that they follow.

Causal: what comes late goes to `sensors.smoothing_rts`. Rows are columns of one device each, one fix a device at a time.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sensors.columns import beside
from sensors.filter_model import FilterModel, filter_model
from sensors.local_metres import FRAME_FIELDS, metres_per_degree, recentre, scale_of, to_degrees_e7, to_local
from sensors.observation import Fixes
from sensors.parking import PARK_FIELDS, Parking, ParkModel, moves_from_m_s, park, park_model
from sensors.plausible import distance_m
from sensors.roads import NO_ROAD, Roads
from sensors.row_bytes import put_rows, take_rows
from sensors.smoothing_filter import FILTER_FIELDS, begin, predict, radius_95_m, update_place
from sensors.snapping import SNAP_FIELDS, SnapModel, snap, snap_model

__all__ = ["DKMH_PER_M_S", "SMOOTH_FIELDS", "Smoothed", "Smoothing", "smooth", "velocity_of"]

SMOOTH_FIELDS = [*FRAME_FIELDS, *FILTER_FIELDS, *SNAP_FIELDS, *PARK_FIELDS]
"""What is kept of a device, with `sensors.plausible.JUDGE_FIELDS` beside it."""
SECOND_US = 1_000_000
DKMH_PER_M_S = 36.0
Bools = NDArray[np.bool_]
Float64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Smoothing:
    """What smoothing goes by; `roads` in degrees of longitude and latitude, None where none are known."""

    filter: FilterModel = field(default_factory=filter_model)
    parking: ParkModel = field(default_factory=park_model)
    snapping: SnapModel = field(default_factory=snap_model)
    roads: Roads | None = None
    longest_s: float = 1800.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Smoothed:
    """Of each fix (n,): degrees times 1e7, radius of 95 % in metres, whether the device moves, whether its fix was drift while parked."""

    lon_e7: NDArray[np.int32]
    lat_e7: NDArray[np.int32]
    accuracy_m: Float64
    moving: Bools
    drifts: Bools


def velocity_of(fixes: Fixes) -> Float64:
    """Metres a second east and north (n, 2) by the speed and heading that fixes say; NaN where they do not."""
    speed, heading = fixes["speed_dkmh"] / DKMH_PER_M_S, np.radians(fixes["heading_cdeg"] / 100.0)
    told = (fixes["speed_dkmh"] >= 0) & ((fixes["heading_cdeg"] >= 0) | (fixes["speed_dkmh"] == 0))
    return np.where(told[:, None], beside(speed * np.sin(heading), speed * np.cos(heading)), np.nan)


def smooth(
    rows: NDArray[Any],
    fixes: Fixes,
    lon_e7: NDArray[np.int32],
    lat_e7: NDArray[np.int32],
    time_us: NDArray[np.int64],
    anew: Bools,
    settings: Smoothing,
) -> Smoothed:
    """Take the fixes (n,), judged and corrected to (lon, lat), into rows (n,), which are written; where `anew`, forget what was before."""
    velocity = velocity_of(fixes)
    speed = np.where(fixes["speed_dkmh"] >= 0, fixes["speed_dkmh"] / DKMH_PER_M_S, np.nan)
    fresh = anew | ~rows["begun"] | ((time_us - rows["time_us"] > settings.longest_s * SECOND_US) & ~rows["parked"])
    _restart(rows, fresh, lon_e7, lat_e7)
    scale = scale_of(rows)
    z = to_local(rows, lon_e7, lat_e7, scale)
    off = np.where(fresh, 0.0, np.hypot(*(z - rows["x"][:, :2]).T))
    roamed = distance_m(lon_e7, lat_e7, rows["spot_lon_e7"], rows["spot_lat_e7"])
    parking = park(rows, speed, velocity, off, roamed, fixes["status"], time_us, settings.parking)
    for name, value in (("spot_lon_e7", lon_e7), ("spot_lat_e7", lat_e7)):
        rows[name] = np.where(rows["still_us"] == 0, value, rows[name])
    first = fresh | parking.taken
    if parking.taken.any():
        _restart(rows, parking.taken, lon_e7, lat_e7)
        scale = scale_of(rows)
        z = to_local(rows, lon_e7, lat_e7, scale)
    _begin(rows, first, z, velocity, time_us, settings.filter)
    _drive_off(rows, parking)
    goes_on = ~first & ~parking.astray
    if goes_on.all():
        _go_on(rows, z, velocity, time_us, parking.held, scale, settings)
    elif goes_on.any():
        going = take_rows(rows, goes_on)
        _go_on(going, z[goes_on], velocity[goes_on], time_us[goes_on], parking.held[goes_on], scale[goes_on], settings)
        put_rows(rows, goes_on, going)
    if recentre(rows):
        scale = scale_of(rows)
    lon, lat = to_degrees_e7(rows, rows["x"][:, :2], scale)
    lately = time_us - rows["still_us"] < settings.parking.silent_s * SECOND_US
    goes = np.where(np.isfinite(speed), np.nan_to_num(speed) >= moves_from_m_s(rows, settings.parking), (rows["still_us"] == 0) | lately)
    moving = ~rows["parked"] & goes
    return Smoothed(lon_e7=lon, lat_e7=lat, accuracy_m=radius_95_m(rows["p"]), moving=moving, drifts=parking.drifts)


def _restart(rows: NDArray[Any], fresh: Bools, lon_e7: NDArray[np.int32], lat_e7: NDArray[np.int32]) -> None:
    if not fresh.any():
        return
    rows["origin_lon_e7"] = np.where(fresh, lon_e7, rows["origin_lon_e7"])
    rows["origin_lat_e7"] = np.where(fresh, lat_e7, rows["origin_lat_e7"])
    for name, value in (("parked", False), ("still_us", 0), ("fast", 0), ("away", 0), ("follows", 0), ("road", NO_ROAD)):
        rows[name] = np.where(fresh, value, rows[name])


def _drive_off(rows: NDArray[Any], parking: Parking) -> None:
    """Move what was held until it was proved to drive by as much as it has gone since; how far is known to a third of that."""
    if not parking.drove.any():
        return
    gone = np.where(parking.drove[:, None], parking.gone, 0.0)
    rows["x"][:, :2] += gone
    spread = (gone**2).sum(axis=1) / 9.0
    for axis in (0, 1):
        rows["p"][:, axis, axis] += spread
    rows["time_us"] = np.where(parking.drove, rows["asked_us"], rows["time_us"])


def _begin(rows: NDArray[Any], first: Bools, z: Float64, velocity: Float64, time_us: NDArray[np.int64], model: FilterModel) -> None:
    if first.any():
        held = take_rows(rows, first)
        begin(held, z[first], velocity[first], time_us[first], model)
        put_rows(rows, first, held)


def _go_on(
    going: NDArray[Any],
    z: Float64,
    velocity: Float64,
    time_us: NDArray[np.int64],
    held: Bools,
    scale: Float64,
    settings: Smoothing,
) -> None:
    predict(going, z, velocity, time_us, held, settings.filter)
    update_place(going, z, settings.filter, np.ones(len(going), dtype=bool))
    if settings.roads is not None:
        lon, lat = to_degrees_e7(going, going["x"][:, :2], scale)
        degrees = beside(lon, lat) / 1e7
        way = np.where(held[:, None] | ~np.isfinite(velocity), 0.0, velocity)
        snap(going, settings.roads, degrees, metres_per_degree(degrees[:, 1]), way, settings.snapping)
