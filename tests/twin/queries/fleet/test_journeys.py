"""Orders, tracks and gates of one vehicle, each way in which they do not agree."""

from typing import Any

import pytest

from twin.queries.fleet.journeys import AFTER_US, Drive, Pass, check_journeys, trips_of_order
from twin.queries.fleet.orders import Order

HOUR = 3_600_000_000
START = 1_795_700_000_000_000


def order(key: str, first: float, last: float, state: str = "done") -> Order:
    planned = (START + round(first * HOUR), START + round(last * HOUR))
    return Order(record=1, key=key, plate="闽A00001", driver="", state=state, planned=planned, actual=(None, None), odometer=(None, None))


def drive(first: float, last: float) -> Drive:
    return Drive(start_us=START + round(first * HOUR), end_us=START + round(last * HOUR), distance_m=5000.0)


def gate(at: float) -> Pass:
    return Pass(at_us=START + round(at * HOUR), gate="gate/G", direction="out")


@pytest.mark.parametrize(
    ("orders", "trips", "passed", "more", "codes"),
    [
        ([order("O1", 0, 2)], [drive(0.2, 1)], [gate(0.3)], {}, []),
        ([order("O1", 0, 2)], [drive(-0.3, 1)], [gate(0.3)], {}, []),
        ([order("O1", 0, 2)], [], [gate(0.3)], {}, [("ORDER_NOT_DRIVEN", "O1")]),
        ([order("O1", 0, 2)], [], [], {"heard": 0}, [("ORDER_UNHEARD", "O1")]),
        ([order("O1", 0, 2)], [drive(0.2, 1)], [gate(5)], {}, [("ORDER_GATE_MISSED", "O1")]),
        ([order("O1", 0, 2)], [drive(0.2, 1)], [], {"gates": 0}, []),
        ([order("O1", 0, 2)], [drive(0.2, 2.6)], [gate(0.3)], {}, [("ORDER_OVERRUN", "O1")]),
        ([order("O1", 0, 2)], [drive(0.2, 1), drive(3, 4)], [gate(0.3)], {}, [("TRIP_WITHOUT_ORDER", None)]),
        ([order("O1", 0, 2, "cancelled")], [drive(0.2, 1)], [], {}, [("TRIP_WITHOUT_ORDER", None)]),
        ([order("O1", 0, 2), order("O2", 2.2, 4)], [drive(0.2, 1), drive(2.3, 3.9)], [gate(0.3), gate(2.4)], {}, []),
        ([order("O1", 0, 2), order("O2", 2.2, 4)], [drive(2.3, 3.9)], [gate(2.4)], {}, [("ORDER_NOT_DRIVEN", "O1")]),
        ([order("O1", 0, 2), order("O2", 2.2, 4)], [drive(0.2, 1), drive(2.3, 3.9)], [gate(2.4)], {}, [("ORDER_GATE_MISSED", "O1")]),
        ([order("O1", 0, 2), order("O2", 2.2, 4, "cancelled")], [drive(2.3, 2.4)], [gate(2.4)], {}, []),
        ([], [], [], {}, []),
    ],
)
def test_where_the_three_do_not_agree_is_told(
    orders: list[Order], trips: list[Drive], passed: list[Pass], more: dict[str, Any], codes: list[tuple[str, str | None]]
) -> None:
    found = list(check_journeys(orders, trips, passed, **{"heard": 100, "gates": 2, "until_us": START + 9 * HOUR, **more}))
    assert [(one.code, one.order) for one in found] == codes


@pytest.mark.parametrize("hour", [1.0, 2.4])
def test_an_order_that_is_not_over_with_its_half_hour_lacks_nothing_yet_but_may_be_overrun(hour: float) -> None:
    def codes(trips: list[Drive], heard: int = 9, until: float = hour) -> list[str]:
        until_us = START + round(until * HOUR)
        return [one.code for one in check_journeys([order("O1", 0, 2)], trips, [], heard=heard, gates=1, until_us=until_us)]

    assert codes([]) == codes([], heard=0) == codes([drive(0.2, 0.9)]) == []
    assert codes([], until=2.5) == ["ORDER_NOT_DRIVEN"]
    assert codes([], heard=0, until=2.5) == ["ORDER_UNHEARD"]
    assert codes([drive(0.2, 0.9)], until=2.5) == ["ORDER_GATE_MISSED"]
    assert codes([drive(0.2, 2.6)], until=2.4) == ["ORDER_OVERRUN"]


def test_trips_of_an_order_are_those_in_its_time_and_around_it_that_are_of_no_other() -> None:
    first, second = order("O1", 0, 2), order("O2", 2.2, 4)
    early, between, late = drive(-0.3, -0.1), drive(2.05, 2.15), drive(2.3, 3)
    assert trips_of_order(first, [early, between, late], [first, second]) == [early, between]
    assert trips_of_order(second, [early, between, late], [first, second]) == [between, late]
    assert trips_of_order(first, [early, between, late], [first]) == [early, between, late]


def test_a_finding_has_the_numbers_that_show_it() -> None:
    (found,) = check_journeys([order("O1", 0, 2)], [drive(0.2, 3)], [gate(0.3)], heard=9, gates=1, until_us=START + 9 * HOUR)
    assert (found.facts, found.span) == ({"over_s": 3600}, (START, START + 2 * HOUR))
    assert AFTER_US == HOUR // 2
