"""A site as a whole: its facts, its tilesets, its tree of buildings and storeys."""

from collections.abc import Collection, Sequence
from typing import Any

from spatial.feature import DEVICES, Kind
from spatial.frame import SiteFrame
from tiles import Manifest
from twin.auth import EVERY
from twin.codes import get_kind
from twin.queries.places import centre_of
from twin.store import FeatureRow, Labels, Store

__all__ = ["site_document", "site_list", "site_tree"]


def site_list(store: Store, scopes: Collection[str]) -> dict[str, Any]:
    """`{sites: [{code, name}]}`, by code, of the sites in the scopes (`"*"`: all)."""
    return {"sites": [{"code": site.code, "name": site.name} for site in store.list_sites() if EVERY in scopes or site.code in scopes]}


def site_document(store: Store, code: str, manifests: Sequence[Manifest], labels: Labels) -> dict[str, Any]:
    """A site's origin, frame, counts and tilesets.

    `to_ecef` is the column-major 4×4 from the site's east-north-up frame to EPSG:4978; `bounds` are site-frame metres.
    """
    site = store.get_site(code)
    manifests = [manifest.seen_by(labels) for manifest in manifests]
    frame = SiteFrame.of(site)
    counts = store.counts(code, labels)
    bounds = store.bounds(code, labels)
    return {
        "code": site.code,
        "name": site.name,
        "division": site.division,
        "crs": site.crs,
        "origin": {"lon": site.lon, "lat": site.lat, "height_m": site.height_m, "height_datum": "ellipsoidal"},
        "geoid_separation_m": site.geoid_separation_m,
        "radius_m": site.radius_m,
        "to_ecef": frame.to_ecef.T.reshape(-1).tolist(),
        "revision": store.scene_revision(code),
        "counts": {
            "buildings": counts.get(Kind.BUILDING, 0),
            "storeys": counts.get(Kind.STOREY, 0),
            "rooms": counts.get(Kind.SPACE, 0),
            "elements": counts.get(Kind.ELEMENT, 0),
            "city_objects": counts.get(Kind.CITY_OBJECT, 0),
            **{get_kind(kind.value).plural: counts.get(kind, 0) for kind in DEVICES},
        },
        "bounds": {"site_xyz": bounds.tolist() if bounds is not None else None},
        "tilesets": [_tileset_entry(code, manifest) for manifest in manifests if manifest.contents],
    }


def site_tree(store: Store, code: str, manifests: Sequence[Manifest], labels: Labels) -> dict[str, Any]:
    """Buildings and storeys of a site with their counts; rooms are asked for by storey (`/features/{id}/children`).

    Complete, however many there are; `storeys` are those that stand in no building the reader may know of.
    """
    site = store.get_site(code)
    frame = SiteFrame.of(site)
    layer_of = {building: manifest.key for manifest in manifests for building in manifest.seen_by(labels).building_ids}
    rows = list(store.features(code, labels, kinds={Kind.BUILDING, Kind.STOREY}))
    rows += _holders(store, code, labels, rows)
    counts = store.counts_under([row.feature.id for row in rows], labels, site=code)
    storeys: dict[str | None, list[dict[str, Any]]] = {}
    for row in rows:
        if row.feature.kind is Kind.STOREY:
            storeys.setdefault(row.feature.building, []).append(_storey_entry(row, counts.get(row.feature.id, {})))
    buildings = []
    for row in rows:
        if row.feature.kind is Kind.STOREY:
            continue
        feature, below = row.feature, counts.get(row.feature.id, {})
        buildings.append(
            {
                "id": feature.id,
                "name": feature.name,
                "long_name": feature.long_name,
                "tileset_key": layer_of.get(feature.id),
                **centre_of(row.box, frame),
                "z_range": _range(row),
                "rooms": below.get(Kind.SPACE, 0),
                "elements": below.get(Kind.ELEMENT, 0),
                "storeys": sorted(storeys.get(feature.id, []), key=_lowest),
            }
        )
    return {
        "site": {"code": site.code, "name": site.name},
        "buildings": sorted(buildings, key=lambda entry: str(entry["id"])),
        "storeys": sorted(storeys.get(None, []), key=_lowest),
    }


def _holders(store: Store, code: str, labels: Labels, rows: Sequence[FeatureRow]) -> list[FeatureRow]:
    """The buildings of city layers that have storeys."""
    named = {row.feature.building for row in rows if row.feature.kind is Kind.STOREY and row.feature.building is not None}
    return list(store.find_features(named - {row.feature.id for row in rows}, labels, site=code).values())


def _storey_entry(row: FeatureRow, below: dict[Kind, int]) -> dict[str, Any]:
    attributes = row.feature.properties.get("attributes", {})
    return {
        "id": row.feature.id,
        "name": row.feature.name,
        "long_name": row.feature.long_name,
        "elevation_m": attributes.get("elevation_m"),
        "z_range": _range(row),
        "rooms": below.get(Kind.SPACE, 0),
        "elements": below.get(Kind.ELEMENT, 0),
    }


def _tileset_entry(code: str, manifest: Manifest) -> dict[str, Any]:
    return {
        "key": manifest.key,
        "kind": manifest.kind,
        "name": manifest.name,
        "url": f"/tiles/{code}/{manifest.key}/tileset.json",
        "building_ids": list(manifest.building_ids),
        "z_range": manifest.z_range,
    }


def _range(row: FeatureRow) -> list[float] | None:
    return list(row.feature.z_range) if row.feature.z_range else None


def _lowest(entry: dict[str, Any]) -> tuple[bool, float]:
    return entry["z_range"] is None, entry["z_range"][0] if entry["z_range"] else 0.0
