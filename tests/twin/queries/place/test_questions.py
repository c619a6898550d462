"""Questions of place over a store and through HTTP: the same answers as shapely's, hidden rooms, sites, pages, refusals."""

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from spatial.feature import Kind
from spatial.frame import SiteFrame
from tests.twin.files import SITE
from tests.twin.queries.place.conftest import FAR, As
from twin.auth import Role
from twin.cli.app import app as command
from twin.errors import Invalid, StoreUnavailable
from twin.queries.items.box import parse_box
from twin.queries.place.frames import lon_lat_ring, require_one
from twin.queries.place.locate import as_columns, locate_points
from twin.queries.place.near import nearest
from twin.queries.place.pick import aimed, towards
from twin.queries.place.plan import cut_storey
from twin.queries.place.scene import Scenes, SitePlaces
from twin.queries.records.context import reader_of
from twin.settings import Settings
from twin.store import FeatureRow, Store

PUBLIC = frozenset({"public"})


@pytest.fixture(scope="module")
def rows(store: Store) -> list[FeatureRow]:
    return list(store.features("s", None))


@pytest.fixture(scope="module")
def rooms(rows: list[FeatureRow]) -> list[FeatureRow]:
    return [row for row in rows if row.feature.kind is Kind.SPACE]


def degrees(office: SitePlaces, *points: Any) -> Any:
    return office.frame.to_lon_lat_height(np.array(points, dtype=float))


def middle_of(row: FeatureRow) -> list[float]:
    """A point inside the room, 1 m above its floor."""
    assert row.feature.footprint is not None and row.feature.z_range is not None
    at = row.feature.footprint.representative_point()
    return [at.x, at.y, row.feature.z_range[0] + 1.0]


def query_of(point: Any) -> str:
    return f"lon={point[0]!r}&lat={point[1]!r}&height_m={point[2]!r}"


def test_every_room_by_a_point_in_it(office: SitePlaces, rooms: list[FeatureRow], asking: As) -> None:
    points = degrees(office, *(middle_of(room) for room in rooms))
    client = asking()
    for room, point in zip(rooms, points, strict=True):
        answer = client.get(f"/spatial/locate?{query_of([float(one) for one in point])}").json()
        assert answer["room"]["id"] == room.feature.id and answer["storey"]["id"] == room.feature.storey
        assert answer["building"]["id"] == room.feature.building and answer["site"] == "s"
        assert answer["certain"] == {"building": True, "storey": True, "room": True, "zone": True}
    assert len(rooms) >= 4


def test_columns_are_those_of_shapely(office: SitePlaces, rooms: list[FeatureRow], asking: As) -> None:
    low, high = np.array([row.box for row in rooms]).min(axis=(0, 1)) - 1, np.array([row.box for row in rooms]).max(axis=(0, 1)) + 1
    points = np.random.default_rng(2).uniform(low, high, (300, 3))
    given = degrees(office, *points)
    back = office.frame.from_lon_lat_height(given)
    body = {"lon": given[:, 0].tolist(), "lat": given[:, 1].tolist(), "height_m": given[:, 2].tolist()}
    answer = asking().post("/spatial/locate", json=body).json()
    for i, point in enumerate(back):
        inside = [
            room.feature.id
            for room in rooms
            if room.feature.footprint.intersects(shapely.Point(point[:2]))  # type: ignore[union-attr]
            and room.feature.z_range[0] <= point[2] < room.feature.z_range[1]  # type: ignore[index]
        ]
        at = answer["room"][i]
        assert (None if at is None else answer["rooms"][at]["id"]) in (inside or [None])
        starts = answer["possible"]["starts"]
        assert {answer["rooms"][room]["id"] for room in answer["possible"]["rooms"][starts[i] : starts[i + 1]]} == set(inside)
    assert answer["count"] == 300 and answer["sites"] == ["s"] and sum(at is not None for at in answer["room"]) > 60


