"""Vehicles, drivers and orders held against one another; overlaps against brute force; both databases."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.twin.moulds import Cast
from tests.twin.queries.planner.office import EVERYBODY, Office
from twin.errors import Invalid
from twin.queries.fleet.answers import dispatch_checks, vehicle_checks
from twin.queries.fleet.order_checks import find_overlaps
from twin.queries.fleet.orders import Order, local_day
from twin.records.scope import Reader
from twin.store import Store

VEHICLES = [
    {"车牌号": "闽A10001", "使用单位": "U1", "终端号": "013500000001", "车辆状态": "在用", "处置日期": ""},
    {"车牌号": "闽A10002", "使用单位": "无此单位", "终端号": "013500000001", "车辆状态": "在用", "处置日期": ""},
    {"车牌号": "闽A10003", "使用单位": "U2", "终端号": "", "车辆状态": "已处置", "处置日期": "2026-10-10"},
]
DRIVERS = [
    {"驾驶员编号": "D1", "姓名": "甲", "单位": "U1", "驾驶证有效期": "2030-01-01", "状态": "在岗"},
    {"驾驶员编号": "D2", "姓名": "乙", "单位": "U1", "驾驶证有效期": "2026-10-15", "状态": "在岗"},
]
TITLES = [{"权证编号": "T1", "车牌号": "闽A·10001"}, {"权证编号": "T2", "车牌号": "闽A99999"}]
HEADER = (
    "派车单号",
    "车牌号",
    "驾驶员编号",
    "用车单位",
    "计划出车时间",
    "计划返回时间",
    "实际出车时间",
    "实际返回时间",
    "出车里程",
    "返回里程",
    "派车状态",
)
ORDERS = [
    ("O1", "闽A10001", "D1", "U1", "2026-10-20 08:00", "2026-10-20 10:00", "2026-10-20 08:05", "2026-10-20 09:50", "100", "120", "已完成"),
    ("O2", "闽A10001", "D1", "U1", "2026-10-20 09:30", "2026-10-20 11:00", "", "", "", "", "已批准"),
    ("O3", "闽A10001", "D1", "U1", "2026-10-20 09:30", "2026-10-20 11:00", "", "", "", "", "已取消"),
    ("O4", "闽A10001", "D1", "U1", "2026-10-20 11:00", "2026-10-20 12:00", "", "", "", "", "已批准"),
    ("O5", "闽A10002", "D2", "U1", "2026-10-15 23:30", "2026-10-16 00:30", "", "", "200", "190", "已完成"),
    ("O6", "闽A10002", "D2", "U1", "2026-10-16 08:00", "2026-10-16 09:00", "2026-10-16 08:30", "2026-10-16 08:10", "", "", "已完成"),
    ("O7", "闽A10003", "D1", "U2", "2026-10-10 08:00", "2026-10-10 09:00", "", "", "", "", "已完成"),
    ("O8", "闽A10003", "D1", "U2", "2026-10-11 08:00", "2026-10-11 09:00", "", "", "", "", "已完成"),
    ("O9", "闽A77777", "D9", "U2", "2026-10-12 08:00", "2026-10-12 09:00", "", "", "", "", "已完成"),
]
PLANTED = {
    ("DISPATCH_ORDERS_OVERLAP", "O2"),
    ("DISPATCH_ODOMETER_BACKWARDS", "O5"),
    ("DISPATCH_TIMES_REVERSED", "O6"),
    ("DISPATCH_LICENCE_EXPIRED", "O6"),
    ("DISPATCH_VEHICLE_DISPOSED", "O8"),
    ("DISPATCH_VEHICLE_UNKNOWN", "O9"),
    ("DISPATCH_DRIVER_UNKNOWN", "O9"),
}


@pytest.fixture
def office(cast: Cast) -> Office:
    """The office with three vehicles, two drivers and nine orders."""
    return cast(office_with_vehicles)


def office_with_vehicles(store: Store, folder: Path) -> Office:
    office = Office(store, folder)
    office.take("vehicle", VEHICLES)
    office.take("driver", DRIVERS)
    office.take("title", TITLES)
    office.take("dispatch", [dict(zip(HEADER, row, strict=True)) for row in ORDERS])
    return office


def checked(office: Office, reader: Reader = EVERYBODY, *, first: date = date(2026, 10, 1), last: date = date(2026, 10, 31)) -> Any:
    return dispatch_checks(office.registers, reader, first=first, last=last, after=None, limit=50)


def told(page: Any) -> set[tuple[str, str]]:
    return {(one["code"], one["key"]) for one in page["findings"]}


def test_what_is_wrong_with_orders_is_found_and_nothing_besides(office: Office) -> None:
    page = checked(office)
    assert (told(page), page["checked"]) == (PLANTED, 9)
    overlap = next(one for one in page["findings"] if one["code"] == "DISPATCH_ORDERS_OVERLAP")
    assert overlap["facts"] == {"other": "O1"}


def test_days_are_days_in_beijing(office: Office) -> None:
    assert checked(office, first=date(2026, 10, 16), last=date(2026, 10, 16))["checked"] == 1
    assert checked(office, first=date(2026, 10, 15), last=date(2026, 10, 15))["checked"] == 1
    with pytest.raises(Invalid):
        checked(office, first=date(2026, 10, 2), last=date(2026, 10, 1))


def test_a_clerk_sees_findings_on_the_own_units_orders(office: Office) -> None:
    page = checked(office, Reader(name="clerk", units=frozenset({"U2"})))
    assert {key for _, key in told(page)} == {"O8", "O9"} and page["checked"] == 3


def test_vehicles_without_title_terminals_on_two_and_licences_that_ran_out(office: Office) -> None:
    page = vehicle_checks(office.registers, EVERYBODY, after=None, limit=50)
    assert told(page) == {
        ("VEHICLE_TITLE_MISSING", "闽A10002"),
        ("VEHICLE_TERMINAL_SHARED", "闽A10001"),
        ("VEHICLE_TERMINAL_SHARED", "闽A10002"),
        ("VEHICLE_UNIT_UNKNOWN", "闽A10002"),
        ("DRIVER_LICENCE_EXPIRED", "D2"),
    }
    machine = vehicle_checks(office.registers, Reader(name="machine", persons=False), after=None, limit=50)
    assert "DRIVER_LICENCE_EXPIRED" not in machine["counts"]
    clerk = vehicle_checks(office.registers, Reader(name="clerk", units=frozenset({"U2"})), after=None, limit=50)
    assert (told(clerk), clerk["checked"]) == (set(), 1)


SPANS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 30), st.integers(1, 10)), max_size=12)


@given(SPANS)
def test_an_order_overlaps_where_brute_force_says_so(spans: list[tuple[int, int, int]]) -> None:
    orders = [_order(number, f"闽A0000{plate}", start, start + length) for number, (plate, start, length) in enumerate(spans)]
    order_of = {order.key: order for order in orders}
    found = {finding.key for finding in find_overlaps(orders)}

    def meets(one: Order, two: Order) -> bool:
        (a, b), (c, d) = one.span or (0, 0), two.span or (0, 0)
        return one.plate == two.plate and max(a, c) < min(b, d)

    def before(one: Order, two: Order) -> bool:
        return (*(one.span or ()), one.key) < (*(two.span or ()), two.key)

    assert found == {one.key for one in orders if any(meets(one, two) and before(two, one) for two in orders if two is not one)}
    for finding in find_overlaps(orders):
        assert meets(order_of[str(finding.key)], order_of[finding.facts["other"]])


def _order(number: int, plate: str, start: int, end: int) -> Order:
    return Order(
        record=number,
        key=f"O{number:03d}",
        plate=plate,
        driver="",
        state="done",
        planned=(start, end),
        actual=(None, None),
        odometer=(None, None),
    )


def test_the_day_of_a_moment_is_that_of_beijing() -> None:
    assert (local_day(16 * 3_600_000_000 - 1), local_day(16 * 3_600_000_000)) == ("1970-01-01", "1970-01-02")
