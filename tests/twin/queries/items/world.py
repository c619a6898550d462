"""A store with a building in one site, a layer of the world in another, and where each of their features lies, worked out apart."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

from spatial.feature import Feature, FeatureId, Kind
from spatial.source import Source
from tests.twin.store.builder import NOW, SITE, boxes, new_revision, record, relabelled, tower
from twin.auth import LabelPolicy
from twin.store import Store

OTHER = replace(SITE, code="MW", name="马尾", lon=119.45, lat=25.99, height_m=12.0, geoid_separation_m=None)
LATER = NOW + timedelta(days=30)
HIDDEN = ("tower:r10-1", "tower:d10-1-1", "tower:d10-1-2")
WORDS = ("Ärger", "ärger", "山", "山东", "sao", "São", "O'Brien", '"x"', "100%", "a_b")


def filled(store: Store) -> Store:
    """Two sites with the same tower (one of its rooms restricted), changed a month later; the layer `world` in the other site."""
    for site in (SITE, OTHER):
        store.add_site(site, now=NOW, policy=LabelPolicy(labels=("public", "restricted")))
        features = relabelled(tower(), dict.fromkeys(HIDDEN, "restricted"))
        record(store, features, new_revision(site=site.code))
    layer = new_revision("b" * 64, "world", site="MW", kind="city", name="world", mesh_pack=None, similarity=None)
    store.record_revision(layer, world(), {}, [], [], now=NOW)
    changed = [
        replace(item, name="改名") if item.id == "tower:r9-1" else item
        for item in relabelled(tower(), dict.fromkeys(HIDDEN, "restricted"))
        if item.id not in ("tower:d9-9-1", "tower:d9-9-2")
    ]
    store.record_revision(new_revision("c" * 64), changed, boxes(changed), [], [], now=LATER)
    return store


def world(count: int = 240, seed: int = 5) -> list[Feature]:
    """Rows of a layer over the whole earth: points, lines, areas, some across the antimeridian in two parts, some without a shape."""
    rng = np.random.default_rng(seed)
    return [
        Feature(
            id=FeatureId(f"world:places/{number}"),
            kind=Kind.CITY_OBJECT,
            class_name="Place",
            source=Source(file="world.gpkg", sha256="b" * 64, entity=f"places fid {number}"),
            name=WORDS[number % len(WORDS)],
            geographic=_shape(number, rng),
            properties={"attributes": _attributes(number, rng)},
        )
        for number in range(count)
    ]


def _shape(number: int, rng: np.random.Generator) -> BaseGeometry | None:
    lon, lat = float(rng.uniform(-175, 175)), float(rng.uniform(-80, 80))
    if number % 6 == 0:
        return None
    if number % 6 == 1:
        east, west = shapely.box(178, lat, 180, lat + 3), shapely.box(-180, lat, -177, lat + 3)
        return shapely.MultiPolygon([east, west])
    if number % 6 == 2:
        return shapely.LineString([(lon, lat), (lon + 4, lat + 5)])
    point = shapely.Point(lon, lat)
    return point if number % 6 == 3 else point.buffer(float(rng.uniform(0.1, 6)))


def _attributes(number: int, rng: np.random.Generator) -> dict[str, Any]:
    return {
        "NAME": WORDS[number % len(WORDS)],
        "人口": int(rng.integers(0, 10**9)) if number % 5 else None,
        "share": float(rng.random()) if number % 4 else None,
        "open": bool(number % 2),
        "name": f"own {number}",
    }


def plans(store: Store, site: str) -> Mapping[str, tuple[BaseGeometry, tuple[float, float]]]:
    """Id → plan in lon, lat and lowest and highest metres above the ellipsoid of the features of a site, by PROJ's topocentric."""
    at = store.get_site(site)
    there = pyproj.Transformer.from_pipeline(
        f"+proj=pipeline +step +inv +proj=topocentric +ellps=WGS84 +lon_0={at.lon} +lat_0={at.lat} +h_0={at.height_m} "
        "+step +inv +proj=cart +ellps=WGS84"
    )
    found = {}
    for row in store.features(site, None):
        feature, box = row.feature, row.box
        plan = feature.footprint
        if plan is None and box is not None:
            plan = shapely.box(box[0, 0], box[0, 1], box[1, 0], box[1, 1])
        if plan is None:
            continue
        low, high = feature.z_range or (box[0, 2], box[1, 2])
        middle = np.array(plan.bounds).reshape(2, 2).mean(axis=0)
        heights = [there.transform(*middle, z)[2] for z in (low, high)]
        moved = shapely.transform(plan, lambda xy, z=low: np.column_stack(there.transform(xy[:, 0], xy[:, 1], np.full(len(xy), z))[:2]))
        found[feature.id] = (moved, (heights[0], heights[1]))
    return found
