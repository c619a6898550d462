"""Sites as items: each a point, the origin of its frame, in degrees and metres above the ellipsoid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from types import MappingProxyType
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import ColumnElement, Connection, and_, false, func, not_, select

from spatial.frame import Site
from twin.errors import Invalid, NotFound
from twin.queries.cql2 import FilterInvalid, Queryable, Queryables, ValueType, compile_filter
from twin.queries.cql2.among import among
from twin.queries.cql2.spatial import TURNED
from twin.queries.items.asked import Asked, ItemPage
from twin.queries.items.catalogue import Collection, ItemReader
from twin.queries.items.crs import OutputCrs
from twin.queries.items.item import Item
from twin.queries.items.sorting import Cursor, read_in_order, read_sort
from twin.store import schema
from twin.store.values import from_microseconds

__all__ = ["SITE_TYPES", "SiteQuery"]

SITE = schema.site.c
SITE_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "code": "string",
        "name": "string",
        "division": "string",
        "crs": "string",
        "lon": "number",
        "lat": "number",
        "height_m": "number",
        "geoid_separation_m": "number",
        "radius_m": "number",
    }
)
"""What a site says of itself → JSON type; degrees, metres above the ellipsoid, metres."""
QUERYABLES = tuple(Queryable(name=name, type=ValueType(kind), expression=SITE[name]) for name, kind in SITE_TYPES.items())
GEOMETRY = Queryable(name="geometry", type=ValueType.GEOMETRY, expression=SITE.lon)
ID = Queryable(name="id", type=ValueType.STRING, expression=SITE.code)


class SiteQuery:
    """The question of `ItemQuery` to the sites in the reader's scope, in the order of their codes."""

    def __init__(self, connection: Connection, collection: Collection, reader: ItemReader, asked: Asked) -> None:
        if asked.span is not None:
            raise Invalid("a site has one state, which is ever the same", path="datetime", code="PARAMETER_INVALID", hint="leave it out")
        self._connection, self._collection, self._reader, self._asked = connection, collection, reader, asked
        own = SITE.code.in_(sorted(reader.sites))
        questions = Queryables(ID, *QUERYABLES, GEOMETRY, key=SITE.id, where=own)
        self._keys = [*read_sort(asked.sort, questions), (SITE.code, False)]
        spatial = _SiteShapes(connection, reader, asked.filter_crs)
        self._where = [own, *(compile_filter(one, questions, connection, spatial=spatial) for one in asked.filters)]

    def page(self, *, after: str, limit: int) -> ItemPage:
        """At most `limit` sites behind the one a page before ended with."""
        cursor = Cursor.read(after, len(self._keys))
        rows = list(self._matching(cursor, limit + 1))
        items = [item for item, _ in rows[:limit]]
        return ItemPage(items=items, after=Cursor(rows[limit - 1][1]).text if len(rows) > limit else None)

    def one(self, item_id: str) -> Item:
        """The site of a code; raises NotFound also for one outside the reader's scope."""
        if item_id not in self._reader.sites:
            raise NotFound(f"there is no {item_id} in {self._collection.id}", path=item_id)
        return _item(self._reader.sites[item_id])

    def count(self) -> int:
        """How many match."""
        return sum(1 for _ in self._matching(None, None))

    def extent(self) -> tuple[float | None, ...]:
        """West, south, east, north in degrees, lowest and highest height above the ellipsoid of the origins."""
        items = [_item(site) for site in self._reader.sites.values()]
        if not items:
            return (None,) * 6
        points = shapely.get_coordinates(np.array([item.geometry for item in items]), include_z=True)
        low, high = points.min(axis=0).tolist(), points.max(axis=0).tolist()
        return (low[0], low[1], high[0], high[1], low[2], high[2])

    def begun(self) -> datetime | None:
        """When the first of them was added."""
        first = self._connection.execute(select(func.min(SITE.created_us)).where(SITE.code.in_(sorted(self._reader.sites)))).scalar_one()
        return None if first is None else from_microseconds(first)

    def _matching(self, cursor: Cursor | None, limit: int | None) -> Iterator[tuple[Item, tuple[Any, ...]]]:
        query = select(SITE.code).where(*self._where)
        found = 0
        for code, *position in read_in_order(self._connection, query, self._keys, cursor, None):
            item = _item(self._reader.sites[code])
            if self._asked.box is None or self._asked.box.meets(*_standing(item))[0]:
                yield item, tuple(position)
                found += 1
                if found == limit:
                    return


class _SiteShapes:
    """The `SpatialLeaf` of sites."""

    def __init__(self, connection: Connection, reader: ItemReader, crs: OutputCrs | None) -> None:
        self._connection, self._reader, self._crs = connection, reader, crs

    def __call__(
        self, operator: str, queryable: Queryable, other: BaseGeometry | Queryable, heights: tuple[float, float] | None
    ) -> ColumnElement[bool]:
        """See `SpatialLeaf`. Predicates are planar, in degrees (OGC 06-103r4)."""
        if operator == "s_disjoint":
            return and_(SITE.lon.is_not(None), not_(self("s_intersects", queryable, other, heights)))
        if heights is not None and operator not in ("s_intersects", "s_within"):
            raise FilterInvalid(f"{operator} with heights", path="BBOX", hint="S_INTERSECTS, S_DISJOINT, S_WITHIN take six numbers")
        sites = list(self._reader.sites.values())
        if not sites:
            return false()
        points = shapely.points([site.lon for site in sites], [site.lat for site in sites])
        shape: Any = points
        if not isinstance(other, Queryable):
            shape = self._crs.degrees(other) if self._crs is not None else other
        held = np.array(TURNED[operator](shape, points), dtype=np.bool_)
        within = [heights is None or heights[0] <= site.height_m <= heights[1] for site in sites]
        codes = [site.code for site, hit, high in zip(sites, held, within, strict=True) if hit and high]
        return among(SITE.code, codes, ValueType.STRING, self._connection.dialect.name)


def _item(site: Site) -> Item:
    facts = asdict(site)
    return Item(
        id=site.code,
        site=site.code,
        geometry=shapely.Point(site.lon, site.lat, site.height_m),
        low_m=site.height_m,
        high_m=site.height_m,
        properties={name: facts[name] for name in SITE_TYPES},
    )


def _standing(item: Item) -> Sequence[Any]:
    height = np.array([item.low_m], dtype=np.float64)
    return np.array([item.geometry], dtype=object), height, height
