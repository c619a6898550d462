"""Round trips of quantisation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tiles.quantise import dequantised, quantise_normals, quantise_positions, quaternions

POINTS = arrays.arrays(np.float64, st.tuples(st.integers(1, 40), st.just(3)), elements=st.floats(-16, 16, width=32))


@settings(deadline=None)
@given(POINTS, arrays.arrays(np.float64, 3, elements=st.floats(-2000, 2000)))
def test_positions_come_back_within_the_error_they_declare(points: np.ndarray, centre: np.ndarray) -> None:
    stored = quantise_positions(points + centre, 0.0005)
    assert stored.values.dtype == np.int16
    moved = np.linalg.norm(dequantised(stored) - (points + centre), axis=1).max()
    assert moved <= stored.error_m + 1e-9
    assert stored.error_m <= 0.0006


@settings(deadline=None)
@given(POINTS, st.floats(40, 500))
def test_what_a_grid_would_blur_stays_float(points: np.ndarray, length: float) -> None:
    long = np.vstack([points, points + np.array([length + 40, 0, 0])])
    stored = quantise_positions(long, 0.0005)
    assert stored.values.dtype == np.float32
    assert np.linalg.norm(dequantised(stored) - long, axis=1).max() <= stored.error_m + 1e-9 <= 0.0006


@settings(deadline=None)
@given(arrays.arrays(np.float64, st.tuples(st.integers(1, 30), st.just(4)), elements=st.floats(-1, 1)))
def test_rotations_come_back_from_quaternions(raw: np.ndarray) -> None:
    lengths = np.linalg.norm(raw, axis=1)
    unit = np.where(lengths[:, None] > 1e-3, raw / np.maximum(lengths, 1e-3)[:, None], [1.0, 0, 0, 0])
    rotations = np.stack([_rotation(*one) for one in unit])
    back = quaternions(rotations).astype(np.float64)
    assert np.abs(np.linalg.norm(back, axis=1) - 1).max() < 1e-6
    assert np.abs(np.stack([_rotation(*one) for one in back]) - rotations).max() < 1e-6


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_half_turns_have_quaternions_too(axis: int) -> None:
    signs = -np.ones(3)
    signs[axis] = 1
    assert np.abs(quaternions(np.diag(signs)[None])[0]).tolist() == [float(i == axis) for i in range(4)]


def test_normals_are_padded_to_four_bytes_and_a_missing_one_points_up() -> None:
    assert quantise_normals(np.array([[0, 0, 2.0], [-1, 0, 0], [0, 0, 0]])).tolist() == [[0, 0, 127, 0], [-127, 0, 0, 0], [0, 127, 0, 0]]


def _rotation(x: float, y: float, z: float, w: float) -> np.ndarray:
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + 2 * w * cross + 2 * cross @ cross
