"""Random layouts of rooms against a graph drawn with shapely and searched by networkx; closures; one search against many."""

from dataclasses import dataclass, replace

import networkx as nx
import numpy as np
import pytest
from shapely.geometry import Point, box
from shapely.ops import nearest_points

from tests.twin.queries.routes.houses import door, house, room
from twin.errors import NotFound
from twin.queries.routes import Closures, Network, Zone, evacuation, nearest, route, unreached_rooms
from twin.queries.routes.scene import Door, Room

SIZE, GAP, OFF = 5.0, 0.8, 0.25
PITCH = SIZE + GAP


@dataclass(frozen=True)
class Layout:
    """A block of square rooms, 0.8 m apart, some joined by doors in the gaps, some with a door to the outside."""

    rooms: dict[tuple[int, int], Room]
    doors: list[Door]
    joins: dict[str, tuple[tuple[int, int], tuple[int, int] | None]]

    def network(self) -> Network:
        return house(list(self.rooms.values()), self.doors)


def layout(seed: int, across: int = 4, deep: int = 3, likely: float = 0.7) -> Layout:
    rng = np.random.default_rng(seed)
    cells = [(i, j) for i in range(across) for j in range(deep)]
    rooms = {(i, j): room(f"r{i}{j}", (i * PITCH, j * PITCH, i * PITCH + SIZE, j * PITCH + SIZE)) for i, j in cells}
    doors: list[Door] = []
    joins: dict[str, tuple[tuple[int, int], tuple[int, int] | None]] = {}
    for i, j in cells:
        along = rng.uniform(0.6, SIZE - 0.6)
        if i + 1 < across and rng.random() < likely:
            name = f"d{i}{j}e"
            doors.append(door(name, i * PITCH + SIZE + GAP / 2, j * PITCH + along, (1, 0)))
            joins[name] = ((i, j), (i + 1, j))
        if j + 1 < deep and rng.random() < likely:
            name = f"d{i}{j}n"
            doors.append(door(name, i * PITCH + along, j * PITCH + SIZE + GAP / 2, (0, 1)))
            joins[name] = ((i, j), (i, j + 1))
        if j == 0 and (i == 0 or rng.random() < 0.3):
            name = f"x{i}{j}"
            doors.append(door(name, i * PITCH + along, -0.1, (0, 1)))
            joins[name] = ((i, j), None)
    return Layout(rooms, doors, joins)


def reference(plan: Layout, spots: dict[str, tuple[tuple[int, int], tuple[float, float]]], shut: frozenset[str] = frozenset()) -> nx.Graph:
    """Doors, spots and the outside of each outer door; in a convex room all is straight from where its floor is nearest."""
    graph = nx.Graph()
    held: dict[tuple[int, int], list[tuple[str, Point]]] = {cell: [] for cell in plan.rooms}
    for one in plan.doors:
        if one.id in shut:
            continue
        for cell in plan.joins[one.id]:
            if cell is not None:
                i, j = cell
                floor = box(i * PITCH + OFF, j * PITCH + OFF, i * PITCH + SIZE - OFF, j * PITCH + SIZE - OFF)
                entry = nearest_points(floor, Point(one.middle))[0]
                graph.add_edge(one.id, f"{one.id}/{cell}", length=entry.distance(Point(one.middle)))
                held[cell].append((f"{one.id}/{cell}", entry))
        if plan.joins[one.id][1] is None:
            graph.add_edge(one.id, f"out {one.id}", length=0.05 + 0.8)
    for name, (cell, xy) in spots.items():
        held[cell].append((name, Point(xy)))
    for inside in held.values():
        for number, (name, point) in enumerate(inside):
            graph.add_node(name)
            for other, there in inside[:number]:
                graph.add_edge(name, other, length=point.distance(there))
    return graph


def centre(cell: tuple[int, int]) -> tuple[float, float, float]:
    return (cell[0] * PITCH + 1.5, cell[1] * PITCH + 3.1, 0.0)


@pytest.mark.parametrize("seed", range(6))
def test_routes_between_rooms_are_as_short_as_networkx_finds_them(seed: int) -> None:
    plan = layout(seed)
    network = plan.network()
    graph = reference(plan, {f"spot {cell}": (cell, centre(cell)[:2]) for cell in plan.rooms})
    lengths = nx.single_source_dijkstra_path_length(graph, "spot (0, 0)", weight="length")
    for cell in plan.rooms:
        found = route(network, centre((0, 0)), centre(cell), cost="metres")
        if f"spot {cell}" not in lengths:
            assert (found.metres, found.reason is not None) == (None, True)
            continue
        assert found.metres == pytest.approx(lengths[f"spot {cell}"], abs=1e-6)
        assert found.seconds == pytest.approx(lengths[f"spot {cell}"] / 1.19, abs=1e-6)
        assert np.linalg.norm(np.diff(found.site_xyz, axis=0), axis=1).sum() == pytest.approx(found.metres, abs=1e-6)
        assert sum(step.metres for step in found.steps) == pytest.approx(found.metres)
        back = route(network, centre(cell), centre((0, 0)), cost="metres")
        assert back.metres == pytest.approx(found.metres)
        assert back.doors == found.doors[::-1]


