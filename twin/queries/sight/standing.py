"""Where the target of a question stands: a point with its height's datum, or a feature by its id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from spatial.crs import HeightDatum, ellipsoidal_height
from spatial.errors import HeightDatumUnknown
from spatial.frame import SiteFrame
from spatial.mesh import Float64
from twin.auth import Labels
from twin.errors import Invalid, NotFound
from twin.queries.sight.site import SiteSight
from twin.queries.sight.visible import BODY, Target
from twin.store import FeatureRow, Store

__all__ = ["DATUMS", "find_targets", "lon_lat_height", "site_xyz_of"]

DATUMS = ("ellipsoidal", "1985", "ground")
TARGET_INVALID = "TARGET_INVALID"
MOST_HEIGHT_M, MOST_ABOVE_M = 20_000.0, 1_000.0
Given = Mapping[str, Any]


def find_targets(
    store: Store, sight: SiteSight, labels: Labels, given: Sequence[Given], heights_m: Mapping[str, float] | None
) -> list[Target]:
    """Each `{lon, lat, height_m, datum}` or `{feature}` as a target on its floor. Raises NotFound, Invalid (`TARGET_INVALID`).

    A room is stood in at a point within its outline, on its floor; whatever else on the lowest point of its box. `datum` is
    `ellipsoidal`, `1985` (by the site's geoid separation) or `ground` (metres above the ground that is drawn there).
    """
    heights = dict(heights_m) if heights_m else dict(BODY)
    if not all(0 <= height <= MOST_ABOVE_M for height in heights.values()):
        raise Invalid(f"heights {heights}", code=TARGET_INVALID, hint=f"metres above the floor, 0 to {MOST_ABOVE_M:g}")
    names = [one["feature"] for one in given if one.get("feature") is not None]
    rows = store.find_features(names, labels, site=sight.code) if names else {}
    return [Target(floor_xyz=_floor(sight, one, rows), heights_m=heights) for one in given]


def site_xyz_of(sight: SiteSight, given: Given) -> tuple[float, float, float]:
    """A point `{lon, lat, height_m, datum}` in site metres. Raises Invalid (`TARGET_INVALID`) outside the site or over no ground."""
    lon, lat, height, datum = (given.get(name) for name in ("lon", "lat", "height_m", "datum"))
    if lon is None or lat is None or height is None or datum not in DATUMS:
        hint = f"lon, lat, height_m and datum, one of {', '.join(DATUMS)}; or a feature"
        raise Invalid("a target is a point with its height, or a feature", code=TARGET_INVALID, hint=hint)
    if not (abs(lon) <= 180 and abs(lat) <= 90 and abs(height) <= MOST_HEIGHT_M):
        raise Invalid(f"{lon}, {lat}, {height} is no place", code=TARGET_INVALID, hint="degrees, longitude first, and metres")
    return _placed(sight, float(lon), float(lat), float(height), str(datum))


def lon_lat_height(frame: SiteFrame, site_xyz: Any) -> list[float]:
    """Degrees and ellipsoidal metres of one point, to 1e-9° and a millimetre."""
    lon, lat, height = frame.to_lon_lat_height([site_xyz])[0].tolist()
    return [round(lon, 9), round(lat, 9), round(height, 3)]


def _placed(sight: SiteSight, lon: float, lat: float, height: float, datum: str) -> tuple[float, float, float]:
    frame = sight.drawn.frame
    if datum == "1985":
        try:
            height = float(ellipsoidal_height(height, HeightDatum.ORTHOMETRIC, frame.site.geoid_separation_m))
        except HeightDatumUnknown as error:
            raise Invalid(str(error), code=error.code, hint=error.hint) from None
    above = datum == "ground"
    x, y, z = frame.from_lon_lat_height([[lon, lat, frame.site.height_m if above else height]])[0].tolist()
    if np.hypot(x, y) > frame.site.radius_m:
        hint = f"its radius is {frame.site.radius_m:,.0f} m"
        raise Invalid(f"{lon}, {lat} lies {np.hypot(x, y):,.0f} m from the origin of {sight.code}", code=TARGET_INVALID, hint=hint)
    if above:
        ground = float(sight.drawn.scene.ground_z([[x, y]])[0])
        if not np.isfinite(ground):
            raise Invalid(f"no ground is drawn at {lon}, {lat}", code=TARGET_INVALID, hint="state the height over another datum")
        z = ground + height
    return x, y, z


def _floor(sight: SiteSight, given: Given, rows: Mapping[str, FeatureRow]) -> tuple[float, float, float]:
    name = given.get("feature")
    if name is None:
        return site_xyz_of(sight, given)
    row = rows.get(name)
    if row is None:
        raise NotFound(f"no feature {name}", path=name)
    outline, heights, box = row.feature.footprint, row.feature.z_range, row.box
    low = heights[0] if heights is not None else None if box is None else float(box[0, 2])
    if outline is not None and not outline.is_empty and low is not None:
        spot = outline.representative_point()
        return float(spot.x), float(spot.y), float(low)
    if box is None:
        raise Invalid(f"{name} has no place", code=TARGET_INVALID, hint="a feature with an outline or a box")
    middle: Float64 = box.mean(axis=0)
    return float(middle[0]), float(middle[1]), float(box[0, 2])
