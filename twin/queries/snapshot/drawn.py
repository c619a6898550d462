"""What stands still, as SVG, drawn once for a scene revision and a set of labels: the map of the compound, and plans of storeys."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from twin.auth import Labels
from twin.errors import Invalid, NotFound
from twin.queries.place.plan import cut_storey
from twin.queries.place.plan_svg import as_svg
from twin.queries.place.scene import SitePlaces

__all__ = ["Drawn", "Ground"]

Mask = NDArray[np.bool_]
BENEATH = {"PlantCover": "green", "WaterBody": "water", "Square": "square", "Road": "road", "Path": "path"}
"""Classes of the city, what lies beneath first."""
FENCED = ("perimeter_segment", "gate", "zone")
MARGIN_M = 40.0
LEAST_M = 200.0
SIMPLER_M = 0.25
MOST_PLANS = 64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ground:
    """The map without what moves: SVG in site metres, y down; the part of the site that it shows, `(west, south, east, north)` metres."""

    places: SitePlaces
    svg: str
    bounds: tuple[float, float, float, float]

    def xy(self, lon: float, lat: float) -> tuple[float, float] | None:
        """Where a position is on the map, None where it is not on it."""
        frame = self.places.frame
        x, y, _ = frame.from_lon_lat_height([[lon, lat, frame.site.height_m]])[0].tolist()
        west, south, east, north = self.bounds
        return (x, -y) if west <= x <= east and south <= y <= north else None


class Drawn:
    """Keeps what was drawn; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, Labels, str | None], tuple[SitePlaces, Any]] = OrderedDict()

    def ground(self, places: SitePlaces, labels: Labels) -> Ground:
        """The map of a site for who may know of some labels."""
        found: Ground = self._of(places, labels, None)
        return found

    def plan(self, places: SitePlaces, labels: Labels, storey: str) -> str | None:
        """The plan of a storey as SVG, None where there is none that can be cut. Raises NotFound for no such storey."""
        found: str | None = self._of(places, labels, storey)
        return found

    def _of(self, places: SitePlaces, labels: Labels, storey: str | None) -> Any:
        key = places.code, labels, storey
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None and kept[0] is places:
                self._kept.move_to_end(key)
                return kept[1]
        made = _ground(places, labels) if storey is None else _plan(places, labels, storey)
        with self._lock:
            self._kept[key] = places, made
            if len(self._kept) > MOST_PLANS:
                self._kept.popitem(last=False)
        return made


def _plan(places: SitePlaces, labels: Labels, storey: str) -> str | None:
    try:
        return as_svg(cut_storey(places, labels, storey))
    except NotFound:
        raise
    except Invalid:
        return None


def _ground(places: SitePlaces, labels: Labels) -> Ground:
    extents, seen = places.extents, places.visible(labels) & ~places.replaced
    kinds, classes = _words(extents.words, "kind"), _words(extents.words, "class_name")
    shaped = np.array([shape is not None and not shape.is_empty for shape in extents.footprints], dtype=bool)
    there = seen & shaped
    bounds = _bounds(places, kinds, there)
    inside = there & shapely.intersects(extents.footprints, shapely.box(*bounds))
    city = kinds == "city_object"
    layers = [(name, inside & city & (classes == of)) for of, name in BENEATH.items()]
    buildings = inside & ((kinds == "building") | (city & np.isin(classes, ("Building", "BuildingPart"))))
    layers += [("building", buildings)]
    layers += [(kind, inside & (kinds == kind)) for kind in ("zone", "perimeter_segment", "gate", "guard_post", "camera")]
    drawn = [_layer(places, name, rows) for name, rows in layers if rows.any()]
    names = [_name(places, row) for row in np.flatnonzero(buildings & (kinds == "building") | (inside & (kinds == "gate"))).tolist()]
    return Ground(places=places, svg="".join(drawn) + f'<g class="names">{"".join(names)}</g>', bounds=bounds)


def _words(words: Mapping[str, Sequence[str | None]], name: str) -> NDArray[np.object_]:
    return np.array(words[name], dtype=object)


def _bounds(places: SitePlaces, kinds: NDArray[np.object_], there: Mask) -> tuple[float, float, float, float]:
    """Of the fence, gates, zones and modelled buildings, with a margin; of the whole site where there are none of these."""
    site = places.frame.site
    chosen = there & np.isin(kinds, (*FENCED, "building"))
    found = shapely.total_bounds(places.extents.footprints[chosen]) if chosen.any() else np.full(4, np.nan)
    if not np.isfinite(found).all():
        return -site.radius_m, -site.radius_m, site.radius_m, site.radius_m
    low, high = np.maximum(found[:2] - MARGIN_M, -site.radius_m), np.minimum(found[2:] + MARGIN_M, site.radius_m)
    wanting = np.maximum(LEAST_M - (high - low), 0.0) / 2
    return tuple(float(one) for one in (*(low - wanting), *(high + wanting)))  # type: ignore[return-value]


def _layer(places: SitePlaces, name: str, rows: Mask) -> str:
    return f'<g class="{name}">' + "".join(_feature(places, row, name) for row in np.flatnonzero(rows).tolist()) + "</g>"


def _feature(places: SitePlaces, row: int, layer: str) -> str:
    words, shape = places.extents.words, places.extents.footprints[row]
    if shape.geom_type == "Point":
        x, y = shape.x, -shape.y
        drawn = f'<path d="M{x - 1.6:.1f} {y:.1f}a1.6 1.6 0 1 0 3.2 0a1.6 1.6 0 1 0 -3.2 0Z"'
    else:
        drawn = f'<path d="{_path(shapely.simplify(shape, SIMPLER_M))}"'
    if layer in BENEATH.values():
        return drawn + "/>"
    said = " ".join(text for text in (words["name"][row], words["long_name"][row]) if text)
    return f'{drawn} data-id="{escape(places.extents.ids[row])}"><title>{escape(said)}</title></path>'


def _name(places: SitePlaces, row: int) -> str:
    middle = shapely.point_on_surface(places.extents.footprints[row])
    said = places.extents.words["name"][row] or ""
    return f'<text x="{middle.x:.1f}" y="{-middle.y:.1f}">{escape(said)}</text>' if said else ""


def _path(shape: BaseGeometry) -> str:
    if hasattr(shape, "geoms"):
        return "".join(_path(one) for one in shape.geoms)
    if isinstance(shape, shapely.Polygon):
        return "".join(_line(ring, closed=True) for ring in (shape.exterior, *shape.interiors))
    return _line(shape, closed=False) if shape.geom_type in ("LineString", "LinearRing") else ""


def _line(line: Any, *, closed: bool) -> str:
    points = shapely.get_coordinates(line)[: -1 if closed else None]
    return "M" + "L".join(f"{x:.1f} {-y:.1f}" for x, y in points) + ("Z" if closed else "")
