"""One feature with everything known of it, and the pages of what lies under it."""

from typing import Any
from urllib.parse import quote, urlencode

from spatial.feature import Feature, Kind
from spatial.frame import SiteFrame
from twin.queries.places import centre_of
from twin.store import FeatureRow, Labels, Store

__all__ = ["children_page", "feature_document"]


def feature_document(store: Store, site: str, feature_id: str, labels: Labels) -> dict[str, Any]:
    """The dossier of a feature: what it is, where, its properties, and the file, entity and revision it came from."""
    row = store.get_feature(feature_id, labels, site=site)
    feature, frame = row.feature, SiteFrame.of(store.get_site(row.site))
    revision = store.get_revision(row.revision)
    return {
        "id": feature.id,
        "kind": feature.kind,
        "class": feature.class_name,
        "name": feature.name,
        "long_name": feature.long_name,
        "label": feature.label,
        "site": row.site,
        "parent": feature.parent,
        "path": [_step(step) for step in store.path(feature_id, labels, site=site)],
        "building": feature.building,
        "storey": feature.storey,
        "space": feature.space,
        "z_range": list(feature.z_range) if feature.z_range else None,
        **centre_of(row.box, frame),
        "counts": {kind.value: count for kind, count in store.counts_under([feature_id], labels, site=site).get(feature_id, {}).items()},
        "properties": _visible_properties(store, feature, labels, site),
        "source": {
            "file": feature.source.file,
            "sha256": feature.source.sha256,
            "entity": feature.source.entity,
            "global_id": feature.source.global_id,
        },
        "revision": {
            "id": revision.name,
            "number": revision.number,
            "imported_at": revision.imported_at.isoformat(),
            "who": revision.who,
            "tool": revision.tool,
        },
    }


def children_page(
    store: Store, site: str, feature_id: str, labels: Labels, *, kind: Kind | None, after: str | None, limit: int
) -> dict[str, Any]:
    """One page of the features directly below, in the order of siblings; `next` is the address of the following page, or null."""
    parent = store.get_feature(feature_id, labels, site=site)
    frame = SiteFrame.of(store.get_site(parent.site))
    rows = store.children(feature_id, labels, kind=kind, after=after, limit=limit + 1, site=site)
    more = len(rows) > limit
    rows = rows[:limit]
    query = {"limit": str(limit)} | ({"kind": kind.value} if kind else {}) | ({"after": rows[-1].feature.id} if more else {})
    following = f"/sites/{site}/features/{quote(feature_id, safe='')}/children?{urlencode(query)}" if more else None
    return {"features": [_entry(row, frame) for row in rows], "next": following}


def _visible_properties(store: Store, feature: Feature, labels: Labels, site: str) -> dict[str, Any]:
    """The properties without the boundaries of a room by elements that the asker may not know of."""
    properties = dict(feature.properties)
    rows = properties.get("boundaries")
    if labels is None or not rows:
        return properties
    seen = store.find_features({row["element"] for row in rows if row["element"]}, labels, site=site)
    properties["boundaries"] = [row for row in rows if row["element"] is None or row["element"] in seen]
    return properties


def _entry(row: FeatureRow, frame: SiteFrame) -> dict[str, Any]:
    feature = row.feature
    return {
        "id": feature.id,
        "kind": feature.kind,
        "class": feature.class_name,
        "name": feature.name,
        "long_name": feature.long_name,
        "area_m2": feature.properties.get("measured", {}).get("area_m2"),
        "z_range": list(feature.z_range) if feature.z_range else None,
        **centre_of(row.box, frame),
    }


def _step(row: FeatureRow) -> dict[str, Any]:
    return {"id": row.feature.id, "kind": row.feature.kind, "name": row.feature.name, "long_name": row.feature.long_name}
