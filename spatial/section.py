"""Plane cuts of meshes: the real section polygons of a solid at a height, and what of it is seen from above below that height."""

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from spatial.mesh import Float64

__all__ = ["cut_level", "level_faces", "level_section", "seen_outline", "shade"]

GRID_M = 1e-4
SLIVER_M2 = 1e-6
UP = 0.99


def cut_level(triangles: Float64, z: float) -> tuple[BaseGeometry, BaseGeometry]:
    """Where the plane at z cuts faces (n, 3, 3): the area inside, even-odd, and the lines that close no area (of open meshes).

    A corner at z counts as below it, so a solid that stands on the plane is cut, one that ends there is not. Corners are snapped to
    0.1 mm. Give one solid at a time: where two overlap, even-odd would make a hole.
    """
    segments = level_section(triangles, z)
    if not len(segments):
        return shapely.Polygon(), shapely.MultiLineString()
    lines = np.asarray(shapely.set_precision(np.asarray(shapely.linestrings(segments), dtype=object), GRID_M), dtype=object)
    noded: Any = shapely.node(shapely.MultiLineString(list(lines[~shapely.is_empty(lines)])))
    outcome: Any = shapely.polygonize_full([noded])
    faces, _, dangles, _ = outcome
    found = np.array([face for face in faces.geoms if face.area > SLIVER_M2], dtype=object)
    inside = found[_is_inside(found, segments)] if len(found) else found
    area = shapely.union_all(inside, grid_size=GRID_M) if len(inside) else shapely.Polygon()
    return area, shapely.MultiLineString(list(dangles.geoms))


def level_section(triangles: Float64, z: float) -> Float64:
    """The lines (k, 2, 2) plan metres in which faces (n, 3, 3) cross the plane at z; both faces of an edge find the same point.

    A corner at z counts as below it: level faces make no line, and a solid that stands on the plane is cut.

    >>> level_section(np.array([[[0, 0, 0], [2, 0, 0], [0, 0, 2.0]]]), 1.0).tolist()
    [[[1.0, 0.0], [0.0, 0.0]]]
    """
    above = triangles[:, :, 2] > z
    count = above.sum(axis=1)
    crossing = np.flatnonzero((count == 1) | (count == 2))
    ends = np.zeros((len(crossing), 2, 2))
    filled = np.zeros(len(crossing), dtype=np.int64)
    for i in range(3):
        a, b = triangles[crossing, i], triangles[crossing, (i + 1) % 3]
        here = np.flatnonzero(above[crossing, i] != above[crossing, (i + 1) % 3])
        ends[here, filled[here]] = _meeting(a[here], b[here], z)
        filled[here] += 1
    return np.asarray(ends[(ends[:, 0] != ends[:, 1]).any(axis=1)])


def level_faces(triangles: Float64, low: float, high: float) -> list[BaseGeometry]:
    """The areas of faces that look up between two heights, one for each height: the treads of a stair, lowest first."""
    normals = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    size = np.linalg.norm(normals, axis=1)
    z = triangles[:, :, 2].mean(axis=1)
    chosen = np.flatnonzero((normals[:, 2] > UP * size) & (size > 0) & (z > low) & (z < high))
    level = np.rint(z[chosen] * 100).astype(np.int64)
    found = []
    for one in np.unique(level):
        plan = np.asarray(shapely.polygons(triangles[chosen[level == one]][:, :, :2]))
        area = shapely.union_all(plan, grid_size=GRID_M)
        if area.area > SLIVER_M2:
            found.append(area)
    return found


def seen_outline(points: Float64, low: float, high: float) -> BaseGeometry:
    """The convex outline in plan of the points (n, 3) between two heights; empty where there is no area."""
    chosen = points[(points[:, 2] >= low) & (points[:, 2] <= high)]
    hull: BaseGeometry = shapely.MultiPoint(chosen[:, :2]).convex_hull if len(chosen) >= 3 else shapely.Polygon()
    return hull if hull.geom_type == "Polygon" else shapely.Polygon()


def shade(triangles: Float64, low: float, high: float) -> BaseGeometry:
    """The plan of what of a closed solid lies between two heights, both closed; either may be infinite.

    Whatever lies there has above it a face between the heights, or the cut at the upper one.
    """
    z = triangles[:, :, 2]
    near = triangles[(z.max(axis=1) >= low) & (z.min(axis=1) <= high)]
    parts = [shapely.MultiPoint(_between(corners, low, high)).convex_hull for corners in near]
    if np.isfinite(high):
        parts.append(cut_level(triangles, high)[0])
    whole: BaseGeometry = shapely.union_all([part for part in parts if not part.is_empty])
    return whole


def _between(corners: Float64, low: float, high: float) -> Float64:
    """The corners in plan of what of one face (3, 3) lies between two heights."""
    z = corners[:, 2]
    found = [corners[(z >= low) & (z <= high), :2]]
    for level in (low, high):
        for i in range(3):
            a, b = corners[i], corners[(i + 1) % 3]
            if np.isfinite(level) and min(a[2], b[2]) < level < max(a[2], b[2]):
                found.append(_meeting(a[None], b[None], level))
    return np.concatenate(found)


def _meeting(a: Float64, b: Float64, z: float) -> Float64:
    """Where edges meet the plane, computed from the lower end so that both neighbours find the same point."""
    swap = (a[:, 2] > b[:, 2])[:, None]
    low, high = np.where(swap, b, a), np.where(swap, a, b)
    t = (z - low[:, 2]) / (high[:, 2] - low[:, 2])
    return np.asarray(low[:, :2] + t[:, None] * (high[:, :2] - low[:, :2]))


def _is_inside(faces: NDArray[np.object_], segments: Float64) -> NDArray[np.bool_]:
    """Whether a ray towards +x from inside each face passes an odd number of segments."""
    middle = shapely.get_coordinates(shapely.point_on_surface(faces))
    (ax, ay), (bx, by) = segments[:, 0].T, segments[:, 1].T
    spans = (ay <= middle[:, 1:]) != (by <= middle[:, 1:])
    with np.errstate(divide="ignore", invalid="ignore"):
        x = ax + (middle[:, 1:] - ay) * (bx - ax) / (by - ay)
    return np.asarray((spans & (x > middle[:, :1])).sum(axis=1) % 2 == 1)
