"""Rooms: footprint, z range, area and volume measured from the solid, what the file declares beside it, and who stands inside."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from bim.properties import Measure
from spatial.mesh import Float64, MeshSet

__all__ = ["MOVABLE_CLASSES", "RoomIndex", "RoomShape", "declared_rows", "find_room_shape", "measure_room", "triangles_of"]

MOVABLE_CLASSES = ("IfcFurnishingElement", "IfcDistributionElement", "IfcTransportElement", "IfcEquipmentElement")
FLAT = 0.99
NEAR_BOTTOM_M = 0.5
GRID_M = 1e-4
SIMPLIFY_M = 1e-3
HEAD_ROOM_M = 0.05


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoomShape:
    """A room as its solid shows it, model-frame metres: `footprint` (multi)polygon with holes, `z_range`, floor area, volume.

    `method` is `flat_bottom` (union of the level faces that look down, within 0.5 m of the lowest point) or `projection`
    (no level floor: the outline of the whole solid in plan). `volume_m3` is None where the surface is not closed.
    """

    footprint: BaseGeometry
    z_range: tuple[float, float]
    area_m2: float
    volume_m3: float | None
    method: str

    def as_json(self) -> dict[str, Any]:
        """`{area_m2, volume_m3, method}`."""
        return {
            "area_m2": round(self.area_m2, 4),
            "volume_m3": None if self.volume_m3 is None else round(self.volume_m3, 4),
            "method": self.method,
        }


def triangles_of(meshes: MeshSet) -> dict[str, Float64]:
    """Triangles of every feature in the set's frame: name → (n, 3, 3) float64 metres."""
    parts: dict[str, list[Float64]] = {}
    for part in range(meshes.parts):
        corners = meshes.part_vertices(part)[meshes.meshes[meshes.part_mesh[part]].triangles]
        parts.setdefault(meshes.features[meshes.part_feature[part]], []).append(corners)
    return {name: np.concatenate(found) for name, found in parts.items()}


def measure_room(triangles: Float64) -> RoomShape | None:
    """The shape of a solid of (n, 3, 3) metres, faces either way round; None where it has no extent in plan.

    >>> measure_room(triangles_of_a_box_4_by_3_by_2_5).area_m2  # doctest: +SKIP
    12.0
    """
    z_low, z_high = float(triangles[:, :, 2].min()), float(triangles[:, :, 2].max())
    outward, closed = _oriented(triangles)
    normals = np.cross(outward[:, 1] - outward[:, 0], outward[:, 2] - outward[:, 0])
    size = np.linalg.norm(normals, axis=1)
    facing = np.divide(normals[:, 2], size, out=np.zeros_like(size), where=size > 0)
    floor = (facing < -FLAT) & (outward[:, :, 2].max(axis=1) <= z_low + NEAR_BOTTOM_M)
    method = "flat_bottom"
    if not floor.any():
        method, floor = "projection", np.abs(facing) > 1e-6
    footprint = _union(outward[floor][:, :, :2])
    if footprint.is_empty:
        return None
    volume = float(np.einsum("ij,ij->i", outward[:, 0] - outward[0, 0], normals).sum() / 6) if closed else None
    return RoomShape(footprint=footprint, z_range=(z_low, z_high), area_m2=float(footprint.area), volume_m3=volume, method=method)


def find_room_shape(name: str, triangles: Mapping[str, Float64]) -> RoomShape | None:
    """The shape of a named room among `triangles_of` a mesh set; None where it has no mesh or no extent."""
    found = triangles.get(name)
    return None if found is None else measure_room(found)


def declared_rows(measures: Iterable[Measure]) -> list[dict[str, Any]]:
    """What the file says of a room's sizes, as rows `{name, value, unit, value_si, pset}`."""
    return [asdict(measure) for measure in measures]


