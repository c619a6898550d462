"""How high the ground is: on the triangles of what is drawn of it."""

import numpy as np
import shapely

from spatial.mesh import Float64

__all__ = ["Ground"]

UPRIGHT = 0.3
BESIDE_M = 2.0


class Ground:
    """Heights (site z, metres) on drawn triangles (n, 3, 3): of those over each other the highest counts, since what is paved lies on
    what is not. Beside all of them the nearest within 2 m is carried on; farther away nobody knows."""

    def __init__(self, triangles: Float64) -> None:
        normals = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
        flat = np.abs(normals[:, 2]) > UPRIGHT * np.linalg.norm(normals, axis=1) + 1e-12
        self._corner, self._normal = triangles[flat, 0], normals[flat]
        self._tree = shapely.STRtree(np.asarray(shapely.polygons(triangles[flat, :, :2]), dtype=object))

    def heights(self, xy: Float64) -> Float64:
        """Heights (n,) at points (n, 2); NaN where nobody knows."""
        heights = np.full(len(xy), -np.inf)
        if len(self._corner) and len(xy):
            points = np.asarray(shapely.points(xy), dtype=object)
            which, under = self._tree.query(points, predicate="intersects")
            np.maximum.at(heights, which, self._on(under, xy[which]))
            missed = np.flatnonzero(np.isinf(heights))
            which, beside = self._tree.query_nearest(points[missed], max_distance=BESIDE_M, all_matches=False)
            np.maximum.at(heights, missed[which], self._on(beside, xy[missed[which]]))
        return np.where(np.isinf(heights), np.nan, heights)

    def find(self, xy: Float64) -> float | None:
        """The height at one point (2,); None where nobody knows."""
        z = float(self.heights(np.asarray(xy, dtype=np.float64)[None, :2])[0])
        return None if np.isnan(z) else z

    def _on(self, triangles: "np.ndarray[tuple[int], np.dtype[np.int64]]", xy: Float64) -> Float64:
        corner, normal = self._corner[triangles], self._normal[triangles]
        return np.asarray(corner[:, 2] - ((xy - corner[:, :2]) * normal[:, :2]).sum(axis=1) / normal[:, 2])
