"""Devices through HTTP on both databases: written with If-Match, followed by their features at once, hidden with their label everywhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import pytest
from fastapi.testclient import TestClient

from spatial.frame import SiteFrame
from tests.twin.imports.tie.test_revision import NUMBERS, TAGS, model
from tests.twin.moulds import Cast
from tests.twin.served import service
from tests.twin.store.builder import NOW, SITE, new_revision, record
from twin.auth import LabelPolicy, Principal, Role
from twin.errors import ModelKeyTaken
from twin.imports.register import import_register
from twin.settings import Settings
from twin.store import Store

HERE = "http://127.0.0.1"
EVERY = frozenset({"*"})
LON, LAT = 119.2950, 26.0899
HEADER = "摄像机编号,摄像机名称,楼栋,楼层,房间号,经度,纬度,坐标系,安装高度,可见范围"
As = Callable[..., TestClient]


class Guarded:
    """The tower with a restricted room, and cameras: in it, outside, restricted by their own label, nowhere."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store, self.folder = store, folder
        store.add_site(SITE, now=NOW, policy=LabelPolicy(labels=("public", "internal", "restricted")))
        features = [replace(one, label="restricted") if one.id == "tower:r10-10" else one for one in model(NUMBERS, TAGS, {})]
        record(store, features)
        self.take("building", "楼栋编码,楼栋名称", ["B1,主楼"])
        self.take(
            "camera",
            HEADER,
            [
                "C1,机要室机,主楼,10层,1010,,,,2.4,",
                f"C2,东院机,,,,{LON},{LAT},CGCS2000,5,",
                f"C3,暗哨机,,,,{LON},{LAT},CGCS2000,6,restricted",
                "C4,无处机,,,,,,,6,",
                "C5,自称公开机,主楼,10层,1010,,,,2.4,public",
                f"C6,错标签机,,,,{LON},{LAT},CGCS2000,6,topsecret",
            ],
        )

    def moved(self, store: Store, folder: Path) -> Self:
        """The same in a copy of its store."""
        made = object.__new__(type(self))
        made.store, made.folder = store, folder
        return made

    def take(self, kind: str, header: str, lines: list[str]) -> None:
        path = self.folder / f"{kind}.csv"
        path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
        import_register(self.store, Settings(home=self.folder / "home"), kind, path, who="clerk", now=NOW)


@pytest.fixture
def guarded(cast: Cast) -> Guarded:
    return cast(Guarded)


@pytest.fixture
def asking(guarded: Guarded) -> As:
    """`asking(labels=…, units=…)`: a client of an administrator who may know of these alone."""

    def client(*labels: str, role: str = Role.ADMINISTRATOR, units: frozenset[str] = EVERY) -> TestClient:
        principal = Principal(name="someone", role=role, labels=frozenset(labels) or EVERY, scopes=EVERY, units=units)
        app = service(Settings(home=guarded.folder / "home"), guarded.store, principal_of=lambda request: principal)
        return TestClient(app, base_url=HERE)

    return client


def keys(client: TestClient) -> list[str]:
    return [row["key"] for row in client.get("/cameras").json()["records"]]


def feature(client: TestClient, key: str) -> Any:
    answer = client.get(f"/sites/PS/features/camera:{key}")
    return answer.json() if answer.status_code == 200 else None


def changed(client: TestClient, key: str, method: str = "PATCH", **values: Any) -> Any:
    tag = client.get(f"/cameras/{key}").headers["ETag"]
    answer = client.request(method, f"/cameras/{key}", json=values or None, headers={"If-Match": tag})
    assert answer.status_code in (200, 204), answer.text
    return answer


def test_a_hidden_room_and_a_hidden_label_hide_cameras_in_lists_counts_search_and_features(asking: As) -> None:
    every, public = asking(), asking("public", "internal")
    assert keys(every) == ["C1", "C2", "C3", "C4", "C5", "C6"]
    assert keys(public) == ["C2"]
    assert (every.get("/sites/PS").json()["counts"]["cameras"], public.get("/sites/PS").json()["counts"]["cameras"]) == (4, 1)
    for key in ("C1", "C3", "C4", "C5", "C6"):
        assert public.get(f"/cameras/{key}").status_code == 404
        assert public.get(f"/cameras/{key}/dossier").status_code == 404
        assert feature(public, key) is None
    assert {feature(every, key)["label"] for key in ("C1", "C3", "C5")} == {"restricted"}
    assert feature(public, "C2")["label"] == "public"
    groups = {name: [row["key"] for row in one.get("/search", params={"q": "机"}).json()["groups"][0]["records"]] for name, one in
              (("every", every), ("public", public))}  # fmt: skip
    assert groups == {"every": ["C1", "C2", "C3", "C4", "C5"], "public": ["C2"]}
    assert asking("restricted").get("/cameras/C2").status_code == 404


