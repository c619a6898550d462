"""Level sections: the lines in which triangles meet a horizontal plane."""

import numpy as np

from spatial.mesh import Float64

__all__ = ["level_section"]


def level_section(triangles: Float64, z: float) -> Float64:
    """The lines (m, 2, 2) float64 plan metres in which triangles (n, 3, 3) cross the plane z.

    A corner exactly on the plane counts as above it, so that level faces make no line and no crossing is drawn twice.

    >>> level_section(np.array([[[0, 0, 0], [2, 0, 0], [0, 0, 2.0]]]), 1.0).tolist()
    [[[0.0, 0.0], [1.0, 0.0]]]
    """
    above = triangles[:, :, 2] >= z
    crossing = above.any(axis=1) & ~above.all(axis=1)
    corners, high = triangles[crossing], above[crossing]
    alone = np.where(high.sum(axis=1) == 1, high.argmax(axis=1), (~high).argmax(axis=1))
    rows = np.arange(len(corners))
    tip = corners[rows, alone]
    lines = np.empty((len(corners), 2, 2))
    for side in (0, 1):
        foot = corners[rows, (alone + 1 + side) % 3]
        share = (z - tip[:, 2]) / (foot[:, 2] - tip[:, 2])
        lines[:, side] = tip[:, :2] + share[:, None] * (foot[:, :2] - tip[:, :2])
    return lines
