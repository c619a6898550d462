"""Records as readers see them: by key, by id, a page in the order of keys, and the dossier of one as of any day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, select

from twin.codes import RecordKind
from twin.errors import NotFound
from twin.records.counters import clock_of
from twin.records.history import changes_by_field, changes_of
from twin.records.seen import plain_rows, seen_rows, seen_with
from twin.records.timeline import Change, Held, held_at
from twin.store import record_schema as schema
from twin.store.values import from_json

__all__ = [
    "Record",
    "Told",
    "as_told",
    "find_record",
    "get_record",
    "page_of_records",
    "records_of_key",
    "records_of_rows",
    "records_where",
]

Issues = schema.register_issue.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A record as it is seen now: `values` by field, `row` as stored, `extra` what its ledger said beyond them."""

    id: int
    kind: str
    key: str
    values: Mapping[str, Any]
    extra: Mapping[str, Any]
    ended: str | None
    row: Mapping[str, Any]

    @property
    def version(self) -> str:
        """Changes whenever anything of the record does, with its last change; for ETags."""
        return f"{self.row['id']}.{self.row.get('last_change') or 0}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A record as of a day: what each field said and what made it so, all its changes, the findings on it."""

    record: Record
    as_of: date
    fields: Mapping[str, Held]
    changes: Sequence[Change]
    issues: Sequence[Mapping[str, Any]]
    origin: Mapping[str, Any] | None


def get_record(connection: Connection, kind: RecordKind, key: str) -> Record:
    """The record of a key; raises NotFound."""
    found = records_of_key(connection, kind, key)
    if not found:
        raise NotFound(f"there is no {kind.name} {key}", path=key)
    return found[-1]


def find_record(connection: Connection, kind: RecordKind, record_id: int) -> Record | None:
    """The record of an id, None where it is of another kind or not there."""
    return next((_record(kind, *row) for row in seen_with(connection, kind, "record_id", record_id)), None)


def records_of_key(connection: Connection, kind: RecordKind, key: str) -> list[Record]:
    """The visible records of a key, the oldest first: one that stands, and those that ended before it came."""
    return [_record(kind, *row) for row in seen_with(connection, kind, "key", key)]


def records_of_rows(kind: RecordKind, rows: Sequence[Sequence[Any]]) -> list[Record]:
    """The records of what the driver gave to `plain_statement`."""
    return [_record(kind, *row) for row in plain_rows(kind, rows)]


def page_of_records(
    connection: Connection, kind: RecordKind, *, limit: int, after: str | None = None, where: Sequence[ColumnElement[bool]] = ()
) -> list[Record]:
    """At most `limit` records in the order of their keys, those after the key `after`; ended ones are not among them."""
    table = schema.kind_table(kind.name)
    conditions = [table.c.ended.is_(None), *where]
    if after is not None:
        conditions.append(table.c.key > after)
    return records_where(connection, kind, and_(*conditions), order=table.c.key, limit=limit)


def records_where(
    connection: Connection, kind: RecordKind, condition: ColumnElement[bool], *, order: Any = None, limit: int | None = None
) -> list[Record]:
    """The visible records that meet a condition on the table of the kind."""
    first = schema.kind_table(kind.name).c.key if order is None else order
    rows = seen_rows(connection, kind, condition, now=clock_of(connection, kind.name), order=first, limit=limit)
    return [_record(kind, *row) for row in rows]


def as_told(connection: Connection, kind: RecordKind, record: Record, *, as_of: date, known_at_us: int) -> Told:
    """What a record said on a day, as far as was known at a moment (microseconds since 1970 UTC)."""
    changes = changes_of(connection, record.id)
    of_field = changes_by_field(changes)
    fields = {name: held_at(value, of_field.get(name, ()), as_of=as_of, known_at_us=known_at_us) for name, value in record.values.items()}
    rows = connection.execute(
        select(schema.register_issue).where(Issues.record_id == record.id).order_by(Issues.revision_id, Issues.ordinal)
    )
    known = [change for change in changes if change.recorded_us <= known_at_us]
    return Told(
        record=record,
        as_of=as_of,
        fields=fields,
        changes=known,
        issues=[dict(row) for row in rows.mappings()],
        origin=_origin(connection, record),
    )


def _origin(connection: Connection, record: Record) -> dict[str, Any] | None:
    if record.row["revision_id"] is None:
        return None
    revisions = schema.register_revision
    row = connection.execute(select(revisions).where(revisions.c.id == record.row["revision_id"])).mappings().one()
    return {**row, "line": record.row["line"]}


def _record(kind: RecordKind, row: Mapping[str, Any], values: Mapping[str, Any]) -> Record:
    return Record(
        id=row["record_id"],
        kind=kind.name,
        key=row["key"],
        values=values,
        extra=from_json(row["extra"]) if row["extra"] else {},
        ended=row["ended"],
        row=row,
    )
