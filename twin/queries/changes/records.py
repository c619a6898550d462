"""The changes of one kind of records behind a mark, as a reader may know of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, and_, select

from twin.codes import RecordKind
from twin.queries.changes.position import RecordMark
from twin.queries.changes.scope import ReaderScope
from twin.queries.records.documents import record_href, shown, withheld_columns
from twin.records.counters import clock_of
from twin.records.read import Record, records_where
from twin.records.scope import Reader, one_of, visible_conditions
from twin.records.shelf import Shelf
from twin.store import record_schema as schema
from twin.store.values import from_json, from_microseconds

__all__ = ["RecordChanges"]

CHANGE, REVISION = schema.change.c, schema.register_revision.c
READ_AT_ONCE = 500
SEEN = ("current", "sweeping", "superseded")
Told = tuple[dict[str, Any], RecordMark]


class _Group(NamedTuple):
    """The fields of one record that were changed at once."""

    rows: Sequence[Row[Any]]

    @property
    def record_id(self) -> int:
        """The record."""
        return int(self.rows[0].record_id)


class RecordChanges:
    """The changes of a kind on one connection, which sees one state of the records."""

    def __init__(self, connection: Connection, shelf: Shelf, kind: RecordKind, reader: Reader) -> None:
        self._connection, self._kind, self._reader, self._shelf = connection, kind, reader, shelf
        self._table = schema.kind_table(kind.name)
        self._withheld = frozenset(withheld_columns(kind, reader))
        self._now = clock_of(connection, kind.name)

    @cached_property
    def _visible(self) -> list[ColumnElement[bool]]:
        """Worked out for kinds alone of which there is something to tell: it goes through all places."""
        return visible_conditions(self._kind, self._reader, self._shelf.places(self._connection), self._shelf.units(self._connection))

    @cached_property
    def _scope(self) -> ReaderScope:
        places, units = self._shelf.places(self._connection), self._shelf.units(self._connection)
        return ReaderScope(self._connection, self._kind, self._reader, places, units)

    def behind(self, mark: RecordMark) -> Iterator[Told]:
        """Each change the reader may know of, with the mark behind it, in the order in which they were seen."""
        for clock in range(mark.clock, self._now + 1):
            part, number = (mark.part, mark.number) if clock == mark.clock else (0, 0)
            if part == 0:
                yield from self._created(clock, number)
                number = 0
            yield from self._changed(clock, number)

    def _created(self, clock: int, number: int) -> Iterator[Told]:
        """What the import that turned the clock to this brought, behind the record `number`."""
        query = select(schema.register_revision).where(REVISION.kind == self._kind.name, REVISION.clock == clock, REVISION.status.in_(SEEN))
        for revision in self._connection.execute(query.order_by(REVISION.id)).mappings().all():
            after = max(number, (revision["first_record"] or 0) - 1)
            while records := self._brought_by(revision["id"], after, revision["last_record"] or 0):
                for record in records:
                    event = self._event("created", record, revision["recorded_us"], revision["as_of"])
                    source = {"method": "import", "source": revision["source"]}
                    yield {**event, **source, "values": self._values(record)}, RecordMark(clock, 0, record.id)
                after = records[-1].id

    def _brought_by(self, revision_id: int, after: int, last: int) -> list[Record]:
        table = self._table.c
        condition = and_(table.record_id > after, table.record_id <= last, table.revision_id == revision_id, *self._visible)
        return records_where(self._connection, self._kind, condition, order=table.record_id, limit=READ_AT_ONCE)

    def _changed(self, clock: int, number: int) -> Iterator[Told]:
        """Single changes, those behind the one of this number; the fields of a record that were changed at once together."""
        groups: list[_Group] = []
        rows = self._rows(clock, number)
        for _, together in groupby(rows, key=lambda row: (row.record_id, row.recorded_us, row.method, row.field in ("added", "ended"))):
            groups.append(_Group(list(together)))
            if len(groups) == READ_AT_ONCE:
                yield from self._told(groups, clock)
                groups = []
        yield from self._told(groups, clock)

    def _rows(self, clock: int, number: int) -> Iterator[Row[Any]]:
        query = select(schema.change).where(CHANGE.kind == self._kind.name, CHANGE.since == clock).order_by(CHANGE.id)
        while rows := self._connection.execute(query.where(CHANGE.id > number).limit(READ_AT_ONCE)).all():
            yield from rows
            number = rows[-1].id

    def _told(self, groups: Sequence[_Group], clock: int) -> Iterator[Told]:
        if not groups:
            return
        ids = one_of(self._table.c.record_id, (group.record_id for group in groups))
        seen = self._records(and_(ids, *self._visible))
        hidden = {} if self._reader.sees_all else {number: one for number, one in self._records(ids).items() if number not in seen}
        for group in groups:
            event = self._of_group(group, seen.get(group.record_id), hidden.get(group.record_id))
            if event is not None:
                yield event, RecordMark(clock, 1, int(group.rows[-1].id))

    def _records(self, condition: ColumnElement[bool]) -> dict[int, Record]:
        return {record.id: record for record in records_where(self._connection, self._kind, condition)}

    def _of_group(self, group: _Group, seen: Record | None, hidden: Record | None) -> dict[str, Any] | None:
        last = group.rows[-1]
        record = seen or hidden
        if record is None:
            return None
        moved = {row.field: _value(row.old) for row in reversed(group.rows) if row.field in self._scope.fields}
        held = not moved or self._scope.held(record, moved)
        if seen is None:
            return self._event("left", record, last.recorded_us, last.valid_from) if moved and held else None
        if last.field == "ended":
            return self._event("ended", seen, last.recorded_us, last.valid_from) | self._author(last)
        if last.field == "added" or not held:
            event = self._event("created" if last.field == "added" else "entered", seen, last.recorded_us, last.valid_from)
            return event | self._author(last) | {"values": self._values(seen)}
        fields = [row for row in group.rows if row.field not in self._withheld]
        if not fields:
            return None
        told = {row.field: {"old": self._shown(row.field, row.old), "new": self._shown(row.field, row.new)} for row in fields}
        event = self._event("changed", seen, last.recorded_us, last.valid_from) | self._author(last)
        return event | {"fields": told, "values": self._values(seen, frozenset(told))}

    def _event(self, kind: str, record: Record, recorded_us: int, valid_from: str) -> dict[str, Any]:
        return {
            "type": kind,
            "collection": self._kind.plural,
            "id": record.key,
            "href": None if kind == "left" else record_href(self._kind, record.key),
            "recorded_at": from_microseconds(recorded_us).isoformat(),
            "valid_from": valid_from,
        }

    def _author(self, row: Row[Any]) -> dict[str, Any]:
        return {"method": row.method, "source": row.source, **({"reverts": True} if row.reverts is not None else {})}

    def _values(self, record: Record, only: frozenset[str] | None = None) -> dict[str, Any]:
        """What the record says now: a change that holds from an earlier day need not be what its field says today."""
        columns = [column for column in self._kind.columns if column.name not in self._withheld and (only is None or column.name in only)]
        return {column.name: shown(column, record.values[column.name]) for column in columns}

    def _shown(self, field: str, text: str | None) -> Any:
        return shown(self._kind.column(field), _value(text))


def _value(text: str | None) -> Any:
    return None if text is None else from_json(text)