def test_a_role_that_may_not_read_records_gets_nothing_of_devices(asking: As) -> None:
    nobody = asking(role=Role.ANONYMOUS)
    for path in ("/cameras", "/cameras/C2", "/cameras/C2/dossier", "/zones", "/sites/PS/features/camera:C2"):
        assert nobody.get(path).status_code in (401, 403)
    assert keys(asking(units=frozenset({"U1"}))) == []


def test_labels_that_nobody_knows_or_that_a_room_overrules_are_told(guarded: Guarded) -> None:
    from sqlalchemy import text

    with guarded.store.database.reading() as connection:
        rows = connection.execute(text("select code, message from work_item where code like 'DEVICE_LABEL%' order by code")).all()
    assert [(code, message[:2]) for code, message in rows] == [("DEVICE_LABEL_OVERRULED", "C5"), ("DEVICE_LABEL_UNKNOWN", "C6")]


def test_a_change_moves_the_feature_before_it_is_answered_and_the_end_ends_it(asking: As) -> None:
    client = asking()
    assert client.patch("/cameras/C2", json={"lon": LON}).status_code == 428
    assert client.patch("/cameras/C2", json={"lon": LON}, headers={"If-Match": '"0"'}).status_code == 412
    changed(client, "C2", lon=LON + 0.0002, heading=90.0)
    found = feature(client, "C2")
    expected = SiteFrame.of(SITE).from_lon_lat_height([[LON + 0.0002, LAT, SITE.height_m]])[0]
    assert found["properties"]["position"]["site_xyz"][:2] == pytest.approx(expected[:2], abs=0.01)
    assert (found["properties"]["device"]["heading_deg"], found["revision"]["who"]) == (90.0, "someone")
    changed(client, "C2", "DELETE")
    assert feature(client, "C2") is None
    assert client.get("/sites/PS").json()["counts"]["cameras"] == 3
    dossier = client.get("/cameras/C2/dossier").json()
    assert dossier["ended"] is not None
    assert next(one["value"] for one in dossier["fields"] if one["name"] == "heading") == 90.0


def test_a_camera_is_added_and_replaced_through_the_service(asking: As) -> None:
    client = asking()
    stated = {"code": "N/1", "lon": LON, "lat": LAT, "datum": "WGS84", "mounting_height": 4.0}
    made = client.post("/cameras", json=stated | {"label": "internal"})
    assert made.status_code == 201, made.text
    assert feature(client, "N%2F1")["label"] == "internal"
    changed(client, "N%2F1", "PUT", code="N/1", lon=LON, lat=LAT, mounting_height=4.0)
    assert feature(client, "N%2F1") is None  # replaced without its datum: no place
    wrong = client.post("/cameras", json={"code": "N2", "heading": 361.0})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "FIELD_INVALID")


def test_a_model_may_not_take_the_key_of_a_register_of_devices(guarded: Guarded) -> None:
    with pytest.raises(ModelKeyTaken):
        guarded.store.record_revision(new_revision(model_key="zone"), [], {}, [], [], now=NOW)


def test_findings_on_devices_are_told_to_who_may_know_of_them(asking: As) -> None:
    every, public = (asking(*labels).get("/devices/findings").json() for labels in ((), ("public",)))
    assert {one["key"]: one["code"] for one in every["findings"]} == {
        "C4": "DEVICE_UNPLACED",
        "C5": "DEVICE_LABEL_OVERRULED",
        "C6": "DEVICE_LABEL_UNKNOWN",
        None: "DEVICE_GROUND_ASSUMED",
    }
    assert (public["findings"], public["checked"]) == ([], 1)


def test_a_correction_moves_the_feature_and_taking_it_back_moves_it_back(asking: As) -> None:
    client = asking()
    before = feature(client, "C2")["properties"]["position"]["lon"]
    payload = {"record": {"kind": "camera", "key": "C2"}, "field": "lon", "value": LON + 0.0003, "evidence": "复测"}
    request = client.post("/requests", json={"kind": "correction", "payload": payload}).json()["id"]
    assert client.post(f"/requests/{request}/steps", json={"to": "approved", "facts": {}}).status_code == 200
    assert feature(client, "C2")["properties"]["position"]["lon"] == pytest.approx(LON + 0.0003)
    client.post(f"/requests/{request}/revert", json={"reason": "误测"})
    assert feature(client, "C2")["properties"]["position"]["lon"] == before


def test_a_feature_names_its_record_and_the_record_its_spot(asking: As) -> None:
    client = asking()
    (record,) = client.get("/sites/PS/features/camera:C2/records").json()["records"]
    assert (record["kind"], record["key"]) == ("camera", "C2")
    place = client.get("/cameras/C2/dossier").json()["place"]
    assert place["method"] == "surveyed"
    assert place["site_xyz"] == pytest.approx(feature(client, "C2")["properties"]["position"]["site_xyz"], abs=1e-3)
