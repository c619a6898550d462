"""Which incident an alarm joins: one at once, else that of its device, else one at the same place, else one within some metres; in time."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain

from twin.codes.alarm import AlarmKind
from twin.incidents.kinds import US

__all__ = ["Groups", "Span", "metres_between"]

METRES_A_DEGREE = 111_320.0
"""Of latitude, and of longitude at the equator: on a sphere of 6,378 km; 0.6 % off at most, of metres that are a rule of thumb."""
CELLS = 4
"""Cells in the longest distance of a family: more are looked into in vain, fewer hold more devices."""
ANYWHERE = ""
"""The place that every alarm of a family is at whose alarms at once are one incident; no feature has this id."""
Key = tuple[str, str, str]
Cell = tuple[str, str, int, int]


@dataclass(slots=True, eq=False)
class Span:
    """From the first to the last alarm of something, microseconds; `lon`, `lat` where it was last, NaN where nobody knows."""

    first_us: int
    last_us: int
    lon: float = math.nan
    lat: float = math.nan

    def takes(self, time_us: int, within_us: int, oldest_us: int) -> bool:
        """Whether an alarm is near enough in time; what ended before `oldest_us` takes nothing."""
        return self.last_us >= oldest_us and self.first_us - within_us <= time_us <= self.last_us + within_us

    def widen(self, time_us: int) -> None:
        """Let it hold the time."""
        self.first_us = min(self.first_us, time_us)
        self.last_us = max(self.last_us, time_us)


Points = list[dict[str, Span]]


@dataclass(slots=True, eq=False)
class Groups:
    """Where and when parts of incidents had alarms, by device, by place and by cells in `reach_m[family]` metres; of families with
    `together_us` also wherever it was."""

    reach_m: Mapping[str, float]
    together_us: Mapping[str, int] = field(default_factory=dict)
    devices: dict[Key, dict[int, Span]] = field(default_factory=dict)
    places: dict[Key, dict[int, Span]] = field(default_factory=dict)
    cells: dict[Cell, dict[int, dict[str, Span]]] = field(default_factory=dict)
    cell_of: dict[tuple[int, str], Cell] = field(default_factory=dict)

    def find(
        self, site: str, kind: AlarmKind, device: str, place: str | None, lon: float, lat: float, time_us: int, last: Mapping[int, int],
        oldest_us: int,
    ) -> int | None:  # fmt: skip
        """The part whose incident the alarm joins, None where it begins one of its own. `last` has the latest alarm of each part that
        can be joined; of several the one with the latest, of those the first.

        What happens at once goes before all, of families that say so; a device stays with its own incident; a place goes before a distance.
        """
        within_us, found = kind.time_s * US, None
        if at_once_us := self.together_us.get(kind.family, 0):
            anywhere = self.places.get((site, kind.family, ANYWHERE))
            found = _best(_taking(anywhere, time_us, at_once_us, oldest_us), last) if anywhere else None
        own = self.devices.get((site, kind.family, device)) if found is None else None
        if own:
            found = _best(_taking(own, time_us, within_us, oldest_us), last)
        if found is None and place is not None:
            here = self.places.get((site, kind.family, place))
            found = _best(_taking(here, time_us, within_us, oldest_us), last) if here else None
        if found is None and lat == lat and kind.distance_m > 0:
            found = self._near(site, kind, lon, lat, time_us, last, oldest_us)
        return found

    def add(self, part: int, site: str, family: str, device: str, place: str | None, lon: float, lat: float, time_us: int) -> None:
        """Remember an alarm of a part."""
        spans = self.devices.setdefault((site, family, device), {})
        span = spans.get(part)
        if span is None:
            span = spans[part] = Span(time_us, time_us)
        else:
            span.widen(time_us)
        if place is not None:
            self.add_place(part, site, family, place, time_us)
        if self.together_us.get(family, 0):
            self.add_place(part, site, family, ANYWHERE, time_us)
        if lat == lat and (lon != span.lon or lat != span.lat):
            self._move(part, site, family, device, span, lon, lat)

    def add_place(self, part: int, site: str, family: str, place: str, time_us: int) -> None:
        """Remember that a part had an alarm at a place."""
        there = self.places.setdefault((site, family, place), {})
        if part in there:
            there[part].widen(time_us)
        else:
            there[part] = Span(time_us, time_us)

    def forget(self, oldest_us: int, gone: Iterable[int]) -> None:
        """Let go of what ended before `oldest_us` and of parts that can be joined no more."""
        parts = set(gone)
        for spans in (self.devices, self.places):
            for key in [*spans]:
                for part in [part for part, span in spans[key].items() if part in parts or span.last_us < oldest_us]:
                    del spans[key][part]
                    if spans is self.devices:
                        self._leave(part, key[2])
                if not spans[key]:
                    del spans[key]

    def _near(
        self, site: str, kind: AlarmKind, lon: float, lat: float, time_us: int, last: Mapping[int, int], oldest_us: int
    ) -> int | None:
        """The part with a device within reach: of the latest part first what lies in cells that are wholly within."""
        within_us, squared = kind.time_s * US, kind.distance_m * kind.distance_m
        metres_east = METRES_A_DEGREE * _cosine(lat)
        around = self._around(site, kind, lon, lat, metres_east)
        for part in sorted((part for part in around if part in last), key=lambda part: (-last[part], part)):
            for points in chain(*around[part]):
                for span in points.values():
                    east_m, north_m = (span.lon - lon) * metres_east, (span.lat - lat) * METRES_A_DEGREE
                    if east_m * east_m + north_m * north_m <= squared and span.takes(time_us, within_us, oldest_us):
                        return part
        return None

    def _around(self, site: str, kind: AlarmKind, lon: float, lat: float, metres_east: float) -> dict[int, tuple[Points, Points]]:
        """By part: the devices in cells wholly within reach, and those in cells partly within it."""
        family, side, squared = kind.family, self._side(kind.family), kind.distance_m * kind.distance_m
        found: dict[int, tuple[Points, Points]] = {}
        high, wide = kind.distance_m / METRES_A_DEGREE, kind.distance_m / metres_east
        columns = [
            (column, *_edges((column * side - lon) * metres_east, side * metres_east))
            for column in range(math.floor((lon - wide) / side), math.floor((lon + wide) / side) + 1)
        ]
        for row in range(math.floor((lat - high) / side), math.floor((lat + high) / side) + 1):
            near_m, far_m = _edges((row * side - lat) * METRES_A_DEGREE, side * METRES_A_DEGREE)
            for column, near_east_m, far_east_m in columns:
                parts = self.cells.get((site, family, column, row))
                if parts is None or near_m * near_m + near_east_m * near_east_m > squared:
                    continue
                outer = far_m * far_m + far_east_m * far_east_m > squared
                for part, points in parts.items():
                    if part not in found:
                        found[part] = ([], [])
                    found[part][outer].append(points)
        return found

    def _move(self, part: int, site: str, family: str, device: str, span: Span, lon: float, lat: float) -> None:
        self._leave(part, device)
        side = self._side(family)
        cell = (site, family, math.floor(lon / side), math.floor(lat / side))
        span.lon, span.lat = lon, lat
        self.cells.setdefault(cell, {}).setdefault(part, {})[device] = span
        self.cell_of[part, device] = cell

    def _leave(self, part: int, device: str) -> None:
        cell = self.cell_of.pop((part, device), None)
        if cell is None:
            return
        parts = self.cells[cell]
        del parts[part][device]
        if not parts[part]:
            del parts[part]
            if not parts:
                del self.cells[cell]

    def _side(self, family: str) -> float:
        return max(self.reach_m.get(family, 0.0), 1.0) / CELLS / METRES_A_DEGREE


def metres_between(lon: float, lat: float, other_lon: float, other_lat: float) -> float:
    """Metres between two points in degrees, on the plane that touches at the first; for hundreds of metres.

    >>> round(metres_between(119.3, 26.0, 119.3, 26.001))
    111
    """
    east = (lon - other_lon) * _cosine(lat)
    return math.hypot(east, lat - other_lat) * METRES_A_DEGREE


def _edges(from_m: float, side_m: float) -> tuple[float, float]:
    """The least and the greatest distance along one axis to what lies from `from_m` to `from_m + side_m`; a millimetre is for rounding."""
    to_m = from_m + side_m
    least = 0.0 if from_m <= 0 <= to_m else min(abs(from_m), abs(to_m))
    return max(least - 1e-3, 0.0), max(abs(from_m), abs(to_m))


def _cosine(lat: float) -> float:
    return max(math.cos(math.radians(lat)), 0.01)


def _taking(spans: Mapping[int, Span], time_us: int, within_us: int, oldest_us: int) -> list[int]:
    return [part for part, span in spans.items() if span.takes(time_us, within_us, oldest_us)]


def _best(parts: list[int], last: Mapping[int, int]) -> int | None:
    open_ones = [part for part in parts if part in last]
    return min(open_ones, key=lambda part: (-last[part], part), default=None)
