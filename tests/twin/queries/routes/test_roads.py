"""One-way roads and limits: a ring by hand, the whole graph against networkx, and what layers write of it."""

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from shapely.geometry import LineString

from spatial.route import Mode
from spatial.ways import Ways
from tests.twin.queries.routes.houses import door, house, room, way
from tests.twin.queries.routes.test_by_hand import GROUND
from twin.queries.routes import Network, route
from twin.queries.routes.roads import Direction, direction_of, driven_edges, speed_of
from twin.queries.routes.scene import Way

HALF = 3.0
CORNERS = [(-30.0, -40.0), (30.0, -40.0), (30.0, -10.0), (-30.0, -10.0)]


def road(name: str, a: tuple[float, float], b: tuple[float, float], direction: str, m_per_s: float | None = None) -> Way:
    line = LineString([a, b])
    outline = line.buffer(HALF, cap_style="square")
    return replace(way(name, "Road", outline.bounds), line=line, direction=direction, m_per_s=m_per_s)


def ring(direction: str) -> Network:
    """A ring of four roads drawn anticlockwise, the house north of its north side."""
    roads = [road(f"road {i}", CORNERS[i], CORNERS[(i + 1) % 4], direction, 10.0) for i in range(4)]
    return house([room("hall", (0, 0, 6, 6))], [door("out", 3.0, -0.1, (0, 1))], ways=roads, ground=GROUND)


def driven(network: Network) -> float:
    """Metres by car from the south side, 20 m west of the middle, to a place on it 20 m east of it."""
    answer = route(network, (-20.0, -40.0, 0.0), (20.0, -40.0, 0.0), mode="car", cost="seconds")
    assert answer.metres is not None
    return answer.metres


def test_a_one_way_ring_is_driven_round() -> None:
    assert driven(ring("ahead")) == pytest.approx(43.0, abs=4.0)
    assert driven(ring("both")) == pytest.approx(43.0, abs=4.0)
    round_it = driven(ring("back"))
    assert 120.0 < round_it < 145.0, "180 m round the ring less the 40 m that would be driven the other way, corners cut"


def test_what_a_layer_does_not_say_is_noted_of_the_roads_driven() -> None:
    notes = {note.kind: note.features for note in route(ring("unknown"), (-20.0, -40.0, 0.0), "hall", mode="car").notes}
    assert notes.keys() == {"direction_unknown"} and set(notes["direction_unknown"]) < {f"road {i}" for i in range(4)}
    told = route(ring("reversible"), (-20.0, -40.0, 0.0), "hall", mode="car").as_json()["notes"]
    assert [note["kind"] for note in told] == ["reversible"] and "潮汐" in told[0]["words"]["zh"]
    assert route(ring("both"), (-20.0, -40.0, 0.0), "hall", mode="car").notes == ()
    assert route(ring("unknown"), (-20.0, -40.0, 0.0), "hall").notes == ()


@pytest.mark.parametrize("direction", ["ahead", "back"])
def test_the_one_way_graph_is_as_short_as_networkx_finds_it(direction: str) -> None:
    network = ring(direction)
    graph = network.graph
    known = nx.MultiDiGraph()
    cars = np.flatnonzero(graph.edge_mode == Mode.CAR).tolist()
    for edge in cars:
        a, b, seconds = int(graph.edge_from[edge]), int(graph.edge_to[edge]), float(graph.edge_seconds[edge])
        known.add_edges_from(([(a, b)] if graph.edge_one_way[edge] >= 0 else []) + ([(b, a)] if graph.edge_one_way[edge] <= 0 else []))
        for pair in ((a, b), (b, a)):
            for key in known.get_edge_data(*pair, default={}):
                known.edges[*pair, key].setdefault("length", seconds)
    start = int(network.road_nodes[0])
    expected = nx.single_source_dijkstra_path_length(known, start, weight="length")
    tree = Ways.of(graph, is_open=graph.open_edges(modes=[Mode.CAR])).from_nearest([start])
    assert {n: cost for n, cost in enumerate(tree.cost.tolist()) if np.isfinite(cost)} == pytest.approx(expected)
    both_ways = int((graph.edge_one_way[cars] == 0).sum())
    assert 0 < both_ways < len(cars) / 2, "across the road and at junctions both ways, along it one"


def test_an_edge_along_a_one_way_road_goes_its_way_alone() -> None:
    roads = [road("east", (-30, 0), (30, 0), "ahead"), road("north", (0, -30), (0, 30), "both", 10.0)]
    xy = np.array([[-20.0, 0.0], [-10.0, 1.0], [-20.0, 2.0], [-2.0, 0.0], [2.0, 0.0], [0.0, 10.0], [0.0, 20.0]])
    pairs = np.array([[0, 1], [1, 0], [0, 2], [3, 4], [6, 5]], dtype=np.int32)
    found = driven_edges(xy, pairs, roads, 4.0)
    assert found.one_way.tolist() == [1, -1, 0, 0, 0]
    assert found.road.tolist() == [0, 0, 0, -1, 1]
    assert found.m_per_s.tolist() == [4.0, 4.0, 4.0, 10.0, 10.0]
    assert found.kept.all()
    against = [road("east", (-30, 0), (30, 0), "ahead"), road("west", (30, 20), (-30, 20), "ahead")]
    bent = driven_edges(np.array([[0.0, 2.0], [1.0, 18.0]]), np.array([[0, 1]], dtype=np.int32), against, 4.0)
    assert bent.kept.tolist() == [False], "east at its one end, west at its other: it cannot be driven"


@pytest.mark.parametrize(
    ("attributes", "direction"),
    [
        ({"oneway": "yes"}, Direction.AHEAD),
        ({"ONEWAY": True}, Direction.AHEAD),
        ({"oneway": -1}, Direction.BACK),
        ({"oneway": "no", "junction": "roundabout"}, Direction.BOTH),
        ({"junction": "roundabout"}, Direction.AHEAD),
        ({"oneway": "reversible"}, Direction.REVERSIBLE),
        ({"单行": "是"}, Direction.AHEAD),
        ({"oneway": "perhaps"}, Direction.UNKNOWN),
        ({"oneway": None, "kind": "院内道路"}, Direction.UNKNOWN),
    ],
)
def test_directions_as_layers_write_them(attributes: dict[str, object], direction: Direction) -> None:
    assert direction_of(attributes) is direction


@pytest.mark.parametrize(
    ("cell", "kmh"), [("30", 30.0), (15, 15.0), ("20 mph", 32.18688), ("40km/h", 40.0), ("walk", None), ("-5", None), (None, None)]
)
def test_limits_as_layers_write_them(cell: object, kmh: float | None) -> None:
    speed = speed_of({"maxspeed": cell})
    assert speed is None if kmh is None else speed == pytest.approx(kmh / 3.6)
