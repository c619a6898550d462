"""The history of the twin behind `ObservedHistory`: readings as they were kept, positions from their tracks, for one reader.

`FromHistory` asks what `twin.history` offers (`ReadingsReader`, `Tracks`) by the names it has there; `places` says which places the reader
may know of, so that what was said in a hidden one is neither told nor counted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol

from sensors import Observation
from sensors.observation import Stream

__all__ = ["FromHistory", "KeptReadings", "KeptTracks"]

EARLIEST_US, LATEST_US = -(2**62), 2**62
MOST_AT_ONCE = 10_000
HOUR_US = 3_600_000_000
BACK_HOURS = (1, 24, 24 * 7, 24 * 31, 24 * 400)
"""How far back the last positions of a device are looked for, step by step, before its whole track is."""


class KeptReadings(Protocol):
    """`twin.history.readings.ReadingsReader`: periods are closed–open, a page goes on behind (time, number) of its last."""

    def observations(
        self,
        device: str,
        stream: Stream,
        from_us: int,
        to_us: int,
        *,
        limit: int,
        order: Literal["asc", "desc"],
        after: tuple[int, tuple[int, int]] | None,
        places: Any,
    ) -> Sequence[Any]:
        """Rows with `time_us`, `number` and `observation`."""
        ...

    def count(self, device: str, stream: Stream, from_us: int, to_us: int, *, places: Any) -> int:
        """How many."""
        ...


class KeptTracks(Protocol):
    """`twin.history.tracks.Tracks`."""

    def track(self, device: str, from_us: int, to_us: int, *, places: Any) -> Any:
        """Columns `time_us`, `lon_lat`, `said_lon_lat`, `speed_kmh`, `heading_deg`, `accuracy_m`, in the order of time."""
        ...


class FromHistory:
    """An `ObservedHistory` of one reader; `last` gives the last position of each device that the reader may know of, `now` the time."""

    def __init__(
        self,
        readings: KeptReadings,
        tracks: KeptTracks,
        *,
        places: Any,
        last: Callable[[], Mapping[str, Observation]],
        now: Callable[[], int],
    ) -> None:
        self._readings, self._tracks, self._places_allowed = readings, tracks, places
        self._last, self._now = last, now

    def observations(
        self, device: str, stream: Stream, *, from_us: int | None = None, to_us: int | None = None, limit: int, descending: bool = False
    ) -> Sequence[Observation]:
        """See `ObservedHistory`."""
        begin, end = EARLIEST_US if from_us is None else from_us, LATEST_US if to_us is None else to_us + 1
        if end <= begin:
            return ()
        if stream is Stream.POSITION:
            return self._positions(device, begin, end, limit, descending)
        found: list[Observation] = []
        after: tuple[int, tuple[int, int]] | None = None
        while len(found) < limit:
            most = min(limit - len(found), MOST_AT_ONCE)
            order: Literal["asc", "desc"] = "desc" if descending else "asc"
            rows = self._readings.observations(
                device, stream, begin, end, limit=most, order=order, after=after, places=self._places_allowed
            )
            found += [row.observation for row in rows]
            if len(rows) < most:
                break
            after = (rows[-1].time_us, rows[-1].number)
        return found

    def count(self, device: str, stream: Stream) -> int:
        """See `ObservedHistory`."""
        if stream is Stream.POSITION:
            return len(self._tracks.track(device, EARLIEST_US, LATEST_US, places=self._places_allowed).time_us)
        return self._readings.count(device, stream, EARLIEST_US, LATEST_US, places=self._places_allowed)

    def places(self) -> Mapping[str, Observation]:
        """See `ObservedHistory`."""
        return self._last()

    def _positions(self, device: str, begin: int, end: int, limit: int, descending: bool) -> list[Observation]:
        if not descending:
            return self._track(device, begin, end)[:limit]
        last = min(end, self._now())
        for hours in BACK_HOURS:  # what a clock ahead of ours said is told too
            start = max(begin, last - hours * HOUR_US)
            found = self._track(device, start, end)
            if len(found) >= limit or start == begin:
                return found[::-1][:limit]
        return self._track(device, begin, end)[::-1][:limit]

    def _track(self, device: str, begin: int, end: int) -> list[Observation]:
        points = self._tracks.track(device, begin, end, places=self._places_allowed)
        said = points.lon_lat if points.said_lon_lat is None else points.said_lon_lat
        return [_position(device, points, said, at) for at in range(len(points.time_us))]


def _position(device: str, points: Any, said: Any, at: int) -> Observation:
    time_us = int(points.time_us[at])
    columns = {"speed_kmh": points.speed_kmh[at], "heading_deg": points.heading_deg[at], "accuracy_m": points.accuracy_m[at]}
    lon, lat = float(said[at][0]), float(said[at][1])
    return Observation(
        device=device,
        stream=Stream.POSITION,
        received_us=time_us,
        value={name: float(value) for name, value in columns.items() if math.isfinite(value)},
        fix_us=time_us,
        lon_lat=None if math.isnan(lon) or math.isnan(lat) else (lon, lat),
    )
