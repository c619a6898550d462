"""Places by brute force: trimesh, shapely and numpy alone, nothing of ours."""

from typing import Any

import numpy as np
import shapely
import trimesh

__all__ = ["cuts", "gable", "holds", "prism_mesh", "surface_distance", "winding"]


def holds(footprint: Any, z_range: tuple[float, float], point: Any) -> bool:
    """Closed in plan and below, open above."""
    return bool(shapely.Point(point[0], point[1]).intersects(footprint) and z_range[0] <= point[2] < z_range[1])


def prism_mesh(footprint: Any, z_range: tuple[float, float]) -> trimesh.Trimesh:
    """The solid of a footprint with holes between two heights, from shapely's constrained triangles."""
    corners: list[Any] = []
    low, high = z_range
    for triangle in shapely.constrained_delaunay_triangles(footprint).geoms:
        flat = np.asarray(shapely.orient_polygons(triangle).exterior.coords)[:3]
        corners.append(np.column_stack([flat, np.full(3, high)]))
        corners.append(np.column_stack([flat[::-1], np.full(3, low)]))
    for ring in (footprint.exterior, *footprint.interiors):
        for a, b in zip(ring.coords[:-1], ring.coords[1:], strict=True):
            corners.append(np.array([[*a, low], [*b, low], [*b, high]]))
            corners.append(np.array([[*a, low], [*b, high], [*a, high]]))
    return trimesh.Trimesh(**trimesh.triangles.to_kwargs(np.array(corners)))


def gable(x: float, y: float, width: float, depth: float, low: float, ridge: float) -> Any:
    """An attic: a roof prism on a rectangle, its ridge along x; triangles (8, 3, 3), outward."""
    a, b, c, d = [x, y, low], [x + width, y, low], [x + width, y + depth, low], [x, y + depth, low]
    e, f = [x, y + depth / 2, ridge], [x + width, y + depth / 2, ridge]
    return np.array([[a, c, b], [a, d, c], [a, b, f], [a, f, e], [c, d, e], [c, e, f], [a, e, d], [b, c, f]], dtype=np.float64)


def winding(triangles: Any, points: Any) -> Any:
    """How often the surface goes round each point: the sum of solid angles over 4π (Van Oosterom and Strackee 1983)."""
    total = np.zeros(len(points))
    for corner in triangles:
        a, b, c = (corner[i] - points for i in range(3))
        la, lb, lc = (np.linalg.norm(one, axis=1) for one in (a, b, c))
        top = np.einsum("ij,ij->i", a, np.cross(b, c))
        bottom = la * lb * lc + (a * b).sum(1) * lc + (b * c).sum(1) * la + (c * a).sum(1) * lb
        total += 2 * np.arctan2(top, bottom)
    return total / (4 * np.pi)


def surface_distance(triangles: Any, points: Any) -> Any:
    """Metres to the nearest face, by trimesh one face after another."""
    best = np.full(len(points), np.inf)
    for corner in triangles:
        nearest = trimesh.triangles.closest_point(np.repeat(corner[None], len(points), axis=0), points)
        best = np.minimum(best, np.linalg.norm(nearest - points, axis=1))
    return best


def cuts(faces: Any, low: Any, high: Any) -> bool:
    """Whether a box meets a closed solid: part of its surface lies in the box, or the box lies in the solid."""
    if (faces.min(axis=(0, 1)) > high).any() or (faces.max(axis=(0, 1)) < low).any():
        return False
    mesh = trimesh.Trimesh(**trimesh.triangles.to_kwargs(faces), process=False)
    for axis in range(3):
        for sign, corner in ((1.0, low), (-1.0, high)):
            normal = np.zeros(3)
            normal[axis] = sign
            mesh = trimesh.intersections.slice_mesh_plane(mesh, normal, corner)
            if not len(mesh.faces):
                return bool(abs(winding(faces, ((low + high) / 2)[None])[0]) > 0.5)
    return True
