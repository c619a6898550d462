"""Records as items: where a record was placed is its point, in the degrees and heights of the site it stands in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, Select, false, func, select

from spatial.feature import DEVICES
from twin.codes import Column, RecordKind
from twin.errors import Invalid, NotFound
from twin.queries.cql2 import Lookup, Queryable, Queryables, ValueType, compile_filter
from twin.queries.cql2.among import among
from twin.queries.items.asked import Asked, ItemPage
from twin.queries.items.catalogue import Catalogue, Collection, ItemReader
from twin.queries.items.device_shapes import DeviceShapes
from twin.queries.items.item import Item
from twin.queries.items.placed_extent import placed_extent
from twin.queries.items.points import RecordPoints, site_of
from twin.queries.items.record_types import TYPES
from twin.queries.items.sorting import Cursor, SortKey, read_in_order, read_sort, require_few
from twin.queries.records.documents import shown, withheld_columns
from twin.records.counters import clock_of
from twin.records.place_tree import NOWHERE, PlaceTree
from twin.records.read import Record, page_of_records, records_of_key, records_where
from twin.records.scope import place_of, visible_conditions
from twin.records.stored import domain_of
from twin.store import record_schema as schema
from twin.store.record_schema import column_name
from twin.store.values import from_microseconds

__all__ = ["RecordQuery"]

READ_AT_ONCE = 1_000
BEFORE_IMPORTS = 0
"""The clock of a register until its first import: what persons wrote then is older than any of them."""
COUNTED = 50_000
"""Up to here matches are counted; of more the count is left out."""


class RecordQuery:
    """The question of `ItemQuery` to the records of a kind: only what the reader may know of, in the order of keys."""

    def __init__(self, connection: Connection, catalogue: Catalogue, collection: Collection, reader: ItemReader, asked: Asked) -> None:
        assert collection.record is not None
        assert reader.records is not None
        if asked.span is not None:
            hint = f"/{collection.record.plural}/KEY/dossier?as_of="
            raise Invalid("records tell of a day in their dossier", path="datetime", code="PARAMETER_INVALID", hint=hint)
        self._connection, self._kind, self._reader, self._asked = connection, collection.record, reader, asked
        self._catalogue, shelf = catalogue, catalogue.registers.shelf
        self._places = shelf.places(connection)
        self._table = schema.kind_table(self._kind.name)
        self._seen = visible_conditions(self._kind, reader.records, self._places, shelf.units(connection))
        self._points = self._shapes()
        self._where = [*self._seen, *self._filters()]
        if asked.box is not None:
            self._where.append(self._points.near(asked.box.windows) if self._points else false())
        self._keys = self._sort()

    def _shapes(self) -> RecordPoints | DeviceShapes | None:
        """Where the records are: a device where its feature is, others at the point they were placed at; None for kinds that have none."""
        crs = self._asked.filter_crs
        if self._kind.name in DEVICES:
            return DeviceShapes(self._connection, self._table, self._reader, crs)
        return RecordPoints(self._connection, self._table, self._places, self._reader, crs) if "x_m" in self._table.c else None

    def page(self, *, after: str, limit: int) -> ItemPage:
        """At most `limit` records that lie exactly in the box, behind where a page before ended: in the order of `sort`, else of keys."""
        found = list(islice(self._matching(after), limit + 1))
        return ItemPage(items=[item for item, _ in found[:limit]], after=found[limit - 1][1] if len(found) > limit else None)

    def one(self, item_id: str) -> Item:
        """The record of a key; raises NotFound also for one this reader may not know of."""
        known = [record for record in records_of_key(self._connection, self._kind, item_id) if record.key == item_id]
        ids = [record.row["id"] for record in known if record.ended is None]
        table = self._table.c
        seen = set(self._connection.execute(select(table.id).where(table.id.in_(ids), *self._seen)).scalars()) if ids else set()
        found = [record for record in known if record.row["id"] in seen]
        if not found:
            raise NotFound(f"there is no {self._kind.name} {item_id}", path=item_id)
        return self._items(found)[0]

    def count(self) -> int | None:
        """How many match; None where there are more than are counted, or a box is to be looked at exactly."""
        some = self._rows().limit(COUNTED + 1).subquery()
        found = int(self._connection.execute(select(func.count()).select_from(some)).scalar_one())
        if found > COUNTED:
            return None
        return sum(1 for _ in self._matching("")) if self._asked.box is not None and found else found

    def extent(self) -> tuple[float | None, ...]:
        """West, south, east, north, low, high of what the reader may know of; None where nothing says."""
        if isinstance(self._points, RecordPoints):
            return placed_extent(self._connection, self._catalogue, self._table, self._places, self._reader, self._seen)
        if self._points is None:
            return (None,) * 6
        table, now = self._table.c, clock_of(self._connection, self._kind.name)
        query = select(table.key).where(table.since <= now, table.until > now, table.ended.is_(None), *self._seen)
        return self._points.extent(list(self._connection.execute(query).scalars()))

    def begun(self) -> datetime | None:
        """When the first of its register was recorded that is still read."""
        revision, change = schema.register_revision.c, schema.change.c
        firsts = (
            select(func.min(revision.recorded_us)).where(revision.kind == self._kind.name),
            select(func.min(change.recorded_us)).where(change.kind == self._kind.name, change.since == BEFORE_IMPORTS),
        )
        known = [first for query in firsts if (first := self._connection.execute(query).scalar_one()) is not None]
        return from_microseconds(min(known)) if known else None

    def _rows(self) -> Select[Any]:
        """The ids of the versions that match, by the windows of a box alone."""
        table, now = self._table.c, clock_of(self._connection, self._kind.name)
        return select(table.id).where(table.since <= now, table.until > now, table.ended.is_(None), *self._where)

    def _sort(self) -> list[SortKey]:
        if not self._asked.sort:
            return []
        keys = read_sort(self._asked.sort, self._queryables())
        if any(key is not self._table.c.key for key, _ in keys):
            require_few(self._connection, self._rows(), self._kind.plural)
        return [*keys, (self._table.c.record_id, False)]

    def _filters(self) -> list[ColumnElement[bool]]:
        if not self._asked.filters:
            return []
        queryables = self._queryables()
        return [compile_filter(one, queryables, self._connection, spatial=self._points) for one in self._asked.filters]

    def _queryables(self) -> Queryables:
        assert self._reader.records is not None
        withheld = withheld_columns(self._kind, self._reader.records)
        items = [_queryable(self._kind, column, self._table) for column in self._kind.columns if column.name not in withheld]
        if self._points is not None:
            where = self._table.c.x_m if isinstance(self._points, RecordPoints) else self._points.placed()
            items.append(Queryable(name="geometry", type=ValueType.GEOMETRY, expression=where))
        now = clock_of(self._connection, self._kind.name)
        table = self._table.c
        items.append(Queryable(name="id", type=ValueType.STRING, expression=table.key))
        return Queryables(*items, key=table.id, where=(table.since <= now) & (table.until > now))

    def _matching(self, after: str) -> Iterator[tuple[Item, str]]:
        """Items, and what goes on behind each."""
        while found := self._read(after):
            items = self._items([record for record, _ in found])
            meets = np.ones(len(items), dtype=np.bool_)
            if self._asked.box is not None:
                shapes = np.array([item.geometry for item in items], dtype=object)
                low, high = np.array([(item.low_m, item.high_m) for item in items], dtype=np.float64).T
                meets = self._asked.box.meets(shapes, low, high)
            yield from ((item, place) for item, (_, place), hit in zip(items, found, meets, strict=True) if hit)
            if len(found) < READ_AT_ONCE:
                return
            after = found[-1][1]

    def _read(self, after: str) -> list[tuple[Record, str]]:
        if "\x00" in after:
            raise Invalid("after is of no page here", path="after", code="PARAMETER_INVALID", hint="follow the next link")
        if not self._keys:
            records = page_of_records(self._connection, self._kind, limit=READ_AT_ONCE, after=after or None, where=self._where)
            return [(record, record.key) for record in records]
        cursor = Cursor.read(after, len(self._keys))
        rows = read_in_order(self._connection, self._rows(), self._keys, cursor, READ_AT_ONCE)
        places = {row[0]: Cursor(row[1:]).text for row in rows}
        chosen = among(self._table.c.id, list(places), ValueType.INTEGER, self._connection.dialect.name)
        known = {record.row["id"]: record for record in records_where(self._connection, self._kind, chosen)}
        return [(known[row], place) for row, place in places.items()]

    def _items(self, records: Sequence[Record]) -> list[Item]:
        rows = [record.row for record in records]
        shapes = np.full(len(records), None, dtype=object) if self._points is None else self._points.of_rows(rows)
        heights = np.full((len(records), 2), np.nan) if self._points is None else self._points.heights_of(rows, shapes)
        return [self._item(*one) for one in zip(records, shapes, heights.tolist(), strict=True)]

    def _item(self, record: Record, shape: Any, heights: Sequence[float]) -> Item:
        assert self._reader.records is not None
        withheld = withheld_columns(self._kind, self._reader.records)
        values = {column.name: shown(column, record.values[column.name]) for column in self._kind.columns if column.name not in withheld}
        position = place_of(self._kind, record, self._places)
        low, high = (None if np.isnan(height) else height for height in heights)
        return Item(
            id=record.key,
            site=self._site_of(record, position),
            geometry=shape,
            low_m=low,
            high_m=high,
            properties={**values, **_place(self._places, position)},
            version=record.version,
        )

    def _site_of(self, record: Record, position: int) -> str | None:
        own = self._points.site_of(record.key) if isinstance(self._points, DeviceShapes) else None
        site = None if own else site_of(self._places, position, self._reader)
        return own or (site.code if site else None)


def _queryable(kind: RecordKind, column: Column, table: Any) -> Queryable:
    if column.part:
        part = {"article": schema.article, "location": schema.location}[column.part]
        lookup = Lookup(key=table.c[f"{column.part}_id"], id=part.c.id, value=part.c[column.name])
        return Queryable(name=column.name, type=ValueType.STRING, lookup=lookup, title_zh=column.zh, title_en=column.en)
    stored = table.c[column_name(column)]
    if column.interned:
        term = schema.term.c
        lookup = Lookup(key=stored, id=term.id, value=term.text, where=term.domain == domain_of(kind, column.name))
        return Queryable(name=column.name, type=ValueType.STRING, lookup=lookup, title_zh=column.zh, title_en=column.en)
    return Queryable(name=column.name, type=TYPES[column.type], expression=stored, title_zh=column.zh, title_en=column.en)


def _place(places: PlaceTree, position: int) -> dict[str, Any]:
    """The place by name, and its feature, from the top down."""
    if position == NOWHERE:
        return {"place": None, "place_feature": None}
    rows = [places.rows[at] for at in places.path(position)]
    return {"place": " / ".join(row.name for row in rows[1:]) or rows[0].name, "place_feature": rows[-1].feature_id}
