"""Records by their ids as lists and values name them: kind, key, address, title; those a reader may not know of are left out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, and_

from twin.codes import RecordKind, list_kinds
from twin.queries.records.context import Registers
from twin.queries.records.documents import PERSONS, record_href
from twin.records.read import records_where
from twin.records.scope import Reader, one_of, visible_conditions
from twin.store import record_schema as schema

__all__ = ["named_records"]

TITLES = ("name", "number", "plate")


def named_records(
    registers: Registers, connection: Connection, reader: Reader, record_ids: Collection[int], kinds: Iterable[RecordKind] | None = None
) -> dict[int, dict[str, Any]]:
    """Id → `{kind, key, href, title}` of the records that stand, in the order of kinds; one query a kind, of `kinds` (None: all)."""
    if not record_ids:
        return {}
    places, units = registers.shelf.places(connection), registers.shelf.units(connection)
    found: dict[int, dict[str, Any]] = {}
    for kind in kinds if kinds is not None else list_kinds():
        if kind.name in PERSONS and not reader.persons:
            continue
        wanted = one_of(schema.kind_table(kind.name).c.record_id, record_ids)
        seen = records_where(connection, kind, and_(wanted, *visible_conditions(kind, reader, places, units)))
        found |= {record.id: _named(kind, record.key, record.values) for record in seen if record.ended is None}
    return found


def _named(kind: RecordKind, key: str, values: Mapping[str, Any]) -> dict[str, Any]:
    title = next((text for name in TITLES if (text := values.get(name))), key)
    return {"kind": kind.name, "key": key, "href": record_href(kind, key), "title": title}
