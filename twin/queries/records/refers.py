"""Which records the values of a record name: units, people, rooms and buildings, by the texts and places they were tied to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, and_, or_, select

from twin.codes import ColumnType, RecordKind, get_kind
from twin.queries.planner.day import open_day
from twin.queries.planner.sitters import second_offices
from twin.queries.records.context import Registers
from twin.queries.records.named import named_records
from twin.records.held import held_records
from twin.records.place_tree import NOWHERE, PlaceTree
from twin.records.read import Record
from twin.records.scope import Reader
from twin.store import record_schema as schema

__all__ = ["Referred", "referred"]

SECOND = "second_room"
REFERRED = ("unit", "person", "room", "building")
TERM = schema.term.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Referred:
    """Column → the record its value names; place of the path (id) → the record of that room or building. Both only for the reader."""

    columns: Mapping[str, dict[str, Any]]
    places: Mapping[int, dict[str, Any]]

    def on_path(self, place: dict[str, Any] | None) -> dict[str, Any] | None:
        """A place document whose steps say which record they are."""
        if place is None:
            return None
        return place | {"path": [step | {"record": self.places.get(step["id"])} for step in place["path"]]}


def referred(
    registers: Registers,
    connection: Connection,
    reader: Reader,
    kind: RecordKind,
    record: Record,
    held: Mapping[str, Any],
    *,
    as_of: date,
    position: int,
) -> Referred:
    """What the values `held` on a day name. Places are those of now: a column of one names it only where its value still holds."""
    places = registers.shelf.places(connection)
    texts = {column.name: (column.references, held[column.name]) for column in kind.columns if column.type is ColumnType.REF}
    by_text = _by_text(connection, {pair for pair in texts.values() if pair[1] is not None})
    steps = _steps(places, position)
    second = _second_office(registers, connection, reader, record, as_of) if held.get(SECOND) else None
    wanted = {one for one in (*by_text.values(), *steps.values(), second) if one is not None and one != record.id}
    named = named_records(registers, connection, reader, wanted, [get_kind(name) for name in REFERRED])
    on_path = {place_id: named[one] for place_id, one in steps.items() if one in named}
    columns = {name: named[one] for name, pair in texts.items() if (one := by_text.get(pair)) in named}
    kinds = {one["kind"]: one for one in on_path.values()}
    standing = [column.name for column in kind.parts("location") if held[column.name] == record.values[column.name]]
    columns |= {name: kinds[name] for name in standing if held[name] is not None and name in kinds}
    if second is not None and second in named:
        columns[SECOND] = named[second]
    return Referred(columns=columns, places=on_path)


def _by_text(connection: Connection, texts: set[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """(kind, text) → the record it was found to name."""
    if not texts:
        return {}
    said = or_(*(and_(TERM.domain == domain, TERM.text == text) for domain, text in sorted(texts)))
    query = select(TERM.domain, TERM.text, TERM.record_id).where(said, TERM.record_id.is_not(None))
    return {(row.domain, row.text): int(row.record_id) for row in connection.execute(query)}


def _second_office(registers: Registers, connection: Connection, reader: Reader, person: Record, as_of: date) -> int | None:
    """The record of the room that a person's second office is, None where it was not understood."""
    day = open_day(registers, connection, reader, as_of, None)
    people = held_records(connection, get_kind("person"), as_of, schema.kind_table("person").c.record_id == person.id)
    position = second_offices(day, people).get(person.id, NOWHERE)
    return None if position == NOWHERE else day.places.rows[position].record_id


def _steps(places: PlaceTree, position: int) -> dict[int, int]:
    """Place → record of the rooms and buildings on the way to a position."""
    if position == NOWHERE:
        return {}
    rows = [places.rows[at] for at in places.path(position)]
    return {int(row.id): int(row.record_id) for row in rows if row.record_id is not None}
