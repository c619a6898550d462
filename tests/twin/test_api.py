"""The service: every route behind the gate, errors as problems, tiles by label, the policy of the page."""

import gzip
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, APIWebSocketRoute
from fastapi.testclient import TestClient
from starlette.requests import Request
from starlette.routing import Match

from bim import Anchor
from spatial.feature import Feature, Kind
from tests.tiles.reader import read_features
from tests.twin.files import SITE, Files
from tests.twin.imports.conftest import NOW
from tests.twin.served import service
from twin.api.gate import Gate, SocketGate
from twin.api.router import Router
from twin.assemble import build_tiles, manifests_of
from twin.auth import LabelPolicy, Principal, Role
from twin.codes import list_issue_codes
from twin.errors import StoreBusy
from twin.imports.city import import_city
from twin.imports.model import import_bim
from twin.settings import Settings
from twin.store import NewRevision, Store

HERE = "http://127.0.0.1"
ANCHOR = Anchor(lon=SITE.lon, lat=SITE.lat, height_m=30.0, heading_deg=0.0)
EVERYWHERE = frozenset({"*"})
PATHS = ("/sites", "/sites/s", "/sites/s/tree", "/sites/s/features/x", "/sites/s/features/x/children", "/tiles/s/tileset.json",
         "/tiles/s/office/tileset.json", "/tiles/s/office/abc.glb", "/", "/openapi.json", "/health", "/index.html",
         "/records", "/rooms", "/rooms/R1", "/rooms/R1/dossier", "/assets", "/assets/totals", "/inventory",
         "/live/tracks/vehicle/x", "/live/at", "/live/counts", "/live/trips/vehicle/x", "/live/orders",
         "/search?q=x", "/requests", "/conformance", "/collections", "/collections/rooms", "/collections/rooms/queryables",
         "/collections/rooms/items", "/collections/rooms/items/x", "/collections/rooms/sortables", "/collections/rooms/schema",
         "/collections/rooms/feature-schema", "/api", "/changes", "/exports", "/work-items", "/work-items/kinds",
         "/differences/found-elsewhere", "/assets/A/steps", "/imports", "/live/positions", "/live/states", "/snapshot", "/live/inside",
         "/live/gateways", "/live/vehicles/none/commands",
         "/sta/v1.1", "/sta/v1.1/Things", "/incidents", "/incidents/1", "/incidents/1/alarms",
         "/incidents/1/context", "/sites/s/muster", "/events",
         "/gb28181/differences", "/gb28181/put-aside")  # fmt: skip

As = Callable[..., TestClient]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, files: Files) -> Settings:
    """An office of two storeys on its terrain, the upper storey's rooms and all in them restricted, and a second site."""
    settings = Settings(home=tmp_path_factory.mktemp("api"))
    with Store.open(settings.database_url) as store:
        store.migrate()
        store.add_site(SITE, now=NOW, policy=LabelPolicy(labels=("public", "restricted")))
        store.add_site(replace(SITE, code="other", name="别处"), now=NOW)
        import_bim(store, settings, files.office_later, key="office", site="s", who="test", now=NOW, anchor=ANCHOR)
        import_city(store, settings, files.dem, site="s", who="test", now=NOW)
        _restrict(store, "2F")
        build_tiles(store, settings, "s")
    return settings


def _restrict(store: Store, storey: str) -> None:
    """Record the office again with all that lies under a storey restricted; the storey itself stays public."""
    row = store.current_revision("s", "office")
    assert row is not None
    rows = list(store.features("s", None, model_key="office"))
    upper = next(item.feature.id for item in rows if item.feature.kind is Kind.STOREY and item.feature.name == storey)
    hidden = {item.feature.id for item in store.descendants(upper, None)}
    features = [replace(item.feature, label="restricted") if item.feature.id in hidden else item.feature for item in rows]
    facts = {
        name: getattr(row, name) for name in ("file", "tool", "schema", "seconds", "similarity", "mesh_pack", "georeference", "counts")
    }
    new = NewRevision(site="s", model_key="office", kind="bim", name=row.model_name, sha256="f" * 64, who="policy", **facts)
    boxes = {item.feature.id: item.box for item in rows if item.box is not None}
    store.record_revision(new, features, boxes, store.ledger(row.id), [], now=NOW)


