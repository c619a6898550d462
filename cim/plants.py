"""Trees: a few low shapes of unit height, scaled and turned per tree, so that a thousand trees are a few meshes.

A crown is several clumps. Their normals lean towards those of the crown as a whole and their tints darken inwards and
downwards, so that few triangles look like foliage and not like stones.
"""

import zlib
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np

from cim.palette import BARK, CROWNS, Rgba, tint
from cim.shade import smooth_mesh
from spatial.mesh import Float64, Mesh, crease_shaded

__all__ = ["shape_of", "tree_parts"]

SHAPES: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("palm", ("palm", "椰", "棕榈", "槟榔", "蒲葵", "arecaceae")),
    ("conifer", ("pine", "fir", "spruce", "cedar", "cypress", "conifer", "juniper", "松", "柏", "杉", "pinus")),
    ("banyan", ("banyan", "榕", "ficus")),
)
RATIO_STEP = 0.1
CROWN_SHARE_OF_NORMAL = 0.55
DARKEST = 0.42


class Clump(NamedTuple):
    """One clump of a crown of width 1: middle (across, across, share of the height), half sizes across and up, lightness."""

    x: float
    y: float
    z: float
    across: float
    up: float
    light: float


CLUMPS: Final[dict[str, tuple[Clump, ...]]] = {
    "broadleaf": (
        Clump(0.00, 0.00, 0.80, 0.30, 0.200, 1.00),
        Clump(0.22, 0.06, 0.63, 0.28, 0.175, 0.92),
        Clump(-0.17, 0.19, 0.66, 0.27, 0.165, 0.97),
        Clump(-0.10, -0.22, 0.60, 0.28, 0.170, 0.88),
        Clump(0.03, 0.02, 0.55, 0.36, 0.190, 0.84),
    ),
    "banyan": (
        Clump(0.03, 0.02, 0.78, 0.30, 0.220, 1.00),
        Clump(0.29, 0.10, 0.67, 0.23, 0.160, 0.95),
        Clump(-0.26, 0.16, 0.69, 0.24, 0.165, 0.90),
        Clump(0.10, -0.29, 0.65, 0.23, 0.155, 0.94),
        Clump(-0.20, -0.23, 0.66, 0.24, 0.150, 0.86),
        Clump(0.06, 0.30, 0.64, 0.22, 0.150, 0.88),
        Clump(0.00, 0.00, 0.57, 0.38, 0.150, 0.80),
    ),
}


def shape_of(species: str | None) -> str:
    """`palm`, `conifer`, `banyan` (wide, many clumps) or `broadleaf`, told from the species' name in Chinese, English or Latin."""
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
    if shape == "conifer":
        tiers = [_cone(low, high, ratio / 2 * wide) for low, high, wide in ((0.14, 0.5, 1.0), (0.32, 0.72, 0.8), (0.54, 1.0, 0.55))]
        return _wood([_tube((0, 0, 0), (0, 0, 0.3), 0.025, 0.02)]), _foliage(np.concatenate(tiers), np.array([0.0, 0.0, 0.3]), 0.25)
    if shape == "palm":
        trunk = [_tube((0, 0, 0), (0.01, 0, 0.45), 0.024, 0.017), _tube((0.01, 0, 0.45), (0, 0, 0.87), 0.017, 0.015)]
        return _wood(trunk), _foliage(_fronds(ratio / 2), np.array([0.0, 0.0, 0.55]), 0.3)
    clumps = CLUMPS[shape]
    thick = 0.042 if shape == "banyan" else 0.028
    wood = [_tube((0, 0, 0), (0, 0, 0.52), thick, thick * 0.6)]
    wood += [_tube((0, 0, 0.26), (c.x * ratio * 0.7, c.y * ratio * 0.7, c.z - 0.06), thick * 0.5, thick * 0.25) for c in clumps[1:4]]
    pieces, lights = [], []
    for number, clump in enumerate(clumps):
        radii = (clump.across * ratio, clump.across * ratio, clump.up)
        piece = _lobe((clump.x * ratio, clump.y * ratio, clump.z), radii, number + 1)
        pieces.append(piece)
        lights.append(np.full(len(piece), clump.light))
    corners = np.concatenate(pieces)
    corners[:, :, 2] += 1.0 - corners[:, :, 2].max()
    return _wood(wood), _foliage(corners, np.array([0.0, 0.0, 0.56]), CROWN_SHARE_OF_NORMAL, np.concatenate(lights))


