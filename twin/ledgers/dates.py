"""Dates, months and instants as ledgers write them; what could mean two days is a finding, never a choice of ours."""

import re
from collections.abc import Callable
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from spatial.issue import Severity
from twin.codes import Column, ColumnType
from twin.ledgers.rules import Reading, Rules, Trouble
from twin.ledgers.words import tidy

__all__ = ["date_reader", "year_reader"]

YMD = re.compile(r"^(\d{4})(?:\s*[-/.年]\s*(\d{1,2})(?:\s*[-/.月]\s*(\d{1,2})\s*日?|\s*月?)?|\s*年)?$")
COMPACT = re.compile(r"^(\d{4})(\d{2})(\d{2})?$")
NAMED = re.compile(r"^(\d{1,2})[-. /]\s*([A-Za-z]{3,9})[-. ,/]+(\d{4}|\d{2})$")
NAMED_FIRST = re.compile(r"^([A-Za-z]{3,9})[-. /]+(\d{1,2})[-. ,/]+(\d{4}|\d{2})$")
LOOSE = re.compile(r"^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{1,2})$")
TIME = re.compile(r"^(.*?)[T\s]+(\d{1,2})(?::|时|点)(\d{1,2})(?:分?|(?::|分)(\d{1,2})(?:\.(\d{1,9}))?秒?)\s*(Z|[+-]\d{2}:?\d{2})?$")
SERIAL = re.compile(r"^\d{1,5}(?:\.\d+)?$")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
EPOCH_1900 = datetime(1899, 12, 30)
MICROSECOND = timedelta(microseconds=1)

Parts = tuple[int, int | None, int | None]