@pytest.mark.parametrize("seed", range(3))
def test_closing_a_door_lengthens_the_way_or_ends_it_and_is_named(seed: int) -> None:
    plan = layout(seed, likely=0.85)
    network = plan.network()
    ends = centre((0, 0)), centre((3, 2))
    free = route(network, *ends, cost="metres")
    assert free.metres is not None and free.reason is None
    for one in plan.doors:
        shut = route(network, *ends, cost="metres", closures=Closures.of(network, [one.id]))
        spots = {"a": ((0, 0), ends[0][:2]), "b": ((3, 2), ends[1][:2])}
        expected = nx.Graph(reference(plan, spots, frozenset({one.id})))
        if shut.metres is None:
            assert not nx.has_path(expected, "a", "b")
            assert (shut.reason, shut.closed_by) == ("closed", (one.id,))
            assert one.id in free.doors
        else:
            assert one.id not in shut.doors
            assert shut.metres == pytest.approx(nx.dijkstra_path_length(expected, "a", "b", weight="length"), abs=1e-6)
            assert shut.metres >= free.metres - 1e-9


@pytest.mark.parametrize("seed", range(6))
def test_the_way_out_of_each_room_in_one_search_is_that_of_each_corner_by_itself(seed: int) -> None:
    plan = layout(seed)
    network = plan.network()
    corners = {
        f"{i}{j} {x} {y}": ((i, j), (i * PITCH + x, j * PITCH + y))
        for i, j in plan.rooms
        for x in (OFF, SIZE - OFF)
        for y in (OFF, SIZE - OFF)
    }
    graph = reference(plan, corners)
    out = {f"out {one.id}" for one in plan.doors if plan.joins[one.id][1] is None}
    lengths = nx.multi_source_dijkstra_path_length(graph, out, weight="length")
    answer = evacuation(network)
    rows = dict(zip(answer.rooms, zip(answer.metres, answer.door_metres, strict=True), strict=True))
    for (i, j), one in plan.rooms.items():
        mine = [lengths.get(name) for name, (cell, _) in corners.items() if cell == (i, j)]
        if None in mine:
            assert one.id in {row.room for row in answer.unreached}
            continue
        entries = [length for name, length in lengths.items() if name.endswith(f"/({i}, {j})")]
        assert rows[one.id] == pytest.approx((max(mine), min(entries)), abs=1e-6)  # type: ignore[type-var]
    assert {*answer.rooms, *(row.room for row in answer.unreached)} == {one.id for one in plan.rooms.values()}
    assert all(leaving.startswith("x") for leaving in answer.exits)


def test_the_nearest_guards_are_those_of_a_route_to_each() -> None:
    plan = layout(1)
    network = plan.network()
    guards = {f"g{i}{j}": centre((i, j)) for i, j in plan.rooms} | {"far": (500.0, 500.0, 0.0)}
    answer = nearest(network, centre((1, 1)), guards, 4, cost="metres")
    each = {name: route(network, centre((1, 1)), place, cost="metres").metres for name, place in guards.items() if name != "far"}
    expected = sorted((metres, name) for name, metres in each.items() if metres is not None)[:4]
    assert [(one.metres, one.id) for one in answer.found] == [(pytest.approx(metres), name) for metres, name in expected]
    assert answer.apart == ("far",)
    assert set(answer.unreached) == {name for name, metres in each.items() if metres is None}
    assert answer.as_json()["found"][0]["id"] == "g11"


def test_a_closed_zone_or_room_is_gone_round() -> None:
    rooms = [room(f"r{i}{j}", (i * PITCH, j * PITCH, i * PITCH + SIZE, j * PITCH + SIZE)) for i in (0, 1) for j in (0, 1)]
    middle = SIZE + GAP / 2
    doors = [door("south", middle, 2.5, (1, 0)), door("north", middle, PITCH + 2.5, (1, 0)),
             door("west", 2.5, middle, (0, 1)), door("east", PITCH + 2.5, middle, (0, 1))]  # fmt: skip
    network = house(rooms, doors)
    assert route(network, "r00", "r10").doors == ("south",)
    zone = Zone(id="z", outline=box(SIZE, 0, PITCH, SIZE), z_range=(0.0, 3.0))
    assert route(network, "r00", "r10", closures=Closures.of(network, zones=[zone])).doors == ("west", "north", "east")
    above = Zone(id="z", outline=box(SIZE, 0, PITCH, SIZE), z_range=(3.0, 6.0))
    assert route(network, "r00", "r10", closures=Closures.of(network, zones=[above])).doors == ("south",)
    cut = route(
        network, "r00", "r11", closures=Closures.of(network, ["r10"], [Zone(id="y", outline=box(0, SIZE, SIZE, PITCH), z_range=(0, 3))])
    )
    assert (cut.metres, cut.reason) == (None, "closed")
    assert set(cut.closed_by) & {"r10", "y"}
    assert unreached_rooms(network)[0].reason == "storey_without_stairs"


def test_a_zone_of_a_register_is_closed_by_its_id_and_what_cannot_be_closed_is_refused() -> None:
    rooms = [room(f"r{i}", (i * PITCH, 0, i * PITCH + SIZE, SIZE)) for i in (0, 1)]
    network = house(rooms, [door("between", SIZE + GAP / 2, 2.5, (1, 0))])
    zone = box(SIZE - 0.5, 0, SIZE, SIZE), (-1.0, 3.0)
    network = replace(network, scene=replace(network.scene, areas={"zone:Z": zone}, names={"camera:C": "C", **network.scene.names}))
    cut = route(network, "r0", "r1", closures=Closures.of(network, ["zone:Z"]))
    assert (cut.metres, cut.reason, cut.closed_by) == (None, "closed", ("zone:Z",))
    with pytest.raises(NotFound):
        Closures.of(network, ["camera:C"])
