"""Months as numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from twin.errors import Invalid

__all__ = ["Period", "month_number", "month_text", "read_period"]

YEAR = 12
MOST_MONTHS = 240
"""Twenty years: each month is held against those around it, so that the cost of a period grows with its square."""
FIRST_YEAR, LAST_YEAR = 1900, 2200


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Months from the first to the last, both included, as numbers: 12 × year + month − 1."""

    first: int
    last: int

    @property
    def months(self) -> list[str]:
        """The months as texts."""
        return [month_text(number) for number in range(self.first, self.last + 1)]

    @property
    def last_day(self) -> date:
        """The last day of the last month."""
        return date((self.last + 1) // YEAR, (self.last + 1) % YEAR + 1, 1) - timedelta(days=1)

    @property
    def last_month_day(self) -> date:
        """The first day of the last month: the day whose factors hold."""
        return date(self.last // YEAR, self.last % YEAR + 1, 1)

    def __len__(self) -> int:
        return self.last - self.first + 1


def month_number(text: str) -> int:
    """A month as a number.

    >>> month_number("2026-01") - month_number("2025-12")
    1
    """
    year, month = text.split("-")
    return int(year) * YEAR + int(month) - 1


def month_text(number: int) -> str:
    """A number as a month.

    >>> month_text(month_number("2026-07"))
    '2026-07'
    """
    return f"{number // YEAR:04d}-{number % YEAR + 1:02d}"


def read_period(first: str | None, last: str | None, today: date) -> Period:
    """The period asked for, by default the twelve whole months before today, 240 at most. Raises Invalid (`FILTER_INVALID`)."""
    end = _read("to", last) if last else today.year * YEAR + today.month - 2
    start = _read("from", first) if first else end - YEAR + 1
    if start > end:
        raise Invalid(f"from {month_text(start)} is after to {month_text(end)}", path="from", code="FILTER_INVALID", hint="from ≤ to")
    if end - start >= MOST_MONTHS:
        asked = f"{end - start + 1:,} months are too many"
        raise Invalid(asked, path="from", code="FILTER_INVALID", hint=f"at most {MOST_MONTHS} at once, ask again for the rest")
    return Period(first=start, last=end)


def _read(name: str, text: str) -> int:
    try:
        day = date.fromisoformat(f"{text}-01")
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise ValueError(text)
        return month_number(day.isoformat()[:7])
    except ValueError:
        raise Invalid(
            f"{name}: {text!r} is no month", path=name, code="FILTER_INVALID", hint=f"YYYY-MM, from {FIRST_YEAR} to {LAST_YEAR}"
        ) from None
