"""Records as items: where a record was placed is its point, in the degrees and heights of the site it stands in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import shapely
from sqlalchemy import ColumnElement, Connection, and_, false, func, select

from spatial.frame import Site
from twin.codes import Column, ColumnType, RecordKind
from twin.errors import Invalid, NotFound
from twin.queries.cql2 import Filter, Lookup, Queryable, Queryables, ValueType, compile_filter
from twin.queries.cql2.among import among
from twin.queries.items.asked import Asked, ItemPage
from twin.queries.items.asset_choice import choose_assets
from twin.queries.items.catalogue import Collection, ItemReader
from twin.queries.items.item import Item
from twin.queries.items.points import RecordPoints, StandingPoints, site_of
from twin.queries.items.record_types import TYPES
from twin.queries.records.context import Registers
from twin.queries.records.documents import shown, withheld_columns
from twin.records.counters import clock_of
from twin.records.place_tree import NOWHERE, PlaceTree
from twin.records.read import Record, page_of_records, records_of_key
from twin.records.scope import place_of, visible_conditions
from twin.records.stored import domain_of
from twin.store import record_schema as schema
from twin.store.record_schema import column_name

__all__ = ["RecordItems", "RecordQuery"]

READ_AT_ONCE = 1_000
JUDGED = 20_000
"""Of so many records at most a condition is decided one by one in Python; of more it is refused, with what to do."""
COUNTED = 50_000
"""Up to here matches are counted; of more the count is left out."""


class RecordQuery:
    """The question of `ItemQuery` to the records of a kind: only what the reader may know of, in the order of keys."""

    def __init__(self, connection: Connection, registers: Registers, collection: Collection, reader: ItemReader, asked: Asked) -> None:
        assert collection.record is not None
        assert reader.records is not None
        if asked.span is not None:
            hint = f"/{collection.record.plural}/KEY/dossier?as_of="
            raise Invalid("records tell of a day in their dossier", path="datetime", code="PARAMETER_INVALID", hint=hint)
        shelf = registers.shelf
        self._connection, self._kind, self._reader, self._asked = connection, collection.record, reader, asked
        self._places = shelf.places(connection)
        self._table = schema.kind_table(self._kind.name)
        self._now = clock_of(connection, self._kind.name)
        self._seen = visible_conditions(self._kind, reader.records, self._places, shelf.units(connection))
        self._points = RecordPoints(connection, self._table, self._places, reader, asked.filter_crs) if self._placed else None
        self._withheld = frozenset(withheld_columns(self._kind, reader.records))
        self._made = RecordItems(self._kind, self._places, reader)
        self._few: list[int] | None = None
        asset = self._kind.name == "asset" and bool(asked.filters or asked.box is not None)
        self._choice = choose_assets(connection, registers, reader, asked, self._queryables()) if asset else None
        self._few = self._few_chosen()
        self._where = [*self._seen, *self._filters(asked.filters if self._choice is None else self._choice.rest)]
        if asked.box is not None and self._choice is None:
            self._where.append(self._points.near(asked.box.windows) if self._points else false())

    @property
    def _placed(self) -> bool:
        return "x_m" in self._table.c

    def page(self, *, after: str, limit: int) -> ItemPage:
        """At most `limit` records that lie exactly in the box, those behind the key `after`."""
        found: list[Item] = []
        for item in self._matching(after, limit + 1):
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
        return self._made.of(found)[0]

    def count(self) -> int | None:
        """How many match; None where there are more than are counted, or a box is to be looked at exactly."""
        if self._choice is not None and not self._choice.rest:
            return len(self._choice)
        if self._choice is not None and self._choice.positions is not None and self._few is None:
            return None
        table = self._table.c
        seen = select(table.id).where(
            table.since <= self._now, table.until > self._now, table.ended.is_(None), *self._where, *self._among()
        )
        some = seen.limit(COUNTED + 1).subquery()
        found = int(self._connection.execute(select(func.count()).select_from(some)).scalar_one())
        if found > COUNTED:
            return None
        boxed = self._asked.box is not None and self._choice is None
        return sum(1 for _ in self._matching("", READ_AT_ONCE)) if boxed and found else found

    def extent(self) -> tuple[float | None, ...]:
        """West, south, east, north, low, high: those of the sites whose places hold such records are not worked out for each question."""
        return (None,) * 6

    def _few_chosen(self) -> list[int] | None:
        """The records chosen by columns where others conditions are left and they are few enough to be asked about one by one."""
        if self._choice is None or not self._choice.rest or self._choice.positions is None or len(self._choice) > JUDGED:
            return None
        return self._choice.records("", len(self._choice))

    def _among(self) -> list[ColumnElement[bool]]:
        return [] if self._few is None else [self._is_of(self._few)]

    def _is_of(self, records: Sequence[int]) -> ColumnElement[bool]:
        return among(self._table.c.record_id, records, ValueType.INTEGER, self._connection.dialect.name)

    def _filters(self, filters: Sequence[Filter]) -> list[ColumnElement[bool]]:
        queryables = self._queryables() if filters else None
        return [compile_filter(one, queryables, self._connection, spatial=self._points) for one in filters] if queryables else []

    def _queryables(self) -> Queryables:
        items = [_queryable(self._kind, column, self._table) for column in self._kind.columns if column.name not in self._withheld]
        if self._placed:
            items.append(Queryable(name="geometry", type=ValueType.GEOMETRY, expression=self._table.c.x_m))
        table = self._table.c
        where = and_(table.since <= self._now, table.until > self._now, *self._among())
        return Queryables(*items, key=table.id, where=where, most_judged=JUDGED)

    def _matching(self, after: str, wanted: int) -> Iterator[Item]:
        """The items behind a key; `wanted` are asked for together."""
        if self._choice is not None and self._choice.positions is not None:
            yield from self._chosen(after, wanted)
            return
        while records := page_of_records(self._connection, self._kind, limit=READ_AT_ONCE, after=after or None, where=self._where):
            items = self._made.of(records)
            if self._asked.box is None:
                yield from items
            else:
                shapes = np.array([item.geometry for item in items], dtype=object)
                heights = np.array([item.low_m if item.low_m is not None else np.nan for item in items], dtype=np.float64)
                yield from (item for item, hit in zip(items, self._asked.box.meets(shapes, heights, heights), strict=True) if hit)
            if len(records) < READ_AT_ONCE:
                return
            after = records[-1].key

    def _chosen(self, after: str, wanted: int) -> Iterator[Item]:
        """Those that the columns chose, in the order of their keys; what no column decides is asked of `wanted` at once."""
        assert self._choice is not None
        where = self._where[len(self._seen) :]
        while ids := self._choice.records(after, wanted):
            records = page_of_records(self._connection, self._kind, limit=wanted, where=[self._is_of(ids), *where])
            yield from self._made.of(records)
            after = self._choice.key_of(ids[-1])


class RecordItems:
    """Makes items of records; `places` and `reader` are of the same state as they."""

    def __init__(self, kind: RecordKind, places: PlaceTree, reader: ItemReader) -> None:
        assert reader.records is not None
        self._kind, self._places, self._reader = kind, places, reader
        withheld = withheld_columns(kind, reader.records)
        told = [column for column in kind.columns if column.name not in withheld]
        self._plain = [column.name for column in told if column.type is not ColumnType.INSTANT]
        self._instants = [column for column in told if column.type is ColumnType.INSTANT]
        self._points = StandingPoints(places, reader) if "x_m" in schema.kind_table(kind.name).c else None

    def of(self, records: Sequence[Record]) -> list[Item]:
        """An item each, its point in degrees and metres above the ellipsoid."""
        positions = [place_of(self._kind, record, self._places) for record in records]
        points = self._points.of_rows([record.row for record in records]) if self._points else np.full(len(records), None, dtype=object)
        placed = {at: (site_of(self._places, at, self._reader), _place(self._places, at)) for at in set(positions)}
        return [
            self._item(record, *placed[at], point, height)
            for record, at, point, height in zip(records, positions, points, shapely.get_z(points).tolist(), strict=True)
        ]

    def _item(self, record: Record, site: Site | None, place: dict[str, Any], point: Any, height_m: float) -> Item:
        said = record.values
        values = {name: said[name] for name in self._plain}
        values |= {column.name: shown(column, said[column.name]) for column in self._instants}
        height = None if point is None else height_m
        return Item(
            id=record.key,
            site=site.code if site else None,
            geometry=point,
            low_m=height,
            high_m=height,
            properties=values | place,
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
