"""Where a device probably is: a Kalman filter that carries the receiver's slow error as a state, many devices a step.

A receiver's noise stays for half a minute or more, so that averaging positions gains little; speed and heading are of another source
(Doppler) and show how the device really moved. The state of a device, local metres: place (0, 1), slow error of the receiver, a
Gauss-Markov process (2, 3), what is left of the error after a dark stretch, decaying (4, 5). A fix is their sum. How rough the
surroundings are is told by how much fixes move against speed and heading: the probability of each mode stands beside the state.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sensors.columns import beside
from sensors.filter_model import FilterModel

__all__ = ["FILTER_FIELDS", "Predicted", "begin", "predict", "radius_95_m", "update_along", "update_place"]

FILTER_FIELDS: list[tuple[str, str] | tuple[str, str, tuple[int, ...]]] = [
    ("begun", "?"),
    ("dark", "?"),
    ("astray", "i1"),
    ("time_us", "<i8"),
    ("interval_s", "<f4"),
    ("velocity", "<f4", (2,)),
    ("modes", "<f4", (3,)),
    ("x", "<f8", (6,)),
    ("p", "<f8", (6, 6)),
]
"""What is kept of a device: whether the filter has begun, whether it was in the dark (no fix) since, fixes in a row that nothing explains,
the last time, seconds between the last fixes, m/s as last said (NaN unknown), the modes (open, canyon, jump), state and covariance."""
Float64 = NDArray[np.float64]
OPEN, CANYON, JUMP = 0, 1, 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Predicted:
    """What a step did, for the way back: how much of each state was kept (n, 6), state and covariance as predicted: those of
    the rows, until these are updated."""

    kept: Float64
    x: Float64
    p: Float64


def begin(rows: NDArray[Any], z: Float64, velocity: Float64, time_us: NDArray[np.int64], model: FilterModel) -> None:
    """Begin (again) at fixes (n, 2)."""
    modes = np.array([0.7, 0.3, 0.0])
    slow = float(modes @ model.variances)
    rows["x"] = 0.0
    rows["x"][:, :2] = z
    p = np.zeros((6, 6))
    p[0, 0] = p[1, 1] = slow + model.white_m**2
    p[2, 2] = p[3, 3] = slow
    p[0, 2] = p[2, 0] = p[1, 3] = p[3, 1] = -slow
    rows["p"], rows["modes"], rows["velocity"], rows["time_us"] = p, modes, velocity, time_us
    rows["begun"], rows["dark"], rows["astray"], rows["interval_s"] = True, False, 0, 0.0


def predict(
    rows: NDArray[Any], z: Float64, velocity: Float64, time_us: NDArray[np.int64], held: NDArray[np.bool_], model: FilterModel
) -> Predicted:
    """Move rows (n,) to the time of their next fixes `z` (n, 2); `velocity` (n, 2) m/s, NaN where not said; `held` parked ones.

    The modes are judged here, from how far the fix is from what was expected.
    """
    dt = np.maximum((time_us - rows["time_us"]) / 1e6, 0.0)
    modes = rows["modes"].astype(np.float64)
    moved, spread, turned = _moved(rows["velocity"].astype(np.float64), velocity, dt, modes, held, model)
    x, p = rows["x"], rows["p"]
    dark = rows["dark"] | (dt > model.dark_intervals * np.maximum(rows["interval_s"], 1.0)) & (rows["interval_s"] > 0)
    prior = _prior(modes, dt, model)
    kept = _kept(dt, prior, model)
    x *= kept
    x[:, :2] += moved
    p *= kept[:, :, None] * kept[:, None, :]
    p[:, :2, :2] += spread
    _darkened(x, p, dark, model)
    kept[dark, 4:] = 0.0
    added = _added(dt, turned, model)
    modes = _judged(prior, added, z - seen(x), p, model)
    drift = (modes * added).sum(axis=1)
    p[:, 2, 2] += drift
    p[:, 3, 3] += drift
    rows["modes"], rows["velocity"], rows["time_us"], rows["dark"] = modes, velocity, time_us, False
    rows["interval_s"] = np.where(dark, rows["interval_s"], dt)
    return Predicted(kept=kept, x=x, p=p)


def update_place(rows: NDArray[Any], z: Float64, model: FilterModel, used: NDArray[np.bool_]) -> None:
    """Take the fixes (n, 2) in where `used`."""
    x, p = rows["x"], rows["p"]
    for axis in (0, 1):
        with_fix = p[:, :, axis] + p[:, :, 2 + axis] + p[:, :, 4 + axis]
        spread = with_fix[:, axis] + with_fix[:, 2 + axis] + with_fix[:, 4 + axis] + model.white_m**2
        _take(x, p, with_fix, spread, np.where(used, z[:, axis] - seen(x)[:, axis], 0.0), used)


def update_along(rows: NDArray[Any], normal: Float64, offset_m: Float64, sigma_m: Float64, used: NDArray[np.bool_]) -> None:
    """Take in that the place lies `offset_m` (n,) along unit `normal` (n, 2), give or take `sigma_m`: on the line of a road."""
    x, p = rows["x"], rows["p"]
    with_line = p[:, :, 0] * normal[:, :1] + p[:, :, 1] * normal[:, 1:]
    spread = (with_line[:, :2] * normal).sum(axis=1) + sigma_m**2
    _take(x, p, with_line, spread, offset_m - (x[:, :2] * normal).sum(axis=1), used)


def seen(x: Float64) -> Float64:
    """The fix (n, 2) that states (n, 6) would show."""
    return x[:, :2] + x[:, 2:4] + x[:, 4:6]


def radius_95_m(p: Float64) -> Float64:
    """The radius (n,) within which 95 % lie, of covariances (n, 6, 6): from the ellipse's axes, 1 % off at worst."""
    half, apart = (p[:, 0, 0] + p[:, 1, 1]) / 2, np.hypot((p[:, 0, 0] - p[:, 1, 1]) / 2, p[:, 0, 1])
    long, short = np.sqrt(half + apart), np.sqrt(np.maximum(half - apart, 0.0))
    ratio = short / np.maximum(long, 1e-9)
    radius: Float64 = long * (1.96 + 0.4877 * ratio**2)
    return radius


