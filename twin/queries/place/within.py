"""What lies within: a box or polygon of degrees with heights, a ball, or a building, storey, room or zone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from spatial.cells import Int64
from spatial.frame import SiteFrame
from spatial.mesh import Float64
from twin.errors import Invalid, NotFound
from twin.queries.place.assets import AssetPoints, StandingAssets
from twin.queries.place.frames import in_frame, lon_lat_ring
from twin.queries.place.near import ASSET, feature_kind
from twin.queries.place.scene import SitePlaces
from twin.records.scope import Reader
from twin.records.shelf import AssetView

__all__ = ["Area", "within"]

EARTH_M = 6_356_000.0
ABOVE = {"building": "building", "storey": "storey", "space": "space"}
"""Kinds that have things below them, and the word of a feature that names them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """One of: `polygon` in degrees with ellipsoidal heights from `low_m` to `high_m` (open where None); a ball of `radius_m` around
    `centre` (lon, lat, height; without a height an upright cylinder); `feature` a building, storey, room or zone by id."""

    polygon: BaseGeometry | None = None
    low_m: float | None = None
    high_m: float | None = None
    centre: tuple[float, float, float | None] | None = None
    radius_m: float | None = None
    feature: str | None = None


def within(
    places: SitePlaces, assets: AssetPoints, reader: Reader, area: Area, *, kind: str, after: str | None, limit: int
) -> dict[str, Any]:
    """`{site, scene_revision, kind, total, found: […], next}`: a page of the things of a kind that meet an area, ordered by id; `next` is
    the id to go on after, or null. What touches the area's edge is within; a thing inside a building, storey or room is what the model
    says lies in it. Raises Invalid (`AREA_INVALID`, `FEATURE_KIND_UNKNOWN`), NotFound for a feature the reader may not know of.
    """
    _require_one(area)
    if kind == ASSET:
        standing, view = assets.of(places.code)
        rows = _asset_rows(places, standing, view, reader, area)
        records = np.sort(standing.record[rows[standing.visible(view, reader)[rows]]]).astype(np.int64)
        page, following = _page(records, np.searchsorted(records, _record_after(after), side="right"), limit)
        found = assets.documents(view, [int(record) for record in page])
    else:
        features = np.sort(_feature_rows(places, reader, area, feature_kind(places, kind)))
        start = 0 if after is None else np.searchsorted(features, _row_after(places, after), side="left")
        records = features
        page, following = _page(features, start, limit)
        found = [places.named(int(row), reader.labels) for row in page]
    return {
        "site": places.code,
        "scene_revision": places.extents.scene_revision,
        "kind": kind,
        "total": len(records),
        "found": found,
        "next": str(found[-1]["id"]) if following else None,
    }


def _require_one(area: Area) -> None:
    given = [area.polygon is not None, area.centre is not None, area.feature is not None]
    if sum(given) != 1 or (area.centre is not None) != (area.radius_m is not None):
        raise _invalid("give one of a box, a polygon, a centre with radius_m, a feature", "in")
    if area.radius_m is not None and not 0 < area.radius_m < np.inf:
        raise _invalid(f"radius_m = {area.radius_m}", "radius_m")
    if area.polygon is None and (area.low_m is not None or area.high_m is not None):
        raise _invalid("low_m and high_m bound a box or a polygon alone", "low_m")
    if area.low_m is not None and area.high_m is not None and area.low_m > area.high_m:
        raise _invalid("the lower height is above the upper one", "low_m")


def _page(rows: Int64, start: Any, limit: int) -> tuple[Int64, bool]:
    return rows[int(start) : int(start) + limit], len(rows) > int(start) + limit


def _record_after(after: str | None) -> int:
    if after is not None and not (after.isdecimal() and len(after) < 18):
        raise Invalid(f"after={after} is no id of an asset", path=after, code="CURSOR_INVALID", hint="the `next` of the page before")
    return int(after or 0)


def _row_after(places: SitePlaces, after: str) -> int:
    """The first row whose id is greater."""
    return int(np.searchsorted(np.array([one.encode() for one in places.extents.ids], dtype=object), after.encode(), side="right"))


def _feature_rows(places: SitePlaces, reader: Reader, area: Area, kind: str) -> Int64:
    rows, index = places.index(kind)
    seen = places.visible(reader.labels)
    if area.feature is not None:
        holder = _holder(places, reader, area.feature)
        word = ABOVE.get(str(places.extents.words["kind"][holder]))
        if word is not None:
            below = np.array([name == area.feature for name in places.extents.words[word]], dtype=bool)
            of_kind = np.array([name == kind for name in places.extents.words["kind"]], dtype=bool)
            return np.flatnonzero(below & of_kind & seen).astype(np.int64)
        low, high = places.extents.z_ranges[holder]
        plan = places.extents.footprints[holder]
        found = index.rows_within_box([*plan.bounds[:2], low], [*plan.bounds[2:], high])
        found = index.meeting(found[shapely.intersects(index.footprints[found], plan)], plan, low, high)
    elif area.centre is not None:
        found = _in_ball(places, index, area)
    else:
        found = _in_polygon(places, index, area)
    chosen = rows[found]
    return np.asarray(chosen[seen[chosen]])


def _in_ball(places: SitePlaces, index: Any, area: Area) -> Int64:
    assert area.centre is not None and area.radius_m is not None
    point = _centre(places.frame, area.centre)
    reach = np.where(np.isnan(point), np.inf, area.radius_m)
    middle = np.nan_to_num(point)
    found: Int64 = index.rows_within_box(middle - reach, middle + reach)
    if np.isnan(point[2]):
        plan = shapely.distance(index.footprints[found], shapely.Point(point[0], point[1]))
        return np.asarray(found[plan <= area.radius_m])
    return np.asarray(found[index.distances(found, point) <= area.radius_m])


