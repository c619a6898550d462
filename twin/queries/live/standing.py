"""What stands still on a site, whether or not it ever said anything: devices of the scene with their places, and where they stand."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely

from spatial.feature import DEVICES
from spatial.mesh import Float64
from twin.queries.place.scene import Scenes, SitePlaces

__all__ = ["Stands", "Standing"]

KINDS = frozenset(kind.value for kind in DEVICES) - {"zone"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stands:
    """One device as the scene has it: its feature and its row among the features of the site; degrees and ellipsoidal metres, None where
    it has no place; `zones` the ids of those it stands in, from above."""

    feature: str
    row: int
    kind: str
    key: str
    name: str | None
    lon: float | None
    lat: float | None
    height_m: float | None
    place: Mapping[str, Any]
    zones: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class Standing:
    """The devices of each site, by address, as the scene has them now; safe to share between threads."""

    scenes: Scenes
    _kept: dict[str, tuple[SitePlaces, dict[str, Stands]]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, code: str) -> tuple[SitePlaces, dict[str, Stands]]:
        """Raises SiteUnknown."""
        places = self.scenes.site(code)
        with self._lock:
            kept = self._kept.get(code)
            if kept is None or kept[0] is not places:
                self._kept[code] = kept = places, dict(_found(places))
            return kept


def _found(places: SitePlaces) -> Any:
    extents, words = places.extents, places.extents.words
    rows = np.flatnonzero(np.isin(np.array(words["kind"], dtype=object), list(KINDS)))
    middles = extents.boxes[rows].mean(axis=1)
    there, zones = _degrees(places, middles), _zones(places, middles)
    for at, (row, (lon, lat, height)) in enumerate(zip(rows.tolist(), there.tolist(), strict=True)):
        kind, _, key = extents.ids[row].partition(":")
        known = lon == lon
        yield (
            f"{kind}/{key}",
            Stands(
                feature=extents.ids[row],
                row=row,
                kind=kind,
                key=key,
                name=words["name"][row],
                lon=lon if known else None,
                lat=lat if known else None,
                height_m=height if known else None,
                place={"room": words["space"][row], "storey": words["storey"][row], "building": words["building"][row]},
                zones=tuple(sorted(zones.get(at, ()))),
            ),
        )


def _degrees(places: SitePlaces, site_xyz: Float64) -> Float64:
    """Degrees and heights (n, 3); NaN where there is no place."""
    found = np.full(site_xyz.shape, np.nan)
    known = np.isfinite(site_xyz).all(axis=1)
    if known.any():
        found[known] = places.frame.to_lon_lat_height(site_xyz[known])
    return found


def _zones(places: SitePlaces, site_xyz: Float64) -> dict[int, list[str]]:
    """Which zones points (n, 3) lie in, seen from above, by number of the point; their edges belong to them."""
    extents = places.extents
    polygonal = np.isin(shapely.get_type_id(extents.footprints), (3, 6)) & ~shapely.is_empty(extents.footprints)
    chosen = np.flatnonzero((np.array(extents.words["kind"], dtype=object) == "zone") & polygonal)
    known = np.flatnonzero(np.isfinite(site_xyz).all(axis=1))
    points = np.asarray(shapely.points(site_xyz[known, :2]), dtype=object)
    found: dict[int, list[str]] = {}
    point, zone = shapely.STRtree(extents.footprints[chosen]).query(points, predicate="intersects")
    for one, row in zip(known[point].tolist(), chosen[zone].tolist(), strict=True):
        found.setdefault(one, []).append(extents.ids[row])
    return found