@pytest.fixture
def store(home: Settings) -> Iterator[Store]:
    with Store.open(home.database_url) as store:
        yield store


@pytest.fixture
def client(home: Settings, store: Store) -> Iterator[TestClient]:
    """The local administrator."""
    with TestClient(service(home, store), base_url=HERE) as client:
        yield client


@pytest.fixture
def asking(home: Settings, store: Store) -> Iterator[As]:
    """Clients of other principals: `asking(role, labels=…, scopes=…)`."""
    opened: list[TestClient] = []

    def make(role: str, *, labels: frozenset[str] = EVERYWHERE, scopes: frozenset[str] = EVERYWHERE) -> TestClient:
        def principal_of(request: Request) -> Principal:
            return Principal(name="reader", role=role, labels=labels, scopes=scopes)

        client = TestClient(service(home, store, principal_of=principal_of), base_url=HERE)
        client.__enter__()
        opened.append(client)
        return client

    yield make
    for client in opened:
        client.__exit__(None, None, None)


@pytest.fixture
def public(asking: As) -> TestClient:
    """A viewer who may know of what is public."""
    return asking(Role.VIEWER, labels=frozenset({"public"}))


def routes_of(client: TestClient) -> list[Any]:
    groups = [getattr(route, "original_router", route) for route in client.app.routes]  # type: ignore[attr-defined]
    return [route for group in groups for route in getattr(group, "routes", [group])]


def gates_of(route: APIRoute | APIWebSocketRoute) -> list[Gate | SocketGate]:
    kind = Gate if isinstance(route, APIRoute) else SocketGate
    return [dependency.call for dependency in route.dependant.dependencies if isinstance(dependency.call, kind)]


def get_office(store: Store) -> tuple[Feature, Feature, Feature]:
    """The building, a public room of the lower storey and a restricted one of the upper."""
    rows = [row.feature for row in store.features("s", None, model_key="office")]
    building = next(item for item in rows if item.kind is Kind.BUILDING)
    rooms = [item for item in rows if item.kind is Kind.SPACE]
    return building, next(r for r in rooms if r.label == "public"), next(r for r in rooms if r.label == "restricted")


# The gate


def test_every_route_passes_the_gate(client: TestClient) -> None:
    routes = routes_of(client)
    assert len(routes) >= 17
    assert [route.path for route in routes if not isinstance(route, APIRoute | APIWebSocketRoute) or len(gates_of(route)) != 1] == []


def test_a_group_of_routes_is_tried_for_its_first_segments_alone() -> None:
    group, anything = Router(), Router()
    group.add_api_route("/assets/{key:path}", lambda: None)
    anything.add_api_route("/{page}", lambda: None)
    app = FastAPI()
    app.include_router(group)
    app.include_router(anything)
    assert (group.first_segments, anything.first_segments) == ({"assets"}, {"{"})
    found = {path: TestClient(app).get(path).status_code for path in ("/assets/A/1", "/assetss/A", "/about")}
    assert found == {"/assets/A/1": 200, "/assetss/A": 404, "/about": 200}
    assert group.matches({"type": "http", "path": "/rooms/1", "method": "GET"})[0] is Match.NONE


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_whoever_has_no_role_is_refused_everywhere(asking: As, path: str, method: str) -> None:
    answer = asking("").request(method, path)
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_reader_of_another_site_is_refused_and_does_not_see_it_listed(asking: As) -> None:
    stranger = asking(Role.VIEWER, scopes=frozenset({"other"}))
    assert stranger.get("/sites").json() == {"sites": [{"code": "other", "name": "别处"}]}
    for path in PATHS:
        if path.startswith(("/sites/s", "/tiles")):
            assert stranger.get(path).status_code == 403, path


