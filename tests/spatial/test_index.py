"""The spatial index against a brute-force twin of numpy and shapely."""

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from spatial.errors import SpatialError
from spatial.index import SpatialIndex
from tests.spatial.brute import cuts, gable, prism_mesh, surface_distance, winding

Prism = tuple[BaseGeometry, float, float]

whole = st.integers(min_value=-6, max_value=6).map(float)
halves = st.integers(min_value=-14, max_value=14).map(lambda i: i / 2)
points = st.tuples(halves, halves, halves)


@st.composite
def prisms(draw: st.DrawFn) -> Prism:
    """Rectangles, triangles, rectangles with a hole and pairs of rectangles, on whole metres: points fall on walls and slabs."""
    x, y, low = draw(whole), draw(whole), draw(whole)
    wide, deep, high = (draw(st.integers(min_value=1, max_value=5)) for _ in range(3))
    shape = draw(st.sampled_from(["box", "triangle", "hole", "pair", "circle"]))
    plan: BaseGeometry = shapely.box(x, y, x + wide, y + deep)
    if shape == "triangle":
        plan = shapely.Polygon([(x, y), (x + wide, y), (x, y + deep)])
    elif shape == "hole":
        plan = shapely.box(x, y, x + 4, y + 4).difference(shapely.box(x + 1, y + 1, x + 3, y + 3))
    elif shape == "pair":
        plan = shapely.MultiPolygon([shapely.box(x, y, x + 1, y + 1), shapely.box(x + 2, y, x + 3, y + deep)])
    elif shape == "circle":
        plan = shapely.Point(x, y).buffer(wide)
    return plan, low, low + high


def built(items: list[Prism]) -> SpatialIndex:
    boxes = [[[*plan.bounds[:2], low], [*plan.bounds[2:], high]] for plan, low, high in items]
    names = [f"m:{i}" for i in range(len(items))]
    return SpatialIndex.build(names, boxes, [p for p, _, _ in items], [(a, b) for _, a, b in items], revision="r1")


def brute_distance(item: Prism, point: tuple[float, float, float]) -> float:
    plan, low, high = item
    gap = max(low - point[2], point[2] - high, 0.0)
    return math.hypot(plan.distance(shapely.Point(point[:2])), gap)


@settings(max_examples=150, deadline=None)
@given(st.lists(prisms(), min_size=1, max_size=12), st.lists(points, min_size=1, max_size=6))
def test_points_are_in_the_prisms_that_brute_force_says(items: list[Prism], asked: list[tuple[float, float, float]]) -> None:
    expected = [
        [f"m:{i}" for i, (plan, low, high) in enumerate(items) if plan.covers(shapely.Point(p[:2])) and low <= p[2] < high] for p in asked
    ]
    assert built(items).at_points(np.array(asked)) == expected


@settings(max_examples=150, deadline=None)
@given(st.lists(prisms(), min_size=1, max_size=12), points, points)
def test_a_box_meets_the_prisms_that_brute_force_says(
    items: list[Prism], one: tuple[float, float, float], other: tuple[float, float, float]
) -> None:
    low, high = np.minimum(one, other), np.maximum(one, other)
    corners = [(low[0], low[1]), (high[0], low[1]), (high[0], high[1]), (low[0], high[1])]
    plan_box = shapely.MultiPoint(corners).convex_hull
    expected = [f"m:{i}" for i, (plan, a, b) in enumerate(items) if a <= high[2] and b >= low[2] and plan.distance(plan_box) == 0]
    assert built(items).within_box(low, high) == expected


@settings(max_examples=150, deadline=None)
@given(st.lists(prisms(), min_size=1, max_size=12), points, st.integers(min_value=1, max_value=14))
def test_the_nearest_are_those_of_brute_force_with_ties_in_order(items: list[Prism], point: tuple[float, float, float], k: int) -> None:
    everything = sorted((brute_distance(item, point), i) for i, item in enumerate(items))
    found = built(items).nearest(point, k)
    assert [hit.id for hit in found] == [f"m:{i}" for _, i in everything[:k]]
    assert [hit.distance_m for hit in found] == pytest.approx([d for d, _ in everything[:k]], abs=1e-9)


def test_a_slab_belongs_to_the_upper_storey_only_and_a_wall_to_both_rooms() -> None:
    left, right = shapely.box(0, 0, 4, 3), shapely.box(4, 0, 8, 3)
    index = built([(left, 0.0, 3.0), (right, 0.0, 3.0), (left, 3.0, 6.0)])
    assert index.at_point([1.0, 1.0, 3.0]) == ["m:2"]
    assert index.at_point([4.0, 1.0, 1.0]) == ["m:0", "m:1"]
    assert index.at_point([1.0, 1.0, 6.0]) == []


