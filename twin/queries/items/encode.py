"""Items as GeoJSON (RFC 7946) and JSON-FG (OGC 21-045r1): the same members, the latter with place, time and CRS of their own."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from spatial.frame import Site
from twin.queries.items.crs import CRS84H, OutputCrs
from twin.queries.items.item import Item

__all__ = ["JSONFG_CLASSES", "features_of", "point_feature"]

JSONFG = "http://www.opengis.net/spec/json-fg-1/1.0/conf"
JSONFG_CLASSES = (f"{JSONFG}/core", f"{JSONFG}/prisms")
DEGREE_DIGITS, METRE_DIGITS = 9, 4
"""A tenth of a millimetre."""


def features_of(
    items: Sequence[Item], sites: Mapping[str, Site], crs: OutputCrs, *, jsonfg: bool = False, feature_type: str = ""
) -> list[dict[str, Any]]:
    """Each item as a feature with its geometry in the CRS; `jsonfg` adds what that standard has: `place` where it says more."""
    shapes = np.array([item.geometry for item in items], dtype=object)
    there = [sites[item.site] if item.site is not None else None for item in items]
    geometries = _geometries(crs.coordinates(shapes, there), crs)
    features = [_feature(item, geometry) for item, geometry in zip(items, geometries, strict=True)]
    if not jsonfg:
        return features
    bases = _geometries(shapely.force_2d(crs.coordinates(shapes, there)), crs)
    plain = _geometries(shapely.force_2d(shapes), None)
    for feature, item, base, wgs84, site in zip(features, items, bases, plain, there, strict=True):
        prism = _prism(item, base, crs, site)
        own = crs.plan is not None or prism is not None
        feature |= {
            "featureType": feature_type,
            "geometry": wgs84,
            "place": (prism or base) if own else None,
            "time": _time(item),
            "coordRefSys": _crs_of(prism is not None, crs),
        }
    return features


def point_feature(item: Item) -> dict[str, Any]:
    """What `features_of` says of one item that is a point with a height, in CRS84h, at a fifth of the cost."""
    assert item.geometry is not None
    ((x, y, z),) = item.geometry.coords
    at, height = np.round(np.array([x, y]), DEGREE_DIGITS).tolist(), np.round(np.array([z]), 4).tolist()
    return _feature(item, {"type": "Point", "coordinates": at + height})


def _feature(item: Item, geometry: Any) -> dict[str, Any]:
    heights = {} if item.low_m is None else {"low_m": _metres(item.low_m), "high_m": _metres(item.high_m)}
    since = {} if item.since is None else {"since": item.since.isoformat()}
    until = {} if item.until is None else {"until": item.until.isoformat()}
    return {"type": "Feature", "id": item.id, "geometry": geometry, "properties": {**heights, **since, **until, **item.properties}}


def _geometries(shapes: NDArray[np.object_], crs: OutputCrs | None) -> list[Any]:
    digits = METRE_DIGITS if crs is not None and crs.projected else DEGREE_DIGITS
    if not (shapely.get_type_id(shapes) > 0).any():
        return _points(shapes, digits)
    rounded = shapely.transform(shapes, lambda at: np.column_stack([np.round(at[:, :2], digits), np.round(at[:, 2:], 4)]), include_z=True)
    flat = ~shapely.has_z(shapes)
    rounded[flat] = shapely.force_2d(rounded[flat])
    return [None if text is None else json.loads(text) for text in shapely.to_geojson(rounded)]


def _points(shapes: NDArray[np.object_], digits: int) -> list[Any]:
    """The same of points, and of None, which -1 is the type of."""
    there = np.flatnonzero(shapely.get_type_id(shapes) == 0)
    at = shapely.get_coordinates(shapes[there], include_z=True)
    plan, heights = np.round(at[:, :2], digits).tolist(), np.round(at[:, 2], 4).tolist()
    found: list[Any] = [None] * len(shapes)
    for row, (x, y), z in zip(there.tolist(), plan, heights, strict=True):
        found[row] = {"type": "Point", "coordinates": [x, y] if z != z else [x, y, z]}
    return found


def _prism(item: Item, base: Any, crs: OutputCrs, site: Site | None) -> dict[str, Any] | None:
    """The plan raised from its lowest to its highest height, in heights of the CRS, above the ellipsoid where it has none."""
    if base is None or site is None or item.low_m is None or item.high_m is None or base["type"] not in ("Polygon", "MultiPolygon"):
        return None
    down = (site.geoid_separation_m or 0.0) if crs.height == "1985" else 0.0
    low, high = _metres(item.low_m - down), _metres(item.high_m - down)
    if base["type"] == "Polygon":
        return {"type": "Prism", "base": base, "lower": low, "upper": high}
    parts = [{"type": "Polygon", "coordinates": rings} for rings in base["coordinates"]]
    return {"type": "MultiPrism", "prisms": [{"type": "Prism", "base": part, "lower": low, "upper": high} for part in parts]}


def _crs_of(has_heights: bool, crs: OutputCrs) -> Any:
    return CRS84H if has_heights and crs.plan is None else crs.uri


def _time(item: Item) -> dict[str, Any] | None:
    if item.since is None:
        return None
    return {"interval": [_instant(item.since), ".." if item.until is None else _instant(item.until)]}


def _instant(moment: Any) -> str:
    return str(moment.isoformat()).replace("+00:00", "Z")


def _metres(value: float | None) -> float | None:
    return None if value is None else round(value, METRE_DIGITS)
