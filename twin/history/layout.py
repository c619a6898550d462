"""What a shelf of the history holds: its columns, and which of them lie once more in order of time.

Every row has `handle` (number of what it is about), `time_us` (when it counts, microseconds of UTC since 1970). A day is one of Beijing:
what is asked for as a day then lies in one folder.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

__all__ = ["DAY_US", "HOUR_US", "Layout", "day_name", "day_start_us", "days_of"]

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
BEIJING_US = 8 * HOUR_US
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """`schema` begins with handle (uint32) and time_us (int64); `moments` names the columns that also lie in order of time (none: no
        question needs them so). Rows whose `handle`, `time_us` and sums of columns in `same` are alike are of the same thing said: see
    `twin.history.newest`."""

    schema: pa.Schema
    moments: tuple[str, ...] = ()
    same: tuple[tuple[str, ...], ...] = ()

    @property
    def names(self) -> list[str]:
        """The names of all columns."""
        return list(self.schema.names)


def days_of(time_us: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n,) the day each moment lies in: days of Beijing since 1970."""
    return (time_us + BEIJING_US) // DAY_US


def day_start_us(day: int) -> int:
    """When a day begins."""
    return day * DAY_US - BEIJING_US


def day_name(day: int) -> str:
    """The name of its folder.

    >>> day_name(20784)
    '2026-11-27'
    """
    return (EPOCH + timedelta(days=day)).date().isoformat()
