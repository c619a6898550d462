"""Planar faces with holes to triangles: in space for city objects, in the plane for polygons."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.errors import GEOSException
from shapely.geometry.base import BaseGeometry

from spatial.mesh import Float64

__all__ = ["Triangulation", "faces_to_triangles", "polygons_to_triangles"]

Rings = Sequence[Sequence[int]]
MIN_AREA_M2 = 1e-8
FLAT_M = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Triangulation:
    """Corners (m, 3, 3) float64 in the input's frame, the face each came from (m,), and the faces that gave none."""

    corners: Float64
    face: NDArray[np.int64]
    lost: tuple[int, ...]


def faces_to_triangles(vertices: Float64, faces: Sequence[Rings]) -> Triangulation:
    """Triangles of planar faces over vertices (n, 3); the first ring of a face is its outside, the others are holes.

    Each face is projected on its best plane (Newell's normal) and cut by constrained Delaunay triangulation; what crosses
    itself is made valid first; orientation is kept. Nearly planar faces keep their own vertices. Raises IndexError for
    an index outside the vertices.
    """
    simple = [i for i, rings in enumerate(faces) if len(rings) == 1 and len(rings[0]) == 3]
    corners: list[Float64] = []
    owners: list[NDArray[np.int64]] = []
    if simple:
        corners.append(vertices[_single_rings(faces, simple)])
        owners.append(np.array(simple, dtype=np.int64))
    halved = _convex_quads(vertices, faces)
    for diagonal in ((0, 1, 2), (0, 2, 3)):
        if halved:
            corners.append(vertices[_single_rings(faces, halved)[:, list(diagonal)]])
            owners.append(np.array(halved, dtype=np.int64))
    single = {*simple, *halved}
    for i, rings in enumerate(faces):
        if i in single:
            continue
        found = _one_face(vertices, rings)
        corners.append(found)
        owners.append(np.full(len(found), i, dtype=np.int64))
    all_corners = np.concatenate(corners) if corners else np.zeros((0, 3, 3))
    all_owners = np.concatenate(owners) if owners else np.zeros(0, dtype=np.int64)
    doubled = np.linalg.norm(np.cross(all_corners[:, 1] - all_corners[:, 0], all_corners[:, 2] - all_corners[:, 0]), axis=1)
    keep = doubled > 2 * MIN_AREA_M2
    order = np.argsort(all_owners[keep], kind="stable")
    kept = all_owners[keep][order]
    lost = np.setdiff1d(np.arange(len(faces)), kept)
    return Triangulation(all_corners[keep][order], kept, tuple(int(i) for i in lost))


def _single_rings(faces: Sequence[Rings], chosen: Sequence[int]) -> NDArray[np.int64]:
    """The one ring of each chosen face, (k, corners); IndexError for what is no vertex index."""
    try:
        index = np.array([faces[i][0] for i in chosen], dtype=np.int64)
    except OverflowError as error:
        raise IndexError("a vertex index beyond 64 bits") from error
    if index.min() < 0:
        raise IndexError("negative vertex index")
    return index


def _convex_quads(vertices: Float64, faces: Sequence[Rings]) -> list[int]:
    """The faces of one ring of four corners that are planar and convex: halving them along a diagonal is exact."""
    known = [i for i, rings in enumerate(faces) if len(rings) == 1 and len(set(rings[0])) == len(rings[0]) == 4]
    if not known:
        return []
    points = vertices[_single_rings(faces, known)]
    edges = np.roll(points, -1, axis=1) - points
    turns = np.cross(edges, np.roll(edges, -1, axis=1))
    normal = turns.sum(axis=1)
    length = np.linalg.norm(normal, axis=1)
    normal = normal / np.maximum(length, 1e-12)[:, None]
    convex = ((turns * normal[:, None]).sum(axis=2) > MIN_AREA_M2).all(axis=1)
    off = np.abs(((points - points[:, :1]) * normal[:, None]).sum(axis=2)).max(axis=1)
    return [known[i] for i in np.nonzero(convex & (off < FLAT_M))[0]]