class RoomIndex:
    """Rooms by place: which room a point is in, tested exactly against footprint and z range."""

    def __init__(self, shapes: Mapping[int, RoomShape]) -> None:
        self._steps = list(shapes)
        self._shapes = [shapes[step] for step in self._steps]
        self._tree = shapely.STRtree([shape.footprint for shape in self._shapes])

    def find(self, point: Float64) -> int | None:
        """Step id of the room that holds a model-frame point (3,); of several the smallest; None outside all."""
        hits = [int(hit) for hit in self._tree.query(shapely.Point(point[0], point[1]), predicate="intersects")]
        inside = [
            hit for hit in hits if self._shapes[hit].z_range[0] - HEAD_ROOM_M <= point[2] <= self._shapes[hit].z_range[1] + HEAD_ROOM_M
        ]
        return self._steps[min(inside, key=lambda hit: self._shapes[hit].area_m2)] if inside else None


def _union(flat: Float64) -> BaseGeometry:
    polygons = np.asarray(shapely.polygons(flat))
    merged = shapely.union_all(polygons[shapely.area(polygons) > 1e-9], grid_size=GRID_M)
    return shapely.simplify(merged, SIMPLIFY_M, preserve_topology=True) if not merged.is_empty else merged


def _oriented(triangles: Float64) -> tuple[Float64, bool]:
    """The triangles turned outward, and whether they close. Exporters mix the winding: it is walked over shared edges.

    Where edges are not shared by exactly two faces nothing is turned.
    """
    points = np.rint(triangles.reshape(-1, 3) / GRID_M).astype(np.int64)
    _, corner = np.unique(points, axis=0, return_inverse=True)
    faces = corner.reshape(-1, 3)
    proper = (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])
    kept, faces = triangles[proper], faces[proper]
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    owner = np.tile(np.arange(len(faces)), 3)
    forward = edges[:, 0] < edges[:, 1]
    _, edge, count = np.unique(np.sort(edges, axis=1), axis=0, return_inverse=True, return_counts=True)
    edge = edge.reshape(-1)
    if not (count == 2).all():
        return kept, _balanced(kept)
    flip, component = _walk(len(faces), owner, forward, edge, count)
    turned = np.where(flip[:, None, None], kept[:, ::-1], kept)
    origin = turned[0, 0] if len(turned) else np.zeros(3)
    shifted = turned - origin
    six_volumes = np.einsum("ij,ij->i", shifted[:, 0], np.cross(shifted[:, 1], shifted[:, 2]))
    totals = np.bincount(component, weights=six_volumes) if len(component) else np.zeros(0)
    inside_out = (totals < 0)[component]
    return np.where(inside_out[:, None, None], turned[:, ::-1], turned), len(count) > 0


def _balanced(triangles: Float64) -> bool:
    """Whether the area vectors sum to nothing, as those of a closed surface do, also where its edges do not meet vertex to vertex."""
    normals = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    return bool(np.linalg.norm(normals.sum(axis=0)) <= 1e-5 * np.linalg.norm(normals, axis=1).sum())


def _walk(
    faces: int, owner: NDArray[np.intp], forward: NDArray[np.bool_], edge: NDArray[np.intp], count: NDArray[np.intp]
) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    order = np.argsort(edge, kind="stable")
    start = np.concatenate([[0], np.cumsum(count)])
    neighbours: list[list[tuple[int, bool]]] = [[] for _ in range(faces)]
    for index in np.flatnonzero(count == 2):
        one, other = order[start[index]], order[start[index] + 1]
        same = bool(forward[one] == forward[other])
        neighbours[owner[one]].append((int(owner[other]), same))
        neighbours[owner[other]].append((int(owner[one]), same))
    flip = np.zeros(faces, dtype=bool)
    component = np.full(faces, -1, dtype=np.intp)
    label = 0
    for seed in range(faces):
        if component[seed] >= 0:
            continue
        component[seed] = label
        stack = [seed]
        while stack:
            face = stack.pop()
            for neighbour, same in neighbours[face]:
                if component[neighbour] < 0:
                    component[neighbour] = label
                    flip[neighbour] = flip[face] != same
                    stack.append(neighbour)
        label += 1
    return flip, component
