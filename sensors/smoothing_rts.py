"""Where devices were: whole tracks (a backlog, a closed trip) smoothed there and back, after Rauch, Tung and Striebel.

The way there is the live filter's (`sensors.smoothing_filter`); on the way back each place learns from what came after it. Many tracks
are smoothed side by side, a lane each. One frame of metres a track: a trip, not a province.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sensors.filter_model import FilterModel, filter_model
from sensors.parking import ParkModel, park_model
from sensors.roads import NO_ROAD, Roads
from sensors.row_bytes import put_rows, take_rows
from sensors.smoothing_filter import FILTER_FIELDS, begin, predict, radius_95_m, update_place
from sensors.snapping import SNAP_FIELDS, snap, snap_model

__all__ = ["SmoothedTrack", "Track", "smooth_tracks"]

Bools = NDArray[np.bool_]
Float64 = NDArray[np.float64]
ROW = np.dtype([*FILTER_FIELDS, *SNAP_FIELDS], align=True)
SECOND_US = 1_000_000
LONGEST_S = 1800.0
"""After so long a gap a track begins anew."""
LANE_FIXES = 200_000
"""So many fixes are smoothed side by side: 600 bytes each."""
TINY = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Track:
    """Fixes of one device, judged (only those that may be used, and the moments without a fix), ascending in time: microseconds (n,),
    metres (n, 2), m/s east and north (n, 2; NaN where not said), whether there was a fix (n,).

    In the plane of the roads the zero of its metres lies at `origin` (2,), a unit of whose axes is `scale` (2,) metres. From
    `moving_m_s` on its device says that it moves (0: as vehicles)."""

    time_us: NDArray[np.int64]
    xy: Float64
    velocity: Float64
    fixed: Bools
    origin: Float64 = field(default_factory=lambda: np.zeros(2))
    scale: Float64 = field(default_factory=lambda: np.ones(2))
    moving_m_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SmoothedTrack:
    """Beside the fixes of a track: metres (n, 2), radius of 95 % (n,), segment of the roads followed (n,). NaN where there was no fix."""

    xy: Float64
    accuracy_m: Float64
    road: NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _There:
    """What the way there kept, of each fix and lane (n, lanes, …)."""

    x: Float64
    p: Float64
    kept: Float64
    x_before: Float64
    p_before: Float64
    linked: Bools
    road: NDArray[np.int32]


def smooth_tracks(tracks: Sequence[Track], roads: Roads | None = None, model: FilterModel | None = None) -> list[SmoothedTrack]:
    """Each track smoothed; `roads` in a plane in which every track says where it lies."""
    model = model or filter_model()
    used = [_used(track) for track in tracks]
    done: dict[int, SmoothedTrack] = {}
    for lanes in _side_by_side([len(one.time_us) for one in used]):
        places, covariances, followed = _back(_there([used[lane] for lane in lanes], roads, model))
        for column, lane in enumerate(lanes):
            count = len(used[lane].time_us)
            done[lane] = _spread(tracks[lane], places[:count, column], covariances[:count, column], followed[:count, column])
    return [done[lane] for lane in range(len(tracks))]


def held_of(track: Track, model: ParkModel) -> Bools:
    """Which fixes of a track were parked: for long nothing said that it moved, but for spells of speed that led nowhere."""
    slow = np.nan_to_num(np.hypot(*track.velocity.T), nan=np.inf) < (track.moving_m_s or model.moving_m_s)
    starts, ends, still = _runs(slow)
    before, after = np.maximum(starts - 1, 0), np.minimum(ends, len(slow) - 1)
    led = np.hypot(*(track.xy[after] - track.xy[before]).T)
    nowhere = ~still & (ends - starts < model.fast_bare_fixes) & (led < model.drift_m)
    slow = slow | np.repeat(nowhere, ends - starts)
    starts, ends, still = _runs(slow)
    long = still & (track.time_us[ends - 1] - track.time_us[starts] >= model.still_s * SECOND_US)
    return np.asarray(np.repeat(long, ends - starts), dtype=bool)


def _runs(flags: Bools) -> tuple[NDArray[np.int64], NDArray[np.int64], Bools]:
    """Where runs of equal flags begin and end (open), and what each is."""
    starts = np.flatnonzero(np.r_[True, flags[1:] != flags[:-1]][: len(flags)])
    return starts, np.r_[starts[1:], len(flags)][: len(starts)], flags[starts]


def _used(track: Track) -> Track:
    at = np.flatnonzero(track.fixed)
    return replace(track, time_us=track.time_us[at], xy=track.xy[at], velocity=track.velocity[at], fixed=_dark_before(track.fixed, at))


def _dark_before(fixed: Bools, at: NDArray[np.int64]) -> Bools:
    """Of the fixes at rows `at`: False where a moment without a fix came just before."""
    return np.asarray(np.diff(at, prepend=at[:1] - 1) == 1, dtype=bool)


def _side_by_side(counts: Sequence[int]) -> list[list[int]]:
    """Lanes of alike length, of at most `LANE_FIXES` fixes together; empty tracks too."""
    groups: list[list[int]] = []
    for lane in sorted(range(len(counts)), key=lambda one: -counts[one]):
        if groups and counts[groups[-1][0]] * (len(groups[-1]) + 1) <= LANE_FIXES:
            groups[-1].append(lane)
        else:
            groups.append([lane])
    return groups


def _there(tracks: Sequence[Track], roads: Roads | None, model: FilterModel) -> _There:
    lanes, longest = len(tracks), max(len(track.time_us) for track in tracks)
    shape = (longest, lanes)
    there = _There(
        x=np.zeros((*shape, 6)),
        p=np.zeros((*shape, 6, 6)),
        kept=np.zeros((*shape, 6)),
        x_before=np.zeros((*shape, 6)),
        p_before=np.zeros((*shape, 6, 6)),
        linked=np.zeros(shape, dtype=bool),
        road=np.full(shape, NO_ROAD, dtype=np.int32),
    )
    rows = np.zeros(lanes, dtype=ROW)
    held = [held_of(track, park_model()) for track in tracks]
    counts = np.array([len(track.time_us) for track in tracks])
    time_us, xy, velocity, lit = (
        _padded([getattr(one, name) for one in tracks], longest) for name in ("time_us", "xy", "velocity", "fixed")
    )
    parked = _padded(held, longest)
    origin, scale = (np.array([getattr(one, name) for one in tracks]) for name in ("origin", "scale"))
    for at in range(longest):
        running = at < counts
        fresh = running & (~rows["begun"] | (time_us[at] - rows["time_us"] > LONGEST_S * SECOND_US))
        _first(rows, fresh, xy[at], velocity[at], time_us[at], model)
        on = np.flatnonzero(running & ~fresh)
        if len(on):
            going = take_rows(rows, on)
            going["dark"] = ~lit[at, on]
            predicted = predict(going, xy[at, on], velocity[at, on], time_us[at, on], parked[at, on], model)
            there.kept[at, on], there.x_before[at, on], there.p_before[at, on] = predicted.kept, predicted.x, predicted.p
            update_place(going, xy[at, on], model, np.ones(len(on), dtype=bool))
            if roads is not None:
                way = np.where(parked[at, on, None], 0.0, np.nan_to_num(velocity[at, on]))
                snap(going, roads, origin[on] + going["x"][:, :2] / scale[on], scale[on], way, snap_model())
            put_rows(rows, on, going)
        there.x[at], there.p[at], there.road[at] = rows["x"], rows["p"], rows["road"]
        there.linked[at] = running & ~fresh
    return there


def _first(rows: NDArray[Any], fresh: Bools, z: Float64, velocity: Float64, time_us: NDArray[np.int64], model: FilterModel) -> None:
    if fresh.any():
        held = take_rows(rows, fresh)
        begin(held, z[fresh], velocity[fresh], time_us[fresh], model)
        held["follows"], held["road"] = 0, NO_ROAD
        put_rows(rows, fresh, held)


def _back(there: _There) -> tuple[Float64, Float64, NDArray[np.int32]]:
    x, p = there.x.copy(), there.p.copy()
    for at in range(len(x) - 2, -1, -1):
        on = np.flatnonzero(there.linked[at + 1])
        if not len(on):
            continue
        across = there.p[at, on] * there.kept[at + 1, on][:, None, :]
        before = there.p_before[at + 1, on] + TINY * np.eye(6)
        gain = np.swapaxes(np.linalg.solve(before, np.swapaxes(across, 1, 2)), 1, 2)
        x[at, on] += np.einsum("kij,kj->ki", gain, x[at + 1, on] - there.x_before[at + 1, on])
        p[at, on] += gain @ (p[at + 1, on] - there.p_before[at + 1, on]) @ np.swapaxes(gain, 1, 2)
    return x, p, there.road


def _spread(track: Track, x: Float64, p: Float64, road: NDArray[np.int32]) -> SmoothedTrack:
    count, at = len(track.time_us), np.flatnonzero(track.fixed)
    xy, accuracy, followed = np.full((count, 2), np.nan), np.full(count, np.nan), np.full(count, NO_ROAD, dtype=np.int32)
    xy[at], accuracy[at], followed[at] = x[:, :2], radius_95_m(p), road
    return SmoothedTrack(xy=xy, accuracy_m=accuracy, road=followed)


def _padded(columns: Sequence[NDArray[Any]], longest: int) -> NDArray[Any]:
    padded = np.zeros((longest, len(columns), *columns[0].shape[1:]), dtype=columns[0].dtype)
    for lane, column in enumerate(columns):
        padded[: len(column), lane] = column
    return padded
