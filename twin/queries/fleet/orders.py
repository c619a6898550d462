"""Dispatch orders of some days with the vehicles and drivers they name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from twin.codes import fold
from twin.codes.plate import normalise_plate
from twin.records.counters import clock_of
from twin.records.values import texts_of
from twin.store import record_schema as schema
from twin.store.values import from_microseconds, to_microseconds

__all__ = ["BEIJING", "DriverFact", "Fleet", "Order", "VehicleFact", "local_day", "read_fleet", "read_orders"]

BEIJING: Final = timezone(timedelta(hours=8))
"""The day of an order is the day in Beijing time, as the dispatchers write it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleFact:
    """A vehicle: `plate` normalised, state as its dictionary codes it, the day of its disposal as ISO text, `unit` the id of a text."""

    record: int
    key: str
    plate: str
    state: str
    disposed: str | None
    terminal: str | None
    asset: str | None
    unit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverFact:
    """A driver with the last day of the licence as ISO text, None where the register does not say it."""

    record: int
    key: str
    name: str
    state: str
    licence_until: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A dispatch order: plate normalised, driver and destination as written; times in microseconds UTC, readings in km."""

    record: int
    key: str
    plate: str
    driver: str
    state: str
    planned: tuple[int | None, int | None]
    actual: tuple[int | None, int | None]
    odometer: tuple[float | None, float | None]
    destination: str = ""

    @property
    def span(self) -> tuple[int, int] | None:
        """When the vehicle was away: as it really was, else as planned; None where neither is known or they run backwards."""
        for start, end in (self.actual, self.planned):
            if start is not None and end is not None and start < end:
                return start, end
        return None

    @property
    def began_us(self) -> int | None:
        """When it began, really or as planned."""
        return self.actual[0] if self.actual[0] is not None else self.planned[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """All vehicles by plate and drivers by number and by name; a plate or name of several is none's."""

    vehicles: Mapping[str, Sequence[VehicleFact]]
    drivers: Mapping[str, Sequence[DriverFact]]

    def vehicle_of(self, order: Order) -> VehicleFact | None:
        """The vehicle of an order, where the register has exactly one of that plate."""
        found = self.vehicles.get(order.plate, ())
        return found[0] if len(found) == 1 else None

    def driver_of(self, order: Order) -> DriverFact | None:
        """The driver of an order, where the register has exactly one of that number or name."""
        found = self.drivers.get(fold(order.driver), ())
        return found[0] if len(found) == 1 else None


def local_day(moment_us: int) -> str:
    """The day in Beijing time, as ISO text.

    >>> local_day(0)
    '1970-01-01'
    """
    return from_microseconds(moment_us).astimezone(BEIJING).date().isoformat()


def read_orders(connection: Connection, first: date, last: date, conditions: Sequence[ColumnElement[bool]]) -> list[Order]:
    """The orders planned, or without a plan begun, on these days (Beijing time, both included), in the order of their keys."""
    table, now = schema.kind_table("dispatch").c, clock_of(connection, "dispatch")
    start = to_microseconds(datetime.combine(first, time(), BEIJING))
    end = to_microseconds(datetime.combine(last + timedelta(days=1), time(), BEIJING))
    when = or_(
        and_(table.planned_from >= start, table.planned_from < end),
        and_(table.planned_from.is_(None), table.departed >= start, table.departed < end),
    )
    columns = (
        table.record_id, table.key, table.vehicle, table.driver_id, table.state, table.planned_from, table.planned_until, table.departed,
        table.returned, table.odometer_from, table.odometer_until, table.destination_id,
    )  # fmt: skip
    query = select(*columns).where(table.since <= now, table.until > now, table.ended.is_(None), when, *conditions)
    rows = list(connection.execute(query.order_by(table.key)))
    texts = texts_of(connection, {text for row in rows for text in (row.driver_id, row.destination_id)})
    return [
        Order(
            record=row.record_id,
            key=row.key,
            plate=normalise_plate(row.vehicle or ""),
            driver=texts.get(row.driver_id, ""),
            state=row.state or "",
            planned=(row.planned_from, row.planned_until),
            actual=(row.departed, row.returned),
            odometer=(row.odometer_from, row.odometer_until),
            destination=texts.get(row.destination_id, ""),
        )
        for row in rows
    ]


def read_fleet(connection: Connection) -> Fleet:
    """The vehicles and drivers of the registers, whoever they belong to."""
    vehicles: dict[str, list[VehicleFact]] = {}
    for row in _rows(connection, "vehicle", ("plate", "state", "disposed", "terminal", "asset", "unit_id")):
        plate = normalise_plate(row.plate or "")
        fact = VehicleFact(
            record=row.record_id,
            key=row.key,
            plate=plate,
            state=row.state or "",
            disposed=row.disposed,
            terminal=row.terminal,
            asset=row.asset,
            unit=row.unit_id,
        )
        vehicles.setdefault(plate, []).append(fact)
    drivers: dict[str, list[DriverFact]] = {}
    for row in _rows(connection, "driver", ("name", "state", "licence_until")):
        driver = DriverFact(record=row.record_id, key=row.key, name=row.name or "", state=row.state or "", licence_until=row.licence_until)
        for said in dict.fromkeys((fold(driver.key), fold(driver.name))):
            drivers.setdefault(said, []).append(driver)
    return Fleet(vehicles=vehicles, drivers=drivers)


def _rows(connection: Connection, kind: str, names: Sequence[str]) -> list[Any]:
    table, now = schema.kind_table(kind).c, clock_of(connection, kind)
    query = select(table.record_id, table.key, *(table[name] for name in names))
    return list(connection.execute(query.where(table.since <= now, table.until > now, table.ended.is_(None)).order_by(table.key)))
