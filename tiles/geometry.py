"""A layer's geometry as columns: all unique meshes end to end, and where each part puts one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spatial.mesh import Float32, Float64, Mesh, MeshSet

__all__ = ["Geometry", "Ints", "geometry_of", "runs"]

Ints = NDArray[np.int64]

CHUNK_VERTICES = 1_000_000
SIMILARITY_TOLERANCE = 1e-5
CLOSED_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Geometry:
    """Columns over meshes (m) and parts (p); metres.

    `vertices`, `normals` (n, 3), `triangles` (t, 3) with indices that start at 0 in each mesh; `*_start`, `*_count` (m,) say
    which rows are a mesh's. `tints` (n, 3): colour factors in 1/255, all 255 where a mesh is not `tinted` (m,). `closed` (m,):
    a watertight solid facing outwards. `part_matrix` (p, 4, 4) mesh-local metres to the set's frame; `part_scale` (p,) is its
    uniform scale, NaN where it is no similarity or a mirror. `part_low`, `part_high` (p, 3): exact boxes in the set's frame.
    """

    vertices: Float32
    normals: Float32
    tints: NDArray[np.uint8]
    tinted: NDArray[np.bool_]
    triangles: NDArray[np.uint32]
    vertex_start: Ints
    vertex_count: Ints
    triangle_start: Ints
    triangle_count: Ints
    closed: NDArray[np.bool_]
    part_mesh: Ints
    part_feature: Ints
    part_rgba: NDArray[np.uint8]
    part_matrix: Float64
    part_scale: Float64
    part_low: Float64
    part_high: Float64

    def mesh_vertices(self, mesh: int) -> Float64:
        """Local vertices (n, 3) of one mesh."""
        start = self.vertex_start[mesh]
        return self.vertices[start : start + self.vertex_count[mesh]].astype(np.float64)

    def mesh_normals(self, mesh: int) -> Float64:
        """Local normals (n, 3) of one mesh."""
        start = self.vertex_start[mesh]
        return self.normals[start : start + self.vertex_count[mesh]].astype(np.float64)

    def mesh_tints(self, mesh: int) -> NDArray[np.uint8] | None:
        """Colour factors (n, 3) of one mesh, None where it has none."""
        start = self.vertex_start[mesh]
        return self.tints[start : start + self.vertex_count[mesh]] if self.tinted[mesh] else None

    def part_tints(self, parts: Ints) -> NDArray[np.uint8] | None:
        """Colour factors (n, 3) of the vertices that `expanded` gives, None where no part has any."""
        mesh = self.part_mesh[parts]
        return self.tints[runs(self.vertex_start[mesh], self.vertex_count[mesh])] if self.tinted[mesh].any() else None

    def mesh_triangles(self, mesh: int) -> NDArray[np.uint32]:
        """Triangles (t, 3) of one mesh."""
        start = self.triangle_start[mesh]
        return self.triangles[start : start + self.triangle_count[mesh]]

    def expanded(self, parts: Ints) -> tuple[Float64, Float64, NDArray[np.uint32], Ints]:
        """Parts baked into one mesh: points and normals (n, 3) in the set's frame, triangles (t, 3), the part position (n,) of each vertex.

        Normals go through the cofactor matrix, triangles of mirrored parts are turned.
        """
        mesh = self.part_mesh[parts]
        counts = self.vertex_count[mesh]
        rows = runs(self.vertex_start[mesh], counts)
        owner = np.repeat(np.arange(len(parts)), counts)
        matrix = self.part_matrix[parts]
        points = np.einsum("nij,nj->ni", matrix[owner, :3, :3], self.vertices[rows].astype(np.float64)) + matrix[owner, :3, 3]
        cofactor, mirrored = _cofactors(matrix[:, :3, :3])
        normals = np.einsum("nij,nj->ni", cofactor[owner], self.normals[rows].astype(np.float64))
        faces = self.triangle_count[mesh]
        triangles = self.triangles[runs(self.triangle_start[mesh], faces)].astype(np.int64)
        triangles += np.repeat(np.cumsum(counts) - counts, faces)[:, None]
        turned = np.repeat(mirrored, faces)
        triangles[turned] = triangles[turned][:, ::-1]
        return points, normals, triangles.astype(np.uint32), owner


def geometry_of(meshes: MeshSet) -> Geometry:
    """The columns of a mesh set, in its own frame."""
    vertex_count = np.array([len(mesh.vertices) for mesh in meshes.meshes], dtype=np.int64)
    triangle_count = np.array([len(mesh.triangles) for mesh in meshes.meshes], dtype=np.int64)
    vertices = _stacked([mesh.vertices for mesh in meshes.meshes], np.float32)
    triangles = _stacked([mesh.triangles for mesh in meshes.meshes], np.uint32)
    vertex_start = np.cumsum(vertex_count) - vertex_count
    triangle_start = np.cumsum(triangle_count) - triangle_count
    part_mesh = meshes.part_mesh.astype(np.int64)
    low, high = _part_boxes(vertices, vertex_start, vertex_count, part_mesh, meshes.part_matrix)
    return Geometry(
        vertices=vertices,
        normals=_stacked([mesh.normals for mesh in meshes.meshes], np.float32),
        tints=np.concatenate([np.zeros((0, 3), np.uint8), *(_tints(mesh) for mesh in meshes.meshes)]),
        tinted=np.array([mesh.tints is not None for mesh in meshes.meshes], dtype=np.bool_),
        triangles=triangles.astype(np.uint32),
        vertex_start=vertex_start,
        vertex_count=vertex_count,
        triangle_start=triangle_start,
        triangle_count=triangle_count,
        closed=_closed(vertices, triangles, vertex_start, triangle_start, triangle_count),
        part_mesh=part_mesh,
        part_feature=meshes.part_feature.astype(np.int64),
        part_rgba=meshes.part_rgba,
        part_matrix=meshes.part_matrix,
        part_scale=_uniform_scales(meshes.part_matrix[:, :3, :3]),
        part_low=low,
        part_high=high,
    )


def runs(start: Ints, count: Ints) -> Ints:
    """`start[0], start[0] + 1, …` for `count[0]` rows, then the next run: runs([5, 0], [2, 3]) = [5, 6, 0, 1, 2]."""
    ends = np.cumsum(count)
    total = int(ends[-1]) if len(ends) else 0
    return np.repeat(start - (ends - count), count) + np.arange(total)


def _stacked(arrays: list[NDArray[np.float32]] | list[NDArray[np.uint32]], dtype: type) -> NDArray[np.float32]:
    return np.concatenate(arrays).astype(dtype, copy=False) if arrays else np.zeros((0, 3), dtype=dtype)


def _tints(mesh: Mesh) -> NDArray[np.uint8]:
    return np.full((len(mesh.vertices), 3), 255, dtype=np.uint8) if mesh.tints is None else mesh.tints


def _part_boxes(vertices: Float32, start: Ints, count: Ints, part_mesh: Ints, matrix: Float64) -> tuple[Float64, Float64]:
    low, high = np.empty((len(part_mesh), 3)), np.empty((len(part_mesh), 3))
    sizes = count[part_mesh]
    chunk = (np.cumsum(sizes) - sizes) // CHUNK_VERTICES
    for number in np.unique(chunk):
        parts = np.nonzero(chunk == number)[0]
        owner = np.repeat(parts, sizes[parts])
        local = vertices[runs(start[part_mesh[parts]], sizes[parts])].astype(np.float64)
        points = np.einsum("nij,nj->ni", matrix[owner, :3, :3], local) + matrix[owner, :3, 3]
        first = np.cumsum(sizes[parts]) - sizes[parts]
        low[parts] = np.minimum.reduceat(points, first)
        high[parts] = np.maximum.reduceat(points, first)
    return low, high


def _closed(
    vertices: Float32, triangles: NDArray[np.float32], vertex_start: Ints, triangle_start: Ints, triangle_count: Ints
) -> NDArray[np.bool_]:
    """Gauss: over a closed surface the area vectors sum to zero and ∫ x ⊗ n dA is the volume times the identity."""
    if len(triangle_count) == 0:
        return np.zeros(0, dtype=bool)
    mesh = np.repeat(np.arange(len(triangle_count)), triangle_count)
    corners = vertices[triangles.astype(np.int64) + vertex_start[mesh][:, None]].astype(np.float64)
    origin = corners[triangle_start, 0]
    corners -= origin[mesh][:, None]
    area = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]) / 2
    centre = corners.mean(axis=1)
    total = np.add.reduceat(np.linalg.norm(area, axis=1), triangle_start)
    net = np.add.reduceat(area, triangle_start)
    moment = np.add.reduceat(centre[:, :, None] * area[:, None, :], triangle_start)
    size = np.maximum.reduceat(np.abs(corners).max(axis=(1, 2)), triangle_start)
    volume = np.trace(moment, axis1=1, axis2=2) / 3
    off = np.abs(moment - volume[:, None, None] * np.eye(3)).max(axis=(1, 2))
    flat = np.linalg.norm(net, axis=1) <= CLOSED_TOLERANCE * total
    result: NDArray[np.bool_] = flat & (off <= CLOSED_TOLERANCE * total * size) & (volume > 0)
    return result


def _uniform_scales(linear: Float64) -> Float64:
    gram = np.matmul(linear.transpose(0, 2, 1), linear)
    determinant = np.linalg.det(linear)
    scale = np.cbrt(np.abs(determinant))
    off = np.abs(gram - (scale**2)[:, None, None] * np.eye(3)).max(axis=(1, 2)) if len(linear) else np.zeros(0)
    return np.where((determinant > 0) & (off <= SIMILARITY_TOLERANCE * scale**2), scale, np.nan)


def _cofactors(linear: Float64) -> tuple[Float64, NDArray[np.bool_]]:
    rows = [np.cross(linear[:, 1], linear[:, 2]), np.cross(linear[:, 2], linear[:, 0]), np.cross(linear[:, 0], linear[:, 1])]
    cofactor = np.stack(rows, axis=1)
    mirrored: NDArray[np.bool_] = np.linalg.det(linear) < 0
    return cofactor * np.where(mirrored, -1.0, 1.0)[:, None, None], mirrored
