"""Twelve hours in one place under a receiver's noise, and a fence whose edge runs through it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sensors.noise import gauss_markov
from tests.sensors.fixes import fix_rows, metres_of
from twin.live.tracker import Tracker

NOISE = {"open": (3.0, 30.0), "canyon": (12.0, 60.0)}
BAND_M = 5.0
"""Out is further than this beyond the edge, in further than this within."""


@dataclass(frozen=True, kw_only=True)
class FenceEvents:
    """Crossings of the fence, each of a seed."""

    raw: list[int]
    smoothed: list[int]


def fence_events(seeds: range, *, hours: float, where: str, step_s: float = 10.0) -> FenceEvents:
    """Vehicles that stand still, with a speed that flickers now and then, ignition off; one lane a seed."""
    sigma, seconds = NOISE[where]
    moments = np.arange(0.0, hours * 3600, step_s)
    noises = [gauss_markov(moments, sigma, seconds, np.random.default_rng([seed, 3])) for seed in seeds]
    tracker = Tracker()
    rng = np.random.default_rng(9)
    places = []
    for at, second in enumerate(moments):
        xy = np.array([noise[at] for noise in noises])
        flicker = np.where(rng.random(len(seeds)) < 0.02, rng.uniform(0, 30, len(seeds)) * 3.6, rng.uniform(0, 3, len(seeds)))
        headings = rng.integers(0, 360, len(seeds)) * 100
        now = np.full(len(seeds), second)
        fixes = fix_rows(
            now, xy[:, 0], xy[:, 1], device=np.arange(len(seeds)), speed_dkmh=np.round(flicker), heading_cdeg=headings, status=1
        )
        said = tracker.apply(fixes, int(fixes["received_us"][0]))
        places.append(metres_of(said["lon_e7"], said["lat_e7"]))
    smoothed = np.array(places)
    return FenceEvents(
        raw=[crossings(noise[:, 0]) for noise in noises],
        smoothed=[crossings(smoothed[:, lane, 0]) for lane in range(len(seeds))],
    )


def crossings(beyond_m: NDArray[np.float64]) -> int:
    """How often a fence with a band is crossed, of metres beyond its edge (n,); where it begins is no event."""
    sides = np.sign(beyond_m[np.abs(beyond_m) > BAND_M])
    return int(np.count_nonzero(np.diff(sides)))
