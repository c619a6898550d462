"""Points of the world and points of sites: which site a lon, lat, height lies in, and where there; boxes and polygons likewise."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from spatial.cells import Int64
from spatial.frame import SiteFrame
from spatial.mesh import Float64
from twin.errors import Invalid

__all__ = ["Assigned", "assign_sites", "columns_of", "in_frame", "lon_lat_ring", "require_one"]

METRES_A_DEGREE = 111_320.0
NEAR_RADII = 4
STEPS = 16
TURNS = (-360.0, 0.0, 360.0)
"""Beyond the antimeridian a site's surroundings go on under longitudes of the other sign."""
OUTSIDE = -1


@dataclass(frozen=True, slots=True, eq=False)
class Assigned:
    """The site of each point, -1 outside all, and its site_xyz there (z NaN for a point without a height, all NaN outside)."""

    site: Int64
    site_xyz: Float64


def columns_of(lon: Sequence[float], lat: Sequence[float], height_m: Sequence[float | None] | None) -> Float64:
    """(n, 3) degrees and ellipsoidal metres, NaN for a height that is not known. Raises Invalid (`POINTS_INVALID`)."""
    if len(lon) != len(lat) or (height_m is not None and len(height_m) != len(lon)):
        raise _invalid("lon, lat and height_m are columns of one length")
    points = np.full((len(lon), 3), np.nan)
    points[:, 0], points[:, 1] = lon, lat
    if height_m is not None:
        points[:, 2] = np.array(height_m, dtype=np.float64)
    if not (np.abs(points[:, 0]) <= 180).all() or not (np.abs(points[:, 1]) <= 90).all() or np.isinf(points[:, 2]).any():
        raise _invalid("lon is from -180 to 180, lat from -90 to 90, a height finite or null")
    return points


def assign_sites(frames: Sequence[SiteFrame], lon_lat_height: Float64) -> Assigned:
    """Each point to the site within whose radius it lies, of several to that whose origin is nearest."""
    site = np.full(len(lon_lat_height), OUTSIDE, dtype=np.int64)
    placed = np.full((len(lon_lat_height), 3), np.nan)
    nearest = np.full(len(lon_lat_height), np.inf)
    for number, frame in enumerate(frames):
        near = np.flatnonzero(_roughly_near(frame, lon_lat_height))
        xyz = in_frame(frame, lon_lat_height[near])
        distance = np.hypot(xyz[:, 0], xyz[:, 1])
        closer = (distance <= frame.site.radius_m) & (distance < nearest[near])
        chosen = near[closer]
        site[chosen], placed[chosen], nearest[chosen] = number, xyz[closer], distance[closer]
    return Assigned(site, placed)


def in_frame(frame: SiteFrame, lon_lat_height: Float64) -> Float64:
    """site_xyz (n, 3); a point without a height is taken at the height of the site's origin and has no z."""
    line = np.isnan(lon_lat_height[:, 2])
    points = lon_lat_height.copy()
    points[line, 2] = frame.site.height_m
    xyz = frame.from_lon_lat_height(points) if len(points) else np.zeros((0, 3))
    xyz[line, 2] = np.nan
    return xyz


def lon_lat_ring(frame: SiteFrame, polygon: BaseGeometry) -> BaseGeometry:
    """What of a polygon of degrees lies within four radii of a site, in site metres (plan), its edges straight in degrees: cut into 16
    pieces each. Farther away the plane of the site no longer tells places apart: its antipodes fold onto it.

    Raises Invalid (`AREA_INVALID`) where it is no valid polygon.
    """
    if polygon.is_empty or polygon.geom_type not in ("Polygon", "MultiPolygon") or not polygon.is_valid:
        raise Invalid(
            "the area is no valid polygon",
            path="polygon",
            code="AREA_INVALID",
            hint="rings closed, not crossing themselves, lon before lat",
        )
    north = NEAR_RADII * frame.site.radius_m / METRES_A_DEGREE
    east = north / max(0.01, float(np.cos(np.radians(frame.site.lat))))
    lon, lat = frame.site.lon, frame.site.lat
    near = shapely.box(lon - east, lat - north, lon + east, lat + north)
    round_ = [shapely.affinity.translate(polygon, xoff=turn) for turn in TURNS]
    parts = shapely.get_parts(shapely.get_parts([shapely.intersection(one, near) for one in round_]))
    polygon = shapely.union_all(parts[shapely.get_dimensions(parts) == 2])
    if polygon.is_empty:
        nowhere = 10 * frame.site.radius_m  # nothing of a site stands there
        return shapely.box(nowhere, nowhere, nowhere + 1.0, nowhere + 1.0)
    longest = max(polygon.bounds[2] - polygon.bounds[0], polygon.bounds[3] - polygon.bounds[1])
    dense = shapely.segmentize(shapely.force_2d(polygon), longest / STEPS)

    def carry(points: Float64) -> Float64:
        return in_frame(frame, np.column_stack([points, np.full(len(points), frame.site.height_m)]))[:, :2]

    moved: BaseGeometry = shapely.transform(dense, carry)
    return moved


def require_one(codes: Collection[str], code: str | None) -> str:
    """The only site, or the one named. Raises Invalid (`SITE_NOT_NAMED`)."""
    if code is not None:
        return code
    if len(codes) == 1:
        return next(iter(codes))
    raise Invalid("several sites are known: name one", path="site", code="SITE_NOT_NAMED", hint="GET /sites lists them")


def _roughly_near(frame: SiteFrame, points: Float64) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    reach = 1.1 * frame.site.radius_m / METRES_A_DEGREE + 0.001
    wide = reach / max(0.01, float(np.cos(np.radians(min(89.0, abs(frame.site.lat) + reach)))))
    east = np.abs((points[:, 0] - frame.site.lon + 180.0) % 360.0 - 180.0)
    near: np.ndarray[tuple[int], np.dtype[np.bool_]] = (east <= wide) & (np.abs(points[:, 1] - frame.site.lat) <= reach)
    return near


def _invalid(message: str) -> Invalid:
    return Invalid(message, code="POINTS_INVALID", hint="degrees, longitude first; ellipsoidal metres")