class _Unclear(Exception):
    """The text is understood so far, and what remains cannot be known."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.trouble = Trouble(code=code, message=message)


def date_reader(column: Column, rules: Rules, *, past: bool) -> Callable[[str], Reading]:
    """A reader of cells of a date, month or instant column; `past` columns cannot lie after `rules.today` (DATE_FUTURE, a warning).

    DATE_INVALID: no date, or a day the calendar does not have. DATE_INCOMPLETE: the day or month is missing. DATE_AMBIGUOUS:
    3/4/2015. DATE_CENTURY_UNKNOWN: a year of two digits. TIME_ZONE_UNKNOWN: a time of day without a zone. Workbooks (`serial_dates`)
    keep a day and its midnight as one number: a day there is an instant.
    """
    finish = {ColumnType.MONTH: _month, ColumnType.INSTANT: _instant}.get(column.type, _day)

    def read(text: str) -> Reading:
        try:
            value, day = finish(tidy(text), rules)
        except _Unclear as unclear:
            return None, unclear.trouble
        except (ValueError, OverflowError):
            return None, Trouble(code="DATE_INVALID", message="no day of the calendar")
        if past and rules.today is not None and day > rules.today:
            return value, Trouble(code="DATE_FUTURE", message=f"later than {rules.today}, the day of reading", severity=Severity.WARNING)
        return value, None

    return read


def year_reader(rules: Rules, *, past: bool) -> Callable[[str], Reading]:
    """A reader of cells of a year: 1998, 1998年, or the year of a date in any form `date_reader` reads."""

    def read(text: str) -> Reading:
        try:
            year = _parts(tidy(text), rules)[0]
        except _Unclear as unclear:
            return None, unclear.trouble
        except (ValueError, OverflowError):
            year = 0
        if not MINYEAR <= year <= MAXYEAR:
            return None, Trouble(code="DATE_INVALID", message="no year of the calendar")
        if past and rules.today is not None and year > rules.today.year:
            return year, Trouble(code="DATE_FUTURE", message=f"later than {rules.today}, the day of reading", severity=Severity.WARNING)
        return year, None

    return read


def _day(text: str, rules: Rules) -> tuple[str, date]:
    timed = TIME.match(text)
    year, month, day = _parts(timed[1] if timed else text, rules)
    if month is None or day is None:
        raise _Unclear("DATE_INCOMPLETE", "the day is missing" if month else "the month and the day are missing")
    found = date(year, month, day)
    return found.isoformat(), found


def _month(text: str, rules: Rules) -> tuple[str, date]:
    timed = TIME.match(text)
    year, month, _ = _parts(timed[1] if timed else text, rules)
    if month is None:
        raise _Unclear("DATE_INCOMPLETE", "the month is missing")
    found = date(year, month, 1)
    return found.isoformat()[:7], found


def _instant(text: str, rules: Rules) -> tuple[int, date]:
    if rules.serial_dates and SERIAL.match(text):
        moment = EPOCH_1900 + timedelta(days=float(text))
        return _in_zone((moment + timedelta(seconds=0.5)).replace(microsecond=0), "", rules)
    timed = TIME.match(text)
    if not timed:
        _, day = _day(text, rules)
        if rules.serial_dates:
            return _in_zone(datetime(day.year, day.month, day.day), "", rules)
        raise _Unclear("DATE_INCOMPLETE", "the time of day is missing")
    _, day = _day(timed[1], rules)
    micro = int((timed[5] or "0")[:6].ljust(6, "0"))
    hour = int(timed[2])
    moment = datetime(day.year, day.month, day.day, hour % 24 if hour == 24 else hour, int(timed[3]), int(timed[4] or 0), micro)
    return _in_zone(moment + timedelta(days=int(hour == 24)), timed[6] or "", rules)


def _in_zone(moment: datetime, offset: str, rules: Rules) -> tuple[int, date]:
    if offset:
        aware = datetime.fromisoformat(moment.isoformat() + ("+00:00" if offset == "Z" else offset))
    elif rules.timezone:
        aware = moment.replace(tzinfo=_zone(rules.timezone))
    else:
        raise _Unclear("TIME_ZONE_UNKNOWN", "a time of day without its zone; the mapping must say timezone")
    return (aware - datetime(1970, 1, 1, tzinfo=UTC)) // MICROSECOND, aware.date()


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _parts(text: str, rules: Rules) -> Parts:
    """Year, month and day as far as they are said. Raises _Unclear, ValueError."""
    text = text.strip()
    if found := YMD.match(text) or COMPACT.match(text):
        return int(found[1]), _int(found[2]), _int(found[3])
    if found := NAMED.match(text):
        return _year(found[3], rules), _month_number(found[2]), int(found[1])
    if found := NAMED_FIRST.match(text):
        return _year(found[3], rules), _month_number(found[1]), int(found[2])
    if found := LOOSE.match(text):
        return _loose(int(found[1]), int(found[2]), found[3], rules)
    if rules.serial_dates and SERIAL.match(text):
        moment = EPOCH_1900 + timedelta(days=int(float(text)))
        return moment.year, moment.month, moment.day
    raise _Unclear("DATE_INVALID", "no date")


def _loose(first: int, second: int, year: str, rules: Rules) -> Parts:
    """A date whose order only the mapping knows, unless one number can be no month."""
    if len(year) < 4 and not rules.date_order:
        raise _Unclear("DATE_AMBIGUOUS", "which of the three numbers is the year, the month, the day?")
    if rules.date_order == "ymd":
        return _year(f"{first:02d}", rules), second, int(year)
    if rules.date_order == "mdy":
        return _year(year, rules), first, second
    if rules.date_order == "dmy":
        return _year(year, rules), second, first
    if first > 12 >= second:
        return int(year), second, first
    if second > 12 >= first:
        return int(year), first, second
    if first == second:
        return int(year), first, first
    raise _Unclear("DATE_AMBIGUOUS", "day and month cannot be told apart; the mapping must say date_order")


def _year(digits: str, rules: Rules) -> int:
    if len(digits) == 4:
        return int(digits)
    if rules.century_pivot is None:
        raise _Unclear("DATE_CENTURY_UNKNOWN", "a year of two digits; the mapping must say century_pivot")
    return int(digits) + (2000 if int(digits) < rules.century_pivot else 1900)


def _month_number(name: str) -> int:
    return MONTHS.index(name[:3].casefold()) + 1


def _int(digits: str | None) -> int | None:
    return int(digits) if digits else None
