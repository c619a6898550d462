"""Triangles turned so that their counter-clockwise side faces out: files and engines mix both ways within one surface."""

import numpy as np
from numpy.typing import NDArray

from spatial.mesh import Float64

__all__ = ["outward"]

WELD_M = 1e-4
SAMPLES = 5
# Neither the middle of a triangle nor a direction that walls or roofs run in: models are full of edges exactly there.
INSIDE = (0.29, 0.33, 0.38)
AXES = np.linalg.qr(np.array([[0.3619, 0.5107, 0.7801], [0.83, 0.1, -0.4], [-0.2, 0.9, -0.3]]).T)[0].T[[1, 2, 0]]
Int64 = NDArray[np.int64]


def outward(vertices: Float64, triangles: Int64) -> Int64:
    """The triangles, (m, 3) indices of (n, 3) metres, some turned over.

    Triangles that share an edge with exactly one other form a surface. Within a surface all face the same way; one that
    encloses a volume faces out of it, unless it lines a cavity of another. One cut from a solid where it touches other
    surfaces faces the side that is outside; any other keeps the way most of it faced. A one-sided surface (Möbius) is left
    as it is.
    """
    if len(triangles) == 0:
        return triangles
    surface, turned, bordered = _surfaces(_welded(vertices, triangles))
    corners = vertices[triangles]
    areas = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    size = np.linalg.norm(areas, axis=1)
    way = np.where(turned, -1.0, 1.0)
    mostly_turned = np.bincount(surface, size * way, len(bordered)) < 0
    way[mostly_turned[surface]] *= -1
    enclosing, inside_out = _enclosing(corners, areas, size, way, surface, len(bordered))
    sense = np.where(inside_out, -1.0, 1.0)
    cut = ~enclosing & ~bordered
    if cut.any():
        by_surface = np.lexsort((-size, surface))
        order = np.arange(len(by_surface)) - np.searchsorted(surface[by_surface], surface[by_surface])
        samples = by_surface[cut[surface[by_surface]] & (order < SAMPLES)]
        votes = _inside_votes(corners, areas * way[:, None], samples)
        sense[np.bincount(surface[samples], votes, len(bordered)) < 0] = -1.0
    way *= sense[surface]
    result = triangles.copy()
    result[way < 0] = triangles[way < 0][:, ::-1]
    return result


