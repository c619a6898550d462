"""Turns of real drives, told from the raw track alone at a scale well above its noise, and what smoothing leaves of them. Knows no filter.

A turn is where the way over the next `SCALE_M` of the raw track differs by more than `TURN_DEG` from the way over the last; it is kept
where the smoothed track, around the same moments, turns to the same side by at least half of that.
"""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from sensors.observation import NO_NUMBER
from sensors.smoothing import velocity_of
from sensors.smoothing_rts import Track, smooth_tracks
from tests.sensors.fixes import fix_rows, metres_of
from twin.live.tracker import Tracker

SCALE_M = 40.0
TURN_DEG = 45.0
APART_M = 60.0
GAP_S = 60.0
Float64 = NDArray[np.float64]
REAL_TRACKS = ("304_to_UL.gpx", "304_to_UL.gpx with speed", "geolife_small.csv", "leuven_route.gpx", "fmm_stockholm_trips.csv")


@dataclass(frozen=True, kw_only=True)
class KeptTurns:
    """Turns of the raw track and how many are kept; the most heading that any lost, and metres between raw and smoothed at turns."""

    turns: int
    kept: int
    worst_lost_deg: float
    apart_p50_m: float
    apart_m: float


def kept_turns(folder: Path, name: str, way: str) -> KeptTurns:
    """What `way` (causal or RTS) leaves of the turns of a real track."""
    lost: list[float] = []
    apart: list[float] = []
    kept = 0
    for seconds, raw in read(folder, name.removesuffix(" with speed")):
        smoothed = WAYS[way](seconds, raw, name.endswith("with speed"))
        for at, angle in turns_of(raw, seconds):
            again = _angle_near(smoothed, raw, seconds, at, angle)
            lost.append(abs(angle) - abs(again) if np.sign(again) == np.sign(angle) else abs(angle) + abs(again))
            kept += np.sign(again) == np.sign(angle) and abs(again) >= abs(angle) / 2
            apart.append(float(np.hypot(*(smoothed[at] - raw[at]))))
    return KeptTurns(
        turns=len(lost),
        kept=int(kept),
        worst_lost_deg=max(lost, default=0.0),
        apart_p50_m=float(np.median(apart)) if apart else 0.0,
        apart_m=max(apart, default=0.0),
    )


def read(folder: Path, name: str) -> list[tuple[Float64, Float64]]:
    """Seconds (n,) and metres (n, 2) of each trip of a file, around its own first point; a second apart where it has no times."""
    if name.endswith(".gpx"):
        points = [one for one in ElementTree.parse(folder / name).iter() if one.tag.endswith("trkpt")]
        places = np.array([(float(one.get("lon", "")), float(one.get("lat", ""))) for one in points])
        times = [next((part.text for part in one if part.tag.endswith("time")), None) for one in points]
        seconds = (
            np.arange(len(places)) * 10.0 if times[0] is None else np.array([datetime.fromisoformat(str(one)).timestamp() for one in times])
        )
        return [_around(seconds, places)]
    with (folder / name).open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    if "geom" in rows[0]:
        lines = [np.array([pair.split() for pair in row["geom"].split("(")[1].rstrip(")").split(",")], dtype=float) for row in rows]
        return [_around(np.arange(len(line)) * 60.0, line) for line in lines]
    trips = {row["trajectory_id"] for row in rows}
    found = []
    for trip in sorted(trips, key=int):
        mine = [row for row in rows if row["trajectory_id"] == trip]
        seconds = np.array([datetime.fromisoformat(row["t"]).timestamp() for row in mine])
        found.append(_around(seconds, np.array([(float(row["X"]), float(row["Y"])) for row in mine])))
    return found