def _take(x: Float64, p: Float64, gain: Float64, spread: Float64, innovation: Float64, used: NDArray[np.bool_]) -> None:
    gain = np.where(used[:, None], gain, 0.0)
    scaled = gain / spread[:, None]
    x += scaled * innovation[:, None]
    p -= scaled[:, :, None] * gain[:, None, :]


def _moved(
    before: Float64, after: Float64, dt: Float64, modes: Float64, held: NDArray[np.bool_], model: FilterModel
) -> tuple[Float64, Float64, Float64]:
    """Metres moved (n, 2) by speed and heading at both ends, covariance of that (n, 2, 2), and turned by radians (n,)."""
    told = np.isfinite(before[:, 0]) & np.isfinite(after[:, 0])
    before, after = np.where(told[:, None], before, 0.0), np.where(told[:, None], after, 0.0)
    rough = modes[:, CANYON] + modes[:, JUMP]
    sigma = model.open_m_s + (model.canyon_m_s - model.open_m_s) * rough
    speeds = np.hypot(*before.T), np.hypot(*after.T)
    fast = np.maximum(*speeds)
    still = told & (fast < model.still_sigmas * sigma) & (dt < model.still_s)
    change = after - before
    moved = np.where((told & ~still & ~held)[:, None], (before + after) / 2 * dt[:, None], 0.0)
    doppler = sigma**2 * dt**2 / np.tanh(np.maximum(dt, 0.05) / (2 * model.doppler_s))
    between = np.where(still | held, 0.0, np.minimum(1.0, (dt / model.manoeuvre_s) ** 2))
    along = (model.uneven_m_s2 * dt**2) ** 2 * between * told
    change_m2 = dt**2 / 12 * between
    across = along * np.clip((dt / model.winding_s) ** 4, 0.0, 0.5) + model.around * change_m2 * (change**2).sum(axis=1)
    even = np.where(told, doppler + across, (model.unknown_m_s * dt) ** 2)
    even = np.where(still, model.creep_m2_s * dt, even)
    even = np.where(held, model.held_m2_s * dt, even)
    way = before + after
    way = way / np.maximum(np.hypot(*way.T), 1e-6)[:, None]
    spread = _outer(change) * change_m2[:, None, None] + _outer(way) * along[:, None, None]
    spread[:, 0, 0] += even
    spread[:, 1, 1] += even
    cross = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    slow = np.minimum(*speeds) < model.heading_m_s
    turned = np.where(slow, 0.0, np.abs(np.arctan2(cross, (before * after).sum(axis=1))))
    return moved, spread, turned


