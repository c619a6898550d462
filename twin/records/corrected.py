"""What people corrected stands against the ledger that still says the old; where the ledger says something new, a person decides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, update

from twin.records.counters import take_ids
from twin.store import record_schema as schema
from twin.store.database import rows_among
from twin.store.values import from_json, to_json, to_microseconds

__all__ = ["Contradiction", "Corrected", "find_corrected", "note_contradictions"]

CORRECTED = schema.corrected.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """A ledger says something new where a correction stands: `said` is the stored value, `before` what it said until now."""

    record_id: int
    column: str
    said: Any
    before: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """Record → corrected column of its table → what the ledger said there."""

    said: Mapping[int, Mapping[str, Any]]

    def columns_of(self, record_id: int) -> Iterable[str]:
        """The corrected columns of a record."""
        return self.said.get(record_id, {}).keys()

    def contradictions(self, record_id: int, says: Mapping[str, Any]) -> list[Contradiction]:
        """Where the ledger says something else than before at a corrected column."""
        return [
            Contradiction(record_id=record_id, column=column, said=says[column], before=before)
            for column, before in self.said.get(record_id, {}).items()
            if column in says and says[column] != before
        ]


def find_corrected(connection: Connection, record_ids: Sequence[int]) -> Corrected:
    """The standing corrections of these records."""
    said: dict[int, dict[str, Any]] = {}
    for row in rows_among(connection, schema.corrected.c, CORRECTED.record_id, record_ids):
        said.setdefault(row.record_id, {})[row.column_name] = from_json(row.ledger_value)
    return Corrected(said=said)


def note_contradictions(connection: Connection, found: Sequence[Contradiction], *, now: datetime, revision_id: int) -> None:
    """Put contradictions on the work list, and remember what the ledger says now: the same is not told twice."""
    for one in found:
        here = (CORRECTED.record_id == one.record_id, CORRECTED.column_name == one.column)
        connection.execute(update(schema.corrected).where(*here).values(ledger_value=to_json(one.said)))
        detail = {"column": one.column, "ledger_says": one.said, "ledger_said": one.before, "revision_id": revision_id}
        connection.execute(
            insert(schema.work_item).values(
                id=take_ids(connection, "work_item"),
                code="CORRECTION_CONTRADICTED",
                subject=f"{one.record_id}:{one.column}",
                record_id=one.record_id,
                message="the ledger says something new where a correction stands",
                detail=to_json(detail),
                state="open",
                opened_us=to_microseconds(now),
            )
        )
