"""The ground: flat at 20 m under the compound and the streets around it, a wooded hill behind, gentle elsewhere."""

import math
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from shapely import contains_xy, distance, points
from shapely.geometry import Polygon

from spatial.mesh import Float64
from twin.demo.siteplan import CRS, GROUND_M, ORIGIN, PERIMETER, ROTATION_DEG

__all__ = ["CELL_M", "EXTENT_M", "ground_height", "write_terrain"]

CELL_M = 5.0
EXTENT_M = 1600.0
FLAT = Polygon(PERIMETER).buffer(45.0, join_style="mitre")
HILLS = ((15.0, 345.0, 150.0, 95.0, 56.0), (-150.0, 420.0, 110.0, 110.0, 26.0), (190.0, 430.0, 120.0, 90.0, 22.0))


def ground_height(u: Float64, v: Float64) -> Float64:
    """1985 height in metres of plan points (n,): exactly 20 inside the flat part, smooth everywhere."""
    away = np.asarray(distance(FLAT, points(u, v)), dtype=np.float64)
    near = _smooth(away / 90.0)
    far = _smooth(away / 320.0)
    hill = np.zeros_like(u)
    for centre_u, centre_v, wide, deep, height in HILLS:
        hill += height * np.exp(-0.5 * (((u - centre_u) / wide) ** 2 + ((v - centre_v) / deep) ** 2))
    ridges = 1.0 + 0.10 * np.sin(u / 31.0 + 0.7) * np.cos(v / 43.0)
    gentle = 1.6 * np.sin(u / 260.0 + 0.4) * np.cos(v / 310.0)
    return np.asarray(GROUND_M + near * hill * ridges + far * gentle, dtype=np.float64)


def write_terrain(path: Path) -> None:
    """Write the elevation model: GeoTIFF, EPSG:4549, 1985 heights as float32 metres, 5 m cells, 1.6 by 1.6 km."""
    count = round(EXTENT_M / CELL_M)
    west = math.floor((ORIGIN[0] - EXTENT_M / 2) / CELL_M) * CELL_M
    north = math.ceil((ORIGIN[1] + EXTENT_M / 2 + 60.0) / CELL_M) * CELL_M
    east = west + (np.arange(count) + 0.5) * CELL_M
    south = north - (np.arange(count) + 0.5) * CELL_M
    x, y = (grid.ravel() for grid in np.meshgrid(east, south))
    heights = ground_height(*to_plan(x, y)).reshape(count, count).astype(np.float32)
    profile = {"driver": "GTiff", "width": count, "height": count, "count": 1, "dtype": "float32", "crs": CRS, "nodata": -9999.0}
    with rasterio.open(
        path, "w", **profile, transform=rasterio.Affine(CELL_M, 0.0, west, 0.0, -CELL_M, north), compress="deflate", predictor=3
    ) as target:
        target.write(heights, 1)
        target.set_band_description(1, "1985 height")
        target.units = ("metre",)


def to_plan(east: Float64, north: Float64) -> tuple[Float64, Float64]:
    """Plan coordinates (n,) of grid points."""
    c, s = math.cos(math.radians(ROTATION_DEG)), math.sin(math.radians(ROTATION_DEG))
    de, dn = east - ORIGIN[0], north - ORIGIN[1]
    return c * de + s * dn, -s * de + c * dn


def on_hill(u: Float64, v: Float64, over_m: float = 3.0) -> NDArray[np.bool_]:
    """Where the ground stands more than `over_m` over the flat, outside it."""
    return np.asarray((ground_height(u, v) > GROUND_M + over_m) & ~contains_xy(FLAT, u, v))


def _smooth(t: Float64) -> Float64:
    t = np.clip(t, 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t))
