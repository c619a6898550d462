"""The nearest of a kind to a point, straight through walls: features by their prisms or boxes, assets by their points."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from spatial.mesh import Float64
from twin.errors import Invalid
from twin.queries.place.assets import AssetPoints
from twin.queries.place.frames import OUTSIDE, assign_sites
from twin.queries.place.scene import Scenes, SitePlaces
from twin.records.scope import Reader

__all__ = ["ASSET", "MOST", "feature_kind", "nearest", "require_count"]

ASSET = "asset"
MOST = 1000
ALIASES = {"room": "space"}


def nearest(
    scenes: Scenes, assets: AssetPoints, scopes: Collection[str], reader: Reader, lon_lat_height: Float64, *, kind: str, k: int
) -> dict[str, Any]:
    """`{site, scene_revision, kind, nearest: [{…, distance_m}]}`: the k of a kind nearest to one point (3,), nearest first, ties by id.

    Distances are straight, in metres, to the prism of a room, storey, building or zone, to the box of an element, to the point of an
    asset; 0 inside. `site` is null where the point lies in none.
    Raises Invalid (`POINT_HEIGHT_MISSING`, `FEATURE_KIND_UNKNOWN`, `COUNT_INVALID`).
    """
    require_count(lon_lat_height, k)
    codes = scenes.codes(scopes)
    places = [scenes.site(code) for code in codes]
    assigned = assign_sites([one.frame for one in places], lon_lat_height[None])
    number = int(assigned.site[0])
    if number == OUTSIDE:
        return {"site": None, "scene_revision": None, "kind": kind, "nearest": []}
    here, point = places[number], assigned.site_xyz[0]
    found = _assets(assets, here, reader, point, k) if kind == ASSET else _features(here, reader, point, feature_kind(here, kind), k)
    return {"site": here.code, "scene_revision": here.extents.scene_revision, "kind": kind, "nearest": found}


def require_count(lon_lat_height: Float64, k: int) -> None:
    """Raises Invalid (`POINT_HEIGHT_MISSING`, `COUNT_INVALID`) where the point has no height or k is not from 1 to 1000."""
    if np.isnan(lon_lat_height[2]):
        raise Invalid(
            "how far things are needs a height", path="height_m", code="POINT_HEIGHT_MISSING", hint="give height_m, ellipsoidal metres"
        )
    if not 1 <= k <= MOST:
        raise Invalid(f"k = {k}", path="k", code="COUNT_INVALID", hint=f"from 1 to {MOST}")


def feature_kind(places: SitePlaces, kind: str) -> str:
    """The kind of features that a word names: `room` is `space`. Raises Invalid (`FEATURE_KIND_UNKNOWN`) where the site has none of it."""
    named = ALIASES.get(kind, kind)
    if named not in places.kinds():
        known = [*places.kinds(), *ALIASES, ASSET]
        raise Invalid(f"{kind!r} is no kind of things in site {places.code}", path=kind, code="FEATURE_KIND_UNKNOWN", hint=", ".join(known))
    return named


def _features(places: SitePlaces, reader: Reader, point: Float64, kind: str, k: int) -> list[dict[str, Any]]:
    rows, index = places.index(kind)
    among = None if reader.labels is None else places.visible(reader.labels)[rows]
    found, distance = index.nearest_rows(point, k, among)
    return [
        places.named(int(rows[row]), reader.labels) | {"distance_m": round(float(metres), 4)}
        for row, metres in zip(found, distance, strict=True)
    ]


def _assets(assets: AssetPoints, places: SitePlaces, reader: Reader, point: Float64, k: int) -> list[dict[str, Any]]:
    standing, view = assets.of(places.code)
    rows, distance = standing.points.nearest(point, k, standing.visible(view, reader))
    documents = assets.documents(view, [int(record) for record in standing.record[rows]])
    return [one | {"distance_m": round(float(metres), 4)} for one, metres in zip(documents, distance, strict=True)]
