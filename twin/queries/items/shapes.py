"""Shapes of features in degrees, and filters on them: what the windows leave is decided by shapely, shape by shape."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry
from sqlalchemy import ColumnElement, Connection, and_, false, not_

from spatial.frame import SiteFrame
from twin.queries.cql2 import FilterInvalid, Queryable
from twin.queries.cql2.among import among
from twin.queries.cql2.queryables import ValueType
from twin.queries.cql2.spatial import TURNED
from twin.queries.items.catalogue import ItemReader
from twin.queries.items.crs import OutputCrs
from twin.store import FeatureRow, schema
from twin.store.degrees import geographic_shapes
from twin.store.items import Items, Window, read_items

__all__ = ["ItemGeometries", "fits", "shapes_of", "windows_of"]

FEATURE = schema.feature.c
AT_ONCE = 2_000
PARTS = 8
"""A shape of more parts is looked for by one window around them."""


def shapes_of(rows: Sequence[FeatureRow], reader: ItemReader) -> NDArray[np.object_]:
    """Shapes (n,) in degrees, site by site."""
    result = np.full(len(rows), None, dtype=object)
    for site in {row.site for row in rows}:
        at = [i for i, row in enumerate(rows) if row.site == site]
        features, boxes = [rows[i].feature for i in at], [rows[i].box for i in at]
        result[at] = geographic_shapes(features, boxes, SiteFrame.of(reader.sites[site]))
    return result


class ItemGeometries:
    """The `SpatialLeaf` of features: the answer is the identities for which it holds among all of the collection."""

    def __init__(self, connection: Connection, everything: Items, reader: ItemReader, crs: OutputCrs | None) -> None:
        self._connection, self._everything, self._reader, self._crs = connection, everything, reader, crs

    def __call__(
        self, operator: str, queryable: Queryable, other: BaseGeometry | Queryable, heights: tuple[float, float] | None
    ) -> ColumnElement[bool]:
        """See `SpatialLeaf`. Predicates are planar, in degrees (OGC 06-103r4)."""
        if operator == "s_disjoint":
            return and_(FEATURE.west.is_not(None), not_(self("s_intersects", queryable, other, heights)))
        if heights is not None and operator not in ("s_intersects", "s_within"):
            raise FilterInvalid(f"{operator} with heights", path="BBOX", hint="S_INTERSECTS, S_DISJOINT, S_WITHIN take six numbers")
        if isinstance(other, Queryable):
            return self._among(operator, None, None, None)
        shape = self._crs.degrees(other) if self._crs is not None else other
        if shape.is_empty:
            return false()
        shapely.prepare(shape)
        return self._among(operator, shape, windows_of(shape, heights), heights)

    def _among(
        self, operator: str, shape: BaseGeometry | None, windows: Sequence[Window] | None, heights: tuple[float, float] | None
    ) -> ColumnElement[bool]:
        found: list[int] = []
        after = 0
        while rows := read_items(self._connection, replace(self._everything, windows=windows), after=after, limit=AT_ONCE):
            shapes = shapely.force_2d(shapes_of(rows, self._reader))
            held = TURNED[operator](shapes if shape is None else shape, shapes)
            found += [row.identity for row, hit in zip(rows, held, strict=True) if hit and fits(row, operator, heights)]
            after = rows[-1].identity
        return among(FEATURE.identity_id, found, ValueType.INTEGER, self._connection.dialect.name)


def windows_of(shape: BaseGeometry, heights: tuple[float, float] | None) -> list[Window]:
    """The windows that hold all of a shape in degrees, one a part of it."""
    parts = [part for part in shapely.get_parts(shape) if not part.is_empty]
    return [Window(*part.bounds, *(heights or ())) for part in (parts if len(parts) <= PARTS else [shape])]


def fits(row: FeatureRow, operator: str, heights: tuple[float, float] | None) -> bool:
    """Whether a feature meets heights that are asked for: what has none is at any, but within none."""
    if heights is None:
        return True
    if row.heights_m is None:
        return operator == "s_intersects"
    return operator == "s_intersects" or (row.heights_m[0] >= heights[0] and row.heights_m[1] <= heights[1])
