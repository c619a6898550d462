"""The changes of a record as the store keeps them, and what its fields said on a day."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, and_, or_, select

from twin.records.timeline import Change
from twin.store import record_schema as schema
from twin.store.values import from_json

__all__ = ["changes_by_field", "changes_of", "changes_of_many"]

CHANGE, CLOCK = schema.change.c, schema.clock.c
AT_ONCE = 500
MANY = 20_000


def changes_of(connection: Connection, record_id: int, field: str | None = None) -> list[Change]:
    """The changes of a record that readers see, oldest first; of one field where it is named."""
    seen = or_(CLOCK.now.is_(None), CHANGE.since <= CLOCK.now)
    query = (
        select(schema.change)
        .outerjoin(schema.clock, and_(CLOCK.kind == CHANGE.kind))
        .where(CHANGE.record_id == record_id, seen)
        .order_by(CHANGE.id)
    )
    if field is not None:
        query = query.where(CHANGE.field == field)
    return [_change(dict(row)) for row in connection.execute(query).mappings()]


def changes_of_many(
    connection: Connection, kind: str, record_ids: Sequence[int], fields: Collection[str] | None = None
) -> dict[int, list[Change]]:
    """Record → its changes that readers see, of these fields where they are named, oldest first; records without any are left out."""
    seen = or_(CLOCK.now.is_(None), CHANGE.since <= CLOCK.now)
    query = select(schema.change).outerjoin(schema.clock, CLOCK.kind == CHANGE.kind).where(CHANGE.kind == kind, seen).order_by(CHANGE.id)
    if fields is not None:
        query = query.where(CHANGE.field.in_(sorted(fields)))
    found: dict[int, list[Change]] = {}
    for part in _parts(record_ids):
        for row in connection.execute(query if part is None else query.where(CHANGE.record_id.in_(part))).mappings():
            found.setdefault(row["record_id"], []).append(_change(dict(row)))
    return found


def changes_by_field(changes: Sequence[Change]) -> dict[str, list[Change]]:
    """Field → its changes."""
    found: dict[str, list[Change]] = {}
    for change in changes:
        found.setdefault(change.field, []).append(change)
    return found


def _parts(record_ids: Sequence[int]) -> Iterable[Sequence[int] | None]:
    """The ids in parts a statement takes; None, for all of the kind, where there are very many."""
    if len(record_ids) > MANY:
        return [None]
    return [record_ids[start : start + AT_ONCE] for start in range(0, len(record_ids), AT_ONCE)]


def _change(row: Mapping[str, Any]) -> Change:
    return Change(
        id=row["id"],
        field=row["field"],
        old=_value(row["old"]),
        new=_value(row["new"]),
        valid_from=date.fromisoformat(row["valid_from"]),
        recorded_us=row["recorded_us"],
        source=row["source"],
        who=row["who"],
        method=row["method"],
        request_id=row["request_id"],
        reverts=row["reverts"],
    )


def _value(text: str | None) -> Any:
    return None if text is None else from_json(text)
