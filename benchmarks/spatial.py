"""Questions of place at 2,000,000 assets and 70,000 rooms: locating in one call and through HTTP, ids of a 3D box beside a bare rtree;
pages of a filter in a box, full rows of a 3D box and assets by code through two workers, their memory and their first answers; assets
as of a day.

Rooms and assets are made as columns: turned buildings of ten storeys with 35 rooms each within 3 km, assets anywhere in them. The peers
run in the same process over the same boxes: one 2D tree of shapely with the exact test after it, and rtree in three dimensions.
For the assets the ledgers of a province are written and imported, and put into the rooms. `wrk` is wanted: apt-get install -y wrk.
Each section is a function of `Scene` that gives figures and bounds; more sections are added to `SECTIONS`.
"""

import random
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import rtree
import shapely
from lib.assets_as_of import BEGUN, as_of_limits, as_of_questions, change_since
from lib.assets_asked import ask_service, pages, rooms_in_3d, thousands_by_code, workers_memory
from lib.province import import_assets, stand_in_rooms
from lib.record import ROOT, arguments, keep, table
from lib.service import Service, serving, spread

sys.path.insert(0, str(ROOT))

from spatial.bodies import Bodies
from spatial.feature import Feature, FeatureId, Kind
from spatial.frame import Site, SiteFrame
from spatial.index import SpatialIndex
from spatial.points import Points
from spatial.source import Source
from spatial.whereabouts import Whereabouts

BUILDINGS, STOREYS, ACROSS, DEEP = 200, 10, 7, 5
ASSETS = 2_000_000
POINTS = 100_000
BOXES = 1_000
REPEATS = 5
SMOKE_LEDGER = 700
CODES = 50_000
BOX_HALVES_M = ((2.0, 2.0, 1.5), (5.0, 5.0, 2.0), (10.0, 10.0, 2.0))
SITE = Site(code="big", name="大", lon=119.2946, lat=26.0896, height_m=30.0, crs="EPSG:4549", geoid_separation_m=10.0, radius_m=4000.0)
Figures = list[dict[str, Any]]


@dataclass(frozen=True)
class Scene:
    """The rooms, their storeys and buildings (rows), assets, and points to ask about; site metres."""

    footprints: list[Any]
    z_ranges: Any
    room_storey: Any
    storey_building: Any
    outlines: list[Any]
    assets: Any
    points: Any

    @property
    def storey_ranges(self) -> Any:
        """Heights of the storeys."""
        low = np.tile(np.arange(STOREYS) * 3.6, len(self.outlines))
        return np.stack([low, low + 3.6], axis=1)


def main() -> None:
    """Run every section, print, keep."""
    options = arguments(__doc__, parts=("start", "as_of"))
    scene = make_scene(4 if options.smoke else BUILDINGS, 2_000 if options.smoke else ASSETS, 500 if options.smoke else POINTS)
    figures: Figures = []
    bounds: list[dict[str, Any]] = []
    only = {"start": (starts,), "as_of": (assets_as_of,)}
    for section in only.get(options.only, SECTIONS):
        found, limits = section(scene)
        figures += found
        bounds += limits
    table(figures, {"asked": "asked", "ours": "ours", "peer": "peer", "unit": "unit", "ratio": "ratio", "note": "note"})
    for bound in bounds:
        print("pass" if bound["passed"] else "FAIL", bound["bound"], bound["value"])
    if options.only:
        return
    keep("spatial", figures, bounds, smoke=options.smoke, note="rooms and assets synthesised as columns; see the script")


