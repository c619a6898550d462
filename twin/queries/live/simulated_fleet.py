"""Whom the orders of simulated drives send: vehicles with their units, each with a driver of its own."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from twin.queries.fleet.orders import local_day
from twin.queries.live.simulated import Simulated
from twin.queries.live.simulated_orders import Sent
from twin.records.counters import clock_of
from twin.records.values import texts_of
from twin.store import Store
from twin.store import record_schema as schema

__all__ = ["read_sent"]

IN_POST, IN_USE = "in_post", "in_use"


def read_sent(store: Store, simulated: Simulated, vehicles: int | None, *, now_us: int) -> list[Sent]:
    """Those that drive, in their order, then the vehicles in use that have no terminal of their own; each with a driver of its own as far
    as there are such: in post, with a licence, of its unit where there is one."""
    driven = [key for key, _, _ in simulated.driven(vehicles)]
    own = {key for key, _, _ in simulated.vehicles}
    with store.database.reading() as connection:
        fleet = {key: (plate or "", unit, state) for key, plate, unit, state in _rows(connection, "vehicle", "plate", "unit_id", "state")}
        today = local_day(now_us)
        free: dict[str, int | None] = {
            key: unit
            for key, unit, state, until in _rows(connection, "driver", "unit_id", "state", "licence_until")
            if state == IN_POST and until is not None and until > today
        }
        units = texts_of(connection, {unit for _, unit, _ in fleet.values()})
    unheard = [key for key, (plate, _, state) in fleet.items() if key not in own and plate and state == IN_USE]
    found = []
    for key in [*driven, *unheard]:
        plate, unit, _ = fleet.get(key, ("", None, None))
        driver = next((one for one, of in free.items() if of == unit), next(iter(free), ""))
        free.pop(driver, None)
        found.append(Sent(plate=plate, driver=driver, unit="" if unit is None else units.get(unit, "")))
    return found


def _rows(connection: Connection, kind: str, *columns: str) -> list[Any]:
    """The key and some columns of each record of a kind that there is now, by key."""
    table, now = schema.kind_table(kind).c, clock_of(connection, kind)
    query = select(table.key, *(table[name] for name in columns)).order_by(table.key)
    return list(connection.execute(query.where(table.since <= now, table.until > now, table.ended.is_(None))))
