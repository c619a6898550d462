"""Meshes of the city: welded, near their own origin, flat or with given normals."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from spatial.mesh import Float64, Mesh, MeshBuilder, flat_shaded

__all__ = ["add_flat", "add_smooth", "local_origin", "smooth_mesh"]

WELD_M = 1e-4


def local_origin(corners: Float64) -> Float64:
    """4×4 translation to a whole-metre point near the corners (…, 3): float32 steps stay far below a millimetre."""
    matrix = np.eye(4)
    points = corners.reshape(-1, 3)
    matrix[:3, 3] = np.floor((points.min(axis=0) + points.max(axis=0)) / 2)
    return matrix


def add_flat(builder: MeshBuilder, feature: str, corners: Float64, rgba: tuple[int, int, int, int]) -> None:
    """One part of flat-shaded triangles, corners (m, 3, 3) in the site frame; raises MeshError where nothing has an area."""
    matrix = local_origin(corners)
    local = corners.reshape(-1, 3) - matrix[:3, 3]
    builder.add_mesh(feature, flat_shaded(local, np.arange(len(local)).reshape(-1, 3)), rgba, matrix)


def add_smooth(
    builder: MeshBuilder,
    feature: str,
    corners: Float64,
    normals: Float64,
    rgba: tuple[int, int, int, int],
    tints: NDArray[np.uint8] | None = None,
) -> None:
    """One part with a normal at each corner (m, 3, 3), and a tint (m, 3, 3) where there are any; equal corners are welded."""
    matrix = local_origin(corners)
    local = corners.reshape(-1, 3) - matrix[:3, 3]
    builder.add_mesh(feature, smooth_mesh(local, normals.reshape(-1, 3), None if tints is None else tints.reshape(-1, 3)), rgba, matrix)


def smooth_mesh(points: Float64, normals: Float64, tints: NDArray[np.uint8] | None = None) -> Mesh:
    """A mesh of consecutive corner triples (3m, 3) with unit normals and tints, welded where all of them agree."""
    keys = np.hstack([np.rint(points / WELD_M).astype(np.int64), np.rint(normals * 127).astype(np.int64)])
    if tints is not None:
        keys = np.hstack([keys, tints.astype(np.int64)])
    _, first, inverse = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    triangles = inverse.reshape(-1, 3).astype(np.uint32)
    whole = (triangles[:, 0] != triangles[:, 1]) & (triangles[:, 1] != triangles[:, 2]) & (triangles[:, 2] != triangles[:, 0])
    triangles = triangles[whole]
    digest = hashlib.sha256(b"smooth" if tints is None else b"tinted")
    digest.update(np.ascontiguousarray(keys[first]).tobytes())
    digest.update(triangles.tobytes())
    own = None if tints is None else tints[first]
    return Mesh(points[first].astype(np.float32), normals[first].astype(np.float32), triangles, digest.hexdigest(), own)
