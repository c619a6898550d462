"""Ways in rooms against a visibility graph over all corners, drawn with shapely and searched by networkx."""

from itertools import combinations

import networkx as nx
import numpy as np
import pytest
import shapely
from shapely.geometry import LineString, Point, Polygon, box

from spatial.mesh import Float64
from spatial.walkable import free_floor, room_ways

ELL = Polygon([(0, 0), (10, 0), (10, 4), (4, 4), (4, 10), (0, 10)])


def brute_force(floor: Polygon, start: Float64, end: Float64) -> float:
    points = [tuple(start), tuple(end), *{point for ring in [floor.exterior, *floor.interiors] for point in ring.coords}]
    allowed = floor.buffer(1e-6, join_style="mitre")
    graph = nx.Graph()
    for a, b in combinations(points, 2):
        if allowed.covers(LineString([a, b])):
            graph.add_edge(a, b, length=float(np.hypot(a[0] - b[0], a[1] - b[1])))
    return float(nx.dijkstra_path_length(graph, points[0], points[1], weight="length"))


def ways_length(floor: Polygon, portals: Float64) -> tuple[float, Float64]:
    ways = room_ways(floor, portals)
    graph = nx.Graph()
    for a, b in ways.pairs.tolist():
        graph.add_edge(a, b, length=float(np.hypot(*(ways.xy[a] - ways.xy[b]))))
    return float(nx.dijkstra_path_length(graph, 0, 1, weight="length")), ways.xy[:2]


def random_room(rng: np.random.Generator) -> Polygon:
    """A star-shaped outline with columns taken out of it."""
    angle = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(6, 14)))
    radius = rng.uniform(4, 12, len(angle))
    room = Polygon(np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])).buffer(1.5, join_style="mitre")
    for _ in range(int(rng.integers(0, 5))):
        x, y = rng.uniform(-6, 6, 2)
        room = room.difference(box(x, y, x + rng.uniform(0.4, 2), y + rng.uniform(0.4, 2)))
    return max(shapely.get_parts(room), key=lambda part: part.area)


@pytest.mark.parametrize("seed", range(25))
def test_ways_round_corners_and_columns_are_the_shortest(seed: int) -> None:
    rng = np.random.default_rng(seed)
    floor = free_floor(random_room(rng))
    floor = max(shapely.get_parts(floor), key=lambda part: part.area)
    inside = [p for p in rng.uniform(-12, 12, (400, 2)) if floor.contains(Point(p))][:2]
    found, on = ways_length(floor, np.array(inside))
    assert on == pytest.approx(np.array(inside))
    assert found == pytest.approx(brute_force(floor, *on), abs=1e-5)


def test_an_ell_by_hand() -> None:
    floor = free_floor(ELL)
    assert floor.bounds == pytest.approx((0.25, 0.25, 9.75, 9.75))
    found, _ = ways_length(floor, np.array([[9.75, 2.0], [2.0, 9.75]]))
    assert found == pytest.approx(2 * np.hypot(9.75 - 3.75, 3.75 - 2.0))


def test_a_door_in_the_wall_is_drawn_onto_the_floor() -> None:
    ways = room_ways(free_floor(box(0, 0, 4, 3)), [[2.0, -0.1]])
    assert ways.xy[0] == pytest.approx([2.0, 0.25])
    assert ways.portals == 1
    assert len(ways.xy) == 5
    assert sorted(map(tuple, ways.pairs.tolist())) == [(0, 1), (0, 2), (0, 3), (0, 4)]
    assert not ways.reflex.any()


@pytest.mark.parametrize(("width", "off"), [(2.0, 0.25), (0.45, 0.15), (0.2, 0.05), (0.05, 0.0)])
def test_a_narrow_passage_stays_whole(width: float, off: float) -> None:
    dumbbell = shapely.union_all([box(0, 0, 4, 4), box(4, 2, 8, 2 + width), box(8, 0, 12, 4)])
    floor = free_floor(dumbbell)
    assert len(shapely.get_parts(floor)) == 1
    assert floor.bounds[0] == pytest.approx(off, abs=0.02)
