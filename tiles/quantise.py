"""Quantisation: positions to int16, normals to int8, rotations to quaternions (KHR_mesh_quantization).

Positions are normalised and lie around their centre, so that the node's scale alone bounds them: CesiumJS adds the raw
accessor bounds to the instances' translations and would cull or over-draw anything else.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spatial.mesh import Float32, Float64
from tiles.limits import QUANTISED_LEVELS

__all__ = ["Positions", "dequantised", "quantise_normals", "quantise_positions", "quaternions"]

TOP = QUANTISED_LEVELS // 2
SMALLEST_HALF_M = 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class Positions:
    """Stored positions: `values` (n, 3) int16 normalised, or float32 where a grid would be too coarse; `p = centre + half · value`."""

    values: NDArray[np.int16] | Float32
    centre: Float64
    half: float

    @property
    def error_m(self) -> float:
        """Largest distance a vertex can have moved, metres."""
        if self.values.dtype == np.int16:
            return float(self.half / QUANTISED_LEVELS * np.sqrt(3.0))
        return float(np.abs(self.values).max(initial=0.0)) * 2.0**-22


def quantise_positions(points: Float64, max_step_m: float) -> Positions:
    """Points (n, 3) metres on a uniform int16 grid around their box's centre; float32 around it where a step would exceed `max_step_m`.

    A box of 2 m: half 1, step 2 / 65534 m = 0.03 mm.
    """
    low, high = points.min(axis=0), points.max(axis=0)
    centre = np.asarray((low + high) / 2)
    half = max(float((high - low).max()) / 2, SMALLEST_HALF_M)
    if 2 * half / QUANTISED_LEVELS > max_step_m:
        return Positions((points - centre).astype(np.float32), centre, 1.0)
    values = np.clip(np.rint((points - centre) * (TOP / half)), -TOP, TOP).astype(np.int16)
    return Positions(values, centre, half)


def dequantised(positions: Positions) -> Float64:
    """The points (n, 3) float64 metres a reader sees."""
    scale = positions.half / TOP if positions.values.dtype == np.int16 else positions.half
    return np.asarray(positions.values.astype(np.float64) * scale + positions.centre)


def quantise_normals(normals: Float64) -> NDArray[np.int8]:
    """Unit normals (n, 3) as (n, 4) int8 normalised, the fourth byte padding; a zero normal becomes up (glTF +Y)."""
    length = np.linalg.norm(normals, axis=1)
    unit = np.where(length[:, None] > 0, normals / np.where(length > 0, length, 1.0)[:, None], (0.0, 1.0, 0.0))
    padded = np.zeros((len(normals), 4), dtype=np.int8)
    padded[:, :3] = np.rint(unit * 127)
    return padded


def quaternions(rotations: Float64) -> Float32:
    """Unit quaternions (n, 4) x, y, z, w with w ≥ 0 from rotation matrices (n, 3, 3) (Shepperd 1978)."""
    r = rotations
    trace = r[:, 0, 0] + r[:, 1, 1] + r[:, 2, 2]
    diagonal = np.stack([r[:, 0, 0], r[:, 1, 1], r[:, 2, 2], trace], axis=1)
    largest = diagonal.argmax(axis=1)
    result = np.empty((len(r), 4))
    for axis in range(3):
        j, k = (axis + 1) % 3, (axis + 2) % 3
        rows = np.nonzero(largest == axis)[0]
        m = r[rows]
        result[rows, axis] = 1 + m[:, axis, axis] - m[:, j, j] - m[:, k, k]
        result[rows, j] = m[:, j, axis] + m[:, axis, j]
        result[rows, k] = m[:, k, axis] + m[:, axis, k]
        result[rows, 3] = m[:, k, j] - m[:, j, k]
    rows = np.nonzero(largest == 3)[0]
    m = r[rows]
    result[rows, 0] = m[:, 2, 1] - m[:, 1, 2]
    result[rows, 1] = m[:, 0, 2] - m[:, 2, 0]
    result[rows, 2] = m[:, 1, 0] - m[:, 0, 1]
    result[rows, 3] = 1 + trace[rows]
    result /= np.linalg.norm(result, axis=1, keepdims=True)
    result *= np.where(result[:, 3:] < 0, -1.0, 1.0)
    return result.astype(np.float32)
