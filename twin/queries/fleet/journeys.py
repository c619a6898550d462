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


def trips_of_order(order: Order, trips: Sequence[Drive]) -> list[Drive]:
    """The trips that lie in the time of an order, or reach into it."""
    span = order.span
    return [] if span is None else [one for one in trips if one.start_us < span[1] + AFTER_US and one.end_us > span[0] - BEFORE_US]


def check_journeys(orders: Sequence[Order], trips: Sequence[Drive], passed: Sequence[Pass], *, heard: int, gates: int) -> Iterator[Found]:
    """What does not agree of one vehicle: its orders that hold, its trips, its passages; `heard` is how many positions there are of it,
    `gates` how many gates were asked. Where it was never heard, or no gate was asked, that is all that can be said.

    `ORDER_UNHEARD`, `ORDER_NOT_DRIVEN`, `ORDER_OVERRUN`, `ORDER_GATE_MISSED`, `TRIP_WITHOUT_ORDER`.
    """
    holding = [one for one in orders if one.state not in VOID and one.span is not None]
    driven: set[Drive] = set()
    for order in holding:
        mine = trips_of_order(order, trips)
        driven.update(mine)
        yield from _of_order(order, mine, passed, heard=heard, gates=gates)
    for trip in trips:
        if trip not in driven:
            yield Found(
                code="TRIP_WITHOUT_ORDER", order=None, span=(trip.start_us, trip.end_us), facts={"distance_m": round(trip.distance_m)}
            )


def _of_order(order: Order, mine: Sequence[Drive], passed: Sequence[Pass], *, heard: int, gates: int) -> Iterator[Found]:
    span = order.span
    assert span is not None
    if not heard:
        yield Found(code="ORDER_UNHEARD", order=order.key, span=span)
        return
    at_gates = [one for one in passed if span[0] - BEFORE_US <= one.at_us <= span[1] + AFTER_US]
    facts: dict[str, float | int | str] = {"trips": len(mine), "positions": heard, "passages": len(at_gates)}
    if not mine:
        yield Found(code="ORDER_NOT_DRIVEN", order=order.key, span=span, facts=facts)
        return
    end_us = max(one.end_us for one in mine)
    if end_us > span[1] + AFTER_US:
        yield Found(code="ORDER_OVERRUN", order=order.key, span=span, facts={"over_s": round((end_us - span[1]) / 1e6)})
    if gates and not at_gates:
        yield Found(code="ORDER_GATE_MISSED", order=order.key, span=span, facts=facts | {"gates": gates})
