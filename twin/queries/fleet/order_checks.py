"""What is wrong with dispatch orders. Pure, over orders and the fleet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from twin.queries.fleet.orders import DriverFact, Fleet, Order, VehicleFact, local_day
from twin.queries.planner.finding import Finding
from twin.store.values import from_microseconds

__all__ = ["CALLED_OFF", "check_order", "check_orders", "find_overlaps"]

CALLED_OFF: Final = frozenset({"cancelled", "refused"})
"""States in which no vehicle leaves: dictionary dispatch_state."""
DISPOSED: Final = "disposed"
OUT_OF_POST: Final = frozenset({"retired", "left"})


def check_orders(orders: Sequence[Order], fleet: Fleet) -> list[Finding]:
    """Every finding on these orders; what was called off is only held against the registers, not against the clock."""
    alive = [order for order in orders if order.state not in CALLED_OFF]
    return [*(finding for order in alive for finding in check_order(order, fleet)), *find_overlaps(alive)]


def check_order(order: Order, fleet: Fleet) -> Iterator[Finding]:
    """The findings on one order: its vehicle, its driver, its times and readings."""
    yield from _of_vehicle(order, fleet)
    yield from _of_driver(order, fleet)
    for column, (start, end) in (("planned_until", order.planned), ("returned", order.actual)):
        if start is not None and end is not None and end < start:
            times = " – ".join(from_microseconds(one).isoformat(timespec="minutes") for one in (start, end))
            yield _finding("DISPATCH_TIMES_REVERSED", order, column, f"returned before it departed: {times}")
    start_km, end_km = order.odometer
    if start_km is not None and end_km is not None and end_km < start_km:
        yield _finding("DISPATCH_ODOMETER_BACKWARDS", order, "odometer_until", f"{end_km:g} km after {start_km:g} km")


def find_overlaps(orders: Iterable[Order]) -> Iterator[Finding]:
    """Orders of one vehicle at one time: each is held against the one that keeps the vehicle longest of those before it."""
    by_plate: dict[str, list[tuple[int, int, Order]]] = {}
    for order in orders:
        span = order.span
        if order.plate and span is not None:
            by_plate.setdefault(order.plate, []).append((*span, order))
    for plate, spans in by_plate.items():
        spans.sort(key=lambda one: (one[0], one[1], one[2].key))
        end, before = spans[0][1], spans[0][2]
        for start, until, order in spans[1:]:
            if start < end:
                message = f"{plate} is away on {before.key} until {from_microseconds(end).isoformat(timespec='minutes')}"
                yield _finding("DISPATCH_ORDERS_OVERLAP", order, "vehicle", message, other=before.key)
            if until > end:
                end, before = until, order


def _of_vehicle(order: Order, fleet: Fleet) -> Iterator[Finding]:
    vehicle = fleet.vehicle_of(order)
    if vehicle is None:
        if order.plate:
            number = len(fleet.vehicles.get(order.plate, ()))
            said = f"{order.plate}: {'no vehicle has' if not number else f'{number} vehicles have'} this plate"
            yield _finding("DISPATCH_VEHICLE_UNKNOWN", order, "vehicle", said)
    elif _was_disposed(vehicle, order):
        when = f" on {vehicle.disposed}" if vehicle.disposed else ""
        yield _finding("DISPATCH_VEHICLE_DISPOSED", order, "vehicle", f"{order.plate} was disposed of{when}")


def _was_disposed(vehicle: VehicleFact, order: Order) -> bool:
    """Whether the vehicle was gone when the order began; without a day of disposal its state counts."""
    if vehicle.disposed is not None and order.began_us is not None:
        return vehicle.disposed < local_day(order.began_us)
    return vehicle.state == DISPOSED


def _of_driver(order: Order, fleet: Fleet) -> Iterator[Finding]:
    driver = fleet.driver_of(order)
    if driver is None:
        if order.driver:
            yield _finding("DISPATCH_DRIVER_UNKNOWN", order, "driver", f"{order.driver}: no one driver is called so")
    elif order.began_us is not None and _licence_out(driver, local_day(order.began_us)):
        yield _finding("DISPATCH_LICENCE_EXPIRED", order, "driver", f"the licence of driver {driver.key} ran out on {driver.licence_until}")


def _licence_out(driver: DriverFact, day: str) -> bool:
    return driver.licence_until is not None and driver.licence_until < day


def _finding(code: str, order: Order, column: str, message: str, **facts: str) -> Finding:
    return Finding(code=code, kind="dispatch", key=order.key, column=column, message=message, facts=dict(facts))