def _wood(tubes: list[Float64]) -> Mesh:
    corners = np.concatenate(tubes)
    return crease_shaded(corners.reshape(-1, 3), np.arange(3 * len(corners)).reshape(-1, 3), 65.0)


def _foliage(corners: Float64, heart: Float64, share: float, light: Float64 | None = None) -> Mesh:
    """Triangles (m, 3, 3) with normals bent by `share` away from the crown's heart (3,), darker inside and below."""
    round_ = crease_shaded(corners.reshape(-1, 3), np.arange(3 * len(corners)).reshape(-1, 3), 70.0)
    points = round_.vertices[round_.triangles].astype(np.float64)
    out = points - heart
    far = np.linalg.norm(out, axis=2)
    out /= np.maximum(far, 1e-6)[:, :, None]
    normals = (1 - share) * round_.normals[round_.triangles] + share * out
    normals /= np.maximum(np.linalg.norm(normals, axis=2), 1e-6)[:, :, None]
    low, high = points[:, :, 2].min(), points[:, :, 2].max()
    lit = 0.55 * (points[:, :, 2] - low) / (high - low) + 0.45 * far / far.max()
    shade = DARKEST + (1 - DARKEST) * np.clip(lit * 1.15, 0, 1) ** 1.2
    shade *= np.random.default_rng(len(corners)).uniform(0.86, 1.08, len(round_.vertices))[round_.triangles]
    if light is not None:
        shade *= light[:, None]
    yellow = np.clip(shade, 0.0, 1.0)
    tints = np.stack([yellow * (0.86 + 0.14 * yellow), yellow, yellow * (0.8 + 0.1 * yellow)], axis=2)
    return smooth_mesh(points.reshape(-1, 3), normals.reshape(-1, 3), np.rint(tints * 255).astype(np.uint8).reshape(-1, 3))


def _circle(count: int, radius: float, z: float) -> Float64:
    angle = 2 * np.pi * np.arange(count) / count
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle), np.full(count, z)])


def _tube(start: tuple[float, float, float], end: tuple[float, float, float], start_radius: float, end_radius: float) -> Float64:
    """A round limb of six sides, open at its ends, which lie level."""
    a, d = _circle(6, start_radius, 0.0) + np.array(start), _circle(6, end_radius, 0.0) + np.array(end)
    b, c = np.roll(a, -1, axis=0), np.roll(d, -1, axis=0)
    return np.concatenate([np.stack([a, b, c], axis=1), np.stack([a, c, d], axis=1)])


def _cone(low: float, high: float, radius: float) -> Float64:
    rim = _circle(9, radius, low)
    after = np.roll(rim, -1, axis=0)
    tip, middle = np.broadcast_to([0.0, 0.0, high], rim.shape), np.broadcast_to([0.0, 0.0, low + 0.04], rim.shape)
    return np.concatenate([np.stack([rim, after, tip], axis=1), np.stack([after, rim, middle], axis=1)])


def _lobe(centre: tuple[float, float, float], radii: tuple[float, float, float], seed: int) -> Float64:
    rings, around = 4, 7
    rng = np.random.default_rng(seed)
    points = []
    for k in range(1, rings):
        polar = np.pi * k / rings
        ring = _circle(around, float(np.sin(polar)), float(np.cos(polar)))
        points.append(ring * rng.uniform(0.82, 1.06, (around, 1)))
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
    """Twenty slender leaves in two whorls, the upper ones steeper, each folded along its rib and drooping."""
    leaves = []
    for k in range(20):
        turn, lift = 2 * np.pi * k / 20, 0.05 if k % 2 else 0.0
        out, side = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
        reach = ((0.0, 0.86, 0.006), (0.38, 0.95 + lift, 0.026), (0.76, 0.9 + lift, 0.024), (1.0, 0.74 + lift * 1.5, 0.002))
        rib = np.array([[*(out * r * radius), z] for r, z, _ in reach])
        for sign in (1.0, -1.0):
            edge = np.array([[*(out * r * radius + sign * side * w), z - w * 0.5] for r, z, w in reach])
            for i in range(3):
                sheet = np.array([[rib[i], edge[i], edge[i + 1]], [rib[i], edge[i + 1], rib[i + 1]]])
                leaves.append(sheet if sign < 0 else sheet[:, ::-1])
    return np.concatenate(leaves)
