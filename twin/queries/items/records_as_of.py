"""Records as items as of a day: what each said then, as its dossier of that day says it (docs/decisions/035).

History is kept by record, so it is replayed record by record and judged in Python: for registers up to `MOST` records.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from typing import Any

import numpy as np
from sqlalchemy import Connection, and_, select, true

from spatial.feature import DEVICES
from twin.codes import RecordKind
from twin.errors import Invalid, NotFound
from twin.queries.cql2 import Filter, Queryable, Queryables, ValueType
from twin.queries.cql2.compile import check_filter
from twin.queries.cql2.evaluate import evaluate
from twin.queries.cql2.functions import Day, Instant
from twin.queries.cql2.nodes import properties_in
from twin.queries.items.asked import Asked, ItemPage
from twin.queries.items.catalogue import Catalogue, Collection, ItemReader
from twin.queries.items.device_shapes import DeviceShapes
from twin.queries.items.item import Item
from twin.queries.items.record_types import TYPES
from twin.queries.items.records import RecordItems, RecordQuery
from twin.queries.items.time import Span
from twin.queries.records.documents import withheld_columns
from twin.records.history import changes_by_field, changes_of_many
from twin.records.read import Record, records_where
from twin.records.scope import visible_conditions
from twin.records.timeline import Change, held_at
from twin.records.told_rows import told_of
from twin.store import record_schema as schema
from twin.store.values import to_microseconds

__all__ = ["MOST", "RecordsAsOf", "day_of"]

MOST = 20_000
"""So many records of a kind at most are told as of another day; of more it is refused, in words."""
NOT_PLACING = frozenset({"name", "remark", "unit", "label", "guards"})
"""Columns of devices that say nothing of where they stand or what they cover."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Then:
    """A record with what it said on the day; `moved`: it may have stood elsewhere than where its row stands now."""

    record: Record
    moved: bool


def day_of(span: Span, kind: RecordKind) -> date:
    """The day (UTC) that a span lies in: history holds by the day. Raises Invalid for one of several days, or open."""
    if span.start is None or span.end is None or span.start.date() != span.end.date():
        hint = f"an instant or a day: 2026-01-01T00:00:00Z; /{kind.plural}/KEY/dossier lists what changed when"
        raise Invalid("records are told as of one day, not of several", path="datetime", code="PARAMETER_INVALID", hint=hint)
    return span.start.date()


