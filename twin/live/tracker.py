"""Positions of all devices as the hub takes them: each fix judged against what is known of its device, beside it where it probably is."""

import io
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from sensors.observation import NO_NUMBER, Fixes
from sensors.plausible import JUDGE_FIELDS, ServiceArea, judge
from sensors.position_limits import PositionLimits, position_limits
from sensors.verdict import Verdict, doubted_of, used_of

__all__ = ["JUDGED", "Judged", "Tracker"]

JUDGED = np.dtype(
    [
        ("verdict", "i1"),
        ("clock", "i1"),
        ("time_us", "<i8"),
        ("lon_e7", "<i4"),
        ("lat_e7", "<i4"),
        ("accuracy_dm", "<i4"),
        ("speed_dkmh", "<i4"),
        ("heading_cdeg", "<i4"),
        ("moving", "?"),
        ("smoothed", "?"),
        ("doubted", "?"),
    ]
)
"""Beside each fix: its `Verdict` and `ClockVerdict`, the time that stands for it, and where its device probably was then (WGS84 degrees
times 1e7; for a fix that is not used, where it was last; `NO_NUMBER` where nobody knows), how far off that may be (95 % of the radius,
decimetres), speed, heading, whether it moves, whether the place is smoothed, and whether it is to be doubted."""
Judged = NDArray[np.void]
"""(n,) of dtype `JUDGED`."""
ROW = np.dtype([*JUDGE_FIELDS, ("out", JUDGED)])
MOVING_DKMH = 50


@dataclass(slots=True, kw_only=True, eq=False)
class Tracker:
    """Columns of devices, by a number that the caller gives each (dense, from 0); they grow as numbers come."""

    limits: PositionLimits = field(default_factory=position_limits)
    area: ServiceArea | None = None
    rows: NDArray[Any] = field(default_factory=lambda: _unknown(0))

    def apply(self, fixes: Fixes, now_us: int) -> Judged:
        """What to think of each fix, in the order given: `device` is the caller's number of it. Every fix gets a row, alarms and all."""
        judged = np.zeros(len(fixes), dtype=JUDGED)
        if not len(fixes):
            return judged
        self._grow(int(fixes["device"].max()) + 1)
        for at in rounds(fixes["device"]):
            devices = fixes["device"][at]
            rows = self.rows[devices]
            judged[at] = self._step(rows, fixes[at], now_us)
            self.rows[devices] = rows
        return judged

    def forget(self, devices: NDArray[Any]) -> None:
        """Know nothing of these numbers any more."""
        self.rows[devices] = _unknown(1)

    def state(self) -> bytes:
        """All that is known, to be kept with a checkpoint."""
        kept = io.BytesIO()
        np.save(kept, self.rows, allow_pickle=False)
        return kept.getvalue()

    @classmethod
    def restore(cls, data: bytes, **settings: Any) -> Self:
        """The tracker whose `state` this was. Raises ValueError for anything else, or for columns of another version."""
        rows = np.load(io.BytesIO(data), allow_pickle=False)
        if rows.dtype != ROW or rows.ndim != 1:
            raise ValueError("the state of a tracker of another version")
        return cls(rows=rows, **settings)

    def _grow(self, count: int) -> None:
        if count > len(self.rows):
            self.rows = np.concatenate([self.rows, _unknown(max(count, len(self.rows) * 3 // 2) - len(self.rows))])

    def _step(self, rows: NDArray[Any], fixes: Fixes, now_us: int) -> Judged:
        judgement = judge(rows, fixes, now_us, self.limits, self.area)
        used = used_of(judgement.verdict)
        aside = np.isin(judgement.verdict, (Verdict.LATE, Verdict.DUPLICATE))
        out = rows["out"].copy()
        for name, value in (("lon_e7", judgement.lon_e7), ("lat_e7", judgement.lat_e7)):
            out[name] = np.where(used | aside, value, out[name])
        for name in ("accuracy_dm", "speed_dkmh", "heading_cdeg"):
            out[name] = np.where(used | aside, fixes[name], out[name])
        out["moving"] = out["speed_dkmh"] >= MOVING_DKMH
        out["verdict"], out["clock"], out["time_us"] = judgement.verdict, judgement.clock, judgement.time_us
        out["doubted"] = doubted_of(judgement.verdict)
        rows["out"] = np.where(used, out, rows["out"])
        return out


def rounds(devices: NDArray[Any]) -> list[NDArray[np.int64]]:
    """Where (indices) the first fix of every device lies, then the second, …: in each no device comes twice.

    >>> [one.tolist() for one in rounds(np.array([7, 3, 7, 7]))]
    [[0, 1], [2], [3]]
    """
    order = np.argsort(devices, kind="stable")
    ordered = devices[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    rank = np.empty(len(devices), dtype=np.int64)
    rank[order] = np.arange(len(devices)) - np.repeat(starts, np.diff(np.r_[starts, len(devices)]))
    return [np.flatnonzero(rank == number) for number in range(int(rank.max(initial=-1)) + 1)]


def _unknown(count: int) -> NDArray[Any]:
    rows = np.zeros(count, dtype=ROW)
    for name in ("lon_e7", "lat_e7", "accuracy_dm", "speed_dkmh", "heading_cdeg"):
        rows["out"][name] = NO_NUMBER
    return rows
