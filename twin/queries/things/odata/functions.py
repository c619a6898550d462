"""The functions of SensorThings' `$filter` (OGC 18-088 table 23 and OData 4.0 §5.1.1.4) as rows: how many values, and what they give.

A function of null, or of what it is no function of, gives null.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

import shapely
from shapely.errors import ShapelyError

from twin.queries.things.odata.values import EPOCH, US, LiteralInvalid, TimeSpan, as_geometry, as_span

__all__ = ["FUNCTIONS", "Function"]

DAY_US = 86_400 * US
MOST_TEXT = 1_000_000


@dataclass(frozen=True, slots=True)
class Function:
    """`kinds` are those of its values (`text`, `number`, `time`, `geometry`); `run` is given values of these kinds alone."""

    kinds: tuple[str, ...]
    run: Callable[..., Any]
    optional: int = 0

    @property
    def arity(self) -> tuple[int, int]:
        """Least and most values."""
        return len(self.kinds) - self.optional, len(self.kinds)

    def __call__(self, values: tuple[Any, ...]) -> Any:
        """What it gives of these values, null where one is none of its kind."""
        taken = [CASTS[kind](value) for kind, value in zip(self.kinds, values, strict=False)]
        if any(value is None for value in taken):
            return None
        try:
            return self.run(*taken)
        except (ValueError, OverflowError, ShapelyError):
            return None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: Any) -> int | float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _time(value: Any) -> TimeSpan | None:
    if isinstance(value, str):
        try:
            return as_span(value)
        except LiteralInvalid:
            return None
    return value if isinstance(value, TimeSpan) else None


CASTS: Mapping[str, Callable[[Any], Any]] = {"text": _text, "number": _number, "time": _time, "geometry": as_geometry}


def _local(span: TimeSpan) -> datetime:
    """The moment on the clock that it was written in."""
    return EPOCH + timedelta(microseconds=span.start_us) + timedelta(minutes=span.offset_min)


def _date(span: TimeSpan) -> TimeSpan:
    day = (span.start_us + span.offset_min * 60 * US) // DAY_US * DAY_US
    return TimeSpan(day, day)


def _clock(span: TimeSpan) -> str:
    local = _local(span)
    part = f"{local.microsecond:06d}".rstrip("0")
    return f"{local:%H:%M:%S}" + (f".{part}" if part else "")


def _substring(text: str, start: float, length: float = math.inf) -> str | None:
    if start != int(start) or start < 0 or length < 0:
        return None
    return text[int(start) :] if length == math.inf else text[int(start) : int(start) + int(length)]


def _round(number: float) -> float:
    """Half away from zero, as OData has it."""
    return math.copysign(math.floor(abs(number) + 0.5), number) if isinstance(number, float) else number


def _duration_bounds(one: TimeSpan, other: TimeSpan) -> bool:
    """`one` within `other`, whose end belongs to it only where one ends with it."""
    inside = other.start_us <= one.start_us and one.end_us <= other.end_us
    return inside and not (one.is_instant and not other.is_instant and one.start_us == other.end_us)


def _overlaps(one: TimeSpan, other: TimeSpan) -> bool:
    """Whether they share a moment."""
    return not one.is_before(other) and not other.is_before(one) and not _meets_at_end(one, other) and not _meets_at_end(other, one)


def _meets_at_end(instant: TimeSpan, other: TimeSpan) -> bool:
    return instant.is_instant and not other.is_instant and instant.start_us == other.end_us


def _distance(one: Any, other: Any) -> float:
    return float(shapely.distance(one, other))


TEXT, NUMBER, TIME, GEOMETRY = ("text",), ("number",), ("time",), ("geometry",)
_contains = Function(TEXT * 2, lambda text, part: part in text)
FUNCTIONS: Mapping[str, Function] = {
    "contains": _contains,
    "substringof": Function(TEXT * 2, lambda part, text: part in text),
    "endswith": Function(TEXT * 2, str.endswith),
    "startswith": Function(TEXT * 2, str.startswith),
    "length": Function(TEXT, len),
    "indexof": Function(TEXT * 2, str.find),
    "substring": Function((*TEXT, *NUMBER, *NUMBER), _substring, optional=1),
    "tolower": Function(TEXT, str.lower),
    "toupper": Function(TEXT, str.upper),
    "trim": Function(TEXT, str.strip),
    "concat": Function(TEXT * 2, lambda one, other: one + other if len(one) + len(other) <= MOST_TEXT else None),
    "year": Function(TIME, lambda span: _local(span).year),
    "month": Function(TIME, lambda span: _local(span).month),
    "day": Function(TIME, lambda span: _local(span).day),
    "hour": Function(TIME, lambda span: _local(span).hour),
    "minute": Function(TIME, lambda span: _local(span).minute),
    "second": Function(TIME, lambda span: _local(span).second),
    "fractionalseconds": Function(TIME, lambda span: span.start_us % US / US),
    "date": Function(TIME, _date),
    "time": Function(TIME, _clock),
    "totaloffsetminutes": Function(TIME, attrgetter("offset_min")),
    "now": Function((), lambda: None),
    "mindatetime": Function((), lambda: as_span("0001-01-01T00:00:00Z")),
    "maxdatetime": Function((), lambda: as_span("9999-12-31T23:59:59.999999Z")),
    "round": Function(NUMBER, _round),
    "floor": Function(NUMBER, math.floor),
    "ceiling": Function(NUMBER, math.ceil),
    "before": Function(TIME * 2, TimeSpan.is_before),
    "after": Function(TIME * 2, lambda one, other: other.is_before(one)),
    "meets": Function(TIME * 2, lambda one, other: one.end_us == other.start_us or other.end_us == one.start_us),
    "during": Function(TIME * 2, _duration_bounds),
    "overlaps": Function(TIME * 2, _overlaps),
    "starts": Function(TIME * 2, lambda one, other: one.start_us == other.start_us),
    "finishes": Function(TIME * 2, lambda one, other: one.end_us == other.end_us),
    "geo.distance": Function(GEOMETRY * 2, _distance),
    "geo.length": Function(GEOMETRY, lambda line: float(shapely.length(line))),
    "geo.intersects": Function(GEOMETRY * 2, lambda one, other: bool(shapely.intersects(one, other))),
    "st_equals": Function(GEOMETRY * 2, lambda one, other: bool(shapely.equals(one, other))),
    "st_disjoint": Function(GEOMETRY * 2, lambda one, other: bool(shapely.disjoint(one, other))),
    "st_touches": Function(GEOMETRY * 2, lambda one, other: bool(shapely.touches(one, other))),
    "st_within": Function(GEOMETRY * 2, lambda one, other: bool(shapely.within(one, other))),
    "st_overlaps": Function(GEOMETRY * 2, lambda one, other: bool(shapely.overlaps(one, other))),
    "st_crosses": Function(GEOMETRY * 2, lambda one, other: bool(shapely.crosses(one, other))),
    "st_intersects": Function(GEOMETRY * 2, lambda one, other: bool(shapely.intersects(one, other))),
    "st_contains": Function(GEOMETRY * 2, lambda one, other: bool(shapely.contains(one, other))),
    "st_relate": Function((*GEOMETRY, *GEOMETRY, *TEXT), lambda one, other, pattern: bool(shapely.relate_pattern(one, other, pattern))),
}
"""Distances and lengths are in degrees, the unit of the coordinates (OData 4.0, 5.1.1.4: that of the reference system)."""
