"""Shapes of devices: their records say what they are, their features (docs/decisions/023) where they stand or what they cover."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry
from sqlalchemy import ColumnElement, Connection, Table, and_, case, false, not_

from spatial.feature import Kind
from spatial.mesh import Float64
from twin.queries.cql2 import FilterInvalid, Queryable
from twin.queries.cql2.among import among
from twin.queries.cql2.queryables import ValueType
from twin.queries.cql2.spatial import TURNED
from twin.queries.items.catalogue import ItemReader
from twin.queries.items.crs import OutputCrs
from twin.queries.items.shapes import fits, shapes_of, windows_of
from twin.store import FeatureRow, schema
from twin.store.items import Items, Window, extent_of, read_items

__all__ = ["DeviceShapes"]

IDENTITY = schema.identity.c
AT_ONCE = 2_000


class DeviceShapes:
    """What `RecordPoints` is to assets: the shapes of a table's rows, and the `SpatialLeaf` over them."""

    def __init__(self, connection: Connection, table: Table, reader: ItemReader, crs: OutputCrs | None) -> None:
        self._connection, self._table, self._reader, self._crs = connection, table, reader, crs
        self._kind = Kind(table.name)
        self._known: dict[str, FeatureRow] = {}

    def of_rows(self, stored: Mapping[str, Sequence[Any]]) -> NDArray[np.object_]:
        """Shapes (n,) in lon, lat degrees, at their lowest metres above the ellipsoid; None for a device that has no place."""
        keys = stored["key"]
        self._known = {self._key(row): row for row in self._features(keys=keys)}
        shapes = dict(zip(self._known, shapes_of(list(self._known.values()), self._reader), strict=True))
        result = np.full(len(keys), None, dtype=object)
        for at, key in enumerate(keys):
            result[at] = shapes.get(key)
        return result

    def heights_of(self, stored: Mapping[str, Sequence[Any]], shapes: NDArray[np.object_]) -> Float64:
        """(n, 2) lowest and highest metres above the ellipsoid of rows just asked for, NaN where nothing says."""
        found = [self._known.get(key) for key in stored["key"]]
        return np.array([(row and row.heights_m) or (np.nan, np.nan) for row in found], dtype=np.float64).reshape(-1, 2)

    def site_of(self, key: str) -> str | None:
        """The code of the site that a device just asked for stands in."""
        return self._known[key].site if key in self._known else None

    def placed(self) -> ColumnElement[Any]:
        """What is null for a device that has no shape."""
        return case((self._keyed([self._key(row) for row in self._features()]), 1))

    def near(self, windows: Sequence[Window]) -> ColumnElement[bool]:
        """The rows whose features lie in one of the windows; what lies there is to be looked at exactly."""
        return self._keyed([self._key(row) for row in self._features(windows=windows)])

    def extent(self, keys: Sequence[str]) -> tuple[float | None, ...]:
        """West, south, east, north, lowest and highest of the devices with these keys."""
        return extent_of(self._connection, self._items(self._named(keys)))

    def __call__(
        self, operator: str, queryable: Queryable, other: BaseGeometry | Queryable, heights: tuple[float, float] | None
    ) -> ColumnElement[bool]:
        """See `SpatialLeaf`. Predicates are planar, in degrees (OGC 06-103r4)."""
        if operator == "s_disjoint":
            return and_(self.placed().is_not(None), not_(self("s_intersects", queryable, other, heights)))
        if heights is not None and operator not in ("s_intersects", "s_within"):
            raise FilterInvalid(f"{operator} with heights", path="BBOX", hint="S_INTERSECTS, S_DISJOINT, S_WITHIN take six numbers")
        if isinstance(other, Queryable):
            return self._held(operator, None, None, None)
        shape = self._crs.degrees(other) if self._crs is not None else other
        if shape.is_empty:
            return false()
        shapely.prepare(shape)
        return self._held(operator, shape, windows_of(shape, heights), heights)

    def _held(
        self, operator: str, shape: BaseGeometry | None, windows: Sequence[Window] | None, heights: tuple[float, float] | None
    ) -> ColumnElement[bool]:
        rows = self._features(windows=windows)
        shapes = shapely.force_2d(shapes_of(rows, self._reader))
        held = TURNED[operator](shapes if shape is None else shape, shapes)
        return self._keyed([self._key(row) for row, hit in zip(rows, held, strict=True) if hit and fits(row, operator, heights)])

    def _features(self, *, keys: Sequence[str] | None = None, windows: Sequence[Window] | None = None) -> list[FeatureRow]:
        items = self._items(() if keys is None else self._named(keys), windows)
        found: list[FeatureRow] = []
        while rows := read_items(self._connection, items, after=found[-1].identity if found else 0, limit=AT_ONCE):
            found += rows
        return found

    def _items(self, where: tuple[ColumnElement[bool], ...], windows: Sequence[Window] | None = None) -> Items:
        sites, kind = frozenset(self._reader.sites), self._kind
        return Items(sites=sites, labels=self._reader.labels, kind=kind, layer=str(kind), windows=windows, where=where)

    def _named(self, keys: Sequence[str]) -> tuple[ColumnElement[bool], ...]:
        ids = [f"{self._kind}:{key}" for key in keys]
        return (among(IDENTITY.feature_id, ids, ValueType.STRING, self._connection.dialect.name),)

    def _keyed(self, keys: Sequence[str]) -> ColumnElement[bool]:
        return among(self._table.c.key, keys, ValueType.STRING, self._connection.dialect.name)

    def _key(self, row: FeatureRow) -> str:
        return str(row.feature.id).removeprefix(f"{self._kind}:")
