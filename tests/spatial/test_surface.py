"""Ways over surfaces: never off them, and hardly longer than the shortest."""

import networkx as nx
import numpy as np
import pytest
import shapely
from shapely.geometry import LineString, box

from spatial.mesh import Float64
from spatial.surface import Surface, triangulated
from tests.spatial.test_walkable import brute_force

SQUARE_WITH_POND = box(0, 0, 90, 60).difference(box(30, 20, 60, 40))


def length(surface: Surface, start: Float64, end: Float64) -> float:
    graph = nx.Graph()
    for a, b in surface.pairs.tolist():
        graph.add_edge(a, b, length=float(np.hypot(*(surface.xy[a] - surface.xy[b]))))
    on, near = surface.nearest([start, end])
    for name, point, nodes in zip("se", on, near, strict=True):
        for node in nodes.tolist():
            graph.add_edge(name, node, length=float(np.hypot(*(point - surface.xy[node]))))
    return float(nx.dijkstra_path_length(graph, "s", "e", weight="length"))


@pytest.mark.parametrize("seed", range(8))
def test_ways_are_at_most_eight_per_cent_longer_than_the_shortest(seed: int) -> None:
    surface = triangulated(SQUARE_WITH_POND)
    rng = np.random.default_rng(seed)
    start, end = rng.uniform([0, 0], [28, 60]), rng.uniform([62, 0], [90, 60])
    best = brute_force(SQUARE_WITH_POND, start, end)
    assert best - 1e-6 <= length(surface, start, end) <= 1.08 * best


def test_no_way_leaves_the_surface() -> None:
    surface = triangulated(SQUARE_WITH_POND)
    lines = shapely.linestrings(surface.xy[surface.pairs])
    assert shapely.covers(SQUARE_WITH_POND.buffer(1e-6), lines).all()
    assert len(np.unique(surface.pairs, axis=0)) == len(surface.pairs)
    spans = surface.starts.tolist()
    assert spans[0] == 0 and spans[-1] == len(surface.nodes)


def test_the_nearest_place_of_a_point_beside_it() -> None:
    on, near = triangulated(SQUARE_WITH_POND).nearest([[45.0, 29.0], [-5.0, 7.0]])
    assert on[1] == pytest.approx([0.0, 7.0])
    assert LineString([(45, 29), on[0]]).length == pytest.approx(9.0)
    assert all(len(nodes) >= 3 for nodes in near)


def test_pieces_stay_apart_and_nothing_is_nothing() -> None:
    pieces = triangulated(shapely.union_all([box(0, 0, 5, 5), box(8, 0, 12, 5)]))
    west = pieces.xy[:, 0] <= 5
    assert (west[pieces.pairs[:, 0]] == west[pieces.pairs[:, 1]]).all()
    nothing = triangulated(shapely.Polygon())
    assert (len(nothing.xy), len(nothing.pairs), nothing.nearest([[0.0, 0.0]])[1]) == (0, 0, [])