def test_a_hidden_room_is_not_there_and_its_point_lies_in_the_storey(office: SitePlaces, rooms: list[FeatureRow], asking: As) -> None:
    hidden = next(room for room in rooms if room.feature.label == "restricted")
    point = [float(one) for one in degrees(office, middle_of(hidden))[0]]
    viewer = asking(Role.VIEWER, labels=PUBLIC)
    answer = viewer.get(f"/spatial/locate?{query_of(point)}&accuracy_m=0.5").json()
    assert answer["room"] is None and answer["storey"]["id"] == hidden.feature.storey and answer["possible"] == []
    near = viewer.get(f"/spatial/nearest?{query_of(point)}&kind=room&k=50").json()["nearest"]
    assert hidden.feature.id not in {one["id"] for one in near} and near
    for kind, holder in (("space", hidden.feature.storey), ("room", hidden.feature.building)):
        found = viewer.get("/spatial/within", params={"kind": kind, "in": holder, "site": "s"}).json()
        assert hidden.feature.id not in {one["id"] for one in found["found"]}
    assert viewer.get("/spatial/within", params={"kind": "element", "in": hidden.feature.id, "site": "s"}).status_code == 404
    plan = viewer.get("/spatial/plan", params={"storey": hidden.feature.storey, "site": "s"})
    layers = {one["properties"]["layer"] for one in plan.json()["features"]}
    assert "wall" in layers and "room" not in layers and hidden.feature.id not in plan.text


def test_the_nearest_are_those_of_shapely(office: SitePlaces, rooms: list[FeatureRow], asking: As) -> None:
    point = np.array([2.0, 3.0, 6.0])
    lon_lat = [float(one) for one in degrees(office, point)[0]]
    answer = asking().get(f"/spatial/nearest?{query_of(lon_lat)}&kind=room&k=4").json()["nearest"]
    expected = []
    for room in rooms:
        low, high = room.feature.z_range  # type: ignore[misc]
        gap = max(low - point[2], point[2] - high, 0.0)
        expected.append((float(np.hypot(room.feature.footprint.distance(shapely.Point(point[:2])), gap)), room.feature.id))  # type: ignore[union-attr]
    assert [one["id"] for one in answer] == [name for _, name in sorted(expected)[:4]]
    assert [one["distance_m"] for one in answer] == pytest.approx([metres for metres, _ in sorted(expected)[:4]], abs=1e-3)


def test_within_a_ball_and_a_polygon_with_heights(office: SitePlaces, rows: list[FeatureRow], asking: As) -> None:
    client = asking()
    elements = [row for row in rows if row.feature.kind is Kind.ELEMENT and row.box is not None]
    centre = np.array([3.0, 3.0, 2.0])
    lon, lat, height = (float(one) for one in degrees(office, centre)[0])
    ball = {"kind": "element", "site": "s", "lon": lon, "lat": lat, "height_m": height, "radius_m": 3.0, "limit": 1000}
    found = {one["id"] for one in client.get("/spatial/within", params=ball).json()["found"]}
    away = {row.feature.id: float(np.linalg.norm(np.maximum(np.maximum(row.box[0] - centre, centre - row.box[1]), 0))) for row in elements}  # type: ignore[index]
    assert found == {name for name, metres in away.items() if metres <= 3.0} and 3 < len(found) < len(elements)
    ring = degrees(office, *([x, y, 0.0] for x, y in ((1, 1), (8, 2), (6, 7), (1, 1))))
    wkt = shapely.Polygon(ring[:, :2]).wkt
    plain = shapely.Polygon([(1, 1), (8, 2), (6, 7)])
    area = {"kind": "element", "site": "s", "polygon": wkt, "low_m": 31.0, "high_m": 32.0, "limit": 1000}
    found = {one["id"] for one in client.get("/spatial/within", params=area).json()["found"]}
    for row in elements:
        box = row.box
        assert box is not None
        gap = shapely.box(*box[0, :2], *box[1, :2]).distance(plain)
        meets = gap == 0 and box[0, 2] + 30.0 <= 32.0 and box[1, 2] + 30.0 >= 31.0
        assert (row.feature.id in found) == meets or gap < 1e-3 or min(abs(box[0, 2] - 2), abs(box[1, 2] - 1)) < 1e-3
    assert found