class RecordsAsOf:
    """The question of `ItemQuery` to the records of a kind as of a day: those that had begun and had not ended by then.

    Who may know of a record now may know of what it was. Where it stood is told where nothing that it said of its place was
    another; a box is refused where that of one record is not known.
    """

    def __init__(self, connection: Connection, catalogue: Catalogue, collection: Collection, reader: ItemReader, asked: Asked) -> None:
        assert collection.record is not None and reader.records is not None and asked.span is not None
        self._connection, self._kind, self._reader, self._asked = connection, collection.record, reader, asked
        self._day = day_of(asked.span, self._kind)
        shelf = catalogue.registers.shelf
        self._places = shelf.places(connection)
        self._seen = visible_conditions(self._kind, reader.records, self._places, shelf.units(connection))
        table = schema.kind_table(self._kind.name)
        shapes = DeviceShapes(connection, table, reader, None) if self._kind.name in DEVICES else None
        self._made = RecordItems(self._kind, self._places, reader, shapes)
        self._known_at_us = to_microseconds(catalogue.registers.now())
        self._now = RecordQuery(connection, catalogue, collection, reader, Asked())
        withheld = frozenset(withheld_columns(self._kind, reader.records))
        self._types = {"id": ValueType.STRING} | {c.name: TYPES[c.type] for c in self._kind.columns if c.name not in withheld}
        located = {column.name for column in self._kind.columns if column.part == "location"}
        devices = {column.name for column in self._kind.columns} - NOT_PLACING
        self._placing = devices if self._kind.name in DEVICES else located
        self._item_of: dict[int, Item] = {}
        self._check()

    def page(self, *, after: str, limit: int) -> ItemPage:
        """At most `limit` items behind the one with the id `after`, in the order of `sort`, else of ids."""
        start = self._behind(after)
        items = [self._item_of[one.record.id] for one in self._found[start : start + limit]]
        more = start + limit < len(self._found)
        return ItemPage(items=items, after=items[-1].id if more else None)

    def one(self, item_id: str) -> Item:
        """The record of a key as it stood; raises NotFound also where it had not begun, or had ended."""
        found = next((one for one in self._found if one.record.key == item_id), None)
        if found is None:
            raise NotFound(f"there was no {self._kind.name} {item_id} on {self._day}", path=item_id)
        return self._item_of[found.record.id]

    def count(self) -> int | None:
        """How many match, exactly."""
        return len(self._found)

    def extent(self) -> tuple[float | None, ...]:
        """That of the collection now."""
        return self._now.extent()

    def begun(self) -> datetime | None:
        """Since when the collection has something to tell."""
        return self._now.begun()

    @cached_property
    def _found(self) -> list[_Then]:
        found = [one for one in self._standing() if all(self._holds(condition, one) for condition in self._asked.filters)]
        self._make(found)
        if self._asked.box is not None:
            found = self._within(found)
        found.sort(key=lambda one: (one.record.key, one.record.id))
        for name, descending in reversed(self._asked.sort):
            said = [(self._value(one, name), one) for one in found]
            known = sorted((pair for pair in said if pair[0] is not None), key=lambda pair: pair[0], reverse=descending)
            found = [one for _, one in known] + [one for value, one in said if value is None]
        return found

    def _standing(self) -> Iterator[_Then]:
        """The records that had begun and not ended, each with what it said."""
        table = schema.kind_table(self._kind.name)
        records = records_where(self._connection, self._kind, and_(true(), *self._seen), order=table.c.key, limit=MOST + 1)
        if len(records) > MOST:
            hint = f"/{self._kind.plural}/KEY/dossier?as_of={self._day} tells of one"
            what = f"more than {MOST:,} {self._kind.plural} are not told as of another day"
            raise Invalid(what, path="datetime", code="PARAMETER_INVALID", hint=hint)
        changes = changes_of_many(self._connection, self._kind.name, [record.id for record in records])
        brought = self._brought({record.row["revision_id"] for record in records})
        for record in records:
            known = [one for one in changes.get(record.id, ()) if one.recorded_us <= self._known_at_us]
            if not self._had_ended(known) and self._had_begun(brought.get(record.row["revision_id"]), known):
                yield self._then(record, known)

    def _then(self, record: Record, changes: Sequence[Change]) -> _Then:
        of_field = changes_by_field(changes)
        how = {"as_of": self._day, "known_at_us": self._known_at_us}
        values = {name: held_at(value, of_field.get(name, ()), **how).value for name, value in record.values.items()}  # type: ignore[arg-type]
        differing = {name for name, value in values.items() if value != record.values[name]}
        return _Then(record=replace(record, values=values), moved=bool(differing & self._placing))

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
        return any(one.field == "ended" and one.new is not None and one.new <= self._day.isoformat() for one in changes)

    def _make(self, found: Sequence[_Then]) -> None:
        """The items; of one that may have stood elsewhere nothing is told of where."""
        made = self._made.of(told_of(self._kind, [one.record for one in found]))
        nowhere: dict[str, Any] = {"geometry": None, "low_m": None, "high_m": None}
        for one, item in zip(found, made, strict=True):
            item = replace(item, version=None)
            if one.moved:
                item = replace(item, **nowhere, properties={**item.properties, "place": None, "place_feature": None})
            self._item_of[one.record.id] = item

    def _within(self, found: Sequence[_Then]) -> list[_Then]:
        assert self._asked.box is not None
        moved = [one.record.key for one in found if one.moved]
        if moved:
            what = f"where {len(moved)} of them stood on {self._day} is not kept, {moved[0]} among them"
            raise Invalid(what, path="bbox", code="PARAMETER_INVALID", hint="leave out bbox, or datetime")
        if not found:
            return []
        items = [self._item_of[one.record.id] for one in found]
        low, high = np.array([(item.low_m, item.high_m) for item in items], dtype=np.float64).T
        meets = self._asked.box.meets(np.array([item.geometry for item in items], dtype=object), low, high)
        return [one for one, hit in zip(found, meets, strict=True) if hit]

    def _holds(self, condition: Filter, one: _Then) -> bool:
        return evaluate(condition.node, {name: self._value(one, name) for name in properties_in(condition.node)}) is True

    def _value(self, one: _Then, name: str) -> Any:
        """A value as filters compare it."""
        value = one.record.key if name == "id" else one.record.values[name]
        if value is None:
            return None
        match self._types[name]:
            case ValueType.DATE:
                return Day(value)
            case ValueType.INSTANT:
                return Instant(value)
            case ValueType.NUMBER:
                return float(value)
        return value

    def _check(self) -> None:
        """Raise what a filter of records now raises, and for conditions on shapes, which are not kept by day."""
        table = schema.kind_table(self._kind.name)
        named = [Queryable(name=name, type=kind, expression=table.c.id) for name, kind in self._types.items()]
        known = Queryables(*named, Queryable(name="geometry", type=ValueType.GEOMETRY, expression=table.c.id), key=table.c.id)
        for one in self._asked.filters:
            check_filter(one, known)
            if "geometry" in properties_in(one.node):
                what = "conditions on the geometry of records are answered as of now alone"
                raise Invalid(what, path="filter", code="FILTER_INVALID", hint="leave out datetime, or ask with bbox")

    def _behind(self, after: str) -> int:
        if not after:
            return 0
        keys = [one.record.key for one in self._found]
        if after in keys:
            return keys.index(after) + 1
        if self._asked.sort or "\0" in after:
            raise Invalid("after is of no page here", path="after", code="PARAMETER_INVALID", hint="follow the next link")
        return bisect_right(keys, after)
