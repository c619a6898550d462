"""The demo's compound: every room reached or listed, ways between buildings, cars at gates."""

from collections import Counter

import networkx as nx
import numpy as np
import pytest

from spatial.route import Mode
from spatial.ways import Ways
from twin.queries.routes import Closures, Network, evacuation, nearest, route, unreached_rooms
from twin.queries.routes.columns import NodeKind


def by_name(network: Network, name: str) -> str:
    (found,) = (room for room, nodes in network.rooms.items() if nodes.room.name == name)
    return found


def test_every_room_of_the_demo_is_reached_or_listed(compound: Network) -> None:
    rooms = {room.id for building in compound.scene.buildings for room in building.rooms}
    assert Counter(building.id.split(":")[0] for building in compound.scene.buildings for _ in building.rooms) == {
        "tower": 222,
        "block": 71,
        "hall": 24,
    }
    answer = evacuation(compound)
    assert {*answer.rooms, *(row.room for row in answer.unreached)} == rooms
    assert {row.name: row.reason for row in answer.unreached} == {f"{n}L2 电梯井": "lift_shaft" for n in range(1, 13)}
    assert answer.unreached == unreached_rooms(compound)
    assert (answer.metres >= answer.door_metres).all() and (answer.door_metres > 0.8).all()
    assert 140 < answer.metres.max() < 170


def test_the_galleries_of_the_hall_are_floors_without_a_room(compound: Network) -> None:
    floors = [nodes.room for nodes in compound.rooms.values() if nodes.room.use == "floor"]
    assert sorted(floor.name for floor in floors) == ["廊座 E", "廊座 W"]
    assert all(nodes.room.outline.area < 30 for nodes in compound.rooms.values() if nodes.room.use == "floor")
    way = route(compound, by_name(compound, "H201 声控室"), by_name(compound, "H131 观众厅"))
    assert {"stairs_down"} <= {step.kind for step in way.steps}


def test_the_graph_is_as_short_as_networkx_finds_it(compound: Network) -> None:
    graph = compound.graph
    known = nx.Graph()
    outdoors = np.isin(graph.node_kind, (NodeKind.SURFACE, NodeKind.ROAD))
    indoors = np.isin(graph.edge_mode, (Mode.WALK, Mode.STAIRS)) & ~outdoors[graph.edge_from] & ~outdoors[graph.edge_to]
    for edge in np.flatnonzero(indoors).tolist():
        a, b, metres = int(graph.edge_from[edge]), int(graph.edge_to[edge]), float(graph.edge_metres[edge])
        if metres < known.get_edge_data(a, b, {"length": np.inf})["length"]:
            known.add_edge(a, b, length=metres)
    expected = nx.multi_source_dijkstra_path_length(known, set(compound.exits.tolist()), weight="length")
    ways = Ways.of(graph, is_open=indoors, cost="metres")
    cost = ways.from_nearest(compound.exits).cost
    assert {node: length for node, length in enumerate(cost.tolist()) if np.isfinite(length)} == pytest.approx(expected)


def test_ways_between_buildings_lead_out_and_in(compound: Network) -> None:
    way = route(compound, by_name(compound, "304 会议室"), by_name(compound, "B404 计划科"), cost="metres", lifts=False)
    kinds = [step.kind for step in way.steps]
    assert [kind for kind in kinds if kind in ("leave", "enter", "stairs_down", "stairs_up")] == [
        "stairs_down", "stairs_down", "leave", "enter", "stairs_up", "stairs_up", "stairs_up",
    ]  # fmt: skip
    assert way.metres is not None and 250 < way.metres < 420
    back = route(compound, by_name(compound, "B404 计划科"), by_name(compound, "304 会议室"), cost="metres", lifts=False)
    assert back.metres == pytest.approx(way.metres)
    storeys = [compound.scene.storey_names.get(storey or "") for storey in dict.fromkeys(way.storeys)]
    assert storeys == ["3F", "2F", "1F", None, "1F", "2F", "3F", "4F"]


def test_by_car_one_comes_in_by_the_gates_for_cars(compound: Network) -> None:
    lobby = by_name(compound, "107 门厅")
    gates = {way.id: way for way in compound.scene.ways if way.class_name == "Gate"}
    streets = [way.outline.centroid for way in compound.scene.ways if way.name == "湖东路"]
    start = min(streets, key=lambda point: abs(point.x - 200.0))
    z = compound.ground.find(np.array([start.x, start.y]))
    assert z is not None
    driven = route(compound, (start.x, start.y, z), lobby, mode="car")
    passed = [gates[name] for name in driven.doors if name in gates]
    assert passed and all("car" in gate.modes for gate in passed)
    shut = Closures.of(compound, [gate.id for gate in gates.values() if "car" in gate.modes])
    walked_in = route(compound, (start.x, start.y, z), lobby, mode="car", closures=shut)
    assert [gates[name].modes for name in walked_in.doors if name in gates] == [frozenset({"walk"})]
    closed = route(compound, (start.x, start.y, z), lobby, mode="car", closures=Closures.of(compound, list(gates)))
    assert closed.reason == "closed" and set(closed.closed_by) <= set(gates)
    assert not compound.detached


def test_the_gate_of_a_register_closes_the_gate_that_is_drawn(compound: Network) -> None:
    gates = {way.id: way.name for way in compound.scene.ways if way.class_name == "Gate"}
    road = compound.graph.site_xyz[compound.road_nodes]
    start = road[np.linalg.norm(road[:, :2] - [0.0, -190.0], axis=1).argmin()].tolist()
    lobby = by_name(compound, "107 门厅")
    free = route(compound, start, lobby, mode="car")
    assert [gates[name] for name in free.doors if name in gates] == ["南大门"]
    shut = route(compound, start, lobby, mode="car", closures=Closures.of(compound, ["gate:GATE-01"]))
    assert "南大门" not in [gates.get(name) for name in shut.doors]
    assert shut.seconds is not None and free.seconds is not None and shut.seconds > free.seconds


def test_the_fence_is_passed_at_gates_alone(compound: Network) -> None:
    graph = compound.graph
    gates = [way.id for way in compound.scene.ways if way.class_name == "Gate"]
    is_open = graph.open_edges(modes=(Mode.WALK, Mode.CAR), closed=gates)
    outdoors = np.isin(graph.node_kind, (NodeKind.SURFACE, NodeKind.ROAD))
    tree = Ways.of(graph, is_open=is_open).from_nearest(compound.exits)
    inside = graph.site_xyz[outdoors & np.isfinite(tree.cost), :2]
    assert len(inside) > 500
    assert np.abs(inside).max() < 175


def test_the_nearest_guard_is_the_nearest_along_the_way(compound: Network) -> None:
    guards = {"lobby": by_name(compound, "107 门厅"), "upstairs": by_name(compound, "300 走廊"), "block": by_name(compound, "B116 门厅")}
    answer = nearest(compound, by_name(compound, "304 会议室"), guards, 2)
    assert [one.id for one in answer.found] == ["upstairs", "lobby"]
    assert answer.found[1].metres == pytest.approx(route(compound, guards["lobby"], by_name(compound, "304 会议室")).metres, abs=1e-6)


def test_one_worker_can_hold_the_graph(compound: Network) -> None:
    graph = compound.graph
    assert graph.nbytes < 20_000_000
    assert graph.nbytes <= 38 * graph.edges + 29 * graph.nodes
