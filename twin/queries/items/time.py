"""`datetime` of OGC API Features (17-069r4, 7.15.4): an instant or an interval of RFC 3339, open at either end."""

from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple

from twin.errors import Invalid

__all__ = ["Span", "parse_datetime"]

OPEN = ("", "..")
HINT = "2026-11-01T08:00:00+08:00, or FROM/TO with .. for an open end; a day is the whole day UTC"


class Span(NamedTuple):
    """From and until, closed, aware; None is open."""

    start: datetime | None
    end: datetime | None


def parse_datetime(text: str) -> Span:
    """The span of a text; an instant is from it until it. Raises Invalid.

    >>> parse_datetime("../2026-01-01T00:00:00Z").end.isoformat()
    '2026-01-01T00:00:00+00:00'
    """
    parts = text.split("/")
    if len(parts) > 2 or (len(parts) == 1 and text in OPEN) or all(part in OPEN for part in parts):
        raise _invalid(text, "no instant and no interval")
    start, end = _instant(parts[0], text, last=False), _instant(parts[-1], text, last=True)
    if start is not None and end is not None and start > end:
        raise _invalid(text, "its start is after its end")
    return Span(start, end)


def _instant(part: str, text: str, *, last: bool) -> datetime | None:
    if part in OPEN:
        return None
    try:
        if len(part) == len("2026-01-01"):
            day = datetime.combine(datetime.fromisoformat(part).date(), time(), UTC)
            return day + timedelta(days=1) - timedelta(microseconds=1) if last else day
        found = datetime.fromisoformat(part)
    except ValueError:
        raise _invalid(text, f"{part!r} is no time of RFC 3339") from None
    if found.tzinfo is None:
        raise _invalid(text, f"{part!r} names no time zone")
    return found.astimezone(UTC)


def _invalid(text: str, why: str) -> Invalid:
    return Invalid(f"datetime={text!r}: {why}", path="datetime", code="PARAMETER_INVALID", hint=HINT)
