"""/changes through HTTP: tokens, links, statuses, and what a key may know of."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.twin.api.conftest import HERE
from tests.twin.store.builder import NOW, boxes, new_revision, relabelled, tower
from twin.auth import Role
from twin.queries.share.audit import Package, record_package
from twin.store import Store
from twin.store.facts import renew_changes_key


@pytest.fixture
def viewer(keyed: Callable[..., TestClient], key_of: Callable[..., str]) -> TestClient:
    return keyed(key_of(Role.VIEWER))


def follow(client: TestClient, path: str) -> tuple[list[dict[str, Any]], str]:
    """Every change by the next links, and the last token."""
    found: list[dict[str, Any]] = []
    while True:
        document = client.get(path).json()
        found += document["changes"]
        assert document["numberReturned"] == len(document["changes"])
        link = next(one for one in document["links"] if one["rel"] in ("next", "later"))
        path = link["href"].removeprefix(HERE)
        if link["rel"] == "later":
            assert not document["more"]
            return found, document["token"]


def test_a_first_call_gives_the_token_of_now_and_where_whole_collections_are(viewer: TestClient) -> None:
    answer = viewer.get("/changes")
    document = answer.json()
    assert document["changes"] == [] and not document["more"]
    bulk = {one["title"]: one["href"] for one in document["links"] if one["rel"] == "enclosure"}
    assert {"rooms", "elements"} <= bulk.keys() and "assets" not in bulk
    assert viewer.get(bulk["rooms"].removeprefix(HERE)).content.startswith(b"PAR1")
    tag = answer.headers["etag"]
    assert viewer.get("/changes", headers={"If-None-Match": tag}).status_code == 304


def test_every_change_comes_once_whatever_the_page_and_a_key_is_told_what_it_may_know_of(
    viewer: TestClient, keyed: Callable[..., TestClient], key_of: Callable[..., str], store: Store
) -> None:
    everything, token = follow(viewer, "/changes?since=beginning&limit=3")
    assert {one["id"] for one in everything} == {row.feature.id for row in store.features("PS", frozenset({"public"}))}
    rooms, _ = follow(viewer, "/changes?since=beginning&collection=rooms")
    assert {one["id"] for one in rooms} == {one["id"] for one in everything if one["collection"] == "rooms"} != set()
    features = relabelled(tower(), {"tower:r10-1": "restricted"})
    store.record_revision(new_revision("d" * 64), features, boxes(features), [], [], now=NOW)
    changed, _ = follow(viewer, f"/changes?since={token}")
    assert {one["id"]: one["type"] for one in changed}["tower:r10-1"] == "removed"
    assert viewer.get(changed[0]["href"] or "/collections/rooms").status_code == 200
    officer = keyed(key_of(Role.SECURITY_OFFICER))
    told = {one["id"] for one in follow(officer, "/changes?since=beginning&limit=1000")[0]}
    assert "tower:r9-1" in told and "tower:r9-1" not in {one["id"] for one in everything}


def test_a_bad_token_is_400_one_that_is_of_no_use_any_more_410(
    viewer: TestClient, keyed: Callable[..., TestClient], key_of: Callable[..., str], store: Store
) -> None:
    token = viewer.get("/changes").json()["token"]
    assert viewer.get("/changes?since=x").json()["code"] == "CHANGES_TOKEN_INVALID"
    assert viewer.get("/changes?since=x").status_code == 400
    answer = keyed(key_of(Role.SECURITY_OFFICER)).get(f"/changes?since={token}")
    assert (answer.status_code, answer.json()["code"]) == (410, "CHANGES_SCOPE_CHANGED") and answer.json()["hint"]
    with store.database.writing() as connection:
        renew_changes_key(connection)
    answer = viewer.get(f"/changes?since={token}")
    assert (answer.status_code, answer.json()["code"]) == (410, "CHANGES_TOKEN_FOREIGN")
    for path in ("/changes?collection=nothing", "/changes?collection=assets"):
        assert viewer.get(path).status_code == 404
    for path in ("/changes?limit=0", "/changes?sinse=x", "/changes?limit=1&limit=2"):
        assert viewer.get(path).json()["code"] == "PARAMETER_INVALID"


def test_who_audits_is_told_what_left_to_whom(
    viewer: TestClient, keyed: Callable[..., TestClient], key_of: Callable[..., str], store: Store
) -> None:
    for number in range(3):
        manifest = {"counts": {"rows": number}, "fields": {"name": None, "serial": "hash"}}
        package = Package(
            receiver="finance" if number else "tax", dataset="rooms", sequence=number + 1, kind="full", state="published", reason="first",
            definition="", position="", manifest_sha256="ab", manifest=manifest, folder="/out", who="王工", recorded_at=NOW,
        )  # fmt: skip
        with store.database.writing() as connection:
            record_package(connection, package)
    auditor = keyed(key_of(Role.AUDITOR))
    first = auditor.get("/exports?limit=2").json()
    assert [one["sequence"] for one in first["exports"]] == [3, 2] and first["exports"][0]["fields"]["serial"] == "hash"
    rest = auditor.get(first["next"]).json()
    assert [(one["receiver"], one["who"]) for one in rest["exports"]] == [("tax", "王工")] and rest["next"] is None
    assert len(auditor.get("/exports?receiver=finance&dataset=rooms").json()["exports"]) == 2
    assert auditor.get("/exports?after=x").json()["code"] == "PARAMETER_INVALID"
    assert viewer.get("/exports").status_code == 403