def test_another_host_name_is_refused(client: TestClient) -> None:
    for host in ("evil.example", "evil.example:8000", "127.0.0.1.evil.example", "", "[::2]:80"):
        answer = client.get("/sites", headers={"Host": host})
        assert (answer.status_code, answer.json()["code"]) == (421, "HOST_UNKNOWN"), host
        assert "default-src 'none'" in answer.headers["content-security-policy"]
    for host in ("127.0.0.1", "127.0.0.1:8000", "localhost:1", "[::1]:8000", "[::1]"):
        assert client.get("/sites", headers={"Host": host}).status_code == 200, host


# Labels


def test_without_a_label_nothing_exists_in_tiles_counts_or_features(asking: As, home: Settings) -> None:
    blind = asking(Role.VIEWER, labels=frozenset())
    document = blind.get("/sites/s").json()
    assert set(document["counts"].values()) == {0}
    assert (document["bounds"]["site_xyz"], document["tilesets"]) == (None, [])
    tree = blind.get("/sites/s/tree").json()
    assert (tree["buildings"], tree["storeys"]) == ([], [])
    assert "children" not in blind.get("/tiles/s/tileset.json").json()["root"]
    for manifest in manifests_of(home, "s"):
        assert "children" not in blind.get(f"/tiles/s/{manifest.key}/tileset.json").json()["root"]
        for content in manifest.contents:
            assert blind.get(f"/tiles/s/{manifest.key}/{content.sha256}.glb").status_code == 404


def test_a_hidden_room_is_in_no_document(client: TestClient, public: TestClient, store: Store) -> None:
    building, room, hidden = get_office(store)
    assert public.get(f"/sites/s/features/{room.id}").status_code == 200
    for path in (f"/sites/s/features/{hidden.id}", f"/sites/s/features/{hidden.id}/children"):
        known, unknown = public.get(path), public.get(path.replace(hidden.id, "office:never"))
        assert known.status_code == unknown.status_code == 404
        assert known.text.replace(hidden.id, "office:never") == unknown.text
    secret = [row.feature for row in store.features("s", None, model_key="office") if row.feature.label == "restricted"]
    texts = [public.get("/sites/s").text, public.get("/sites/s/tree").text, public.get("/tiles/s/tileset.json").text]
    texts += [public.get(f"/sites/s/features/{building.id}").text, public.get(f"/sites/s/features/{hidden.storey}/children").text]
    texts += [
        public.get(f"/sites/s/features/{row.feature.id}").text for row in store.features("s", frozenset({"public"}), model_key="office")
    ]
    for item in secret:
        assert not any(item.id in text for text in texts), item.id
    assert public.get(f"/sites/s/features/{hidden.storey}/children").json() == {"features": [], "next": None}
    assert client.get(f"/sites/s/features/{hidden.storey}/children").json()["features"] != []


def test_what_is_hidden_has_no_extent_and_no_count(client: TestClient, public: TestClient, store: Store) -> None:
    building, _, hidden = get_office(store)
    seen = [row for row in store.features("s", frozenset({"public"}), model_key="office") if row.feature.kind in (Kind.SPACE, Kind.ELEMENT)]
    (entry,) = public.get("/sites/s/tree").json()["buildings"]
    (everything,) = client.get("/sites/s/tree").json()["buildings"]
    assert entry["rooms"] == sum(row.feature.kind is Kind.SPACE for row in seen) < everything["rooms"]
    assert [storey["rooms"] for storey in entry["storeys"]] == [5, 0]
    top = max(float(row.box[1, 2]) for row in seen if row.box is not None)
    assert entry["z_range"][1] == pytest.approx(top)
    assert everything["z_range"][1] > top + 2
    upper = public.get(f"/sites/s/features/{hidden.storey}").json()
    assert (upper["centre"], upper["radius_m"], upper["counts"]) == (None, None, {})
    assert public.get(f"/sites/s/features/{building.id}").json()["radius_m"] < everything["radius_m"]
    wide, narrow = (np.array(one.get("/sites/s").json()["bounds"]["site_xyz"]) for one in (client, public))
    assert (narrow[0] >= wide[0]).all()
    assert (narrow[1] <= wide[1]).all()


