"""Ways through real buildings: as short as networkx finds them on the explicit graph, and through no wall that trimesh cuts."""

from collections.abc import Callable
from typing import Any

import networkx as nx
import numpy as np
import pytest
import shapely
import trimesh

from spatial.route import Mode
from tests.twin.queries.conftest import RealStore
from twin.queries.place.shapes import Shapes
from twin.queries.routes import Closures, Network, route
from twin.queries.routes.columns import NodeKind

Find = Callable[[str], Network]
STEMS = ("ac11_institute_var2", "duplex_A_20110907")
RISER_M = 0.2
"""The first and last tread of a flight are met on the floor: their own height is climbed on the stairs."""
ABOVE_FLOOR_M = 0.3
FOOT = (Mode.WALK, Mode.STAIRS, Mode.LIFT, Mode.RAMP)


def explicit(network: Network, cost: str, closed: frozenset[str] = frozenset(), modes: tuple[Mode, ...] = FOOT) -> nx.DiGraph:
    """The columns of the graph, edge by edge, of parallel ones the shortest."""
    graph, known = network.graph, nx.DiGraph()
    known.add_nodes_from(range(graph.nodes))
    length = graph.edge_metres if cost == "metres" else graph.edge_seconds
    for a, b, weight, mode, area, via, way in zip(
        graph.edge_from.tolist(), graph.edge_to.tolist(), length.tolist(), graph.edge_mode.tolist(), graph.edge_area.tolist(),
        graph.edge_via.tolist(), graph.edge_one_way.tolist(), strict=True,
    ):  # fmt: skip
        if mode not in modes or any(number >= 0 and graph.features[number] in closed for number in (area, via)):
            continue
        for start, end, against in ((a, b, -1), (b, a, 1)):
            if way != against and weight < known.get_edge_data(start, end, {"weight": np.inf})["weight"]:
                known.add_edge(start, end, weight=weight)
    return known


def joined(network: Network, known: nx.DiGraph, room: str, per_metre: float) -> Any:
    """A node at the room's middle, joined to each of the room's nodes that lies in plain view of it."""
    nodes = network.rooms[room]
    at = shapely.point_on_surface(nodes.floor)
    xyz = np.array([at.x, at.y, nodes.room.floor_z])
    for node in nodes.nodes.tolist():
        there = network.graph.site_xyz[node]
        if nodes.floor.buffer(1e-6).covers(shapely.LineString([xyz[:2], there[:2]])):
            metres = float(np.linalg.norm(there - xyz))
            known.add_edge(("room", room), node, weight=metres * per_metre)
            known.add_edge(node, ("room", room), weight=metres * per_metre)
    return ("room", room)


@pytest.mark.parametrize("stem", STEMS)
@pytest.mark.parametrize("cost", ["metres", "seconds"])
def test_a_route_is_as_short_as_networkx_finds_it(real: Find, stem: str, cost: str) -> None:
    network = real(stem)
    rng = np.random.default_rng(21)
    rooms, doors = list(network.rooms), sorted({join.door.id for ways in network.buildings for join in ways.doors})
    per_metre = 1.0 if cost == "metres" else 1 / network.rules.speed.walk_m_per_s
    ways, none = 0, 0
    for turn in range(6):
        closed = frozenset(rng.choice(doors, 3, replace=False).tolist()) if turn % 2 else frozenset()
        known = explicit(network, cost, closed)
        places = {room: joined(network, known, room, per_metre) for room in rooms}
        start = rooms[int(rng.integers(len(rooms)))]
        lengths = nx.single_source_dijkstra_path_length(known, places[start], weight="weight")
        for end in rng.choice([room for room in rooms if room != start], 8, replace=False).tolist():
            found = route(network, start, end, cost=cost, closures=Closures.of(network, closed))  # type: ignore[arg-type]
            expected = lengths.get(places[end])
            assert (getattr(found, cost) is None) == (expected is None), (start, end, closed, found.reason)
            if expected is not None:
                ways += 1
                assert getattr(found, cost) == pytest.approx(expected, abs=1e-6), (start, end, closed)
                assert not closed & set(found.doors)
                line = np.linalg.norm(np.diff(found.site_xyz, axis=0), axis=1).sum()
                landings = 2 * sum(step.kind.startswith("stairs") for step in found.steps)
                assert found.metres is not None and line <= found.metres + landings * RISER_M + 1e-6
            else:
                none += 1
    assert ways > 15, (ways, none)


@pytest.mark.parametrize("stem", STEMS)
def test_no_edge_is_shorter_than_the_line_between_its_ends(real: Find, stem: str) -> None:
    graph = real(stem).graph
    straight = graph.site_xyz[graph.edge_from] - graph.site_xyz[graph.edge_to]
    tread = (graph.node_kind[graph.edge_from] == NodeKind.TREAD) ^ (graph.node_kind[graph.edge_to] == NodeKind.TREAD)
    assert (graph.edge_metres[~tread] >= np.linalg.norm(straight[~tread], axis=1) - 1e-9).all() and tread.any()
    assert (graph.edge_metres[tread] >= np.linalg.norm(straight[tread, :2], axis=1) - 1e-9).all()
    assert np.abs(straight[tread, 2]).max() < RISER_M


@pytest.mark.parametrize("stem", STEMS)
def test_no_step_on_a_floor_goes_through_a_wall(real: Find, real_store: RealStore, stem: str) -> None:
    """Each walked edge against the walls as trimesh cuts them 0.3 m above its floor: doors are gaps there, windows are not."""
    network = real(stem)
    graph, (store, settings) = network.graph, real_store(stem)
    shapes = Shapes.of(store, settings, store.list_sites()[0].code)
    rows = [row for row in store.features(store.list_sites()[0].code, None) if row.feature.class_name.startswith("IfcWall")]
    walls = [trimesh.Trimesh(**trimesh.triangles.to_kwargs(shapes.triangles(str(row.feature.id)))) for row in rows]
    ends = graph.site_xyz[np.column_stack([graph.edge_from, graph.edge_to])]
    floor = ends[:, :, 2].max(axis=1)
    tread = (graph.node_kind[graph.edge_from] == NodeKind.TREAD) | (graph.node_kind[graph.edge_to] == NodeKind.TREAD)
    indoors = (graph.edge_mode == Mode.WALK) & (graph.edge_area >= 0) & ~tread
    checked = through = beside = 0
    for level in np.unique(floor[indoors].round(2)).tolist():
        cut = shapely.union_all([area for wall in walls for area in section(wall, level + ABOVE_FLOOR_M)])
        mine = np.flatnonzero(indoors & (floor.round(2) == level))
        lines = shapely.linestrings(ends[mine][:, :, :2])
        inside = shapely.length(shapely.intersection(lines, cut))
        checked += len(mine)
        through += int((inside > 0.01).sum())
        beside += int((shapely.length(shapely.intersection(shapely.transform(lines, lambda at: at + 0.7), cut)) > 0.01).sum())
    assert checked > 200 and through == 0 < beside, "0.7 m beside it the same steps would go through walls"


def section(mesh: trimesh.Trimesh, z: float) -> list[Any]:
    """The polygons of a mesh at a height."""
    cut = mesh.section(plane_origin=[0, 0, z], plane_normal=[0, 0, 1])
    if cut is None:
        return []
    flat, _ = cut.to_2D(to_2D=np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, -z], [0, 0, 0, 1]], dtype=float))
    return list(flat.polygons_full)
