"""CityJSON boundaries to coloured triangles (CityJSON 2.0.1, section 3: geometry objects, semantics, templates)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cim.palette import CLASS_RGBA, GENERIC, ROOFS_FLAT, ROOFS_PITCHED, SURFACE_RGBA, WALLS, Rgba, tint
from cim.triangulate import faces_to_triangles
from spatial.mesh import Float64, Mesh

__all__ = ["Geometry", "Part", "Surfaces", "colours", "level_of", "levels", "surfaces_of"]

DEPTH = {"MultiSurface": 0, "CompositeSurface": 0, "Solid": 1, "MultiSolid": 2, "CompositeSolid": 2}
LYING = frozenset({"Road", "Railway", "Square", "LandUse", "PlantCover", "WaterBody", "TransportSquare", "Waterway"})
BUILT = ("Building", "Bridge", "Tunnel", "OtherConstruction")
ROOF, WALL, GROUND = "RoofSurface", "WallSurface", "GroundSurface"
CLOSURE = "ClosureSurface"
LOOSE_SHARE = 0.1
UP_Z = 0.5
FLAT_Z = 0.985


Geometry = Mapping[str, Any]
Part = tuple[Mesh, Rgba, Float64]


@dataclass(frozen=True, slots=True, eq=False)
class Surfaces:
    """Corners (m, 3, 3) in the frame of the vertices given and the surface type of each triangle (m,).

    `faces` were read, `lost` of them have no area, `untyped` name a semantic surface that is not there, and `turned` of the
    shells faced inward and were turned round.
    """

    corners: Float64
    types: NDArray[np.object_]
    faces: int
    lost: int
    untyped: int
    turned: int


@dataclass(frozen=True, slots=True)
class _Face:
    rings: Sequence[Sequence[int]]
    value: Any
    shell: int
    inner: bool


def level_of(geometry: Geometry, templates: Sequence[Geometry]) -> float:
    """The level of detail as a number; an instance has that of its template, none given (or no such template) is -1."""
    try:
        if geometry.get("type") == "GeometryInstance":
            geometry = templates[int(geometry["template"])]
        return float(geometry.get("lod", -1))
    except (IndexError, KeyError, TypeError, ValueError):
        return -1.0


def levels(geometries: Sequence[Geometry], templates: Sequence[Geometry]) -> list[list[Geometry]]:
    """The geometries that have surfaces, by level of detail, highest first; solids win over loose surfaces of their level."""
    by_level: dict[float, list[Geometry]] = {}
    for geometry in geometries:
        if geometry.get("type") in DEPTH or geometry.get("type") == "GeometryInstance":
            by_level.setdefault(level_of(geometry, templates), []).append(geometry)
    result = []
    for level in sorted(by_level, reverse=True):
        whole = [g for g in by_level[level] if g["type"] == "GeometryInstance" or DEPTH[g["type"]] > 0]
        solid = any(g["type"] != "GeometryInstance" for g in whole)
        result.append(whole if solid else by_level[level])
    return result


def surfaces_of(geometry: Geometry, vertices: Float64, class_name: str, *, mirrored: bool = False) -> Surfaces:
    """The triangles of one geometry over vertices (n, 3), each with its surface type, given or told from its slope.

    Shells of solids face outward, inner ones into their hollow, whatever the file has; a closure surface is not drawn (CityGML
    2.0, 6.4: it only closes a volume). `mirrored`: the vertices have gone through a reflection. Raises IndexError, KeyError,
    TypeError or ValueError where the boundaries are not what the type says.
    """
    depth = DEPTH[str(geometry["type"])]
    semantics = geometry.get("semantics") or {}
    declared = [str(surface["type"]) for surface in semantics.get("surfaces") or []]
    faces = list(_faces(geometry["boundaries"], semantics.get("values"), depth))
    types = [declared[f.value] if _names(f.value, declared) else "" for f in faces]
    untyped = sum(f.value is not None and not _names(f.value, declared) for f in faces)
    drawn = [k for k, kind in enumerate(types) if kind != CLOSURE]
    found = faces_to_triangles(vertices, [faces[k].rings for k in drawn])
    corners = found.corners[:, ::-1].copy() if mirrored else found.corners
    face = np.array(drawn, dtype=np.int64)[found.face]
    kind = np.array([types[k] for k in face], dtype=object)
    turned = 0
    if depth > 0 or class_name.startswith(BUILT):
        shell, inner = (np.array([getattr(faces[k], name) for k in face]) for name in ("shell", "inner"))
        turned = _turn_outward(corners, shell, inner, 0.0 if depth > 0 else LOOSE_SHARE)
    up = _up(corners)
    if class_name in LYING or (depth == 0 and not turned and len(up) > 0 and bool((up < -0.99).all())):
        corners[up < 0] = corners[up < 0][:, ::-1]
        up = np.abs(up)
    if class_name.startswith(BUILT):
        guessed = np.where(up > UP_Z, ROOF, np.where(up < -UP_Z, GROUND, WALL))
        kind = np.where(kind == "", guessed, kind)
    kind = np.where((kind == ROOF) & (up > FLAT_Z), "RoofSurface/flat", kind)
    return Surfaces(corners, kind.astype(object), len(faces), len(found.lost), untyped, turned)


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


def _turn_outward(corners: Float64, shell: NDArray[np.int64], inner: NDArray[np.bool_], least_share: float) -> int:
    """Turns in place the shells whose volume has the wrong sign and is more than a share of its box; how many those were."""
    turned = 0
    for number in np.unique(shell):
        mine = shell == number
        points = corners[mine]
        low, high = points.min(axis=(0, 1)), points.max(axis=(0, 1))
        own = points - [*(low[:2] + high[:2]) / 2, low[2]]
        volume = float((own[:, 0] * np.cross(own[:, 1], own[:, 2])).sum() / 6)
        outward = -volume if inner[mine][0] else volume
        if outward < -max(least_share * float(np.prod(high - low)), 1e-6):
            corners[mine] = points[:, ::-1]
            turned += 1
    return turned


def _up(corners: Float64) -> Float64:
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return np.asarray(normals[:, 2] / np.maximum(np.linalg.norm(normals, axis=1), 1e-12))


def _names(value: Any, declared: Sequence[str]) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(declared)


def _faces(boundaries: Any, values: Any, depth: int) -> Iterator[_Face]:
    """Faces with the number of their shell; of a solid's shells the first is the outer one."""
    shells = 0
    for position, item in enumerate(boundaries):
        value = values[position] if isinstance(values, list) and position < len(values) else None
        if depth == 0:
            yield _Face(item, value, 0, False)
            continue
        last = 0
        for face in _faces(item, value, depth - 1):
            last = max(last, face.shell)
            yield _Face(face.rings, face.value, shells + face.shell, face.inner if depth > 1 else position > 0)
        shells += last + 1
