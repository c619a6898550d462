"""Who may come to the broker, out of the registers and the keys: devices, machines, gateways, the hub."""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files

from sqlalchemy import select

from sensors.errors import TopicInvalid
from twin.auth import EVERY, Grant, Role
from twin.codes import list_kinds
from twin.gateway.bus_rights import HUB, Right, device_user, gateway_user, machine_rights, machine_user, rights_of_house
from twin.records.counters import clock_of
from twin.store import Store
from twin.store import record_schema as schema

__all__ = ["BusUsers", "device_kinds", "find_users"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BusUsers:
    """`devices` by kind and `others` are user names; `left_out` are keys that get nothing here, with the reason."""

    rights: Sequence[Right]
    devices: dict[str, Sequence[str]]
    others: Sequence[str]
    left_out: Sequence[tuple[str, str]]

    def everybody(self) -> frozenset[str]:
        """Every user name."""
        return frozenset(self.others).union(*self.devices.values())


@cache
def device_kinds() -> tuple[str, ...]:
    """Kinds of the registers whose records publish on the bus (`bus_kinds.toml`)."""
    named = set(tomllib.loads(files("twin.gateway").joinpath("bus_kinds.toml").read_text("utf-8"))["kinds"])
    return tuple(kind.name for kind in list_kinds() if kind.name in named)


def find_users(store: Store, gateways: Iterable[str], *, now: datetime) -> BusUsers:
    """Who may come. A machine is a live key of the role `integrator` that may see every site and unit: topics know labels alone."""
    gateways = tuple(gateways)
    rights = rights_of_house(gateways)
    others, left_out = [HUB, *map(gateway_user, gateways)], []
    known = {label for site in store.list_sites() for label in store.label_policy(site.code).labels}
    for key in store.keys.list():
        if key.state(now) != "live" or key.role != Role.INTEGRATOR:
            continue
        principal = Grant(role=key.role, scopes=key.scopes).principal(key.name)
        if EVERY not in principal.scopes:
            left_out.append((key.name, "for some sites only"))
            continue
        if EVERY not in principal.units:
            left_out.append((key.name, "for some units only"))
            continue
        labels = known if EVERY in principal.labels else principal.labels
        others.append(machine_user(key.prefix))
        rights += machine_rights(others[-1], labels, note=key.name)
    devices, unwritten = _devices(store)
    return BusUsers(rights=rights, devices=devices, others=others, left_out=[*left_out, *unwritten])


def _devices(store: Store) -> tuple[dict[str, Sequence[str]], list[tuple[str, str]]]:
    found: dict[str, Sequence[str]] = {}
    unwritten: list[tuple[str, str]] = []
    with store.database.reading() as connection:
        for kind in device_kinds():
            table, now = schema.kind_table(kind).c, clock_of(connection, kind)
            query = select(table.key).where(table.since <= now, table.until > now, table.ended.is_(None)).order_by(table.key)
            users = []
            for key in connection.execute(query).scalars():
                try:
                    users.append(device_user(kind, key))
                except TopicInvalid as invalid:
                    unwritten.append((f"{kind}/{key[:40]}", invalid.message))
            found[kind] = users
    return found, unwritten
