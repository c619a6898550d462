"""A stretch of what a device said, judged as if it had come in order: the live filter for crossings, there and back for where it was."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sensors import NO_NUMBER, Fixes
from sensors.datum_evidence import DATUM_FIELDS, corrected
from sensors.fix_clock import BACKLOG
from sensors.local_metres import metres_per_degree
from sensors.roads import Roads
from sensors.smoothing import velocity_of
from sensors.smoothing_rts import SmoothedTrack, Track, smooth_tracks
from sensors.verdict import Verdict, used_of
from twin.live.fences import Crossing, Fences, Ground, Int64, Near
from twin.live.tracker import Judged, Tracker

__all__ = ["Said", "Stretch", "crossings_of", "inside_of", "judge_again"]

E7 = 1e-7
KNOWN = (*(name for name, *_ in DATUM_FIELDS), "moving_m_s")
REACH_M = 30.0
MOST_DM = 65_534


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stretch:
    """Beside fixes in order of time: `live` as the tracker would have judged them one by one, `after` with what came later known."""

    live: Judged
    after: Judged


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Said:
    """Fixes (n,) of one device, ascending in the times (n,) that stand for them; `known` is the tracker's row of it, for its datum
    and its kind."""

    fixes: Fixes
    time_us: Int64
    known: NDArray[Any] | None = None


def judge_again(said: Sequence[Said], tracker: Tracker) -> list[Stretch]:
    """Judge what devices said, side by side. `tracker` lends its settings and is not changed."""
    alone = Tracker(limits=tracker.limits, smoothing=tracker.smoothing, area=tracker.area)
    devices = np.arange(len(said))
    alone.stands_at(devices, *(np.full(len(said), NO_NUMBER, dtype=np.int32) for _ in range(2)))
    mine = []
    for number, one in enumerate(said):
        fixes = one.fixes.copy()
        fixes["device"] = number
        fixes["status"] &= ~BACKLOG
        for name in ("fix_us", "device_us", "received_us"):
            fixes[name] = one.time_us
        mine.append(fixes)
        if one.known is not None:
            for name in KNOWN:
                alone.rows[name][number] = one.known[name]
    live = alone.apply(np.concatenate(mine), max(int(one.time_us.max(initial=0)) for one in said))
    parts = np.split(live, np.cumsum([len(fixes) for fixes in mine])[:-1])
    after = _smoothed(mine, parts, alone.rows[: len(said)], tracker.smoothing.roads)
    return [Stretch(live=first, after=second) for first, second in zip(parts, after, strict=True)]


def crossings_of(live: Judged, handle: int, members: Collection[str], ground: Ground, *, from_us: int) -> tuple[list[Crossing], Fences]:
    """The crossings that a device's places, one after the other, decide from a moment on, when it was in `members`; places before it say
    only since when it seems to be elsewhere, because no later fix can change what was decided then. And who is where after them."""
    fences = Fences({handle: set(members)} if members else {})
    at = np.flatnonzero(live["lon_e7"] != NO_NUMBER)
    near = ground.near(live["lon_e7"][at] * E7, live["lat_e7"][at] * E7, REACH_M)
    order = np.argsort(near.point, kind="stable")
    first = np.searchsorted(near.point[order], np.arange(len(at) + 1))
    accuracy = np.where(live["accuracy_dm"][at] == NO_NUMBER, 10.0, live["accuracy_dm"][at] / 10.0)
    found: list[Crossing] = []
    for row, point in enumerate(at.tolist()):
        pairs = order[first[row] : first[row + 1]]
        mine = Near(
            point=np.zeros(len(pairs), dtype=np.int64),
            feature=[near.feature[pair] for pair in pairs.tolist()],
            inside=near.inside[pairs],
            depth_m=near.depth_m[pairs],
            fence=near.fence[pairs],
        )
        one = slice(point, point + 1)
        crossed, _ = fences.cross(np.array([handle]), mine, accuracy[row : row + 1], live["time_us"][one], ~live["doubted"][one])
        if live["time_us"][point] >= from_us:
            found += crossed
        elif crossed:
            fences.put_back(crossed)
    return found, fences


def inside_of(judged: Judged, ground: Ground) -> list[tuple[str, ...]]:
    """The features that each place (n,) is inside of, in order of their ids."""
    near = ground.near(judged["lon_e7"] * E7, judged["lat_e7"] * E7, REACH_M)
    inside: dict[int, set[str]] = {}
    for pair in np.flatnonzero(near.inside).tolist():
        inside.setdefault(int(near.point[pair]), set()).add(near.feature[pair])
    return [tuple(sorted(inside.get(point, ()))) for point in range(len(judged))]


def _smoothed(fixes: Sequence[Fixes], live: Sequence[Judged], known: NDArray[Any], roads: Roads | None) -> list[Judged]:
    """There and back, all side by side."""
    laid = [_laid(*one) for one in zip(fixes, live, known, strict=True)]
    smoothed = smooth_tracks([one.track for one in laid], roads)
    return [_placed(*one) for one in zip(live, laid, smoothed, strict=True)]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Laid:
    """A track in metres about its first place, and which fixes are used to say where it was."""

    track: Track
    at: Int64


def _laid(fixes: Fixes, live: Judged, known: Any) -> _Laid:
    used = used_of(live["verdict"])
    at = np.flatnonzero(used & (live["verdict"] != int(Verdict.PARKED_DRIFT)))
    lon, lat = (live[name].astype(np.float64) for name in ("lon_e7", "lat_e7"))
    said_lon, said_lat = _read(fixes, live, bool(known["gcj02"]))
    lon[at], lat[at] = said_lon[at], said_lat[at]
    origin = np.array([lon[at[0]], lat[at[0]]]) * E7 if len(at) else np.zeros(2)
    scale = metres_per_degree(origin[1:])[0]
    xy = (np.column_stack([lon, lat]) * E7 - origin) * scale
    track = Track(
        time_us=live["time_us"],
        xy=xy,
        velocity=velocity_of(fixes),
        fixed=used,
        origin=origin,
        scale=scale,
        moving_m_s=float(known["moving_m_s"]),
    )
    return _Laid(track=track, at=at)


def _placed(live: Judged, laid: _Laid, smoothed: SmoothedTrack) -> Judged:
    after, at, track = live.copy(), laid.at, laid.track
    places = np.rint((smoothed.xy[at] / track.scale + track.origin) / E7).astype(np.int64)
    after["lon_e7"][at], after["lat_e7"][at] = places[:, 0], places[:, 1]
    after["accuracy_dm"][at] = np.minimum(np.ceil(smoothed.accuracy_m[at] * 10), MOST_DM)
    return after


def _read(fixes: Fixes, live: Judged, gcj02: bool) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """What was said, by the axes and the datum that it was said in."""
    swapped = live["verdict"] == int(Verdict.SWAPPED)
    lon = np.where(swapped, fixes["lat_e7"], fixes["lon_e7"])
    lat = np.where(swapped, fixes["lon_e7"], fixes["lat_e7"])
    return corrected(lon, lat) if gcj02 else (lon, lat)
