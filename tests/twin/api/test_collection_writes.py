"""Cameras, zones and records written through their collections: as GeoJSON, with If-Match; what came from a file is read alone."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.twin.api.test_devices import LAT, LON, As, Guarded, asking, guarded
from tests.twin.imports.tie.test_revision import NUMBERS, TAGS, model
from tests.twin.store.builder import new_revision, record
from twin.auth import Role
from twin.imports.tie.grounds import read_grounds

__all__ = ["asking", "guarded"]

CAMERAS, ZONES = "/collections/cameras/items", "/collections/zones/items"
GEOJSON, PATCH = "application/geo+json", "application/merge-patch+json"
RING = [[LON, LAT], [LON + 0.001, LAT], [LON + 0.001, LAT + 0.001], [LON, LAT]]


def sent(client: TestClient, method: str, path: str, body: Any = None, *, seen: str | None = None, media: str = GEOJSON) -> Any:
    headers = {"Content-Type": media} | ({"If-Match": seen} if seen else {})
    return client.request(method, path, json=body, headers=headers)


def tag(client: TestClient, path: str) -> str:
    return str(client.get(path).headers["etag"])


def feature(geometry: Any = None, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def point(*at: float) -> dict[str, Any]:
    return {"type": "Point", "coordinates": list(at)}


def test_a_camera_lives_through_its_collection(asking: As) -> None:
    """Made, moved by its geometry, patched, put as it was read, ended; its register and its feature say the same at each step."""
    client = asking()
    made = sent(client, "POST", CAMERAS, feature(point(LON, LAT, 41.5), code="N/1", name="新机", heading=90))
    assert (made.status_code, made.headers["content-type"]) == (201, GEOJSON), made.text
    where = made.headers["location"]
    assert where.endswith("/collections/cameras/items/N%2F1") and client.get(where).json() == made.json()
    assert made.headers["etag"].rpartition("-")[0] == tag(client, where).rpartition("-")[0]
    assert made.json()["geometry"]["coordinates"] == pytest.approx([LON, LAT, 41.5], abs=1e-3)
    record = client.get("/cameras/N%2F1").json()["values"]
    assert (record["lon"], record["datum"], record["ellipsoidal_height"], record["heading"]) == (LON, "WGS84", 41.5, 90.0)

    moved = sent(client, "PATCH", where, {"geometry": point(LON + 1e-4, LAT)}, seen=tag(client, where), media=PATCH)
    assert moved.status_code == 200, moved.text
    assert moved.json()["geometry"]["coordinates"] == pytest.approx([LON + 1e-4, LAT, 41.5], abs=1e-3)
    assert client.get("/sites/PS/features/camera:N%2F1").json()["properties"]["position"]["lon"] == pytest.approx(LON + 1e-4)

    patched = sent(client, "PATCH", where, {"properties": {"heading": None, "name": "改"}}, seen=moved.headers["etag"], media=PATCH)
    assert (patched.json()["properties"]["heading"], patched.json()["properties"]["name"]) == (None, "改")
    again = sent(client, "PUT", where, client.get(where).json(), seen=tag(client, where))
    assert again.status_code == 200 and again.json()["geometry"] == patched.json()["geometry"]
    assert again.json()["properties"] == patched.json()["properties"]
    bare = sent(client, "PUT", where, feature(again.json()["geometry"], code="N/1"), seen="*")
    assert bare.json()["geometry"] == again.json()["geometry"] and bare.json()["properties"]["name"] is None

    assert client.request("DELETE", where, headers={"If-Match": tag(client, where)}).status_code == 204
    assert client.get(where).status_code == 404
    assert client.get("/cameras/N%2F1/dossier").json()["ended"] is not None, "nothing is erased"


def test_a_change_must_have_seen_what_it_changes(asking: As) -> None:
    client = asking()
    where = f"{CAMERAS}/C2"
    for method, body in (("PUT", feature(code="C2")), ("PATCH", {"properties": {"name": "x"}}), ("DELETE", None)):
        missing, stale = sent(client, method, where, body), sent(client, method, where, body, seen='"0"')
        assert (missing.status_code, missing.json()["code"]) == (428, "PRECONDITION_REQUIRED")
        assert (stale.status_code, stale.json()["code"]) == (412, "PRECONDITION_FAILED")
    for path in (f"{CAMERAS}/none", "/collections/none/items/x"):
        assert sent(client, "PATCH", path, {"properties": {}}, seen="*", media=PATCH).status_code == 404
    seen = tag(client, where)
    assert sent(client, "PATCH", where, {"properties": {"name": "x"}}, seen=seen, media=PATCH).status_code == 200
    assert sent(client, "PATCH", where, {"properties": {"name": "y"}}, seen=seen, media=PATCH).status_code == 412


def test_zones_units_and_what_does_not_fit(asking: As) -> None:
    client = asking()
    ring = {"type": "Polygon", "coordinates": [RING]}
    made = sent(client, "POST", ZONES, feature(ring, code="Z1", name="<script>区", bottom_1985=10, top_1985=14), media="application/json")
    assert made.status_code == 201, made.text
    assert [at[:2] for at in made.json()["geometry"]["coordinates"][0]] == [pytest.approx(at, abs=1e-8) for at in RING]
    unit = sent(client, "POST", "/collections/units/items", feature(code="U9", name="局", level="provincial"))
    assert (unit.status_code, unit.json()["id"], unit.json()["geometry"]) == (201, "U9", None)
    said = feature(point(LON, LAT), code="C9", lon=LON, lat=LAT)
    for path, body, member in (
        (CAMERAS, said, "geometry"),
        (CAMERAS, feature(ring, code="C9"), "geometry"),
        (CAMERAS, feature(point(LAT, LON), code="C9"), "geometry"),
        (CAMERAS, feature({"type": "Point"}, code="C9"), "geometry"),
        (CAMERAS, {"type": "Feature", "geometry": None}, "properties"),
        (CAMERAS, {"properties": {"code": "C9"}}, "type"),
        (CAMERAS, feature(code="C9", heading=361), "heading"),
        (CAMERAS, feature(code="C9", nothing=1), "nothing"),
        (ZONES, feature(point(LON, LAT), code="Z2"), "geometry"),
        ("/collections/units/items", feature(point(LON, LAT), code="U8", name="局", level="provincial"), "geometry"),
    ):
        answer = sent(client, "POST", path, body)
        assert answer.status_code == 422 and member in answer.json()["detail"], (body, answer.text)
    assert sent(client, "POST", ZONES, feature(ring, code="Z1")).json()["code"] == "RECORD_KEY_TAKEN"
    assert sent(client, "POST", CAMERAS, said, media="text/plain").json()["code"] == "BODY_TYPE_REFUSED"
    grid = {"Content-Type": GEOJSON, "Content-Crs": "<http://www.opengis.net/def/crs/EPSG/0/4549>"}
    assert client.post(CAMERAS, json=feature(point(1, 2), code="C9"), headers=grid).status_code == 400
    hidden = asking("public").get(f"{ZONES}?f=html").text
    assert "<script>" not in hidden and "&lt;script&gt;区" in hidden


def test_what_came_from_a_file_is_not_written_and_who_may_not_write_does_not(asking: As) -> None:
    client, officer = asking(), asking(role=Role.SECURITY_OFFICER)
    for name in ("rooms", "sites", "elements"):
        item = client.get(f"/collections/{name}/items?limit=1").json()["features"][0]["id"]
        for method, path in (("POST", ""), ("PUT", f"/{item}"), ("PATCH", f"/{item}"), ("DELETE", f"/{item}")):
            answer = sent(client, method, f"/collections/{name}/items{path}", feature(), seen="*")
            assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
            assert answer.json()["code"] == "METHOD_NOT_ALLOWED" and "correction" in answer.json()["hint"]
    assert sent(officer, "POST", CAMERAS, feature(code="C9")).status_code == 403
    assert client.options(CAMERAS).headers["allow"] == "GET, HEAD, OPTIONS, POST"
    one = client.options(f"{CAMERAS}/C2")
    assert (one.status_code, one.headers["allow"]) == (204, "GET, HEAD, OPTIONS, PUT, PATCH, DELETE")
    assert PATCH in one.headers["accept-patch"] and GEOJSON in client.options(CAMERAS).headers["accept-post"]
    assert (
        officer.options(f"{CAMERAS}/C2").headers["allow"]
        == client.options("/collections/rooms/items").headers["allow"]
        == "GET, HEAD, OPTIONS"
    )
    hiding = asking("public")
    made = sent(hiding, "POST", CAMERAS, feature(code="C8", label="restricted"))
    assert (made.status_code, made.content) == (201, b""), "its writer may not know of it any more"
    assert sent(hiding, "PATCH", f"{CAMERAS}/C3", {"properties": {"name": "x"}}, seen="*", media=PATCH).status_code == 404


def test_a_change_of_one_device_reads_the_scene_only_where_that_is_another(
    asking: As, guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Any] = []

    def counting(store: Any) -> Any:
        read.append(store)
        return read_grounds(store)

    monkeypatch.setattr(import_module("twin.imports.tie.tie"), "read_grounds", counting)
    client = asking()

    def move(at: float) -> float:
        body = {"geometry": point(at, LAT)}
        return sent(client, "PATCH", f"{CAMERAS}/C2", body, seen="*", media=PATCH).json()["geometry"]["coordinates"][0]  # type: ignore[no-any-return]

    assert [move(LON + 1e-5), len(read)] == [pytest.approx(LON + 1e-5, abs=1e-8), 1]
    assert [move(LON + 2e-5), len(read)] == [pytest.approx(LON + 2e-5, abs=1e-8), 1]
    features = [replace(one, name="改") if one.id == "tower:b" else one for one in model(NUMBERS, TAGS, {})]
    record(guarded.store, features, new_revision("e" * 64))
    assert [move(LON + 3e-5), len(read)] == [pytest.approx(LON + 3e-5, abs=1e-8), 2]
