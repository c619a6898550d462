"""One ray against boxes and triangles, exact in float64: what a click or a pointing arm meets first."""

import numpy as np

from spatial.mesh import Float64

__all__ = ["ray_boxes", "ray_triangles"]


def ray_boxes(origin: Float64, direction: Float64, boxes: Float64) -> Float64:
    """Distance along the ray at which it enters each box (n, 2, 3), 0 from within, infinite where it misses; `direction` is a unit (3,)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        t = (boxes - origin) / direction
    still = direction == 0
    outside = (still & ((origin < boxes[:, 0]) | (origin > boxes[:, 1]))).any(axis=1)
    t[:, :, still] = np.array([-np.inf, np.inf])[None, :, None]
    enter, leave = t.min(axis=1).max(axis=1), t.max(axis=1).min(axis=1)
    return np.where((leave >= np.maximum(enter, 0.0)) & ~outside, np.maximum(enter, 0.0), np.inf)


def ray_triangles(origin: Float64, direction: Float64, triangles: Float64) -> Float64:
    """Distance to each face (n, 3, 3) from either side, its edges belonging to it; infinite where it is missed (Möller, Trumbore 1997)."""
    edge, other = triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]
    p = np.cross(direction, other)
    determinant = (edge * p).sum(axis=1)
    from_corner = origin - triangles[:, 0]
    q = np.cross(from_corner, edge)
    with np.errstate(divide="ignore", invalid="ignore"):
        u, v = (from_corner * p).sum(axis=1) / determinant, (q @ direction) / determinant
        t = (other * q).sum(axis=1) / determinant
        near = 1e-9
        hit = (np.abs(determinant) > 1e-14) & (u >= -near) & (v >= -near) & (u + v <= 1 + near) & (t >= 0)
    return np.where(hit, t, np.inf)
