"""A ledger of an earlier day than what is known already: what it says holds from its day until the change that came after that day.

So it is noted in the history, and the row goes on saying what holds today, as the dossier does (docs/decisions/066).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

from sqlalchemy import Connection

from twin.records.history import changes_by_field, changes_of_many
from twin.records.ledger import NewLedger
from twin.records.stored_row import stored_row
from twin.records.timeline import Change, held_at, standing
from twin.records.values import field_values
from twin.store import record_schema as schema
from twin.store.database import rows_among
from twin.store.record_schema import column_name

__all__ = ["Overtaken", "find_overtaken"]

CHANGE = schema.change.c
Row: TypeAlias = Mapping[str, Any]
Later: TypeAlias = dict[str, list[Change]]
"""Field → its changes, where one that stands holds from a later day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overtaken:
    """A row of a ledger against the history of its record: `noted` by field (what held on the ledger's day, what the ledger says of it),
    `columns` of the table that say otherwise from now on; `late` where something noted does not hold until today."""

    noted: Mapping[str, tuple[Any, Any]]
    columns: Mapping[str, Any]
    late: bool


def find_overtaken(connection: Connection, new: NewLedger, versions: Sequence[Row], said: Sequence[Row]) -> dict[int, Overtaken]:
    """By row those with a field that changed on a later day than the ledger's; `said` is what the ledger says by column of the table,
    without what a person corrected."""
    histories = _later(connection, new, [version["record_id"] for version in versions])
    found: dict[int, Overtaken] = {}
    for index, (version, values) in enumerate(zip(versions, said, strict=True)):
        of_record = histories.get(version["record_id"], {})
        later = {name: changes for name, changes in of_record.items() if column_name(new.kind.column(name)) in values}
        if later:
            found[index] = _overtaken(connection, new, version, values, later)
    return found


def _later(connection: Connection, new: NewLedger, record_ids: Sequence[int]) -> dict[int, Later]:
    day, known = new.as_of.isoformat(), {column.name for column in new.kind.columns}
    rows = rows_among(connection, (CHANGE.record_id, CHANGE.field, CHANGE.valid_from), CHANGE.record_id, record_ids)
    late = {int(row.record_id) for row in rows if row.valid_from > day and row.field in known}
    found: dict[int, Later] = {}
    for record, changes in changes_of_many(connection, new.kind.name, sorted(late)).items():
        of_field = {name: own for name, own in changes_by_field(changes).items() if name in known and _is_later(own, new.as_of)}
        if of_field:
            found[record] = of_field
    return found


def _is_later(changes: Sequence[Change], day: date) -> bool:
    return any(change.valid_from > day for change in standing(changes, known_at_us=schema.FOREVER))


def _overtaken(connection: Connection, new: NewLedger, version: Row, said: Row, later: Later) -> Overtaken:
    columns = {name: value for name, value in said.items() if value != version[name]}
    mixed = {column_name(new.kind.column(name)) for name in later}
    before, after = field_values(connection, new.kind, [version, {**version, **said}], only=columns.keys() | mixed)
    held = before | {
        name: held_at(before[name], changes, as_of=new.as_of, known_at_us=schema.FOREVER).value for name, changes in later.items()
    }
    noted = {name: (held[name], value) for name, value in after.items() if value != held[name]}
    today = {name: before[name] if name in later else value for name, value in after.items()}
    columns = {name: value for name, value in columns.items() if name not in mixed}
    columns |= {name: value for name, value in stored_row(connection, new.kind, today, mixed).items() if value != version[name]}
    if any(change.method == "import" for changes in later.values() for change in changes):
        columns.pop("extra", None)
    if noted and not columns:
        columns["extra"] = version["extra"]  # the next version of a row that says the same: its history alone is another
    return Overtaken(noted=noted, columns=columns, late=not later.keys().isdisjoint(noted))