def test_pages_follow_one_another_to_the_end(asking: As) -> None:
    client, found = asking(), []
    address: str | None = "/spatial/within?kind=element&site=s&bbox=119,26,120,27&limit=7"
    while address:
        page = client.get(address).json()
        found += [one["id"] for one in page["found"]]
        address = page["next"]
    assert found == sorted(set(found), key=str.encode) and len(found) == page["total"] > 20


def test_a_large_box_holds_what_lies_in_it_and_one_at_the_antipodes_nothing(asking: As) -> None:
    """The plane of a site holds half the earth: the other half folds onto it."""
    client, near = asking(), "119,26,120,27"
    whole, here, there, across = (
        client.get(f"/spatial/within?kind=element&site=s&bbox={box}&limit=1000").json()["total"]
        for box in ("-180,-90,180,90", near, "-61,-27,-60,-26", "119,26,-170,27")
    )
    assert whole == here == across > 20 and there == 0


def test_a_box_across_the_antimeridian_is_whole_for_a_site_beside_it() -> None:
    for lon in (179.999, -179.999):
        frame = SiteFrame.of(replace(SITE, lon=lon, lat=-17.0))
        corners = frame.to_lon_lat_height([(-400.0, -300.0, 0.0), (400.0, 300.0, 0.0)])
        (west, south, _), (east, north, _) = corners.tolist()
        assert west > 0 > east
        box = lon_lat_ring(frame, parse_box(f"{west!r},{south!r},{east!r},{north!r}").plan)
        assert box.hausdorff_distance(shapely.box(-400, -300, 400, 300)) < 0.1 and box.area == pytest.approx(480_000, rel=1e-3)
        other = lon_lat_ring(frame, shapely.box(-180, -18, -179.5, -16))
        assert other.distance(shapely.Point(150, 0)) == 0 and other.distance(shapely.Point(-150, 0)) > 0


