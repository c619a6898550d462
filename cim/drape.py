"""Flat things laid on the ground: polygons cut by the triangles of the TIN, so that they lie exactly on it."""

from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from cim.ground import Ground
from cim.triangulate import polygons_to_triangles
from spatial.mesh import Float64

__all__ = ["OFFSET_M", "Drape", "Draped"]

OFFSET_M = {"WaterBody": 0.03, "PlantCover": 0.05, "LandUse": 0.04, "Square": 0.08, "Path": 0.09, "Railway": 0.09, "Road": 0.10}
MARKING_OFFSET_M = 0.12
GENERIC_OFFSET_M = 0.06
MIN_PIECE_M2 = 1e-7
OUTSIDE_PIECE_M = 25.0


@dataclass(frozen=True, slots=True, eq=False)
class Draped:
    """Corners (m, 3, 3) in the site frame, their normals (m, 3, 3), and the area in m² that lies beside the terrain."""

    corners: Float64
    normals: Float64
    outside_m2: float


@dataclass(frozen=True, slots=True, eq=False)
class Drape:
    """A ground made ready for laying polygons on it: its triangles in a tree."""

    ground: Ground
    _triangles: NDArray[np.object_] = field(init=False)
    _tree: shapely.STRtree = field(init=False)

    def __post_init__(self) -> None:
        triangles = np.asarray(shapely.polygons(self.ground.vertices[self.ground.triangles][:, :, :2]), dtype=object)
        object.__setattr__(self, "_triangles", triangles)
        object.__setattr__(self, "_tree", shapely.STRtree(triangles))

    def lay(self, polygon: BaseGeometry, offset_m: float) -> Draped:
        """A valid (multi)polygon in site xy laid `offset_m` above the TIN: every triangle lies in one triangle of the TIN.

        What lies beside the terrain or over its holes is laid at the height of the terrain's nearest point, and measured.
        """
        shapely.prepare(polygon)
        whole = self._tree.query(polygon, predicate="covers")
        touched = self._tree.query(polygon, predicate="intersects")
        cut = np.setdiff1d(touched, whole)
        pieces = shapely.intersection(polygon, self._triangles[cut])
        flat, owner = polygons_to_triangles(pieces)
        cell = np.concatenate([whole, cut[owner]]).astype(np.int64)
        plan = np.concatenate([self.ground.vertices[self.ground.triangles[whole]][:, :, :2], flat])
        corners = np.concatenate([plan, self._plane_z(cell, plan)[:, :, None]], axis=2)
        covered = float(shapely.area(pieces).sum() + shapely.area(self._triangles[whole]).sum())
        missing = max(float(polygon.area) - covered, 0.0)
        if missing > 1e-4 * max(float(polygon.area), 1.0):
            corners = np.concatenate([corners, self._beside(polygon, touched)])
        else:
            missing = 0.0
        normals = self.ground.normals(corners.reshape(-1, 3)[:, :2]).reshape(-1, 3, 3)
        corners[:, :, 2] += offset_m
        return Draped(corners, normals, missing)

    def line(self, line: BaseGeometry) -> list[Float64]:
        """A line in site xy as polylines (n, 3) on the ground with a vertex wherever it crosses an edge of the TIN."""
        result = []
        for part in shapely.get_parts(line):
            if part.length < 1e-6:
                continue
            stations = self._crossings(part)
            points = shapely.get_coordinates(shapely.line_interpolate_point(part, stations))
            z, _ = self.ground.sample_or_nearest(points)
            result.append(np.column_stack([points, z]))
        return result

    def _crossings(self, line: BaseGeometry) -> Float64:
        own = _stations(line, shapely.get_coordinates(line))
        own[-1] = line.length
        touched = self._tree.query(line, predicate="intersects")
        edges = shapely.get_exterior_ring(self._triangles[touched])
        crossing = shapely.get_parts(shapely.intersection(line, edges))
        ends = shapely.get_coordinates(crossing)
        found = _stations(line, ends)
        stations = np.unique(np.concatenate([[0.0], own, found, [line.length]]))
        keep = np.concatenate([[True], np.diff(stations) > 1e-3])
        keep[-1] = True
        return np.asarray(stations[keep])

    def _plane_z(self, cell: NDArray[np.int64], plan: Float64) -> Float64:
        a, b, c = (self.ground.vertices[self.ground.triangles[cell][:, k]] for k in range(3))
        normal = np.cross(b - a, c - a)
        slope = -normal[:, :2] / normal[:, 2:]
        return np.asarray(a[:, None, 2] + ((plan - a[:, None, :2]) * slope[:, None, :]).sum(axis=2))

    def _beside(self, polygon: BaseGeometry, touched: NDArray[np.int64]) -> Float64:
        rest = shapely.difference(polygon, shapely.union_all(self._triangles[touched])) if len(touched) else polygon
        flat, _ = polygons_to_triangles([shapely.segmentize(rest, OUTSIDE_PIECE_M)])
        z, _ = self.ground.sample_or_nearest(flat.reshape(-1, 2))
        return np.concatenate([flat, z.reshape(-1, 3)[:, :, None]], axis=2)


def _stations(line: BaseGeometry, xy: Float64) -> Float64:
    points = np.asarray(shapely.points(xy), dtype=object)
    return np.asarray(shapely.line_locate_point(np.full(len(points), line, dtype=object), points), dtype=np.float64)
