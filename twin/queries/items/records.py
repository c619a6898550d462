"""Records as items: where a record was placed is its point, in the degrees and heights of the site it stands in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from itertools import islice
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, Select, and_, false, func, select

from spatial.feature import DEVICES
from spatial.frame import Site
from twin.codes import Column, ColumnType, RecordKind, get_kind
from twin.errors import Invalid, NotFound
from twin.queries.cql2 import Filter, Lookup, Queryable, Queryables, ValueType, compile_filter
from twin.queries.cql2.among import among
from twin.queries.items.asked import Asked, ItemPage
from twin.queries.items.asset_choice import choose_assets
from twin.queries.items.catalogue import Catalogue, Collection, ItemReader
from twin.queries.items.device_shapes import DeviceShapes
from twin.queries.items.item import Item
from twin.queries.items.placed_extent import placed_extent
from twin.queries.items.points import RecordPoints, StandingPoints, site_of
from twin.queries.items.record_types import TYPES
from twin.queries.items.sorting import Cursor, SortKey, read_in_order, read_sort, require_few
from twin.queries.records.documents import shown, withheld_columns
from twin.records.counters import clock_of
from twin.records.moves import Moves
from twin.records.place_tree import NOWHERE, PlaceTree
from twin.records.read import records_of_key
from twin.records.scope import visible_conditions
from twin.records.stored import domain_of
from twin.records.told_rows import ToldRows, rows_of, told_of, told_rows
from twin.store import record_schema as schema
from twin.store.record_schema import column_name
from twin.store.values import from_microseconds

__all__ = ["RecordItems", "RecordQuery"]

READ_AT_ONCE = 1_000
JUDGED = 20_000
"""Of so many records at most a condition is decided one by one in Python; of more it is refused, with what to do."""
BEFORE_IMPORTS = 0
"""The clock of a register until its first import: what persons wrote then is older than any of them."""
COUNTED = 50_000
"""Up to here matches are counted; of more the count is left out."""


class RecordQuery:
    """The question of `ItemQuery` to the records of a kind: only what the reader may know of, in the order of keys.

    With `moves` only those that said on its day what they say now.
    """

    def __init__(
        self,
        connection: Connection,
        catalogue: Catalogue,
        collection: Collection,
        reader: ItemReader,
        asked: Asked,
        *,
        moves: Moves | None = None,
    ) -> None:
        assert collection.record is not None
        assert reader.records is not None
        if asked.span is not None:
            hint = f"/{collection.record.plural}/KEY/dossier?as_of="
            raise Invalid("records tell of a day in their dossier", path="datetime", code="PARAMETER_INVALID", hint=hint)
        self._connection, self._kind, self._reader, self._asked = connection, collection.record, reader, asked
        self._catalogue, shelf = catalogue, catalogue.registers.shelf
        self._places = shelf.places(connection)
        self._table = schema.kind_table(self._kind.name)
        self._now = clock_of(connection, self._kind.name)
        self._seen = visible_conditions(self._kind, reader.records, self._places, shelf.units(connection))
        self._points = self._shapes()
        self._withheld = frozenset(withheld_columns(self._kind, reader.records))
        shapes = self._points if isinstance(self._points, DeviceShapes) else None
        self._made = RecordItems(self._kind, self._places, reader, shapes)
        self._few: list[int] | None = None
        by_column = self._kind.name == "asset" and not asked.sort
        told = self._queryables() if asked.filters else Queryables(key=self._table.c.id)
        self._choice = choose_assets(connection, catalogue.registers, reader, asked, told, moves=moves) if by_column else None
        self._few = self._few_chosen()
        self._where = [*self._seen, *self._filters(asked.filters if self._choice is None else self._choice.rest)]
        if moves is not None and self._choice is None:
            self._where.append(moves.unmoved())
        if asked.box is not None and self._choice is None:
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
        found = list(islice(self.matching(after, limit + 1), limit + 1))
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
        return self._made.of(told_of(self._kind, found))[0]

    def count(self) -> int | None:
        """How many match; None where there are more than are counted, or a box is to be looked at exactly."""
        if self._choice is not None and not self._choice.rest:
            return len(self._choice)
        if self._choice is not None and self._choice.positions is not None and self._few is None:
            return None
        some = self._rows().limit(COUNTED + 1).subquery()
        found = int(self._connection.execute(select(func.count()).select_from(some)).scalar_one())
        if found > COUNTED:
            return None
        boxed = self._asked.box is not None and self._choice is None
        return sum(1 for _ in self.matching("", READ_AT_ONCE)) if boxed and found else found

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
        table = self._table.c
        now = (table.since <= self._now, table.until > self._now, table.ended.is_(None))
        return select(table.id).where(*now, *self._where, *self._among())

    def _sort(self) -> list[SortKey]:
        if not self._asked.sort:
            return []
        keys = read_sort(self._asked.sort, self._queryables())
        if any(key is not self._table.c.key for key, _ in keys):
            require_few(self._connection, self._rows(), self._kind.plural)
        return [*keys, (self._table.c.record_id, False)]

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
        items = [one for one in _fields(self._kind.name) if one.name not in self._withheld]
        if self._points is not None:
            where = self._table.c.x_m if isinstance(self._points, RecordPoints) else self._points.placed()
            items.append(Queryable(name="geometry", type=ValueType.GEOMETRY, expression=where))
        table = self._table.c
        items.append(Queryable(name="id", type=ValueType.STRING, expression=table.key))
        seen = and_(table.since <= self._now, table.until > self._now, *self._among())
        return Queryables(*items, key=table.id, where=seen, most_judged=JUDGED)

    def matching(self, after: str, wanted: int) -> Iterator[tuple[Item, str]]:
        """All items behind where a page ended, each with what goes on behind it; `wanted` are asked for together."""
        if self._choice is not None and self._choice.positions is not None:
            yield from self._chosen(after, wanted)
            return
        size = READ_AT_ONCE if self._asked.box is not None else min(wanted, READ_AT_ONCE)
        while found := self._read(after, size):
            meets = np.ones(len(found), dtype=np.bool_)
            if self._asked.box is not None:
                shapes = np.array([item.geometry for item, _ in found], dtype=object)
                low, high = np.array([(item.low_m, item.high_m) for item, _ in found], dtype=np.float64).T
                meets = self._asked.box.meets(shapes, low, high)
            yield from (one for one, hit in zip(found, meets, strict=True) if hit)
            if len(found) < size:
                return
            after = found[-1][1]

    def _read(self, after: str, size: int) -> list[tuple[Item, str]]:
        if "\x00" in after:
            raise Invalid("after is of no page here", path="after", code="PARAMETER_INVALID", hint="follow the next link")
        table = self._table.c
        if not self._keys:
            behind = [table.key > after] if after else []
            items = self._made.of(self._told([table.ended.is_(None), *self._where, *behind], size))
            return [(item, item.id) for item in items]
        cursor = Cursor.read(after, len(self._keys))
        rows = read_in_order(self._connection, self._rows(), self._keys, cursor, size)
        places = {row[0]: Cursor(row[1:]).text for row in rows}
        told = self._told([among(table.id, list(places), ValueType.INTEGER, self._connection.dialect.name)])
        known = dict(zip(told.stored["id"], self._made.of(told), strict=True))
        return [(known[row], place) for row, place in places.items()]

    def _chosen(self, after: str, wanted: int) -> Iterator[tuple[Item, str]]:
        """Those that the columns chose, in the order of their keys; what no column decides is asked of `wanted` at once."""
        assert self._choice is not None
        where, texts = self._where[len(self._seen) :], self._catalogue.registers.shelf.texts
        while ids := self._choice.records(after, wanted):
            if where:
                told = self._told([self._is_of(ids), self._table.c.ended.is_(None), *where], wanted)
            else:
                told = rows_of(self._connection, self._kind, texts, ids, now=self._now)
            items = self._made.of(told)
            yield from ((item, item.id) for item in items)
            after = self._choice.key_of(ids[-1])

    def _told(self, where: Sequence[ColumnElement[bool]], limit: int | None = None) -> ToldRows:
        """The rows that readers see for which the conditions hold, in the order of keys."""
        texts, order = self._catalogue.registers.shelf.texts, self._table.c.key
        return told_rows(self._connection, self._kind, texts, and_(*where), now=self._now, order=order, limit=limit)


class RecordItems:
    """Makes items of records; `places` and `reader` are of the same state as they, `shapes` tells where devices are."""

    def __init__(self, kind: RecordKind, places: PlaceTree, reader: ItemReader, shapes: DeviceShapes | None = None) -> None:
        assert reader.records is not None
        self._kind, self._places, self._reader, self._devices = kind, places, reader, shapes
        withheld = withheld_columns(kind, reader.records)
        told = [column for column in kind.columns if column.name not in withheld]
        self._plain = [column.name for column in told if column.type is not ColumnType.INSTANT]
        self._instants = [column for column in told if column.type is ColumnType.INSTANT]
        standing = StandingPoints(places, reader) if "x_m" in schema.kind_table(kind.name).c else None
        self._points: StandingPoints | DeviceShapes | None = shapes or standing

    def of(self, told: ToldRows) -> list[Item]:
        """An item each, its shape in degrees and metres above the ellipsoid."""
        shapes = np.full(len(told), None, dtype=object) if self._points is None else self._points.of_rows(told.stored)
        heights = np.full((len(told), 2), np.nan) if self._points is None else self._points.heights_of(told.stored, shapes)
        positions = self._positions(told)
        placed = {at: (site_of(self._places, at, self._reader), _place(self._places, at)) for at in set(positions)}
        columns = [told.said[name] for name in self._plain]
        columns += [[shown(column, value) for value in told.said[column.name]] for column in self._instants]
        names = [*self._plain, *(column.name for column in self._instants)]
        keys, versions = told.stored["key"], told.versions or (None,) * len(told)
        rows = zip(keys, positions, shapes.tolist(), heights.tolist(), versions, zip(*columns, strict=True), strict=True)
        return [
            Item(
                id=key,
                site=self._site(key, placed[at][0]),
                geometry=shape,
                low_m=None if low != low else low,
                high_m=None if high != high else high,
                properties=dict(zip(names, said, strict=True)) | placed[at][1],
                version=version,
            )
            for key, at, shape, (low, high), version, said in rows
        ]

    def _positions(self, told: ToldRows) -> list[int]:
        """The position in the tree of places of each record: the place that it is, the one it was put in, or what its ledger says."""
        by_record, stored = self._places.by_record, told.stored
        if "location_id" not in stored:
            return [by_record.get(record, NOWHERE) for record in stored["record_id"]]
        places = self._places.places_of(stored["place_id"], stored["location_id"])
        return [by_record.get(record, at) for record, at in zip(stored["record_id"], places, strict=True)]

    def _site(self, key: str, site: Site | None) -> str | None:
        own = self._devices.site_of(key) if self._devices is not None else None
        return own or (site.code if site else None)


@cache
def _fields(kind_name: str) -> tuple[Queryable, ...]:
    kind, table = get_kind(kind_name), schema.kind_table(kind_name)
    return tuple(_queryable(kind, column, table) for column in kind.columns)


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
