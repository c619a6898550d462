"""Questions to the positions: the track of one, where everything was at a moment, how much moved in an hour.

Every answer leaves out what its reader may not know: `places` says of place ids, `devices` of addresses, which are allowed. What is
left out is counted nowhere, and an older position never stands in for one that is left out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sensors.observation import NO_NUMBER
from twin.history.errors import HistoryAsked
from twin.history.layout import HOUR_US
from twin.history.names import NamesReader
from twin.history.positions import DEVICES, PLACE_SEPARATOR, PLACES, POSITIONS, fixes_of
from twin.history.reading import Recent, ShelfReader
from twin.history.retention import Retention, kind_of
from twin.history.runs import column, filter_rows

__all__ = ["Allowed", "HourCount", "Points", "Tracks", "everything"]

Allowed = Callable[[Sequence[str]], NDArray[np.bool_]]
"""(n,) of n ids: which of them the reader may know of."""
MOVING_DKMH = 50
SHOWN = ("marks", "lon_e7", "lat_e7", "speed_dkmh", "heading_cdeg", "accuracy_dm", "verdict", "place", "flags")
RAW = ("said_east_e7", "said_north_e7")
RECEIVED = "received_after_us"
SAME = ("lon_e7", "lat_e7", "speed_dkmh", "heading_cdeg")
"""What makes two positions of one moment the same, the place as it was said."""


def everything(ids: Sequence[str]) -> NDArray[np.bool_]:
    """Allows all."""
    return np.ones(len(ids), dtype=bool)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Points:
    """n positions as columns. `handle` counts into `devices`, `place` into `places`; `lon_lat` is judged, `said_lon_lat` as said by the
    device (None where it was not asked for), (n, 2) float64 degrees; NaN where a number is not known."""

    devices: Sequence[str]
    places: Sequence[str]
    handle: NDArray[np.uint32]
    time_us: NDArray[np.int64]
    lon_lat: NDArray[np.float64]
    said_lon_lat: NDArray[np.float64] | None
    speed_kmh: NDArray[np.float64]
    heading_deg: NDArray[np.float64]
    accuracy_m: NDArray[np.float64]
    verdict: NDArray[np.int8]
    place: NDArray[np.uint32]
    flags: NDArray[np.uint8]
    marks: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.time_us)

    def chosen(self, mask: NDArray[np.bool_]) -> Self:
        """Those where the mask (n,) is true."""
        columns = (field.name for field in fields(self) if field.name not in ("devices", "places"))
        told: dict[str, Any] = {name: getattr(self, name) for name in columns}
        chosen: dict[str, Any] = {name: None if column is None else column[mask] for name, column in told.items()}
        return replace(self, **chosen)


@dataclass(frozen=True, slots=True, kw_only=True)
class HourCount:
    """An hour: how many devices said where they are, how many of them moved (5 km/h and more), and how many were in each place."""

    start_us: int
    devices: int
    moving: int
    places: dict[str, int]


class Tracks:
    """Reads `history/positions` of the history folder `home`, from any process; `recent` asks the writer for what is in its memory."""

    def __init__(self, home: Path, *, retention: Retention, recent: Recent | None = None) -> None:
        self._shelf = ShelfReader(home / "positions", POSITIONS, recent)
        self._devices, self._places = NamesReader(home / DEVICES), NamesReader(home / PLACES)
        self._retention = retention
        self._kinds: set[str] = set()
        self._known = 0

    def track(
        self, device: str, from_us: int, to_us: int, *, step_us: int = 0, places: Allowed = everything, devices: Allowed = everything
    ) -> Points:
        """The positions of a device in a period, closed and open, in order of time; with `step_us` the last of each step only. One that
        it said again (not told that it was kept) stands there once, as it was judged first."""
        if step_us < 0:
            raise HistoryAsked("a step below zero")
        handle = self._devices.number(device)
        if handle is None or not devices([device])[0]:
            handle = 2**32 - 1
        table = _once(self._shelf.of_handle(handle, from_us, to_us, (*SHOWN, *RAW, RECEIVED)), SAME)
        table = filter_rows(table, self._allowed(table, places, everything))
        if step_us and len(table):
            steps = (column(table, "time_us") - from_us) // step_us
            table = filter_rows(table, np.append(np.diff(steps) != 0, True))
        return self._points(table)

    def said(self, device: str, from_us: int, to_us: int) -> NDArray[np.void]:
        """(n,) of `FIX`: what the device said in a period, exactly and each once, `device` being its handle. Of no label: to judge it
        anew."""
        handle = self._devices.number(device)
        table = self._shelf.of_handle(2**32 - 1 if handle is None else handle, from_us, to_us, POSITIONS.names)
        return fixes_of(_once(table, (*SAME, "altitude_dm", "alarm")))

    def judged(self, device: str, from_us: int, to_us: int) -> pa.Table:
        """All columns of `POSITIONS` of what a device said in a period, each once, in order of time and of one moment as it was received.
        Of no label: to judge it anew."""
        handle = self._devices.number(device)
        table = self._shelf.of_handle(2**32 - 1 if handle is None else handle, from_us, to_us, POSITIONS.names)
        table = _once(table, (*SAME, "altitude_dm", "alarm"))
        return table.take(pa.array(np.lexsort((column(table, RECEIVED), column(table, "time_us")))))

    def at(self, moment_us: int, *, places: Allowed = everything, devices: Allowed = everything) -> Points:
        """The last position of every device at a moment, of those that had not been silent for longer than their kind may be."""
        table = self._shelf.of_time(moment_us - self._longest_silence_us(), moment_us + 1, SHOWN)
        order = np.lexsort((column(table, "time_us"), column(table, "handle")))
        last = order[np.append(np.diff(column(table, "handle")[order].astype(np.int64)) != 0, True)] if len(order) else order
        table = table.take(pa.array(last))
        silence = self._by_handle(table, self._retention.silence_us)
        table = filter_rows(table, moment_us - column(table, "time_us") <= silence)
        return self._points(filter_rows(table, self._allowed(table, places, devices)))

    def counts(self, from_us: int, to_us: int, *, places: Allowed = everything, devices: Allowed = everything) -> list[HourCount]:
        """Each hour of a period (whole hours from its begin on; the last may be cut)."""
        if to_us < from_us:
            raise HistoryAsked("the period ends before it begins")
        return [self._hour(start, min(start + HOUR_US, to_us), places, devices) for start in range(from_us, to_us, HOUR_US)]

    def _hour(self, from_us: int, to_us: int, places: Allowed, devices: Allowed) -> HourCount:
        table = self._shelf.of_time(from_us, to_us, ("speed_dkmh", "place"))
        table = filter_rows(table, self._allowed(table, places, devices))
        handles, at = column(table, "handle").astype(np.int64), column(table, "place").astype(np.int64)
        return HourCount(
            start_us=from_us,
            devices=len(np.unique(handles)),
            moving=len(np.unique(handles[column(table, "speed_dkmh") >= MOVING_DKMH])),
            places=self._in_places(np.unique(at * 2**32 + handles)),
        )

    def _in_places(self, pairs: NDArray[np.int64]) -> dict[str, int]:
        """How many devices were in each feature; `pairs` (n,) are place and device, a place may be several features."""
        numbers, at = np.unique(pairs >> 32, return_inverse=True)
        inside: dict[str, set[int]] = {}
        for number, place in enumerate(self._places.names(numbers.tolist())):
            devices = (pairs[at == number] & (2**32 - 1)).tolist() if place else []
            for feature in place.split(PLACE_SEPARATOR) if devices else []:
                inside.setdefault(feature, set()).update(devices)
        return {feature: len(devices) for feature, devices in sorted(inside.items())}

    def _allowed(self, table: pa.Table, places: Allowed, devices: Allowed) -> NDArray[np.bool_]:
        """(n,) the rows whose place and device are allowed; each place and device is asked of once."""
        mask = np.ones(len(table), dtype=bool)
        for name, names, allowed in (("place", self._places, places), ("handle", self._devices, devices)):
            if allowed is not everything and len(table):
                numbers, at = np.unique(column(table, name), return_inverse=True)
                mask &= np.asarray(allowed(names.names(numbers.tolist())), dtype=bool)[at]
        return mask

    def _longest_silence_us(self) -> int:
        """Of the kinds that there are."""
        devices = self._devices.all()
        self._kinds |= {kind_of(one) for one in devices[self._known :]}
        self._known = len(devices)
        return int(self._retention.silence_us([f"{kind}/" for kind in self._kinds]).max(initial=0))

    def _by_handle(self, table: pa.Table, of: Callable[[Sequence[str]], NDArray[np.int64]]) -> NDArray[np.int64]:
        numbers, at = np.unique(column(table, "handle"), return_inverse=True)
        return of(self._devices.names(numbers.tolist()))[at]

    def _points(self, table: pa.Table) -> Points:
        told = {name: column(table, name) for name in table.column_names}
        degrees = np.column_stack((told["lon_e7"], told["lat_e7"])).astype(np.float64)
        raw = np.column_stack((told["said_east_e7"], told["said_north_e7"])) + degrees if RAW[0] in told else None
        return Points(
            devices=self._devices.all(),
            places=self._places.all(),
            handle=told["handle"],
            time_us=told["time_us"],
            lon_lat=degrees / 1e7,
            said_lon_lat=None if raw is None else raw / 1e7,
            speed_kmh=_number(told["speed_dkmh"], 10),
            heading_deg=_number(told["heading_cdeg"], 100),
            accuracy_m=_number(told["accuracy_dm"], 10),
            verdict=told["verdict"],
            place=told["place"],
            flags=told["flags"],
            marks=told["marks"],
        )


def _once(table: pa.Table, same: Sequence[str]) -> pa.Table:
    """Rows of one device in order of time, without those that say again what one before them says; that received first stays."""
    times = column(table, "time_us")
    if len(table) < 2 or not (np.diff(times) == 0).any():
        return table
    told = {name: column(table, name).astype(np.int64) for name in (*same, *RAW)}
    said = [told[name] + told[shift] for name, shift in zip(("lon_e7", "lat_e7"), RAW, strict=True)]
    rest = [told[name] for name in same if name not in ("lon_e7", "lat_e7")]
    order = np.lexsort((column(table, RECEIVED), *said, *rest, times))
    keys = np.stack((times, *said, *rest))[:, order]
    first = np.append(True, (keys[:, 1:] != keys[:, :-1]).any(axis=0))
    return filter_rows(table, np.isin(np.arange(len(table)), order[first]))


def _number(stored: NDArray[np.int32], parts: int) -> NDArray[np.float64]:
    return np.where(stored == NO_NUMBER, np.nan, stored / parts)
