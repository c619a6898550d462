"""Records as items as of a day: what each said then, as its dossier of that day says it (docs/decisions/035, 059).

Those that nothing changed since are told from their rows, as those of now are; only the others are replayed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime
from functools import cached_property
from heapq import merge
from itertools import islice
from typing import Any

from sqlalchemy import Connection, select

from spatial.feature import DEVICES
from twin.codes import RecordKind
from twin.errors import Invalid, NotFound
from twin.queries.cql2 import Queryable, Queryables, ValueType
from twin.queries.cql2.compile import check_filter
from twin.queries.cql2.nodes import properties_in
from twin.queries.items.asked import Asked, ItemPage
from twin.queries.items.catalogue import Catalogue, Collection, ItemReader
from twin.queries.items.device_shapes import DeviceShapes
from twin.queries.items.in_order import InOrder
from twin.queries.items.item import Item
from twin.queries.items.records import RecordItems, RecordQuery
from twin.queries.items.records_moved import MovedRecords
from twin.queries.items.records_then import Replay, types_of
from twin.queries.items.sorting import place_key
from twin.queries.items.time import Span
from twin.queries.records.documents import withheld_columns
from twin.records.moves import read_moves
from twin.records.read import records_of_key
from twin.records.scope import visible_conditions
from twin.store import record_schema as schema
from twin.store.values import to_microseconds

__all__ = ["RecordsAsOf", "day_of"]


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
        self._catalogue, self._collection, self._table = catalogue, collection, schema.kind_table(collection.record.name)
        self._day, shelf = day_of(asked.span, self._kind), catalogue.registers.shelf
        places = shelf.places(connection)
        self._seen = visible_conditions(self._kind, reader.records, places, shelf.units(connection))
        shapes = DeviceShapes(connection, self._table, reader, None) if self._kind.name in DEVICES else None
        made = RecordItems(self._kind, places, reader, shapes)
        self._replay = Replay(connection, self._kind, self._day, to_microseconds(catalogue.registers.now()), made)
        self._moves = read_moves(connection, self._kind, self._day)
        self._types = types_of(self._kind, frozenset(withheld_columns(self._kind, reader.records)))
        self._moved = MovedRecords(connection, catalogue.registers, self._moves, self._replay, reader, self._seen, self._types)
        self._key: Callable[[str], Any] = place_key(asked.sort) if asked.sort else str
        self._check()

    def page(self, *, after: str, limit: int) -> ItemPage:
        """At most `limit` items behind where a page before ended, in the order of `sort`, else of ids."""
        if "\0" in after:
            raise Invalid("after is of no page here", path="after", code="PARAMETER_INVALID", hint="follow the next link")
        both = merge(self._still.matching(after, limit + 1), self._changed(after), key=lambda one: self._key(one[1]))
        found = list(islice(both, limit + 1))
        return ItemPage(items=[item for item, _ in found[:limit]], after=found[limit - 1][1] if len(found) > limit else None)

    def one(self, item_id: str) -> Item:
        """The record of a key as it stood; raises NotFound also where it had not begun, or had ended."""
        known = [record for record in records_of_key(self._connection, self._kind, item_id) if record.key == item_id]
        table = self._table.c
        asked = select(table.id).where(table.id.in_([record.row["id"] for record in known]), *self._seen)
        seen = set(self._connection.execute(asked).scalars()) if known else set()
        found = self._replay.items(self._replay.of([record for record in known if record.row["id"] in seen]))
        if not found:
            raise NotFound(f"there was no {self._kind.name} {item_id} on {self._day}", path=item_id)
        return found[0]

    def count(self) -> int | None:
        """How many match; None where more are to be replayed, or are there, than are counted."""
        if self._moved.too_many:
            return None
        unmoved = self._asked_of_rows(replace(self._asked, sort=())).count() if self._asked.sort else self._still.count()
        return None if unmoved is None else unmoved + len(self._meant)

    def extent(self) -> tuple[float | None, ...]:
        """That of the collection now."""
        return self._now.extent()

    def begun(self) -> datetime | None:
        """Since when the collection has something to tell."""
        return self._now.begun()

    @cached_property
    def _now(self) -> RecordQuery:
        return RecordQuery(self._connection, self._catalogue, self._collection, self._reader, Asked())

    @cached_property
    def _still(self) -> RecordQuery:
        return self._asked_of_rows(self._asked)

    def _asked_of_rows(self, asked: Asked) -> RecordQuery:
        """The question to those that nothing changed since."""
        return RecordQuery(self._connection, self._catalogue, self._collection, self._reader, replace(asked, span=None), moves=self._moves)

    def _changed(self, after: str) -> Iterator[tuple[Item, str]]:
        """Those that are replayed, from behind where a page ended."""
        plain = not self._asked.filters and self._asked.box is None and not self._asked.sort
        order = self._moved.all if plain and self._moved.too_many else self._meant
        yield from self._moved.items(order, order.start(after, self._key))

    @cached_property
    def _meant(self) -> InOrder:
        return self._moved.meant(self._asked)

    def _check(self) -> None:
        """Raise what a filter of records now raises, and for conditions on shapes, which are not kept by day."""
        key = self._table.c.id
        named = [Queryable(name=name, type=kind, expression=key) for name, kind in self._types.items()]
        known = Queryables(*named, Queryable(name="geometry", type=ValueType.GEOMETRY, expression=key), key=key)
        for one in self._asked.filters:
            check_filter(one, known)
            if "geometry" in properties_in(one.node):
                what = "conditions on the geometry of records are answered as of now alone"
                raise Invalid(what, path="filter", code="FILTER_INVALID", hint="leave out datetime, or ask with bbox")
