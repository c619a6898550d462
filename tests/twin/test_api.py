"""The service: every route behind the gate, errors as problems, tiles by label, the policy of the page."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from starlette.requests import Request

from spatial.frame import Site
from twin.api import create_app
from twin.api.gate import Gate
from twin.assemble import build_tiles, manifests_of
from twin.auth import Principal, Role
from twin.demo import write_small_office
from twin.imports import Anchor, import_bim
from twin.settings import Settings
from twin.store import Store

SITE = Site(code="s", name="试验", lon=119.2946, lat=26.0896, height_m=30.0, crs="EPSG:4549", geoid_separation_m=10.0)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A small office, imported and tiled."""
    settings = Settings(home=tmp_path_factory.mktemp("api"))
    office = settings.home / "office.ifc"
    write_small_office(office, storeys=2)
    anchor = Anchor(lon=SITE.lon, lat=SITE.lat, height_m=30.0, heading_deg=0.0)
    with Store.open(settings.database_url) as store:
        store.migrate()
        store.add_site(SITE, now=NOW)
        import_bim(store, settings, office, site="s", who="test", now=NOW, anchor=anchor)
        build_tiles(store, settings, "s")
    return settings


@pytest.fixture
def client(home: Settings) -> Iterator[TestClient]:
    with Store.open(home.database_url) as store, TestClient(create_app(home, store)) as client:
        yield client


def gates_of(route: APIRoute) -> list[Gate]:
    return [dependency.call for dependency in route.dependant.dependencies if isinstance(dependency.call, Gate)]


def test_every_route_passes_the_gate(client: TestClient) -> None:
    groups = [getattr(route, "original_router", route) for route in client.app.routes]  # type: ignore[attr-defined]
    routes = [route for group in groups for route in getattr(group, "routes", [group])]
    assert len(routes) == 12
    open_routes = [route.path for route in routes if not isinstance(route, APIRoute) or len(gates_of(route)) != 1]
    assert open_routes == []


def test_whoever_has_no_role_is_refused_everywhere(home: Settings) -> None:
    def nobody(request: Request) -> Principal:
        return Principal(name="nobody", role="none")

    with Store.open(home.database_url) as store, TestClient(create_app(home, store, principal_of=nobody)) as client:
        for path in (
            "/",
            "/sites",
            "/sites/s",
            "/sites/s/tree",
            "/sites/s/features/x",
            "/tiles/s/tileset.json",
            "/openapi.json",
            "/health",
        ):
            answer = client.get(path)
            assert answer.status_code == 403, path
            assert answer.headers["content-type"] == "application/problem+json"


def test_a_reader_of_another_site_is_refused(home: Settings) -> None:
    def stranger(request: Request) -> Principal:
        return Principal(name="stranger", role=Role.VIEWER, labels=frozenset({"public"}), scopes=frozenset({"other"}))

    with Store.open(home.database_url) as store, TestClient(create_app(home, store, principal_of=stranger)) as client:
        assert client.get("/sites/s").status_code == 403
        assert client.get("/tiles/s/tileset.json").status_code == 403


def test_without_a_label_nothing_exists_in_tiles_counts_or_features(home: Settings) -> None:
    def blind(request: Request) -> Principal:
        return Principal(name="blind", role=Role.VIEWER, labels=frozenset(), scopes=frozenset({"*"}))

    (manifest,) = manifests_of(home, "s")
    content = manifest.contents[0].sha256
    with Store.open(home.database_url) as store, TestClient(create_app(home, store, principal_of=blind)) as client:
        assert set(client.get("/sites/s").json()["counts"].values()) == {0}
        assert client.get("/sites/s/tree").json()["buildings"] == []
        assert "children" not in client.get(f"/tiles/s/{manifest.key}/tileset.json").json()["root"]
        assert client.get(f"/tiles/s/{manifest.key}/{content}.glb").status_code == 404


def test_a_content_is_served_compressed_with_an_etag_and_not_twice(home: Settings, client: TestClient) -> None:
    (manifest,) = manifests_of(home, "s")
    path = f"/tiles/s/{manifest.key}/{manifest.contents[0].sha256}.glb"
    first = client.get(path)
    assert first.headers["content-encoding"] == "gzip"
    assert first.content[:4] == b"glTF"
    assert client.get(path, headers={"If-None-Match": first.headers["etag"]}).status_code == 304
    plain = client.get(path, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == first.content


def test_the_tree_leads_to_rooms_and_a_room_to_its_file_and_revision(client: TestClient) -> None:
    (building,) = client.get("/sites/s/tree").json()["buildings"]
    rooms = []
    for storey in building["storeys"]:
        page = client.get(f"/sites/s/features/{storey['id']}/children", params={"kind": "space", "limit": 2}).json()
        rooms += page["features"]
        while page["next"]:
            page = client.get(page["next"]).json()
            rooms += page["features"]
    assert len(rooms) == len({room["id"] for room in rooms}) == building["rooms"]
    room = client.get(f"/sites/s/features/{rooms[0]['id']}").json()
    assert room["source"]["file"] == "office.ifc"
    assert room["source"]["entity"].startswith("#")
    assert room["revision"]["id"] == "office@1"
    assert room["properties"]["measured"]["area_m2"] > 1


@pytest.mark.parametrize(
    ("path", "status"),
    [("/sites/nowhere", 404), ("/sites/s/features/nothing", 404), ("/tiles/s/none/tileset.json", 404), ("/nothing", 404),
     ("/assets/../../pyproject.toml", 404), ("/sites/s/features/x/children?limit=0", 400)],
)  # fmt: skip
def test_errors_are_problems_in_words(client: TestClient, path: str, status: int) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert answer.json()["detail"]


def test_another_host_name_is_refused(client: TestClient) -> None:
    assert client.get("/sites", headers={"Host": "evil.example"}).status_code == 400


def test_a_machine_gets_the_landing_document_under_the_strict_policy(client: TestClient) -> None:
    answer = client.get("/", headers={"Accept": "application/json"})
    assert {link["rel"] for link in answer.json()["links"]} >= {"self", "service-desc", "data"}
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert client.get("/openapi.json").json()["openapi"].startswith("3.1")


def test_the_store_is_not_in_the_page_folder(client: TestClient) -> None:
    assert client.get("/records.sqlite").status_code == 404
    assert Path("viewer/static/records.sqlite").exists() is False