def test_the_command_line_finds_within_a_box_what_the_service_finds(home: Settings, asking: As, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWIN_HOME", str(home.home))
    for box in ("119,26,120,27", "119,26,31,120,27,32", "119,26,-170,27"):
        served = asking().get(f"/spatial/within?kind=element&site=s&bbox={box}").json()
        run = CliRunner().invoke(command, ["query", "within", "--kind", "element", "--site", "s", "--bbox", box, "--json"])
        assert run.exit_code == 0 and served["total"] > 0
        assert [one["id"] for one in json.loads(run.stdout)["found"]] == [one["id"] for one in served["found"]]
    for more in (["--low-m", "3"], ["--polygon", "POLYGON((0 0,1 1,1 0,0 0))"]):
        assert CliRunner().invoke(command, ["query", "within", "--kind", "element", "--site", "s", "--bbox", box, *more]).exit_code == 2


def test_a_point_outside_every_site_and_one_of_another(asking: As) -> None:
    client = asking()
    outside = client.get("/spatial/locate?lon=0&lat=0&height_m=0").json()
    assert outside["site"] is None and outside["room"] is None and outside["possible"] == []
    elsewhere = client.get(f"/spatial/locate?lon={FAR.lon}&lat={FAR.lat}").json()
    assert elsewhere["site"] == "far" and elsewhere["building"] is None
    scoped = asking(Role.VIEWER, scopes=frozenset({"s"}))
    assert scoped.get(f"/spatial/locate?lon={FAR.lon}&lat={FAR.lat}").json()["site"] is None
    assert scoped.get("/spatial/within?kind=element&site=far&bbox=1,1,2,2").status_code == 403


def test_without_a_height_all_storeys_are_possible(office: SitePlaces, rooms: list[FeatureRow], asking: As) -> None:
    at = rooms[0].feature.footprint.representative_point()  # type: ignore[union-attr]
    lon, lat, _ = degrees(office, [at.x, at.y, 3.0])[0]
    answer = asking().get(f"/spatial/locate?lon={float(lon)!r}&lat={float(lat)!r}").json()
    over = {room.feature.id for room in rooms if room.feature.footprint.distance(at) < 1e-6}  # type: ignore[union-attr]
    assert answer["room"] is None and {one["id"] for one in answer["possible"]} == over and len(over) == 2
    assert answer["building"] is not None and not answer["certain"]["room"] and not answer["certain"]["storey"]


def test_a_ray_meets_the_nearest_box_of_the_way(office: SitePlaces, rooms: list[FeatureRow], asking: As) -> None:
    start = middle_of(rooms[0])
    point = [float(one) for one in degrees(office, start)[0]]
    answer = asking().get(f"/spatial/pick?{query_of(point)}&heading_deg=0&tilt_deg=-90&range_m=5").json()
    assert answer["hit"]["distance_m"] == pytest.approx(1.0, abs=0.15) and answer["hit"]["class"] in ("IfcSlab", "IfcCovering")
    assert asking().get(f"/spatial/pick?{query_of(point)}&heading_deg=0&tilt_deg=-90&range_m=0.5").json()["hit"] is None
    target = degrees(office, [start[0], start[1] + 10, start[2]])[0]
    heading, tilt = towards(np.array(point), target)
    assert heading % 360 == pytest.approx(0.0, abs=1e-3) or heading == pytest.approx(360.0, abs=1e-3)
    assert tilt == pytest.approx(0.0, abs=1e-3) and aimed(90.0, 0.0) == pytest.approx([1, 0, 0])


def test_a_plan_has_the_rooms_walls_and_doors_of_its_storey(rooms: list[FeatureRow], rows: list[FeatureRow], asking: As) -> None:
    storey = next(row.feature for row in rows if row.feature.kind is Kind.STOREY and row.feature.name == "1F")
    answer = asking().get("/spatial/plan", params={"storey": storey.id, "site": "s"})
    assert answer.headers["content-type"] == "application/geo+json" and answer.headers["etag"]
    parts = answer.json()["features"]
    own = {room.feature.id: room for room in rooms if room.feature.storey == storey.id}
    drawn = {one["properties"]["id"]: one for one in parts if one["properties"]["layer"] == "room"}
    assert drawn.keys() == own.keys()
    for name, one in drawn.items():
        assert shapely.geometry.shape(one["geometry"]).contains(shapely.Point(one["properties"]["label_at"]))
        assert one["properties"]["area_m2"] == pytest.approx(own[name].feature.footprint.area, rel=0.01)  # type: ignore[union-attr]
    assert {"wall", "door", "window"} <= {one["properties"]["layer"] for one in parts}
    again = asking().get("/spatial/plan", params={"storey": storey.id, "site": "s"}, headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    drawing = asking().get("/spatial/plan", params={"storey": storey.id, "site": "s", "f": "svg"})
    root = ET.fromstring(drawing.text)
    said = " ".join(text for text in root.itertext())
    assert drawing.headers["content-type"].startswith("image/svg+xml") and "style=" not in drawing.text and "<style" not in drawing.text
    assert (
        all(str(room.feature.name) in said for room in own.values())
        and "m²" in said
        and "walls" in said
        and re.search(r"1:\d+ \(A3\)", said)
    )


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/spatial/within?kind=element&bbox=1,1,2,2", 400, "SITE_NOT_NAMED"),
        ("/spatial/within?kind=element&site=s&bbox=1,1,2", 400, "PARAMETER_INVALID"),
        ("/spatial/within?kind=element&site=s&bbox=2,2,3,1", 400, "PARAMETER_INVALID"),
        ("/spatial/within?kind=element&site=s&polygon=POLYGON((0 0,1 1,1 0,0 1,0 0))", 400, "AREA_INVALID"),
        ("/spatial/within?kind=element&site=s&polygon=circle", 400, "AREA_INVALID"),
        ("/spatial/within?kind=element&site=s", 400, "AREA_INVALID"),
        ("/spatial/within?kind=element&site=s&lon=1&lat=1", 400, "AREA_INVALID"),
        ("/spatial/within?kind=element&site=s&bbox=1,1,2,2&polygon=POLYGON((0 0,1 1,1 0,0 0))", 400, "AREA_INVALID"),
        ("/spatial/within?kind=element&site=s&bbox=1,1,2,2&lon=1", 400, "AREA_INVALID"),
        ("/spatial/within?kind=element&site=s&bbox=1,1,0,2,2,9&low_m=3", 400, "AREA_INVALID"),
        ("/spatial/within?kind=element&site=s&lon=1&lat=1&radius_m=3&high_m=3", 400, "AREA_INVALID"),
        ("/spatial/within?kind=dragon&site=s&bbox=1,1,2,2", 400, "FEATURE_KIND_UNKNOWN"),
        ("/spatial/within?kind=asset&site=s&bbox=1,1,2,2&after=x", 400, "CURSOR_INVALID"),
        ("/spatial/plan?storey=office:none&site=s", 404, "NOT_FOUND"),
        ("/spatial/nearest?lon=1&lat=1&kind=room", 400, "PARAMETER_INVALID"),
        ("/spatial/explain?asset=none", 404, "NOT_FOUND"),
    ],
)
def test_what_is_refused(asking: As, path: str, status: int, code: str) -> None:
    answer = asking().get(path)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"lon": [1, 2], "lat": [1]}, 422, "POINTS_INVALID"),
        ({"lon": [1], "lat": [91]}, 422, "POINTS_INVALID"),
        ({"lon": [1], "lat": [1], "accuracy_m": -1}, 422, "POINTS_INVALID"),
        ({"lon": [1], "lat": [1], "accuracy_m": [1, 2]}, 422, "POINTS_INVALID"),
        ({"lon": ["east"], "lat": [1]}, 422, "POINTS_INVALID"),
        ({"lon": [1], "lat": [1], "height": [3]}, 422, "POINTS_INVALID"),
        ({"lon": [0] * 100_001, "lat": [0] * 100_001}, 413, "POINTS_MANY"),
    ],
)
def test_points_that_are_none_or_too_many(asking: As, body: dict[str, Any], status: int, code: str) -> None:
    answer = asking().post("/spatial/locate", content=json.dumps(body))
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text[:300]


