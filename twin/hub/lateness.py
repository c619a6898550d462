"""Which fixes came late."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sensors import Fixes
from sensors.fix_clock import BACKLOG
from sensors.verdict import Verdict
from twin.history.positions import fixes_of
from twin.history.runs import column

__all__ = ["came_late", "is_late"]

LIVE_US = 60_000_000


def is_late(fixes: Fixes, time_us: NDArray[np.int64], verdict: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Which fixes (n,) came late, by what was judged of them when they came, or by the device's own word."""
    late: NDArray[np.bool_] = (verdict == int(Verdict.LATE)) | (
        (fixes["status"] & BACKLOG > 0) & (fixes["received_us"] - time_us > LIVE_US)
    )
    return late


def came_late(rows: pa.Table) -> NDArray[np.bool_]:
    """Which rows (n,) of one device, in order of time, came late, or after one of a later time, whatever was judged of them since."""
    times, fixes = column(rows, "time_us"), fixes_of(rows)
    if not len(times):
        return np.zeros(0, dtype=bool)
    first = np.append(np.minimum.accumulate(fixes["received_us"][::-1])[::-1], np.iinfo(np.int64).max)
    after = first[np.searchsorted(times, times, "right")]
    late: NDArray[np.bool_] = is_late(fixes, times, column(rows, "verdict")) | (fixes["received_us"] > after)
    return late
