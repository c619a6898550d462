"""What devices said, as one reader of SensorThings may know of it: positions out of the tracks, everything else out of the readings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sensors import Observation, Stream
from sensors.verdict import Verdict
from twin.history.layout import DAY_US
from twin.history.readings import MOST_AT_ONCE, Kept, Order, ReadingsReader
from twin.history.tracks import Points, Tracks
from twin.live.inside import unnamed
from twin.queries.live.history import Knows, allowed_of
from twin.queries.live.replica import Replica

__all__ = ["SeenHistory"]

FIRST_US, LAST_US = -(2**62), 2**62
DAYS = (1, 8, 60)
"""Windows that are looked into, from the wanted end on, before all of it is."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeenHistory:
    """See `ObservedHistory`."""

    tracks: Tracks
    readings: ReadingsReader
    replica: Replica
    knows: Knows
    now_us: int
    persons: bool = False
    """Whether who passed is for the reader."""
    follows: bool = False
    """Whether where a device was is for the reader; else its only position is the last one."""

    def observations(
        self, device: str, stream: Stream, *, from_us: int | None = None, to_us: int | None = None, limit: int, descending: bool = False
    ) -> Sequence[Observation]:
        """See `ObservedHistory`."""
        begin, end = FIRST_US if from_us is None else from_us, LAST_US if to_us is None else min(to_us + 1, LAST_US)
        if stream is Stream.POSITION:
            return self._positions(device, begin, end, limit, descending=descending)
        return self._readings(device, stream, begin, end, limit, descending=descending)

    def count(self, device: str, stream: Stream) -> int:
        """See `ObservedHistory`."""
        places, devices = allowed_of(self.knows)
        if not devices([device])[0]:
            return 0
        if stream is Stream.POSITION and not self.follows:
            return len(self._last(device, FIRST_US, LAST_US))
        if stream is Stream.POSITION:
            return len(self.tracks.track(device, FIRST_US, LAST_US, places=places, devices=devices))
        return self.readings.count(device, stream, places=places)

    def places(self) -> Mapping[str, Observation]:
        """See `ObservedHistory`."""
        state = self.replica.state
        rows = np.flatnonzero(state.current["placed"] > 0).tolist()
        return {state.addresses[row]: told for row in rows if (told := self._now(row)) is not None}

    def _now(self, handle: int) -> Observation | None:
        """Where a device was last, None where that is not for the reader."""
        state = self.replica.state
        row, address = state.current[handle], state.addresses[handle]
        if not row["placed"] or not self.knows.knows(address, state.places[int(row["place"])]):
            return None
        return _observation(address, int(row["fix_us"]), (int(row["lon_e7"]) / 1e7, int(row["lat_e7"]) / 1e7), {})

    def _last(self, device: str, begin: int, end: int) -> Sequence[Observation]:
        handle = self.replica.state.find(device)
        told = None if handle is None else self._now(handle)
        return [told] if told is not None and begin <= (told.fix_us or 0) < end else []

    def _positions(self, device: str, begin: int, end: int, limit: int, *, descending: bool) -> Sequence[Observation]:
        if not self.follows:
            return self._last(device, begin, end)[:limit]
        places, devices = allowed_of(self.knows)
        for days in (*DAYS, None):
            first, last = begin, end
            if days is not None and descending:
                first = max(begin, min(end, self.now_us + DAY_US) - days * DAY_US)
            elif days is not None and begin > FIRST_US:
                last = min(end, begin + days * DAY_US)
            points = self.tracks.track(device, first, last, places=places, devices=devices)
            if len(points) >= limit or (first, last) == (begin, end):
                break
        rows = range(len(points))[-limit:][::-1] if descending else range(len(points))[:limit]
        return [_point(device, points, row) for row in rows]

    def _readings(self, device: str, stream: Stream, begin: int, end: int, limit: int, *, descending: bool) -> Sequence[Observation]:
        places, devices = allowed_of(self.knows)
        if not devices([device])[0]:
            return ()
        order: Order = "desc" if descending else "asc"
        kept: list[Kept] = []
        after = None
        while len(kept) < limit:
            wanted = min(limit - len(kept), MOST_AT_ONCE)
            page = self.readings.observations(device, stream, begin, end, limit=wanted, order=order, after=after, places=places)
            kept += page
            if len(page) < wanted:
                break
            after = page[-1].time_us, page[-1].number
        told = [one.observation for one in kept]
        return told if self.persons else [replace(one, value=unnamed(one.value), raw=b"") for one in told]


def _point(device: str, points: Points, row: int) -> Observation:
    numbers = {"speed_kmh": points.speed_kmh, "heading_deg": points.heading_deg, "accuracy_m": points.accuracy_m}
    value: dict[str, object] = {name: float(column[row]) for name, column in numbers.items() if column[row] == column[row]}
    value["verdict"] = Verdict(int(points.verdict[row])).name.lower()
    said = points.said_lon_lat
    if said is not None:
        value["said"] = [round(float(said[row][0]), 7), round(float(said[row][1]), 7)]
    lon, lat = points.lon_lat[row]
    return _observation(device, int(points.time_us[row]), (round(float(lon), 7), round(float(lat), 7)), value)


def _observation(device: str, time_us: int, lon_lat: tuple[float, float], value: Mapping[str, object]) -> Observation:
    return Observation(device=device, stream=Stream.POSITION, received_us=time_us, fix_us=time_us, lon_lat=lon_lat, value=value)
