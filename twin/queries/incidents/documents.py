"""Incidents as documents: where they are, what of, by which devices; of each only what its reader may know of."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from spatial.feature import DEVICES, Feature, Kind
from spatial.frame import SiteFrame
from twin.auth import Labels
from twin.errors import SiteUnknown
from twin.incidents import AlarmKinds, IncidentReader, View
from twin.incidents.event import iso_of
from twin.incidents.store import NO_BATCH
from twin.store import Store

__all__ = ["alarm_documents", "incident_documents", "log_documents"]

DEVICES_SHOWN = 20
"""Of each incident; `devices_total` says how many there are, its alarms name them all."""
PLACE_WORDS: Mapping[Kind, str] = {
    Kind.SPACE: "room", Kind.ZONE: "zone", Kind.PERIMETER_SEGMENT: "segment", Kind.STOREY: "storey", Kind.BUILDING: "building",
}  # fmt: skip
DEVICE_KINDS = frozenset(kind.value for kind in DEVICES)


def incident_documents(
    store: Store, reader: IncidentReader, views: Sequence[View], labels: Labels, *, at_us: int | None = None
) -> list[dict[str, Any]]:
    """Each view as a document; at most 20 devices of each, with their number."""
    devices = [reader.devices(view, DEVICES_SHOWN, at_us=at_us) for view in views]
    known = _features(store, views, [[address for address, _ in found] for found, _ in devices], labels)
    frames: dict[str, SiteFrame | None] = {}
    told = []
    for view, (found, total) in zip(views, devices, strict=True):
        if view.site not in frames:
            frames[view.site] = _frame(store, view.site)
        features = known.get(view.site, {})
        rows = [{**_device(address, features), "count": count} for address, count in found]
        place = _place(view, frames[view.site], features)
        told.append({**_facts(view, reader.kinds), "place": place, "devices": rows, "devices_total": total})
    return told


def alarm_documents(rows: Sequence[Mapping[str, Any]], kinds: AlarmKinds) -> list[dict[str, Any]]:
    """Alarms with the words of their kinds and clocks as RFC 3339."""
    return [
        {
            "id": row["id"],
            "device": row["device"],
            "kind": row["kind"],
            "title": _words(row["kind"], kinds),
            "time": iso_of(row["time_us"]),
            "received": iso_of(row["received_us"]),
            "recorded": iso_of(row["recorded_us"]),
            "place": row["place"],
            "lon": row["lon"],
            "lat": row["lat"],
            "height_m": row["height_m"],
            "journal": row["journal"] if row["journal"] != NO_BATCH else None,
            "item": row["item"] if row["journal"] != NO_BATCH else None,
            "held": bool(row["held"]),
            "repeated": not row["edge"],
        }
        for row in rows
    ]


def log_documents(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Lines of the log; clocks as RFC 3339."""
    hidden = {"into_parts", "from", "into"}
    return [
        {
            "time": iso_of(row["time_us"]),
            "what": row["what"],
            "who": row["who"],
            "why": row["why"],
            "facts": {name: iso_of(value) if name.endswith("_us") else value for name, value in row["facts"].items() if name not in hidden},
        }
        for row in rows
    ]


def _facts(view: View, kinds: AlarmKinds) -> dict[str, Any]:
    assigned = [part.assigned for part in view.parts if part.assigned]
    return {
        "id": view.id,
        "site": view.site,
        "kind": view.kind(kinds),
        "kinds": {code: {**_words(code, kinds), "count": count} for code, count in sorted(view.counts.items())},
        "title": view.title(kinds),
        "severity": view.severity(kinds),
        "state": view.status.value,
        "since": iso_of(view.since_us),
        "until": iso_of(view.until_us),
        "count": view.count,
        "held": view.held,
        "flapping": view.flapping,
        "assigned": assigned[0] if assigned else None,
    }


def _words(code: str, kinds: AlarmKinds) -> dict[str, str]:
    row = kinds.get(code)
    return {"zh": row.zh, "en": row.en}


def _place(view: View, frame: SiteFrame | None, features: Mapping[str, Feature]) -> dict[str, Any]:
    part = view.latest
    known = part.lat == part.lat
    height = None if part.height_m != part.height_m else part.height_m
    place: dict[str, Any] = {
        "lon": part.lon if known else None,
        "lat": part.lat if known else None,
        "height_m": height,
        "site_xyz": _site_xyz(part.lon, part.lat, height, frame) if known and frame is not None else None,
        **dict.fromkeys(PLACE_WORDS.values()),
    }
    feature = features.get(part.spot.place or "")
    if feature is None:
        if part.spot.place is not None and part.spot.place_kind in place:
            place[part.spot.place_kind] = part.spot.place
        return place
    place[PLACE_WORDS.get(feature.kind, "zone")] = str(feature.id)
    for word, above in (("storey", feature.storey), ("building", feature.building)):
        if above is not None and str(above) in features:
            place[word] = str(above)
    return place


def _site_xyz(lon: float, lat: float, height_m: float | None, frame: SiteFrame) -> list[float | None] | None:
    """Metres of the site within its radius, z unknown without a height; nothing beyond it."""
    x, y, z = frame.from_lon_lat_height([[lon, lat, frame.site.height_m if height_m is None else height_m]])[0].tolist()
    if not np.hypot(x, y) <= frame.site.radius_m:
        return None
    return [round(x, 3), round(y, 3), None if height_m is None else round(z, 3)]


def _device(address: str, features: Mapping[str, Feature]) -> dict[str, Any]:
    kind, _, key = address.partition("/")
    feature = features.get(f"{kind}:{key}")
    return {"id": address, "kind": kind, "name": (feature.name if feature is not None else None) or key}


def _features(store: Store, views: Sequence[View], devices: Sequence[Sequence[str]], labels: Labels) -> dict[str, dict[str, Feature]]:
    """By site: the places and devices of the views, and the storeys and buildings of those, that the reader may know of."""
    wanted: dict[str, set[str]] = {}
    for view, addresses in zip(views, devices, strict=True):
        ids = wanted.setdefault(view.site, set())
        ids |= {part.spot.place for part in view.parts if part.spot.place is not None}
        ids |= {address.replace("/", ":", 1) for address in addresses if address.partition("/")[0] in DEVICE_KINDS}
    found: dict[str, dict[str, Feature]] = {}
    for site, ids in wanted.items():
        try:
            rows = {name: row.feature for name, row in store.find_features(ids, labels, site=site).items()}
            above = {str(one) for feature in rows.values() for one in (feature.storey, feature.building) if one is not None}
            rows |= {name: row.feature for name, row in store.find_features(above - rows.keys(), labels, site=site).items()}
        except SiteUnknown:
            rows = {}
        found[site] = rows
    return found


def _frame(store: Store, site: str) -> SiteFrame | None:
    try:
        return SiteFrame.of(store.get_site(site))
    except SiteUnknown:
        return None
