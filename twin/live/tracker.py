"""Positions of all devices as the hub takes them: each fix judged against what is known of its device, beside it where it probably is."""

import io
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from sensors.datum_evidence import DATUM_FIELDS, corrected, datum_model, weigh
from sensors.fix_clock import is_backlog
from sensors.observation import NO_NUMBER, Fixes
from sensors.plausible import JUDGE_FIELDS, Judgement, ServiceArea, judge
from sensors.position_limits import PositionLimits, position_limits
from sensors.roads import NO_ROAD
from sensors.row_bytes import copy_rows, put_rows, take_rows
from sensors.smoothing import DKMH_PER_M_S, SMOOTH_FIELDS, Smoothing, smooth
from sensors.verdict import Verdict, doubted_of, used_of

__all__ = ["JUDGED", "Judged", "Tracker", "rounds"]

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
        ("road", "<i4"),
        ("moving", "?"),
        ("smoothed", "?"),
        ("doubted", "?"),
    ]
)
"""Beside each fix: its `Verdict` and `ClockVerdict`, the time that stands for it, and where its device probably was then (WGS84 degrees
times 1e7; for a fix that is not used, where it was last; `NO_NUMBER` where nobody knows), how far off that may be (95 % of the radius,
decimetres), speed and heading as last said, the segment of the roads that it drives on (`NO_ROAD`), whether it moves, whether the place is
smoothed, and whether it is to be doubted."""
Judged = NDArray[np.void]
"""(n,) of dtype `JUDGED`."""
ROW = np.dtype([*JUDGE_FIELDS, *DATUM_FIELDS, *SMOOTH_FIELDS, ("out", JUDGED)], align=True)
HEADING_DKMH = 54
"""Slower than 1.5 m/s the heading of a vehicle says nothing: the last one that did is kept."""
DRIVING_DKMH = 108
MOST_DM = 65_534
GOOD, NO_FIX, RELOCATED, PARKED_DRIFT = int(Verdict.GOOD), int(Verdict.NO_FIX), int(Verdict.RELOCATED), int(Verdict.PARKED_DRIFT)
GCJ02, LATE = int(Verdict.GCJ02), int(Verdict.LATE)


