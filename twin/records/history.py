"""The changes of a record as the store keeps them, and what its fields said on a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, and_, or_, select

from twin.records.timeline import Change
from twin.store import record_schema as schema
from twin.store.values import from_json

__all__ = ["changes_by_field", "changes_of"]

CHANGE, CLOCK = schema.change.c, schema.clock.c


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


def changes_by_field(changes: Sequence[Change]) -> dict[str, list[Change]]:
    """Field → its changes."""
    found: dict[str, list[Change]] = {}
    for change in changes:
        found.setdefault(change.field, []).append(change)
    return found


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
