"""How far off positions are on true drives: raw, as the tracker says them at once, as the smoother says them afterwards."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sensors.noise import Environment
from sensors.roads import Roads
from sensors.smoothing import Smoothing, velocity_of
from sensors.smoothing_rts import Track, smooth_tracks
from tests.sensors.driving import Drive, drive, streets
from tests.sensors.fixes import E7_PER_M_EAST, E7_PER_M_NORTH, LAT_E7, LON_E7, fix_rows, metres_of
from twin.live.tracker import Tracker

AFTER_ROOF_S = 60.0
"""Three times the 20 s in which the error after a roof falls to 1/e."""
WHERE = ("open", "canyon", "roofs")
Float64 = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Measured:
    """Of each fix, all seeds together: its seed, where it was (row of `WHERE`), metres off raw, causal, smoothed; the radii stated."""

    seed: NDArray[np.int64]
    where: NDArray[np.int64]
    raw_m: Float64
    causal_m: Float64
    causal_radius_m: Float64
    rts_m: Float64
    rts_radius_m: Float64

    def ratio(self, ours: str, where: str, percent: float, seed: int | None = None) -> float:
        """The percentile of our error by that of the raw one."""
        chosen = self.chosen(where, seed)
        return float(np.percentile(getattr(self, ours)[chosen], percent) / np.percentile(self.raw_m[chosen], percent))

    def chosen(self, where: str, seed: int | None = None) -> NDArray[np.bool_]:
        """The fixes of one environment, of all seeds or one."""
        chosen: NDArray[np.bool_] = (self.where == WHERE.index(where)) & ((self.seed == seed) | (seed is None))
        return chosen


def measure(seeds: range, *, minutes: float = 40.0, step: int = 1, district: str = "mixed", roads: bool = False) -> Measured:
    """Drive, report, track and smooth; a tracker takes all vehicles of a second in one call, as a hub does."""
    drives = [drive(seed, minutes, district=district).every(step) for seed in seeds]
    fixes = [_reported(one, seed, lane) for lane, (one, seed) in enumerate(zip(drives, seeds, strict=True))]
    tracker = Tracker(smoothing=Smoothing(roads=roads_in_degrees() if roads else None))
    longest = max(len(one) for one in fixes)
    told = [[] for _ in drives]  # type: list[list[NDArray[np.void]]]
    for at in range(longest):
        lanes = [lane for lane, one in enumerate(fixes) if at < len(one)]
        now = np.concatenate([fixes[lane][at : at + 1] for lane in lanes])
        for lane, row in zip(lanes, tracker.apply(now, int(now["received_us"].max())), strict=True):
            told[lane].append(row)
    tracks = [
        Track(time_us=one["fix_us"], xy=metres_of(one["lon_e7"], one["lat_e7"]), velocity=velocity_of(one), fixed=(one["status"] & 1) > 0)
        for one in fixes
    ]
    after = smooth_tracks(tracks, Roads.of(streets()) if roads else None)
    parts = []
    for lane, (one, track) in enumerate(zip(drives, tracks, strict=True)):
        said = np.array(told[lane])
        columns = (
            np.full(len(said), seeds[lane]),
            _where(one),
            _off(track.xy, one),
            _off(metres_of(said["lon_e7"], said["lat_e7"]), one),
            said["accuracy_dm"] / 10.0,
            _off(after[lane].xy, one),
            after[lane].accuracy_m,
        )
        parts.append([column[track.fixed] for column in columns])
    seed, where, raw, causal, causal_radius, rts, rts_radius = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Measured(seed=seed, where=where, raw_m=raw, causal_m=causal, causal_radius_m=causal_radius, rts_m=rts, rts_radius_m=rts_radius)


def _reported(one: Drive, seed: int, device: int) -> NDArray[np.void]:
    said = one.reported(seed)
    return fix_rows(
        one.seconds,
        said.xy[:, 0],
        said.xy[:, 1],
        device=device,
        speed_dkmh=np.round(said.speed_m_s * 36.0),
        heading_cdeg=np.round(said.heading_deg * 100.0),
        status=np.where(said.fixed, 3, 2),
    )


def roads_in_degrees() -> Roads:
    """The streets of the drives, as a tracker takes roads."""
    lines = streets() * np.tile([E7_PER_M_EAST, E7_PER_M_NORTH], 2) + np.tile([LON_E7, LAT_E7], 2)
    return Roads.of(lines / 1e7, metres_per_unit=(99_900.0, 110_700.0))


def _where(one: Drive) -> NDArray[np.int64]:
    """Row of `WHERE`; -1 under a roof, and where a canyon follows a roof."""
    roofed = one.environment == Environment.ROOF
    last = np.maximum.accumulate(np.where(roofed, one.seconds, -np.inf))
    after = one.seconds - last <= AFTER_ROOF_S
    canyon = one.environment == Environment.CANYON
    return np.select([roofed | (canyon & after), canyon, after], [-1, 1, 2], 0)


def _off(xy: Float64, one: Drive) -> Float64:
    off: Float64 = np.hypot(*(xy - one.xy).T)
    return off
