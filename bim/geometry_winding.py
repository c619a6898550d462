"""Triangles turned so that their counter-clockwise side faces out: files and engines mix both ways within one surface."""

import numpy as np
from numpy.typing import NDArray

from spatial.mesh import Float64

__all__ = ["outward"]

WELD_M = 1e-4
SAMPLES = 5
# Neither the middle of a triangle nor straight along a normal: models are full of edges exactly there.
INSIDE = (0.29, 0.33, 0.38)
ASKEW = (0.0137, 0.0211, 0.0173)
Int64 = NDArray[np.int64]


def outward(vertices: Float64, triangles: Int64) -> Int64:
    """The triangles, (m, 3) indices of (n, 3) metres, some turned over.

    Triangles that share an edge with exactly one other form a surface. Within a surface all face the same way; one that
    encloses a volume faces out of it, unless it lines a cavity of another. One that is cut from a solid where it touches
    other surfaces faces the side from which a ray leaves; any other keeps the way most of it faced. A one-sided surface
    (Möbius) is left as it is.
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
    for index in np.flatnonzero(~enclosing & ~bordered):
        members = np.flatnonzero(surface == index)
        sense[index] = _seen_from(corners, areas, members[np.argsort(-size[members])[:SAMPLES]], way)
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
    inside_out = np.zeros(count, dtype=bool)
    for index in np.flatnonzero(enclosing & (volume < 0)):
        point = corners[surface == index][0].mean(axis=0)
        around = np.flatnonzero(enclosing & (np.abs(volume) > -volume[index]))
        inside_out[index] = not any(abs(_winding_number(point, corners[surface == o], way[surface == o])) > 0.5 for o in around)
    return enclosing, inside_out


def _seen_from(corners: Float64, areas: Float64, samples: Int64, way: Float64) -> float:
    """-1 where rays from the sampled triangles say that they face into the solid, else 1: outside, a ray crosses it evenly."""
    vote = 0.0
    for sample in samples:
        normal = areas[sample] * way[sample]
        size = float(np.linalg.norm(normal))
        if size == 0.0:
            continue
        point = np.array(INSIDE) @ corners[sample]
        ahead = _crossings(point, normal / size + ASKEW, corners) % 2
        behind = _crossings(point, -normal / size + ASKEW, corners) % 2
        vote += size * (behind - ahead)
    return -1.0 if vote < 0 else 1.0


def _crossings(point: Float64, direction: Float64, corners: Float64) -> int:
    """How many triangles a ray meets beyond its start (Möller and Trumbore 1997)."""
    one, two = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    across = np.cross(direction, two)
    determinant = np.einsum("ij,ij->i", one, across)
    with np.errstate(divide="ignore", invalid="ignore"):
        offset = point - corners[:, 0]
        u = np.einsum("ij,ij->i", offset, across) / determinant
        turned = np.cross(offset, one)
        v = (turned @ direction) / determinant
        distance = np.einsum("ij,ij->i", two, turned) / determinant
        return int(((u >= 0) & (v >= 0) & (u + v <= 1) & (distance > WELD_M)).sum())


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
