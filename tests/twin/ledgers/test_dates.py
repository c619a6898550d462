"""Dates in every form ledgers write them; a date that may be two is a finding."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.codes import Column, ColumnType
from twin.ledgers.dates import date_reader, year_reader
from twin.ledgers.rules import Rules

DAYS = st.dates(date(1900, 1, 1), date(2199, 12, 31))
FORMS = (
    "{0:%Y-%m-%d}", "{0:%Y/%m/%d}", "{0:%Y%m%d}", "{0.year}年{0.month}月{0.day}日", "{0.year}.{0.month}.{0.day}", " {0:%Y-%m-%d} 00:00:00 ",
    "{0.year}/{0.month}/{0.day}", "{0:%Y-%m-%dT%H:%M:%S}", "{0.day}.{0:%b}.{0.year}", "{0:%d-%b-%Y}", "{0:%B} {0.day}, {0.year}",
)  # fmt: skip


def read(text: str, kind: ColumnType = ColumnType.DATE, *, past: bool = False, **rules: Any) -> Any:
    column = Column(name="day", zh="日", en="day", type=kind)
    value, trouble = date_reader(column, Rules(**rules), past=past)(text)
    return value if trouble is None else trouble.code


@settings(deadline=None)
@given(day=DAYS, form=st.sampled_from(FORMS))
def test_each_form_of_each_day_is_that_day(day: date, form: str) -> None:
    moment = datetime(day.year, day.month, day.day)
    assert read(form.format(moment)) == day.isoformat()


@settings(deadline=None)
@given(day=DAYS)
def test_full_width_digits_and_serials(day: date) -> None:
    wide = day.isoformat().translate({ord("0") + digit: 0xFF10 + digit for digit in range(10)})
    assert read(wide) == day.isoformat()
    if date(1927, 5, 18) < day < date(2173, 10, 14):
        assert read(str((day - date(1899, 12, 30)).days), serial_dates=True) == day.isoformat()
        assert read(str((day - date(1899, 12, 30)).days)) != day.isoformat()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2015-02-30", "DATE_INVALID"),
        ("2015-13-01", "DATE_INVALID"),
        ("不详", "DATE_INVALID"),
        ("20151301", "DATE_INVALID"),
        ("2015.6", "DATE_INCOMPLETE"),
        ("2015年", "DATE_INCOMPLETE"),
        ("201506", "DATE_INCOMPLETE"),
        ("1.Jan.33", "DATE_CENTURY_UNKNOWN"),
        ("3/4/2015", "DATE_AMBIGUOUS"),
        ("3/4/15", "DATE_AMBIGUOUS"),
        ("13/4/2015", "2015-04-13"),
        ("4/13/2015", "2015-04-13"),
        ("5/5/2015", "2015-05-05"),
        ("0000-01-01", "DATE_INVALID"),
    ],
)
def test_what_cannot_be_known_is_a_finding(text: str, code: str) -> None:
    assert read(text) == code


def test_a_mapping_tells_order_and_century() -> None:
    assert read("3/4/2015", date_order="dmy") == "2015-04-03"
    assert read("3/4/2015", date_order="mdy") == "2015-03-04"
    assert read("15/3/4", date_order="ymd", century_pivot=30) == "2015-03-04"
    assert read("1.Jan.33", century_pivot=30) == "1933-01-01"
    assert read("1.Jan.29", century_pivot=30) == "2029-01-01"


def test_months() -> None:
    for text in ("2025-01", "2025年1月", "202501", "2025.1", "2025/01", "2025-01-31"):
        assert read(text, ColumnType.MONTH) == "2025-01"
    assert read("2025", ColumnType.MONTH) == "DATE_INCOMPLETE"


def test_the_future_is_told_and_kept() -> None:
    column = Column(name="day", zh="日", en="day", type=ColumnType.DATE)
    reader = date_reader(column, Rules(today=date(2026, 11, 26)), past=True)
    value, trouble = reader("2026-11-27")
    assert value == "2026-11-27" and trouble is not None and trouble.code == "DATE_FUTURE" and trouble.severity == "warning"
    assert reader("2026-11-26") == ("2026-11-26", None)


@settings(deadline=None)
@given(moment=st.datetimes(datetime(1992, 1, 1), datetime(2100, 1, 1)).map(lambda value: value.replace(microsecond=0)))
def test_instants_in_beijing_time(moment: datetime) -> None:
    expected = int(moment.replace(tzinfo=ZoneInfo("Asia/Shanghai")).timestamp()) * 1_000_000
    for text in (f"{moment:%Y-%m-%d %H:%M:%S}", f"{moment:%Y-%m-%dT%H:%M:%S}+08:00", f"{moment:%Y年%m月%d日 %H时%M分%S秒}"):
        assert read(text, ColumnType.INSTANT, timezone="Asia/Shanghai") == expected


def test_instants_without_a_zone_or_a_time() -> None:
    assert read("2025-01-02 08:00", ColumnType.INSTANT) == "TIME_ZONE_UNKNOWN"
    assert read("2025-01-02", ColumnType.INSTANT, timezone="Asia/Shanghai") == "DATE_INCOMPLETE"
    assert read("2025-01-02T08:00Z", ColumnType.INSTANT) == 1_735_804_800_000_000
    assert read("2025-01-02 25:00", ColumnType.INSTANT, timezone="UTC") == "DATE_INVALID"
    assert read("2025-01-01 24:00", ColumnType.INSTANT, timezone="UTC") == read("2025-01-02 00:00", ColumnType.INSTANT, timezone="UTC")
    assert read("2025-01-02", ColumnType.INSTANT, timezone="UTC", serial_dates=True) == 1_735_776_000_000_000
    serial = (datetime(2025, 1, 2, 8) - datetime(1899, 12, 30)) / timedelta(days=1)
    assert read(f"{serial:.15g}", ColumnType.INSTANT, timezone="UTC", serial_dates=True) == 1_735_804_800_000_000


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("1998", 1998),
        ("1998年", 1998),
        ("1998-05-01", 1998),
        ("0", "DATE_INVALID"),
        ("1.Jan.33", "DATE_CENTURY_UNKNOWN"),
        ("十年", "DATE_INVALID"),
        ("2030", "DATE_FUTURE"),
    ],
)
def test_years(text: str, year: int | str) -> None:
    value, trouble = year_reader(Rules(today=date(2026, 1, 1)), past=True)(text)
    assert (trouble.code if trouble else value) == year
