"""Values that filters compare: times as intervals of microseconds, clocks, durations, geometry; and JSON as it stands."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import shapely
from shapely.errors import ShapelyError
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

__all__ = ["Duration", "LiteralInvalid", "TimeSpan", "as_geometry", "as_span", "literal_of", "span_text", "time_text"]

US = 1_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DURATION = re.compile(r"(-)?P(?:(\d{1,6})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,9}(?:\.\d{1,6})?)S)?)?")
INSTANT = re.compile(
    r"(?P<day>\d{4}-\d{2}-\d{2})T(?P<clock>\d{2}:\d{2}(?::\d{2})?)(?:\.(?P<part>\d{1,12}))?(?P<zone>Z|z|[+-]\d{2}:?\d{2})", re.ASCII
)
MOST_POINTS = 20_000


class LiteralInvalid(ValueError):
    """A literal has the form of a kind and no value of it, as 30 February."""


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """From `start_us` to `end_us`, microseconds of UTC since 1970; an instant ends when it starts, an interval is closed–open.

    `offset_min` is that of the clock it was written in; it tells nothing of which is earlier.
    """

    start_us: int
    end_us: int
    offset_min: int = 0

    @property
    def is_instant(self) -> bool:
        """Whether it has no length."""
        return self.start_us == self.end_us

    def is_before(self, other: TimeSpan) -> bool:
        """Whether all of it is earlier: an interval may end where the other begins."""
        return self.end_us < other.start_us if self.is_instant else self.end_us <= other.start_us

    def is_same(self, other: TimeSpan) -> bool:
        """Whether both bounds are."""
        return (self.start_us, self.end_us) == (other.start_us, other.end_us)


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    """A length of time in microseconds."""

    us: int


def literal_of(kind: str, text: str) -> Any:
    """The value of a token; KeyError for a kind that is none, LiteralInvalid for a text that has none."""
    return LITERALS[kind](text)


def as_span(text: str) -> TimeSpan:
    """An instant or `start/end` of ISO 8601 with its zone; raises LiteralInvalid.

    >>> as_span("1970-01-01T08:00:01+08:00").start_us
    1000000
    """
    first, slash, second = text.partition("/")
    start, offset = _instant(first)
    end = _instant(second)[0] if slash else start
    if end < start:
        raise LiteralInvalid(f"{text!r} ends before it begins")
    return TimeSpan(start, end, offset)


def time_text(us: int) -> str:
    """Microseconds of UTC as ISO 8601.

    >>> time_text(1_500_000)
    '1970-01-01T00:00:01.5Z'
    """
    seconds, part = divmod(us, US)
    said = (EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    return f"{said}.{part:06d}".rstrip("0") + "Z" if part else f"{said}Z"


def span_text(start_us: int, end_us: int) -> str:
    """An instant, or both ends with a slash between."""
    return time_text(start_us) if start_us == end_us else f"{time_text(start_us)}/{time_text(end_us)}"


def as_geometry(value: Any) -> BaseGeometry | None:
    """A geometry, or GeoJSON (also a Feature) as one; None for what is none."""
    if isinstance(value, BaseGeometry):
        return value
    if not isinstance(value, dict):
        return None
    if value.get("type") == "Feature":
        value = value.get("geometry")
    try:
        return shapely.force_2d(shape(value)) if isinstance(value, dict) else None
    except (ShapelyError, ValueError, TypeError, KeyError, IndexError, AttributeError, NotImplementedError):
        return None


def _instant(text: str) -> tuple[int, int]:
    found = INSTANT.fullmatch(text)
    if found is None:
        raise LiteralInvalid(f"{text[:60]!r} is no time of ISO 8601 with its zone")
    clock, zone = found["clock"], found["zone"]
    try:
        moment = datetime.fromisoformat(f"{found['day']}T{clock if len(clock) > 5 else clock + ':00'}")
    except ValueError as error:
        raise LiteralInvalid(f"{text!r}: {error}") from None
    hours, minutes = (0, 0) if zone in "Zz" else (int(zone[1:3]), int(zone[-2:]))
    if hours > 14 or minutes > 59:
        raise LiteralInvalid(f"{text!r} has no offset of a zone")
    offset = (hours * 60 + minutes) * (-1 if zone[0] == "-" else 1)
    part = int((found["part"] or "").ljust(6, "0")[:6])
    seconds = (moment.replace(tzinfo=UTC) - EPOCH) // timedelta(seconds=1) - offset * 60
    try:
        EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        raise LiteralInvalid(f"{text!r} is outside of the years 1 to 9999") from None
    return seconds * US + part, offset


def _number(text: str) -> int | float:
    if text.isdigit():
        if len(text) > 19:
            raise LiteralInvalid(f"{text[:40]} has more than 19 digits")
        return int(text)
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise LiteralInvalid(f"{text[:40]} is beyond float64")
    return number


def _clock(text: str) -> str:
    """A time of day as the text that `time()` gives: `13:20:00`, `13:20:00.5`."""
    hours, minutes, seconds = (*text.split(":"), "00")[:3]
    if int(hours) > 23 or int(minutes) > 59 or float(seconds) >= 60:
        raise LiteralInvalid(f"{text!r} is no time of day")
    whole, _, part = seconds.partition(".")
    part = part.rstrip("0")
    return f"{hours}:{minutes}:{whole}" + (f".{part}" if part else "")


def _duration(text: str) -> Duration:
    found = DURATION.fullmatch(text)
    if found is None or text.endswith(("P", "T")):
        raise LiteralInvalid(f"{text[:40]!r} is no duration of days, hours, minutes, seconds")
    sign, days, hours, minutes, seconds = found.groups()
    us = ((int(days or 0) * 24 + int(hours or 0)) * 60 + int(minutes or 0)) * 60 * US + round(float(seconds or 0) * US)
    return Duration(-us if sign else us)


def _well_known(text: str) -> BaseGeometry:
    """WKT, perhaps after `SRID=4326;`."""
    srid, semicolon, plain = text.partition(";")
    if semicolon and srid.strip().upper() not in ("SRID=4326", "SRID=0"):
        raise LiteralInvalid(f"{srid[:40]!r}: only SRID=4326, lon lat degrees")
    try:
        found = shapely.from_wkt(plain if semicolon else text)
    except ShapelyError as error:
        raise LiteralInvalid(f"no WKT: {str(error)[:100]}") from None
    if found is None or shapely.get_num_coordinates(found) > MOST_POINTS:
        raise LiteralInvalid(f"no WKT of at most {MOST_POINTS:,} points")
    return shapely.force_2d(found)


LITERALS: Mapping[str, Callable[[str], Any]] = {
    "text": str,
    "number": _number,
    "instant": as_span,
    "interval": as_span,
    "date": lambda day: as_span(f"{day}T00:00:00Z"),
    "clock": _clock,
    "duration": _duration,
    "geography": _well_known,
}
"""Kind of a token → its value."""
