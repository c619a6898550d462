"""The networks of a process: one for a site's scene as readers of the same labels may know it, built when it is first asked for."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np

from spatial.feature import Kind
from spatial.frame import SiteFrame
from spatial.mesh import Float64
from twin.auth import Labels
from twin.queries.routes.answers import Route
from twin.queries.routes.build import Network
from twin.queries.routes.network import open_network
from twin.queries.routes.places import PlaceGiven
from twin.settings import Settings
from twin.store import Store

__all__ = ["Networks", "guard_posts", "line_in_degrees", "place_of_text"]

KEPT = 4
CRS84H = "http://www.opengis.net/def/crs/OGC/0/CRS84h"


class Networks:
    """Networks by site, scene revision and labels; safe to share between threads. One is built at a time, the oldest is forgotten."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store, self._settings = store, settings
        self._kept: OrderedDict[tuple[str, int, Labels], Network] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, site: str, labels: Labels) -> Network:
        """The network of a site as it is now; raises SiteUnknown."""
        key = (site, self._store.scene_revision(site), labels)
        with self._lock:
            if key not in self._kept:
                self._kept[key] = open_network(self._store, self._settings, site, labels)
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            return self._kept[key]


def place_of_text(text: str, frame: SiteFrame) -> PlaceGiven:
    """A point from `LON,LAT,HEIGHT` (degrees, metres above the ellipsoid) in site metres; any other text is an id.

    >>> place_of_text("tower:2O2Fr$t4X7Zf8NOew3FNr2", None)
    'tower:2O2Fr$t4X7Zf8NOew3FNr2'
    """
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        return text
    if len(numbers) != 3:
        return text
    return [float(value) for value in frame.from_lon_lat_height([numbers])[0]]


def line_in_degrees(found: Route, frame: SiteFrame) -> dict[str, Any] | None:
    """The way as a GeoJSON line of lon, lat, metres above the ellipsoid, its datum named as JSON-FG does; None where there is none."""
    if found.metres is None or len(found.site_xyz) < 2:
        return None
    return {"type": "LineString", "coordinates": _rounded(frame.to_lon_lat_height(found.site_xyz)), "coordRefSys": CRS84H}


def guard_posts(store: Store, site: str, labels: Labels) -> dict[str, Sequence[float]]:
    """Id → site metres of the guard posts of a site that have a place."""
    found: dict[str, Sequence[float]] = {}
    for row in store.features(site, labels, kinds={Kind.GUARD_POST}):
        plan = row.feature.footprint
        low = row.feature.z_range[0] if row.feature.z_range else None
        if plan is not None and not plan.is_empty and low is not None:
            middle = plan.centroid
            found[str(row.feature.id)] = (float(middle.x), float(middle.y), float(low))
    return found


def _rounded(points: Float64) -> list[list[float]]:
    return [[round(lon, 9), round(lat, 9), round(height, 3)] for lon, lat, height in np.asarray(points).tolist()]