def test_a_hidden_room_is_in_no_tile_and_no_box(
    public: TestClient, client: TestClient, home: Settings, tmp_path: Path, store: Store
) -> None:
    manifest = next(one for one in manifests_of(home, "s") if one.key == "office")
    assert {content.label for content in manifest.contents} == {"public", "restricted"}
    shown = public.get("/tiles/s/office/tileset.json")
    assert shown.headers["cache-control"] == "private, no-cache"
    for content in manifest.contents:
        answer = public.get(f"/tiles/s/office/{content.sha256}.glb")
        assert answer.status_code == (200 if content.label == "public" else 404)
        assert (content.sha256 in shown.text) is (content.label == "public")
        if content.label == "public":
            (tmp_path / f"{content.sha256}.glb").write_bytes(answer.content)
    (tmp_path / "tileset.json").write_text(shown.text)
    seen = {row.feature.id for row in store.features("s", frozenset({"public"}), model_key="office")}
    assert set(read_features(tmp_path)) <= seen
    whole = client.get("/tiles/s/office/tileset.json").json()["root"]["boundingVolume"]["box"]
    assert shown.json()["root"]["boundingVolume"]["box"] != whole


def test_what_is_above_public_is_asked_for_each_time(client: TestClient, public: TestClient, home: Settings) -> None:
    manifest = next(one for one in manifests_of(home, "s") if one.key == "office")
    secret = next(content for content in manifest.contents if content.label == "restricted")
    path = f"/tiles/s/office/{secret.sha256}.glb"
    answer = client.get(path)
    assert answer.headers["cache-control"] == "private, no-cache"
    known = {"If-None-Match": answer.headers["etag"]}
    assert client.get(path, headers=known).status_code == 304
    assert public.get(path, headers=known).status_code == 404
    assert public.get(path, headers={"If-None-Match": "*"}).status_code == 404
    assert client.get(path).content[:4] == b"glTF"


# Bytes


def content_path(home: Settings) -> str:
    manifest = next(one for one in manifests_of(home, "s") if one.key == "office")
    public = next(content for content in manifest.contents if content.label == "public")
    return f"/tiles/s/office/{public.sha256}.glb"


def test_a_content_is_served_compressed_with_an_etag_and_not_twice(home: Settings, client: TestClient) -> None:
    path = content_path(home)
    first = client.get(path)
    assert first.headers["content-encoding"] == "gzip"
    assert first.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert first.content[:4] == b"glTF"
    for sent in (first.headers["etag"], f"W/{first.headers['etag']}", f'"x", {first.headers["etag"]}', "*"):
        again = client.get(path, headers={"If-None-Match": sent})
        assert (again.status_code, again.content) == (304, b""), sent
    assert client.get(path, headers={"If-None-Match": '"x"'}).status_code == 200


@pytest.mark.parametrize(
    ("accept", "zipped"),
    [("gzip", True), ("GZIP", True), ("br, gzip;q=0.5", True), ("*", True), ("identity", False), ("gzip;q=0", False),
     ("gzip;q=0, *", False), ("", False)],
)  # fmt: skip
def test_gzip_is_sent_only_to_who_takes_it(home: Settings, client: TestClient, accept: str, zipped: bool) -> None:
    for path, begin in ((content_path(home), b"gltf"), ("/openapi.json", b'{"op'), ("/index.html", b"<!do")):
        with client.stream("GET", path, headers={"Accept-Encoding": accept}) as answer:
            raw = b"".join(answer.iter_raw())
            if path != "/index.html" or len(raw) > 1024:
                assert ("content-encoding" in answer.headers) is zipped
            assert answer.headers["vary"] == "Accept-Encoding"
            assert int(answer.headers["content-length"]) == len(raw)
            packed = "content-encoding" in answer.headers
        assert (gzip.decompress(raw) if packed else raw)[:4].lower() == begin


def test_a_range_is_neither_promised_nor_given(home: Settings, client: TestClient) -> None:
    answer = client.get(content_path(home), headers={"Range": "bytes=0-3"})
    assert (answer.status_code, answer.headers["accept-ranges"]) == (200, "none")
    assert len(answer.content) > 4


