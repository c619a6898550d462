"""Dispatch orders of simulated errands, as a dispatcher writes them down: pure rows of a ledger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from heapq import heappop, heappush
from itertools import count
from typing import Final

from sensors.simulate_errands import Errand, errands_of
from sensors.simulate_habits import Habit
from sensors.simulate_model import model
from sensors.simulate_place import Compound
from sensors.simulate_vehicle import drivers_of
from twin.queries.fleet.orders import BEIJING

__all__ = ["HEADER", "ErrandsAhead", "Row", "Sent", "cancelled", "order_row"]

HEADER: Final = (
    "派车单号", "车牌号", "驾驶员编号", "用车单位", "用车事由", "出发地", "目的地", "计划出车时间", "计划返回时间", "实际出车时间",
    "实际返回时间", "派车状态", "备注",
)  # fmt: skip
STATE: Final = HEADER.index("派车状态")
PLANNED_S, ACTUAL_S = 300, 60
"""Dispatchers plan by five minutes, and write down when somebody left or came back by the minute."""
ASSIGNED, UNDER_WAY, DONE, CANCELLED = "已派车", "执行中", "已完成", "已取消"
PURPOSE, NOTE, ANYWHERE = "公务出行", "模拟器生成", "院外"
US = 1_000_000
Row = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """Whom an order sends: plate, number of the driver and unit as the registers have them, empty where they do not."""

    plate: str
    driver: str
    unit: str


class ErrandsAhead:
    """The errands of all vehicles, planned one at a time as far ahead as is asked for, each with the number of its vehicle: first those
    that drive, then `unheard` ones that have no terminal of their own and are sent in turn."""

    def __init__(self, compound: Compound, seed: int, vehicles: int, *, unheard: int = 0) -> None:
        drivers = drivers_of(compound, seed, vehicles)
        self._streams = [_numbered(vehicle, errands_of(compound, driver)) for vehicle, (driver, _) in enumerate(drivers)]
        self._streams += [_unheard(vehicles, unheard)] if unheard else []
        self._back = [(0.0, stream) for stream in range(len(self._streams))]

    def plan(self, until_s: float) -> tuple[int, Errand] | None:
        """The next errand of whoever is back first; None where nobody is back before `until_s`: all that begin before are planned."""
        if not self._back or self._back[0][0] > until_s:
            return None
        _, stream = heappop(self._back)
        vehicle, errand = next(self._streams[stream])
        heappush(self._back, (errand.end_s, stream))
        return vehicle, errand


def order_row(vehicle: int, errand: Errand, sent: Sent, origin: str, *, start_us: int, now_s: float) -> Row | None:
    """The order of an errand as it stands `now_s` seconds after the start, by `HEADER`; None for an errand without one, and for a vehicle
    without a plate."""
    booked = errand.booked_s
    if booked is None or not sent.plate:
        return None
    left, back = _times(errand, now_s)
    key = f"MN{_local(start_us):%y%m%d%H%M%S}-{vehicle:03d}-{errand.number:04d}"
    road = errand.road or ANYWHERE
    planned = _typed(start_us, booked[0], PLANNED_S), _typed(start_us, booked[1], PLANNED_S, up=True)
    departed = "" if left is None else _typed(start_us, left, ACTUAL_S)
    returned = "" if back is None else _typed(start_us, back, ACTUAL_S, up=True)
    state = ASSIGNED if left is None else DONE if now_s >= errand.end_s else UNDER_WAY
    return (key, sent.plate, sent.driver, sent.unit, PURPOSE, origin, road, *planned, departed, returned, state, NOTE)


def cancelled(row: Row) -> Row:
    """The order called off, where nobody has left on it."""
    return (*row[:STATE], CANCELLED, *row[STATE + 1 :]) if row[STATE] == ASSIGNED else row


def _times(errand: Errand, now_s: float) -> tuple[float | None, float | None]:
    """When one left and came back, as far as anybody writes it down: who is out longer than booked says so to nobody."""
    if errand.habit is Habit.NOT_DRIVEN or now_s < errand.begin_s:
        return None, None
    back = None if now_s < errand.end_s or errand.habit is Habit.OVERRUN else errand.end_s
    return errand.begin_s, back


def _numbered(vehicle: int, errands: Iterator[Errand]) -> Iterator[tuple[int, Errand]]:
    return ((vehicle, errand) for errand in errands)


def _unheard(first: int, vehicles: int) -> Iterator[tuple[int, Errand]]:
    rows = model("order")
    for number in count():
        begin = number * rows["unheard_every_s"]
        errand = Errand(number=number, habit=Habit.AGREED, begin_s=begin, end_s=begin + rows["unheard_s"], road=None)
        yield first + number % vehicles, errand


def _typed(start_us: int, seconds: float, step_s: int, *, up: bool = False) -> str:
    """A moment as it is typed, Beijing time, down or up to a whole step."""
    at_us, step_us = start_us + round(seconds * US), step_s * US
    return f"{_local(-(-at_us // step_us) * step_us if up else at_us // step_us * step_us):%Y-%m-%d %H:%M}"


def _local(at_us: int) -> datetime:
    return datetime.fromtimestamp(at_us / US, BEIJING)
