"""Features as items: a page, one, how many there are, where they lie."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, func, select

from spatial.frame import SiteFrame
from twin.errors import NotFound
from twin.queries.items.box import Box
from twin.queries.items.catalogue import Collection, ItemReader
from twin.queries.items.item import Item
from twin.queries.items.time import Span
from twin.store import FeatureRow, schema
from twin.store.extent import geographic_shapes
from twin.store.items import Items, count_items, extent_of, moment_between, read_items
from twin.store.values import from_microseconds

__all__ = ["Asked", "ItemPage", "count_matched", "extent", "item_page", "iter_items", "read_item"]

IDENTITY, SITE, REVISION = schema.identity.c, schema.site.c, schema.revision.c
READ_AT_ONCE = 2_000
COUNTED_EXACTLY = 20_000
"""So many features within the windows of a box are looked at one by one for a count; of more the count is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What of a collection is asked for; `where` are conditions on the columns of `feature`, `identity`, `model`, `site`."""

    box: Box | None = None
    span: Span | None = None
    where: tuple[ColumnElement[bool], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemPage:
    """Items in the order in which the twin came to know them; `after` goes on behind the last one, None where there are no more."""

    items: list[Item]
    after: int | None


def item_page(connection: Connection, collection: Collection, reader: ItemReader, asked: Asked, *, after: int, limit: int) -> ItemPage:
    """At most `limit` items that lie exactly in the box, behind the identity `after`."""
    found = list(islice(_matching(connection, collection, reader, asked, after, limit + 1), limit + 1))
    rows = found[:limit]
    items = _items(connection, [row for row, _ in rows], np.array([shape for _, shape in rows], dtype=object), collection, reader)
    return ItemPage(items=items, after=rows[-1][0].identity if len(found) > limit else None)


def iter_items(connection: Connection, collection: Collection, reader: ItemReader, asked: Asked) -> Iterator[list[Item]]:
    """All items that match, some thousands at a time."""
    after: int | None = 0
    while after is not None:
        page = item_page(connection, collection, reader, asked, after=after, limit=READ_AT_ONCE)
        if page.items:
            yield page.items
        after = page.after


def read_item(connection: Connection, collection: Collection, reader: ItemReader, item_id: str, span: Span | None) -> Item:
    """One item by its id, with the code of its site and `/` before it where several sites have the id; raises NotFound."""
    first, _, rest = item_id.partition("/")
    site, local = (first, rest) if first in reader.sites and rest else (None, item_id)
    where = (IDENTITY.feature_id == local, *((SITE.code == site,) if site else ()))
    wanted = _wanted(connection, collection, reader, Asked(span=span, where=where))
    rows = read_items(connection, wanted, after=0, limit=2)
    if len(rows) != 1:
        hint = f"{rows[0].site}/{local}" if rows else ""
        raise NotFound(f"there is no {item_id} in {collection.id}", path=item_id, hint=hint)
    return _items(connection, rows, _shapes(rows, reader), collection, reader)[0]


def count_matched(connection: Connection, collection: Collection, reader: ItemReader, asked: Asked) -> int | None:
    """How many items match; None where a box holds too many to look at each."""
    wanted = _wanted(connection, collection, reader, asked)
    count = count_items(connection, wanted)
    if asked.box is None or not count:
        return count
    if count > COUNTED_EXACTLY:
        return None
    return sum(1 for _ in _matching(connection, collection, reader, asked, 0, READ_AT_ONCE))


def extent(connection: Connection, collection: Collection, reader: ItemReader) -> tuple[float | None, ...]:
    """West, south, east, north in degrees, lowest and highest height above the ellipsoid; None where nothing says."""
    return extent_of(connection, _wanted(connection, collection, reader, Asked()))


def _wanted(connection: Connection, collection: Collection, reader: ItemReader, asked: Asked) -> Items:
    layer = collection.layer
    where = asked.where if layer is None else (*asked.where, IDENTITY.feature_id.startswith(layer.prefix, autoescape=True))
    return Items(
        sites=frozenset(reader.sites) if layer is None else frozenset({layer.site}),
        labels=reader.labels,
        kind=collection.kind,
        layer=layer.model if layer else None,
        windows=asked.box.windows if asked.box else None,
        where=where,
        when=moment_between(connection, *asked.span) if asked.span else None,
    )


def _matching(
    connection: Connection, collection: Collection, reader: ItemReader, asked: Asked, after: int, at_once: int
) -> Iterator[tuple[FeatureRow, Any]]:
    wanted = _wanted(connection, collection, reader, asked)
    while rows := read_items(connection, wanted, after=after, limit=at_once):
        shapes = _shapes(rows, reader)
        if asked.box is None:
            yield from zip(rows, shapes, strict=True)
        else:
            heights = np.array([_heights(row) for row in rows], dtype=np.float64)
            meets = asked.box.meets(shapes, heights[:, 0], heights[:, 1])
            yield from ((row, shape) for row, shape, hit in zip(rows, shapes, meets, strict=True) if hit)
        if len(rows) < at_once:
            return
        after, at_once = rows[-1].identity, READ_AT_ONCE


def _shapes(rows: Sequence[FeatureRow], reader: ItemReader) -> np.ndarray[Any, np.dtype[np.object_]]:
    """Shapes in degrees, site by site."""
    result = np.full(len(rows), None, dtype=object)
    for site in {row.site for row in rows}:
        at = [i for i, row in enumerate(rows) if row.site == site]
        features, boxes = [rows[i].feature for i in at], [rows[i].box for i in at]
        result[at] = geographic_shapes(features, boxes, SiteFrame.of(reader.sites[site]))
    return result


def _heights(row: FeatureRow) -> tuple[float, float]:
    low, high = row.heights_m or (np.nan, np.nan)
    return low, high


def _items(
    connection: Connection, rows: Sequence[FeatureRow], shapes: Iterable[Any], collection: Collection, reader: ItemReader
) -> list[Item]:
    several = _in_several_sites(connection, [row.feature.id for row in rows], reader) if len(reader.sites) > 1 else set()
    times = _times(connection, {row.revision for row in rows} | {row.ended for row in rows if row.ended is not None})
    return [
        Item(
            id=f"{row.site}/{row.feature.id}" if row.feature.id in several else row.feature.id,
            site=row.site,
            geometry=shape,
            low_m=row.heights_m[0] if row.heights_m else None,
            high_m=row.heights_m[1] if row.heights_m else None,
            since=times[row.revision],
            until=times.get(row.ended) if row.ended is not None else None,
            properties=_properties(row, collection),
        )
        for row, shape in zip(rows, shapes, strict=True)
    ]


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
