"""Spatial leaves: the database pre-filters by bounding boxes, shapely decides, the answer is the keys that hold."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import ColumnElement, Connection, Select, and_, false, not_, or_, select

from twin.queries.cql2.among import among
from twin.queries.cql2.errors import FilterInvalid
from twin.queries.cql2.queryables import Queryable, ValueType

__all__ = ["GeometrySource", "SpatialLeaf", "StoredGeometries", "holds"]

PARTS = 8
"""Of a geometry in at most so many parts each part's box is asked for, else one box around them."""
Predicate = Callable[[Any, Any], Any]
TURNED: Mapping[str, Predicate] = {
    "s_intersects": shapely.intersects,
    "s_equals": shapely.equals,
    "s_disjoint": shapely.disjoint,
    "s_touches": shapely.touches,
    "s_within": shapely.contains,
    "s_overlaps": shapely.overlaps,
    "s_crosses": shapely.crosses,
    "s_contains": shapely.within,
}
"""By operator, the predicate of (right, left): what is asked about many left ones is prepared once, and shapely prepares the first."""


class SpatialLeaf(Protocol):
    """Answers one spatial condition; given to `compile_filter` by whoever knows where the geometries are."""

    def __call__(
        self, operator: str, queryable: Queryable, other: BaseGeometry | Queryable, heights: tuple[float, float] | None
    ) -> ColumnElement[bool]:
        """Whether `queryable operator other` holds: true or false; what is unknown (no geometry) the compiler puts in.

        `operator` is one of JSON (`s_within`); `other` a geometry in CRS84 (lon, lat) or a second queryable; `heights` the
        lowest and highest metres of a BBOX of six numbers. Raises FilterInvalid for what the collection cannot answer.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GeometrySource:
    """Where the geometries of a queryable are: `key` as in Queryables, WKB, its box (west, south, east, north; null without one).

    `to_stored` brings a geometry of the filter (CRS84, lon and lat) into the frame of the stored ones; without it they are CRS84.
    `heights` are the columns of lowest and highest metres, for boxes of six numbers. `where` limits the rows.
    """

    key: ColumnElement[int]
    wkb: ColumnElement[bytes]
    box: tuple[ColumnElement[float], ColumnElement[float], ColumnElement[float], ColumnElement[float]]
    heights: tuple[ColumnElement[float], ColumnElement[float]] | None = None
    where: ColumnElement[bool] | None = None
    to_stored: Callable[[BaseGeometry], BaseGeometry] | None = None


class StoredGeometries:
    """The `SpatialLeaf` over geometries in the database, by name of the queryable."""

    def __init__(self, connection: Connection, sources: Mapping[str, GeometrySource]) -> None:
        self._connection = connection
        self._sources = sources

    def __call__(
        self, operator: str, queryable: Queryable, other: BaseGeometry | Queryable, heights: tuple[float, float] | None
    ) -> ColumnElement[bool]:
        """See `SpatialLeaf`; predicates are planar (OGC 06-103r4) but for boxes of six numbers, which bound heights too."""
        source = self._sources[queryable.name]
        if operator == "s_disjoint":
            meets = self("s_intersects", queryable, other, heights)
            return and_(source.wkb.is_not(None), not_(meets))
        if isinstance(other, Queryable):
            return self._against(operator, source, self._sources[other.name])
        shape = source.to_stored(other) if source.to_stored else other
        if shape.is_empty:
            return false()
        near = _near(source, shape)
        if heights is not None:
            near = and_(near, _in_height(operator, source, heights))
        keys, wkb = self._asked(source, near, source.wkb)
        shapely.prepare(shape)
        return self._among(source, keys, TURNED[operator](shape, shapely.from_wkb(wkb)))

    def _against(self, operator: str, source: GeometrySource, other: GeometrySource) -> ColumnElement[bool]:
        keys, left, right = self._asked(source, other.wkb.is_not(None), source.wkb, other.wkb)
        return self._among(source, keys, TURNED[operator](shapely.from_wkb(right), shapely.from_wkb(left)))

    def _asked(self, source: GeometrySource, near: ColumnElement[bool], *wanted: ColumnElement[bytes]) -> list[Any]:
        asked: Select[*tuple[Any, ...]] = select(source.key, *wanted).where(near, source.wkb.is_not(None))
        rows = self._connection.execute(asked if source.where is None else asked.where(source.where)).all()
        columns = list(zip(*rows, strict=True)) or [()] * (1 + len(wanted))
        return [numpy.array(columns[0], dtype=numpy.int64), *(numpy.array(column, dtype=object) for column in columns[1:])]

    def _among(self, source: GeometrySource, keys: Any, held: Any) -> ColumnElement[bool]:
        return among(source.key, keys[held].tolist() if len(keys) else [], ValueType.INTEGER, self._connection.dialect.name)


def holds(operator: str, left: BaseGeometry, right: BaseGeometry) -> bool:
    """Whether `left operator right` holds for two geometries."""
    return bool(TURNED[operator](right, left))


def _near(source: GeometrySource, shape: BaseGeometry) -> ColumnElement[bool]:
    parts = list(shapely.get_parts(shape))
    west, south, east, north = source.box
    boxes = [part.bounds for part in (parts if len(parts) <= PARTS else [shape]) if not part.is_empty]
    return or_(*(and_(west <= box[2], east >= box[0], south <= box[3], north >= box[1]) for box in boxes))


def _in_height(operator: str, source: GeometrySource, heights: tuple[float, float]) -> ColumnElement[bool]:
    if source.heights is None:
        raise FilterInvalid("this collection has no heights", path="BBOX", hint="give BBOX four numbers: west, south, east, north")
    low, high = source.heights
    if operator == "s_intersects":
        return and_(low <= heights[1], high >= heights[0])
    if operator == "s_within":
        return and_(low >= heights[0], high <= heights[1])
    raise FilterInvalid(f"{operator} with heights", path="BBOX", hint="S_INTERSECTS, S_DISJOINT and S_WITHIN take a BBOX of six numbers")
