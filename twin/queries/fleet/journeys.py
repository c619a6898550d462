"""One journey told three times: by its order, by the track, by the gates; where they do not agree, with what shows it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from twin.queries.fleet.orders import Order

__all__ = ["Drive", "Found", "Pass", "check_journeys", "trips_of_order"]

BEFORE_US = AFTER_US = 1_800_000_000
"""Half an hour: so early may one leave, so late return."""
VOID = frozenset({"requested", "cancelled", "refused"})
Span = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drive:
    """A trip of the track, microseconds and metres."""

    start_us: int
    end_us: int
    distance_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """A passage of a gate that read the plate."""

    at_us: int
    gate: str
    direction: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A finding on an order (its key) or on a trip without one (None): the code, when, and the numbers that show it."""

    code: str
    order: str | None
    span: Span
    facts: dict[str, float | int | str] = field(default_factory=dict)


def trips_of_order(order: Order, trips: Sequence[Drive], orders: Sequence[Order]) -> list[Drive]:
    """The trips that reach into the time of an order; those of the half hours around it too, but where they reach into the time of
    another of the vehicle's `orders` that holds."""
    span, others = order.span, _held([one for one in orders if one is not order])
    return [] if span is None else [one for one in trips if _is_of((one.start_us, one.end_us), span, others)]


def check_journeys(
    orders: Sequence[Order], trips: Sequence[Drive], passed: Sequence[Pass], *, heard: int, gates: int, until_us: int
) -> Iterator[Found]:
    """What does not agree of one vehicle: its orders that hold, its trips, its passages; `heard` is how many positions there are of it,
    `gates` how many gates were asked, up to `until_us` all is known. Where it was never heard, or no gate was asked, that is all that
    can be said; that something is missing is said once an order is over, with the half hour after it.

    `ORDER_UNHEARD`, `ORDER_NOT_DRIVEN`, `ORDER_OVERRUN`, `ORDER_GATE_MISSED`, `TRIP_WITHOUT_ORDER`.
    """
    driven: set[Drive] = set()
    for order in orders:
        if order.state in VOID or order.span is None:
            continue
        mine = trips_of_order(order, trips, orders)
        driven.update(mine)
        others = _held([one for one in orders if one is not order])
        at_gates = [one for one in passed if _is_of((one.at_us, one.at_us), order.span, others)]
        yield from _of_order(order, order.span, mine, at_gates, heard=heard, gates=gates, over=order.span[1] + AFTER_US <= until_us)
    for trip in trips:
        if trip not in driven:
            yield Found(
                code="TRIP_WITHOUT_ORDER", order=None, span=(trip.start_us, trip.end_us), facts={"distance_m": round(trip.distance_m)}
            )


def _held(orders: Sequence[Order]) -> list[Span]:
    return [one.span for one in orders if one.state not in VOID and one.span is not None]


def _is_of(when: Span, span: Span, others: Sequence[Span]) -> bool:
    """Whether what was from `when[0]` to `when[1]` is of the order of a span, beside those of `others`."""
    if when[0] <= span[1] and when[1] >= span[0]:
        return True
    near = when[0] < span[1] + AFTER_US and when[1] > span[0] - BEFORE_US
    return near and not any(when[0] <= end and when[1] >= start for start, end in others)


def _of_order(
    order: Order, span: Span, mine: Sequence[Drive], at_gates: Sequence[Pass], *, heard: int, gates: int, over: bool
) -> Iterator[Found]:
    if not heard:
        if over:
            yield Found(code="ORDER_UNHEARD", order=order.key, span=span)
        return
    facts: dict[str, float | int | str] = {"trips": len(mine), "positions": heard, "passages": len(at_gates)}
    if not mine:
        if over:
            yield Found(code="ORDER_NOT_DRIVEN", order=order.key, span=span, facts=facts)
        return
    end_us = max(one.end_us for one in mine)
    if end_us > span[1] + AFTER_US:
        yield Found(code="ORDER_OVERRUN", order=order.key, span=span, facts={"over_s": round((end_us - span[1]) / 1e6)})
    if over and gates and not at_gates:
        yield Found(code="ORDER_GATE_MISSED", order=order.key, span=span, facts=facts | {"gates": gates})