def _outer(vectors: Float64) -> Float64:
    return vectors[:, :, None] * vectors[:, None, :]


def _prior(modes: Float64, dt: Float64, model: FilterModel) -> Float64:
    change = 0.5 * (1.0 - np.exp(-dt / model.mode_s))
    rough = modes[:, CANYON] + modes[:, JUMP] * 0.5
    calm = modes[:, OPEN] + modes[:, JUMP] * 0.5
    jump = np.minimum(model.jump_each + dt * model.jump_s, 0.2)
    canyon = rough * (1 - change) + calm * change
    return beside((1 - canyon) * (1 - jump), canyon * (1 - jump), jump)


def _kept(dt: Float64, modes: Float64, model: FilterModel) -> Float64:
    slow = np.exp(-dt / (modes[:, OPEN] * model.open_s + (1 - modes[:, OPEN]) * model.canyon_s))
    left = np.exp(-dt / model.exit_s)
    return beside(np.ones(len(dt)), np.ones(len(dt)), slow, slow, left, left)


def _darkened(x: Float64, p: Float64, dark: NDArray[np.bool_], model: FilterModel) -> None:
    """After a dark stretch a fresh error that decays; what was left of the last is forgotten."""
    if not dark.any():
        return
    x[dark, 4:] = 0.0
    p[dark, 4:] = 0.0
    p[dark, :, 4:] = 0.0
    p[dark, 4, 4] = p[dark, 5, 5] = model.exit_m**2 / 2


def _added(dt: Float64, turned: Float64, model: FilterModel) -> Float64:
    """Variance (n, 3) that the slow error gains in each mode."""
    calm = model.variances[OPEN] * (1 - np.exp(-2 * dt / model.open_s))
    rough = model.variances[CANYON] * (1 - np.exp(-2 * dt / model.canyon_s))
    rough = rough + np.minimum(turned / (np.pi / 2), 1.0) * model.street_m**2
    return beside(calm, rough, np.full(len(dt), model.variances[JUMP]))


def _judged(prior: Float64, added: Float64, off: Float64, p: Float64, model: FilterModel) -> Float64:
    """The modes (n, 3) after a fix was `off` (n, 2) from what was expected, by Bayes."""
    first = p[:, :, 0] + p[:, :, 2] + p[:, :, 4]
    second = p[:, :, 1] + p[:, :, 3] + p[:, :, 5]
    xx = (first[:, 0] + first[:, 2] + first[:, 4] + model.white_m**2)[:, None] + added
    yy = (second[:, 1] + second[:, 3] + second[:, 5] + model.white_m**2)[:, None] + added
    xy = (first[:, 1] + first[:, 3] + first[:, 5])[:, None]
    determinant = np.maximum(xx * yy - xy**2, 1e-9)
    east, north = off[:, :1], off[:, 1:]
    far = (yy * east**2 - 2 * xy * east * north + xx * north**2) / determinant
    log = np.log(prior) - 0.5 * (far + np.log(determinant))
    modes = np.exp(log - log.max(axis=1, keepdims=True))
    result: Float64 = modes / modes.sum(axis=1, keepdims=True)
    return result
