"""A page of records of a kind, and one by its key: only what the reader may know of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from twin.codes import RecordKind
from twin.errors import NotFound
from twin.queries.records.context import Registers
from twin.queries.records.documents import column_document, record_document, require_persons
from twin.queries.records.filters import filter_conditions
from twin.records.counters import clock_of
from twin.records.read import Record, page_of_records, records_of_key
from twin.records.scope import Reader, visible_conditions
from twin.store import record_schema as schema

__all__ = ["COUNTED", "kind_list", "read_record", "record_page", "visible_record"]

COUNTED = 50_000
"""Up to here matches are counted; of more it is said that they are at least so many."""


def kind_list(kinds: Sequence[RecordKind], reader: Reader) -> dict[str, Any]:
    """What kinds of records there are, with their columns."""
    return {
        "kinds": [
            {
                "name": kind.name,
                "plural": kind.plural,
                "zh": kind.zh,
                "en": kind.en,
                "href": f"/{kind.plural}",
                "columns": [column_document(column) for column in kind.columns],
            }
            for kind in kinds
        ]
    }


def record_page(
    registers: Registers, kind: RecordKind, given: Sequence[tuple[str, str]], reader: Reader, *, after: str | None, limit: int
) -> dict[str, Any]:
    """At most `limit` records in the order of their keys after the key `after`, of those that meet the filters.

    `numberMatchedIs` says whether `numberMatched` is `exact` or `at_least`. Raises Invalid (`FILTER_INVALID`), Forbidden.
    """
    require_persons(kind, reader)
    with registers.store.database.reading() as connection:
        units, places = registers.shelf.units(connection), registers.shelf.places(connection)
        conditions = filter_conditions(kind, given, units, reader) + visible_conditions(kind, reader, places, units)
        records = page_of_records(connection, kind, limit=limit + 1, after=after, where=conditions)
        matched = _count(connection, kind, conditions)
        documents = [record_document(kind, record, reader, places) for record in records[:limit]]
    return {
        "numberMatched": min(matched, COUNTED),
        "numberMatchedIs": "exact" if matched <= COUNTED else "at_least",
        "numberReturned": len(documents),
        "records": documents,
        "next": records[limit - 1].key if len(records) > limit else None,
    }


def read_record(registers: Registers, kind: RecordKind, key: str, reader: Reader) -> tuple[dict[str, Any], str]:
    """A record as a document and its version; raises NotFound also for one this reader may not know of."""
    with registers.store.database.reading() as connection:
        record = visible_record(registers, connection, kind, key, reader)
        return record_document(kind, record, reader, registers.shelf.places(connection)), record.version


def visible_record(registers: Registers, connection: Connection, kind: RecordKind, key: str, reader: Reader) -> Record:
    """The record of a key, of one that has ended the last; raises NotFound, Forbidden."""
    require_persons(kind, reader)
    found = _known(registers, connection, kind, [one for one in records_of_key(connection, kind, key) if one.key == key], reader)
    if not found:
        raise NotFound(f"there is no {kind.name} {key}", path=key)
    return next((record for record in found if record.ended is None), found[-1])


def _known(registers: Registers, connection: Connection, kind: RecordKind, records: list[Record], reader: Reader) -> list[Record]:
    """Those of the records that the reader may know of."""
    if reader.sees_all or not records:
        return records
    table = schema.kind_table(kind.name)
    conditions = visible_conditions(kind, reader, registers.shelf.places(connection), registers.shelf.units(connection))
    query = select(table.c.id).where(table.c.id.in_([record.row["id"] for record in records]), *conditions)
    known = set(connection.execute(query).scalars())
    return [record for record in records if record.row["id"] in known]


def _count(connection: Connection, kind: RecordKind, conditions: Sequence[ColumnElement[bool]]) -> int:
    table, now = schema.kind_table(kind.name), clock_of(connection, kind.name)
    seen = select(table.c.id).where(table.c.since <= now, table.c.until > now, table.c.ended.is_(None), *conditions)
    return int(connection.execute(select(func.count()).select_from(seen.limit(COUNTED + 1).subquery())).scalar_one())
