"""How high the ground is, from the points of what is drawn of it."""

import numpy as np
from scipy.interpolate import LinearNDInterpolator

from spatial.mesh import Float64

__all__ = ["Ground"]

GRID_M = 0.05


class Ground:
    """Heights (site z, metres) of the ground, linear between its drawn points (n, 3); of points over each other the highest counts,
    since what is paved lies on what is not. Outside their hull nobody knows."""

    def __init__(self, points: Float64) -> None:
        cells = np.rint(points[:, :2] / GRID_M).astype(np.int64)
        order = np.lexsort((-points[:, 2], cells[:, 1], cells[:, 0]))
        first = np.ones(len(order), dtype=bool)
        first[1:] = (cells[order][1:] != cells[order][:-1]).any(axis=1)
        kept = points[order[first]]
        wide = len(kept) >= 3 and np.linalg.matrix_rank(kept[:, :2] - kept[:, :2].mean(axis=0), tol=GRID_M) == 2
        self._between = LinearNDInterpolator(kept[:, :2], kept[:, 2]) if wide else None

    def heights(self, xy: Float64) -> Float64:
        """Heights (n,) at points (n, 2); NaN where nobody knows."""
        if self._between is None or not len(xy):
            return np.full(len(xy), np.nan)
        return np.asarray(self._between(xy), dtype=np.float64)

    def find(self, xy: Float64) -> float | None:
        """The height at one point (2,); None where nobody knows."""
        z = float(self.heights(np.asarray(xy, dtype=np.float64)[None])[0])
        return None if np.isnan(z) else z
