"""Triangle meshes: unique local meshes by content hash, and parts that place them.

A *mesh* is geometry without colour or position; a *part* says: this feature shows that mesh, in this colour, under this
matrix. A product of three materials is three parts; a hundred equal chairs are one mesh and a hundred parts.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spatial.errors import MeshError

__all__ = ["Float32", "Float64", "Mesh", "MeshBuilder", "MeshSet", "crease_shaded", "flat_shaded", "read_mesh_set", "write_mesh_set"]

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

HASH_GRID_M = 1e-5
CREASE_DEG = 31.0
COPLANAR_COS = 0.99999


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """One unique mesh: vertices (n, 3) float32 local metres, unit normals (n, 3), triangles (m, 3) uint32, outside counter-clockwise.

    `tints` (n, 3) uint8, where there are any, multiply the part's colour at each vertex: linear factors in 1/255.
    """

    vertices: Float32
    normals: Float32
    triangles: NDArray[np.uint32]
    digest: str
    tints: NDArray[np.uint8] | None = None

    @property
    def bounds(self) -> Float64:
        """Lowest and highest corner, (2, 3) float64 local metres."""
        return np.array([self.vertices.min(axis=0), self.vertices.max(axis=0)], dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class MeshSet:
    """Unique meshes and the parts that place them, as columns.

    `features` (strings) are what `part_feature` (p,) int32 indexes; `part_mesh` (p,) int32 indexes `meshes`;
    `part_rgba` (p, 4) uint8, straight alpha, 255 opaque; `part_matrix` (p, 4, 4) float64 row-major, column vectors,
    mesh-local metres to the set's frame; a similarity (rotation, uniform scale, translation), never a mirror.
    """

    meshes: tuple[Mesh, ...]
    features: tuple[str, ...]
    part_feature: NDArray[np.int32]
    part_mesh: NDArray[np.int32]
    part_rgba: NDArray[np.uint8]
    part_matrix: Float64

    @property
    def parts(self) -> int:
        """Number of parts."""
        return len(self.part_mesh)

    def moved(self, matrix: Float64) -> Self:
        """The same set under a further 4×4 transform (frame to frame), meshes untouched."""
        return type(self)(
            self.meshes, self.features, self.part_feature, self.part_mesh, self.part_rgba, np.matmul(matrix, self.part_matrix)
        )

    def renamed(self, features: Sequence[str]) -> Self:
        """The same set with other feature names, in the same order."""
        if len(features) != len(self.features):
            raise MeshError(f"{len(features)} names for {len(self.features)} features")
        return type(self)(self.meshes, tuple(features), self.part_feature, self.part_mesh, self.part_rgba, self.part_matrix)

    def selected(self, features: Iterable[str]) -> Self:
        """Only the parts of the named features; meshes no longer used are dropped."""
        wanted = set(features)
        keep_names = [name for name in self.features if name in wanted]
        position = {name: i for i, name in enumerate(keep_names)}
        renumber = np.array([position.get(name, -1) for name in self.features], dtype=np.int32)
        mask = renumber[self.part_feature] >= 0 if self.parts else np.zeros(0, dtype=bool)
        used, part_mesh = np.unique(self.part_mesh[mask], return_inverse=True)
        return type(self)(
            tuple(self.meshes[i] for i in used),
            tuple(keep_names),
            renumber[self.part_feature[mask]],
            part_mesh.astype(np.int32),
            self.part_rgba[mask],
            self.part_matrix[mask],
        )

    def part_bounds(self) -> Float64:
        """Exact boxes of all parts in the set's frame, (p, 2, 3) float64 metres, from every transformed vertex."""
        boxes = np.empty((self.parts, 2, 3))
        for index in range(self.parts):
            points = self.part_vertices(index)
            boxes[index] = points.min(axis=0), points.max(axis=0)
        return boxes

    def part_vertices(self, part: int) -> Float64:
        """Vertices of one part in the set's frame, (n, 3) float64 metres."""
        matrix = self.part_matrix[part]
        vertices = self.meshes[self.part_mesh[part]].vertices.astype(np.float64)
        return np.asarray(vertices @ matrix[:3, :3].T + matrix[:3, 3])

    def feature_bounds(self) -> dict[str, Float64]:
        """Box of each feature that has a part: name → (2, 3) float64 metres in the set's frame."""
        boxes = self.part_bounds()
        result: dict[str, Float64] = {}
        for index, feature in enumerate(self.part_feature):
            name = self.features[feature]
            box = boxes[index]
            if name in result:
                result[name] = np.array([np.minimum(result[name][0], box[0]), np.maximum(result[name][1], box[1])])
            else:
                result[name] = box
        return result


