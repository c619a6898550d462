"""The demo's cameras, posts, gates, zones and fence in the scene, on three seeds: all there, and looking at what they should."""

import math
import re

import pyproj
import pytest
import shapely

from spatial.feature import DEVICES, Feature, Kind
from tests.twin.imports.tie.conftest import TiedDemo
from twin.demo.siteplan import GATES, PERIMETER, to_grid
from twin.store import Store

TO_DEGREES = pyproj.Transformer.from_crs("EPSG:4549", "EPSG:4490", always_xy=True)
GEOD = pyproj.Geod(ellps="GRS80")
CAMERAS, POSTS = 60, 30
FILES = {"camera": ("cameras.csv", "cameras_platform.csv"), "zone": ("zones.csv",), "perimeter_segment": ("perimeter.csv",)}


def features(store: Store, kind: Kind) -> dict[str, Feature]:
    """Name → feature."""
    return {str(row.feature.name): row.feature for row in store.features("pingshan", None, kinds={kind})}


def degrees(u: float, v: float) -> tuple[float, float]:
    lon, lat = TO_DEGREES.transform(*to_grid(u, v))
    return float(lon), float(lat)


def place(feature: Feature) -> tuple[float, float]:
    position = feature.properties["position"]
    return position["lon"], position["lat"]


def test_what_has_no_place_was_planted_and_everything_else_is_there(demo: TiedDemo, store: Store) -> None:
    counts = {kind: count for kind, count in store.counts("pingshan", None).items() if kind in DEVICES}
    assert (counts[Kind.CAMERA], counts[Kind.GUARD_POST], counts[Kind.GATE]) == (CAMERAS, POSTS, len(GATES))
    for kind, files in (
        ("camera", ("cameras.csv", "cameras_platform.csv")),
        ("zone", ("zones.csv",)),
        ("perimeter_segment", ("perimeter.csv",)),
    ):
        keys = {row[0] for row in demo.rows(f"select key from {kind}")}
        placed = {row.feature.id.split(":", 1)[1] for row in store.features("pingshan", None, kinds={Kind(kind)})}
        planted = {item["key"] for item in demo.truth["planted"] if item["file"] in files}
        assert placed <= keys
        assert keys - placed <= planted


def test_cameras_of_gates_look_at_their_gate(demo: TiedDemo, store: Store) -> None:
    looked = 0
    for name, camera in features(store, Kind.CAMERA).items():
        gate = next((gate for gate in GATES if re.fullmatch(f"{gate.name}[入出]口", name)), None)
        if gate is None or "heading_deg" not in camera.properties["device"]:
            continue
        heading, away_m = _bearing(place(camera), degrees(gate.u, gate.v))
        device = camera.properties["device"]
        half = math.degrees(math.atan(device["sensor_width_mm"] / 2 / device["focal_length_mm"]))
        assert abs((device["heading_deg"] - heading + 180) % 360 - 180) < half
        assert away_m < device["view_range_m"]
        assert device["tilt_deg"] < 0
        looked += 1
    assert looked >= 6


def test_cameras_along_the_fence_are_on_its_inner_side_and_look_along_it(store: Store) -> None:
    fence = shapely.LinearRing([to_grid(u, v) for u, v in PERIMETER])
    inside = shapely.Polygon(fence)
    along = [camera for name, camera in features(store, Kind.CAMERA).items() if name.startswith("周界")]
    assert len(along) >= 15
    for camera in along:
        east, north = TO_DEGREES.transform(*place(camera), direction="INVERSE")
        assert inside.contains(shapely.Point(east, north))
        assert fence.distance(shapely.Point(east, north)) < 3.0
        if "heading_deg" in camera.properties["device"]:
            turn = math.radians(camera.properties["device"]["heading_deg"])
            ahead = shapely.Point(east + 20 * math.sin(turn), north + 20 * math.cos(turn))
            assert fence.distance(ahead) < 4.0