def test_an_index_says_which_revision_it_is_a_cache_of() -> None:
    assert built([(shapely.box(0, 0, 1, 1), 0.0, 1.0)]).revision == "r1"


def test_an_empty_index_answers_with_nothing() -> None:
    index = SpatialIndex.build([], np.zeros((0, 2, 3)), revision="r0")
    assert index.at_points([[0.0, 0.0, 0.0]]) == [[]]
    assert index.within_box([-1, -1, -1], [1, 1, 1]) == []
    assert index.nearest([0.0, 0.0, 0.0], 3) == []
    assert len(index) == 0


def test_without_footprints_the_boxes_themselves_are_asked() -> None:
    index = SpatialIndex.build(["a", "b"], [[[0, 0, 0], [2, 2, 2]], [[5, 5, 5], [6, 6, 6]]], revision="r1")
    assert index.at_point([1, 1, 1]) == ["a"]
    assert [(hit.id, hit.distance_m) for hit in index.nearest([5.5, 5.5, 9.0])] == [("b", 3.0)]


@pytest.mark.parametrize(
    ("boxes", "what"),
    [([[[0, 0, 0], [1, 1, np.nan]]], "finite"), ([[[0, 0, 2], [1, 1, 1]]], "above"), ([[[0, 0, 0], [1, 1, 1]]] * 2, "1 ids")],
)
def test_boxes_that_are_none_are_refused(boxes: list[list[list[float]]], what: str) -> None:
    with pytest.raises(SpatialError, match=what):
        SpatialIndex.build(["a"], boxes, revision="r1")


def test_many_points_in_many_rooms_agree_with_brute_force() -> None:
    rng = np.random.default_rng(7)
    low = rng.uniform(-200, 200, (600, 3)).round(1)
    size = rng.uniform(2, 30, (600, 3)).round(1)
    index = SpatialIndex.build([str(i) for i in range(600)], np.stack([low, low + size], axis=1), revision="r1")
    asked = np.concatenate([rng.uniform(-200, 200, (200, 3)), low[:50], (low + size)[:50]])
    high = low + size
    for point, found in zip(asked, index.at_points(asked), strict=True):
        inside = (
            (low[:, :2] <= point[:2]).all(axis=1)
            & (point[:2] <= high[:, :2]).all(axis=1)
            & (low[:, 2] <= point[2])
            & (point[2] < high[:, 2])
        )
        assert found == [str(i) for i in np.nonzero(inside)[0]]


@pytest.mark.parametrize("seed", range(4))
def test_attics_are_measured_by_their_faces_among_prisms(seed: int) -> None:
    rng = np.random.default_rng(seed)
    corners = rng.uniform(-12, 12, (14, 2))
    attics = [gable(x, y, *rng.uniform(2, 6, 2), 3.0, float(rng.uniform(4, 7))) for x, y in corners[:7]]
    plans = [shapely.box(x, y, x + 3, y + 4) for x, y in corners[7:]]
    faces = [*attics, *(prism_mesh(plan, (0.0, 3.0)).triangles for plan in plans)]
    boxes = [[one.min(axis=(0, 1)), one.max(axis=(0, 1))] for one in faces]
    shapes = [None] * 7 + plans
    index = SpatialIndex.build([f"r{i}" for i in range(14)], boxes, shapes, solids=dict(enumerate(attics)), revision="1")
    asked = rng.uniform([-14, -14, -1], [14, 14, 8], (40, 3))
    metres = np.array([np.where(np.abs(winding(one, asked)) > 0.5, 0.0, surface_distance(one, asked)) for one in faces])
    for i, point in enumerate(asked):
        hits = index.nearest(point, 5)
        assert [hit.distance_m for hit in hits] == pytest.approx(np.sort(metres[:, i])[:5].tolist(), abs=1e-9)
    missed = 0
    eaves = np.array([box[0] for box in boxes[:7]] + [box[1] for box in boxes[:7]])
    for point in [*asked[::2], *eaves + rng.uniform(-0.4, 0.4, eaves.shape)]:
        low, high = point - rng.uniform(0.1, 1.5, 3), point + rng.uniform(0.1, 1.5, 3)
        found = index.within_box(low, high)
        assert found == [f"r{i}" for i, one in enumerate(faces) if cuts(one, low, high)]
        near = [i for i, box in enumerate(boxes[:7]) if (box[0] <= high).all() and (box[1] >= low).all()]
        missed += len([i for i in near if f"r{i}" not in found])
    assert missed > 0, "some boxes meet the box of an attic and not the attic"