def test_a_storey_is_cut_between_its_floor_and_the_next(office: SitePlaces, rows: list[FeatureRow]) -> None:
    storey = next(row.feature.id for row in rows if row.feature.kind is Kind.STOREY and row.feature.name == "1F")
    with pytest.raises(Invalid) as refused:
        cut_storey(office, None, storey, cut_m=50.0)
    assert refused.value.code == "PLAN_NOT_CUT"


def test_python_calls_refuse_as_http_does(scenes: Scenes, asking: Callable[..., TestClient]) -> None:
    from twin.auth import local_administrator
    from twin.queries.place.assets import asset_points
    from twin.queries.place.pick import pick
    from twin.queries.records.context import Registers

    assets, reader = asset_points(Registers.of(scenes.store, Path("unused"))), reader_of(local_administrator())
    codes = []
    here = np.array([119.2946, 26.0896, 31.0])
    for ask in (
        lambda: nearest(scenes, assets, ["*"], reader, np.array([1, 1, np.nan]), kind="room", k=1),
        lambda: nearest(scenes, assets, ["*"], reader, here, kind="room", k=0),
        lambda: pick(scenes, ["*"], None, here, heading_deg=0, tilt_deg=91, range_m=5),
        lambda: towards(here, here),
        lambda: require_one(["a", "b"], None),
    ):
        with pytest.raises(Invalid) as refused:
            ask()
        codes.append(refused.value.code)
    assert codes == ["POINT_HEIGHT_MISSING", "COUNT_INVALID", "RAY_INVALID", "RAY_INVALID", "SITE_NOT_NAMED"]


def test_the_index_follows_the_store_and_says_which_state(home: Settings, store: Store) -> None:
    scenes = Scenes(store, home)
    first = scenes.site("s")
    assert scenes.site("s") is first and first.extents.scene_revision == store.scene_revision("s")
    found = as_columns(locate_points(scenes, ["s"], None, np.array([[119.2946, 26.0896, 31.0]])))
    assert found["scene_revisions"] == [store.scene_revision("s")]


def test_a_pack_that_is_gone_is_told(home: Settings, store: Store, tmp_path: Path) -> None:
    away = Settings(home=home.home, meshes_dir=tmp_path)
    with pytest.raises(StoreUnavailable) as refused:
        Scenes(store, away).site("s")
    assert refused.value.code == "MESHES_MISSING"
