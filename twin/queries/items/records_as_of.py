"""Records as items as of a day: what each said then, as its dossier of that day says it (docs/decisions/035, 059).

Those that nothing changed since are told from their rows, as those of now are; only the others are replayed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from functools import cached_property
from heapq import merge
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import Connection, and_, select, true

from spatial.feature import DEVICES
from twin.codes import RecordKind
from twin.errors import Invalid, NotFound
from twin.queries.cql2 import Queryable, Queryables, ValueType
from twin.queries.cql2.among import among
from twin.queries.cql2.compile import check_filter
from twin.queries.cql2.nodes import properties_in
from twin.queries.items.asked import Asked, ItemPage
from twin.queries.items.asset_choice import moved_assets
from twin.queries.items.catalogue import Catalogue, Collection, ItemReader
from twin.queries.items.device_shapes import DeviceShapes
from twin.queries.items.item import Item
from twin.queries.items.records import RecordItems, RecordQuery
from twin.queries.items.records_then import Replay, Then, holds, said, types_of
from twin.queries.items.time import Span
from twin.queries.records.documents import withheld_columns
from twin.records.counters import clock_of
from twin.records.moves import read_moves
from twin.records.read import Record, records_of_key, records_where
from twin.records.scope import visible_conditions
from twin.store import record_schema as schema
from twin.store.values import to_microseconds

__all__ = ["MOST", "RecordsAsOf", "day_of"]

MOST = 20_000
"""So many records are sorted at most, and so many that changed since are judged by conditions; of more it is refused, in words."""
AT_ONCE = 1_000


class _Moved(NamedTuple):
    """A record to replay."""

    key: str
    record: int


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
        self._shelf = catalogue.registers.shelf
        places = self._shelf.places(connection)
        self._seen = visible_conditions(self._kind, reader.records, places, self._shelf.units(connection))
        shapes = DeviceShapes(connection, self._table, reader, None) if self._kind.name in DEVICES else None
        made = RecordItems(self._kind, places, reader, shapes)
        self._replay = Replay(connection, self._kind, self._day, to_microseconds(catalogue.registers.now()), made)
        self._moves = read_moves(connection, self._kind, self._day)
        self._types = types_of(self._kind, frozenset(withheld_columns(self._kind, reader.records)))
        self._now = RecordQuery(connection, catalogue, collection, reader, Asked())
        self._check()
        still = Asked(box=asked.box, filters=asked.filters, filter_crs=asked.filter_crs)
        self._still = RecordQuery(connection, catalogue, collection, reader, still, moves=self._moves)

    def page(self, *, after: str, limit: int) -> ItemPage:
        """At most `limit` items behind the one with the id `after`, in the order of `sort`, else of ids."""
        if self._asked.sort:
            return self._sorted_page(after, limit)
        if "\0" in after:
            raise _no_page()
        found = list(islice(merge(self._unmoved(after, limit), self._changed(after), key=lambda item: item.id), limit + 1))
        return ItemPage(items=found[:limit], after=found[limit - 1].id if len(found) > limit else None)

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
        if self._asked.sort:
            return len(self._sorted)
        if len(self._moved) > MOST:
            return None
        unmoved = self._still.count()
        return None if unmoved is None else unmoved + sum(1 for _ in self._changed(""))

    def extent(self) -> tuple[float | None, ...]:
        """That of the collection now."""
        return self._now.extent()

    def begun(self) -> datetime | None:
        """Since when the collection has something to tell."""
        return self._now.begun()

    @property
    def _table(self) -> Any:
        return schema.kind_table(self._kind.name)

    def _unmoved(self, after: str, limit: int) -> Iterator[Item]:
        """Those that nothing changed since, in the order of their ids."""
        place: str | None = after
        while place is not None:
            page = self._still.page(after=place, limit=limit + 1)
            yield from page.items
            place = page.after

    def _changed(self, after: str) -> Iterator[Item]:
        """Those that are replayed, in the order of their ids."""
        if (self._asked.filters or self._asked.box is not None) and len(self._moved) > MOST:
            raise self._too_many(
                f"{len(self._moved):,} {self._kind.plural} have changed since {self._day}", "leave out the condition, or a later day"
            )
        start = bisect_right(self._moved, after, key=lambda one: one.key) if after else 0
        for first in range(start, len(self._moved), AT_ONCE):
            records = self._read([one.record for one in self._moved[first : first + AT_ONCE]])
            found = [one for one in self._replay.of(records) if all(holds(part, one, self._types) for part in self._asked.filters)]
            yield from self._boxed(found)

    def _boxed(self, found: Sequence[Then]) -> list[Item]:
        items = self._replay.items(found)
        if self._asked.box is None or not items:
            return items
        moved = [one.record.key for one in found if one.moved]
        if moved:
            what = f"where {moved[0]} stood on {self._day} is not kept"
            raise Invalid(what, path="bbox", code="PARAMETER_INVALID", hint="leave out bbox, or datetime")
        low, high = np.array([(item.low_m, item.high_m) for item in items], dtype=np.float64).T
        meets = self._asked.box.meets(np.array([item.geometry for item in items], dtype=object), low, high)
        return [one for one, hit in zip(items, meets, strict=True) if hit]

    @cached_property
    def _moved(self) -> list[_Moved]:
        """The records to replay that the reader may know of, by key."""
        view = self._shelf.assets_of_now(self._connection) if self._kind.name == "asset" else None
        if view is None:
            return self._ask_moved(self._moves.moved())
        assert self._reader.records is not None
        ids = moved_assets(self._connection, view, self._moves)[0]
        condition = among(self._table.c.record_id, ids.tolist(), ValueType.INTEGER, self._connection.dialect.name)
        key = ("to replay", self._day, self._reader.records.labels, self._reader.records.units)
        return view.once(key, lambda: self._ask_moved(condition))

    def _ask_moved(self, condition: Any) -> list[_Moved]:
        table, now = self._table.c, clock_of(self._connection, self._kind.name)
        query = select(table.key, table.record_id).where(table.since <= now, table.until > now, condition, *self._seen)
        return [_Moved(*row) for row in self._connection.execute(query.order_by(table.key, table.record_id))]

    def _read(self, ids: Sequence[int]) -> list[Record]:
        condition = among(self._table.c.record_id, ids, ValueType.INTEGER, self._connection.dialect.name)
        found = {record.id: record for record in records_where(self._connection, self._kind, condition)}
        return [found[one] for one in ids if one in found]

    def _sorted_page(self, after: str, limit: int) -> ItemPage:
        start = 0
        if after:
            keys = [one.record.key for one in self._sorted]
            if after not in keys:
                raise _no_page()
            start = keys.index(after) + 1
        found = self._replay.items(self._sorted[start : start + limit])
        return ItemPage(items=found, after=found[-1].id if start + limit < len(self._sorted) else None)

    @cached_property
    def _sorted(self) -> list[Then]:
        records = records_where(self._connection, self._kind, and_(true(), *self._seen), order=self._table.c.key, limit=MOST + 1)
        if len(records) > MOST:
            raise self._too_many(f"more than {MOST:,} {self._kind.plural} are not sorted as of another day", "leave out sortby")
        found = [one for one in self._replay.of(records) if all(holds(part, one, self._types) for part in self._asked.filters)]
        if self._asked.box is not None:
            kept = {item.id for item in self._boxed(found)}
            found = [one for one in found if one.record.key in kept]
        found.sort(key=lambda one: (one.record.key, one.record.id))
        for name, descending in reversed(self._asked.sort):
            values = [(said(one, name, self._types), one) for one in found]
            known = sorted((pair for pair in values if pair[0] is not None), key=lambda pair: pair[0], reverse=descending)
            found = [one for _, one in known] + [one for value, one in values if value is None]
        return found

    def _too_many(self, what: str, hint: str) -> Invalid:
        return Invalid(
            what, path="datetime", code="PARAMETER_INVALID", hint=f"{hint}; /{self._kind.plural}/KEY/dossier?as_of={self._day} tells of one"
        )

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


def _no_page() -> Invalid:
    return Invalid("after is of no page here", path="after", code="PARAMETER_INVALID", hint="follow the next link")
