"""Points of records: site metres in the table, degrees and heights to who asks; filters on them are decided point by point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry
from sqlalchemy import ColumnElement, Connection, Table, and_, false, not_, or_, select

from spatial.frame import Site, SiteFrame
from spatial.mesh import Float64
from twin.queries.cql2 import FilterInvalid, Queryable
from twin.queries.cql2.among import among
from twin.queries.cql2.queryables import ValueType
from twin.queries.cql2.spatial import TURNED
from twin.queries.items.catalogue import ItemReader
from twin.queries.items.crs import OutputCrs
from twin.records.place_tree import NOWHERE, PlaceTree
from twin.store.items import Window

__all__ = ["RecordPoints", "StandingPoints", "planes_of", "site_of"]

AXES = ("x_m", "y_m", "z_m")
MARGIN_M = 2.0
"""What a height above or below the site's origin moves a point in its plane by, within its radius, and more."""
LOOKED_AT = 200_000
"""So many points at most are compared with the shape of a filter; of more it is refused, with what to do."""
EDGE = 16
METRES_A_DEGREE = 110_574
Plane: TypeAlias = tuple[float, float, float, float]
"""x and y, lowest, then highest; site metres."""


def site_of(places: PlaceTree, position: int, reader: ItemReader) -> Site | None:
    """The site that a place lies in, None where it lies in none of the reader's."""
    while position != NOWHERE:
        number = places.rows[position].site_id
        if number is not None:
            return reader.sites.get(reader.site_codes.get(number, ""))
        position = int(places.parent[position])
    return None


class StandingPoints:
    """The points of rows as stored, in the degrees and heights of the sites they stand in."""

    def __init__(self, places: PlaceTree, reader: ItemReader) -> None:
        self._places, self._reader = places, reader
        self._sites: dict[int, Site | None] = {}
        self._frames: dict[str, SiteFrame] = {}

    def of_rows(self, stored: Mapping[str, Sequence[Any]]) -> NDArray[np.object_]:
        """Points (n,) of lon, lat, metres above the ellipsoid, from columns of the table; None for a row that has none, or stands in no
        site of the reader."""
        xyz = np.array([stored[axis] for axis in AXES], dtype=np.float64).T
        result = np.full(len(xyz), None, dtype=object)
        there = np.flatnonzero(~np.isnan(xyz[:, 0]))
        positions = np.array(self._places.places_of(stored["place_id"], stored["location_id"]), dtype=np.int64)
        by_site: dict[str, list[int]] = {}
        for at, position in zip(there.tolist(), positions[there].tolist(), strict=True):
            if (site := self._site(position)) is not None:
                by_site.setdefault(site.code, []).append(at)
        for code, at_site in by_site.items():
            result[at_site] = shapely.points(self._frame(code).to_lon_lat_height(xyz[at_site]))
        return result

    def heights_of(self, stored: Mapping[str, Sequence[Any]], shapes: NDArray[np.object_]) -> Float64:
        """(n, 2) lowest and highest metres above the ellipsoid of points, NaN for none."""
        return np.repeat(shapely.get_z(shapes)[:, np.newaxis], 2, axis=1)

    def _frame(self, code: str) -> SiteFrame:
        if code not in self._frames:
            self._frames[code] = SiteFrame.of(self._reader.sites[code])
        return self._frames[code]

    def _site(self, position: int) -> Site | None:
        if position not in self._sites:
            self._sites[position] = site_of(self._places, position, self._reader)
        return self._sites[position]


