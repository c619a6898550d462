"""Fences, walls and gates along the ground."""

from collections.abc import Iterator

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from cim.drape import Drape
from cim.extrude import box
from cim.palette import BOOM, FENCE_PANEL, FENCE_POST, GATE_PILLAR, KERB, MARKING, MASONRY, Rgba
from spatial.mesh import Float64

__all__ = ["fence", "gate", "kerb", "masonry_wall"]

POST_EVERY_M = 3.0
POST_HALF_M = 0.05
RAIL_HALF_M = 0.03
WALL_HALF_M = 0.12
PILLAR_HALF_M = 0.3
SUNK_M = 0.3


def fence(line: BaseGeometry, drape: Drape, height_m: float) -> Iterator[tuple[Float64, Rgba]]:
    """A low plinth, posts every 3 m at most, two rails and a see-through panel, following the ground: corners (m, 3, 3) and colours."""
    solid, panel, plinth = [], [], []
    for path in drape.line(line):
        plan = shapely.LineString(path[:, :2])
        count = max(int(np.ceil(plan.length / POST_EVERY_M)), 1)
        stations = np.unique(np.concatenate([np.linspace(0, plan.length, count + 1), _corners(path)]))
        feet = shapely.get_coordinates(shapely.line_interpolate_point(plan, stations))
        z, _ = drape.ground.sample_or_nearest(feet)
        for (x, y), foot in zip(feet, z, strict=True):
            solid.append(
                box(
                    np.array([x - POST_HALF_M, y - POST_HALF_M, foot - SUNK_M]),
                    np.array([x + POST_HALF_M, y + POST_HALF_M, foot + height_m]),
                )
            )
        for low, high in ((0.42, 0.50), (height_m - 0.18, height_m - 0.10)):
            solid.append(_band(path, low, high, RAIL_HALF_M))
        panel.append(_band(path, 0.50, height_m - 0.18, 0.01))
        plinth.append(_band(path, -SUNK_M, 0.35, 0.14))
    if solid:
        yield np.concatenate(plinth), MASONRY
        yield np.concatenate(solid), FENCE_POST
        yield np.concatenate(panel), FENCE_PANEL


def masonry_wall(line: BaseGeometry, drape: Drape, height_m: float) -> Iterator[tuple[Float64, Rgba]]:
    """A wall of 24 cm following the ground."""
    bands = [_band(path, -SUNK_M, height_m, WALL_HALF_M) for path in drape.line(line)]
    if bands:
        yield np.concatenate(bands), MASONRY


def kerb(line: BaseGeometry, drape: Drape, width_m: float, height_m: float) -> Iterator[tuple[Float64, Rgba]]:
    """A kerbstone along the ground, or the rim of a pond."""
    bands = [_band(path, -0.02, height_m, width_m / 2) for path in drape.line(line)]
    if bands:
        yield np.concatenate(bands), KERB


def gate(centre: Float64, along: Float64, drape: Drape, width_m: float, height_m: float) -> Iterator[tuple[Float64, Rgba]]:
    """Two pillars with caps `width_m` apart along a direction (2,), and between them a striped boom 1 m above the ground on its post."""
    ends = [centre - along * width_m / 2, centre + along * width_m / 2]
    z, _ = drape.ground.sample_or_nearest(np.array(ends))
    pillars: list[Float64] = []
    caps: list[Float64] = []
    for end, foot in zip(ends, z, strict=True):
        for low, high, half, out in (
            (-SUNK_M, 0.4, PILLAR_HALF_M + 0.08, caps),
            (0.4, height_m - 0.2, PILLAR_HALF_M, pillars),
            (height_m - 0.2, height_m, PILLAR_HALF_M + 0.1, caps),
        ):
            out.append(box(np.array([*(end - half), foot + low]), np.array([*(end + half), foot + high])))
    yield np.concatenate(pillars), GATE_PILLAR
    yield np.concatenate(caps), KERB
    inner = [end + (centre - end) * (PILLAR_HALF_M / (width_m / 2)) for end in ends]
    housing = inner[0] + along * 0.35
    body = [box(np.array([*(housing - 0.2), z[0] - SUNK_M]), np.array([*(housing + 0.2), z[0] + 1.15]))]
    yield np.concatenate(body), BOOM
    stations = np.linspace(0.0, 1.0, 2 * max(round(width_m / 2), 1) + 1)
    points = [np.array([*(inner[0] + (inner[1] - inner[0]) * s), z[0] + (z[1] - z[0]) * s]) for s in stations]
    stripes = [_band(np.array([points[i], points[i + 1]]), 0.95, 1.07, 0.05) for i in range(len(points) - 1)]
    yield np.concatenate(stripes[::2]), BOOM
    if len(stripes) > 1:
        yield np.concatenate(stripes[1::2]), MARKING


def _band(path: Float64, low: float, high: float, half: float) -> Float64:
    """A bar along a path (n, 3), from `low` to `high` above it, mitred at its corners: all outer sides."""
    step = np.diff(path[:, :2], axis=0)
    along = step / np.linalg.norm(step, axis=1)[:, None]
    left = np.column_stack([-along[:, 1], along[:, 0]])
    before, after = np.vstack([left[:1], left]), np.vstack([left, left[-1:]])
    mitre = before + after
    mitre /= np.maximum((mitre * after).sum(axis=1), 0.3)[:, None]
    sides = []
    for sign in (1.0, -1.0):
        xy = path[:, :2] + sign * half * mitre
        sides += [np.column_stack([xy, path[:, 2] + low]), np.column_stack([xy, path[:, 2] + high])]
    left_low, left_high, right_low, right_high = sides
    faces = [_strip(right_low, right_high), _strip(left_high, left_low), _strip(right_high, left_high), _strip(left_low, right_low)]
    for k, flip in ((0, False), (-1, True)):
        a, b, c, d = left_low[k], right_low[k], right_high[k], left_high[k]
        cap = np.array([[a, b, c], [a, c, d]])
        faces.append(cap[:, ::-1] if flip else cap)
    return np.concatenate(faces)


def _strip(below: Float64, above: Float64) -> Float64:
    a, b, c, d = below[:-1], below[1:], above[1:], above[:-1]
    return np.concatenate([np.stack([a, b, c], axis=1), np.stack([a, c, d], axis=1)])


def _corners(path: Float64) -> Float64:
    step = np.diff(path[:, :2], axis=0)
    stations = np.concatenate([[0.0], np.cumsum(np.linalg.norm(step, axis=1))])
    heading = np.unwrap(np.arctan2(step[:, 1], step[:, 0]))
    return np.asarray(stations[1:-1][np.abs(np.diff(heading)) > np.radians(8)])