class MeshBuilder:
    """Collects parts and finds equal meshes while doing so; `build()` gives the MeshSet."""

    def __init__(self) -> None:
        self._meshes: list[Mesh] = []
        self._by_digest: dict[str, int] = {}
        self._features: dict[str, int] = {}
        self._part_feature: list[int] = []
        self._part_mesh: list[int] = []
        self._part_rgba: list[tuple[int, int, int, int]] = []
        self._part_matrix: list[Float64] = []

    def add(
        self, feature: str, vertices: ArrayLike, triangles: ArrayLike, rgba: tuple[int, int, int, int], matrix: Float64 | None = None
    ) -> None:
        """One part: vertices (n, 3) local metres, triangles (m, 3); degenerate triangles are dropped; nothing left raises MeshError."""
        mesh = crease_shaded(np.asarray(vertices, dtype=np.float64), np.asarray(triangles, dtype=np.int64))
        self.add_mesh(feature, mesh, rgba, matrix)

    def add_mesh(self, feature: str, mesh: Mesh, rgba: tuple[int, int, int, int], matrix: Float64 | None = None) -> None:
        """One part of a mesh that is shaded already."""
        index = self._by_digest.setdefault(mesh.digest, len(self._meshes))
        if index == len(self._meshes):
            self._meshes.append(mesh)
        self._part_feature.append(self._features.setdefault(feature, len(self._features)))
        self._part_mesh.append(index)
        self._part_rgba.append(rgba)
        self._part_matrix.append(np.eye(4) if matrix is None else np.asarray(matrix, dtype=np.float64))

    def build(self) -> MeshSet:
        """The finished columns."""
        count = len(self._part_mesh)
        return MeshSet(
            tuple(self._meshes),
            tuple(self._features),
            np.array(self._part_feature, dtype=np.int32),
            np.array(self._part_mesh, dtype=np.int32),
            np.array(self._part_rgba, dtype=np.uint8).reshape(count, 4),
            np.array(self._part_matrix, dtype=np.float64).reshape(count, 4, 4),
        )


def flat_shaded(vertices: Float64, triangles: NDArray[np.int64]) -> Mesh:
    """A mesh with one normal a face, equal (position, normal) pairs welded; triangles without area are dropped.

    Raises MeshError where shapes are wrong, indices out of range, coordinates not finite, or no triangle is left.
    """
    corners, facing = _faces(vertices, triangles)
    return _welded(corners, np.repeat(facing[:, None], 3, axis=1))


def crease_shaded(vertices: Float64, triangles: NDArray[np.int64], crease_deg: float = CREASE_DEG) -> Mesh:
    """As `flat_shaded`, but faces that meet at a point within `crease_deg` of each other share a normal there: curves look round.

    Each face counts by its angle at the point, so that how a quad was halved does not show. A cylinder of 12 sides (30°
    from side to side) is round, a ridge of two slopes of 16° is sharp.
    """
    corners, facing = _faces(vertices, triangles)
    normals = np.repeat(facing[:, None], 3, axis=1)
    least = float(np.cos(np.radians(crease_deg)))
    if _has_curves(facing, least):
        normals = _smoothed(corners, facing, least)
    return _welded(corners, normals)


def _faces(vertices: Float64, triangles: NDArray[np.int64]) -> tuple[Float64, Float64]:
    """Corners (m, 3, 3) and unit normals (m, 3) of the faces that have an area."""
    if vertices.ndim != 2 or vertices.shape[1] != 3 or triangles.ndim != 2 or triangles.shape[1] != 3:
        raise MeshError(f"vertices {vertices.shape} and triangles {triangles.shape}: both must be (n, 3)")
    if len(triangles) == 0:
        raise MeshError("no triangle")
    if triangles.min() < 0 or triangles.max() >= len(vertices):
        raise MeshError(f"triangle index outside 0..{len(vertices) - 1}")
    corners = vertices[triangles]
    if not np.isfinite(corners).all():
        raise MeshError("coordinates are not finite")
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    double_area = np.linalg.norm(normals, axis=1)
    keep = double_area > 1e-10
    if not keep.any():
        raise MeshError("every triangle is degenerate")
    return corners[keep], normals[keep] / double_area[keep][:, None]


def _has_curves(facing: Float64, least: float) -> bool:
    """Whether any two faces differ by less than the crease; where they are too many to compare, yes."""
    directions = np.unique(np.rint(facing * 1e4).astype(np.int64), axis=0) / 1e4
    if len(directions) > 256:
        return True
    cosines = directions @ directions.T
    return bool(((cosines > least) & (cosines < COPLANAR_COS)).any())