@dataclass(slots=True, kw_only=True, eq=False)
class Tracker:
    """Columns of devices, by a number that the caller gives each (dense, from 0); they grow as numbers come.

    `area` is where devices serve (west, south, east, north, degrees); roads are in `smoothing`. Not for several threads at once.
    """

    limits: PositionLimits = field(default_factory=position_limits)
    smoothing: Smoothing = field(default_factory=Smoothing)
    area: ServiceArea | None = None
    rows: NDArray[Any] = field(default_factory=lambda: _unknown(0))

    def apply(self, fixes: Fixes, now_us: int) -> Judged:
        """What to think of each fix, in the order given: `device` is the caller's number of it. Every fix gets a row, alarms and all.

        What devices kept and send late moves nothing and is judged at once, against what is known after the rest.
        """
        judged = np.zeros(len(fixes), dtype=JUDGED)
        if not len(fixes):
            return judged
        self._grow(int(fixes["device"].max()) + 1)
        backlog = is_backlog(fixes, now_us, self.limits)
        live = np.flatnonzero(~backlog)
        for one in rounds(fixes["device"][live]):
            at = live[one]
            devices = fixes["device"][at]
            rows = take_rows(self.rows, devices)
            put_rows(judged, at, self._step(rows, take_rows(fixes, at), now_us))
            put_rows(self.rows, devices, rows)
        late = np.flatnonzero(backlog)
        if len(late):
            put_rows(judged, late, self._step(take_rows(self.rows, fixes["device"][late]), take_rows(fixes, late), now_us))
        return judged

    def stands_at(self, devices: NDArray[Any], lon_e7: NDArray[np.int32], lat_e7: NDArray[np.int32]) -> None:
        """These devices, when they are parked, stand there (surveyed, WGS84): their garage, their post. Evidence of their datum."""
        self._grow(int(np.max(devices, initial=-1)) + 1)
        self.rows["home_lon_e7"][devices], self.rows["home_lat_e7"][devices] = lon_e7, lat_e7

    def walk(self, devices: NDArray[Any], moving_m_s: float) -> None:
        """People carry these devices on foot: they say that they move from that speed on."""
        self._grow(int(np.max(devices, initial=-1)) + 1)
        self.rows["moving_m_s"][devices] = moving_m_s

    def renew(self, smoothing: Smoothing, numbers: NDArray[np.int32]) -> None:
        """Go by other roads from now on; `numbers` (m,) is which of them each segment so far is, `NO_ROAD` where it is gone."""
        known = np.append(numbers, np.int32(NO_ROAD))
        for rows in (self.rows, self.rows["out"]):
            old = rows["road"]
            rows["road"] = known[np.where((old >= 0) & (old < len(numbers)), old, len(numbers))]
        self.rows["follows"] = np.where(self.rows["road"] == NO_ROAD, 0, self.rows["follows"])
        self.smoothing = smoothing

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
        try:
            rows = np.load(io.BytesIO(data), allow_pickle=False)
        except EOFError as error:
            raise ValueError("no state of a tracker") from error
        if rows.dtype != ROW or rows.ndim != 1:
            raise ValueError("the state of a tracker of another version")
        return cls(rows=rows, **settings)

    def _grow(self, count: int) -> None:
        if count > len(self.rows):
            self.rows = np.concatenate([self.rows, _unknown(max(count, len(self.rows) * 3 // 2) - len(self.rows))])

    def _step(self, rows: NDArray[Any], fixes: Fixes, now_us: int) -> Judged:
        judgement = judge(rows, fixes, now_us, self.limits, self.area)
        verdict = judgement.verdict
        used = np.flatnonzero(used_of(verdict))
        lon, lat, turned = self._read(rows, fixes, judgement)
        out = copy_rows(rows["out"])
        if len(used) < len(fixes):
            _unused(out, rows, fixes, judgement, lon, lat)
        if len(used):
            every = len(used) == len(fixes)
            held, chosen = (rows, fixes) if every else (take_rows(rows, used), take_rows(fixes, used))
            anew = turned[used] | (verdict[used] == RELOCATED)
            smoothed = smooth(held, chosen, lon[used], lat[used], judgement.time_us[used], anew, self.smoothing)
            verdict[used[smoothed.drifts]] = PARKED_DRIFT
            out["lon_e7"][used], out["lat_e7"][used] = smoothed.lon_e7, smoothed.lat_e7
            out["accuracy_dm"][used] = np.minimum(np.ceil(smoothed.accuracy_m * 10), MOST_DM)
            out["moving"][used], out["road"][used], out["smoothed"][used] = smoothed.moving, held["road"], True
            _said(out, fixes, used, smoothed.moving, held["moving_m_s"])
            if not every:
                put_rows(rows, used, held)
        out["verdict"], out["clock"], out["time_us"] = verdict, judgement.clock, judgement.time_us
        out["doubted"] = doubted_of(verdict)
        put_rows(rows["out"], used, take_rows(out, used))
        return out

    def _read(
        self, rows: NDArray[Any], fixes: Fixes, judgement: Judgement
    ) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.bool_]]:
        """The places as their devices' datum has them, and which devices are now read otherwise than before."""
        verdict, lon, lat = judgement.verdict, judgement.lon_e7, judgement.lat_e7
        used = used_of(verdict)
        driving = used & (fixes["speed_dkmh"] >= DRIVING_DKMH)
        turned = weigh(rows, lon, lat, driving, used & rows["parked"], rows["road"] != NO_ROAD, self.smoothing.roads, datum_model())
        placed = used | (verdict == LATE)
        shifted = np.flatnonzero(rows["gcj02"] & placed)
        if len(shifted):
            lon, lat = lon.copy(), lat.copy()
            lon[shifted], lat[shifted] = corrected(lon[shifted], lat[shifted])
            verdict[rows["gcj02"] & (verdict == GOOD)] = GCJ02
        return lon, lat, turned


def _unused(out: Judged, rows: NDArray[Any], fixes: Fixes, judgement: Judgement, lon: NDArray[np.int32], lat: NDArray[np.int32]) -> None:
    """What stands beside fixes that move nothing: the place they say where they are only late, else the last one, ever less sure."""
    verdict = judgement.verdict
    aside = verdict == LATE
    out["lon_e7"], out["lat_e7"] = np.where(aside, lon, out["lon_e7"]), np.where(aside, lat, out["lat_e7"])
    for name in ("speed_dkmh", "heading_cdeg", "accuracy_dm"):
        out[name] = np.where(aside, fixes[name], out[name])
    out["smoothed"] &= ~aside
    no_fix = verdict == NO_FIX
    rows["dark"] |= no_fix & rows["begun"] & ~rows["parked"]
    since_s = np.maximum(judgement.time_us - out["time_us"], 0) / 1e6
    grown = out["accuracy_dm"] + since_s * np.maximum(out["speed_dkmh"], 0) / 3.6
    grows = ~aside & ~used_of(verdict) & ~rows["parked"] & (out["lon_e7"] != NO_NUMBER)
    out["accuracy_dm"] = np.where(grows, np.minimum(grown, MOST_DM), out["accuracy_dm"])


def _said(out: Judged, fixes: Fixes, used: NDArray[np.int64], moving: NDArray[np.bool_], walking_m_s: NDArray[Any]) -> None:
    speed, heading = fixes["speed_dkmh"][used], fixes["heading_cdeg"][used]
    out["speed_dkmh"][used] = np.where(moving | (speed == NO_NUMBER), speed, 0)
    least = np.where(walking_m_s > 0, walking_m_s * DKMH_PER_M_S, HEADING_DKMH)
    out["heading_cdeg"][used] = np.where((speed >= least) & (heading >= 0), heading, out["heading_cdeg"][used])


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
    rows["home_lon_e7"] = rows["home_lat_e7"] = NO_NUMBER
    rows["road"] = rows["out"]["road"] = NO_ROAD
    return rows
