"""What colour bare ground has: grass, meadow, shrub and earth blended by slope, height and place."""

import numpy as np
from numpy.typing import NDArray

from cim.palette import LIGHTEST_TERRAIN, TERRAIN
from spatial.mesh import Float64

__all__ = ["ground_tints"]

SHRUB_FROM_DEG, SHRUB_TO_DEG = 9.0, 24.0
EARTH_FROM_DEG, EARTH_TO_DEG = 27.0, 40.0
DRY_OVER_M = 25.0


def ground_tints(points: Float64, normals: Float64, dry_from_z: float) -> NDArray[np.uint8]:
    """Tints (n, 3) of points (n, 3) with unit normals on the ground, as factors of the lightest terrain colour.

    Shrub takes over between 9° and 24° of slope, bare earth between 27° and 40°, meadow above `dry_from_z`; waves of
    23 to 160 m keep a plain from being one green.
    """
    x, y, z = points.T
    slope = np.degrees(np.arccos(np.clip(normals[:, 2], -1.0, 1.0)))
    waves = np.sin(x / 23.0 + 1.3 * np.sin(y / 61.0)) * np.cos(y / 29.0 + np.sin(x / 47.0)) + np.sin(x / 160.0) * np.cos(y / 130.0 + 0.7)
    shrub = _ramp(slope + 3.0 * waves, SHRUB_FROM_DEG, SHRUB_TO_DEG)
    earth = _ramp(slope + 2.0 * waves, EARTH_FROM_DEG, EARTH_TO_DEG)
    meadow = np.clip(_ramp(z + 4.0 * waves, dry_from_z - DRY_OVER_M, dry_from_z) + 0.22 * waves, 0.0, 1.0)
    grass, dry, bush, bare = (_linear(np.array(TERRAIN[name][:3]) / 255) for name in ("grass", "meadow", "shrub", "earth"))
    colour = grass + (dry - grass) * meadow[:, None]
    colour = colour + (bush - colour) * shrub[:, None]
    colour = colour + (bare - colour) * earth[:, None]
    factors = np.clip(colour / _linear(np.array(LIGHTEST_TERRAIN[:3]) / 255), 0.0, 1.0)
    return np.asarray(np.rint(factors * 255), dtype=np.uint8)


def _ramp(value: Float64, low: float, high: float) -> Float64:
    t = np.clip((value - low) / (high - low), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t))


def _linear(srgb: Float64) -> Float64:
    return np.asarray(np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4))
