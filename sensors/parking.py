"""Which devices are parked: they stay where they are however their fixes scatter, and leave when they really leave."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["PARK_FIELDS", "ParkModel", "Parking", "moves_from_m_s", "park", "park_model", "walking_m_s"]

PARK_FIELDS: list[tuple[str, str] | tuple[str, str, tuple[int, ...]]] = [
    ("moving_m_s", "<f4"),
    ("parked", "?"),
    ("has_ignition", "?"),
    ("still_us", "<i8"),
    ("fast", "i1"),
    ("away", "i1"),
    ("away_us", "<i8"),
    ("asked_us", "<i8"),
    ("gone", "<f4", (2,)),
    ("path_m", "<f4"),
    ("spot_lon_e7", "<i4"),
    ("spot_lat_e7", "<i4"),
]
"""From which speed on a device says that it moves (0: as vehicles), whether it is parked, whether it ever said that its ignition is on,
since when nothing shows that it moves (0: it moves), fixes in a row that say it moves, and that lie far from where it is parked, since
when; the last fix; metres gone (east, north) by speed and heading since fixes in a row say that it moves, and the length of that path;
where it was when it last was said to move."""
FILE = Path(__file__).with_name("park_model.toml")
IGNITION = np.uint32(2)
SECOND_US = 1_000_000
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkModel:
    """The rows of the file, named with their units; what each is for stands there."""

    moving_m_s: float
    fast_fixes: int
    fast_bare_fixes: int
    bare_m: float
    silent_s: float
    straight: float
    fast_off_fixes: int
    start_m: float
    still_s: float
    off_s: float
    drift_m: float
    leave_m: float
    leave_s: float
    leave_fixes: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parking:
    """Of each fix (n,): hold the device where it is; its fix is drift, or even astray and not to be used; it drove off and has `gone` so
    far (n, 2) metres; it was taken elsewhere and begins anew at its fix."""

    held: Bools
    drifts: Bools
    astray: Bools
    drove: Bools
    gone: NDArray[np.float64]
    taken: Bools


@cache
def park_model() -> ParkModel:
    """The model that the file states."""
    return ParkModel(**tomllib.loads(FILE.read_text(encoding="utf-8"))["model"])


@cache
def walking_m_s() -> dict[str, float]:
    """From which speed on devices of kinds that people carry on foot say that they move, by kind."""
    walking = tomllib.loads(FILE.read_text(encoding="utf-8"))["walking"]
    return {kind: float(row["moving_m_s"]) for kind, row in walking.items()}


def moves_from_m_s(rows: NDArray[Any], model: ParkModel) -> NDArray[np.float64]:
    """From which speed on each device (n,) says that it moves."""
    return np.where(rows["moving_m_s"] > 0, rows["moving_m_s"], model.moving_m_s)


def park(
    rows: NDArray[Any],
    speed_m_s: NDArray[np.float64],
    velocity: NDArray[np.float64],
    off_m: NDArray[np.float64],
    roamed_m: NDArray[np.float64],
    status: NDArray[np.uint32],
    time_us: NDArray[np.int64],
    model: ParkModel,
) -> Parking:
    """Whether each device stays: `speed_m_s` (n,) and `velocity` (n, 2) NaN where not said, `off_m` how far the fix lies from its device,
    `roamed_m` how far from the spot where its device was last said to move.

    Rows (n,) are written. A device that never says that its ignition is on has none; one that has and says off must show more.
    """
    on = (status & IGNITION) != 0
    rows["has_ignition"] |= on
    off = rows["has_ignition"] & ~on
    told = np.isfinite(speed_m_s)
    roams = np.where(rows["parked"], off_m, roamed_m) > model.bare_m
    silent = ~told & ~rows["parked"] & (time_us - rows["asked_us"] > model.silent_s * SECOND_US)
    fast = np.where(told, np.nan_to_num(speed_m_s) >= moves_from_m_s(rows, model), roams | silent)
    _go(rows, fast, velocity, time_us)
    moves = fast & (~off | (rows["fast"] >= model.fast_off_fixes))
    rows["still_us"] = np.where(moves, 0, np.where(rows["still_us"] == 0, time_us, rows["still_us"]))
    still_s = np.where(rows["still_us"] == 0, 0.0, (time_us - rows["still_us"]) / SECOND_US)
    was = rows["parked"]
    gone = rows["gone"].astype(np.float64)
    far = np.hypot(*gone.T)
    straight = (far >= model.start_m) & (far >= model.straight * rows["path_m"])
    enough = rows["fast"] >= np.select([off, on], [model.fast_off_fixes, model.fast_fixes], model.fast_bare_fixes)
    away = was & (off_m > model.leave_m)
    rows["away_us"] = np.where(away & (rows["away"] > 0), rows["away_us"], time_us)
    rows["away"] = np.where(away, np.minimum(rows["away"] + 1, 100), 0)
    drove = was & enough & straight
    stays_away = (rows["away"] >= model.leave_fixes) & (time_us - rows["away_us"] >= model.leave_s * SECOND_US)
    far_twice = (rows["away"] > 1) & (rows["fast"] > 1)
    taken = was & ~drove & (stays_away | ((enough | far_twice) & ~told))
    leaves = drove | taken
    rows["parked"] = (was | (still_s >= np.where(off, model.off_s, model.still_s))) & ~leaves
    rows["still_us"] = np.where(leaves, 0, rows["still_us"])
    rows["away"] = np.where(leaves, 0, rows["away"])
    held = rows["parked"]
    return Parking(held=held, drifts=held & was & (off_m > model.drift_m), astray=held & away, drove=drove, gone=gone, taken=taken)


def _go(rows: NDArray[Any], fast: Bools, velocity: NDArray[np.float64], time_us: NDArray[np.int64]) -> None:
    seconds = np.clip((time_us - rows["asked_us"]) / SECOND_US, 0.0, 60.0)
    step = np.where(fast[:, None] & np.isfinite(velocity), velocity * seconds[:, None], 0.0)
    rows["gone"] = np.where(fast[:, None], rows["gone"] + step, 0.0)
    rows["path_m"] = np.where(fast, rows["path_m"] + np.hypot(*step.T), 0.0)
    rows["fast"] = np.where(fast, np.minimum(rows["fast"] + 1, 100), 0)
    rows["asked_us"] = time_us
