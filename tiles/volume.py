"""Oriented boxes as 3D Tiles has them, for the check: 12 numbers, a centre and three half axes, in float64."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from spatial.mesh import Float64

__all__ = ["Box", "corners_of"]

NO_LENGTH_M = 1e-9
SIGNS = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Box:
    """An oriented box: centre (3,) and half axes (3, 3), one a row, metres of one frame."""

    centre: Float64
    axes: Float64

    @classmethod
    def parsed(cls, numbers: object) -> Self | None:
        """From the `box` of a boundingVolume; None where it is no twelve finite numbers."""
        if not isinstance(numbers, list) or len(numbers) != 12 or not all(isinstance(number, int | float) for number in numbers):
            return None
        values = np.array(numbers, dtype=np.float64)
        return cls(values[:3], values[3:].reshape(3, 3)) if np.isfinite(values).all() else None

    def moved(self, matrix: Float64) -> "Box":
        """The box under a 4×4 transform."""
        return Box(matrix[:3, :3] @ self.centre + matrix[:3, 3], self.axes @ matrix[:3, :3].T)

    def corners(self) -> Float64:
        """The eight corners (8, 3)."""
        return np.asarray(self.centre + SIGNS @ self.axes)

    def excess(self, points: Float64) -> float:
        """How many metres the farthest of the points (n, 3) lies outside; 0 where all are inside."""
        return max(0.0, float(self._beyond(points).max(initial=0.0)))

    def outside(self, points: Float64, tolerance_m: float) -> NDArray[np.bool_]:
        """Which of the points (n, 3) lie more than the tolerance outside."""
        return np.asarray((self._beyond(points) > tolerance_m).any(axis=1))

    def _beyond(self, points: Float64) -> Float64:
        lengths = np.linalg.norm(self.axes, axis=1)
        directions = np.zeros((3, 3))
        long = lengths > NO_LENGTH_M
        directions[long] = self.axes[long] / lengths[long, None]
        if not long.all():
            directions = _completed(directions, long)
        return np.asarray(np.abs((points - self.centre) @ directions.T) - lengths)

    def axis_swaps(self) -> list["Box"]:
        """The boxes one gets by exchanging y and z, with either sign: what a forgotten y-up to z-up turn leaves."""
        swaps: Sequence[Float64] = (
            np.array([[1.0, 0, 0], [0, 0, 1], [0, 1, 0]]),
            np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]),
            np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]),
        )
        return [Box(swap @ self.centre, self.axes @ swap.T) for swap in swaps]


def corners_of(low: Float64, high: Float64) -> Float64:
    """The corners (8, 3) of an axis-aligned box."""
    return np.asarray((low + high) / 2 + SIGNS * (high - low) / 2)


def _completed(directions: Float64, known: NDArray[np.bool_]) -> Float64:
    """Unit directions for axes of no length, at right angles to the others."""
    if not known.any():
        return np.eye(3)
    basis = np.linalg.svd(directions[known])[2]
    result = directions.copy()
    result[~known] = basis[int(known.sum()) :]
    return result
