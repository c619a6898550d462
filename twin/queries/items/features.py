"""Features as items: a page, one, how many there are, where they lie."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, func, select

from twin.errors import Invalid, NotFound
from twin.queries.cql2 import ValueType, compile_filter
from twin.queries.cql2.among import among
from twin.queries.items.asked import Asked, ItemPage
from twin.queries.items.catalogue import Collection, ItemReader
from twin.queries.items.item import Item
from twin.queries.items.queryables import queryables_of
from twin.queries.items.shapes import ItemGeometries, shapes_of
from twin.queries.items.sorting import Cursor, SortKey, read_in_order, read_sort, require_few
from twin.store import FeatureRow, schema
from twin.store.items import Items, begun_of, condition_of, count_items, extent_of, identities_of, moment_between, read_items
from twin.store.values import from_microseconds

__all__ = ["FeatureQuery"]

IDENTITY, SITE, REVISION = schema.identity.c, schema.site.c, schema.revision.c
READ_AT_ONCE = 2_000
COUNTED_EXACTLY = 20_000
"""So many features within the windows of a box are looked at one by one for a count; of more the count is left out."""


class FeatureQuery:
    """A question to a collection on one connection, which sees one state of the records. Raises FilterInvalid for one that does not fit."""

    def __init__(self, connection: Connection, collection: Collection, reader: ItemReader, asked: Asked | None = None) -> None:
        asked = asked or Asked()
        self._connection, self._collection, self._reader, self._box = connection, collection, reader, asked.box
        layer = collection.layer
        everything = Items(
            sites=frozenset(reader.sites) if layer is None else frozenset({layer.site}),
            labels=reader.labels,
            kind=collection.kind,
            layer=layer.model if layer else None,
            where=() if layer is None else (IDENTITY.feature_id.startswith(layer.prefix, autoescape=True),),
            when=moment_between(connection, *asked.span) if asked.span else None,
        )
        self._wanted = replace(everything, windows=asked.box.windows if asked.box else None)
        if asked.filters:
            self._wanted = replace(self._wanted, where=(*everything.where, *self._conditions(everything, asked)))
        self._keys: list[SortKey] = []
        if asked.sort:
            self._keys = [*read_sort(asked.sort, queryables_of(collection, condition_of(everything))), (IDENTITY.id, False)]
            require_few(connection, identities_of(self._wanted), collection.id)

    def page(self, *, after: str, limit: int) -> ItemPage:
        """At most `limit` items that lie exactly in the box, behind where a page before ended: in the order of `sort`, else in that in
        which they first came."""
        found = list(islice(self._matching(after, limit + 1), limit + 1))
        items = self._items([(row, shape) for row, shape, _ in found[:limit]])
        return ItemPage(items=items, after=found[limit - 1][2] if len(found) > limit else None)

    def one(self, item_id: str) -> Item:
        """One item by its id, with the code of its site and `/` before it where several sites have the id; raises NotFound."""
        first, _, rest = item_id.partition("/")
        site, local = (first, rest) if first in self._reader.sites and rest else (None, item_id)
        named = (IDENTITY.feature_id == local, *((SITE.code == site,) if site else ()))
        rows = read_items(self._connection, replace(self._wanted, where=(*self._wanted.where, *named)), after=0, limit=2)
        if len(rows) != 1:
            hint = f"{rows[0].site}/{local}" if rows else ""
            raise NotFound(f"there is no {item_id} in {self._collection.id}", path=item_id, hint=hint)
        return self._items(list(zip(rows, shapes_of(rows, self._reader), strict=True)))[0]

    def count(self) -> int | None:
        """How many items match; None where a box holds too many to look at each."""
        count = count_items(self._connection, self._wanted)
        if self._box is None or not count:
            return count
        return None if count > COUNTED_EXACTLY else sum(1 for _ in self._matching("", READ_AT_ONCE))

    def extent(self) -> tuple[float | None, ...]:
        """West, south, east, north in degrees, lowest and highest height above the ellipsoid; None where nothing says."""
        return extent_of(self._connection, self._wanted)

    def begun(self) -> datetime | None:
        """When the first of them was recorded."""
        return begun_of(self._connection, self._wanted)

    def _conditions(self, everything: Items, asked: Asked) -> list[ColumnElement[bool]]:
        queryables = queryables_of(self._collection, condition_of(everything))
        shapes = ItemGeometries(self._connection, everything, self._reader, asked.filter_crs)
        return [compile_filter(one, queryables, self._connection, spatial=shapes) for one in asked.filters]

    def _matching(self, after: str, at_once: int) -> Iterator[tuple[FeatureRow, Any, str]]:
        """Row, shape, and what goes on behind it."""
        while found := self._read(after, at_once):
            rows = [row for row, _ in found]
            shapes = shapes_of(rows, self._reader)
            meets = np.ones(len(rows), dtype=np.bool_)
            if self._box is not None:
                heights = np.array([row.heights_m or (np.nan, np.nan) for row in rows], dtype=np.float64)
                meets = self._box.meets(shapes, heights[:, 0], heights[:, 1])
            yield from ((row, shape, place) for (row, place), shape, hit in zip(found, shapes, meets, strict=True) if hit)
            if len(rows) < at_once:
                return
            after, at_once = found[-1][1], READ_AT_ONCE

    def _read(self, after: str, limit: int) -> list[tuple[FeatureRow, str]]:
        if not self._keys:
            rows = read_items(self._connection, self._wanted, after=_identity(after), limit=limit)
            return [(row, str(row.identity)) for row in rows]
        cursor = Cursor.read(after, len(self._keys))
        places = {row[0]: Cursor(row[1:]).text for row in self._in_order(cursor, limit)}
        chosen = among(IDENTITY.id, list(places), ValueType.INTEGER, self._connection.dialect.name)
        named = replace(self._wanted, where=(*self._wanted.where, chosen))
        known = {row.identity: row for row in read_items(self._connection, named, after=0, limit=limit)}
        return [(known[identity], place) for identity, place in places.items()]

    def _in_order(self, cursor: Cursor | None, limit: int) -> Iterator[tuple[Any, ...]]:
        return read_in_order(self._connection, identities_of(self._wanted), self._keys, cursor, limit)

    def _items(self, found: Sequence[tuple[FeatureRow, Any]]) -> list[Item]:
        rows = [row for row, _ in found]
        ids = [row.feature.id for row in rows]
        several = _in_several_sites(self._connection, ids, self._reader) if len(self._reader.sites) > 1 else set()
        times = _times(self._connection, {row.revision for row in rows} | {row.ended for row in rows if row.ended is not None})
        return [
            Item(
                id=f"{row.site}/{row.feature.id}" if row.feature.id in several else row.feature.id,
                site=row.site,
                geometry=shape,
                low_m=row.heights_m[0] if row.heights_m else None,
                high_m=row.heights_m[1] if row.heights_m else None,
                since=times[row.revision],
                until=times.get(row.ended) if row.ended is not None else None,
                properties=_properties(row, self._collection),
            )
            for row, shape in found
        ]


def _identity(after: str) -> int:
    if after and not (after.isascii() and after.isdecimal() and len(after) < 19):
        raise Invalid(f"after={after[:80]!r} is of no page here", path="after", code="PARAMETER_INVALID", hint="follow the next link")
    return int(after or 0)


def _properties(row: FeatureRow, collection: Collection) -> dict[str, Any]:
    feature = row.feature
    own: dict[str, Any] = {
        "site": row.site,
        "model": row.model_key,
        "kind": str(feature.kind),
        "class": feature.class_name,
        "name": feature.name,
        "long_name": feature.long_name,
        "parent": feature.parent,
        "building": feature.building,
        "storey": feature.storey,
        "space": feature.space,
        "label": feature.label,
        "area_m2": row.area_m2,
        "global_id": feature.source.global_id,
    }
    if collection.layer is None:
        return own
    attributes = dict(feature.properties.get("attributes", {}))
    return {name: value for name, value in own.items() if name not in attributes and value is not None} | attributes


def _in_several_sites(connection: Connection, ids: Sequence[str], reader: ItemReader) -> set[str]:
    query = (
        select(IDENTITY.feature_id)
        .join(schema.site, SITE.id == IDENTITY.site_id)
        .where(IDENTITY.feature_id.in_(ids), SITE.code.in_(sorted(reader.sites)))
        .group_by(IDENTITY.feature_id)
        .having(func.count() > 1)
    )
    return set(connection.execute(query).scalars())


def _times(connection: Connection, revisions: set[int]) -> Mapping[int, datetime]:
    query = select(REVISION.id, REVISION.recorded_us).where(REVISION.id.in_(sorted(revisions)))
    return {int(number): from_microseconds(microseconds) for number, microseconds in connection.execute(query)}