def polygons_to_triangles(polygons: Sequence[BaseGeometry] | NDArray[np.object_]) -> tuple[Float64, NDArray[np.int64]]:
    """Corners (m, 3, 2) of valid polygons, counter-clockwise, and the index of the polygon each belongs to (m,)."""
    parts, owner = shapely.get_parts(np.asarray(polygons, dtype=object), return_index=True)
    areal = (shapely.get_dimensions(parts) == 2) & (shapely.area(parts) > MIN_AREA_M2)
    parts, owner = parts[areal], owner[areal]
    if not len(parts):
        return np.zeros((0, 3, 2)), np.zeros(0, dtype=np.int64)
    triangles, index = shapely.get_parts(_delaunay(parts), return_index=True)
    return _counter_clockwise(triangles), owner[index]


def _delaunay(polygons: NDArray[np.object_]) -> NDArray[np.object_]:
    try:
        return np.asarray(shapely.constrained_delaunay_triangles(polygons), dtype=object)
    except GEOSException:
        return np.array([_delaunay_of_one(polygon) for polygon in polygons], dtype=object)


def _delaunay_of_one(polygon: BaseGeometry) -> BaseGeometry:
    try:
        return shapely.constrained_delaunay_triangles(polygon)
    except GEOSException:
        pieces = [p for p in shapely.get_parts(shapely.make_valid(shapely.set_precision(polygon, 1e-6))) if p.geom_type == "Polygon"]
        try:
            found: BaseGeometry = shapely.constrained_delaunay_triangles(shapely.multipolygons(pieces))
            return found
        except GEOSException:
            return shapely.GeometryCollection()


def _counter_clockwise(triangles: NDArray[np.object_]) -> Float64:
    corners = shapely.get_coordinates(triangles).reshape(-1, 4, 2)[:, :3]
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    signed = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    clockwise = signed < 0
    corners[clockwise] = corners[clockwise][:, ::-1]
    return np.asarray(corners, dtype=np.float64)


def _one_face(vertices: Float64, rings: Rings) -> Float64:
    loops = [_without_repeats(ring) for ring in rings]
    loops = [loop for k, loop in enumerate(loops) if len(loop) >= 3 or k == 0]
    if not loops or len(loops[0]) < 3:
        return np.zeros((0, 3, 3))
    if min(min(loop) for loop in loops) < 0:
        raise IndexError("negative vertex index")
    points = [vertices[loop] for loop in loops]
    normal = _newell(points[0])
    length = float(np.linalg.norm(normal))
    if length < 2 * MIN_AREA_M2:
        return np.zeros((0, 3, 3))
    normal /= length
    seed = np.eye(3)[int(np.argmin(np.abs(normal)))]
    u = np.cross(normal, seed)
    u /= np.linalg.norm(u)
    basis = np.stack([u, np.cross(normal, u)], axis=1)
    origin = points[0].mean(axis=0)
    flat = [(ring - origin) @ basis for ring in points]
    polygon: BaseGeometry = shapely.Polygon(flat[0], flat[1:])
    if not polygon.is_valid:
        polygon = shapely.make_valid(polygon, method="structure")
    corners, _ = polygons_to_triangles([polygon])
    lift = {(float(p[0]), float(p[1])): v for ring, own in zip(flat, points, strict=True) for p, v in zip(ring, own, strict=True)}
    result = np.empty((len(corners), 3, 3))
    for i, triangle in enumerate(corners):
        for k, (x, y) in enumerate(triangle):
            known = lift.get((float(x), float(y)))
            result[i, k] = origin + basis @ np.array([x, y]) if known is None else known
    return result


def _newell(ring: Float64) -> Float64:
    centred = ring - ring[0]
    return np.asarray(np.cross(centred, np.roll(centred, -1, axis=0)).sum(axis=0))


def _without_repeats(ring: Sequence[int]) -> list[int]:
    loop = [int(v) for k, v in enumerate(ring) if k == 0 or v != ring[k - 1]]
    if len(loop) > 1 and loop[0] == loop[-1]:
        loop.pop()
    return loop
