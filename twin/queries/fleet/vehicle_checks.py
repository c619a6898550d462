"""What is wrong with vehicles and drivers: titles that are missing, one terminal on two, units nobody knows, licences that ran out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date

from sqlalchemy import Connection, select

from twin.codes.plate import normalise_plate
from twin.queries.fleet.order_checks import DISPOSED, OUT_OF_POST
from twin.queries.fleet.orders import Fleet, VehicleFact
from twin.queries.planner.finding import Finding
from twin.records.counters import clock_of
from twin.store import record_schema as schema

__all__ = ["Titled", "check_drivers", "check_units", "check_vehicles", "read_titled"]

Titled = tuple[frozenset[str], frozenset[str]]
"""Plates (normalised) and codes of assets that have a title."""


def read_titled(connection: Connection) -> Titled:
    """What the register of titles names."""
    table, now = schema.kind_table("title").c, clock_of(connection, "title")
    query = select(table.vehicle, table.asset).where(table.since <= now, table.until > now, table.ended.is_(None))
    rows = list(connection.execute(query))
    plates = frozenset(normalise_plate(row.vehicle) for row in rows if row.vehicle)
    return plates, frozenset(row.asset for row in rows if row.asset)


def check_vehicles(fleet: Fleet, titled: Titled, seen: Collection[int] | None) -> Iterator[Finding]:
    """Findings on vehicles; `seen` are the records the reader may know of (None: all). Without any title none is said to be missing."""
    plates, assets = titled
    terminals: dict[str, list[VehicleFact]] = {}
    for vehicle in _vehicles(fleet):
        if vehicle.terminal:
            terminals.setdefault(vehicle.terminal, []).append(vehicle)
        without = vehicle.plate not in plates and vehicle.asset not in assets
        if plates and without and vehicle.state != DISPOSED and (seen is None or vehicle.record in seen):
            yield _finding("VEHICLE_TITLE_MISSING", vehicle, "plate", f"{vehicle.plate} has no title")
    for terminal, sharing in terminals.items():
        if len(sharing) > 1:
            for vehicle in sharing:
                if seen is None or vehicle.record in seen:
                    others = ", ".join(one.plate for one in sharing if one.record != vehicle.record)
                    said = others if seen is None else f"{len(sharing) - 1} other vehicle"
                    yield _finding("VEHICLE_TERMINAL_SHARED", vehicle, "terminal", f"terminal {terminal} is on {said} too")


def check_units(fleet: Fleet, unknown: Mapping[int, str], seen: Collection[int] | None) -> Iterator[Finding]:
    """Vehicles of a unit that the register of units does not have; `unknown` are the texts, by id, that name none."""
    for vehicle in _vehicles(fleet):
        if vehicle.unit is not None and vehicle.unit in unknown and (seen is None or vehicle.record in seen):
            yield _finding("VEHICLE_UNIT_UNKNOWN", vehicle, "unit", f"{unknown[vehicle.unit]}: no unit is called so")


def check_drivers(fleet: Fleet, today: date, seen: Collection[int] | None) -> Iterator[Finding]:
    """Drivers in post whose licence has run out."""
    told: set[int] = set()
    for driver in (one for found in fleet.drivers.values() for one in found):
        out = driver.licence_until is not None and driver.licence_until < today.isoformat()
        if out and driver.state not in OUT_OF_POST and driver.record not in told and (seen is None or driver.record in seen):
            told.add(driver.record)
            yield Finding(
                code="DRIVER_LICENCE_EXPIRED",
                kind="driver",
                key=driver.key,
                column="licence_until",
                message=f"the licence ran out on {driver.licence_until}",
            )


def _vehicles(fleet: Fleet) -> Iterator[VehicleFact]:
    return (vehicle for found in fleet.vehicles.values() for vehicle in found)


def _finding(code: str, vehicle: VehicleFact, column: str, message: str) -> Finding:
    return Finding(code=code, kind="vehicle", key=vehicle.key, column=column, message=message)