def _smoothed(corners: Float64, facing: Float64, least: float) -> Float64:
    """Normals (m, 3, 3): at each corner the mean of the faces around its point that lie within the crease of its own face."""
    before, after = np.roll(corners, 1, axis=1) - corners, np.roll(corners, -1, axis=1) - corners
    lengths = np.linalg.norm(before, axis=2) * np.linalg.norm(after, axis=2)
    angles = np.arccos(np.clip((before * after).sum(axis=2) / np.maximum(lengths, 1e-300), -1.0, 1.0)).reshape(-1)
    grid = np.rint(corners.reshape(-1, 3) / HASH_GRID_M).astype(np.int64)
    point = np.unique(grid, axis=0, return_inverse=True)[1].reshape(-1)
    order = np.argsort(point, kind="stable")
    count = np.bincount(point)
    start = np.cumsum(count) - count
    around = count[point]
    one = np.repeat(np.arange(len(point)), around)
    step = np.arange(len(one)) - np.repeat(np.cumsum(around) - around, around)
    other = order[np.repeat(start[point], around) + step]
    near = (facing[one // 3] * facing[other // 3]).sum(axis=1) >= least
    total = np.zeros((len(point), 3))
    np.add.at(total, one[near], facing[other[near] // 3] * angles[other[near], None])
    length = np.linalg.norm(total, axis=1)
    own = np.repeat(facing, 3, axis=0)
    return np.where(length[:, None] > 1e-9, total / np.maximum(length, 1e-9)[:, None], own).reshape(-1, 3, 3)


def _welded(corners: Float64, normals: Float64) -> Mesh:
    grid = np.rint(corners.reshape(-1, 3) / HASH_GRID_M).astype(np.int64)
    facing = np.rint(normals.reshape(-1, 3) * 127).astype(np.int64)
    keys = np.hstack([grid, facing])
    _, first, inverse = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    inverse = inverse.reshape(-1)
    order = np.argsort(first, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    first = first[order]
    out_vertices = corners.reshape(-1, 3)[first].astype(np.float32)
    out_normals = normals.reshape(-1, 3)[first].astype(np.float32)
    out_triangles = rank[inverse].reshape(-1, 3).astype(np.uint32)
    digest = hashlib.sha256(np.ascontiguousarray(keys[first]).tobytes())
    digest.update(out_triangles.tobytes())
    return Mesh(out_vertices, out_normals, out_triangles, digest.hexdigest())


def write_mesh_set(meshes: MeshSet, path: Path) -> None:
    """Write a mesh set as one .npz, atomically (a temporary file beside it, then a rename)."""
    counts = np.array([[len(m.vertices), len(m.triangles)] for m in meshes.meshes], dtype=np.int64).reshape(-1, 2)
    temporary = path.with_name(path.name + ".part")
    with temporary.open("wb") as stream:
        np.savez(
            stream,
            counts=counts,
            vertices=np.concatenate([m.vertices for m in meshes.meshes]) if meshes.meshes else np.zeros((0, 3), np.float32),
            normals=np.concatenate([m.normals for m in meshes.meshes]) if meshes.meshes else np.zeros((0, 3), np.float32),
            triangles=np.concatenate([m.triangles for m in meshes.meshes]) if meshes.meshes else np.zeros((0, 3), np.uint32),
            digests=np.array([m.digest for m in meshes.meshes], dtype=np.str_),
            tinted=np.array([m.tints is not None for m in meshes.meshes], dtype=np.bool_),
            tints=np.concatenate([np.zeros((0, 3), np.uint8), *(m.tints for m in meshes.meshes if m.tints is not None)]),
            features=np.array(meshes.features, dtype=np.str_),
            part_feature=meshes.part_feature,
            part_mesh=meshes.part_mesh,
            part_rgba=meshes.part_rgba,
            part_matrix=meshes.part_matrix,
        )
    temporary.replace(path)


def read_mesh_set(path: Path) -> MeshSet:
    """Read what `write_mesh_set` wrote; pickles are refused."""
    with np.load(path, allow_pickle=False) as data:
        counts, vertices, normals, triangles = data["counts"], data["vertices"], data["normals"], data["triangles"]
        tinted, tints = data["tinted"], data["tints"]
        ends = np.cumsum(counts, axis=0)
        tint_ends = np.cumsum(np.where(tinted, counts[:, 0], 0))
        meshes = tuple(
            Mesh(
                vertices[end[0] - n[0] : end[0]],
                normals[end[0] - n[0] : end[0]],
                triangles[end[1] - n[1] : end[1]],
                str(digest),
                tints[tint_end - n[0] : tint_end] if coloured else None,
            )
            for n, end, digest, coloured, tint_end in zip(counts, ends, data["digests"], tinted, tint_ends, strict=True)
        )
        return MeshSet(
            meshes,
            tuple(str(name) for name in data["features"]),
            data["part_feature"],
            data["part_mesh"],
            data["part_rgba"],
            data["part_matrix"],
        )
