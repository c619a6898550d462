"""What a receiver reports of a true drive: the simulator's noise (`position_noise.toml`), pure and seeded.

Sigma is of each axis; in a canyon each street adds its own constant bias; under a roof there is no fix, and after it an offset that decays.
"""

import tomllib
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = ["Environment", "PositionNoise", "Reported", "gauss_markov", "position_noise", "report"]

FILE = Path(__file__).with_name("position_noise.toml")
Float64 = NDArray[np.float64]


class Environment(IntEnum):
    """What is above and beside a vehicle."""

    OPEN = 0
    CANYON = 1
    ROOF = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionNoise:
    """The rows of the file, named with their units; what each is for stands there."""

    open_sigma_m: float
    open_s: float
    canyon_sigma_m: float
    canyon_s: float
    street_bias_m: float
    roof_exit_m: float
    roof_exit_s: float
    open_sigma_m_s: float
    canyon_sigma_m_s: float
    seconds: float
    speed_step_dkmh: int
    heading_step_deg: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reported:
    """What the receiver says at each moment (n,): east, north in metres (n, 2), speed m/s, heading degrees clockwise from north, whether it
    has a fix (where not, the numbers say nothing)."""

    xy: Float64
    speed_m_s: Float64
    heading_deg: Float64
    fixed: NDArray[np.bool_]


@cache
def position_noise() -> PositionNoise:
    """The noise that the file states."""
    rows = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return PositionNoise(**rows["position"], **rows["velocity"])


def report(
    seconds: Float64,
    xy: Float64,
    velocity: Float64,
    environment: NDArray[np.int8],
    street: NDArray[np.int64],
    rng: np.random.Generator,
    noise: PositionNoise | None = None,
) -> Reported:
    """What is reported of a true track: moments (n,) ascending, metres (n, 2), m/s (n, 2), `Environment` and number of the street (n,).

    The same rng state gives the same report. Streets of a canyon are numbered by the caller; each number has one bias in this report.
    """
    noise = noise or position_noise()
    canyon, fixed = environment == Environment.CANYON, environment != Environment.ROOF
    error = gauss_markov(seconds, noise.open_sigma_m, noise.open_s, rng)
    in_canyon = gauss_markov(seconds, noise.canyon_sigma_m, noise.canyon_s, rng)
    names, number = np.unique(street, return_inverse=True)
    biases = noise.street_bias_m * _directions(len(names), rng)
    error = np.where(canyon[:, None], in_canyon + biases[number], error)
    left, since = _since_roof(seconds, fixed)
    offsets = noise.roof_exit_m * _directions(int(left.max(initial=0)) + 1, rng)
    error = error + offsets[left] * np.where(np.isfinite(since), np.exp(-since / noise.roof_exit_s), 0.0)[:, None]
    rough = canyon | (since < noise.roof_exit_s)
    unit = gauss_markov(seconds, 1.0, noise.seconds, rng)
    said = velocity + unit * np.where(rough, noise.canyon_sigma_m_s, noise.open_sigma_m_s)[:, None]
    speed_step = noise.speed_step_dkmh / 36.0
    heading = np.degrees(np.arctan2(said[:, 0], said[:, 1]))
    return Reported(
        xy=xy + error,
        speed_m_s=np.round(np.hypot(*said.T) / speed_step) * speed_step,
        heading_deg=np.round(heading / noise.heading_step_deg) * noise.heading_step_deg % 360.0,
        fixed=fixed,
    )


def gauss_markov(seconds: Float64, sigma: float, correlation_s: float, rng: np.random.Generator) -> Float64:
    """A stationary first-order Gauss-Markov process of two independent axes (n, 2) at ascending moments (n,): exact at any spacing."""
    white = rng.standard_normal((len(seconds), 2)) * sigma
    kept = np.exp(-np.diff(seconds, prepend=seconds[:1]) / correlation_s)
    fresh = np.sqrt(1.0 - kept**2)
    values = white.copy()
    for at in range(1, len(seconds)):
        values[at] = kept[at] * values[at - 1] + fresh[at] * white[at]
    return values


def _since_roof(seconds: Float64, fixed: NDArray[np.bool_]) -> tuple[NDArray[np.int64], Float64]:
    """The number of roofs left before each moment (n,), and the seconds since the first fix after the last of them (inf before any)."""
    comes_out = fixed & np.r_[False, ~fixed[:-1]]
    left = np.cumsum(comes_out)
    at = np.r_[-np.inf, seconds[comes_out]]
    return left, np.where(fixed, seconds - at[left], np.inf)


def _directions(count: int, rng: np.random.Generator) -> Float64:
    angle = rng.uniform(0.0, 2 * np.pi, count)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)
