"""Which time stands for a fix: its own, or where that cannot be true the time of its receipt. A wrong clock poisons nothing."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sensors.observation import NO_TIME, Fixes
from sensors.position_limits import PositionLimits
from sensors.verdict import ClockVerdict

__all__ = ["BACKLOG", "clock_of"]

BACKLOG = np.uint32(4)
"""Bit of `status` in `FIX`: sent late by the device."""
SECOND_US = 1_000_000
Int64 = NDArray[np.int64]


def clock_of(rows: NDArray[Any], fixes: Fixes, now_us: int, limits: PositionLimits) -> tuple[Int64, NDArray[np.int8]]:
    """The time used (n,), microseconds of UTC, and the `ClockVerdict` of each fix.

    `rows` (n,) holds each fix's device, `delay_us` and `steady` of it are written: a device that does not say backlog and is late by
    the same time again and again has a wrong clock (a zone not subtracted, 1999), while what it kept comes with delays that shrink.
    """
    received = np.minimum(fixes["received_us"], now_us)
    said = np.where(fixes["fix_us"] != NO_TIME, fixes["fix_us"], fixes["device_us"])
    none = said == NO_TIME
    said = np.where(none, received, said)
    future = said > received + int(limits.future_s * SECOND_US)
    floor = received - int(limits.past_s * SECOND_US)
    past = said < floor
    delay = received - np.clip(said, floor, received)
    stale = (delay > limits.stale_s * SECOND_US) & ((fixes["status"] & BACKLOG) == 0) & ~none
    same = stale & (np.abs(delay - rows["delay_us"]) <= limits.steady_s * SECOND_US)
    rows["steady"] = np.where(same, np.minimum(rows["steady"] + 1, 100), np.where(stale, 1, 0))
    rows["delay_us"] = np.where(stale, delay, 0)
    past |= rows["steady"] >= limits.steady_fixes
    verdict = np.select([none, future, past], [ClockVerdict.NONE, ClockVerdict.FUTURE, ClockVerdict.PAST], ClockVerdict.OWN)
    return np.where(future | past, received, said), verdict.astype(np.int8)
