"""Findings on vehicles, drivers and dispatch orders, page by page; only on what the reader may know of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, select

from twin.codes import get_kind
from twin.errors import Invalid
from twin.queries.fleet.order_checks import check_orders
from twin.queries.fleet.orders import read_fleet, read_orders
from twin.queries.fleet.vehicle_checks import check_drivers, check_units, check_vehicles, read_titled
from twin.queries.planner.finding import finding_page
from twin.queries.records.context import Registers
from twin.records.counters import clock_of
from twin.records.scope import Reader, visible_conditions
from twin.records.values import texts_of
from twin.store import record_schema as schema

__all__ = ["dispatch_checks", "vehicle_checks"]

MOST_DAYS = 366


def dispatch_checks(
    registers: Registers, reader: Reader, *, first: date, last: date, codes: Sequence[str] = (), after: str | None, limit: int
) -> dict[str, Any]:
    """The findings on the orders of some days, both included. Raises Invalid (`FILTER_INVALID`) for more than a year or none."""
    if not 0 <= (last - first).days < MOST_DAYS:
        raise Invalid(f"{first} to {last}", path="to", code="FILTER_INVALID", hint=f"from ≤ to, at most {MOST_DAYS} days")
    with registers.store.database.reading() as connection:
        kind = get_kind("dispatch")
        conditions = visible_conditions(kind, reader, registers.shelf.places(connection), registers.shelf.units(connection))
        orders = read_orders(connection, first, last, conditions)
        findings = check_orders(orders, read_fleet(connection))
        head = {"from": first.isoformat(), "to": last.isoformat(), "checked": len(orders)}
        return head | finding_page(findings, codes=codes, after=after, limit=limit)


def vehicle_checks(registers: Registers, reader: Reader, *, codes: Sequence[str] = (), after: str | None, limit: int) -> dict[str, Any]:
    """The findings on vehicles and, where persons are for the reader, on drivers."""
    with registers.store.database.reading() as connection:
        fleet = read_fleet(connection)
        vehicles = _seen(registers, connection, "vehicle", reader)
        findings = list(check_vehicles(fleet, read_titled(connection), vehicles))
        units = registers.shelf.units(connection).records
        said = {vehicle.unit for found in fleet.vehicles.values() for vehicle in found if vehicle.unit is not None}
        findings += check_units(fleet, texts_of(connection, sorted(said - units.keys())), vehicles)
        if reader.persons:
            findings += check_drivers(fleet, registers.today(), _seen(registers, connection, "driver", reader))
        head = {"checked": sum(map(len, fleet.vehicles.values())) if vehicles is None else len(vehicles)}
        return head | finding_page(findings, codes=codes, after=after, limit=limit)


def _seen(registers: Registers, connection: Connection, kind_name: str, reader: Reader) -> set[int] | None:
    """The records of a kind that the reader may know of, None for all."""
    if reader.sees_all:
        return None
    table, now = schema.kind_table(kind_name).c, clock_of(connection, kind_name)
    places, units = registers.shelf.places(connection), registers.shelf.units(connection)
    conditions = visible_conditions(get_kind(kind_name), reader, places, units)
    return set(connection.execute(select(table.record_id).where(table.since <= now, table.until > now, *conditions)).scalars())