def make_scene(buildings: int, assets: int, points: int) -> Scene:
    """Buildings turned at random, 35 rooms a storey with 0.2 m walls between; assets in the rooms, points in and around them."""
    rng = np.random.default_rng(7)
    number = np.arange(ACROSS * DEEP)
    corner = np.stack([number % ACROSS * 6.0, number // ACROSS * 5.0], axis=1)
    ring = np.array([[0, 0], [5.8, 0], [5.8, 4.8], [0, 4.8]])
    plans = corner[:, None] + ring
    footprints: list[Any] = []
    outlines: list[Any] = []
    for i in range(buildings):
        angle, middle = rng.uniform(0, np.pi), np.array([i % 15 - 7, i // 15 - 7]) * 160.0 + rng.uniform(-30, 30, 2)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        footprints += list(shapely.polygons(plans @ turn.T + middle)) * STOREYS
        outlines.append(shapely.Polygon(np.array([[-0.3, -0.3], [42.1, -0.3], [42.1, 25.1], [-0.3, 25.1]]) @ turn.T + middle))
    storey = np.repeat(np.arange(buildings * STOREYS), len(number))
    low = storey % STOREYS * 3.6
    z_ranges = np.stack([low, low + 3.3], axis=1)
    middles = shapely.get_coordinates(shapely.centroid(np.array(footprints, dtype=object)))
    of_asset, of_point = rng.integers(0, len(footprints), assets), rng.integers(0, len(footprints), points)
    standing = np.column_stack([middles[of_asset] + rng.uniform(-2, 2, (assets, 2)), low[of_asset] + rng.uniform(0, 2, assets)])
    asked = np.column_stack([middles[of_point] + rng.normal(0, 2.5, (points, 2)), rng.uniform(0, 36, points)])
    return Scene(footprints, z_ranges, storey, np.repeat(np.arange(buildings), STOREYS), outlines, standing, asked)


def locate_in_process(scene: Scene) -> tuple[Figures, list[dict[str, Any]]]:
    """Room, storey, building and zone of every point in one call, exact; beside one 2D tree of shapely that finds the room alone."""
    before = psutil.Process().memory_info().rss
    started = time.perf_counter()
    where = whereabouts_of(scene)
    build_s = time.perf_counter() - started
    grown_mb = (psutil.Process().memory_info().rss - before) / 2**20
    tree = shapely.STRtree(scene.footprints)
    ours, peer = [], []
    for _ in range(REPEATS):
        ours.append(seconds(lambda: where.locate(scene.points)))
        peer.append(seconds(lambda: room_by_tree(tree, scene)))
    assert (room_by_tree(tree, scene) == where.locate(scene.points).room).all()
    rate, other = len(scene.points) / min(ours), len(scene.points) / min(peer)
    figures = [
        {"asked": "locate, exact", "ours": round(rate), "peer": round(other), "unit": "points/s", "ratio": round(rate / other, 2)},
        {"asked": "index of rooms", "ours": round(build_s, 2), "unit": "s", "note": f"{len(scene.footprints):,} rooms, {grown_mb:.0f} MB"},
    ]
    radius = np.full(len(scene.points), 0.5)
    within = len(scene.points) / min(seconds(lambda: where.locate(scene.points, radius)) for _ in range(2))
    figures.append({"asked": "locate, 0.5 m accuracy", "ours": round(within), "unit": "points/s"})
    return figures, [bound("locate >= 150,000 points/s in one call", round(rate), rate >= 150_000)]


def box_ids(scene: Scene) -> tuple[Figures, list[dict[str, Any]]]:
    """Ids of all assets and rooms in a box: ours is exact on the rooms' prisms, the peer has all boxes in one tree."""
    started = time.perf_counter()
    assets = Points.build(scene.assets)
    rooms = SpatialIndex.build([""] * len(scene.footprints), boxes_of(scene), scene.footprints, scene.z_ranges, revision="bench")
    build_s = time.perf_counter() - started
    boxes = np.concatenate([np.stack([scene.assets, scene.assets], axis=1), boxes_of(scene)])
    started = time.perf_counter()
    stream = (np.arange(len(boxes)), np.ascontiguousarray(boxes[:, 0]), np.ascontiguousarray(boxes[:, 1]))
    bare = rtree.index.Index(stream, properties=rtree.index.Property(dimension=3), interleaved=True)
    figures: Figures = [
        {"asked": "build for boxes", "ours": round(build_s, 2), "peer": round(time.perf_counter() - started, 2), "unit": "s"},
    ]
    limits = []
    rng = np.random.default_rng(9)
    for half in BOX_HALVES_M:
        ours, peer, found = [], [], 0
        for middle in scene.assets[rng.integers(0, len(scene.assets), BOXES)]:
            low, high = middle - half, middle + half
            started = time.perf_counter()
            theirs = list(bare.intersection((*low, *high)))
            peer.append((time.perf_counter() - started) * 1e6)
            started = time.perf_counter()
            mine = (assets.in_box(low, high), rooms.rows_within_box(low, high))
            ours.append((time.perf_counter() - started) * 1e6)
            assert len(mine[0]) + len(mine[1]) <= len(theirs)
            found += len(theirs)
        ratio = float(np.median(ours) / np.median(peer))
        size = " x ".join(f"{2 * side:g}" for side in half)
        note = f"{found / BOXES:.0f} ids, p99 {np.percentile(ours, 99):.0f} / {np.percentile(peer, 99):.0f} us"
        figures.append(
            {"asked": f"ids in {size} m", "ours": float(np.median(ours)), "peer": float(np.median(peer)), "unit": "us", "ratio": ratio}
            | {"note": note}
        )
        limits.append(bound(f"ids in {size} m within 1.5 x of the bare rtree (p50)", round(ratio, 2), ratio <= 1.5))
    return figures, limits


def locate_over_http(scene: Scene) -> tuple[Figures, list[dict[str, Any]]]:
    """The same rooms as features of a store behind `twin serve`: all points in one POST of JSON columns, answered as columns."""
    degrees = SiteFrame.of(SITE).to_lon_lat_height(scene.points)
    body = {"lon": degrees[:, 0].tolist(), "lat": degrees[:, 1].tolist(), "height_m": degrees[:, 2].tolist()}
    lon, lat, height = (float(value) for value in degrees[0])
    one = f"/spatial/locate?lon={lon!r}&lat={lat!r}&height_m={height!r}"
    with tempfile.TemporaryDirectory() as name:
        store_scene(Path(name), scene)
        with serving({"TWIN_HOME": name}) as port:
            service = Service(port)
            _, first_ms = service.ask(one)
            single = [service.ask(one)[1] for _ in range(50)]
            many = [service.ask("/spatial/locate", method="POST", body=body)[1] for _ in range(REPEATS)]
    rate = len(scene.points) / min(many) * 1000
    figures: Figures = [
        {"asked": "locate through HTTP, one POST", "ours": round(rate), "unit": "points/s", "note": f"{len(scene.points):,} points"},
        {"asked": "locate through HTTP, one point", "ours": spread(single)["p50_ms"], "unit": "ms", "note": f"first {first_ms:.0f} ms"},
    ]
    return figures, [bound("locate >= 50,000 points/s through HTTP", round(rate), rate >= 50_000)]


def starts(scene: Scene) -> tuple[Figures, list[dict[str, Any]]]:
    """First answers and memory of two workers alone, at the first start after the import and at the second."""
    smoke = len(scene.assets) < ASSETS
    figures: Figures = []
    with tempfile.TemporaryDirectory() as name:
        home = Path(name) / "home"
        store_scene(home, scene)
        import_assets(home, Path(name) / "ledgers", SMOKE_LEDGER if smoke else ASSETS, smoke=smoke)
        keys, _ = stand_in_rooms(home, scene.footprints, scene.z_ranges[:, 0])
        code = next(key for key in keys if key.isalnum() and key.isascii())
        for start in ("first start", "second start"):
            with ask_service(home, code) as (process, _, found):
                figures += [figure | {"note": start} for figure in found]
                held = workers_memory(process)
                figures.append({"asked": "memory of a worker (PSS)", "ours": max(held), "unit": "MB", "note": f"{start}, {held}"})
    return figures, first_limits(figures) + [bound("memory of a worker <= 600 MB", f["ours"], f["ours"] <= 600) for f in figures[4::5]]


def first_limits(figures: Figures) -> list[dict[str, Any]]:
    """Each first answer within 5 s of the start."""
    first = [(figure["asked"], figure["ours"]) for figure in figures if figure["asked"].startswith("first answer")]
    return [bound(f"{asked} <= 5 s", seconds, seconds <= 5) for asked, seconds in first]


def assets_over_http(scene: Scene) -> tuple[Figures, list[dict[str, Any]]]:
    """The same rooms with the asset ledger of a province in them, asked through two workers that demand a key."""
    smoke = len(scene.assets) < ASSETS
    with tempfile.TemporaryDirectory() as name:
        home = Path(name) / "home"
        store_scene(home, scene)
        import_assets(home, Path(name) / "ledgers", SMOKE_LEDGER if smoke else ASSETS, smoke=smoke)
        keys, xyz = stand_in_rooms(home, scene.footprints, scene.z_ranges[:, 0])
        codes = [key for key in keys if key.isalnum() and key.isascii()]
        with ask_service(home, codes[0]) as (process, service, figures):
            first = first_limits(figures)
            figures += pages(service, home, keys, xyz, SITE, times=20 if smoke else 200)
            figures += rooms_in_3d(service, xyz, SITE, times=20 if smoke else 500)
            figures += thousands_by_code(process, service, random.Random(5).sample(codes, min(len(codes), CODES)), smoke=smoke)
            workers = workers_memory(process)
    figures.append({"asked": "memory of a worker (PSS)", "ours": max(workers), "unit": "MB", "note": f"of {len(workers)}, after all that"})
    page, box, *rates = (figure["ours"] for figure in figures if figure["unit"] in ("ms", "requests/s"))
    limits = [
        bound("filter + bbox page of 1,000 p99 < 150 ms", page, page < 150),
        bound("3D box of a room, full rows, p99 < 10 ms", box, box < 10),
        *(bound("by code >= 3,000 requests/s from two workers", rate, rate >= 3_000) for rate in rates),
        bound("memory of a worker <= 600 MB", max(workers), max(workers) <= 600),
        *first,
    ]
    return figures, limits


def assets_as_of(scene: Scene) -> tuple[Figures, list[dict[str, Any]]]:
    """The same rooms and assets after a stock-take, a day's ledger and corrections, asked as of days before them."""
    smoke = len(scene.assets) < ASSETS
    with tempfile.TemporaryDirectory() as name:
        home, ledgers = Path(name) / "home", Path(name) / "ledgers"
        store_scene(home, scene)
        import_assets(home, ledgers, SMOKE_LEDGER if smoke else ASSETS, smoke=smoke, as_of=BEGUN)
        print(change_since(home, ledgers / "assets.csv", ledgers))
        keys, xyz = stand_in_rooms(home, scene.footprints, scene.z_ranges[:, 0])
        with ask_service(home, next(key for key in keys if key.isalnum() and key.isascii())) as (process, service, _):
            figures = as_of_questions(process, service, home, keys, xyz, SITE, times=8 if smoke else 100)
    return figures, [bound(text, value, value <= most) for text, value, most in as_of_limits(figures)]


SECTIONS: tuple[Callable[[Scene], tuple[Figures, list[dict[str, Any]]]], ...] = (
    locate_in_process,
    box_ids,
    locate_over_http,
    assets_over_http,
    assets_as_of,
)


def whereabouts_of(scene: Scene) -> Whereabouts:
    """The index that the service builds, from columns."""
    stacked = [outline for outline in scene.outlines for _ in range(STOREYS)]
    none = Bodies.build([], np.zeros((0, 2)))
    heights = np.tile([[-0.5, STOREYS * 3.6 + 1.0]], (len(scene.outlines), 1))
    return Whereabouts.build(
        Bodies.build(scene.footprints, scene.z_ranges),
        Bodies.build(stacked, scene.storey_ranges),
        Bodies.build(scene.outlines, heights),
        none,
        room_storey=scene.room_storey,
        room_building=scene.storey_building[scene.room_storey],
        storey_building=scene.storey_building,
    )


def room_by_tree(tree: Any, scene: Scene) -> Any:
    """Shapely's way: candidates of all storeys from one 2D tree with its exact predicate, then the heights; rooms do not overlap here."""
    point, room = tree.query(shapely.points(scene.points[:, :2]), predicate="intersects")
    z, ranges = scene.points[point, 2], scene.z_ranges[room]
    hit = (ranges[:, 0] <= z) & (z < ranges[:, 1])
    found = np.full(len(scene.points), -1, dtype=np.int64)
    found[point[hit]] = room[hit]
    return found


def boxes_of(scene: Scene) -> Any:
    """Boxes (n, 2, 3) of the rooms."""
    plan = shapely.bounds(np.array(scene.footprints, dtype=object)).reshape(-1, 2, 2)
    return np.concatenate([plan, scene.z_ranges[:, :, None]], axis=2)


def store_scene(home: Path, scene: Scene) -> None:
    """Buildings, storeys and rooms as one revision of a model without meshes."""
    from twin.settings import Settings
    from twin.store import NewRevision, Store

    source = Source(file="bench.ifc", sha256="b" * 64, entity="#1")
    features = [feature(f"b{i}", Kind.BUILDING, outline, (-0.5, 37.0), source) for i, outline in enumerate(scene.outlines)]
    for i, (low, high) in enumerate(scene.storey_ranges):
        building = f"b{scene.storey_building[i]}"
        features.append(feature(f"s{i}", Kind.STOREY, scene.outlines[scene.storey_building[i]], (low, high), source, building, building))
    for i, shape in enumerate(scene.footprints):
        storey = scene.room_storey[i]
        above = f"s{storey}", f"b{scene.storey_building[storey]}", f"s{storey}"
        features.append(feature(f"r{i}", Kind.SPACE, shape, tuple(scene.z_ranges[i]), source, *above))
    new = NewRevision(
        site=SITE.code, model_key="big", kind="bim", name="big", file="bench.ifc", who="bench", tool="bench", schema="IFC4", seconds=0.0,
        sha256="b" * 64, similarity=None, mesh_pack=None, georeference={"verdict": "placed"}, counts={},
    )  # fmt: skip
    with Store.open(Settings(home=home).database_url) as store:
        store.migrate()
        store.add_site(SITE, now=datetime.now(UTC))
        store.record_revision(new, features, {}, [], [], now=datetime.now(UTC))


def feature(
    local: str, kind: Kind, shape: Any, z: tuple[float, ...], source: Source, parent: str = "", building: str = "", storey: str = ""
) -> Feature:
    """A feature of the model `big`."""
    named = {name: FeatureId(f"big:{value}") for name, value in {"parent": parent, "building": building, "storey": storey}.items() if value}
    span = (float(z[0]), float(z[1]))
    classes = {Kind.BUILDING: "IfcBuilding", Kind.STOREY: "IfcBuildingStorey", Kind.SPACE: "IfcSpace"}
    return Feature(
        id=FeatureId(f"big:{local}"), kind=kind, class_name=classes[kind], source=source, name=local, footprint=shape, z_range=span, **named
    )


def bound(text: str, value: float, passed: bool) -> dict[str, Any]:
    """One bound of the issue."""
    return {"bound": text, "value": value, "passed": bool(passed)}


def seconds(call: Callable[[], Any]) -> float:
    """How long it takes."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
