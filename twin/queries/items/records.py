"""Records as items: where a record was placed is its point, in the degrees and heights of the site it stands in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import shapely
from sqlalchemy import ColumnElement, Connection, false, func, select

from twin.codes import Column, RecordKind
from twin.errors import Invalid, NotFound
from twin.queries.cql2 import Lookup, Queryable, Queryables, ValueType, compile_filter
from twin.queries.items.asked import Asked, ItemPage
from twin.queries.items.catalogue import Collection, ItemReader
from twin.queries.items.item import Item
from twin.queries.items.points import RecordPoints, site_of
from twin.queries.items.record_types import TYPES
from twin.queries.records.documents import shown, withheld_columns
from twin.records.counters import clock_of
from twin.records.place_tree import NOWHERE, PlaceTree
from twin.records.read import Record, page_of_records, records_of_key
from twin.records.scope import place_of, visible_conditions
from twin.records.shelf import Shelf
from twin.records.stored import domain_of
from twin.store import record_schema as schema
from twin.store.record_schema import column_name

__all__ = ["RecordQuery"]

READ_AT_ONCE = 1_000
COUNTED = 50_000
"""Up to here matches are counted; of more the count is left out."""


class RecordQuery:
    """The question of `ItemQuery` to the records of a kind: only what the reader may know of, in the order of keys."""

    def __init__(self, connection: Connection, shelf: Shelf, collection: Collection, reader: ItemReader, asked: Asked) -> None:
        assert collection.record is not None
        assert reader.records is not None
        if asked.span is not None:
            hint = f"/{collection.record.plural}/KEY/dossier?as_of="
            raise Invalid("records tell of a day in their dossier", path="datetime", code="PARAMETER_INVALID", hint=hint)
        self._connection, self._kind, self._reader, self._asked = connection, collection.record, reader, asked
        self._places = shelf.places(connection)
        self._table = schema.kind_table(self._kind.name)
        self._seen = visible_conditions(self._kind, reader.records, self._places, shelf.units(connection))
        self._points = RecordPoints(connection, self._table, self._places, reader, asked.filter_crs) if self._placed else None
        self._where = [*self._seen, *self._filters()]
        if asked.box is not None:
            self._where.append(self._points.near(asked.box.windows) if self._points else false())

    @property
    def _placed(self) -> bool:
        return "x_m" in self._table.c

    def page(self, *, after: str, limit: int) -> ItemPage:
        """At most `limit` records that lie exactly in the box, those behind the key `after`."""
        found: list[Item] = []
        for item in self._matching(after):
            found.append(item)
            if len(found) > limit:
                return ItemPage(items=found[:limit], after=found[limit - 1].id)
        return ItemPage(items=found, after=None)

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
        table, now = self._table.c, clock_of(self._connection, self._kind.name)
        seen = select(table.id).where(table.since <= now, table.until > now, table.ended.is_(None), *self._where)
        found = int(self._connection.execute(select(func.count()).select_from(seen.limit(COUNTED + 1).subquery())).scalar_one())
        if found > COUNTED:
            return None
        return sum(1 for _ in self._matching("")) if self._asked.box is not None and found else found

    def extent(self) -> tuple[float | None, ...]:
        """West, south, east, north, low, high: those of the sites whose places hold such records are not worked out for each question."""
        return (None,) * 6

    def _filters(self) -> list[ColumnElement[bool]]:
        if not self._asked.filters:
            return []
        queryables = self._queryables()
        return [compile_filter(one, queryables, self._connection, spatial=self._points) for one in self._asked.filters]

    def _queryables(self) -> Queryables:
        assert self._reader.records is not None
        withheld = withheld_columns(self._kind, self._reader.records)
        items = [_queryable(self._kind, column, self._table) for column in self._kind.columns if column.name not in withheld]
        if self._placed:
            items.append(Queryable(name="geometry", type=ValueType.GEOMETRY, expression=self._table.c.x_m))
        now = clock_of(self._connection, self._kind.name)
        table = self._table.c
        return Queryables(*items, key=table.id, where=(table.since <= now) & (table.until > now))

    def _matching(self, after: str) -> Iterator[Item]:
        while records := page_of_records(self._connection, self._kind, limit=READ_AT_ONCE, after=after or None, where=self._where):
            items = self._items(records)
            if self._asked.box is None:
                yield from items
            else:
                shapes = np.array([item.geometry for item in items], dtype=object)
                heights = np.array([item.low_m if item.low_m is not None else np.nan for item in items], dtype=np.float64)
                yield from (item for item, hit in zip(items, self._asked.box.meets(shapes, heights, heights), strict=True) if hit)
            if len(records) < READ_AT_ONCE:
                return
            after = records[-1].key

    def _items(self, records: Sequence[Record]) -> list[Item]:
        positions = [place_of(self._kind, record, self._places) for record in records]
        points = self._points.of_rows([record.row for record in records]) if self._points else [None] * len(records)
        return [self._item(*one) for one in zip(records, positions, points, strict=True)]

    def _item(self, record: Record, position: int, point: Any) -> Item:
        assert self._reader.records is not None
        withheld = withheld_columns(self._kind, self._reader.records)
        values = {column.name: shown(column, record.values[column.name]) for column in self._kind.columns if column.name not in withheld}
        site = site_of(self._places, position, self._reader)
        height = float(shapely.get_z(point)) if point is not None else None
        return Item(
            id=record.key,
            site=site.code if site else None,
            geometry=point,
            low_m=height,
            high_m=height,
            properties={**values, **_place(self._places, position)},
        )


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
