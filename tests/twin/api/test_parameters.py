"""What is wrong in an address is 400 with the reason, the parameter and what would do, on everything that is read."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.twin.files import SITE
from tests.twin.imports.conftest import NOW
from twin.api import create_app
from twin.settings import Settings
from twin.store import Store

HERE = "http://127.0.0.1"
IDS = {"code": "s", "collection_id": "rooms"}
Read = list[tuple[str, dict[str, Any]]]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    settings = Settings(home=tmp_path_factory.mktemp("parameters"))
    with Store.open(settings.database_url) as store:
        store.migrate()
        store.add_site(SITE, now=NOW)
        yield TestClient(create_app(settings, store), base_url=HERE)


@pytest.fixture(scope="module")
def read(client: TestClient) -> Read:
    """Every address of the OpenAPI document that is read, its ids filled in, with its operation."""
    found = []
    for path, item in client.get("/openapi.json").json()["paths"].items():
        if "get" in item:
            names = {one["name"] for one in item["get"].get("parameters", ()) if one["in"] == "path"}
            for name in names:
                path = path.replace(f"{{{name}}}", IDS.get(name, "1"))
            found.append((path, item["get"]))
    return found


def require_problem(answer: Any, parameter: str) -> None:
    body = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json"), (answer.url, body)
    assert body["code"] in ("PARAMETER_INVALID", "FILTER_INVALID") and body["detail"] and body["hint"], (answer.url, body)
    assert body["parameter"] == parameter, (answer.url, body)


def test_a_parameter_that_an_address_has_not_is_refused_by_name_everywhere(client: TestClient, read: Read) -> None:
    assert len(read) > 90
    for path, _ in read:
        require_problem(client.get(path, params={"dragon": "1"}), "dragon")


def test_a_value_that_a_parameter_cannot_have_is_refused_by_name_everywhere(client: TestClient, read: Read) -> None:
    asked = 0
    for path, operation in read:
        for one in operation.get("parameters", ()):
            schema = one["schema"]
            if one["in"] == "query" and (schema.get("type") in ("integer", "number", "boolean") or "enum" in schema or "pattern" in schema):
                answer = client.get(path, params={one["name"]: "~none~"})
                assert (answer.status_code, answer.json()["code"]) == (400, "PARAMETER_INVALID"), (path, answer.text)
                assert f"query.{one['name']}" in {said["where"] for said in answer.json()["parameters"]}, (path, answer.text)
                asked += 1
    assert asked > 120


def test_no_address_that_is_read_says_422(read: Read) -> None:
    assert not [path for path, operation in read if "422" in operation["responses"]]


@pytest.mark.parametrize(
    ("path", "code", "parameter"),
    [
        ("/collections/rooms/items?bbox=1,2,3", "PARAMETER_INVALID", "bbox"),
        ("/collections/rooms/items?datetime=yesterday", "PARAMETER_INVALID", "datetime"),
        ("/collections/rooms/items?filter=area %3E", "FILTER_INVALID", "filter"),
        ("/collections/rooms/items?filter-lang=sql", "PARAMETER_INVALID", "filter-lang"),
        ("/collections/rooms/items?limit=0", "PARAMETER_INVALID", "limit"),
        ("/collections/rooms/items?crs=x", "PARAMETER_INVALID", "crs"),
        ("/collections/rooms/items?sortby=dragon", "PARAMETER_INVALID", "sortby"),
        ("/collections/rooms/items?filter=dragon = 1", "FILTER_INVALID", "filter"),
        ("/collections/rooms/items?name=1&filter=name = 1", "FILTER_INVALID", "filter"),
        ("/rooms?dragon=1", "PARAMETER_INVALID", "dragon"),
        ("/rooms?usable_area=wide", "FILTER_INVALID", "usable_area"),
        ("/rooms/1/dossier?as_of=soon", "PARAMETER_INVALID", "as_of"),
        ("/spatial/within?kind=dragon&bbox=1,1,2,2", "FEATURE_KIND_UNKNOWN", "kind"),
        ("/spatial/within?kind=room&polygon=circle", "AREA_INVALID", "polygon"),
        ("/spatial/within?kind=room", "AREA_INVALID", "in"),
        ("/spatial/route?from=x&to=y&mode=boat", "PARAMETER_INVALID", "mode"),
        ("/assets/totals?by=dragon", "FILTER_INVALID", "by"),
        ("/changes?since=x", "CHANGES_TOKEN_INVALID", "since"),
        ("/requests/x", "PARAMETER_INVALID", "request_id"),
        ("/tiles/s/tileset.json?dragon=1", "PARAMETER_INVALID", "dragon"),
        ("/health?deep=1", "PARAMETER_INVALID", "deep"),
    ],
)
def test_the_parameter_is_named(client: TestClient, path: str, code: str, parameter: str) -> None:
    answer = client.get(path)
    body = answer.json()
    assert (answer.status_code, body["code"], body.get("parameter")) == (400, code, parameter), answer.text
    assert body["detail"] and body["hint"]


def test_a_client_may_get_past_its_cache_of_tiles_and_of_the_page(client: TestClient) -> None:
    assert client.get("/tiles/s/tileset.json?v=1").json()["code"] == "NOT_FOUND"
    assert client.get("/favicon.svg?x=1").status_code in (200, 404)
