"""Trips and stops of one vehicle, and what orders, tracks and gates say of the same journeys; derived when they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, select

from sensors import Stream
from twin.codes import get_kind
from twin.codes.plate import normalise_plate
from twin.errors import Invalid
from twin.history.positions import PLACE_SEPARATOR
from twin.history.readings import MOST_AT_ONCE, ReadingsReader
from twin.history.tracks import Points
from twin.history.trips import Stop, Trip, trips_of
from twin.queries.fleet.journeys import Drive, Found, Pass, check_journeys, trips_of_order
from twin.queries.fleet.orders import Order, read_fleet, read_orders
from twin.queries.live.history import Knows, LiveHistory, allowed_of
from twin.queries.live.told import moment
from twin.queries.records.context import Registers
from twin.records.counters import clock_of
from twin.records.scope import Reader, visible_conditions
from twin.store import record_schema as schema

__all__ = ["Journeys", "trips_told"]

DAY_US: Final = 86_400_000_000
MOST_DAYS: Final = 7
MARGIN_US: Final = DAY_US // 2
"""Orders and trips are read so much beyond the period: what reaches into it is judged whole."""


def trips_told(device: str, points: Points) -> dict[str, Any]:
    """The trips and stops of a track: `{id, trips, stops}`."""
    trips, stops = trips_of(points.time_us, points.lon_lat, points.speed_kmh)
    return {"id": device, "trips": [_trip(one, points) for one in trips], "stops": [_stop(one, points) for one in stops]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Journeys:
    """The check of orders against tracks and gates."""

    registers: Registers
    history: LiveHistory
    readings: ReadingsReader

    def page(
        self, reader: Reader, knows: Knows, period: tuple[int, int], *, now_us: int, vehicle: str | None, after: str | None, limit: int
    ) -> dict[str, Any]:
        """Vehicles by key, each with its orders, trips without one, and findings: `{from, to, vehicles, next}`. Raises Invalid
        (`HISTORY_ASKED`) for more than a week."""
        if period[1] - period[0] > MOST_DAYS * DAY_US:
            hint = "ask for a shorter period"
            raise Invalid(f"at most {MOST_DAYS} days are checked at once", path="datetime", code="HISTORY_ASKED", hint=hint)
        keys, orders, gates = self._asked(reader, knows, period)
        if vehicle is not None:
            keys = [(key, plate) for key, plate in keys if key == vehicle]
        following = [(key, plate) for key, plate in keys if after is None or key > after]
        passed = self._passed(knows, gates, (period[0] - MARGIN_US, period[1] + MARGIN_US))
        told = [
            self._vehicle(knows, key, orders.get(plate, []), passed.get(plate, []), len(gates), period, now_us)
            for key, plate in following[:limit]
        ]
        return {
            "from": moment(period[0]),
            "to": moment(period[1]),
            "numberMatched": len(keys),
            "vehicles": told,
            "next": following[limit - 1][0] if len(following) > limit else None,
        }

    def _asked(
        self, reader: Reader, knows: Knows, period: tuple[int, int]
    ) -> tuple[list[tuple[str, str]], dict[str, list[Order]], list[str]]:
        """The vehicles (key, plate) that are for the reader, the orders that reach into the period by plate, and the gates."""
        first, last = (datetime.fromtimestamp(at / 1e6, UTC).date() for at in (period[0] - 2 * DAY_US, period[1] + DAY_US))
        with self.registers.store.database.reading() as connection:
            places, units = self.registers.shelf.places(connection), self.registers.shelf.units(connection)
            conditions: Sequence[ColumnElement[bool]] = visible_conditions(get_kind("dispatch"), reader, places, units)
            found = read_orders(connection, first, last, conditions)
            fleet = read_fleet(connection)
            table, now = schema.kind_table("gate").c, clock_of(connection, "gate")
            query = select(table.key).where(table.since <= now, table.until > now, table.ended.is_(None)).order_by(table.key)
            gates = [key for key in connection.execute(query).scalars() if knows.knows(f"gate/{key}")]
        orders: dict[str, list[Order]] = {}
        for order in found:
            if order.span is not None and order.span[0] < period[1] and order.span[1] > period[0]:
                orders.setdefault(order.plate, []).append(order)
        facts = sorted((one.key, one.plate) for several in fleet.vehicles.values() for one in several)
        return [(key, plate) for key, plate in facts if knows.knows(f"vehicle/{key}")], orders, gates

    def _passed(self, knows: Knows, gates: Sequence[str], period: tuple[int, int]) -> dict[str, list[Pass]]:
        places, _ = allowed_of(knows)
        found: dict[str, list[Pass]] = {}
        for gate in gates:
            after: tuple[int, tuple[int, int]] | None = None
            while True:
                page = self.readings.observations(f"gate/{gate}", Stream.PASSAGE, *period, places=places, after=after)
                for kept in page:
                    value = kept.observation.value
                    if isinstance(value.get("plate"), str):
                        one = Pass(at_us=kept.time_us, gate=f"gate/{gate}", direction=value.get("direction"))
                        found.setdefault(normalise_plate(value["plate"]), []).append(one)
                if len(page) < MOST_AT_ONCE:
                    break
                after = page[-1].time_us, page[-1].number
        return found

    def _vehicle(
        self, knows: Knows, key: str, orders: Sequence[Order], passed: Sequence[Pass], gates: int, period: tuple[int, int], now_us: int
    ) -> dict[str, Any]:
        points = self.history.track(knows, f"vehicle/{key}", (period[0] - MARGIN_US, period[1] + MARGIN_US))
        trips, _ = trips_of(points.time_us, points.lon_lat, points.speed_kmh)
        drives = [Drive(start_us=one.start_us, end_us=one.end_us, distance_m=one.distance_m) for one in trips]
        found = list(check_journeys(orders, drives, passed, heard=len(points), gates=gates, until_us=now_us))
        found = [one for one in found if one.order is not None or (one.span[0] < period[1] and one.span[1] > period[0])]
        return {
            "vehicle": key,
            "orders": [_order(one, trips_of_order(one, drives, orders)) for one in orders],
            "passages": [
                {"at": moment(one.at_us), "gate": one.gate, "direction": one.direction}
                for one in passed
                if period[0] <= one.at_us < period[1]
            ],
            "findings": [_finding(one) for one in found],
        }


def _order(order: Order, trips: Sequence[Drive]) -> dict[str, Any]:
    start, end = order.span or (None, None)
    return {
        "order": order.key,
        "state": order.state,
        "driver": order.driver or None,
        "destination": order.destination or None,
        "from": moment(start),
        "until": moment(end),
        "trips": [{"start": moment(one.start_us), "end": moment(one.end_us), "distance_m": round(one.distance_m)} for one in trips],
    }


def _finding(found: Found) -> dict[str, Any]:
    return {"code": found.code, "order": found.order, "from": moment(found.span[0]), "until": moment(found.span[1]), "facts": found.facts}


def _trip(trip: Trip, points: Points) -> dict[str, Any]:
    return {
        "start": moment(trip.start_us),
        "end": moment(trip.end_us),
        "duration_s": round((trip.end_us - trip.start_us) / 1e6),
        "distance_m": round(trip.distance_m),
        "unheard_s": round(trip.unheard_s),
        "speed_max_kmh": None if trip.speed_max_kmh != trip.speed_max_kmh else round(trip.speed_max_kmh, 1),
        "origin": _where(trip.first, points),
        "destination": _where(trip.last, points),
        "begins_open": trip.is_open[0],
        "ends_open": trip.is_open[1],
    }


def _stop(stop: Stop, points: Points) -> dict[str, Any]:
    where = _where(stop.last, points) | {"lon": round(stop.lon_lat[0], 7), "lat": round(stop.lon_lat[1], 7)}
    return {"start": moment(stop.start_us), "end": moment(stop.end_us), "duration_s": round((stop.end_us - stop.start_us) / 1e6), **where}


def _where(at: int, points: Points) -> dict[str, Any]:
    lon, lat = points.lon_lat[at].tolist()
    place = points.places[int(points.place[at])] if int(points.place[at]) < len(points.places) else ""
    return {"lon": round(lon, 7), "lat": round(lat, 7), "place": place.split(PLACE_SEPARATOR) if place else []}