def _in_polygon(places: SitePlaces, index: Any, area: Area) -> Int64:
    assert area.polygon is not None
    plan = lon_lat_ring(places.frame, area.polygon)
    low, high = _z_limits(places.frame, area)
    found: Int64 = index.rows_within_box([*plan.bounds[:2], low], [*plan.bounds[2:], high])
    found = found[shapely.intersects(index.footprints[found], plan)]
    middle = shapely.get_coordinates(shapely.centroid(index.footprints[found]))
    ends = [_heights(places.frame, middle, index.z_ranges[found, end]) for end in (0, 1)]
    inside = (ends[0] <= _or(area.high_m, np.inf)) & (ends[1] >= _or(area.low_m, -np.inf))
    rise = ends[0] - index.z_ranges[found, 0]
    met = [
        len(index.meeting(found[i : i + 1], plan, _or(area.low_m, -np.inf) - rise[i], _or(area.high_m, np.inf) - rise[i])) > 0
        for i in np.flatnonzero(inside).tolist()
    ]
    return np.asarray(found[inside][np.array(met, dtype=bool)])


def _asset_rows(places: SitePlaces, standing: StandingAssets, view: AssetView, reader: Reader, area: Area) -> Int64:
    points = standing.points
    if area.feature is not None:
        holder = _holder(places, reader, area.feature)
        if str(places.extents.words["kind"][holder]) in ABOVE:
            return _assets_below(standing, view, area.feature)
        plan, (low, high) = places.extents.footprints[holder], places.extents.z_ranges[holder]
        rows = points.in_box([*plan.bounds[:2], low], [*plan.bounds[2:], high])
        return _inside(points.xyz[:, points.position[rows]].T, rows, plan)
    if area.centre is not None and area.radius_m is not None:
        centre = _centre(places.frame, area.centre)
        reach = np.where(np.isnan(centre), np.inf, area.radius_m)
        rows = points.in_box(np.nan_to_num(centre) - reach, np.nan_to_num(centre) + reach)
        axes = 2 if np.isnan(centre[2]) else 3
        distance = np.linalg.norm(points.xyz[:axes, points.position[rows]].T - centre[:axes], axis=1)
        return np.asarray(rows[distance <= area.radius_m], dtype=np.int64)
    assert area.polygon is not None
    plan = lon_lat_ring(places.frame, area.polygon)
    low, high = _z_limits(places.frame, area)
    rows = points.in_box([*plan.bounds[:2], low], [*plan.bounds[2:], high])
    xyz = points.xyz[:, points.position[rows]].T
    heights = _heights(places.frame, xyz[:, :2], xyz[:, 2])
    fits = (heights <= _or(area.high_m, np.inf)) & (heights >= _or(area.low_m, -np.inf))
    return _inside(xyz[fits], rows[fits], plan)


def _inside(xyz: Float64, rows: Any, plan: BaseGeometry) -> Int64:
    shapely.prepare(plan)
    return np.asarray(rows[shapely.intersects_xy(plan, xyz[:, 0], xyz[:, 1])], dtype=np.int64)


def _assets_below(standing: StandingAssets, view: AssetView, feature_id: str) -> Int64:
    """Those whose place is the node of the feature or lies below it."""
    at = next((position for position, row in enumerate(view.places.rows) if row.feature_id == feature_id), None)
    if at is None:
        return np.zeros(0, dtype=np.int64)
    positions = np.append(view.columns.arrays["position"], -1)
    place = np.append(view.position, -1)[positions[np.minimum(standing.record, len(positions) - 1)]]
    return np.flatnonzero((place >= at) & (place < view.places.end[at])).astype(np.int64)


def _holder(places: SitePlaces, reader: Reader, feature_id: str) -> int:
    row = places.position.get(feature_id)
    if row is None or not places.visible(reader.labels)[row]:
        raise NotFound(f"there is no feature {feature_id}", path=feature_id)
    kind = str(places.extents.words["kind"][row])
    if kind not in ABOVE and (places.extents.footprints[row] is None or not np.isfinite(places.extents.z_ranges[row]).all()):
        raise _invalid(f"{feature_id} has no footprint and heights to lie in", "in")
    return row


def _centre(frame: SiteFrame, centre: tuple[float, float, float | None]) -> Float64:
    lon, lat, height = centre
    return np.asarray(in_frame(frame, np.array([[lon, lat, np.nan if height is None else height]]))[0])


def _z_limits(frame: SiteFrame, area: Area) -> tuple[float, float]:
    """z of the site frame between which everything of these heights lies: away from the origin z is less than the height."""
    drop = frame.site.radius_m**2 / (2 * EARTH_M) + 1.0
    low = -np.inf if area.low_m is None else area.low_m - frame.site.height_m - drop
    high = np.inf if area.high_m is None else area.high_m - frame.site.height_m + 1.0
    return low, high


def _heights(frame: SiteFrame, xy: Float64, z: Float64) -> Float64:
    """Ellipsoidal heights of points of the site frame."""
    if not len(xy):
        return np.zeros(0)
    return np.asarray(frame.to_lon_lat_height(np.column_stack([xy, z]))[:, 2])


def _or(value: float | None, default: float) -> float:
    return default if value is None else value


def _invalid(message: str, parameter: str) -> Invalid:
    return Invalid(message, path=parameter, code="AREA_INVALID", hint="bbox, polygon (WKT, degrees), lon, lat and radius_m, or in")
