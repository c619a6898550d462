"""Trips and stops out of the columns of a track: where somebody stood for three minutes, and how they came from there to the next place.

Pure; nothing is kept. What comes late is in the track, so the trips asked for afterwards are others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

__all__ = ["STOP_US", "Stop", "Trip", "steps_m", "trips_of"]

STOP_US = 180_000_000
REACH_M = 40.0
"""Who stays within this of one point stands: what is left of the noise of a parked terminal, and a bay."""
TRIP_M = 100.0
"""Below that it is shunting, and both stops are one."""
GAP_US = 300_000_000
EARTH_M = 6_371_008.8
Floats = NDArray[np.float64]
Int64 = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Stood from the point `first` to the point `last` of the track (both included), at lon, lat (medians, degrees)."""

    first: int
    last: int
    start_us: int
    end_us: int
    lon_lat: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """Went from the point `first` to the point `last`: metres along the track, the part of it in which nothing was heard for five minutes
    and more taken straight; seconds of that; the greatest speed said (NaN: none). Open at an end where the track begins or ends on the
    way."""

    first: int
    last: int
    start_us: int
    end_us: int
    distance_m: float
    unheard_s: float
    speed_max_kmh: float
    is_open: tuple[bool, bool]


def trips_of(time_us: Int64, lon_lat: Floats, speed_kmh: Floats) -> tuple[list[Trip], list[Stop]]:
    """The trips and stops of a track in order of time: microseconds (n,), degrees (n, 2), km/h (n,)."""
    if not len(time_us):
        return [], []
    stops = _merged(_stops(time_us, lon_lat), time_us, lon_lat)
    ends = [(stops[-1].last, len(time_us) - 1)] if stops else [(0, len(time_us) - 1)]
    ways = [(0, stops[0].first)] if stops else []
    ways += [(one.last, other.first) for one, other in pairwise(stops)] + ends
    trips = [_trip(first, last, time_us, lon_lat, speed_kmh, len(time_us)) for first, last in ways if last > first]
    return [one for one in trips if one.distance_m >= TRIP_M], stops


def steps_m(lon_lat: Floats) -> Floats:
    """(n - 1,) metres between points that follow one another, on a sphere."""
    lon, lat = np.radians(lon_lat.T)
    half = np.sin(np.diff(lat) / 2) ** 2 + np.cos(lat[1:]) * np.cos(lat[:-1]) * np.sin(np.diff(lon) / 2) ** 2
    found: Floats = 2 * EARTH_M * np.arcsin(np.sqrt(np.minimum(half, 1.0)))
    return found


def _stops(time_us: Int64, lon_lat: Floats) -> list[Stop]:
    east, north = _plane(lon_lat)
    found, at = [], 0
    while at < len(time_us):
        last = _stays(at, east, north)
        if time_us[last] - time_us[at] < STOP_US:
            at += 1
            continue
        first, last = _trimmed(at, last, east, north)
        if time_us[last] - time_us[first] >= STOP_US:
            found.append(_stop(first, last, time_us, lon_lat))
        at = last + 1
    return found


def _stays(first: int, east: Sequence[float], north: Sequence[float]) -> int:
    """The last point up to which all lie near the first."""
    last = first
    while last + 1 < len(east) and (east[last + 1] - east[first]) ** 2 + (north[last + 1] - north[first]) ** 2 <= REACH_M**2:
        last += 1
    return last


def _trimmed(first: int, last: int, east: Sequence[float], north: Sequence[float]) -> tuple[int, int]:
    """Without the points at both ends that are still coming, or leaving already: they lie off the middle."""
    middle = float(np.median(east[first : last + 1])), float(np.median(north[first : last + 1]))
    near = [at for at in range(first, last + 1) if (east[at] - middle[0]) ** 2 + (north[at] - middle[1]) ** 2 <= (REACH_M / 2) ** 2]
    return (near[0], near[-1]) if near else (first, last)


def _merged(stops: Sequence[Stop], time_us: Int64, lon_lat: Floats) -> list[Stop]:
    """Stops between which no trip lies, as one."""
    found: list[Stop] = []
    for stop in stops:
        if found and float(steps_m(lon_lat[found[-1].last : stop.first + 1]).sum()) < TRIP_M:
            stop = _stop(found.pop().first, stop.last, time_us, lon_lat)
        found.append(stop)
    return found


def _stop(first: int, last: int, time_us: Int64, lon_lat: Floats) -> Stop:
    lon, lat = np.median(lon_lat[first : last + 1], axis=0).tolist()
    return Stop(first=first, last=last, start_us=int(time_us[first]), end_us=int(time_us[last]), lon_lat=(lon, lat))


def _trip(first: int, last: int, time_us: Int64, lon_lat: Floats, speed_kmh: Floats, count: int) -> Trip:
    passed_us = np.diff(time_us[first : last + 1])
    speeds = speed_kmh[first : last + 1]
    known = speeds[np.isfinite(speeds)]
    return Trip(
        first=first,
        last=last,
        start_us=int(time_us[first]),
        end_us=int(time_us[last]),
        distance_m=float(steps_m(lon_lat[first : last + 1]).sum()),
        unheard_s=float(passed_us[passed_us >= GAP_US].sum() / 1e6),
        speed_max_kmh=float(known.max()) if len(known) else float("nan"),
        is_open=(first == 0, last == count - 1),
    )


def _plane(lon_lat: Floats) -> tuple[list[float], list[float]]:
    """Metres east and north of the first point, near enough for a few kilometres."""
    scale = np.radians(1.0) * EARTH_M
    north = (lon_lat[:, 1] - lon_lat[0, 1]) * scale
    east = (lon_lat[:, 0] - lon_lat[0, 0]) * scale * np.cos(np.radians(lon_lat[:, 1]))
    return east.tolist(), north.tolist()