@pytest.mark.parametrize("path", ["/sites", "/sites/s", "/sites/s/tree", "/tiles/s/tileset.json", "/openapi.json", "/index.html"])
def test_head_is_get_without_the_body_and_documents_have_tags(client: TestClient, path: str) -> None:
    plain = {"Accept-Encoding": "identity"}
    got, head = client.get(path, headers=plain), client.head(path, headers=plain)
    assert (head.status_code, head.content) == (200, b"")
    assert dict(head.headers) == dict(got.headers)
    again = client.get(path, headers={"If-None-Match": got.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", got.headers["etag"])
    assert "default-src 'none'" in again.headers["content-security-policy"]


def test_a_document_has_another_tag_for_who_sees_less(client: TestClient, public: TestClient) -> None:
    assert client.get("/sites/s/tree").headers["etag"] != public.get("/sites/s/tree").headers["etag"]
    assert client.get("/sites/s/tree").headers["cache-control"] == "private, no-cache"


def test_tiles_that_were_built_again_are_served_at_once(home: Settings, store: Store, client: TestClient, files: Files) -> None:
    before = client.get("/tiles/other/tileset.json")
    assert before.status_code == 404
    for file, layers in ((files.dem, 1), (files.roads, 2)):
        import_city(store, home, file, site="other", who="test", now=NOW)
        build_tiles(store, home, "other")
        assert len(client.get("/tiles/other/tileset.json").json()["root"]["children"]) == layers


# The tree


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
    assert room["source"]["file"] == "office-later.ifc"
    assert room["source"]["entity"].startswith("#")
    assert room["revision"]["id"].startswith("office@")
    assert room["properties"]["measured"]["area_m2"] > 1


def test_an_id_with_a_slash_has_an_address(client: TestClient, store: Store) -> None:
    terrain = next(row.feature.id for row in store.features("s", None, kinds=[Kind.TERRAIN]))
    assert "/" in terrain
    for address in (terrain, terrain.replace("/", "%2F").replace(":", "%3A")):
        assert client.get(f"/sites/s/features/{address}").json()["id"] == terrain
        assert client.get(f"/sites/s/features/{address}/children").json() == {"features": [], "next": None}


def test_thousands_of_children_come_in_pages_and_all_of_them(home: Settings, store: Store, client: TestClient) -> None:
    from tests.twin.store.builder import feature, new_revision

    desks = [feature("many", f"d{number}", Kind.ELEMENT, "r", name=f"桌 {number}") for number in range(2500)]
    store.record_revision(new_revision(model_key="many", site="other"), [feature("many", "r", Kind.SPACE), *desks], {}, [], [], now=NOW)
    address, found = "/sites/other/features/many:r/children?limit=1000", []
    while address:
        page = client.get(address).json()
        found += [entry["id"] for entry in page["features"]]
        address = page["next"]
    assert found == [f"many:d{number}" for number in range(2500)]


# Problems


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/sites/nowhere", 404, "SITE_UNKNOWN"),
        ("GET", "/sites/s/features/nothing", 404, "NOT_FOUND"),
        ("GET", "/sites/s/features/nothing/children", 404, "NOT_FOUND"),
        ("GET", "/tiles/s/none/tileset.json", 404, "NOT_FOUND"),
        ("GET", "/tiles/nowhere/tileset.json", 404, "SITE_UNKNOWN"),
        ("GET", "/tiles/s/office/0000.glb", 404, "NOT_FOUND"),
        ("GET", "/tiles/s/..%2F..%2Frecords.sqlite/tileset.json", 404, "NOT_FOUND"),
        ("GET", "/tiles/s/office/..%2F..%2Flayers.json.glb", 404, "NOT_FOUND"),
        ("GET", "/tiles/..%2F..%2Fmodels/tileset.json", 404, "NOT_FOUND"),
        ("GET", "/nothing", 404, "NOT_FOUND"),
        ("GET", "/assets/../../pyproject.toml", 404, "NOT_FOUND"),
        ("GET", "/assets/%2e%2e/%2e%2e/%2e%2e/pyproject.toml", 404, "NOT_FOUND"),
        ("GET", "/%2fetc/passwd", 404, "NOT_FOUND"),
        ("GET", "/.built", 404, "NOT_FOUND"),
        ("GET", "/a%00b", 404, "NOT_FOUND"),
        ("GET", "/records.sqlite", 404, "NOT_FOUND"),
        ("GET", "/sites/s/features/x/children?limit=0", 400, "PARAMETER_INVALID"),
        ("GET", "/sites/s/features/x/children?limit=1001", 400, "PARAMETER_INVALID"),
        ("GET", "/sites/s/features/x/children?kind=castle", 400, "PARAMETER_INVALID"),
        ("POST", "/sites", 405, "METHOD_NOT_ALLOWED"),
        ("DELETE", "/sites/s", 405, "METHOD_NOT_ALLOWED"),
        ("PUT", "/sites/s/features/office:x", 405, "METHOD_NOT_ALLOWED"),
    ],
)
def test_errors_are_problems_in_words(client: TestClient, method: str, path: str, status: int, code: str) -> None:
    answer = client.request(method, path)
    body = answer.json()
    assert (answer.status_code, body["status"], body["code"]) == (status, status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert body["type"] == "about:blank"
    assert body["detail"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    if status == 405:
        assert answer.headers["allow"] == "GET, HEAD"


def test_a_fault_of_ours_tells_nothing_and_is_logged(
    home: Settings, store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> None:
        raise RuntimeError("postgresql://twin:geheim@db")

    monkeypatch.setattr(store, "list_sites", broken)
    with TestClient(service(home, store), base_url=HERE) as client, caplog.at_level(logging.ERROR):
        answer = client.get("/sites")
    assert (answer.status_code, answer.json()["code"]) == (500, "INTERNAL_ERROR")
    assert answer.headers["content-type"] == "application/problem+json"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "geheim" not in answer.text
    assert "GET /sites failed" in caplog.text


def test_a_busy_store_says_when_to_come_back(home: Settings, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy() -> None:
        raise StoreBusy("another writer holds the records")

    monkeypatch.setattr(store, "list_sites", busy)
    with TestClient(service(home, store), base_url=HERE) as client:
        answer = client.get("/health")
    assert (answer.status_code, answer.headers["retry-after"], answer.json()["code"]) == (503, "5", "STORE_BUSY")


def test_broken_tiles_are_a_problem_and_not_a_fault(home: Settings, store: Store, client: TestClient, files: Files) -> None:
    store.add_site(replace(SITE, code="broken"), now=NOW)
    import_city(store, home, files.dem, site="broken", who="test", now=NOW)
    build_tiles(store, home, "broken")
    manifest = home.tiles_dir / "broken" / "dem" / "layer.json"
    for damage in (lambda: manifest.write_text("{"), manifest.unlink):
        damage()
        for path in ("/sites/broken", "/tiles/broken/tileset.json", "/tiles/broken/dem/tileset.json"):
            answer = client.get(path)
            assert (answer.status_code, answer.json()["code"]) == (503, "TILES_MANIFEST_INVALID")
            assert str(home.home) not in answer.text


# The page and the description


def test_a_machine_gets_the_landing_document_and_a_browser_the_page(client: TestClient) -> None:
    answer = client.get("/", headers={"Accept": "application/json"})
    links = {link["rel"]: link for link in answer.json()["links"]}
    assert links.keys() >= {"self", "service-desc", "service-doc", "data"}
    for rel in ("service-desc", "service-doc"):
        assert client.get(links[rel]["href"]).headers["content-type"].startswith(links[rel]["type"]), rel
    assert answer.headers["vary"] == "Accept, Accept-Encoding"
    page = client.get("/", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for name, value in (
        ("x-content-type-options", "nosniff"),
        ("cross-origin-resource-policy", "same-origin"),
        ("referrer-policy", "no-referrer"),
    ):
        assert page.headers[name] == value


def test_codes_are_told_in_both_languages(client: TestClient) -> None:
    codes = {one["code"]: (one["zh"], one["en"]) for one in client.get("/codes").json()["codes"]}
    assert codes["CARD_MISSING"] == ("有账无卡", "booked without a card")
    assert codes.keys() == {one.code for one in list_issue_codes()}


def test_a_document_among_the_page_s_files_is_packed_once(client: TestClient) -> None:
    answer = client.get("/cesium/Assets/approximateTerrainHeights.json", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert isinstance(answer.json(), dict)
