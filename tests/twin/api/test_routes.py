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
    nobody = CliRunner().invoke(app, ["query", "guards", rooms["101"], "--json"])
    assert (nobody.exit_code, json.loads(nobody.stdout)["found"]) == (3, [])
