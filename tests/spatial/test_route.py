"""Shortest ways against networkx on the same explicit graph."""

from collections.abc import Iterator

import networkx as nx
import numpy as np
import pytest

from spatial.errors import SpatialError
from spatial.route import NOWHERE, Mode, RouteGraph, Ways, shortest

FOOT = (Mode.WALK, Mode.STAIRS)


def graph_of(rng: np.random.Generator, nodes: int, edges: int) -> RouteGraph:
    """Random edges, parallel ones, loops and some of no length among them; features 0–9 are doors, 10–14 rooms."""
    ends = rng.integers(0, nodes, size=(edges, 2))
    metres = np.where(rng.random(edges) < 0.05, 0.0, rng.uniform(0.5, 20.0, edges))
    return RouteGraph(
        features=tuple(f"d{i}" for i in range(10)) + tuple(f"r{i}" for i in range(5)),
        site_xyz=rng.uniform(0, 50, (nodes, 3)),
        node_kind=np.zeros(nodes, dtype=np.uint8),
        node_feature=np.full(nodes, NOWHERE, dtype=np.int32),
        edge_from=ends[:, 0].astype(np.int32),
        edge_to=ends[:, 1].astype(np.int32),
        edge_metres=metres,
        edge_seconds=metres / rng.choice([1.2, 0.9], edges),
        edge_mode=rng.choice([Mode.WALK, Mode.STAIRS, Mode.LIFT], edges).astype(np.uint8),
        edge_area=rng.integers(10, 15, edges).astype(np.int32),
        edge_via=np.where(rng.random(edges) < 0.3, rng.integers(0, 10, edges), NOWHERE).astype(np.int32),
    )


def reference(graph: RouteGraph, modes: tuple[Mode, ...], closed: frozenset[str], cost: str) -> nx.MultiGraph:
    known = nx.MultiGraph()
    known.add_nodes_from(range(len(graph.site_xyz)))
    length = {"metres": graph.edge_metres, "seconds": graph.edge_seconds}[cost]
    for i in range(len(graph.edge_from)):
        named = {graph.features[number] for number in (graph.edge_area[i], graph.edge_via[i]) if number >= 0}
        if graph.edge_mode[i] in [int(mode) for mode in modes] and not named & closed:
            known.add_edge(int(graph.edge_from[i]), int(graph.edge_to[i]), length=float(length[i]))
    return known


def cases() -> Iterator[tuple[int, int, int]]:
    for seed in range(12):
        yield seed, 30 + 10 * seed, 45 + 14 * seed


@pytest.mark.parametrize(("seed", "nodes", "edges"), list(cases()))
@pytest.mark.parametrize("cost", ["metres", "seconds"])
def test_every_way_is_as_short_as_networkx_finds_it(seed: int, nodes: int, edges: int, cost: str) -> None:
    graph = graph_of(np.random.default_rng(seed), nodes, edges)
    closed = frozenset({"d1", "d2", "r3"})
    expected = nx.multi_source_dijkstra_path_length(reference(graph, FOOT, closed, cost), {0, 1}, weight="length")
    tree = Ways.of(graph, is_open=graph.open_edges(modes=FOOT, closed=closed), cost=cost).from_nearest([0, 1])  # type: ignore[arg-type]
    reached = {node: float(tree.cost[node]) for node in range(nodes) if np.isfinite(tree.cost[node])}
    assert reached.keys() == expected.keys()
    assert reached == pytest.approx(expected, abs=1e-9)
    for node in range(nodes):
        path = tree.find_path(node)
        assert (path is None) == (node not in expected)
        if path is not None:
            assert getattr(path, cost) == pytest.approx(expected[node], abs=1e-9)
            assert path.nodes[0] == tree.source[node] in (0, 1)
            ends = {frozenset((int(graph.edge_from[e]), int(graph.edge_to[e]))) for e in path.edges}
            assert ends == {frozenset(pair) for pair in zip(path.nodes[:-1].tolist(), path.nodes[1:].tolist(), strict=True)}


@pytest.mark.parametrize("seed", range(4))
def test_there_is_as_far_as_back_and_a_closed_door_never_shortens(seed: int) -> None:
    graph = graph_of(np.random.default_rng(100 + seed), 40, 160)
    open_way = shortest(graph, 0, 5, modes=FOOT, cost="metres")
    back = shortest(graph, 5, 0, modes=FOOT, cost="metres")
    assert open_way is not None and back is not None
    assert open_way.metres == pytest.approx(back.metres)
    for door in graph.features:
        detour = shortest(graph, 0, 5, modes=FOOT, cost="metres", closed=[door])
        assert detour is None or detour.metres >= open_way.metres - 1e-9
        if detour is not None:
            named = {int(n) for e in detour.edges for n in (graph.edge_area[e], graph.edge_via[e])}
            assert graph.features.index(door) not in named


def test_joined_places_are_reached_over_straight_edges() -> None:
    graph = graph_of(np.random.default_rng(5), 10, 12)
    joined = graph.joined([[0.0, 0.0, 0.0], [3.0, 4.0, 0.0]], 9, [(10, 11)], 2.0)
    way = shortest(joined, 10, 11)
    assert way is not None
    assert (way.metres, way.seconds) == (5.0, 10.0)
    assert joined.node_kind[10:].tolist() == [9, 9]
    assert shortest(joined, 10, 0) is None
    assert joined.nbytes > graph.nbytes


def test_no_sources_reach_nothing() -> None:
    graph = graph_of(np.random.default_rng(5), 10, 12)
    tree = Ways.of(graph, is_open=graph.open_edges(modes=FOOT)).from_nearest([])
    assert not np.isfinite(tree.cost).any()
    assert tree.find_path(3) is None


@pytest.mark.parametrize("broken", ["edge_metres", "edge_to", "node_kind"])
def test_columns_that_make_no_graph_are_refused(broken: str) -> None:
    good = graph_of(np.random.default_rng(5), 10, 12)
    columns = {name: getattr(good, name) for name in RouteGraph.__slots__}
    columns[broken] = {
        "edge_metres": np.full(12, -1.0),
        "edge_to": np.full(12, 10, dtype=np.int32),
        "node_kind": np.zeros(9, dtype=np.uint8),
    }[broken]
    with pytest.raises(SpatialError):
        RouteGraph(**columns)
    with pytest.raises(SpatialError):
        Ways.of(good, is_open=np.zeros(12, dtype=bool)).path([0, 1])