def test_cameras_indoors_hang_in_the_room_that_they_name_below_its_ceiling(store: Store) -> None:
    indoors = [camera for camera in features(store, Kind.CAMERA).values() if camera.properties["position"]["method"] == "room"]
    assert len(indoors) >= 15
    for camera in indoors:
        room = store.get_feature(str(camera.space), None).feature
        assert str(room.name) in str(camera.name)
        assert room.footprint.covers(camera.footprint)
        assert camera.z_range[0] - room.z_range[0] == pytest.approx(2.8)
        assert camera.z_range[0] < room.z_range[1]


def test_the_fence_is_whole_but_for_its_gates(demo: TiedDemo, store: Store) -> None:
    pieces = features(store, Kind.PERIMETER_SEGMENT).values()
    length = sum(piece.footprint.length for piece in pieces)
    round_m = shapely.LinearRing([to_grid(u, v) for u, v in PERIMETER]).length
    assert length == pytest.approx(round_m - sum(gate.width_m for gate in GATES), rel=2e-3)
    for gate in features(store, Kind.GATE).values():
        assert min(piece.footprint.distance(gate.footprint) for piece in pieces) < 0.1


def _bearing(start: tuple[float, float], end: tuple[float, float]) -> tuple[float, float]:
    """Degrees clockwise from true north, and metres, on the ellipsoid."""
    forward, _, metres = GEOD.inv(*start, *end)
    return forward % 360, metres


def test_the_tower_has_two_lifts_in_one_shaft_with_a_door_each_on_every_storey(store: Store) -> None:
    rows = [row for row in store.features("pingshan", None, model_key="tower") if row.box is not None]
    cars = [shapely.box(*row.box[:, :2].ravel()) for row in rows if row.feature.class_name == "IfcTransportElement"]
    shafts = [row.feature for row in rows if row.feature.long_name == "电梯井"]
    storeys = {row.feature.storey for row in rows if row.feature.kind is Kind.SPACE}
    assert len(cars) == 2
    assert {shaft.storey for shaft in shafts} == storeys
    for shaft in shafts:
        assert shaft.footprint.buffer(0.6).contains(shapely.union_all([car.centroid for car in cars]))
        doors = [row.feature for row in rows if row.feature.class_name == "IfcDoor" and row.feature.storey == shaft.storey]
        assert sum(str(door.name).startswith("电梯井墙") for door in doors) == 2
    joined = shapely.union_all([shaft.footprint for shaft in shafts])
    assert joined.area == pytest.approx(shafts[0].footprint.area, rel=1e-3)  # one above the other


def test_doors_stand_where_their_elements_do_and_fire_points_in_the_rooms_they_name(demo: TiedDemo, store: Store) -> None:
    doors, points = features(store, Kind.DOOR), features(store, Kind.FIRE_POINT)
    wrong = {item["key"] for item in demo.planted("door_element")}
    assert wrong
    assert {feature.id.partition(":")[2] for feature in doors.values()}.isdisjoint(wrong)
    named = dict(demo.rows("select key, element from door"))
    elements = {row.feature.id.partition(":")[2]: row.feature for row in store.features("pingshan", None, kinds={Kind.ELEMENT})}
    assert len(doors) > 15
    assert [name for name, feature in doors.items() if named[feature.id.partition(":")[2]] is None] == ["疏散集合点读卡器"]
    for feature in (feature for name, feature in doors.items() if name != "疏散集合点读卡器"):
        element = elements[named[feature.id.partition(":")[2]]]
        assert (element.class_name, element.storey) == ("IfcDoor", feature.storey)
        assert element.z_range is not None
        assert feature.properties["position"]["site_xyz"][2] == pytest.approx(element.z_range[0], abs=0.001)
    assert len(points) > 90
    assert all(feature.space is not None for feature in points.values())
    assert len(features(store, Kind.LIFT)) == 2
