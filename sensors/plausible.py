"""What to think of each position a device sends: one verdict, and the place that is used for it; the raw fix is never touched.

Rows are columns of one device each, one fix a device at a time: whoever calls hands several fixes of a device over in order, in rounds.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sensors.fix_clock import BACKLOG, SECOND_US, clock_of
from sensors.observation import Fixes
from sensors.position_limits import PositionLimits
from sensors.verdict import ClockVerdict, Verdict, used_of

__all__ = ["JUDGE_FIELDS", "Judgement", "distance_m", "judge"]

JUDGE_FIELDS: list[tuple[str, str]] = [
    ("seen", "?"),
    ("last_us", "<i8"),
    ("last_lon_e7", "<i4"),
    ("last_lat_e7", "<i4"),
    ("candidate_us", "<i8"),
    ("candidate_first_us", "<i8"),
    ("candidate_lon_e7", "<i4"),
    ("candidate_lat_e7", "<i4"),
    ("candidates", "<i2"),
    ("delay_us", "<i8"),
    ("steady", "<i2"),
]
"""What is kept of a device: the last trusted place and time, the place that it may have come to instead, how late it is."""
IS_FIXED, IS_ENCRYPTED = np.uint32(1), np.uint32(8)
CLOCK_FUTURE, CLOCK_PAST, DUPLICATE, ENCRYPTED, GOOD, JUMP, LATE, NO_FIX, OUT_OF_RANGE, RELOCATED, SAME_MOMENT, SWAPPED, ZERO = (
    int(Verdict.CLOCK_FUTURE),
    int(Verdict.CLOCK_PAST),
    int(Verdict.DUPLICATE),
    int(Verdict.ENCRYPTED),
    int(Verdict.GOOD),
    int(Verdict.JUMP),
    int(Verdict.LATE),
    int(Verdict.NO_FIX),
    int(Verdict.OUT_OF_RANGE),
    int(Verdict.RELOCATED),
    int(Verdict.SAME_MOMENT),
    int(Verdict.SWAPPED),
    int(Verdict.ZERO),
)
CLOCK_AHEAD, CLOCK_BEHIND = int(ClockVerdict.FUTURE), int(ClockVerdict.PAST)
"""Plain numbers: a member of an enum costs a microsecond each time."""
E7 = 10_000_000
M_PER_E7 = 0.011_131_949
"""Metres of a ten-millionth degree of the equator, WGS84."""
NEAR_M = 300_000.0
"""Where the device was, widely: half a day's drive. Exchanged axes are thousands of kilometres off in China."""
ZERO_E7 = 1000
"""11 m around 0, 0: rounded zeros too."""
ServiceArea = tuple[float, float, float, float]
"""West, south, east, north, degrees."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judgement:
    """Columns (n,) beside the fixes: `Verdict`, `ClockVerdict`, the time and place used (degrees times 1e7)."""

    verdict: NDArray[np.int8]
    clock: NDArray[np.int8]
    time_us: NDArray[np.int64]
    lon_e7: NDArray[np.int32]
    lat_e7: NDArray[np.int32]


def judge(rows: NDArray[Any], fixes: Fixes, now_us: int, limits: PositionLimits, area: ServiceArea | None = None) -> Judgement:
    """The verdict of each fix (n,) against its device's row (n,), which is written. `area` is where devices serve, if anyone says."""
    time_us, clock = clock_of(rows, fixes, now_us, limits)
    verdict = np.full(len(fixes), GOOD, dtype=np.int8)
    lon, lat = fixes["lon_e7"].copy(), fixes["lat_e7"].copy()
    _swapped(rows, verdict, lon, lat, area)
    _without_place(fixes, verdict, lon, lat)
    _late(rows, fixes, verdict, time_us, lon, lat, limits)
    _jumps(rows, verdict, time_us, lon, lat, limits)
    trusted = used_of(verdict)
    for name, value in (("last_us", time_us), ("last_lon_e7", lon), ("last_lat_e7", lat), ("seen", True), ("candidates", 0)):
        rows[name] = np.where(trusted, value, rows[name])
    good = verdict == GOOD
    verdict[good & (clock == CLOCK_AHEAD)] = CLOCK_FUTURE
    verdict[good & (clock == CLOCK_BEHIND)] = CLOCK_PAST
    return Judgement(verdict=verdict, clock=clock, time_us=time_us, lon_e7=lon, lat_e7=lat)