def _enclosing(
    corners: Float64, areas: Float64, size: Float64, way: Float64, surface: Int64, count: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which of `count` surfaces enclose a volume, and which of those face into it though they line no cavity."""
    facing = areas * way[:, None]
    imbalance = np.stack([np.bincount(surface, facing[:, axis], count) for axis in range(3)])
    # Where the area facing each way is equal (a closed surface, an open tube), the signed volume does not depend on the origin.
    enclosing = np.abs(imbalance).max(axis=0) <= 1e-4 * np.bincount(surface, size, count)
    centre = corners.reshape(-1, 3).mean(axis=0)
    volume = np.bincount(surface, np.einsum("ij,ij->i", corners[:, 0] - centre, facing), count)
    inside_out = enclosing & (volume < 0)
    if not inside_out.any():
        return enclosing, inside_out
    low, high = np.full((count, 3), np.inf), np.full((count, 3), -np.inf)
    np.minimum.at(low, surface, corners.min(axis=1))
    np.maximum.at(high, surface, corners.max(axis=1))
    by_surface = np.argsort(surface, kind="stable")
    members = np.split(by_surface, np.searchsorted(surface[by_surface], np.arange(1, count)))
    for index in np.flatnonzero(inside_out):
        point = corners[members[index][0]].mean(axis=0)
        around = np.flatnonzero(enclosing & (np.abs(volume) > -volume[index]) & ((low < point) & (point < high)).all(axis=1))
        inside_out[index] = not any(abs(_winding_number(point, corners[members[o]], way[members[o]])) > 0.5 for o in around)
    return enclosing, inside_out


def _inside_votes(corners: Float64, facing: Float64, samples: Int64) -> Float64:
    """For each sampled triangle its area, negative where it faces into the solid, 0 where that cannot be told.

    From outside, a line to infinity crosses an even number of triangles, so one line through the triangle is followed both
    ways; its direction is one that no model is built in.
    """
    import shapely  # loaded only for the few meshes that need it: a worker starts without

    along = corners @ AXES.T
    low, high = along.min(axis=1), along.max(axis=1)
    point = np.einsum("i,nij->nj", np.array(INSIDE), along[samples])
    tree = shapely.STRtree(shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1]))
    of, hit = tree.query(shapely.points(point[:, 0], point[:, 1]))
    (ax, ay, az), (bx, by, bz), (cx, cy, cz) = (along[hit, i].T for i in range(3))
    px, py, pz = point[of].T
    with np.errstate(divide="ignore", invalid="ignore"):
        whole = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
        u = ((px - ax) * (cy - ay) - (cx - ax) * (py - ay)) / whole
        v = ((bx - ax) * (py - ay) - (px - ax) * (by - ay)) / whole
        height = az + u * (bz - az) + v * (cz - az) - pz
        crossed = (u >= 0) & (v >= 0) & (u + v <= 1)
    above = np.bincount(of[crossed & (height > WELD_M)], minlength=len(samples)) % 2
    below = np.bincount(of[crossed & (height < -WELD_M)], minlength=len(samples)) % 2
    size = np.linalg.norm(facing[samples], axis=1)
    slant = facing[samples] @ AXES[2]
    return np.where(np.abs(slant) > 0.02 * size, np.sign(slant) * (below - above) * size, 0.0)


def _winding_number(point: Float64, corners: Float64, way: Float64) -> float:
    """How often the triangles go round a point: the sum of their solid angles over 4π (van Oosterom and Strackee 1983)."""
    a, b, c = (corners[:, i] - point for i in range(3))
    la, lb, lc = (np.linalg.norm(v, axis=1) for v in (a, b, c))
    over = np.einsum("ij,ij->i", a, np.cross(b, c))
    under = la * lb * lc + (a * b).sum(axis=1) * lc + (b * c).sum(axis=1) * la + (c * a).sum(axis=1) * lb
    return float((way * np.arctan2(over, under)).sum() / (2 * np.pi))


def _welded(vertices: Float64, triangles: Int64) -> Int64:
    grid = np.rint(vertices / WELD_M).astype(np.int64)
    _, index = np.unique(grid, axis=0, return_inverse=True)
    return np.asarray(index.reshape(-1)[triangles], dtype=np.int64)


def _surfaces(triangles: Int64) -> tuple[Int64, NDArray[np.bool_], NDArray[np.bool_]]:
    """Which surface each triangle belongs to, whether it faces against its surface's first one, which surfaces have a border.

    Each triangle stands twice in a graph, as it is and turned over; neighbours are joined in the way that makes them agree.
    """
    count = len(triangles)
    starts = triangles.reshape(-1)
    ends = triangles[:, [1, 2, 0]].reshape(-1)
    face = np.repeat(np.arange(count), 3)
    key = np.minimum(starts, ends) * (int(triangles.max()) + 1) + np.maximum(starts, ends)
    order = np.argsort(key, kind="stable")
    key, face, upward = key[order], face[order], (starts < ends)[order]
    first = np.flatnonzero(np.r_[True, key[1:] != key[:-1]])
    sharing = np.diff(np.r_[first, len(key)])
    pairs = first[sharing == 2]
    one, other, opposed = face[pairs], face[pairs + 1], upward[pairs] == upward[pairs + 1]
    label = _components(
        2 * count,
        np.concatenate([one, one + count]),
        np.concatenate([np.where(opposed, other + count, other), np.where(opposed, other, other + count)]),
    )
    as_is, turned_over = label[:count], label[count:]
    _, surface = np.unique(np.minimum(as_is, turned_over), return_inverse=True)
    surface = surface.reshape(-1)
    bordered = np.zeros(int(surface.max()) + 1, dtype=bool)
    bordered[surface[face[first[sharing == 1]]]] = True
    return surface, turned_over < as_is, bordered


def _components(count: int, one: Int64, other: Int64) -> Int64:
    """The lowest node that each of `count` nodes is connected to by the edges `one`–`other`."""
    label = np.arange(count)
    while True:
        a, b = label[one], label[other]
        if np.array_equal(a, b):
            return label
        np.minimum.at(label, np.maximum(a, b), np.minimum(a, b))
        while not np.array_equal(label[label], label):
            label = label[label]