def turns_of(xy: Float64, seconds: Float64) -> list[tuple[int, float]]:
    """Rows where a track turns, and by how much (degrees, left positive): where it turns most, one within `SCALE_M`; none across gaps."""
    along = np.r_[0.0, np.cumsum(np.hypot(*np.diff(xy, axis=0).T))]
    angles = _angles(xy, along, np.arange(len(xy)))
    gap = np.r_[False, np.diff(seconds) > GAP_S]
    found: list[tuple[int, float]] = []
    for at in np.argsort(-np.abs(angles), kind="stable"):
        if abs(angles[at]) < TURN_DEG:
            break
        around = np.abs(along - along[at]) <= SCALE_M
        if gap[around].any() or any(abs(along[at] - along[other]) < SCALE_M for other, _ in found):
            continue
        found.append((int(at), float(angles[at])))
    return found


def _angles(xy: Float64, along: Float64, rows: NDArray[np.int64]) -> Float64:
    """The angle (degrees) between the way of the last and of the next `SCALE_M`, at rows; 0 within that of either end."""
    place = [np.interp([along[rows] - SCALE_M, along[rows], along[rows] + SCALE_M], along, xy[:, axis]) for axis in (0, 1)]
    before, after = np.array([p[1] - p[0] for p in place]), np.array([p[2] - p[1] for p in place])
    cross, dot = before[0] * after[1] - before[1] * after[0], (before * after).sum(axis=0)
    inside = (along[rows] >= SCALE_M) & (along[rows] <= along[-1] - SCALE_M)
    angles: Float64 = np.where(inside, np.degrees(np.arctan2(cross, dot)), 0.0)
    return angles


def _angle_near(smoothed: Float64, raw: Float64, seconds: Float64, at: int, angle: float) -> float:
    """The angle by which the smoothed track turns to that side, wherever within `APART_M` of the same moments."""
    along = np.r_[0.0, np.cumsum(np.hypot(*np.diff(smoothed, axis=0).T))]
    rows = np.flatnonzero((np.abs(along - along[at]) <= APART_M) & (np.abs(seconds - seconds[at]) <= GAP_S))
    angles = _angles(smoothed, along, rows) * np.sign(angle)
    return float(angles.max() * np.sign(angle))


def _around(seconds: Float64, lon_lat: Float64) -> tuple[Float64, Float64]:
    scale = 111_320.0 * np.cos(np.radians(lon_lat[0, 1])), 110_950.0
    rising = np.r_[True, np.diff(seconds) > 0]
    return (seconds - seconds[0])[rising], ((lon_lat - lon_lat[0]) * scale)[rising]


def _fixes(seconds: Float64, raw: Float64, with_speed: bool) -> NDArray[np.void]:
    """The track as a device in Fuzhou would say it; `with_speed`: speed and heading as the track's own steps have them."""
    velocity = np.gradient(raw, seconds, axis=0)
    speed = np.round(np.hypot(*velocity.T) * 36.0) if with_speed else NO_NUMBER
    heading = np.round(np.degrees(np.arctan2(velocity[:, 0], velocity[:, 1])) % 360) * 100 if with_speed else NO_NUMBER
    return fix_rows(seconds, raw[:, 0], raw[:, 1], speed_dkmh=speed, heading_cdeg=heading)


def _causal(seconds: Float64, raw: Float64, with_speed: bool) -> Float64:
    fixes, tracker = _fixes(seconds, raw, with_speed), Tracker()
    said = np.concatenate([tracker.apply(fixes[at : at + 1], int(fixes["received_us"][at])) for at in range(len(fixes))])
    places: Float64 = metres_of(said["lon_e7"], said["lat_e7"])
    return places


def _rts(seconds: Float64, raw: Float64, with_speed: bool) -> Float64:
    fixes = _fixes(seconds, raw, with_speed)
    track = Track(time_us=fixes["fix_us"], xy=raw, velocity=velocity_of(fixes), fixed=np.ones(len(raw), dtype=bool))
    return smooth_tracks([track])[0].xy


WAYS: dict[str, Callable[[Float64, Float64, bool], Float64]] = {"causal": _causal, "RTS": _rts}
