"""Records as of a day, many at once: what each field held then, and which fields say something else now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, or_, select, true

from twin.codes import RecordKind
from twin.records.counters import clock_of
from twin.records.history import changes_by_field, changes_of_many
from twin.records.timeline import Change, held_at
from twin.records.values import field_values
from twin.store import record_schema as schema

__all__ = ["EVER", "HeldRecord", "held_records"]

EVER = 2**62
"""A moment after everything that was ever recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRecord:
    """A record on a day: its values then, `row` as it is stored now, `moved` the fields whose value is another now than then."""

    id: int
    key: str
    values: Mapping[str, Any]
    row: Mapping[str, Any]
    moved: frozenset[str] = frozenset()


def held_records(
    connection: Connection, kind: RecordKind, as_of: date, condition: ColumnElement[bool] | None = None, *, known_at_us: int = EVER
) -> list[HeldRecord]:
    """The records that were valid on a day, in the order of their keys; `condition` is asked of the rows as they are now.

    A record that a person added later than the day, or that had ended by then, is left out.
    """
    table, now = schema.kind_table(kind.name), clock_of(connection, kind.name)
    valid = or_(table.c.ended.is_(None), table.c.ended > as_of.isoformat())
    query = select(table).where(table.c.since <= now, table.c.until > now, valid, true() if condition is None else condition)
    names = table.c.keys()
    rows = [dict(zip(names, row, strict=True)) for row in connection.execute(query.order_by(table.c.key, table.c.id))]
    said = field_values(connection, kind, rows)
    changes = changes_of_many(connection, kind.name, [row["record_id"] for row in rows])
    found = []
    for row, values in zip(rows, said, strict=True):
        of_record = changes.get(row["record_id"], ())
        if not _added_after(of_record, as_of):
            found.append(_held(row, values, of_record, as_of, known_at_us))
    return found


def _held(row: Mapping[str, Any], values: Mapping[str, Any], changes: Sequence[Change], as_of: date, known_at_us: int) -> HeldRecord:
    if not changes:
        return HeldRecord(id=row["record_id"], key=row["key"], values=values, row=row)
    then = dict(values)
    for name, of_field in changes_by_field(changes).items():
        if name in then:
            then[name] = held_at(values[name], of_field, as_of=as_of, known_at_us=known_at_us).value
    moved = frozenset(name for name in then if then[name] != values[name])
    return HeldRecord(id=row["record_id"], key=row["key"], values=then, row=row, moved=moved)


def _added_after(changes: Sequence[Change], as_of: date) -> bool:
    return any(change.field == "added" and change.valid_from > as_of for change in changes)
