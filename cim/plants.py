"""Trees: three low shapes of unit height, scaled and turned per tree, so that a thousand trees are a few meshes."""

import zlib
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Final

import numpy as np

from cim.palette import BARK, CROWNS, Rgba, tint
from spatial.mesh import Float64, Mesh, flat_shaded

__all__ = ["shape_of", "tree_parts"]

SHAPES: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("palm", ("palm", "椰", "棕榈", "槟榔", "蒲葵", "arecaceae")),
    ("conifer", ("pine", "fir", "spruce", "cedar", "cypress", "conifer", "juniper", "松", "柏", "杉", "pinus")),
)
RATIO_STEP = 0.1


def shape_of(species: str | None) -> str:
    """`palm`, `conifer` or `broadleaf`, told from the species' name in Chinese, English or Latin."""
    label = (species or "").lower()
    return next((shape for shape, words in SHAPES if any(word in label for word in words)), "broadleaf")


def tree_parts(shape: str, height_m: float, crown_m: float, foot: Float64, identity: str) -> Iterator[tuple[Mesh, Rgba, Float64]]:
    """Trunk and crown of a tree at its foot (3,) in the site frame: shared mesh, colour, 4×4 matrix.

    The crown's width is kept to a tenth of the height; the turn about the trunk is told by the id.
    """
    ratio = round(min(max(crown_m / height_m, 0.2), 1.4) / RATIO_STEP) * RATIO_STEP
    turn = np.radians(15.0 * (zlib.crc32(identity.encode()) % 24))
    matrix = np.eye(4)
    matrix[:2, :2] = [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
    matrix[:3, :3] *= height_m
    matrix[:3, 3] = foot
    trunk, crown = _unit_tree(shape, round(ratio, 1))
    yield trunk, BARK, matrix
    yield crown, tint(CROWNS[shape], identity), matrix


@lru_cache(maxsize=64)
def _unit_tree(shape: str, ratio: float) -> tuple[Mesh, Mesh]:
    radius = ratio / 2
    if shape == "conifer":
        crown = np.concatenate([_cone(0.16, 0.56, radius), _cone(0.38, 0.78, radius * 0.76), _cone(0.6, 1.0, radius * 0.5)])
        return _mesh(_tube(0.0, 0.3, 0.025, 0.02)), _mesh(crown)
    if shape == "palm":
        return _mesh(_tube(0.0, 0.86, 0.022, 0.014)), _mesh(_fronds(radius))
    lobes = [
        _lobe((0.0, 0.0, 0.68), (radius, radius, 0.32), 1),
        _lobe((radius * 0.35, radius * 0.2, 0.52), (radius * 0.62, radius * 0.62, 0.2), 2),
    ]
    return _mesh(_tube(0.0, 0.5, 0.03, 0.018)), _mesh(np.concatenate(lobes))


def _mesh(corners: Float64) -> Mesh:
    return flat_shaded(corners.reshape(-1, 3), np.arange(3 * len(corners)).reshape(-1, 3))


def _circle(count: int, radius: float, z: float) -> Float64:
    angle = 2 * np.pi * np.arange(count) / count
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle), np.full(count, z)])


def _tube(low: float, high: float, low_radius: float, high_radius: float) -> Float64:
    a, d = _circle(6, low_radius, low), _circle(6, high_radius, high)
    b, c = np.roll(a, -1, axis=0), np.roll(d, -1, axis=0)
    return np.concatenate([np.stack([a, b, c], axis=1), np.stack([a, c, d], axis=1)])


def _cone(low: float, high: float, radius: float) -> Float64:
    rim = _circle(9, radius, low)
    after = np.roll(rim, -1, axis=0)
    tip, middle = np.broadcast_to([0.0, 0.0, high], rim.shape), np.broadcast_to([0.0, 0.0, low + 0.04], rim.shape)
    return np.concatenate([np.stack([rim, after, tip], axis=1), np.stack([after, rim, middle], axis=1)])


def _lobe(centre: tuple[float, float, float], radii: tuple[float, float, float], seed: int) -> Float64:
    rings, around = 5, 9
    rng = np.random.default_rng(seed)
    points = []
    for k in range(1, rings):
        polar = np.pi * k / rings
        ring = _circle(around, float(np.sin(polar)), float(np.cos(polar)))
        points.append(ring * rng.uniform(0.84, 1.0, (around, 1)))
    shape = np.array(radii)
    top, bottom = np.array([0.0, 0.0, 1.0]), np.array([0.0, 0.0, -0.9])
    faces = []
    for upper, lower in pairwise(points):
        u, v = np.roll(upper, -1, axis=0), np.roll(lower, -1, axis=0)
        faces += [np.stack([upper, lower, v], axis=1), np.stack([upper, v, u], axis=1)]
    first, last = points[0], points[-1]
    faces.append(np.stack([first, np.roll(first, -1, axis=0), np.broadcast_to(top, first.shape)], axis=1))
    faces.append(np.stack([np.roll(last, -1, axis=0), last, np.broadcast_to(bottom, last.shape)], axis=1))
    return np.asarray(np.concatenate(faces) * shape + np.array(centre))


def _fronds(radius: float) -> Float64:
    leaves = []
    for k in range(9):
        turn = 2 * np.pi * k / 9
        out, side = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
        reach = ((0.0, 0.86, 0.012), (0.45, 0.99, 0.05), (0.8, 0.93, 0.045), (1.0, 0.78, 0.004))
        left = np.array([[*(out * r * radius + side * w), z] for r, z, w in reach])
        right = np.array([[*(out * r * radius - side * w), z] for r, z, w in reach])
        for i in range(3):
            sheet = np.array([[left[i], right[i], right[i + 1]], [left[i], right[i + 1], left[i + 1]]])
            leaves += [sheet, sheet[:, ::-1]]
    return np.concatenate(leaves)
