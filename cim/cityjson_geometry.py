"""CityJSON boundaries to coloured triangles (CityJSON 2.0.1, section 3: geometry objects, semantics, templates)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cim.palette import CLASS_RGBA, GENERIC, ROOFS_FLAT, ROOFS_PITCHED, SURFACE_RGBA, WALLS, Rgba, tint
from cim.triangulate import faces_to_triangles
from spatial.mesh import Float64

__all__ = ["Surfaces", "best_geometries", "colours", "level_of", "surfaces_of"]

DEPTH = {"MultiSurface": 0, "CompositeSurface": 0, "Solid": 1, "MultiSolid": 2, "CompositeSolid": 2}
LYING = frozenset({"Road", "Railway", "Square", "LandUse", "PlantCover", "WaterBody", "TransportSquare", "Waterway"})
BUILT = ("Building", "Bridge", "Tunnel", "OtherConstruction")
ROOF, WALL, GROUND = "RoofSurface", "WallSurface", "GroundSurface"
UP_Z = 0.5
FLAT_Z = 0.985


@dataclass(frozen=True, slots=True, eq=False)
class Surfaces:
    """Corners (m, 3, 3) in the frame of the vertices given, the surface type of each triangle (m,), faces read and lost."""

    corners: Float64
    types: NDArray[np.object_]
    faces: int
    lost: int


def level_of(geometry: Mapping[str, Any], templates: Sequence[Mapping[str, Any]]) -> float:
    """The level of detail as a number; an instance has that of its template, none given is -1."""
    if geometry.get("type") == "GeometryInstance":
        geometry = templates[int(geometry["template"])]
    try:
        return float(geometry.get("lod", -1))
    except (TypeError, ValueError):
        return -1.0


def best_geometries(geometries: Sequence[Mapping[str, Any]], templates: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The geometries of the highest level of detail that have surfaces; solids win over loose surfaces of the same level."""
    drawable = [g for g in geometries if g.get("type") in DEPTH or g.get("type") == "GeometryInstance"]
    if not drawable:
        return []
    top = max(level_of(g, templates) for g in drawable)
    best = [g for g in drawable if level_of(g, templates) == top]
    solids = [g for g in best if DEPTH.get(str(g["type"]), 0) > 0]
    return solids or best


def surfaces_of(geometry: Mapping[str, Any], vertices: Float64, class_name: str) -> Surfaces:
    """The triangles of one geometry over vertices (n, 3), each with its surface type, given or told from its slope.

    Raises IndexError, KeyError, TypeError or ValueError where the boundaries are not what the type says.
    """
    depth = DEPTH[str(geometry["type"])]
    semantics = geometry.get("semantics") or {}
    declared = [str(surface.get("type", "")) for surface in semantics.get("surfaces", [])]
    faces: list[Sequence[Sequence[int]]] = []
    types: list[str] = []
    for rings, value in _faces(geometry["boundaries"], semantics.get("values"), depth):
        faces.append(rings)
        types.append(declared[value] if value is not None else "")
    found = faces_to_triangles(vertices, faces)
    corners = found.corners
    kind = np.array([types[i] for i in found.face], dtype=object)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    up = normals[:, 2] / np.maximum(np.linalg.norm(normals, axis=1), 1e-12)
    if class_name in LYING or (depth == 0 and len(up) > 0 and bool((up < -0.99).all())):
        turned = up < 0
        corners[turned] = corners[turned][:, ::-1]
        up = np.abs(up)
    if class_name.startswith(BUILT):
        guessed = np.where(up > UP_Z, ROOF, np.where(up < -UP_Z, GROUND, WALL))
        kind = np.where(kind == "", guessed, kind)
    kind = np.where((kind == ROOF) & (up > FLAT_Z), "RoofSurface/flat", kind)
    return Surfaces(corners, kind.astype(object), len(faces), len(found.lost))


def colours(types: NDArray[np.object_], class_name: str, identity: str) -> Iterator[tuple[Rgba, NDArray[np.bool_]]]:
    """Each colour an object needs with the triangles that wear it; tints are told by the id of the building."""
    wanted: dict[Rgba, NDArray[np.bool_]] = {}
    for kind in sorted(set(types)):
        rgba = _colour(str(kind), class_name, identity)
        mask = types == kind
        wanted[rgba] = wanted[rgba] | mask if rgba in wanted else mask
    yield from wanted.items()


def _colour(kind: str, class_name: str, identity: str) -> Rgba:
    if kind == "RoofSurface/flat":
        return tint(ROOFS_FLAT, identity)
    if kind == ROOF:
        return tint(ROOFS_PITCHED, identity)
    if kind in SURFACE_RGBA and class_name not in LYING:
        return SURFACE_RGBA[kind]
    if class_name in CLASS_RGBA:
        return CLASS_RGBA[class_name]
    return tint(WALLS, identity) if kind == WALL or class_name.startswith(BUILT) else GENERIC


def _faces(boundaries: Any, values: Any, depth: int) -> Iterator[tuple[Sequence[Sequence[int]], int | None]]:
    for position, item in enumerate(boundaries):
        value = values[position] if isinstance(values, list) and position < len(values) else None
        if depth == 0:
            yield item, value if isinstance(value, int) else None
        else:
            yield from _faces(item, value, depth - 1)
