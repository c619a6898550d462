"""Ways over a wide surface (roads, squares): its triangulation, with points along every triangle's edges joined inside each.

Where a room's visibility graph would grow with the square of its corners, this grows with the surface. A way is at most as
much longer than the shortest as stepping from point to point makes it: a few per cent (Aleksandrov et al. 2005). An edge is cut
into pieces of `SPACING_M`, at least two and at most `PIECES`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely.geometry.base import BaseGeometry

from spatial.mesh import Float64

__all__ = ["SPACING_M", "Surface", "triangulated"]

SPACING_M = 6.0
PIECES = 8
SIMPLIFY_M = 0.1
GRID_M = 1e-4

Int32 = NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Surface:
    """Nodes `xy` (n, 2) float64 metres, `pairs` (m, 2) int32 joined straight.

    The nodes of triangle t are `nodes[starts[t]:starts[t + 1]]`; `area` is what was triangulated.
    """

    area: BaseGeometry
    xy: Float64
    pairs: Int32
    nodes: Int32
    starts: Int32
    _triangles: shapely.STRtree

    def nearest(self, points: ArrayLike) -> tuple[Float64, list[Int32]]:
        """The surface's nearest points (k, 2) to some points (k, 2), and for each the nodes it is joined to straight."""
        asked = np.asarray(points, dtype=np.float64).reshape(-1, 2)
        if not len(self.starts) - 1 or not len(asked):
            return np.empty((0, 2)), []
        found = self._triangles.query_nearest(shapely.points(asked), all_matches=False)[1]
        lines = shapely.shortest_line(self._triangles.geometries[found], shapely.points(asked))
        on = shapely.get_coordinates(lines).reshape(-1, 2, 2)[:, 0]
        return on, [self.nodes[self.starts[t] : self.starts[t + 1]] for t in found]


def triangulated(area: BaseGeometry, *, spacing_m: float = SPACING_M) -> Surface:
    """The ways over an area (polygon or multipolygon, metres); nothing where it is empty."""
    simple = shapely.simplify(area, SIMPLIFY_M, preserve_topology=True)
    triangles = shapely.get_parts(shapely.constrained_delaunay_triangles(simple))
    triangles = triangles[shapely.area(triangles) > GRID_M**2]
    corners = shapely.get_coordinates(triangles).reshape(-1, 4, 2)[:, :3]
    grid, corner = np.unique(np.rint(corners.reshape(-1, 2) / GRID_M).astype(np.int64), axis=0, return_inverse=True)
    faces = corner.reshape(-1, 3)
    sides = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    edges, edge = np.unique(sides, axis=0, return_inverse=True)
    corner_xy = grid * GRID_M
    between = [_between(corner_xy[a], corner_xy[b], spacing_m) for a, b in edges]
    first = len(corner_xy) + np.cumsum([0, *map(len, between)])
    edge_nodes = [np.concatenate([edges[i], np.arange(first[i], first[i + 1])]) for i in range(len(edges))]
    xy = np.concatenate([corner_xy, *between]) if len(corner_xy) else np.empty((0, 2))
    of_face = [np.unique(np.concatenate([edge_nodes[e] for e in trio])) for trio in edge.reshape(3, -1).T]
    starts = np.concatenate([[0], np.cumsum([len(nodes) for nodes in of_face])]).astype(np.int32)
    nodes = np.concatenate(of_face).astype(np.int32) if of_face else np.empty(0, dtype=np.int32)
    return Surface(area=simple, xy=xy, pairs=_pairs(of_face), nodes=nodes, starts=starts, _triangles=shapely.STRtree(triangles))


def _between(a: Float64, b: Float64, spacing_m: float) -> Float64:
    pieces = min(PIECES, max(2, int(np.ceil(np.linalg.norm(b - a) / spacing_m))))
    share = np.arange(1, pieces)[:, None] / pieces
    return np.asarray(a + share * (b - a))


def _pairs(of_face: Sequence[NDArray[np.int64]]) -> Int32:
    """All pairs within each triangle, each once; those along an edge of two triangles too."""
    found = [nodes[np.stack(np.triu_indices(len(nodes), k=1), axis=1)] for nodes in of_face]
    every = np.concatenate(found) if found else np.empty((0, 2), dtype=np.int64)
    return np.unique(every, axis=0).astype(np.int32)
