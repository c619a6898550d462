"""What can be seen and what it is to a line of sight: fixed, a door, glass, the ground; sorted before rays are cast."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spatial.mesh import Float32, Float64, Mesh, MeshSet

__all__ = ["DOOR", "FIXED", "GLASS", "GROUND", "Collected", "Collector", "Group", "Surfaces"]

Piece = tuple[Float64, NDArray[np.uint32], NDArray[np.int32]]
"""All copies of one mesh: vertices (n, 3) site metres, triangles (m, 3), number of the feature of each (m,)."""

FIXED, DOOR, GLASS, GROUND = range(4)
OPAQUE_ALPHA = 255


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Surfaces:
    """Meshes in the site frame and what the names in them are.

    `unseen` features (rooms) have no surface; a part with alpha below 255 is glass, whatever it belongs to; the rest of `doors`
    can be opened, leaf and frame; `ground` features are also what `ground_z` finds.
    """

    meshes: MeshSet
    unseen: frozenset[str] = frozenset()
    doors: frozenset[str] = frozenset()
    ground: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Group:
    """Triangles of one sort: vertices (n, 3) metres about the origin, triangles (m, 3), number of the feature of each (m,)."""

    vertices: Float32
    triangles: NDArray[np.uint32]
    feature: NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Collected:
    """All that rays can meet, as arrays: `ids` of the features, which of them `is_door`, the `origin` (3,) site metres that vertices are
    about, and the groups fixed, doors, glass, ground (those of the ground are among the others once more)."""

    ids: tuple[str, ...]
    is_door: NDArray[np.bool_]
    origin: Float64
    groups: tuple[Group, Group, Group, Group]

    @property
    def triangles(self) -> int:
        """How many are drawn."""
        return sum(len(group.triangles) for group in self.groups[:GROUND])


class Collector:
    """Sorts the parts of mesh sets into fixed, doors, glass and ground."""

    def __init__(self) -> None:
        self.doors: set[str] = set()
        self.number: dict[str, int] = {}
        self.groups: tuple[list[Piece], ...] = ([], [], [], [])

    def take(self, surfaces: Surfaces) -> None:
        """All parts of one set; a name met in two sets is one feature."""
        meshes = surfaces.meshes
        self.doors |= surfaces.doors
        numbers = np.array([self._number(name, surfaces) for name in meshes.features], dtype=np.int64)
        group = np.array([DOOR if name in surfaces.doors else FIXED for name in meshes.features], dtype=np.int64)[meshes.part_feature]
        group[meshes.part_rgba[:, 3] < OPAQUE_ALPHA] = GLASS
        ground = np.array([name in surfaces.ground for name in meshes.features], dtype=np.bool_)[meshes.part_feature]
        seen = numbers[meshes.part_feature] >= 0
        by_mesh = np.argsort(meshes.part_mesh, kind="stable")
        for mesh, parts in zip(
            meshes.meshes, np.split(by_mesh, np.searchsorted(meshes.part_mesh[by_mesh], np.arange(1, len(meshes.meshes)))), strict=True
        ):
            parts = parts[seen[parts]]
            vertices, triangles = _positions(mesh)
            matrix = meshes.part_matrix[parts]
            placed = vertices @ matrix[:, :3, :3].transpose(0, 2, 1) + matrix[:, None, :3, 3]
            owners = numbers[meshes.part_feature[parts]]
            for kind in (FIXED, DOOR, GLASS):
                self._keep(kind, placed, triangles, owners, group[parts] == kind)
            self._keep(GROUND, placed, triangles, owners, ground[parts])

    def _number(self, name: str, surfaces: Surfaces) -> int:
        return -1 if name in surfaces.unseen else self.number.setdefault(name, len(self.number))

    def _keep(self, kind: int, placed: Float64, triangles: NDArray[np.uint32], owners: NDArray[np.int64], which: NDArray[np.bool_]) -> None:
        """Copies of one mesh as one piece."""
        copies = int(which.sum())
        if copies:
            step = np.arange(copies, dtype=np.uint32)[:, None, None] * np.uint32(placed.shape[1])
            owner = np.repeat(owners[which].astype(np.int32), len(triangles))
            self.groups[kind].append((placed[which].reshape(-1, 3), (triangles + step).reshape(-1, 3), owner))

    def collected(self) -> Collected:
        """What was taken, about the middle of the box around all."""
        origin = self._centre()
        fixed, door, glass, ground = (_joined(pieces, origin) for pieces in self.groups)
        is_door = np.fromiter((name in self.doors for name in self.number), dtype=np.bool_, count=len(self.number))
        return Collected(ids=tuple(self.number), is_door=is_door, origin=origin, groups=(fixed, door, glass, ground))

    def _centre(self) -> Float64:
        pieces = [piece for group in self.groups for piece, _, _ in group]
        if not pieces:
            return np.zeros(3)
        low = np.min([piece.min(axis=0) for piece in pieces], axis=0)
        high = np.max([piece.max(axis=0) for piece in pieces], axis=0)
        return np.asarray((low + high) / 2)


def _joined(pieces: list[Piece], origin: Float64) -> Group:
    starts = np.cumsum([0, *(len(vertices) for vertices, _, _ in pieces)])[:-1]
    vertices = [np.zeros((0, 3), np.float32), *((vertices - origin).astype(np.float32) for vertices, _, _ in pieces)]
    triangles = [np.zeros((0, 3), np.uint32), *(part + np.uint32(start) for (_, part, _), start in zip(pieces, starts, strict=True))]
    feature = [np.zeros(0, np.int32), *(feature for _, _, feature in pieces)]
    return Group(vertices=np.concatenate(vertices), triangles=np.concatenate(triangles), feature=np.concatenate(feature))


def _positions(mesh: Mesh) -> tuple[Float64, NDArray[np.uint32]]:
    """The mesh without normals: each position once."""
    unique, inverse = np.unique(mesh.vertices, axis=0, return_inverse=True)
    return unique.astype(np.float64), inverse.reshape(-1).astype(np.uint32)[mesh.triangles]
