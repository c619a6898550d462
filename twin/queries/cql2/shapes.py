"""Geometries of a filter: WKT, GeoJSON and bounding boxes, to shapely and back."""

import json
from collections.abc import Mapping
from typing import Any

import numpy
import shapely
from shapely.geometry.base import BaseGeometry

from twin.queries.cql2.errors import FilterInvalid
from twin.queries.cql2.nodes import BBox, Geometry

__all__ = ["GEOMETRY_TYPES", "box_heights", "box_shape", "geojson_of", "make_bbox", "parse_geojson", "parse_wkt", "wkt_of"]

GEOMETRY_TYPES = ("Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon", "GeometryCollection")


def parse_wkt(text: str, where: str) -> Geometry:
    """A geometry from WKT (OGC 06-103r4), with z written or not, EMPTY too; measures (M) are refused."""
    try:
        return _checked(shapely.from_wkt(text), where)
    except (shapely.errors.ShapelyError, ValueError) as error:
        raise FilterInvalid(f"not well-known text of a geometry: {text[:60]}", path=where, hint=str(error)) from error


def parse_geojson(value: Mapping[str, Any], where: str) -> Geometry:
    """A geometry from GeoJSON (RFC 7946); an empty array of coordinates is an empty geometry."""
    try:
        text = json.dumps(value, allow_nan=False)
        return _checked(shapely.from_geojson(text), where)
    except (shapely.errors.ShapelyError, ValueError, TypeError) as error:
        raise FilterInvalid(f"not a GeoJSON geometry: {json.dumps(value)[:60]}", path=where, hint=str(error)) from error


def make_bbox(values: tuple[float, ...], where: str) -> BBox:
    """A box of 4 or 6 numbers; raises FilterInvalid where south lies above north, low above high, or a latitude beyond a pole."""
    if len(values) not in {4, 6}:
        raise FilterInvalid(f"BBOX has {len(values)} numbers", path=where, hint="4 (west, south, east, north) or 6, with heights")
    half = len(values) // 2
    low, high = values[:half], values[half:]
    if any(a > b for a, b in zip(low[1:], high[1:], strict=True)):
        raise FilterInvalid("a corner of BBOX lies above the one after it", path=where, hint="west, south, [low,] east, north[, high]")
    if low[1] < -90 or high[1] > 90:
        raise FilterInvalid("a latitude of BBOX lies beyond a pole", path=where, hint="longitudes come first: west, south, east, north")
    return BBox(values)


def box_shape(box: BBox) -> BaseGeometry:
    """The box on the ground: a polygon, or two where it crosses the antimeridian."""
    half = len(box.values) // 2
    (west, south), (east, north) = box.values[:2], box.values[half : half + 2]
    if west <= east:
        return shapely.box(west, south, east, north)
    return shapely.MultiPolygon([shapely.box(west, south, 180, north), shapely.box(-180, south, east, north)])


def box_heights(box: BBox) -> tuple[float, float] | None:
    """Lowest and highest of the box in metres, None for a box of four numbers."""
    return (box.values[2], box.values[5]) if len(box.values) == 6 else None


def wkt_of(shape: BaseGeometry) -> str:
    """WKT with as many digits as it takes to read the same numbers again."""
    return str(shapely.to_wkt(shape, rounding_precision=-1, output_dimension=3 if shape.has_z else 2))


def geojson_of(shape: BaseGeometry) -> dict[str, Any]:
    """GeoJSON (RFC 7946) of a geometry, an empty one with empty coordinates."""
    if shape.geom_type == "GeometryCollection":
        return {"type": "GeometryCollection", "geometries": [geojson_of(part) for part in shapely.get_parts(shape)]}
    if shape.is_empty:
        return {"type": shape.geom_type, "coordinates": []}
    found: dict[str, Any] = json.loads(shapely.to_geojson(shape))
    return found


def _checked(shape: BaseGeometry | None, where: str) -> Geometry:
    if shape is None or shape.geom_type not in GEOMETRY_TYPES:
        raise FilterInvalid("not a geometry of CQL2", path=where, hint=f"one of {', '.join(GEOMETRY_TYPES)}")
    if getattr(shape, "has_m", False):
        raise FilterInvalid("a geometry with measures (M)", path=where, hint="leave out M")
    if not numpy.isfinite(shapely.get_coordinates(shape, include_z=shape.has_z)).all():
        raise FilterInvalid("a coordinate that is no number", path=where)
    return Geometry(shape)
