"""Shortest ways against networkx on the same explicit graph."""

from collections.abc import Iterator

import networkx as nx
import numpy as np
import pytest

from spatial.errors import SpatialError
from spatial.route import NOWHERE, Mode, RouteGraph
from spatial.ways import Ways, shortest

FOOT = (Mode.WALK, Mode.STAIRS)


def graph_of(rng: np.random.Generator, nodes: int, edges: int, *, one_way: bool = False) -> RouteGraph:
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
        edge_one_way=rng.choice([0, 0, 1, -1], edges).astype(np.int8) if one_way else np.zeros(edges, dtype=np.int8),
    )


def reference(graph: RouteGraph, modes: tuple[Mode, ...], closed: frozenset[str], cost: str) -> nx.MultiDiGraph:
    known = nx.MultiDiGraph()
    known.add_nodes_from(range(len(graph.site_xyz)))
    length = {"metres": graph.edge_metres, "seconds": graph.edge_seconds}[cost]
    for i in range(len(graph.edge_from)):
        named = {graph.features[number] for number in (graph.edge_area[i], graph.edge_via[i]) if number >= 0}
        if graph.edge_mode[i] in [int(mode) for mode in modes] and not named & closed:
            if graph.edge_one_way[i] >= 0:
                known.add_edge(int(graph.edge_from[i]), int(graph.edge_to[i]), length=float(length[i]))
            if graph.edge_one_way[i] <= 0:
                known.add_edge(int(graph.edge_to[i]), int(graph.edge_from[i]), length=float(length[i]))
    return known


def cases() -> Iterator[tuple[int, int, int]]:
    for seed in range(6):
        yield seed, 30 + 20 * seed, 45 + 28 * seed


@pytest.mark.parametrize(("seed", "nodes", "edges"), list(cases()))
@pytest.mark.parametrize("cost", ["metres", "seconds"])
@pytest.mark.parametrize("one_way", [False, True], ids=["both ways", "one way"])
def test_every_way_is_as_short_as_networkx_finds_it(seed: int, nodes: int, edges: int, cost: str, one_way: bool) -> None:
    graph = graph_of(np.random.default_rng(seed), nodes, edges, one_way=one_way)
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
            for a, b, edge in zip(path.nodes[:-1].tolist(), path.nodes[1:].tolist(), path.edges.tolist(), strict=True):
                ends = (int(graph.edge_from[edge]), int(graph.edge_to[edge]))
                assert ((a, b) == ends and graph.edge_one_way[edge] >= 0) or ((b, a) == ends and graph.edge_one_way[edge] <= 0)


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


@pytest.mark.parametrize("seed", range(6))
def test_closing_is_an_overlay_and_a_place_beside_the_graph_is_as_a_node_of_it(seed: int) -> None:
    rng = np.random.default_rng(200 + seed)
    graph = graph_of(rng, 50, 120, one_way=True)
    closed = frozenset({"d3", "r1"})
    ways = Ways.of(graph, is_open=graph.open_edges(modes=FOOT), cost="metres").without(graph.closed_edges(closed))
    links = rng.choice(50, 4, replace=False).astype(np.int32)
    lengths = rng.uniform(0.0, 9.0, 4)
    known = reference(graph, FOOT, closed, "metres")
    for node, metres in zip(links.tolist(), lengths.tolist(), strict=True):
        known.add_edge("beside", node, length=metres)
    expected = nx.single_source_dijkstra_path_length(known, "beside", weight="length")
    tree = ways.from_beside(links, lengths)
    assert {node: cost for node, cost in enumerate(tree.cost.tolist()) if np.isfinite(cost)} == pytest.approx(
        {node: cost for node, cost in expected.items() if node != "beside"}
    )
    for node in np.flatnonzero(np.isfinite(tree.cost)).tolist():
        path = tree.find_path(node)
        assert path is not None and path.nodes[0] in links and tree.source[path.nodes[0]] == path.nodes[0]
        assert path.metres + lengths[links.tolist().index(path.nodes[0])] == pytest.approx(tree.cost[node])
    near = ways.from_beside(links, lengths, limit=12.0).cost
    assert np.array_equal(np.isfinite(near), tree.cost <= 12.0)
    assert near[np.isfinite(near)].tolist() == tree.cost[np.isfinite(near)].tolist()


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
