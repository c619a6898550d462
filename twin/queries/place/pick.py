"""What a ray meets first: exact on the meshes of the scene."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from spatial.mesh import Float64
from spatial.ray import ray_boxes, ray_triangles
from twin.auth import Labels
from twin.errors import Invalid
from twin.queries.place.frames import OUTSIDE, assign_sites, in_frame
from twin.queries.place.near import feature_kind
from twin.queries.place.scene import Scenes, SitePlaces

__all__ = ["PICKED", "aimed", "pick", "towards"]

PICKED = ("element", "city_object", "terrain")
"""What has a surface to be met; rooms are air, and met only where asked for."""


def aimed(heading_deg: float, tilt_deg: float) -> Float64:
    """The unit direction (3,) east, north, up of a heading clockwise from north and a tilt above the horizon, degrees."""
    heading, tilt = np.radians(heading_deg), np.radians(tilt_deg)
    return np.array([np.sin(heading) * np.cos(tilt), np.cos(heading) * np.cos(tilt), np.sin(tilt)])


def towards(lon_lat_height: Float64, target: Float64) -> tuple[float, float]:
    """Heading and tilt, degrees, from one point (3,) of degrees and metres to another. Raises Invalid (`RAY_INVALID`) if equal."""
    from spatial.frame import Site, SiteFrame

    lon, lat, height = (float(one) for one in lon_lat_height)
    here = SiteFrame.of(Site(code="", name="", lon=lon, lat=lat, height_m=height, crs="", geoid_separation_m=None))
    east, north, up = in_frame(here, target[None])[0]
    if float(np.hypot(np.hypot(east, north), up)) == 0:
        raise Invalid("the ray has no direction: origin and target are one point", code="RAY_INVALID", hint="another target")
    return float(np.degrees(np.arctan2(east, north))) % 360.0, float(np.degrees(np.arctan2(up, np.hypot(east, north))))


def pick(
    scenes: Scenes,
    scopes: Collection[str],
    labels: Labels,
    lon_lat_height: Float64,
    *,
    heading_deg: float,
    tilt_deg: float,
    range_m: float,
    kinds: Sequence[str] = PICKED,
) -> dict[str, Any]:
    """`{site, scene_revision, hit: {…, distance_m, point: {lon, lat, height_m}}}`: the first feature a ray meets; `hit` null for none.

    The ray starts at (3,) degrees and ellipsoidal metres, in the east-north-up frame of that point. A feature the reader may not know of
    is not met, nor a city object in whose place a model of the building stands: it is not drawn.
    Raises Invalid (`RAY_INVALID`, `POINT_HEIGHT_MISSING`, `FEATURE_KIND_UNKNOWN`).
    """
    if np.isnan(lon_lat_height[2]):
        raise Invalid("a ray starts at a height", path="height_m", code="POINT_HEIGHT_MISSING", hint="give height_m, ellipsoidal metres")
    if not (np.isfinite([heading_deg, tilt_deg]).all() and -90 <= tilt_deg <= 90 and 0 < range_m < np.inf):
        raise Invalid("heading and tilt in degrees, tilt from -90 to 90, range_m above 0", code="RAY_INVALID", hint="tilt 0 is level")
    places = [scenes.site(code) for code in scenes.codes(scopes)]
    number = int(assign_sites([one.frame for one in places], lon_lat_height[None]).site[0])
    if number == OUTSIDE:
        return {"site": None, "scene_revision": None, "hit": None}
    here = places[number]
    local = here.frame.local(*(float(one) for one in lon_lat_height))
    origin, direction = local.translation, local.rotation @ aimed(heading_deg, tilt_deg)
    present = [feature_kind(here, kind) for kind in kinds if kinds is not PICKED or kind in here.kinds()]
    row, distance = _first(here, labels, present, origin, direction, range_m)
    hit = None
    if row is not None:
        lon, lat, height = here.frame.to_lon_lat_height(origin + distance * direction)[0]
        met = {"lon": round(float(lon), 9), "lat": round(float(lat), 9), "height_m": round(float(height), 4)}
        hit = here.named(row, labels) | {"distance_m": round(distance, 4), "point": met}
    return {"site": here.code, "scene_revision": here.extents.scene_revision, "hit": hit}


def _first(
    places: SitePlaces, labels: Labels, kinds: Sequence[str], origin: Float64, direction: Float64, range_m: float
) -> tuple[int | None, float]:
    seen = places.visible(labels) & ~places.replaced
    parts = [places.index(kind) for kind in kinds]
    rows = np.concatenate([part[0] for part in parts]) if parts else np.zeros(0, dtype=np.int64)
    boxes = np.concatenate([part[1].boxes for part in parts]) if parts else np.zeros((0, 2, 3))
    boxes = np.stack([boxes[:, 0] - 1e-3, boxes[:, 1] + 1e-3], axis=1)
    enter = np.where(seen[rows], ray_boxes(origin, direction, boxes), np.inf)
    best, chosen = range_m, None
    for at in np.argsort(enter, kind="stable"):
        if enter[at] > best:
            break
        faces = places.shapes.triangles(places.extents.ids[rows[at]])
        distance = float(ray_triangles(origin, direction, faces).min()) if len(faces) else np.inf
        if distance < best or (distance == best and chosen is None):
            best, chosen = distance, int(rows[at])
    return chosen, best
