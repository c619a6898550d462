"""Which road a device drives on now, where the evidence says so: aligned with its way, near for what is known of its place, and alone.

A road is never forced on a device: one that stands, that moves across, that has another road as likely beside it, or that has not yet
followed one for some fixes, is left as the filter has it.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sensors.roads import NO_ROAD, Roads
from sensors.row_bytes import put_rows, take_rows
from sensors.smoothing_filter import update_along

__all__ = ["SNAP_FIELDS", "SnapModel", "snap", "snap_model"]

SNAP_FIELDS: list[tuple[str, str]] = [("follows", "i1"), ("road", "<i4")]
"""For how many fixes a device has followed roads (falls thrice as fast), and the segment it is on, `NO_ROAD`."""
FILE = Path(__file__).with_name("snap_model.toml")
Float64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapModel:
    """The rows of the file, named with their units; what each is for stands there."""

    line_m: float
    known_m: float
    gate: float
    rival: float
    rival_m: float
    aligned_deg: float
    moving_m_s: float
    follows: int


@cache
def snap_model() -> SnapModel:
    """The model that the file states."""
    return SnapModel(**tomllib.loads(FILE.read_text(encoding="utf-8"))["model"])


def snap(rows: NDArray[Any], roads: Roads, points: Float64, metres_per_unit: Float64, velocity: Float64, model: SnapModel) -> None:
    """Draw rows (n,) of the filter to the road each follows, if it follows one.

    `points` (n, 2) are the filter's places in the plane of the roads, `metres_per_unit` (n, 2) its axes there, `velocity` (n, 2) m/s.
    """
    speed = np.hypot(*velocity.T)
    moving = speed >= model.moving_m_s
    rows["road"] = np.where(moving, NO_ROAD, rows["road"])
    asked = np.flatnonzero(moving)
    if not len(asked):
        return
    near = roads.near(points[asked], np.broadcast_to(metres_per_unit, points.shape)[asked])
    row = asked[near.point]
    way = velocity[row] / speed[row, None]
    normal, p = near.normal, rows["p"][row]
    spread = _across(normal, p) + model.line_m**2
    offset = (near.foot * normal).sum(axis=1)
    beyond = np.abs((near.foot * near.direction).sum(axis=1))
    aligned = np.abs((way * near.direction).sum(axis=1)) >= np.cos(np.radians(model.aligned_deg))
    score = np.where(aligned, offset**2 / spread + (beyond / model.line_m) ** 2, np.inf)
    best, sure = _best(score, offset, row, len(rows), model)
    found = np.zeros(len(rows), dtype=bool)
    has = np.flatnonzero(best >= 0)
    found[has] = score[best[has]] <= model.gate
    rows["follows"] = np.where(moving, np.clip(rows["follows"] + np.where(found, 1, -3), 0, 10), rows["follows"])
    rows["road"][found] = near.segment[best[found]]
    taken = found & sure & (rows["follows"] >= model.follows)
    if not taken.any():
        return
    pair = best[taken]
    held = take_rows(rows, taken)
    across = _across(normal[pair], held["p"])
    at = (held["x"][:, :2] * normal[pair]).sum(axis=1) + offset[pair]
    update_along(held, normal[pair], at, np.full(len(pair), model.line_m), across > model.known_m**2)
    put_rows(rows, taken, held)


def _best(
    score: Float64, offset: Float64, row: NDArray[np.int64], count: int, model: SnapModel
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The best pair of each row (count,), -1 where none, and whether no other line elsewhere is nearly as good."""
    best = np.full(count, -1, dtype=np.int64)
    if not len(score):
        return best, np.zeros(count, dtype=bool)
    order = np.lexsort((score, row))
    first = order[np.r_[True, row[order][1:] != row[order][:-1]]]
    best[row[first]] = first
    rival = (np.abs(offset - offset[best[row]]) > model.rival_m) & (score < score[best[row]] + model.rival)
    return best, np.bincount(row[rival], minlength=count) == 0


def _across(normal: Float64, p: Float64) -> Float64:
    """The variance (k,) along unit normals (k, 2) of covariances (k, 6, 6) of filters."""
    east, north = normal.T
    return np.asarray(east * east * p[:, 0, 0] + 2.0 * east * north * p[:, 0, 1] + north * north * p[:, 1, 1])
