"""One question a kind for all that its rows say: each row with its last change, texts, article and location, as readers see them.

A question is built once: one that is built for each request costs several times what either database takes to answer it.

| the columns of the answer, in this order | |
|---|---|
| those of the table | as stored |
| `last_change` | of the record, as far as readers see it |
| one for each field that is not in the row itself | its text: of a term, of an article, of a location |
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Dialect, FromClause, Select, bindparam, func, select
from sqlalchemy.sql.compiler import SQLCompiler

from twin.codes import Column, ColumnType, RecordKind, get_kind
from twin.store import record_schema as schema
from twin.store.record_schema import column_name

__all__ = ["Statement", "plain_rows", "plain_statement", "seen_rows", "seen_with"]

PARTS = {part: table.alias(f"said_{part}") for part, table in (("article", schema.article), ("location", schema.location))}
"""Under names of their own: a condition that asks articles or locations itself asks its own."""
FETCH = 1_000
VALUE = object()
"""Stands for the value asked for."""
Row = tuple[dict[str, Any], dict[str, Any]]
"""A row as stored (with `last_change`), and field → text, number, money in fen, ISO date, microseconds, bool or None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """Where a field stands in an answer; an empty text of an article or a location is none, a boolean is kept as a number."""

    field: str
    place: int
    part: bool
    boolean: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Question:
    stored: Sequence[str]
    said: Sequence[_Said]
    query: Select[Any]
    by: Mapping[str, Select[Any]]


def seen_rows(
    connection: Connection, kind: RecordKind, condition: ColumnElement[bool], *, now: int, order: Any, limit: int | None
) -> Iterator[Row]:
    """The visible rows that meet a condition on the table of the kind, at the clock `now`."""
    question = _question(kind.name)
    query = question.query.where(condition).order_by(order, schema.kind_table(kind.name).c.id).limit(limit)
    return _rows(question, connection.execute(query, {"now": now}))


def seen_with(connection: Connection, kind: RecordKind, column: str, value: Any) -> Iterator[Row]:
    """The visible rows with this `key` or `record_id`, in the order of their versions: the shortest question there is."""
    question = _question(kind.name)
    return _rows(question, connection.execute(question.by[column], {"value": value}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A question as text for the driver itself; `parameters` in their order, the value asked for where `VALUE` stands."""

    text: str
    parameters: tuple[Any, ...]

    def with_value(self, value: Any) -> list[Any]:
        """The parameters with the value in its places."""
        return [value if one is VALUE else one for one in self.parameters]


def plain_statement(kind: RecordKind, column: str, dialect: Dialect) -> Statement:
    """The question of `seen_with` as the driver takes it, for whoever asks it thousands of times a second."""
    compiled = _question(kind.name).by[column].compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler) and compiled.positiontup is not None
    given = compiled.construct_params({"value": VALUE})
    return Statement(text=str(compiled), parameters=tuple(given[name] for name in compiled.positiontup))


def plain_rows(kind: RecordKind, rows: Sequence[Sequence[Any]]) -> Iterator[Row]:
    """What the driver gave to such a statement."""
    return _said_of(_question(kind.name), rows)


def _rows(question: _Question, found: Any) -> Iterator[Row]:
    return _said_of(question, (row for rows in found.partitions(FETCH) for row in rows))


def _said_of(question: _Question, rows: Iterable[Sequence[Any]]) -> Iterator[Row]:
    for row in rows:
        values = {}
        for said in question.said:
            value = row[said.place]
            if said.part:
                value = value or None
            elif said.boolean and value is not None:
                value = bool(value)
            values[said.field] = value
        yield dict(zip(question.stored, row, strict=False)), values


@cache
def _question(name: str) -> _Question:
    kind, table = get_kind(name), schema.kind_table(name)
    stored = [column.name for column in table.c]
    told = [column for column in kind.columns if column.part or column.interned]
    place = {column.name: len(stored) + 1 + at for at, column in enumerate(told)}
    said = [
        _Said(
            field=column.name,
            place=place[column.name] if column.name in place else stored.index(column_name(column)),
            part=bool(column.part),
            boolean=column.type is ColumnType.BOOLEAN,
        )
        for column in kind.columns
    ]
    clock = func.coalesce(select(schema.clock.c.now).where(schema.clock.c.kind == kind.name).scalar_subquery(), 0)
    short = _query(kind, told, clock).order_by(table.c.id)
    return _Question(
        stored=[*stored, "last_change"],
        said=said,
        query=_query(kind, told, bindparam("now")),
        by={name: short.where(table.c[name] == bindparam("value")) for name in ("key", "record_id")},
    )


def _query(kind: RecordKind, told: Sequence[Column], now: ColumnElement[int]) -> Select[Any]:
    table, change = schema.kind_table(kind.name), schema.change.c
    last = select(change.id).where(change.record_id == table.c.record_id, change.since <= now)
    last_change = last.order_by(change.id.desc()).limit(1).scalar_subquery().label("last_change")
    texts = [_text_of(table, column).label(f"said_{column.name}") for column in told]
    source: FromClause = table
    for part in sorted({column.part for column in told if column.part}):
        source = source.outerjoin(PARTS[part], PARTS[part].c.id == table.c[f"{part}_id"])
    return select(*table.c, last_change, *texts).select_from(source).where(table.c.since <= now, table.c.until > now)


def _text_of(table: FromClause, column: Column) -> Any:
    if column.part:
        return PARTS[column.part].c[column.name]
    return select(schema.term.c.text).where(schema.term.c.id == table.c[column_name(column)]).scalar_subquery()
