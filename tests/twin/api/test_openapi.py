"""The OpenAPI document: every route, in two languages, with what it answers."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from twin.api import create_app
from twin.codes import list_kinds
from twin.settings import Settings
from twin.store import Store

HERE = "http://127.0.0.1"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    with Store.open(settings.database_url) as store:
        store.migrate()
        yield TestClient(create_app(settings, store), base_url=HERE)


def test_openapi_describes_every_route_in_two_languages_with_its_answer(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    operations = {(path, method): one for path, methods in document["paths"].items() for method, one in methods.items()}
    about_records = {"records", "assets", "requests", "planner", "energy and vehicles", "stocktakes", "reconciliation", "work items"}
    records = {path for (path, _), one in operations.items() if about_records & set(one["tags"])}
    for kind in list_kinds():
        assert {f"/{kind.plural}", f"/{kind.plural}/{{key}}", f"/{kind.plural}/{{key}}/dossier"} <= records
    assert {path for path, _ in operations} - records == {
        "/", "/codes", "/health", "/live/tracks/{kind}/{key}", "/live/at", "/live/counts", "/live/trips/{kind}/{key}", "/live/orders",
        "/openapi.json", "/sites", "/sites/{code}", "/sites/{code}/tree", "/sites/{code}/features/{feature_id}",
        "/sites/{code}/features/{feature_id}/children", "/sites/{code}/features/{feature_id}/records",
        "/tiles/{code}/tileset.json", "/tiles/{code}/{layer}/tileset.json",
        "/tiles/{code}/{layer}/{content}.glb", "/session", "/conformance", "/collections", "/collections/{collection_id}",
        "/api", "/collections/{collection_id}/sortables", "/collections/{collection_id}/schema",
        "/collections/{collection_id}/feature-schema",
        "/collections/{collection_id}/queryables", "/collections/{collection_id}/items", "/collections/{collection_id}/items/{item_id}",
        "/spatial/locate", "/spatial/nearest", "/spatial/within", "/spatial/pick", "/spatial/plan", "/spatial/explain",
        "/spatial/visible-from", "/spatial/coverage",
        "/spatial/route", "/spatial/guards", "/spatial/evacuation", "/spatial/unreached", "/changes", "/exports",
        "/live/positions", "/live/states", "/snapshot", "/live/inside",
        "/live/gateways", "/live/vehicles/{key}/text", "/live/vehicles/{key}/track", "/live/vehicles/{key}/confirm",
        "/live/vehicles/{key}/commands",
        "/incidents", "/incidents/{incident}", "/incidents/{incident}/alarms", "/incidents/{incident}/acknowledge",
        "/incidents/{incident}/comment", "/incidents/{incident}/assign", "/incidents/{incident}/close", "/incidents/{incident}/merge",
        "/incidents/{incident}/split", "/incidents/{incident}/context", "/sites/{code}/muster", "/events",
        "/sta/v1.1", "/sta/v1.1/{resource}", "/gb28181/messages", "/gb28181/differences", "/gb28181/put-aside",
    }  # fmt: skip
    for where, operation in operations.items():
        assert _is_bilingual(operation["summary"]), where
        done = next(operation["responses"][status] for status in ("200", "201", "204") if status in operation["responses"])
        assert "204" in operation["responses"] or done["content"], where
        problems = {status for status in operation["responses"] if status >= "4"}
        assert {"400", "401", "403", "421", "429", "503"} <= problems, where
        assert all("$ref" in operation["responses"][status] for status in problems), where
    schemas = document["components"]["schemas"]
    assert _is_bilingual(schemas["SiteDocument"]["properties"]["origin"].get("description") or schemas["Origin"]["description"])
    for reference in _references(document):
        found: Any = document
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]


def _is_bilingual(text: str) -> bool:
    return any("\u4e00" <= letter <= "\u9fff" for letter in text) and any("a" <= letter <= "z" for letter in text.lower())


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for name, value in node.items():
            if name == "$ref":
                yield value
            else:
                yield from _references(value)
    elif isinstance(node, list):
        for item in node:
            yield from _references(item)


def test_ways_are_described_to_their_last_member(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    for path in ("/spatial/route", "/spatial/guards", "/spatial/evacuation", "/spatial/unreached"):
        schema = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        for reference in _references(schema):
            model = document["components"]["schemas"][reference.rpartition("/")[2]]
            assert model["additionalProperties"] is False and {"site", "type"} & set(model["required"]), path
        assert list(_references(schema)), path
