"""Surfaces are turned to face out, whatever mixture of ways they come in; open ones keep theirs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bim.geometry.winding import outward

Vertices = NDArray[np.float64]
Triangles = NDArray[np.int64]

CORNERS = np.array([[x, y, z] for x in (0.0, 1.0) for y in (0.0, 1.0) for z in (0.0, 1.0)])
CUBE = np.array(
    [[0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1], [2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3]]
)


def boxes(*placed: tuple[tuple[float, float, float], tuple[float, float, float]]) -> tuple[Vertices, Triangles]:
    """Boxes of (lowest corner, size), all facing out."""
    vertices = np.concatenate([np.array(low) + CORNERS * np.array(size) for low, size in placed])
    return vertices, np.concatenate([CUBE + 8 * i for i in range(len(placed))])


def volume(vertices: Vertices, triangles: Triangles) -> float:
    c = vertices[triangles]
    return float(np.einsum("ij,ij->", c[:, 0], np.cross(c[:, 1], c[:, 2]))) / 6


def flipped(triangles: Triangles, mask: NDArray[np.bool_]) -> Triangles:
    result = triangles.copy()
    result[mask] = result[mask][:, ::-1]
    return result


def facing(vertices: Vertices, triangles: Triangles) -> Vertices:
    c = vertices[triangles]
    return np.asarray(np.cross(c[:, 1] - c[:, 0], c[:, 2] - c[:, 0]))


@given(st.lists(st.booleans(), min_size=24, max_size=24))
def test_any_mixture_of_ways_in_two_boxes_comes_out_facing_out(turned: list[bool]) -> None:
    vertices, triangles = boxes(((0, 0, 0), (1, 2, 3)), ((5, 5, 5), (2, 2, 2)))
    assert np.allclose(facing(vertices, outward(vertices, flipped(triangles, np.array(turned)))), facing(vertices, triangles))


@given(st.lists(st.booleans(), min_size=24, max_size=24))
def test_a_cavity_is_lined_towards_its_middle(turned: list[bool]) -> None:
    vertices, triangles = boxes(((0, 0, 0), (3, 3, 3)), ((1, 1, 1), (1, 1, 1)))
    triangles = flipped(triangles, np.arange(24) >= 12)
    assert volume(vertices, triangles) == pytest.approx(26.0)
    mixed = flipped(triangles, np.array([*turned[:12], *[False] * 12]))
    assert volume(vertices, outward(vertices, mixed)) == pytest.approx(26.0)


@given(st.lists(st.booleans(), min_size=36, max_size=36))
def test_boxes_that_touch_along_edges_and_faces_face_out_where_one_sees_them(turned: list[bool]) -> None:
    # A cabinet: the second stands on the first, sharing a whole face; the third touches along one edge.
    vertices, triangles = boxes(((0, 0, 0), (1, 1, 1)), ((0, 0, 1), (1, 1, 1)), ((1, 1, 0), (1, 1, 1)))
    result = outward(vertices, flipped(triangles, np.array(turned)))
    middle = vertices[triangles].mean(axis=1)
    seen = ~(np.isclose(middle[:, 2], 1.0) & (middle[:, 0] < 1) & (middle[:, 1] < 1))
    assert seen.sum() == 32
    assert np.allclose(facing(vertices, result)[seen], facing(vertices, triangles)[seen])


def test_an_open_sheet_keeps_the_way_most_of_it_faced() -> None:
    vertices = np.array([[x, y, 0.0] for x in range(4) for y in range(2)], dtype=np.float64)
    triangles = np.array([[0, 2, 1], [2, 3, 1], [2, 4, 3], [4, 5, 3], [4, 6, 5], [6, 7, 5]])
    mixed = flipped(triangles, np.arange(6) == 2)
    assert np.allclose(facing(vertices, outward(vertices, mixed)), facing(vertices, triangles))
    assert np.allclose(facing(vertices, outward(vertices, triangles[:, ::-1])), -facing(vertices, triangles))


def test_an_open_tube_faces_out() -> None:
    vertices, triangles = boxes(((0, 0, 0), (1, 1, 9)))
    sides = triangles[np.abs(facing(vertices, triangles)[:, 2]) < 0.5]
    assert np.allclose(facing(vertices, outward(vertices, sides[:, ::-1])), facing(vertices, sides))


def test_a_one_sided_band_is_left_alone() -> None:
    angle = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    out = np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=1)
    lean = out * np.cos(angle / 2)[:, None] * 0.3 + np.sin(angle / 2)[:, None] * np.array([0, 0, 0.3])
    vertices = np.concatenate([out - lean, out + lean])
    quads = [(i, (i + 1) % 12, 12 + (i + 1) % 12, 12 + i) if i < 11 else (11, 12, 0, 23) for i in range(12)]
    triangles = np.array([t for a, b, c, d in quads for t in ((a, b, c), (a, c, d))])
    assert np.array_equal(outward(vertices, triangles), triangles)


def test_nothing_stays_nothing() -> None:
    assert len(outward(np.zeros((0, 3)), np.zeros((0, 3), dtype=np.int64))) == 0
