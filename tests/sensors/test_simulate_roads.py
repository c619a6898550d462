"""The streets of the simulator."""

import itertools

import networkx as nx
import numpy as np

from sensors.simulate_roads import RoadLine, Streets
from tests.sensors.compound_made import compound, roads


def test_ends_that_meet_are_one_junction_and_all_that_is_driven_hangs_together() -> None:
    streets = compound().streets
    graph = nx.Graph()
    graph.add_edges_from(streets.ends[streets.open_arcs].tolist())
    assert nx.is_connected(graph)
    assert len(graph) == 15
    assert streets.degree().max() == 4


def test_the_way_is_the_shortest_of_all_by_another_library() -> None:
    streets = compound().streets
    graph = nx.DiGraph()
    for arc in np.flatnonzero(streets.open_arcs).tolist():
        graph.add_edge(*streets.ends[arc].tolist(), weight=float(streets.lengths[arc]))
    for begin in graph:
        for end in graph:
            arcs = streets.way(begin, end)
            assert arcs is not None
            assert all(streets.ends[a, 1] == streets.ends[b, 0] for a, b in itertools.pairwise(arcs))
            assert np.isclose(streets.lengths[arcs].sum(), nx.dijkstra_path_length(graph, begin, end))


def test_a_one_way_street_is_not_driven_against_and_a_walk_not_driven_at_all() -> None:
    there = RoadLine(name="a", line=np.array([[0.0, 0.0], [10.0, 0.0]]), width_m=6, m_per_s=8, one_way=1)
    streets = Streets.of([there])
    assert streets.way(0, 1) == [0]
    assert streets.way(1, 0) is None
    assert streets.way(1, 0, walking=True) == [1]
    walk = next(i for i, road in enumerate(roads()) if not road.driven)
    assert not compound().streets.open_arcs[2 * walk : 2 * walk + 2].any()
