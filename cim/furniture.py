"""What stands about in streets and courts: lamps, benches, bins, bollards, parked cars; shared meshes, placed many times.

Local frames: origin on the ground, y the way it faces, metres.
"""

import zlib
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final

import numpy as np

from cim.palette import Rgba
from spatial.mesh import Float64, Mesh, crease_shaded

__all__ = ["thing_of", "thing_parts"]

WORDS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("car", ("car", "vehicle", "汽车", "轿车", "小客车", "停放车辆")),
    ("street_lamp", ("street_lamp", "streetlight", "路灯")),
    ("garden_lamp", ("lamp", "庭院灯", "草坪灯")),
    ("bench", ("bench", "座椅", "长椅", "坐凳")),
    ("bin", ("waste_basket", "litter", "垃圾桶", "垃圾箱")),
    ("bollard", ("bollard", "护柱", "隔离柱")),
)
PAINTS: Final[tuple[Rgba, ...]] = (
    (236, 236, 234, 255),
    (48, 50, 54, 255),
    (176, 180, 184, 255),
    (120, 34, 34, 255),
    (44, 66, 104, 255),
    (222, 220, 212, 255),
    (96, 98, 102, 255),
)
PAINT: Final[Rgba] = (255, 255, 255, 0)
STEEL: Final[Rgba] = (74, 78, 82, 255)
LIGHT: Final[Rgba] = (244, 240, 226, 255)
TIMBER: Final[Rgba] = (154, 112, 78, 255)
RUBBER: Final[Rgba] = (36, 37, 39, 255)
CAR_GLASS: Final[Rgba] = (42, 52, 60, 255)
BIN_GREEN: Final[Rgba] = (70, 104, 84, 255)


def thing_of(*labels: Any) -> str | None:
    """The kind of thing that the labels of a row name, in Chinese or English; None where none is known."""
    for label in labels:
        lowered = str(label or "").lower()
        tokens = set(lowered.replace("-", " ").split())
        for name, words in WORDS:
            if any(word in tokens or (not word.isascii() and word in lowered) for word in words):
                return name
    return None


def thing_parts(thing: str, foot: Float64, heading_deg: float, identity: str) -> Iterator[tuple[Mesh, Rgba, Float64]]:
    """Shared meshes, colours and 4×4 matrices of a thing at its foot (3,) in the site frame, facing `heading_deg` clockwise from north."""
    turn = np.radians(-heading_deg)
    matrix = np.eye(4)
    matrix[:2, :2] = [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
    matrix[:3, 3] = foot
    paint = PAINTS[zlib.crc32(identity.encode()) % len(PAINTS)]
    for mesh, rgba in _parts(thing):
        yield mesh, paint if rgba == PAINT else rgba, matrix


@lru_cache(maxsize=16)
def _parts(thing: str) -> tuple[tuple[Mesh, Rgba], ...]:
    pieces: dict[str, list[tuple[list[Float64], Rgba]]] = {
        "street_lamp": [
            ([_post(0.09, 0.0, 7.6), _post(0.16, 0.0, 0.9), _box(-0.05, 0.05, 0.0, 1.6, 7.5, 7.6)], STEEL),
            ([_box(-0.16, 0.16, 0.9, 1.7, 7.44, 7.52)], LIGHT),
        ],
        "garden_lamp": [([_post(0.05, 0.0, 3.2), _post(0.11, 0.0, 0.4)], STEEL), ([_post(0.17, 3.2, 3.6)], LIGHT)],
        "bench": [
            ([_box(-0.75, -0.65, -0.2, 0.2, 0.0, 0.42), _box(0.65, 0.75, -0.2, 0.2, 0.0, 0.42)], STEEL),
            ([_box(-0.85, 0.85, -0.24, 0.24, 0.42, 0.48)], TIMBER),
        ],
        "bin": [([_box(-0.22, 0.22, -0.2, 0.2, 0.05, 0.95)], BIN_GREEN)],
        "bollard": [([_post(0.07, 0.0, 0.75)], STEEL)],
        "car": [([_car_body()], PAINT), ([_car_glass()], CAR_GLASS), ([_wheel(x, y) for x in (-0.78, 0.78) for y in (-1.35, 1.4)], RUBBER)],
    }
    return tuple((_mesh(np.concatenate(corners)), rgba) for corners, rgba in pieces[thing])


def _mesh(corners: Float64) -> Mesh:
    return crease_shaded(corners.reshape(-1, 3), np.arange(3 * len(corners)).reshape(-1, 3), 50.0)


def _box(x0: float, x1: float, y0: float, y1: float, z0: float, z1: float) -> Float64:
    return _loft([(x0, x1, y0, y1, z0), (x0, x1, y0, y1, z1)])


def _loft(levels: list[tuple[float, float, float, float, float]]) -> Float64:
    """A solid through level rectangles (x0, x1, y0, y1, z), lowest first."""
    rings = [np.array([[x0, y0, z], [x1, y0, z], [x1, y1, z], [x0, y1, z]]) for x0, x1, y0, y1, z in levels]
    faces = [rings[0][[0, 3, 2]], rings[0][[0, 2, 1]], rings[-1][[0, 1, 2]], rings[-1][[0, 2, 3]]]
    for low, high in pairwise(rings):
        for i in range(4):
            j = (i + 1) % 4
            faces += [np.array([low[i], low[j], high[j]]), np.array([low[i], high[j], high[i]])]
    return np.array(faces)


def _post(radius: float, low: float, high: float) -> Float64:
    angle = 2 * np.pi * np.arange(8) / 8
    rim = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    a, d = np.column_stack([rim, np.full(8, low)]), np.column_stack([rim, np.full(8, high)])
    b, c = np.roll(a, -1, axis=0), np.roll(d, -1, axis=0)
    top = np.broadcast_to([0.0, 0.0, high], d.shape)
    bottom = np.broadcast_to([0.0, 0.0, low], d.shape)
    sides = [np.stack([a, b, c], axis=1), np.stack([a, c, d], axis=1)]
    return np.concatenate([*sides, np.stack([d, c, top], axis=1), np.stack([b, a, bottom], axis=1)])


def _car_body() -> Float64:
    hull = [
        (-0.84, 0.84, -2.22, 2.28, 0.28),
        (-0.9, 0.9, -2.3, 2.35, 0.52),
        (-0.87, 0.87, -2.24, 2.2, 0.84),
        (-0.78, 0.78, -2.1, 1.25, 0.96),
    ]
    roof = [(-0.62, 0.62, -1.32, 0.22, 1.4), (-0.58, 0.58, -1.2, 0.08, 1.46)]
    return np.concatenate([_loft(hull), _loft(roof)])


def _car_glass() -> Float64:
    return _loft([(-0.76, 0.76, -1.95, 1.05, 0.95), (-0.64, 0.64, -1.36, 0.26, 1.41)])


def _wheel(x: float, y: float) -> Float64:
    disc = _post(0.33, -0.1, 0.1)
    upright = np.stack([disc[:, :, 2] + x, disc[:, :, 1] + y, -disc[:, :, 0] + 0.33], axis=2)
    return np.asarray(upright)
