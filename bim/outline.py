"""Outlines in plan of buildings and storeys, from what encloses them: slabs, roofs, walls, columns; else whatever they hold."""

from collections.abc import Iterable, Mapping

import shapely
from shapely.geometry.base import BaseGeometry

from spatial.mesh import Float64

__all__ = ["ENCLOSING_CLASSES", "Outlines"]

ENCLOSING_CLASSES = ("IfcSlab", "IfcRoof", "IfcWall", "IfcCurtainWall", "IfcColumn", "IfcFooting", "IfcPlate", "IfcSpace")
GAP_M = 0.3
COURTYARD_M2 = 4.0
GRID_M = 1e-3
SIMPLIFY_M = 0.02
SMALL_M2 = 2.0
MANY = 2000


class Outlines:
    """Outlines over the triangles of a model, name → (n, 3, 3) float64 model-frame metres; each feature's shadow is drawn once."""

    def __init__(self, triangles: Mapping[str, Float64]) -> None:
        self._triangles = triangles
        self._shadows: dict[str, BaseGeometry] = {}

    def find(self, names: Iterable[str]) -> BaseGeometry | None:
        """The area in plan that the named features cover, metres; None where none has a mesh.

        Gaps below 0.6 m are closed, holes below 4 m² filled; a feature that covers less than 2 m² or has more than 2,000
        triangles counts by its convex hull.
        """
        shadows = [self._shadow(name) for name in names if name in self._triangles]
        merged = shapely.union_all([shadow for shadow in shadows if not shadow.is_empty])
        if merged.is_empty:
            return None
        closed = merged.buffer(GAP_M, join_style="mitre").buffer(-GAP_M, join_style="mitre").simplify(SIMPLIFY_M)
        return _without_small_holes(closed if not closed.is_empty else merged)

    def _shadow(self, name: str) -> BaseGeometry:
        known = self._shadows.get(name)
        if known is None:
            known = self._shadows[name] = _shadow(self._triangles[name])
        return known


def _shadow(corners: Float64) -> BaseGeometry:
    flat = (corners[:, :, :2] / GRID_M).round() * GRID_M
    hull: BaseGeometry = shapely.MultiPoint(flat.reshape(-1, 2)).convex_hull
    if hull.area < SMALL_M2 or len(flat) > MANY:
        return hull
    (ax, ay), (bx, by) = (flat[:, 1] - flat[:, 0]).T, (flat[:, 2] - flat[:, 0]).T
    up = ax * by - ay * bx > 2e-6
    return shapely.union_all(shapely.polygons(flat[up])) if up.any() else hull


def _without_small_holes(shape: BaseGeometry) -> BaseGeometry:
    parts = [
        shapely.Polygon(part.exterior, [ring for ring in part.interiors if shapely.Polygon(ring).area >= COURTYARD_M2])
        for part in shapely.get_parts(shape)
        if isinstance(part, shapely.Polygon)
    ]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)
