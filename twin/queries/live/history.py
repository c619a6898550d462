"""What was, for one reader: tracks, any past moment, counts an hour, of devices and places that the reader may know of now."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from twin.errors import Invalid
from twin.history.positions import PLACE_SEPARATOR
from twin.history.reading import Recent
from twin.history.retention import kind_of, read_retention
from twin.history.tracks import Allowed, HourCount, Points, Tracks, everything

__all__ = [
    "Box",
    "Knows",
    "LiveHistory",
    "allowed_of",
    "counts_told",
    "points_told",
    "read_moment",
    "read_period",
    "track_csv",
    "track_told",
]

MOST_POINTS: Final = 200_000
MOST_HOURS: Final = 24 * 31
GAP_US: Final = 300 * 1_000_000
"""A line is broken where a device said nothing for so long."""
Box = tuple[float, float, float, float]
"""West, south, east, north, degrees; west above east crosses the 180th meridian."""


class Knows(Protocol):
    """What one reader may know of."""

    @property
    def everything(self) -> bool:
        """Whether all."""

    def knows(self, address: str, features: Collection[str] = ()) -> bool:
        """Whether of a device by its address, in those features."""

    def knows_places(self, features: Collection[str]) -> bool:
        """Whether of all of these features."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveHistory:
    """The history of a home, for readers; `recent` asks the hub for what no file holds yet."""

    tracks: Tracks

    @classmethod
    def of(cls, home: Path, *, recent: Recent | None = None) -> LiveHistory:
        """Of the installation in `home`; its `codes/history.toml` may say its own retention."""
        retention = read_retention(home / "codes" / "history.toml")
        return cls(tracks=Tracks(home / "history", retention=retention, recent=recent))

    def track(self, knows: Knows, device: str, period: tuple[int, int], *, step_us: int = 0) -> Points:
        """The track of a device in a period. Raises Invalid (`TRACK_LONG`) where it has more points than are told at once."""
        places, devices = allowed_of(knows)
        points = self.tracks.track(device, *period, step_us=step_us, places=places, devices=devices)
        if len(points) > MOST_POINTS:
            hint = "a shorter period, or a step"
            raise Invalid(
                f"{len(points):,} points; at most {MOST_POINTS:,} are told at once", path="datetime", code="TRACK_LONG", hint=hint
            )
        return points

    def at(self, knows: Knows, moment_us: int, *, boxes: Sequence[Box] = (), kinds: Collection[str] | None = None) -> Points:
        """Where everything was at a moment; inside all of the boxes, of those kinds."""
        places, devices = allowed_of(knows)
        points = self.tracks.at(moment_us, places=places, devices=_of_kinds(devices, kinds))
        mask = np.ones(len(points), dtype=bool)
        for west, south, east, north in boxes:
            lon, lat = points.lon_lat.T
            across = (lon >= west) & (lon <= east) if west <= east else (lon >= west) | (lon <= east)
            mask &= across & (lat >= south) & (lat <= north)
        return points.chosen(mask)

    def counts(self, knows: Knows, period: tuple[int, int], *, kinds: Collection[str] | None = None) -> list[HourCount]:
        """Each hour of a period. Raises Invalid (`HISTORY_ASKED`) for more than 31 days."""
        if period[1] - period[0] > MOST_HOURS * 3_600_000_000:
            raise Invalid("at most 31 days are counted at once", path="datetime", code="HISTORY_ASKED", hint="ask for a shorter period")
        places, devices = allowed_of(knows)
        return self.tracks.counts(*period, places=places, devices=_of_kinds(devices, kinds))


