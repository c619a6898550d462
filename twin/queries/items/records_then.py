"""Records as of a day, one by one: what each said then by replay of its changes, as its dossier of that day says it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Connection, select

from spatial.feature import DEVICES
from twin.codes import RecordKind
from twin.queries.cql2 import Filter, ValueType
from twin.queries.cql2.evaluate import evaluate
from twin.queries.cql2.functions import Day, Instant
from twin.queries.cql2.nodes import properties_in
from twin.queries.items.item import Item
from twin.queries.items.record_types import TYPES
from twin.queries.items.records import RecordItems
from twin.records.history import changes_by_field, changes_of_many
from twin.records.read import Record
from twin.records.timeline import Change, held_at, standing
from twin.records.told_rows import told_of
from twin.store import record_schema as schema

__all__ = ["Replay", "Then", "holds", "said", "types_of"]

NOT_PLACING = frozenset({"name", "remark", "unit", "label", "guards"})
"""Columns of devices that say nothing of where they stand or what they cover."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Then:
    """A record with what it said on the day; `moved`: it may have stood elsewhere than where its row stands now."""

    record: Record
    moved: bool


class Replay:
    """What records of a kind said on a day, as far as was known at a moment (microseconds since 1970 UTC)."""

    def __init__(self, connection: Connection, kind: RecordKind, day: date, known_at_us: int, made: RecordItems) -> None:
        self._connection, self._kind, self._day, self._known_at_us, self._made = connection, kind, day, known_at_us, made
        devices = {column.name for column in kind.columns} - NOT_PLACING
        located = {column.name for column in kind.columns if column.part == "location"}
        self.placing = devices if kind.name in DEVICES else located

    def of(self, records: Sequence[Record], *, told: Collection[str] | None = None) -> list[Then]:
        """Those of the records that had begun and had not ended by the day, in their order; `told` are the fields that the records have."""
        brought = self._brought({record.row["revision_id"] for record in records})
        changes = self._changes(records, brought, told)
        found = []
        for record in records:
            known = [one for one in changes.get(record.id, ()) if one.recorded_us <= self._known_at_us]
            if not self._had_ended(known) and self._had_begun(brought.get(record.row["revision_id"]), known):
                found.append(self._then(record, known))
        return found

    def _changes(self, records: Sequence[Record], brought: Mapping[int, str], told: Collection[str] | None) -> dict[int, list[Change]]:
        """Of what an import had brought by the day only those of the fields told, and the end: it had begun."""
        there = {number for number, day in brought.items() if day <= self._day.isoformat()} if told is not None else set()
        certain = [record.id for record in records if record.row["revision_id"] in there]
        others = [record.id for record in records if record.row["revision_id"] not in there]
        found = changes_of_many(self._connection, self._kind.name, others) if others else {}
        return found | (changes_of_many(self._connection, self._kind.name, certain, {*(told or ()), "ended"}) if certain else {})

    def items(self, found: Sequence[Then]) -> list[Item]:
        """The items; of one that may have stood elsewhere nothing is told of where."""
        made = self._made.of(told_of(self._kind, [one.record for one in found]))
        nowhere: dict[str, Any] = {"geometry": None, "low_m": None, "high_m": None}
        items = []
        for one, item in zip(found, made, strict=True):
            told = replace(item, version=None)
            if one.moved:
                told = replace(told, **nowhere, properties={**item.properties, "place": None, "place_feature": None})
            items.append(told)
        return items

    def _then(self, record: Record, changes: Sequence[Change]) -> Then:
        if not changes:
            return Then(record=record, moved=False)
        of_field = changes_by_field(changes)
        how = {"as_of": self._day, "known_at_us": self._known_at_us}
        values = {name: held_at(value, of_field.get(name, ()), **how).value for name, value in record.values.items()}  # type: ignore[arg-type]
        differing = {name for name, value in values.items() if value != record.values[name]}
        return Then(record=replace(record, values=values), moved=bool(differing & self.placing))

    def _brought(self, revisions: set[int | None]) -> dict[int, str]:
        """Revision → the day from which what it brought holds."""
        table = schema.register_revision.c
        query = select(table.id, table.as_of).where(table.id.in_([one for one in revisions if one is not None]))
        return {int(number): str(day) for number, day in self._connection.execute(query)}

    def _had_begun(self, brought: str | None, changes: Sequence[Change]) -> bool:
        """On the day its ledger or its author said; any earlier day from which one of its values holds counts too."""
        days = [one.valid_from.isoformat() for one in changes if one.field != "ended"] + ([brought] if brought else [])
        return not days or min(days) <= self._day.isoformat()

    def _had_ended(self, changes: Sequence[Change]) -> bool:
        ends = standing((one for one in changes if one.field == "ended"), known_at_us=self._known_at_us)
        return any(one.new is not None and one.new <= self._day.isoformat() for one in ends)


def holds(condition: Filter, one: Then, types: dict[str, ValueType]) -> bool:
    """Whether a condition of records holds of what one said."""
    return evaluate(condition.node, {name: said(one, name, types) for name in properties_in(condition.node)}) is True


def said(one: Then, name: str, types: dict[str, ValueType]) -> Any:
    """A value as filters compare it."""
    value = one.record.key if name == "id" else one.record.values[name]
    if value is None:
        return None
    match types[name]:
        case ValueType.DATE:
            return Day(value)
        case ValueType.INSTANT:
            return Instant(value)
        case ValueType.NUMBER:
            return float(value)
    return value


def types_of(kind: RecordKind, withheld: frozenset[str]) -> dict[str, ValueType]:
    """What a condition may name, by type."""
    return {"id": ValueType.STRING} | {column.name: TYPES[column.type] for column in kind.columns if column.name not in withheld}
