"""Months that cannot be right: mistyped by a power of ten, or exchanged. Pure, over columns (units, months)."""

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
    """A value far from what is expected of it; `cause` None where none of the usual slips explains it."""

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


def expected_of(values: NDArray[np.float64], rules: Rules) -> NDArray[np.float64]:
    """What is expected of each month, (units, months): the geometric median of three months before and after and the same of other years.

    NaN where fewer than `least_compared` of them are above zero, so that one wrong value among them does not move it: of 100, 100 and
    1,000 it is 100.
    """
    import numpy as np

    logs = np.log(np.where(values > 0, values, np.nan))
    shifted = [_shifted(logs, by) for by in _shifts(values.shape[1])]
    stacked = np.stack(shifted) if shifted else np.full((1, *values.shape), np.nan)
    number = np.isfinite(stacked).sum(axis=0)
    return np.exp(np.where(number >= rules.least_compared, _nanmedian(stacked), np.nan))


def find_outliers(values: NDArray[np.float64], rules: Rules) -> list[Outlier]:
    """The values that are a factor of `exp(outlier)` or more from what is expected of them; small amounts are left alone."""
    import numpy as np

    expected = expected_of(values, rules)
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


def find_swaps(values: NDArray[np.float64], rules: Rules) -> list[Swap]:
    """Months of one calendar year of a unit that look exchanged; needs another year to compare with.

    Where the same two months of two years look exchanged, as they must when there are but two years, the year is meant whose curve
    becomes smoother by exchanging them back. Outliers are to be taken out (NaN) before.
    """
    import numpy as np

    logs = np.log(np.where(values > 0, values, np.nan))
    years = [_shifted(logs, by) for by in _shifts(values.shape[1]) if by % YEAR == 0]
    if not years:
        return []
    other = _nanmedian(np.stack(years))
    off = np.where(np.exp(other) >= rules.least_expected, logs - other, np.nan)
    found: dict[tuple[int, int, int], tuple[float, Swap]] = {}
    for unit in np.flatnonzero((off < -rules.swap_far).any(axis=1) & (off > rules.swap_far).any(axis=1)).tolist():
        lows, highs = np.flatnonzero(off[unit] < -rules.swap_far).tolist(), np.flatnonzero(off[unit] > rules.swap_far).tolist()
        for low in lows:
            for high in highs:
                if abs(low - high) < YEAR and _explains(logs[unit], other[unit], low, high, rules):
                    gain = _roughness(logs[unit], low, high) - _roughness(_exchanged(logs[unit], low, high), low, high)
                    name = (unit, min(low % YEAR, high % YEAR), max(low % YEAR, high % YEAR))
                    if gain > 0 and (name not in found or gain > found[name][0]):
                        found[name] = (gain, Swap(unit=unit, low=low, high=high))
    return [swap for _, swap in found.values()]


def _explains(logs: Any, other: Any, low: int, high: int, rules: Rules) -> bool:
    return bool(abs(logs[high] - other[low]) < rules.swap_near and abs(logs[low] - other[high]) < rules.swap_near)


def _exchanged(logs: Any, low: int, high: int) -> Any:
    found = logs.copy()
    found[[low, high]] = logs[[high, low]]
    return found


def _roughness(logs: Any, *months: int) -> float:
    """How far these months lie from the mean of their neighbours, added up."""
    import numpy as np

    found = 0.0
    for month in months:
        beside = [logs[at] for at in (month - 1, month + 1) if 0 <= at < len(logs) and np.isfinite(logs[at])]
        if beside:
            found += abs(float(logs[month]) - sum(beside) / len(beside))
    return found


def _shifts(months: int) -> list[int]:
    """How far the months lie that a month is compared with: three before and after it, and whole years before and after."""
    years = range(YEAR, months, YEAR)
    return [by for by in (1, -1, 2, -2, 3, -3, *years, *(-year for year in years)) if abs(by) < months]


def _shifted(values: Any, by: int) -> Any:
    """Column i is column i − by of the values, NaN beyond the ends."""
    import numpy as np

    found = np.full(values.shape, np.nan)
    if by > 0:
        found[:, by:] = values[:, :-by]
    else:
        found[:, :by] = values[:, -by:]
    return found


def _nanmedian(stacked: Any) -> Any:
    """The median over the first axis without NaN, NaN where there is nothing; says no word of it."""
    import numpy as np

    ordered = np.sort(stacked, axis=0)  # NaN last
    number = np.isfinite(stacked).sum(axis=0)
    low, high = np.maximum((number - 1) // 2, 0), number // 2
    both = np.take_along_axis(ordered, np.stack([low, np.minimum(high, len(ordered) - 1)]), axis=0)
    return np.where(number > 0, both.mean(axis=0), np.nan)


def _cause(off: float, rules: Rules) -> Cause | None:
    import math

    near = min(rules.causes, key=lambda cause: abs(off - math.log(cause.factor)))
    return near if abs(off - math.log(near.factor)) <= rules.cause_within else None
