"""Days and instants as a filter writes them, and back."""

import re
from datetime import UTC, date, datetime, timedelta

from twin.queries.cql2.errors import FilterInvalid
from twin.queries.cql2.nodes import Date, Open, Timestamp

__all__ = ["DAY_US", "date_of", "day_us", "parse_date", "parse_end", "parse_timestamp", "timestamp_text"]

DAY_US = 86_400_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FULL_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
TIMESTAMP = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)", re.ASCII)


def parse_date(text: str, where: str) -> Date:
    """A day from `2024-02-29`; raises FilterInvalid for anything else, days that there never were included."""
    if FULL_DATE.fullmatch(text):
        try:
            return Date(date.fromisoformat(text).isoformat())
        except ValueError:
            pass
    raise FilterInvalid(f"{text!r} is no date", path=where, hint="write DATE('2024-02-29')")


def parse_timestamp(text: str, where: str) -> Timestamp:
    """An instant from `2024-02-29T12:30:00.5Z`; an offset (`+08:00`) is taken too, more than six decimals are not."""
    found = TIMESTAMP.fullmatch(text)
    if found:
        day, time, decimals, zone = found.groups()
        if decimals and decimals[6:].strip("0"):
            raise FilterInvalid(f"{text!r} is finer than a microsecond", path=where, hint="at most six decimals of a second")
        try:
            read = datetime.fromisoformat(f"{day}T{time}.{(decimals or '')[:6]:0<6}{'+00:00' if zone == 'Z' else zone}")
            return Timestamp((read.astimezone(UTC) - EPOCH) // timedelta(microseconds=1))
        except (ValueError, OverflowError):
            pass
    raise FilterInvalid(f"{text!r} is no timestamp", path=where, hint="write TIMESTAMP('2024-02-29T12:30:00Z')")


def parse_end(text: str, where: str) -> Date | Timestamp | Open:
    """An end of an interval: a day, an instant or `..`."""
    if text == "..":
        return Open()
    return parse_date(text, where) if FULL_DATE.fullmatch(text) else parse_timestamp(text, where)


def timestamp_text(value_us: int) -> str:
    """`2024-02-29T12:30:00.5Z`, without decimals where there are none."""
    at = EPOCH + timedelta(microseconds=value_us)
    decimals = f".{at.microsecond:06d}".rstrip("0").rstrip(".")
    return f"{at:%Y-%m-%dT%H:%M:%S}".rjust(19, "0") + f"{decimals}Z"


def day_us(day: str) -> int:
    """The first microsecond of a day (UTC).

    >>> day_us("1970-01-02")
    86400000000
    """
    return (date.fromisoformat(day) - EPOCH.date()).days * DAY_US


def date_of(value_us: int) -> str:
    """The day (UTC) that an instant lies in, as ISO text; the last one of the calendar for what lies beyond it."""
    try:
        return (EPOCH + timedelta(microseconds=value_us)).date().isoformat()
    except OverflowError:
        return (date.max if value_us > 0 else date.min).isoformat()
