"""Ways through the demo compound: first network, routes between rooms, nearest along the way, the way out of all rooms; in process and
through HTTP. Beside it in the same run: networkx's Dijkstra and the bare search of scipy over the same graph, whose lengths must agree.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
from lib.record import ROOT, arguments, keep, table
from lib.service import Service, serving, spread
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

sys.path.insert(0, str(ROOT))

ROUTES, PEER_ROUTES, REPEATS = 200, 10, 5
BOUNDS = {
    "first network <= 10 s": ("network", "s", 10.0),
    "route p99 <= 50 ms in process": ("route between rooms, p99", "ms", 50.0),
    "route with a door closed p99 <= 60 ms in process": ("route with a door closed, p99", "ms", 60.0),
    "way out of all rooms <= 0.5 s": ("way out of all rooms", "ms", 500.0),
    "route p99 <= 100 ms through HTTP": ("route through HTTP, p99", "ms", 100.0),
    "nearest 8 assets along the way p99 <= 500 ms through HTTP": ("nearest 8 assets along the way through HTTP, p99", "ms", 500.0),
}
Figures = list[dict[str, Any]]


def main() -> None:
    """Make the demo, ask, print, keep."""
    options = arguments(__doc__)
    with tempfile.TemporaryDirectory() as name:
        home = make_home(Path(name), smoke=options.smoke)
        count = 10 if options.smoke else ROUTES
        figures, network, rooms = in_process(home, count)
        figures += beside_peers(network, rooms, 3 if options.smoke else PEER_ROUTES)
        figures += through_http(home, network, rooms, count)
    table(figures, {"asked": "asked", "ours": "ours", "peer": "networkx", "bare": "scipy", "unit": "unit", "note": "note"})
    value = {row["asked"]: row["ours"] for row in figures}
    bounds = [{"bound": text, "value": value[row], "passed": value[row] <= most} for text, (row, _, most) in BOUNDS.items()]
    for asked, share in (("one search, p50", 1.0), ("one search from all exits", 0.1)):
        row = next(row for row in figures if row["asked"] == asked)
        ratio = round(row["ours"] / row["peer"], 3)
        bounds.append({"bound": f"{asked}: at most {share:g} of networkx", "value": ratio, "passed": ratio <= share})
    for bound in [] if options.smoke else bounds:
        print("pass" if bound["passed"] else "FAIL", bound["bound"], bound["value"])
    keep("routes", figures, [] if options.smoke else bounds, smoke=options.smoke, note="the demo compound")


def make_home(folder: Path, *, smoke: bool) -> Path:
    """The home of the demo compound; for a smoke run of one small office."""
    from sight import make_home as made

    made(folder, smoke=smoke)
    return folder / "home"


def in_process(home: Path, count: int) -> tuple[Figures, Any, list[str]]:
    """The network and questions of it, as Python calls."""
    from twin.queries.routes import Closures, evacuation, open_network, route
    from twin.settings import Settings
    from twin.store import Store

    settings = Settings(home=home)
    with Store.open(settings.database_url) as store:
        site = store.list_sites()[0].code
        started = time.perf_counter()
        network = open_network(store, settings, site, None)
        build_s = time.perf_counter() - started
    graph = network.graph
    rooms = [name for name, nodes in network.rooms.items() if not nodes.room.use]
    pairs = random_pairs(rooms, count)
    first_ms = timed(route, network, *pairs[0])
    ways = [(timed(route, network, *pair), route(network, *pair)) for pair in pairs]
    shut = Closures.of(network, next(way.doors for _, way in ways if way.doors)[:1])
    closed = [timed(partial(route, closures=shut), network, *pair) for pair in pairs]
    out = min(timed(evacuation, network) for _ in range(REPEATS))
    size = f"{graph.nodes:,} nodes, {graph.edges:,} edges, {graph.nbytes / 2**20:.1f} MB"
    figures: Figures = [
        {"asked": "network", "ours": round(build_s, 2), "unit": "s", "note": f"read and built; {size}"},
        {"asked": "first route", "ours": round(first_ms, 1), "unit": "ms", "note": "makes the search ready"},
        *percentiles(
            "route between rooms", [ms for ms, _ in ways], f"{np.median([way.metres or 0 for _, way in ways]):.0f} m at the median"
        ),
        *percentiles("route with a door closed", closed, "another overlay each time"),
        {"asked": "way out of all rooms", "ours": round(out, 1), "unit": "ms", "note": f"{len(network.rooms)} rooms"},
    ]
    return figures, network, rooms


def beside_peers(network: Any, rooms: list[str], count: int) -> Figures:
    """The search alone from one room's node to another's on foot: ours with its limit, networkx to the target, scipy to all."""
    from spatial.route import Mode
    from twin.queries.routes import Search, find_place

    graph = network.graph
    known = nx.Graph()
    walked = np.flatnonzero(graph.edge_mode != Mode.CAR).tolist()
    for edge in walked:
        a, b, seconds = int(graph.edge_from[edge]), int(graph.edge_to[edge]), float(graph.edge_seconds[edge])
        if seconds < known.get_edge_data(a, b, {"weight": np.inf})["weight"]:
            known.add_edge(a, b, weight=seconds)
    starts, ends, weights = (np.array(column) for column in zip(*known.edges.data("weight"), strict=True))
    matrix = csr_array((np.tile(weights, 2), (np.append(starts, ends), np.append(ends, starts))), shape=(graph.nodes, graph.nodes))
    search = Search(network)
    ours, peer, bare = [], [], []
    for a, b in random_pairs(rooms, count):
        start, end = (int(network.rooms[name].entries[0]) for name in (a, b))
        places = [find_place(network, graph.site_xyz[node].tolist()) for node in (start, end)]
        ours.append(timed(search.find, *places))
        peer.append(timed(nx.dijkstra_path_length, known, start, end))
        bare.append(timed(partial(dijkstra, indices=start), matrix))
        expected = nx.dijkstra_path_length(known, start, end)
        assert search.arrive(search.reach(places[0]), places[1])[0] <= expected + 1e-6
        assert abs(dijkstra(matrix, indices=start)[end] - expected) < 1e-6
    tree = timed(nx.multi_source_dijkstra_path_length, known, set(network.exits.tolist()))
    middle = {name: round(float(np.median(column)), 2) for name, column in (("ours", ours), ("peer", peer), ("bare", bare))}
    note = "to one place; scipy to all nodes, without a path"
    return [
        {"asked": "one search, p50", **middle, "unit": "ms", "note": note},
        {"asked": "one search from all exits", "ours": round(timed(whole, network), 2), "peer": round(tree, 1), "unit": "ms"},
    ]


def whole(network: Any) -> Any:
    """Ways from the exits to every node."""
    from twin.queries.routes.search import modes_of

    return network.searches.ways(modes_of("foot"), "seconds").from_nearest(network.exits)


def through_http(home: Path, network: Any, rooms: list[str], count: int) -> Figures:
    """The same through `twin serve`, one client, one kept connection."""
    from spatial.frame import SiteFrame
    from twin.settings import Settings
    from twin.store import Store

    with Store.open(Settings(home=home).database_url) as store:
        frame = SiteFrame.of(store.list_sites()[0])
    middles = frame.to_lon_lat_height([network.graph.site_xyz[network.rooms[name].nodes[0]] + [0.0, 0.0, 1.0] for name in rooms])
    with serving({"TWIN_HOME": str(home)}) as port:
        service = Service(port)
        pairs = random_pairs(rooms, count)
        _, first_ms = service.ask(way_of(pairs[0]))
        ways = [service.ask(way_of(pair))[1] for pair in pairs]
        near = [service.ask(near_of(middles[i % len(rooms)]))[1] for i in range(1, 1 + max(5, count // 10))]
        out = [service.ask("/spatial/evacuation")[1] for _ in range(REPEATS)]
    return [
        {"asked": "first route through HTTP", "ours": round(first_ms), "unit": "ms", "note": "builds the network"},
        *percentiles("route through HTTP", ways, ""),
        *percentiles("nearest 8 assets along the way through HTTP", near, "of all assets of the site"),
        {"asked": "way out of all rooms through HTTP", "ours": round(min(out), 1), "unit": "ms"},
    ]


def way_of(pair: tuple[str, str]) -> str:
    """The address of a route."""
    return f"/spatial/route?from={pair[0]}&to={pair[1]}"


def near_of(point: Any) -> str:
    """The address of the nearest assets."""
    lon, lat, height = (float(one) for one in point)
    return f"/spatial/nearest?lon={lon!r}&lat={lat!r}&height_m={height!r}&kind=asset&k=8&along=walking"


def random_pairs(rooms: list[str], count: int) -> list[tuple[str, str]]:
    """So many pairs of different rooms, always the same."""
    order = np.random.default_rng(12)
    return [(rooms[a], rooms[b]) for a, b in (order.choice(len(rooms), 2, replace=False) for _ in range(count))]


def percentiles(asked: str, milliseconds: list[float], note: str) -> Figures:
    """A row each for the median and the 99th percentile."""
    values = spread(milliseconds)
    rows = [{"asked": f"{asked}, {name}", "ours": values[f"{name}_ms"], "unit": "ms"} for name in ("p50", "p99")]
    return [{**rows[0], "note": note}, rows[1]]


def timed(ask: Callable[..., Any], *given: Any) -> float:
    """Milliseconds that a call takes."""
    started = time.perf_counter()
    ask(*given)
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    main()
