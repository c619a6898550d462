"""Features as they are sent (RFC 7946, merge patches by RFC 7396) as values of a record's columns, the way back of `encode`.

The properties are the columns. What an item has besides (its place, its heights, its times) follows from them and is passed over. A
geometry states the position where it is another than the item has, or where no column does: nothing is said twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import shapely
from shapely import Point
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from spatial.feature import DEVICES, Kind
from twin.codes import RecordKind
from twin.errors import Invalid
from twin.queries.items.item import Item

__all__ = ["FOLLOWS", "values_of_feature"]

FOLLOWS = frozenset({"id", "place", "place_feature", "low_m", "high_m", "since", "until"})
"""Properties of an item that are no columns: they follow from what is."""
SAME_DEGREES, SAME_M = 2e-9, 1e-3
DATUM = "WGS84"
POSITION = ("lon", "lat", "datum", "easting", "northing", "offset_east", "offset_north")
HEIGHTS = ("mounting_height", "height_1985", "ellipsoidal_height")
AREAS: Mapping[str, tuple[str, tuple[str, ...]]] = MappingProxyType(
    {
        Kind.ZONE: ("outline", ("Polygon", "MultiPolygon")),
        Kind.PERIMETER_SEGMENT: ("centre_line", ("LineString", "MultiLineString")),
    }
)
"""Kind → the column that holds its shape, and of what types it may be."""


def values_of_feature(kind: RecordKind, feature: Mapping[str, Any], now: Item | None, *, whole: bool) -> dict[str, Any]:
    """Column → value of a feature that is sent; `now` is the item it is to change, None for a new one.

    `whole` says whether the feature is all there is to say (POST, PUT) or a merge patch. A geometry is lon, lat (WGS84, CRS84), of a
    camera, gate or post with metres above the ellipsoid where it has a third coordinate (CRS84h). Raises Invalid.
    """
    properties = feature.get("properties", None if whole else {})
    if not isinstance(properties, Mapping):
        raise _invalid("properties", "is to be an object of the collection's columns")
    if whole and feature.get("type") != "Feature":
        raise _invalid("type", "a GeoJSON Feature is wanted")
    own = {column.name for column in kind.columns}
    values = {name: value for name, value in properties.items() if name in own or name not in FOLLOWS}
    if "geometry" not in feature or (feature["geometry"] is None and (now is None or now.geometry is None)):
        return values
    return values | _position(kind, feature["geometry"], values, now, whole=whole)


def _position(kind: RecordKind, geometry: Any, values: Mapping[str, Any], now: Item | None, *, whole: bool) -> dict[str, Any]:
    columns = [name for name in _position_columns(kind) if name in {column.name for column in kind.columns}]
    shape = _shape(geometry)
    same = now is not None and _same(shape, now.geometry)
    said = [name for name in columns if values.get(name) is not None]
    if same and (said or not whole or not columns):
        return {}
    if not columns:
        raise _invalid("geometry", f"where a {kind.name} stands follows from its location, and is not written")
    others = [name for name in said if shape is None or now is None or values[name] != now.properties.get(name)]
    if others:
        raise _invalid("geometry", f"says the position, and so does {others[0]}: one of the two")
    if shape is None:
        return dict.fromkeys(columns)
    return dict.fromkeys(columns) | (_area(kind, shape, now) if kind.name in AREAS else _point(kind, shape, values, now, whole=whole))


def _position_columns(kind: RecordKind) -> tuple[str, ...]:
    if kind.name not in DEVICES:
        return ()
    return (AREAS[kind.name][0], "datum") if kind.name in AREAS else POSITION


def _point(kind: RecordKind, shape: BaseGeometry, values: Mapping[str, Any], now: Item | None, *, whole: bool) -> dict[str, Any]:
    if not isinstance(shape, Point):
        raise _invalid("geometry", f"of a {kind.name} a Point is wanted, its other columns say the rest")
    found: dict[str, Any] = {"lon": shape.x, "lat": shape.y, "datum": DATUM}
    if not shape.has_z:
        return found
    height = float(shapely.get_z(shape))
    said = [name for name in HEIGHTS if values.get(name) is not None]
    if now is not None and now.low_m is not None and abs(now.low_m - height) <= SAME_M and (said or not whole):
        return found
    others = [name for name in said if now is None or values[name] != now.properties.get(name)]
    if others:
        raise _invalid("geometry", f"says the height, and so does {others[0]}: one of the two")
    own = {column.name for column in kind.columns}
    return found | {name: None for name in HEIGHTS if name in own} | {"ellipsoidal_height": height}


def _area(kind: RecordKind, shape: BaseGeometry, now: Item | None) -> dict[str, Any]:
    column, types = AREAS[kind.name]
    if shape.geom_type not in types:
        raise _invalid("geometry", f"of a {kind.name} a {' or '.join(types)} is wanted")
    if shape.has_z:
        z = shapely.get_coordinates(shape, include_z=True)[:, 2]
        if now is None or now.low_m is None or np.abs(z - now.low_m).max() > 1.0:
            raise _invalid("geometry", f"heights of a {kind.name} are columns of their own: leave out the third coordinate")
    return {column: shapely.to_wkt(shapely.force_2d(shape), rounding_precision=9), "datum": DATUM}


def _shape(geometry: Any) -> BaseGeometry | None:
    if geometry is None:
        return None
    try:
        shape = shapely.geometry.shape(geometry)
    except (ShapelyError, ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise _invalid("geometry", f"is no GeoJSON geometry: {error}") from None
    points = shapely.get_coordinates(shape, include_z=shape.has_z)
    if shape.is_empty or not np.isfinite(points).all():
        raise _invalid("geometry", "is empty, or not all of it are finite numbers")
    if (np.abs(points[:, 0]) > 180).any() or (np.abs(points[:, 1]) > 90).any():
        raise _invalid("geometry", "lies beyond 180 or 90 degrees: lon, lat (CRS84) is wanted")
    return shape


def _same(shape: BaseGeometry | None, now: BaseGeometry | None) -> bool:
    if shape is None or now is None:
        return shape is now
    if shape.has_z and now.has_z and len(shapely.get_coordinates(shape)) == len(shapely.get_coordinates(now)):
        heights = [shapely.get_coordinates(one, include_z=True)[:, 2] for one in (shape, now)]
        if np.abs(heights[0] - heights[1]).max() > SAME_M:
            return False
    return bool(shapely.force_2d(shape).equals_exact(shapely.force_2d(now), SAME_DEGREES))


def _invalid(member: str, what: str) -> Invalid:
    return Invalid(f"{member} {what}", path=member, code="FIELD_INVALID", hint="/collections/ID/queryables names the columns")
