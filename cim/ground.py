"""The ground: a crack-free triangulated surface over a square grid in the site frame, sampled exactly.

Right-triangulated irregular network (Evans, Kirkpatrick & Townsend 2001): a square is halved along its diagonal, each
triangle at the middle of its longest side, where the surface would otherwise be missed by more than the tolerance. An
error counts at least as much as those below it, so both sides of an edge split alike and no crack opens.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from spatial.frame import SiteFrame
from spatial.mesh import Float64

__all__ = ["Ground"]

ROUNDING_M = 1e-9
Bool = NDArray[np.bool_]
Index = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Ground:
    """A TIN in the site frame.

    `z` (n+1, n+1) float64 metres, `z[j, i]` at `origin + step · (i, j)`, NaN where nothing is known, n a power of two;
    `surface` is the TIN at the same points; `vertices` (v, 3) and `triangles` (t, 3) are the TIN itself, counter-clockwise
    from above. `error_m` is the largest distance in z of the TIN from the grid.
    """

    origin: tuple[float, float]
    step: float
    z: Float64
    surface: Float64
    vertices: Float64
    triangles: Index
    vertex_cells: Index
    chunk: int
    error_m: float

    @classmethod
    def of(cls, z: Float64, origin: tuple[float, float], step: float, *, tolerance_m: float, chunk: int) -> Self:
        """The coarsest TIN of the family whose vertical error at every grid point is at most `tolerance_m` metres.

        z (rows, columns) of any size is padded with NaN; no triangle crosses a multiple of `chunk` cells (a power of two).
        """
        size = 1 << max(int(max(z.shape) - 2).bit_length(), chunk.bit_length() - 1)
        square = np.full((size + 1, size + 1), np.nan)
        square[: z.shape[0], : z.shape[1]] = z
        errors = _errors(square)
        errors[::chunk, ::chunk] = np.inf
        limit = tolerance_m
        while True:
            split = errors > limit
            surface = _surface(square, split)
            worst = float(np.nanmax(np.abs(surface - square), initial=0.0))
            if worst <= max(tolerance_m, ROUNDING_M):
                break
            limit *= 0.9 * tolerance_m / worst
        cells, triangles = _triangles(square, split)
        points = np.column_stack([origin[0] + step * cells[:, 0], origin[1] + step * cells[:, 1], square[cells[:, 1], cells[:, 0]]])
        return cls(origin, step, square, surface, points, triangles, cells, chunk, worst)

    @classmethod
    def level(cls, site_frame: SiteFrame, reach_m: float) -> Self:
        """The ground where there is no terrain: the surface of the site origin's ellipsoidal height, out to `reach_m`."""
        step = max(reach_m / 32, 1.0)
        axis = (np.arange(65) - 32) * step
        x, y = np.meshgrid(axis, axis)
        z = np.zeros(x.size)
        for _ in range(2):
            heights = site_frame.to_lon_lat_height(np.column_stack([x.ravel(), y.ravel(), z]))[:, 2]
            z -= heights - site_frame.site.height_m
        return cls.of(z.reshape(x.shape), (float(axis[0]), float(axis[0])), step, tolerance_m=0.01, chunk=64)

    def sample(self, site_xy: ArrayLike) -> Float64:
        """z (n,) metres exactly on the TIN under site_xy (n, 2); NaN outside it and over its holes."""
        u, v = self._grid(site_xy)
        return _interpolated(self.surface, u, v)

    def sample_or_nearest(self, site_xy: ArrayLike) -> tuple[Float64, Bool]:
        """z (n,) as `sample`, outside the TIN and over its holes that of the nearest point of its border, and which (n,) those were."""
        points = np.atleast_2d(np.asarray(site_xy, dtype=np.float64))
        z = self.sample(points)
        outside = np.isnan(z)
        if outside.any():
            asked = np.asarray(shapely.points(points[outside]), dtype=object)
            edges, tree = self._border
            nearest = tree.query_nearest(asked, all_matches=False)[1]
            start, end = edges[nearest, 0], edges[nearest, 1]
            along = end[:, :2] - start[:, :2]
            share = ((points[outside] - start[:, :2]) * along).sum(axis=1) / (along**2).sum(axis=1)
            z[outside] = start[:, 2] + np.clip(share, 0.0, 1.0) * (end[:, 2] - start[:, 2])
        return z, outside

    @cached_property
    def _border(self) -> tuple[Float64, shapely.STRtree]:
        """The edges (b, 2, 3) that only one triangle has, and their plans in a tree."""
        edges = np.sort(np.concatenate([self.triangles[:, [0, 1]], self.triangles[:, [1, 2]], self.triangles[:, [2, 0]]]), axis=1)
        codes, count = np.unique(edges[:, 0] * len(self.vertices) + edges[:, 1], return_counts=True)
        single = codes[count == 1]
        ends = self.vertices[np.column_stack([single // len(self.vertices), single % len(self.vertices)])]
        return ends, shapely.STRtree(np.asarray(shapely.linestrings(ends[:, :, :2]), dtype=object))

    def normals(self, site_xy: ArrayLike) -> Float64:
        """Smooth unit normals (n, 3) at site_xy (n, 2) from the grid's slopes; straight up where the slope is unknown."""
        u, v = self._grid(site_xy)
        last = self.z.shape[0] - 1
        i, j = np.clip(np.rint(u).astype(np.int64), 0, last), np.clip(np.rint(v).astype(np.int64), 0, last)
        dx, dy = self._slope(j, i, 0, 1), self._slope(j, i, 1, 0)
        normal = np.column_stack([-dx, -dy, np.ones_like(dx)])
        return np.asarray(normal / np.linalg.norm(normal, axis=1)[:, None])

    def _grid(self, site_xy: ArrayLike) -> tuple[Float64, Float64]:
        points = np.atleast_2d(np.asarray(site_xy, dtype=np.float64))
        return (points[:, 0] - self.origin[0]) / self.step, (points[:, 1] - self.origin[1]) / self.step

    def _slope(self, j: Index, i: Index, dj: int, di: int) -> Float64:
        last = self.z.shape[0] - 1
        here = self.z[j, i]
        after = self.z[np.minimum(j + dj, last), np.minimum(i + di, last)]
        before = self.z[np.maximum(j - dj, 0), np.maximum(i - di, 0)]
        rise = np.where(np.isnan(after), here, after) - np.where(np.isnan(before), here, before)
        run = (~np.isnan(after)).astype(float) + (~np.isnan(before)).astype(float)
        slope = rise / (np.maximum(run, 1.0) * self.step)
        return np.asarray(np.where(np.isnan(slope), 0.0, slope))


def _missed(middle: Float64, one: Float64, other: Float64) -> Float64:
    unknown = np.isnan(middle).astype(int) + np.isnan(one) + np.isnan(other)
    return np.asarray(np.where(unknown == 0, np.abs(middle - (one + other) / 2), np.where(unknown == 3, 0.0, np.inf)))


def _errors(z: Float64) -> Float64:
    size = z.shape[0] - 1
    errors = np.zeros_like(z)
    span = 2
    while span <= size:
        half = span // 2
        for grid, out in ((z, errors), (z.T, errors.T)):
            ends = grid[::span, ::span]
            edge = _missed(grid[::span, half::span], ends[:, :-1], ends[:, 1:])
            if half > 1:
                centres = out[half // 2 :: half, half // 2 :: half]
                beside = np.maximum(centres[:, 0::2], centres[:, 1::2])
                padded = np.pad(beside, ((1, 1), (0, 0)))
                edge = np.maximum(edge, np.maximum(padded[0::2], padded[1::2]))
            out[::span, half::span] = edge
        corners = z[::span, ::span]
        count = size // span
        same = (np.add.outer(np.arange(count), np.arange(count)) % 2) == 0
        centre = z[half::span, half::span]
        own = np.where(same, _missed(centre, corners[:-1, :-1], corners[1:, 1:]), _missed(centre, corners[:-1, 1:], corners[1:, :-1]))
        sides = errors[::span, half::span]
        ends_ = errors[half::span, ::span]
        below = np.maximum(np.maximum(sides[:-1], sides[1:]), np.maximum(ends_[:, :-1], ends_[:, 1:]))
        errors[half::span, half::span] = np.maximum(own, below)
        span *= 2
    return errors


def _triangles(z: Float64, split: Bool) -> tuple[Index, Index]:
    size = z.shape[0] - 1
    current = np.array([[[size, 0], [size, size], [0, 0]], [[0, size], [0, 0], [size, size]]], dtype=np.int64)
    finished: list[Index] = []
    while len(current):
        total = current[:, 1] + current[:, 2]
        middle = total // 2
        divide = (total % 2 == 0).all(axis=1) & split[middle[:, 1], middle[:, 0]]
        finished.append(current[~divide])
        a, b, c, m = current[divide, 0], current[divide, 1], current[divide, 2], middle[divide]
        current = np.concatenate([np.stack([m, a, b], axis=1), np.stack([m, c, a], axis=1)])
    corners = np.concatenate(finished)
    corners = corners[np.isfinite(z[corners[:, :, 1], corners[:, :, 0]]).all(axis=1)]
    codes, inverse = np.unique(corners[:, :, 1] * (size + 1) + corners[:, :, 0], return_inverse=True)
    cells = np.column_stack([codes % (size + 1), codes // (size + 1)])
    return cells, inverse.reshape(-1, 3).astype(np.int64)


def _surface(z: Float64, split: Bool) -> Float64:
    """The TIN at every grid point: what is no vertex lies midway between the ends of the one longest side it halves."""
    size = z.shape[0] - 1
    surface = np.full_like(z, np.nan)
    surface[::size, ::size] = z[::size, ::size]
    span = size
    while span > 1:
        half = span // 2
        corners = surface[::span, ::span]
        count = size // span
        same = (np.add.outer(np.arange(count), np.arange(count)) % 2) == 0
        middle = np.where(same, corners[:-1, :-1] + corners[1:, 1:], corners[:-1, 1:] + corners[1:, :-1]) / 2
        for rows, columns, between in (
            (slice(half, None, span), slice(half, None, span), middle),
            (slice(None, None, span), slice(half, None, span), (corners[:, :-1] + corners[:, 1:]) / 2),
            (slice(half, None, span), slice(None, None, span), (corners[:-1] + corners[1:]) / 2),
        ):
            surface[rows, columns] = np.where(split[rows, columns], z[rows, columns], between)
        span = half
    return surface


def _interpolated(surface: Float64, u: Float64, v: Float64) -> Float64:
    """z on the TIN at column u, row v (n,): each cell is two triangles, their common side the diagonal that runs through even corners."""
    size = surface.shape[0] - 1
    result = np.full(len(u), np.nan)
    inside = np.nonzero((u >= 0) & (v >= 0) & (u <= size) & (v <= size))[0]
    i, j = np.minimum(u[inside].astype(np.int64), size - 1), np.minimum(v[inside].astype(np.int64), size - 1)
    s, t = u[inside] - i, v[inside] - j
    same = (i + j) % 2 == 0
    s = np.where(same, s, 1 - s)
    low, high = np.minimum(s, t), np.maximum(s, t)
    start, end = surface[j, np.where(same, i, i + 1)], surface[j + 1, np.where(same, i + 1, i)]
    below, beside = surface[j, np.where(same, i + 1, i)], surface[j + 1, np.where(same, i, i + 1)]
    third = np.where(s >= t, below, beside)
    parts = ((1 - high, start), (high - low, third), (low, end))
    result[inside] = sum(np.where(np.abs(weight) <= ROUNDING_M, 0.0, weight * height) for weight, height in parts)
    return result
