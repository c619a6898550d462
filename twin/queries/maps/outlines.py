"""Outlines of features in degrees, as the pages draw them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from spatial.feature import Kind
from spatial.frame import SiteFrame
from twin.records.scope import Reader
from twin.store import FeatureRow, Store

if TYPE_CHECKING:
    from viewer.deck import Outline

__all__ = ["Outlines", "open_outlines"]

SIMPLER_M = 0.02
AROUND_SIMPLER_M = 0.3
AROUND = {"PlantCover": "green", "WaterBody": "water", "Road": "road", "Path": "road", "Square": "road"}
"""Classes of the city that lie pale beneath the buildings, in the order they are drawn, and what the pages call them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlines:
    """The features of sites with their outlines, for one reader. Keys are (site id in the store, feature id)."""

    rows: dict[tuple[int, str], FeatureRow]
    frames: dict[int, SiteFrame]

    def of(self, site_id: int | None, feature_id: str | None) -> Outline | None:
        """The outline of a feature in degrees; None where it has none or is not for the reader."""
        return self._of(site_id, feature_id, SIMPLER_M)

    def _of(self, site_id: int | None, feature_id: str | None, simpler_m: float) -> Outline | None:
        row = self.rows.get((site_id or 0, feature_id or ""))
        if row is None:
            return None
        shape = row.feature.footprint
        if (shape is None or shape.is_empty) and row.box is not None:
            shape = shapely.box(*row.box[0, :2], *row.box[1, :2])
        return None if shape is None else _outline(shape, self.frames[site_id or 0], simpler_m)

    def surroundings(self) -> tuple[tuple[str, Outline], ...]:
        """Greens, waters and roads of the sites, what lies beneath first."""
        order = list(AROUND)
        found = sorted(
            (order.index(row.feature.class_name), feature_id, site_id)
            for (site_id, feature_id), row in self.rows.items()
            if row.feature.class_name in AROUND and row.feature.footprint is not None
        )
        drawn = ((AROUND[order[at]], self._of(site_id, feature_id, AROUND_SIMPLER_M)) for at, feature_id, site_id in found)
        return tuple((kind, outline) for kind, outline in drawn if outline is not None)

    def height_m(self, site_id: int | None, feature_id: str | None) -> float:
        """How high a feature is, 0 where nobody knows."""
        row = self.rows.get((site_id or 0, feature_id or ""))
        return 0.0 if row is None or row.box is None else float(row.box[1, 2] - row.box[0, 2])


def open_outlines(store: Store, reader: Reader, kinds: Collection[Kind]) -> Outlines:
    """The outlines of all features of these kinds that the reader may know of."""
    sites = store.site_ids()
    rows: dict[tuple[int, str], FeatureRow] = {
        (site_id, row.feature.id): row for site_id, site in sites.items() for row in store.features(site.code, reader.labels, kinds=kinds)
    }
    return Outlines(rows=rows, frames={site_id: SiteFrame.of(site) for site_id, site in sites.items()})


def _outline(shape: Any, frame: SiteFrame, simpler_m: float) -> Outline | None:
    polygons = [part for part in _polygons(shapely.simplify(shape, simpler_m)) if part.area > 0]
    found = tuple((_ring(part.exterior, frame), *(_ring(hole, frame) for hole in part.interiors)) for part in polygons)
    return found or None


def _polygons(shape: Any) -> Iterable[Any]:
    if shape.geom_type == "Polygon":
        return [shape]
    return [part for part in getattr(shape, "geoms", ()) if part.geom_type == "Polygon"]


def _ring(ring: Any, frame: SiteFrame) -> tuple[tuple[float, float], ...]:
    flat = np.asarray(ring.coords)[:, :2]
    placed = frame.to_lon_lat_height(np.column_stack([flat, np.zeros(len(flat))]))
    return tuple((round(float(lon), 9), round(float(lat), 9)) for lon, lat in placed[:, :2])
