"""Months that cannot be right: mistyped by a power of ten, or exchanged. Pure, over columns (units, months).

A column is a month that somebody reported; which one, `months` (m,) says, ascending. What it costs grows with the reports there are and
not with the years between them: one report of a year mistyped would else be the memory of the machine.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from twin.queries.energy.period import YEAR

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Cause", "Outlier", "Rules", "Swap", "energy_rules", "expected_of", "find_outliers", "find_swaps"]

NEAR_MONTHS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A usual slip: the value is `factor` times what it should be."""

    code: str
    factor: float
    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The numbers of `checks.toml`."""

    least_compared: int
    least_expected: float
    outlier: float
    cause_within: float
    causes: tuple[Cause, ...]
    swap_far: float
    swap_near: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlier:
    """A value (unit row, month column) far from what is expected of it; `cause` None where none of the usual slips explains it."""

    unit: int
    month: int
    value: float
    expected: float
    cause: Cause | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """Two months (columns) of a unit that look exchanged: `low` holds what belongs to `high` and the other way round."""

    unit: int
    low: int
    high: int


@cache
def energy_rules() -> Rules:
    """The rules that ship."""
    row: dict[str, Any] = tomllib.loads(files("twin.queries.energy").joinpath("checks.toml").read_text("utf-8"))
    causes = tuple(Cause(**cause) for cause in row["causes"])
    return Rules(causes=causes, **{name: row[name] for name in Rules.__dataclass_fields__ if name != "causes"})


def expected_of(values: NDArray[np.float64], months: NDArray[np.int64], rules: Rules) -> NDArray[np.float64]:
    """What is expected of each value, (units, months): the geometric median of three months before and after and the same of other years.

    NaN where fewer than `least_compared` of them are above zero, so that one wrong value among them does not move it: of 100, 100 and
    1,000 it is 100. NaN too where nothing above zero was reported: there is nothing to hold against it.
    """
    import numpy as np

    expected: NDArray[np.float64] = np.exp(_compared(_logs(values), months, NEAR_MONTHS, rules.least_compared))
    return expected


def find_outliers(values: NDArray[np.float64], months: NDArray[np.int64], rules: Rules) -> list[Outlier]:
    """The values that are a factor of `exp(outlier)` or more from what is expected of them; small amounts are left alone."""
    import numpy as np

    expected = expected_of(values, months, rules)
    with np.errstate(divide="ignore", invalid="ignore"):
        off = np.log(np.where(values > 0, values, np.nan) / expected)
    wrong = (np.abs(off) >= rules.outlier) & (np.maximum(expected, values) >= rules.least_expected)
    return [
        Outlier(
            unit=int(unit),
            month=int(month),
            value=float(values[unit, month]),
            expected=float(expected[unit, month]),
            cause=_cause(float(off[unit, month]), rules),
        )
        for unit, month in zip(*np.nonzero(wrong), strict=True)
    ]


def find_swaps(values: NDArray[np.float64], months: NDArray[np.int64], rules: Rules) -> list[Swap]:
    """Months less than a year apart of a unit that look exchanged; needs another year to compare with.

    Where the same two months of two years look exchanged, as they must when there are but two years, the year is meant whose curve
    becomes smoother by exchanging them back. Outliers are to be taken out (NaN) before.
    """
    import numpy as np

    logs = _logs(values)
    other = _compared(logs, months, 0, 1)
    off = np.where(np.exp(other) >= rules.least_expected, logs - other, np.nan)
    found: dict[tuple[int, int, int], tuple[float, Swap]] = {}
    for unit in np.flatnonzero((off < -rules.swap_far).any(axis=1) & (off > rules.swap_far).any(axis=1)).tolist():
        lows, highs = np.flatnonzero(off[unit] < -rules.swap_far), np.flatnonzero(off[unit] > rules.swap_far)
        for low in lows.tolist():
            for high in highs[np.abs(months[highs] - months[low]) < YEAR].tolist():
                if _explains(logs[unit], other[unit], low, high, rules):
                    exchanged = _exchanged(logs[unit], low, high)
                    gain = _roughness(logs[unit], months, low, high) - _roughness(exchanged, months, low, high)
                    of_year = sorted((int(months[low]) % YEAR, int(months[high]) % YEAR))
                    name = (unit, of_year[0], of_year[1])
                    if gain > 0 and (name not in found or gain > found[name][0]):
                        found[name] = (gain, Swap(unit=unit, low=low, high=high))
    return [swap for _, swap in found.values()]


def _explains(logs: Any, other: Any, low: int, high: int, rules: Rules) -> bool:
    return bool(abs(logs[high] - other[low]) < rules.swap_near and abs(logs[low] - other[high]) < rules.swap_near)


def _exchanged(logs: Any, low: int, high: int) -> Any:
    found = logs.copy()
    found[[low, high]] = logs[[high, low]]
    return found


def _roughness(logs: Any, months: Any, *columns: int) -> float:
    """How far the months of these columns lie from the mean of their neighbours, added up."""
    import numpy as np

    found = 0.0
    for column in columns:
        around = [at for at in (column - 1, column + 1) if 0 <= at < len(logs) and abs(months[at] - months[column]) == 1]
        beside = [logs[at] for at in around if np.isfinite(logs[at])]
        if beside:
            found += abs(float(logs[column]) - sum(beside) / len(beside))
    return found


def _logs(values: Any) -> Any:
    import numpy as np

    return np.log(np.where(values > 0, values, np.nan))


def _compared(logs: Any, months: Any, near: int, least: int) -> Any:
    """Of each value the median of those of the same unit up to `near` months away and whole years away, NaN where fewer than `least`."""
    import numpy as np

    found = np.full(logs.shape, np.nan)
    for column in range(len(months)):
        apart = np.abs(months - months[column])
        others = np.flatnonzero((apart > 0) & ((apart <= near) | (apart % YEAR == 0)))
        units = np.flatnonzero(np.isfinite(logs[:, column]))
        if len(others) and len(units):
            around = logs[np.ix_(units, others)]
            enough = np.isfinite(around).sum(axis=1) >= least
            found[units, column] = np.where(enough, _nanmedian(around), np.nan)
    return found


def _nanmedian(rows: Any) -> Any:
    """The median of each row without NaN, NaN where there is nothing; says no word of it."""
    import numpy as np

    ordered = np.sort(rows, axis=1)  # NaN last
    number = np.isfinite(rows).sum(axis=1)
    low, high = np.maximum((number - 1) // 2, 0), np.minimum(number // 2, rows.shape[1] - 1)
    both = np.take_along_axis(ordered, np.column_stack([low, high]), axis=1)
    return np.where(number > 0, both.mean(axis=1), np.nan)


def _cause(off: float, rules: Rules) -> Cause | None:
    import math

    near = min(rules.causes, key=lambda cause: abs(off - math.log(cause.factor)))
    return near if abs(off - math.log(near.factor)) <= rules.cause_within else None
