"""Many records at once, a list a field: what pages are made of. A text that many of them share is looked up once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Select, Text, any_, bindparam, func, select
from sqlalchemy import column as sql_column
from sqlalchemy.dialects.postgresql import ARRAY

from twin.codes import Column, ColumnType, RecordKind, get_kind
from twin.records.read import Record
from twin.records.texts import Texts
from twin.store import record_schema as schema
from twin.store.record_schema import column_name

__all__ = ["ToldRows", "rows_of", "told_of", "told_rows"]

STORED = ("id", "record_id", "key", "place_id", "location_id", "x_m", "y_m", "z_m")
"""What is asked of a row beside its fields, as far as the table of its kind has it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ToldRows:
    """`stored` by column of the table (`STORED`), `said` by field (text, number, fen, ISO date, microseconds, bool or None), each a
    list by row. `versions` are those of the records, None where nobody asked for them."""

    stored: Mapping[str, Sequence[Any]]
    said: Mapping[str, Sequence[Any]]
    versions: Sequence[str] | None = None

    def __len__(self) -> int:
        return len(self.stored["key"])


def told_rows(
    connection: Connection,
    kind: RecordKind,
    texts: Texts,
    condition: ColumnElement[bool],
    *,
    now: int,
    order: Any,
    limit: int | None = None,
) -> ToldRows:
    """The rows that readers see at the clock `now` and that meet a condition on the table of the kind."""
    table = schema.kind_table(kind.name)
    names = _asked(kind.name)
    query = select(*(table.c[name] for name in names)).where(table.c.since <= now, table.c.until > now, condition)
    rows = connection.execute(query.order_by(order, table.c.id).limit(limit)).all()
    stored: dict[str, Sequence[Any]] = dict(zip(names, zip(*rows, strict=True), strict=True)) if rows else dict.fromkeys(names, ())
    return ToldRows(stored=stored, said=_said(connection, kind, texts, stored))


def rows_of(connection: Connection, kind: RecordKind, texts: Texts, record_ids: Sequence[int], *, now: int) -> ToldRows:
    """The rows that readers see of these records that have not ended, in their order: `told_rows` by a statement that is built once."""
    sqlite = connection.dialect.name == "sqlite"
    asked = {"now": now, "ids": json.dumps(list(record_ids)) if sqlite else list(record_ids)}
    at = _asked(kind.name).index("record_id")
    found = {row[at]: row for row in connection.execute(_by_records(kind.name, sqlite=sqlite), asked)}
    return _told(connection, kind, texts, [found[record] for record in record_ids if record in found])


def told_of(kind: RecordKind, records: Sequence[Record]) -> ToldRows:
    """Records that were read one by one."""
    names = [name for name in STORED if name in schema.kind_table(kind.name).c]
    return ToldRows(
        stored={name: [record.row[name] for record in records] for name in names},
        said={column.name: [record.values[column.name] for record in records] for column in kind.columns},
        versions=[record.version for record in records],
    )


def _told(connection: Connection, kind: RecordKind, texts: Texts, rows: Sequence[Sequence[Any]]) -> ToldRows:
    names = _asked(kind.name)
    stored: dict[str, Sequence[Any]] = dict(zip(names, zip(*rows, strict=True), strict=True)) if rows else dict.fromkeys(names, ())
    return ToldRows(stored=stored, said=_said(connection, kind, texts, stored))


@cache
def _by_records(kind_name: str, *, sqlite: bool) -> Select[Any]:
    table = schema.kind_table(kind_name)
    if sqlite:
        bound = func.json_each(bindparam("ids", type_=Text())).table_valued(sql_column("value", BigInteger()))
        among: ColumnElement[bool] = table.c.record_id.in_(select(bound.c.value))
    else:
        among = table.c.record_id == any_(bindparam("ids", type_=ARRAY(BigInteger())))
    now: Any = bindparam("now", type_=BigInteger())
    query = select(*(table.c[name] for name in _asked(kind_name))).where(among, table.c.since <= now, table.c.until > now)
    return query.where(table.c.ended.is_(None))


def _said(connection: Connection, kind: RecordKind, texts: Texts, stored: Mapping[str, Sequence[Any]]) -> dict[str, Sequence[Any]]:
    said: dict[str, Sequence[Any]] = {}
    for part in sorted({column.part for column in kind.columns if column.part}):
        names = [column.name for column in kind.columns if column.part == part]
        said |= dict(zip(names, texts.of_part(connection, part, stored[f"{part}_id"], names), strict=True))
    terms = [column for column in kind.columns if column.interned and not column.part]
    ids = [number for column in terms for number in stored[column_name(column)]]
    of_terms, count = texts.terms(connection, ids), len(stored["key"])
    said |= {column.name: of_terms[at * count : (at + 1) * count] for at, column in enumerate(terms)}
    for column in kind.columns:
        if column.name not in said:
            said[column.name] = _plain(column, stored[column_name(column)])
    return said


def _plain(column: Column, values: Sequence[Any]) -> Sequence[Any]:
    if column.type is ColumnType.BOOLEAN:
        return [None if value is None else bool(value) for value in values]
    return values


@cache
def _asked(kind_name: str) -> tuple[str, ...]:
    table, kind = schema.kind_table(kind_name), get_kind(kind_name)
    fields = [f"{column.part}_id" if column.part else column_name(column) for column in kind.columns]
    return tuple(dict.fromkeys(name for name in (*STORED, *fields) if name in table.c))