def distance_m(lon_a: NDArray[Any], lat_a: NDArray[Any], lon_b: NDArray[Any], lat_b: NDArray[Any]) -> NDArray[np.float64]:
    """Metres between places in degrees times 1e7, along the middle parallel and the meridian: 1 % at 300 km, for judging alone."""
    north = lat_a.astype(np.float64) - lat_b
    east = (lon_a.astype(np.float64) - lon_b + 180 * E7) % (360 * E7) - 180 * E7
    middle = np.radians((lat_a.astype(np.float64) + lat_b) / (2 * E7))
    metres: NDArray[np.float64] = np.hypot(east * np.cos(middle), north) * M_PER_E7
    return metres


def _swapped(
    rows: NDArray[Any], verdict: NDArray[np.int8], lon: NDArray[np.int32], lat: NDArray[np.int32], area: ServiceArea | None
) -> None:
    """Exchange the axes where what was said cannot be, and the exchanged place is near where the device was or where devices serve."""
    as_said = _fits(rows, lon, lat, area)
    if as_said.all():
        return
    may = np.abs(lon.astype(np.int64)) <= 90 * E7
    swapped = may & _fits(rows, lat, lon, area) & ~as_said
    verdict[swapped] = SWAPPED
    lon[swapped], lat[swapped] = lat[swapped], lon[swapped]


def _fits(rows: NDArray[Any], lon: NDArray[np.int32], lat: NDArray[np.int32], area: ServiceArea | None) -> NDArray[np.bool_]:
    near = rows["seen"] & (distance_m(lon, lat, rows["last_lon_e7"], rows["last_lat_e7"]) < NEAR_M)
    possible = np.abs(lat.astype(np.int64)) <= 90 * E7
    if area is None:
        return near & possible
    west, south, east, north = (int(side * E7) for side in area)
    return possible & (near | ((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)))


def _without_place(fixes: Fixes, verdict: NDArray[np.int8], lon: NDArray[np.int32], lat: NDArray[np.int32]) -> None:
    beyond = (np.abs(lon.astype(np.int64)) > 180 * E7) | (np.abs(lat.astype(np.int64)) > 90 * E7)
    verdict[beyond] = OUT_OF_RANGE
    verdict[(np.abs(lon) <= ZERO_E7) & (np.abs(lat) <= ZERO_E7)] = ZERO
    verdict[(fixes["status"] & IS_FIXED) == 0] = NO_FIX
    verdict[(fixes["status"] & IS_ENCRYPTED) != 0] = ENCRYPTED


def _late(
    rows: NDArray[Any],
    fixes: Fixes,
    verdict: NDArray[np.int8],
    time_us: NDArray[np.int64],
    lon: NDArray[np.int32],
    lat: NDArray[np.int32],
    limits: PositionLimits,
) -> None:
    placed = (verdict == GOOD) | (verdict == SWAPPED)
    age = fixes["received_us"] - time_us
    backlog = ((fixes["status"] & BACKLOG) != 0) & (age > limits.live_s * SECOND_US)
    behind = rows["seen"] & (time_us < rows["last_us"])
    moment = rows["seen"] & (time_us == rows["last_us"])
    same = moment & (lon == rows["last_lon_e7"]) & (lat == rows["last_lat_e7"])
    verdict[placed & moment] = SAME_MOMENT
    verdict[placed & (backlog | behind)] = LATE
    verdict[placed & same] = DUPLICATE


def _jumps(
    rows: NDArray[Any],
    verdict: NDArray[np.int8],
    time_us: NDArray[np.int64],
    lon: NDArray[np.int32],
    lat: NDArray[np.int32],
    limits: PositionLimits,
) -> None:
    """Refuse what no vehicle reaches, until several fixes agree that it is there."""
    placed = (verdict == GOOD) | (verdict == SWAPPED)
    reach = limits.slack_m + limits.max_speed_m_s * np.maximum(time_us - rows["last_us"], 0) / SECOND_US
    jump = placed & rows["seen"] & (distance_m(lon, lat, rows["last_lon_e7"], rows["last_lat_e7"]) > reach)
    if not jump.any():
        return
    since = np.maximum(time_us - rows["candidate_us"], 0) / SECOND_US
    apart = distance_m(lon, lat, rows["candidate_lon_e7"], rows["candidate_lat_e7"])
    agrees = jump & (rows["candidates"] > 0) & (apart <= limits.slack_m + limits.max_speed_m_s * since)
    count = np.where(agrees, rows["candidates"] + 1, 1)
    first = np.where(agrees, rows["candidate_first_us"], time_us)
    proved = jump & (count >= limits.relocate_fixes) & (time_us - first >= limits.relocate_s * SECOND_US)
    for name, value in (
        ("candidates", count),
        ("candidate_first_us", first),
        ("candidate_us", time_us),
        ("candidate_lon_e7", lon),
        ("candidate_lat_e7", lat),
    ):
        rows[name] = np.where(jump, value, rows[name])
    verdict[jump] = JUMP
    verdict[proved] = RELOCATED
