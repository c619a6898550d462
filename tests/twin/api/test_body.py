"""Bodies and addresses of the wrong form: refused in words, never a fault, and never taken in silence."""

import json
from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient

from tests.twin.queries.items.world import filled
from tests.twin.queries.town import Town
from tests.twin.served import service
from twin.api.body import MOST_BODY_BYTES, parse_json
from twin.errors import Invalid
from twin.settings import Settings
from twin.store import Store

HERE = "http://127.0.0.1"
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """The local administrator of a small town."""
    folder = tmp_path_factory.mktemp("body")
    settings = Settings(home=folder)
    with Store.open(settings.database_url) as store:
        store.migrate()
        filled(store)
        Town(store, folder, assets=3)
        with TestClient(service(settings, store), base_url=HERE, raise_server_exceptions=False) as client:
            yield client


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b'{"code": NaN}', "NaN"),
        (b'{"code": -Infinity}', "Infinity"),
        (b'{"value": 1e999}', "float64"),
        (b'{"value": 9223372036854775808}', "64 bits"),
        (b'{"value": -' + b"9" * 5000 + b"}", "64 bits"),
        (b'{"code": "a\\u0000"}', "NUL"),
        (b'{"code": "\\ud800"}', "surrogate"),
        (b'{"\\udfff": 1}', "surrogate"),
        (b'{"code": "1", "code": "2"}', "given twice"),
        (b'{"code": "\xff"}', "UTF-8"),
        ('{"code": "山"}'.encode("utf-16"), "UTF-8"),
        (b'\xef\xbb\xbf{"code": "1"}', "character 0"),
        (b"[" * 150 + b"]" * 150, "deeper"),
        (b"[" * 500_000, "deeper"),
        (b'{"code": ', "character"),
    ],
    ids=range(15),
)
def test_json_that_is_none_or_cannot_be_kept_is_refused(client: TestClient, content: bytes, what: str) -> None:
    answer = client.post("/rooms", content=content, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (400, "BODY_INVALID")
    assert what in answer.json()["detail"]


def test_json_that_can_be_kept_is_taken_as_it_is() -> None:
    said = {"山": ["\U0001f600", 1.5, -(2**63) + 1, None, True, {"a": "\u00e9\n"}]}
    assert parse_json(json.dumps(said).encode()) == parse_json(json.dumps(said, ensure_ascii=False).encode()) == said
    with pytest.raises(Invalid):
        parse_json(b'["\\ud83d"]')


@pytest.mark.parametrize("media_type", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "json"])
@pytest.mark.parametrize("path", ["/rooms", "/spatial/locate"])
def test_a_body_under_another_name_than_json_is_not_taken(client: TestClient, media_type: str, path: str) -> None:
    if not media_type and path == "/spatial/locate":
        return  # it asks and changes nothing: a body without its type is read as JSON (RFC 9110 §8.3)
    headers = {"Content-Type": media_type} if media_type else {}
    answer = client.post(path, content=b"{}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "BODY_TYPE_REFUSED")


def test_a_body_too_large_is_refused_whether_it_says_so_or_not(client: TestClient) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(MOST_BODY_BYTES // 2**20 + 1):
            yield b" " * 2**20

    sendings: tuple[Callable[[], object], ...] = (lambda: b" " * (MOST_BODY_BYTES + 1), chunks)
    for make in sendings:
        answer = client.post("/rooms", content=make(), headers=JSON)  # type: ignore[arg-type]
        assert (answer.status_code, answer.json()["code"]) == (413, "BODY_TOO_LARGE")


@pytest.mark.parametrize(
    "path",
    [
        f"/requests/{2**63}",
        f"/requests/{'9' * 5000}",
        "/requests/-1",
        f"/assets?value_from={2**64}",
        f"/inventory?place={2**63}",
        "/rooms/R101/dossier?as_of=0",
        "/rooms/R101/dossier?as_of=0001-01-01",
        "/rooms/R101/dossier?known_at=9999-12-31T23:59:59-14:00",
        "/dispatches/findings?to=0001-01-01",
        "/energy?to=9999-12",
        "/energy?from=0001-01",
        "/energy/findings?from=1950-01&to=2026-01",
        "/sites?colour=red",
        "/search?q=a&q=b",
        "/search?q=%00",
        "/reports/rooms?format=pdf",
    ],
)
def test_parameters_out_of_reach_unknown_or_twice_are_refused(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 400, answer.text
    assert answer.json()["code"] in ("PARAMETER_INVALID", "FILTER_INVALID")


@pytest.mark.parametrize("path", ["/rooms/a%00b", "/sites/%00", "/collections/rooms/items/%00"])
def test_nothing_is_named_by_a_nul_character(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/rooms/%FF%FE", "/sites/%ED%A0%80", "/search?q=%FF", "/assets?q=%ED%A0%80"])
def test_an_address_that_is_no_utf8_is_no_fault(client: TestClient, path: str) -> None:
    assert client.get(path).status_code in (200, 404)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/assets/totals", "GET, HEAD"),
        ("PATCH", "/units/U1/entitlement", "GET, HEAD"),
        ("DELETE", "/rooms/R101/dossier", "GET, HEAD"),
        ("DELETE", "/assets/A-0001/steps", "GET, HEAD, POST"),
        ("HEAD", "/what-if/move", "POST"),
        ("DELETE", "/assets", "GET, HEAD, POST"),
        ("PUT", "/session", "DELETE, GET, HEAD, POST"),
        ("OPTIONS", "/rooms/R101", "DELETE, GET, HEAD, PATCH, PUT"),
        ("POST", "/nothing", "GET, HEAD"),
    ],
)
def test_a_method_that_an_address_has_not_is_405_with_those_it_has(client: TestClient, method: str, path: str, allowed: str) -> None:
    answer = client.request(method, path, headers=JSON)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "null", "ÿ"])
def test_an_origin_that_is_none_is_foreign(client: TestClient, origin: str) -> None:
    answer = client.post("/rooms", json={}, headers={"Origin": origin.encode("latin-1")})  # type: ignore[dict-item]
    assert (answer.status_code, answer.json()["code"]) == (403, "ORIGIN_FOREIGN")


def test_columns_of_points_take_numbers_alone(client: TestClient) -> None:
    for lon in ("[NaN]", '["1"]', "[true]", "[1e999]"):
        answer = client.post("/spatial/locate", content=f'{{"lon": {lon}, "lat": [1]}}', headers=JSON)
        assert (answer.status_code, answer.json()["code"]) == (422, "POINTS_INVALID"), lon


def test_shapes_that_are_gone_are_told_without_the_inside(client: TestClient) -> None:
    for path in ("/spatial/evacuation?site=PS", "/spatial/guards?site=PS&to=tower:r9-1", "/spatial/plan?site=PS&storey=tower:s1"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (503, "MESHES_MISSING"), path
        assert "/meshes" not in answer.text and answer.headers["retry-after"]
