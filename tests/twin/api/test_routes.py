"""Ways through the service and the command line: a small office of two storeys."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from bim import Anchor
from spatial.feature import Kind
from spatial.frame import SiteFrame
from tests.twin.files import SITE, Files
from tests.twin.imports.conftest import NOW
from tests.twin.served import service
from twin.auth import Principal, Role
from twin.cli.app import app
from twin.imports.model import import_bim
from twin.settings import Settings
from twin.store import Store

HERE = "http://127.0.0.1"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, files: Files) -> Iterator[tuple[Settings, Store]]:
    settings = Settings(home=tmp_path_factory.mktemp("routes"))
    anchor = Anchor(lon=SITE.lon, lat=SITE.lat, height_m=30.0, heading_deg=0.0)
    with Store.open(settings.database_url) as store:
        store.migrate()
        store.add_site(SITE, now=NOW)
        import_bim(store, settings, files.office_later, key="office", site=SITE.code, who="test", now=NOW, anchor=anchor)
        yield settings, store


@pytest.fixture(scope="module")
def client(office: tuple[Settings, Store]) -> TestClient:
    return TestClient(service(*office), base_url=HERE)


@pytest.fixture(scope="module")
def rooms(office: tuple[Settings, Store]) -> dict[str, str]:
    """The number of a room → its id."""
    return {str(row.feature.name): str(row.feature.id) for row in office[1].features(SITE.code, None, kinds={Kind.SPACE})}


def test_a_way_is_a_line_with_doors_and_words_and_ends_where_it_is_asked_to(client: TestClient, rooms: dict[str, str]) -> None:
    way = client.get("/spatial/route", params={"from": rooms["201"], "to": rooms["101"]}).json()
    assert way["metres"] > 0 and way["reason"] is None and len(way["doors"]) == 4
    assert any(step["kind"] == "stairs_down" for step in way["steps"]) and all(step["words"]["zh"] for step in way["steps"])
    frame = SiteFrame.of(SITE)
    line = way["line"]["coordinates"]
    assert frame.from_lon_lat_height([line[0], line[-1]]) == pytest.approx(np.array([way["site_xyz"][0], way["site_xyz"][-1]]), abs=2e-3)
    there = ",".join(map(str, line[-1]))
    back = client.get("/spatial/route", params={"from": there, "to": rooms["201"]}).json()
    assert back["metres"] == pytest.approx(way["metres"], abs=0.5)


def test_what_is_closed_is_not_passed_and_is_named_where_it_cuts_the_way(client: TestClient, rooms: dict[str, str]) -> None:
    way = client.get("/spatial/route", params={"from": rooms["201"], "to": rooms["101"]}).json()
    shut = client.get("/spatial/route", params={"from": rooms["201"], "to": rooms["101"], "closed": way["doors"][0]}).json()
    assert shut["metres"] is None and shut["closed_by"] == [way["doors"][0]] and shut["words"]["en"]
    unknown = client.get("/spatial/route", params={"from": rooms["201"], "to": rooms["101"], "closed": "office:never"})
    assert unknown.status_code == 404
    assert client.get("/spatial/route", params={"from": "office:never", "to": rooms["101"]}).status_code == 404


def test_the_way_out_of_each_room_of_a_storey(client: TestClient, office: tuple[Settings, Store], rooms: dict[str, str]) -> None:
    whole = client.get("/spatial/evacuation").json()
    assert {row["room"] for row in whole["rooms"]} | {row["room"] for row in whole["unreached"]} == set(rooms.values())
    storey = next(str(row.feature.storey) for row in office[1].features(SITE.code, None, kinds={Kind.SPACE}) if row.feature.name == "201")
    upper = client.get("/spatial/evacuation", params={"in": storey}).json()
    assert {row["room"] for row in upper["rooms"]} < {row["room"] for row in whole["rooms"]} and upper["rooms"]
    assert client.get("/spatial/guards", params={"to": rooms["101"]}).json()["found"] == []


def test_the_nearest_rooms_along_the_way_are_as_far_as_the_route_to_each(
    client: TestClient, office: tuple[Settings, Store], rooms: dict[str, str]
) -> None:
    frame = SiteFrame.of(SITE)
    room = next(row.feature for row in office[1].features(SITE.code, None, kinds={Kind.SPACE}) if row.feature.name == "101")
    assert room.footprint is not None and room.z_range is not None
    middle = room.footprint.representative_point()
    lon, lat, height = (float(one) for one in frame.to_lon_lat_height([[middle.x, middle.y, room.z_range[0] + 1.0]])[0])
    asked = {"lon": lon, "lat": lat, "height_m": height, "kind": "room", "k": 20}
    straight = client.get("/spatial/nearest", params=asked).json()
    walked = client.get("/spatial/nearest", params=asked | {"along": "walking"}).json()
    assert "along" not in straight and walked["along"] == "walking"
    assert {one["id"] for one in walked["nearest"]} == set(rooms.values()) and walked["unreached_total"] == 0
    each = {
        one["id"]: client.get("/spatial/route", params={"from": f"{lon},{lat},{height}", "to": one["id"]}).json()
        for one in walked["nearest"]
    }
    assert [one["seconds"] for one in walked["nearest"]] == pytest.approx(sorted(way["seconds"] for way in each.values()), abs=0.11)
    assert all(one["distance_m"] == pytest.approx(each[one["id"]]["metres"], abs=0.02) for one in walked["nearest"])
    by_id = {one["id"]: one["distance_m"] for one in straight["nearest"]}
    assert all(one["distance_m"] >= by_id[one["id"]] - 0.02 for one in walked["nearest"])
    shut = client.get("/spatial/nearest", params=asked | {"along": "walking", "closed": rooms["101"]}).json()
    assert shut["nearest"] == [] and {one["reason"] for one in shut["unreached"]} == {"closed"} and shut["unreached"][0]["words"]["zh"]
    rolled = client.get("/spatial/nearest", params=asked | {"along": "wheelchair"}).json()
    upstairs = {name for number, name in rooms.items() if number.startswith("2")}
    assert {one["id"] for one in rolled["unreached"]} == upstairs and {one["reason"] for one in rolled["unreached"]} == {"no_lift"}
    assert client.get("/spatial/nearest", params=asked | {"closed": rooms["101"]}).json()["code"] == "PARAMETER_INVALID"
    assert client.get("/spatial/nearest", params=asked | {"along": "driving"}).json()["code"] == "ROUTE_PLACE_APART"
    outside = client.get("/spatial/nearest", params=asked | {"lon": 0.0, "lat": 0.0, "along": "walking"}).json()
    assert outside["site"] is None and outside["nearest"] == []


def test_a_building_without_a_lift_says_so_to_a_wheelchair(client: TestClient, rooms: dict[str, str]) -> None:
    way = client.get("/spatial/route", params={"from": rooms["201"], "to": rooms["101"], "mode": "wheelchair"}).json()
    assert way["metres"] is None and way["reason"] == "no_lift" and "电梯" in way["words"]["zh"]
    level = client.get("/spatial/route", params={"from": rooms["102"], "to": rooms["101"], "mode": "wheelchair"}).json()
    assert level["metres"] > 0 and not any(step["kind"].startswith("stairs") for step in level["steps"])
    upstairs = {name for number, name in rooms.items() if number.startswith("2")}
    listed = client.get("/spatial/unreached", params={"mode": "wheelchair"}).json()
    assert {row["room"]: row["reason"] for row in listed["unreached"]} == dict.fromkeys(upstairs, "no_lift")
    assert listed["reached"] == len(rooms) - len(upstairs)
    assert client.get("/spatial/unreached").json()["unreached"] == []


def test_a_route_as_one_feature_names_its_datum(client: TestClient, rooms: dict[str, str]) -> None:
    feature = client.get("/spatial/route", params={"from": rooms["201"], "to": rooms["101"], "f": "geojson"}).json()
    assert (feature["type"], feature["geometry"]["type"]) == ("Feature", "LineString")
    assert feature["geometry"]["coordRefSys"].endswith("/OGC/0/CRS84h")
    assert {len(position) for position in feature["geometry"]["coordinates"]} == {3} and feature["properties"]["metres"] > 0


def test_who_may_not_know_of_a_room_is_led_nowhere(office: tuple[Settings, Store], rooms: dict[str, str]) -> None:
    def seen_by(labels: set[str], scopes: set[str]) -> TestClient:
        principal = Principal(name="v", role=Role.VIEWER, labels=frozenset(labels), scopes=frozenset(scopes))
        return TestClient(service(*office, principal_of=lambda _: principal), base_url=HERE)

    asked = {"from": rooms["201"], "to": rooms["101"], "site": SITE.code}
    assert seen_by({"secret"}, {SITE.code}).get("/spatial/route", params=asked).status_code == 404
    assert seen_by({"public"}, {"elsewhere"}).get("/spatial/route", params=asked).status_code == 403
    assert seen_by({"public"}, {SITE.code}).get("/spatial/route", params=asked).json()["metres"] > 0


def test_the_command_line_says_the_same(
    client: TestClient, office: tuple[Settings, Store], rooms: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TWIN_HOME", str(office[0].home))
    run = CliRunner().invoke(app, ["query", "route", rooms["201"], rooms["101"], "--json"])
    way = client.get("/spatial/route", params={"from": rooms["201"], "to": rooms["101"]}).json()
    assert (run.exit_code, json.loads(run.stdout)["metres"]) == (0, way["metres"])
    cut = CliRunner().invoke(app, ["query", "route", rooms["201"], rooms["101"], "--closed", way["doors"][0], "--json"])
    assert (cut.exit_code, json.loads(cut.stdout)["closed_by"]) == (3, [way["doors"][0]])
    out = CliRunner().invoke(app, ["query", "evacuation", "--json"])
    assert out.exit_code in (0, 3) and json.loads(out.stdout)["rooms"]
    near = CliRunner().invoke(app, ["query", "nearest", ",".join(map(str, way["line"]["coordinates"][0])), "--kind", "room", "--k", "3",
                                    "--along", "walking", "--json"])  # fmt: skip
    assert (near.exit_code, json.loads(near.stdout)["nearest"][0]["id"]) == (0, rooms["201"])
    assert CliRunner().invoke(app, ["query", "nearest", "1,2,3", "--kind", "room", "--along", "flying"]).exit_code == 2
    rolled = CliRunner().invoke(app, ["query", "route", rooms["201"], rooms["101"], "--wheelchair", "--json"])
    assert (rolled.exit_code, json.loads(rolled.stdout)["reason"]) == (3, "no_lift")
    unreached = CliRunner().invoke(app, ["query", "unreached", "--wheelchair", "--json"])
    assert (unreached.exit_code, {row["reason"] for row in json.loads(unreached.stdout)["unreached"]}) == (3, {"no_lift"})
    assert CliRunner().invoke(app, ["query", "unreached", "--json"]).exit_code == 0
    nobody = CliRunner().invoke(app, ["query", "guards", rooms["101"], "--json"])
    assert (nobody.exit_code, json.loads(nobody.stdout)["found"]) == (3, [])