def read_moment(text: str, parameter: str) -> int:
    """Microseconds of UTC of an RFC 3339 moment with its zone. Raises Invalid (`PARAMETER_INVALID`).

    >>> read_moment("1970-01-01T08:00:01+08:00", "datetime")
    1000000
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or "T" not in text.upper():
        hint = "such as 2026-11-27T08:00:00+08:00 or …Z"
        raise Invalid(f"{text!r} is no moment with its zone", path=parameter, code="PARAMETER_INVALID", hint=hint)
    passed = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds


def read_period(text: str, parameter: str) -> tuple[int, int]:
    """Begin and end of `a/b`, closed and open. Raises Invalid (`PARAMETER_INVALID`): an open end has no answer of a known size."""
    first, slash, last = text.partition("/")
    if not slash or ".." in (first, last):
        raise Invalid(f"{text!r} is no period", path=parameter, code="PARAMETER_INVALID", hint="begin/end, both with their zone")
    period = read_moment(first, parameter), read_moment(last, parameter)
    if period[1] < period[0]:
        raise Invalid("the period ends before it begins", path=parameter, code="PARAMETER_INVALID")
    return period


def track_told(device: str, points: Points) -> dict[str, Any]:
    """A track as GeoJSON: one LineString, or null below two points; columns of the points beside it. `breaks` are the points before
    which nothing was said for five minutes, or nothing that the reader may know of."""
    line = points.lon_lat.round(7).tolist()
    return {
        "type": "Feature",
        "id": device,
        "geometry": {"type": "LineString", "coordinates": line} if len(line) > 1 else None,
        "properties": {
            "kind": kind_of(device),
            "numberReturned": len(line),
            "positions": line,
            "said": [] if points.said_lon_lat is None else points.said_lon_lat.round(7).tolist(),
            "times": [_moment(time) for time in points.time_us.tolist()],
            **_columns(points),
            "breaks": (np.flatnonzero(np.diff(points.time_us) > GAP_US) + 1).tolist(),
        },
    }


def track_csv(points: Points) -> Iterator[str]:
    """A track as lines of CSV (RFC 4180), with a head."""
    names = ["time", "lon", "lat", "said_lon", "said_lat", *_columns(points)]
    told = zip(*_columns(points).values(), strict=True)
    said = points.lon_lat if points.said_lon_lat is None else points.said_lon_lat
    yield _line(names)
    for time, place, raw, row in zip(points.time_us.tolist(), points.lon_lat.tolist(), said.tolist(), told, strict=True):
        *numbers, features = row
        degrees = [f"{one:.7f}" for one in (*place, *raw)]
        yield _line([_moment(time), *degrees, *("" if one is None else one for one in numbers), " ".join(features)])


def points_told(points: Points, moment_us: int) -> dict[str, Any]:
    """Where everything was, as GeoJSON points."""
    columns = _columns(points)
    names = [points.devices[handle] for handle in points.handle.tolist()]
    rows = zip(names, points.lon_lat.round(7).tolist(), points.time_us.tolist(), *columns.values(), strict=True)
    features = [
        {
            "type": "Feature",
            "id": name,
            "geometry": {"type": "Point", "coordinates": place},
            "properties": {"kind": kind_of(name), "key": name.partition("/")[2], "time": _moment(time)}
            | dict(zip(columns, rest, strict=True)),
        }
        for name, place, time, *rest in rows
    ]
    features.sort(key=lambda one: str(one["id"]))
    return {"type": "FeatureCollection", "at": _moment(moment_us), "numberReturned": len(features), "features": features}


def counts_told(counts: Sequence[HourCount]) -> dict[str, Any]:
    """Hours with their counts."""
    return {
        "hours": [{"start": _moment(one.start_us), "devices": one.devices, "moving": one.moving, "places": one.places} for one in counts]
    }


def allowed_of(knows: Knows) -> tuple[Allowed, Allowed]:
    """Which places, and which devices."""
    if knows.everything:
        return everything, everything

    def places(ids: Sequence[str]) -> NDArray[np.bool_]:
        return np.array([knows.knows_places(one.split(PLACE_SEPARATOR) if one else ()) for one in ids], dtype=bool)

    def devices(ids: Sequence[str]) -> NDArray[np.bool_]:
        return np.array([knows.knows(one) for one in ids], dtype=bool)

    return places, devices


def _of_kinds(devices: Allowed, kinds: Collection[str] | None) -> Allowed:
    if kinds is None:
        return devices
    return lambda ids: np.asarray(devices(ids)) & np.array([kind_of(one) in kinds for one in ids], dtype=bool)


def _columns(points: Points) -> dict[str, list[Any]]:
    return {
        "speed_kmh": _numbers(points.speed_kmh),
        "heading_deg": _numbers(points.heading_deg),
        "accuracy_m": _numbers(points.accuracy_m),
        "verdict": points.verdict.tolist(),
        "place": [points.places[place].split(PLACE_SEPARATOR) if points.places[place] else [] for place in points.place.tolist()],
    }


def _numbers(values: NDArray[np.float64]) -> list[float | None]:
    return [None if value != value else value for value in values.tolist()]


def _moment(time_us: int) -> str:
    seconds, micro = divmod(time_us, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{micro // 1000:03d}Z"


def _line(values: Sequence[object]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(values)
    return text.getvalue()
