"""Records through HTTP: pages, filters, one by its key, dossiers, changes with If-Match, and who may know of what."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event, insert, select

from tests.twin.moulds import Cast
from tests.twin.queries.town import HIDDEN, NOW, Town
from tests.twin.served import service
from tests.twin.store.builder import SITE, record, relabelled, tower
from twin.auth import LabelPolicy, Principal, Role
from twin.settings import Settings
from twin.store import record_schema as schema

HERE = "http://127.0.0.1"
EVERY = frozenset({"*"})
As = Callable[..., TestClient]


@pytest.fixture
def town(cast: Cast) -> Town:
    return cast(Town, assets=20)


@pytest.fixture
def asking(town: Town, tmp_path: Path) -> As:
    """`asking(role, units=…, labels=…)`: a client of that principal."""

    def client(
        role: str = Role.ADMINISTRATOR, *, name: str = "", units: frozenset[str] = EVERY, labels: frozenset[str] = EVERY
    ) -> TestClient:
        principal = Principal(name=name or role, role=role, labels=labels, scopes=EVERY, units=units)
        app = service(Settings(home=tmp_path / "home"), town.store, principal_of=lambda request: principal)
        app.state.registers = town.registers
        return TestClient(app, base_url=HERE)

    return client


@pytest.fixture
def client(asking: As) -> TestClient:
    return asking()


def test_every_kind_has_a_page_and_says_its_columns(client: TestClient) -> None:
    kinds = client.get("/records").json()["kinds"]
    assert {"asset", "room", "person", "unit", "vehicle"} <= {kind["name"] for kind in kinds}
    for kind in kinds:
        page = client.get(kind["href"])
        assert page.status_code == 200, page.text
        assert page.json()["numberMatchedIs"] == "exact"


def test_pages_follow_one_another_to_the_end(client: TestClient) -> None:
    seen, address = [], "/rooms?limit=1&usable_area_from=1"
    while address:
        page = client.get(address).json()
        assert page["numberMatched"] == 3
        seen += [record["key"] for record in page["records"]]
        address = page["next"]
    assert seen == ["R101", "R102", "R103"]


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("number=102", ["R102"]),
        ("number=101&number=102", ["R101", "R102"]),
        ("used_by=U1", ["R101", "R102", "R103"]),
        ("used_by=U3", []),
        ("used_by=U1&number=103", ["R103"]),
        ("building=一号楼&usable_area_to=17.5", []),
        ("usable_area=18", ["R101", "R102", "R103"]),
        ("building=" + quote("二号楼"), []),
    ],
)
def test_columns_filter_and_a_unit_is_meant_with_all_below(client: TestClient, query: str, keys: list[str]) -> None:
    page = client.get(f"/rooms?{query}").json()
    assert [record["key"] for record in page["records"]] == keys
    assert page["numberMatched"] == len(keys)


@pytest.mark.parametrize(
    ("address", "named"),
    [
        ("/rooms?colour=red", "colour"),
        ("/rooms?usable_area_from=big", "usable_area_from"),
        ("/rooms?use=castle", "use"),
        ("/rooms?name_from=a", "name_from"),
        ("/rooms?limit=0", "limit"),
        ("/rooms?seats=1.5", "seats"),
        ("/rooms?shared=maybe", "shared"),
        ("/rooms?allocated_from_to=2026-13-01", "allocated_from_to"),
        ("/assets?state=flying", "state"),
        ("/assets?colour=red", "colour"),
        ("/assets?value_from=1.5", "value_from"),
        ("/assets/totals?by=colour", "by"),
        ("/inventory?place=1&unit=U1", "unit"),
        ("/rooms/R101/dossier?known_at=2026-01-01T00:00:00", "known_at"),
    ],
)
def test_a_filter_that_is_none_is_named_with_what_is_allowed(client: TestClient, address: str, named: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] in ("FILTER_INVALID", "PARAMETER_INVALID")
    assert named in problem["detail"] + problem["hint"]
    assert problem["hint"]


def test_a_key_with_slash_and_chinese_has_an_address(client: TestClient) -> None:
    key = "A-0007/桌"
    answer = client.get(f"/assets/{quote(key, safe='')}")
    assert answer.json()["key"] == key
    assert client.get(answer.json()["href"]).json() == answer.json()
    assert client.get(f"{answer.json()['href']}/dossier").json()["key"] == key
    assert client.get("/assets/A-9999").status_code == 404


def test_money_is_fen_and_words_and_an_enum_has_its_words(client: TestClient, town: Town) -> None:
    town.add(dict(next(iter(town.assets.values()))) | {"code": "M-1", "value": 120_050, "state": "idle"})
    record = client.get("/assets/M-1").json()
    assert record["values"]["value"] == 120_050
    assert record["words"]["value"] == {"zh": "1,200.50 元", "en": "CNY 1,200.50"}
    assert record["words"]["state"] == {"zh": "闲置", "en": "idle"}


def test_an_asset_knows_its_place_from_the_top(client: TestClient, town: Town) -> None:
    code = next(code for code, asset in town.assets.items() if asset["room"] == "101")
    place = client.get(f"/assets/{quote(code, safe='')}").json()["place"]
    assert [step["name"] for step in place["path"]] == ["全部", "大院", "一号楼", "1层", "101"]


def test_one_by_its_key_is_one_question_and_one_for_the_tree(client: TestClient, town: Town) -> None:
    path = client.get("/assets?limit=1").json()["records"][0]["href"]
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    client.get(path)
    engine = town.store.database.reader
    event.listen(engine, "before_cursor_execute", note)
    try:
        assert client.get(path).status_code == 200
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert len([statement for statement in asked if statement.startswith("SELECT")]) == 2


def test_a_change_needs_the_state_it_is_of(client: TestClient) -> None:
    tag = client.get("/rooms/R101").headers["etag"]
    blind = client.patch("/rooms/R101", json={"seats": 2})
    assert (blind.status_code, blind.json()["code"]) == (428, "PRECONDITION_REQUIRED")
    stale = client.patch("/rooms/R101", json={"seats": 2}, headers={"If-Match": '"0.0"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "PRECONDITION_FAILED")
    assert client.patch("/rooms/R101", json={"seats": 2}, headers={"If-Match": f"W/{tag}"}).status_code == 412
    changed = client.patch("/rooms/R101", json={"seats": 2}, headers={"If-Match": tag})
    assert changed.status_code == 200
    assert changed.json()["values"]["seats"] == 2
    assert client.patch("/rooms/R101", json={"seats": 3}, headers={"If-Match": tag}).status_code == 412
    assert client.get("/rooms/R101", headers={"If-None-Match": changed.headers["etag"]}).status_code == 304
    assert client.patch("/rooms/R101", json={"seats": 3}, headers={"If-Match": changed.headers["etag"]}).status_code == 200
    assert client.patch("/rooms/R101", json={"seats": 4}, headers={"If-Match": "*"}).status_code == 200


def test_put_empties_what_is_not_given_and_delete_ends_without_erasing(client: TestClient) -> None:
    body = {"code": "R101", "building": "一号楼", "number": "101"}
    replaced = client.put("/rooms/R101", json=body, headers={"If-Match": "*"})
    assert replaced.status_code == 200, replaced.text
    assert replaced.json()["values"]["usable_area"] is None
    assert client.delete("/rooms/R101").status_code == 428
    assert client.delete("/rooms/R101", headers={"If-Match": replaced.headers["etag"]}).status_code == 204
    assert [record["key"] for record in client.get("/rooms").json()["records"]] == ["R102", "R103"]
    assert client.get("/rooms/R101/dossier").json()["ended"] is not None
    again = client.patch("/rooms/R101", json={"seats": 1}, headers={"If-Match": "*"})
    assert (again.status_code, again.json()["code"]) == (409, "RECORD_ENDED")
    assert client.post("/rooms", json=body).json()["code"] == "RECORD_KEY_TAKEN"  # its dossier keeps the key


def test_a_new_record_is_there_at_once_and_a_bad_one_is_refused_by_field(client: TestClient) -> None:
    made = client.post("/vehicles", json={"plate": "闽A12345", "unit": "U1"})
    assert made.status_code == 201, made.text
    assert client.get(made.headers["location"]).json() == made.json()
    twice = client.post("/vehicles", json={"plate": "闽A12345"})
    assert twice.json()["code"] == "RECORD_KEY_TAKEN"
    wrong = client.post("/rooms", json={"code": "R9", "building": "一号楼", "usable_area": "many"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "FIELD_INVALID")
    assert "usable_area" in wrong.json()["detail"]


def test_the_state_of_an_asset_changes_only_along_its_life(client: TestClient, town: Town) -> None:
    code = next(code for code, asset in town.assets.items() if asset["state"] == "in_use")
    address = f"/assets/{quote(code, safe='')}"
    jump = client.patch(address, json={"state": "disposed"}, headers={"If-Match": "*"})
    assert (jump.status_code, jump.json()["code"]) == (409, "STEP_NOT_ALLOWED")
    assert client.patch(address, json={"state": "已处置"}, headers={"If-Match": "*"}).status_code == 409
    assert client.patch(address, json={"state": "idle"}, headers={"If-Match": "*"}).status_code == 200


def test_the_dossier_says_where_each_value_comes_from_as_of_any_day(client: TestClient) -> None:
    changed = client.patch("/rooms/R101?valid_from=2026-03-01", json={"usable_area": 20.5}, headers={"If-Match": "*"})
    assert changed.status_code == 200, changed.text
    for day, area in (("2026-02-28", 18.0), ("2026-03-01", 20.5)):
        dossier = client.get(f"/rooms/R101/dossier?as_of={day}").json()
        field = next(field for field in dossier["fields"] if field["name"] == "usable_area")
        assert field["value"] == area
        assert (field["unit"], field["method"], field["who"]) == ("m2", "manual", "administrator" if area == 20.5 else "tester")
    assert [change["field"] for change in dossier["changes"]] == ["added", "usable_area"]
    before = client.get("/rooms/R101/dossier?known_at=2026-11-26T00:00:00Z").json()
    assert next(field for field in before["fields"] if field["name"] == "usable_area")["value"] == 18.0
    assert dossier["place"]["name"] == "101"


def test_a_hidden_room_and_what_is_in_it_do_not_exist(asking: As, town: Town) -> None:
    public = asking(Role.SPACE_PLANNER, labels=frozenset({"public"}))
    assert [record["key"] for record in public.get("/rooms").json()["records"]] == ["R101", "R102"]
    assert public.get("/rooms").json()["numberMatched"] == 2
    for address in (f"/rooms/R{HIDDEN}", f"/rooms/R{HIDDEN}/dossier"):
        assert public.get(address).status_code == 404
    inside = next(code for code, asset in town.assets.items() if asset["room"] == HIDDEN)
    assert public.get(f"/assets/{quote(inside, safe='')}").status_code == 404
    assert asking().get(f"/assets/{quote(inside, safe='')}").status_code == 200
    assert public.patch(f"/rooms/R{HIDDEN}", json={"seats": 1}, headers={"If-Match": "*"}).status_code == 404
    found = public.get(f"/search?q={HIDDEN}").json()
    assert [record["key"] for group in found["groups"] if group["kind"] == "room" for record in group["records"]] == []
    assert found != asking().get(f"/search?q={HIDDEN}").json()


def test_a_unit_s_reader_knows_of_it_and_all_below_and_of_nothing_else(asking: As) -> None:
    clerk, other = (asking(Role.SPACE_PLANNER, units=frozenset({unit})) for unit in ("U1", "U3"))
    assert [record["key"] for record in clerk.get("/units").json()["records"]] == ["U1", "U2", "U3"]
    assert len(clerk.get("/rooms").json()["records"]) == 3
    assert other.get("/rooms").json()["numberMatched"] == 0
    assert other.get("/rooms/R101").status_code == 404
    moved = clerk.patch("/rooms/R101", json={"used_by": "U4"}, headers={"If-Match": "*"})
    assert moved.status_code == 403
    assert clerk.get("/rooms/R101").json()["values"]["used_by"] == "U2"
    assert clerk.post("/vehicles", json={"plate": "闽A00001", "unit": "U4"}).status_code == 403
    assert asking().get("/vehicles").json()["numberMatched"] == 0


def test_persons_and_values_are_for_who_may_read_them(asking: As) -> None:
    integrator = asking(Role.INTEGRATOR)
    assert integrator.get("/people").status_code == 403
    record = integrator.get("/assets").json()["records"][0]
    assert {"value", "net_value"} <= set(record["withheld"])
    assert "value" not in record["values"]
    assert integrator.get("/assets?value_from=1").status_code == 403
    assert "value" not in {field["name"] for field in integrator.get(f"{record['href']}/dossier").json()["fields"]}
    assert integrator.patch("/rooms/R101", json={"seats": 1}, headers={"If-Match": "*"}).status_code == 403


def test_the_search_box_finds_a_few_of_each_kind_with_what_matched(client: TestClient) -> None:
    found = client.get("/search?q=10&limit=2").json()["groups"]
    rooms = next(group for group in found if group["kind"] == "room")
    assert [record["key"] for record in rooms["records"]] == ["R101", "R102"]
    assert rooms["more"] is True
    assert rooms["records"][0]["matched"] == {"code": "R101", "number": "101"}
    assert client.get("/search?q=" + quote("单位u3")).json()["groups"][0]["records"][0]["key"] == "U3"
    assert client.get("/search?q=%25").json()["groups"] == []
    assets = client.get("/search?q=" + quote("办公")).json()["groups"][-1]
    assert assets["kind"] == "asset"
    assert all("办公" in record["matched"]["name"] for record in assets["records"])


def test_links_to_features_one_may_not_know_of_are_left_out(asking: As, town: Town) -> None:
    town.store.add_site(SITE, now=NOW, policy=LabelPolicy(labels=("public", "restricted")))
    record(town.store, relabelled(tower(), {"tower:r9-1": "restricted"}))
    with town.store.database.writing() as connection:
        site_id = connection.execute(select(schema.metadata.tables["site"].c.id)).scalar_one()
        for number, feature in enumerate(("tower:r9-1", "tower:r9-9"), 1):
            row = {"record_id": town.rooms["101"], "site_id": site_id, "feature_id": feature, "method": "number", "confidence": 1.0}
            more = {"evidence": "", "state": "current", "who": "t", "since_us": 0}
            connection.execute(insert(schema.link).values(id=number, **row, **more))
    everything = asking().get("/rooms/R101/dossier").json()["links"]
    assert [(link["site"], link["feature_id"]) for link in everything] == [("PS", "tower:r9-1"), ("PS", "tower:r9-9")]
    public = asking(Role.SPACE_PLANNER, labels=frozenset({"public"})).get("/rooms/R101/dossier").json()["links"]
    assert [link["feature_id"] for link in public] == ["tower:r9-9"]
