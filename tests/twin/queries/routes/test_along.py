"""The nearest of many along the way: against networkx on random layouts, and as far as the route to each on the demo compound."""

import networkx as nx
import numpy as np
import pytest
import shapely

from tests.twin.queries.routes.houses import flight, house, room
from tests.twin.queries.routes.test_compound import by_name
from tests.twin.queries.routes.test_layouts import OFF, PITCH, SIZE, Layout, centre, layout, reference
from twin.queries.routes import Candidates, Closures, Network, Search, find_place, nearest_along, route
from twin.queries.routes.along import rooms_at
from twin.queries.routes.closures import Zone
from twin.queries.routes.places import room_at


def spread(plan: Layout, seed: int, count: int) -> dict[str, tuple[tuple[int, int], tuple[float, float]]]:
    """Places anywhere on the free floors of the rooms."""
    rng = np.random.default_rng(seed)
    cells = list(plan.rooms)
    chosen = [cells[i] for i in rng.integers(0, len(cells), count)]
    spots = rng.uniform(OFF, SIZE - OFF, (count, 2)) + np.array(chosen) * PITCH
    return {f"s{i}": (cell, (float(xy[0]), float(xy[1]))) for i, (cell, xy) in enumerate(zip(chosen, spots, strict=True))}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("shut", [False, True], ids=["all open", "a door closed"])
def test_the_nearest_along_the_way_are_those_that_networkx_finds(seed: int, shut: bool) -> None:
    plan = layout(seed, likely=0.6)
    network = plan.network()
    spots = spread(plan, seed, 40)
    closed = frozenset({plan.doors[seed].id}) if shut else frozenset()
    graph = reference(plan, spots | {"start": ((1, 1), centre((1, 1))[:2])}, closed)
    lengths = nx.single_source_dijkstra_path_length(graph, "start", weight="length")
    search = Search(network, cost="metres", closures=Closures.of(network, closed))
    xyz = np.array([[*xy, 0.0] for _, xy in spots.values()] + [[500.0, 500.0, 0.0]])
    for count in (1, 7, 41):
        answer = nearest_along(search, find_place(network, centre((1, 1))), Candidates(xyz=xyz), count)
        reached = sorted((lengths[name], i) for i, name in enumerate(spots) if name in lengths)
        assert [one.metres for one in answer.found] == pytest.approx([metres for metres, _ in reached[:count]], abs=1e-6)
        assert [one.seconds for one in answer.found] == pytest.approx([metres / 1.19 for metres, _ in reached[:count]], abs=1e-6)
        assert {number for number, _ in answer.unreached} == {i for i, name in enumerate(spots) if name not in lengths} | {40}
        assert dict(answer.unreached)[40] == "apart"
    assert len(answer.found) + len(answer.unreached) == 41


def test_stairs_keep_a_wheelchair_off_and_the_answer_says_that_there_is_no_lift() -> None:
    network = house([room("hall", (0, 0, 12, 6)), room("gallery", (0, 0, 12, 6), 3.0)], stairs=[flight("s", 2.0, 2.0, 0.0, steps=19)])
    points = Candidates(xyz=np.array([[6.0, 5.0, 0.0], [6.0, 5.0, 3.0]]))
    start = find_place(network, (1.0, 1.0, 0.0))
    walked = nearest_along(Search(network), start, points, 2)
    assert [one.candidate for one in walked.found] == [0, 1] and walked.unreached == ()
    rolled = nearest_along(Search(network, "wheelchair"), start, points, 2)
    assert [one.candidate for one in rolled.found] == [0]
    assert [number for number, _ in rolled.unreached] == [1]
    answer = route(network, "hall", "gallery", mode="wheelchair")
    assert answer.reason == "no_exit", "the house has no door at all: nothing of it is reached"


def test_the_rooms_of_many_points_are_those_of_each(compound: Network) -> None:
    rng = np.random.default_rng(11)
    nodes = compound.graph.site_xyz[np.concatenate([one.nodes for one in compound.rooms.values()])]
    points = nodes[rng.integers(0, len(nodes), 400)] + rng.normal(0.0, 1.0, (400, 3))
    found = rooms_at(compound, points)
    one_by_one = [room_at(compound, point) for point in points]
    assert [name if name in compound.rooms else None for name in found] == one_by_one
    assert sum(name is not None for name in one_by_one) > 150


@pytest.mark.parametrize("travel", ["foot", "wheelchair", "car"])
def test_on_the_compound_each_is_as_far_as_the_route_to_it(compound: Network, travel: str) -> None:
    names = [by_name(compound, name) for name in ("304 会议室", "107 门厅", "B404 计划科", "B116 门厅", "H201 声控室", "801 办公室")
             if any(nodes.room.name == name for nodes in compound.rooms.values())]  # fmt: skip
    places = [find_place(compound, name) for name in names]
    road = compound.graph.site_xyz[compound.road_nodes[40]]
    begin = road.tolist() if travel == "car" else by_name(compound, "300 走廊")
    start = find_place(compound, begin, by_car=travel == "car")
    answer = nearest_along(Search(compound, travel), start, Candidates(xyz=np.array([place.xyz for place in places])), 9)  # type: ignore[arg-type]
    each = [route(compound, begin, name, mode=travel) for name in names]  # type: ignore[arg-type]
    expected = sorted((one.seconds, i) for i, one in enumerate(each) if one.seconds is not None)
    assert [one.seconds for one in answer.found] == pytest.approx([seconds for seconds, _ in expected], abs=1e-6)
    assert [one.candidate for one in answer.found] == [i for _, i in expected]
    assert dict(answer.unreached) == {i: one.reason for i, one in enumerate(each) if one.seconds is None}
    assert (len(answer.unreached) > 0) == (travel == "wheelchair")
    assert set(dict(answer.unreached).values()) <= {"no_lift"}


@pytest.mark.parametrize("shut", [False, True], ids=["all open", "a zone closed"])
def test_many_at_one_spot_out_of_doors_are_as_far_as_the_route_to_it(compound: Network, shut: bool) -> None:
    rng = np.random.default_rng(21)
    nodes = compound.surface_nodes[rng.choice(len(compound.surface_nodes), 8, replace=False)]
    spots = compound.graph.site_xyz[nodes] + np.column_stack([rng.normal(0.0, 1.0, (8, 2)), np.full(8, 0.5)])
    spots = np.vstack([spots, [[5000.0, 5000.0, 0.0]]])
    which = rng.integers(0, 9, 40)
    around = shapely.box(*(spots[0, :2] - 6.0), *(spots[0, :2] + 6.0))
    zones = [Zone(id="works", outline=around, z_range=(-np.inf, np.inf))] if shut else []
    closures = Closures.of(compound, (), zones)
    begin = by_name(compound, "300 走廊")
    answer = nearest_along(Search(compound, closures=closures), find_place(compound, begin), Candidates(xyz=spots[which]), 40)
    each = [route(compound, begin, spot.tolist(), closures=closures).seconds for spot in spots[:8]] + [None]
    expected = sorted((each[spot], number) for number, spot in enumerate(which.tolist()) if each[spot] is not None)
    assert [one.candidate for one in answer.found] == [number for _, number in expected]
    assert [one.seconds for one in answer.found] == pytest.approx([seconds for seconds, _ in expected], abs=1e-6)
    reason = "closed" if shut else "not_joined"
    assert dict(answer.unreached) == {
        number: "apart" if spot == 8 else reason for number, spot in enumerate(which.tolist()) if each[spot] is None
    }
    assert (each[0] is None) == shut and sum(seconds is not None for seconds in each) >= 6