class RecordPoints:
    """The `SpatialLeaf` over the points of a table's rows: the answer is the rows for which it holds."""

    def __init__(self, connection: Connection, table: Table, places: PlaceTree, reader: ItemReader, crs: OutputCrs | None) -> None:
        self._connection, self._table, self._reader, self._crs = connection, table, reader, crs
        self._standing = StandingPoints(places, reader)

    def near(self, windows: Sequence[Window]) -> ColumnElement[bool]:
        """A condition that holds for every row whose point lies in one of the windows, and some others."""
        found = [self._near(site, window) for site in self._reader.sites.values() for window in windows]
        return or_(false(), *(one for one in found if one is not None))

    def __call__(
        self, operator: str, queryable: Queryable, other: BaseGeometry | Queryable, heights: tuple[float, float] | None
    ) -> ColumnElement[bool]:
        """See `SpatialLeaf`. Predicates are planar, in degrees (OGC 06-103r4)."""
        if operator == "s_disjoint":
            return and_(self._table.c.x_m.is_not(None), not_(self("s_intersects", queryable, other, heights)))
        if heights is not None and operator not in ("s_intersects", "s_within"):
            raise FilterInvalid(f"{operator} with heights", path="BBOX", hint="S_INTERSECTS, S_DISJOINT, S_WITHIN take six numbers")
        near: ColumnElement[bool] = self._table.c.x_m.is_not(None)
        shape = None
        if not isinstance(other, Queryable):
            shape = self._crs.degrees(other) if self._crs is not None else other
            if shape.is_empty:
                return false()
            near = self.near([Window(*shape.bounds)])
            shapely.prepare(shape)
        return self._among(operator, shape, near, heights)

    def _among(
        self, operator: str, shape: BaseGeometry | None, near: ColumnElement[bool], heights: tuple[float, float] | None
    ) -> ColumnElement[bool]:
        table = self._table.c
        names = ("id", "place_id", "location_id", *AXES)
        found = self._connection.execute(select(*(table[name] for name in names)).where(near).limit(LOOKED_AT + 1)).all()
        if len(found) > LOOKED_AT:
            raise FilterInvalid(
                f"{operator} of a shape that more than {LOOKED_AT} records come near",
                path="filter",
                hint="ask with bbox, or of a smaller shape",
            )
        stored: dict[str, Sequence[Any]] = {name: [row[at] for row in found] for at, name in enumerate(names)}
        points = self._standing.of_rows(stored)
        plane = shapely.force_2d(points)
        held = np.array(TURNED[operator](plane if shape is None else shape, plane), dtype=np.bool_)
        if heights is not None:
            z = shapely.get_z(points)
            held &= (z >= heights[0]) & (z <= heights[1])
        keys = [row.id for row, hit in zip(found, held, strict=True) if hit]
        return among(table.id, keys, ValueType.INTEGER, self._connection.dialect.name)

    def _near(self, site: Site, window: Window) -> ColumnElement[bool] | None:
        """The window's plan in the plane of a site; None where it does not come near."""
        planes = planes_of(site, window)
        if planes is None:
            return None
        table, (west, south, east, north) = self._table.c, planes[0]
        return and_(table.x_m >= west, table.x_m <= east, table.y_m >= south, table.y_m <= north)


def planes_of(site: Site, window: Window) -> tuple[Plane, Plane] | None:
    """Two rectangles in the plane of a site: all its points in a window lie between the sides of the first, and all between those of
    the second lie in the window, whatever their height; None where it does not come near."""
    north = 2 * site.radius_m / METRES_A_DEGREE
    east = north / max(np.cos(np.radians(site.lat)), 0.01)
    low = np.maximum([window.west, window.south], [site.lon - east, site.lat - north])
    high = np.minimum([window.east, window.north], [site.lon + east, site.lat + north])
    if (low > high).any():
        return None
    degrees = _edge(low, high)
    xy = SiteFrame.of(site).from_lon_lat_height(np.column_stack([degrees, np.full(len(degrees), site.height_m)]))[:, :2]
    outer = (*(xy.min(axis=0) - MARGIN_M).tolist(), *(xy.max(axis=0) + MARGIN_M).tolist())
    inner = [
        *(float(xy[degrees[:, axis] == low[axis], axis].max()) + MARGIN_M for axis in (0, 1)),
        *(float(xy[degrees[:, axis] == high[axis], axis].min()) - MARGIN_M for axis in (0, 1)),
    ]
    return outer, (inner[0], inner[1], inner[2], inner[3])


def _edge(low: Float64, high: Float64) -> Float64:
    """Points (n, 2) all along the sides of a rectangle of degrees, which may be a line or a point."""
    steps = np.linspace(0.0, 1.0, EDGE + 1)
    lon, lat = (np.append(low[axis] + steps[:-1] * (high[axis] - low[axis]), high[axis]) for axis in (0, 1))
    sides = [(lon, np.full_like(lon, side)) for side in (low[1], high[1])] + [(np.full_like(lat, side), lat) for side in (low[0], high[0])]
    return np.concatenate([np.column_stack(side) for side in sides])
