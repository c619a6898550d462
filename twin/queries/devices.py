"""What a person should look at among cameras, gates, zones, guard posts and perimeter segments, page by page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, select

from spatial.feature import DEVICES
from twin.codes import get_kind
from twin.imports.tie.devices import DEVICE_CODES
from twin.queries.planner.finding import Finding, finding_page
from twin.queries.records.context import Registers
from twin.records.counters import clock_of
from twin.records.scope import Reader, visible_conditions
from twin.store import record_schema as schema
from twin.store.values import from_json

__all__ = ["device_checks"]


def device_checks(registers: Registers, reader: Reader, *, codes: Sequence[str] = (), after: str | None, limit: int) -> dict[str, Any]:
    """The findings on devices that the reader may know of; those on a whole site only for who sees everything."""
    with registers.store.database.reading() as connection:
        keys = {kind.value: _keys(registers, connection, kind.value, reader) for kind in DEVICES}
        findings = list(_findings(connection, keys, whole=reader.sees_all))
        return {"checked": sum(map(len, keys.values()))} | finding_page(findings, codes=codes, after=after, limit=limit)


def _keys(registers: Registers, connection: Connection, name: str, reader: Reader) -> dict[int, str]:
    """Record id → key, of those that the reader may know of."""
    table, now = schema.kind_table(name).c, clock_of(connection, name)
    conditions = visible_conditions(get_kind(name), reader, registers.shelf.places(connection), registers.shelf.units(connection))
    query = select(table.record_id, table.key).where(table.since <= now, table.until > now, table.ended.is_(None), *conditions)
    return {int(record): key for record, key in connection.execute(query)}


def _findings(connection: Connection, keys: dict[str, dict[int, str]], *, whole: bool) -> Iterator[Finding]:
    item = schema.work_item.c
    query = select(schema.work_item).where(item.code.in_(DEVICE_CODES), item.state == "open").order_by(item.id)
    for row in connection.execute(query):
        kind = next((name for name, known in keys.items() if row.record_id in known), None)
        if kind is not None:
            yield Finding(code=row.code, kind=kind, key=keys[kind][row.record_id], message=row.message)
        elif row.record_id is None and whole:
            facts = {name: value for name, value in from_json(row.detail).items() if name not in ("records", "features")}
            yield Finding(code=row.code, kind=DEVICES[0].value, key=None, message=row.message, facts=facts)
