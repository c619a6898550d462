"""The public warehouse, stock-takes and differences through HTTP: who may, what it says, what never happens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.twin.moulds import Cast
from tests.twin.queries.assetops.conftest import Office
from tests.twin.served import service
from twin.auth import Principal, Role
from twin.settings import Settings

EVERY = frozenset({"*"})
As = Callable[..., TestClient]
AT = "2026-11-01T09:00:00+08:00"


@pytest.fixture
def office(cast: Cast) -> Office:
    return cast(Office.founded)


@pytest.fixture
def asking(office: Office, tmp_path: Path) -> As:
    """`asking(name, role, unit…)`: a client of that person."""

    def client(name: str, role: str = Role.ASSET_MANAGER, *units: str) -> TestClient:
        principal = Principal(name=name, role=role, labels=EVERY, scopes=EVERY, units=frozenset(units) or EVERY)
        app = service(Settings(home=tmp_path / "home"), office.store, principal_of=lambda request: principal)
        app.state.registers = office.registers
        return TestClient(app, base_url="http://127.0.0.1")

    return client


@pytest.fixture
def bureau(asking: As) -> TestClient:
    return asking("bureau")


def step(client: TestClient, number: int, to: str, **facts: Any) -> Any:
    return client.post(f"/requests/{number}/steps", json={"to": to, "facts": facts})


def filed(client: TestClient, kind: str, **payload: Any) -> int:
    answer = client.post("/requests", json={"kind": kind, "payload": payload})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def state(client: TestClient, code: str) -> str:
    return str(client.get(f"/assets/{code}").json()["values"]["state"])


def stocked(office: Office) -> None:
    """One idle and one lent desk among those in use."""
    office.take(
        "asset",
        [
            office.asset(1, 1, 101, 使用状况="闲置", 规格型号="1400*700 钢木"),
            office.asset(2, 1, 101, 使用状况="出租出借"),
            office.asset(3, 1, 101),
        ],
    )


def test_an_asset_goes_into_the_warehouse_and_out_to_another_unit_by_requests(office: Office, asking: As, bureau: TestClient) -> None:
    stocked(office)
    clerk = asking("clerk", Role.UNIT_CLERK, "U1")
    pooling = filed(clerk, "pooling", assets=["ZC1"])
    for who, to in ((asking("owner", Role.ASSET_MANAGER, "U1"), "agreed"), (bureau, "approved"), (bureau, "done")):
        assert step(who, pooling, to).status_code == 200
    assert state(bureau, "ZC1") == "pooled"
    transfer = filed(clerk, "transfer", assets=["ZC1"], unit="U2")
    for who, to in ((asking("owner", Role.ASSET_MANAGER, "U1"), "agreed"), (bureau, "approved")):
        assert step(who, transfer, to).status_code == 200
    refused = step(bureau, transfer, "done")
    assert (refused.status_code, refused.json()["code"]) == (409, "STEP_FACT_MISSING")
    assert step(bureau, transfer, "done", keeper="林闽生").status_code == 200
    values = bureau.get("/assets/ZC1").json()["values"]
    assert (values["state"], values["unit"], values["keeper"]) == ("in_use", "U2", "林闽生")


def test_what_is_in_use_never_jumps_to_disposed_and_what_is_lent_is_not_disposed_of(office: Office, bureau: TestClient) -> None:
    stocked(office)
    etag = {"If-Match": "*"}
    for code, to in (("ZC3", "disposed"), ("ZC3", "written_off"), ("ZC2", "disposal_requested"), ("ZC2", "disposed")):
        answer = bureau.patch(f"/assets/{code}", json={"state": to}, headers=etag)
        assert (answer.status_code, answer.json().get("code")) == (409, "STEP_NOT_ALLOWED"), (code, to)
    lent = bureau.post("/requests", json={"kind": "disposal", "payload": {"assets": ["ZC2"], "disposal": "scrap", "reason": "坏"}})
    assert (lent.status_code, lent.json()["code"]) == (409, "STEP_NOT_ALLOWED")
    assert (state(bureau, "ZC2"), state(bureau, "ZC3")) == ("lent", "in_use")


def test_idle_assets_say_since_when(office: Office, bureau: TestClient) -> None:
    stocked(office)
    (idle,) = bureau.get("/assets/offered").json()["records"]
    assert (idle["key"], idle["offered"]["exact"], idle["offered"]["since"]) == ("ZC1", True, "2026-11-26")
    office.take("asset", [office.asset(9, 1, 101, 使用状况="闲置")], source="other", as_of=None)
    second = bureau.get("/assets/offered").json()["records"][1]
    assert (second["key"], second["offered"]["exact"]) == ("ZC9", False)


def test_what_is_wished_for_is_looked_for_in_stock_first(office: Office, bureau: TestClient) -> None:
    stocked(office)
    wish = "/assets/matches?class_code=A0501&class_edition=2022"
    found = bureau.get(f"{wish}&words=钢木&quantity=2").json()
    assert (found["numberMatched"], found["served"], found["wanted"]) == (1, 1.0, 2.0)
    assert (found["matches"][0]["asset"], found["matches"][0]["missing_words"]) == ("ZC1", [])
    assert bureau.get(f"{wish}&words=红木").json()["matches"][0]["missing_words"] == ["红木"]
    assert bureau.get("/assets/matches?class_code=A0501&class_edition=2010").json()["numberMatched"] == 0
    assert bureau.get(f"{wish}&quantity=0").status_code == 400


def test_a_purchase_that_stock_could_serve_says_why_it_is_not(office: Office, asking: As, bureau: TestClient) -> None:
    stocked(office)
    clerk = asking("clerk", Role.UNIT_CLERK, "U1")
    number = filed(clerk, "purchase", class_code="A0501", class_edition="GB/T 14885-2022", quantity=1, unit="U1")
    matched = step(bureau, number, "matched", matches=["nothing"])
    assert matched.status_code == 200, matched.text
    facts = matched.json()["payload"]["facts"]
    assert [one["asset"] for one in facts["matches"]["matches"]] == ["ZC1"]
    asked = bureau.get(f"/requests/{filed(clerk, 'purchase', class_code='A0501', class_edition='GB/T 14885-2022', quantity=2)}").json()
    assert asked["payload"]["facts"]["matches"]["served"] == 1.0  # from the day it is filed
    assert step(bureau, asked["id"], "matched").status_code == 200
    assert step(bureau, asked["id"], "served").json()["code"] == "STEP_BLOCKED"
    for reason in ({}, {"no_match_reason": " "}):
        silent = step(bureau, number, "approved", **reason)
        assert (silent.status_code, silent.json()["code"]) == (422, "STEP_FACT_MISSING")
    assert step(bureau, number, "approved", no_match_reason="尺寸不合").status_code == 200


def test_a_purchase_that_nothing_serves_needs_no_reason_of_a_person(office: Office, asking: As, bureau: TestClient) -> None:
    clerk = asking("clerk", Role.UNIT_CLERK, "U1")
    number = filed(clerk, "purchase", class_code="A0501", class_edition="GB/T 14885-2022", quantity=1, unit="U1")
    assert step(bureau, number, "matched").status_code == 200
    done = step(bureau, number, "approved")
    assert done.status_code == 200, done.text
    assert "无可调剂" in done.json()["payload"]["facts"]["no_match_reason"]
    assert step(bureau, number, "done").json()["code"] == "STEP_FACT_MISSING"
    assert step(bureau, number, "done", cards="ZC8").json()["code"] == "REQUEST_INVALID"
    office.take("asset", [office.asset(20, 1, 101, 分类版本="2010"), office.asset(21, 1, 101, 使用单位="U2"), office.asset(22, 1, 101)])
    for other in ("ZC20", "ZC21"):
        assert step(bureau, number, "done", cards=[other]).json()["code"] == "REQUEST_INVALID"
    assert step(bureau, number, "done", cards=["ZC22"]).status_code == 200
    assert [one["id"] for one in bureau.get("/assets/ZC22/dossier").json()["requests"]] == [number]


def test_a_purchase_that_stock_serves_becomes_a_transfer_from_whoever_has_it(office: Office, asking: As, bureau: TestClient) -> None:
    stocked(office)
    clerk = asking("clerk", Role.UNIT_CLERK, "U2")
    number = filed(clerk, "purchase", class_code="A0501", class_edition="GB/T 14885-2022", quantity=1, unit="U2")
    assert step(bureau, number, "matched").status_code == 200
    served = step(bureau, number, "served")
    assert served.status_code == 200, served.text
    (transfer,) = served.json()["payload"]["transfers"]
    asked = bureau.get(f"/requests/{transfer}").json()
    assert (asked["kind"], asked["state"], asked["unit"], asked["applicant"]) == ("transfer", "submitted", "U1", "clerk")
    assert (asked["payload"]["assets"], asked["payload"]["unit"], asked["payload"]["purchase"]) == (["ZC1"], "U2", number)
    for who, to in ((asking("owner", Role.ASSET_MANAGER, "U1"), "agreed"), (bureau, "approved"), (bureau, "done")):
        assert step(who, transfer, to).status_code == 200
    assert bureau.get("/assets/ZC1").json()["values"]["unit"] == "U2"
    again = filed(clerk, "purchase", class_code="A0501", class_edition="GB/T 14885-2022", quantity=1, unit="U2")
    assert step(bureau, again, "matched").status_code == 200
    assert step(bureau, again, "served").json()["payload"]["transfers"] == []  # its own idle desk
    nameless = filed(clerk, "purchase", class_code="A0501", class_edition="GB/T 14885-2022", quantity=1)
    assert step(bureau, nameless, "matched").status_code == 200
    assert step(bureau, nameless, "served").json()["code"] == "STEP_FACT_MISSING"


@pytest.mark.parametrize("wrong", [{"quantity": 0}, {"quantity": True}, {"class_edition": ""}, {"class_code": None}])
def test_a_wish_that_says_too_little_is_refused(bureau: TestClient, wrong: dict[str, Any]) -> None:
    payload = {"class_code": "A0501", "class_edition": "GB/T 14885-2022", "quantity": 1, "unit": "U1"} | wrong
    answer = bureau.post("/requests", json={"kind": "purchase", "payload": payload})
    assert (answer.status_code, answer.json()["code"]) == (422, "REQUEST_INVALID")


def test_a_stock_take_through_http(office: Office, asking: As, bureau: TestClient) -> None:
    place = office.place("1号楼/101")
    opened = bureau.post("/stocktakes", json={"name": "年度盘点", "places": [place]})
    assert (opened.status_code, opened.json()["counts"]["due"]) == (201, 4)
    address = f"/stocktakes/{opened.json()['id']}"
    scans = {"scans": [{"code": "ZC1", "at": AT}, {"code": "TY2", "at": AT, "building": "1号楼", "room": "102"}, {"code": "?", "at": AT}]}
    assert bureau.post(f"{address}/scans", json=scans).json() == {"received": 3, "new": 3, "known": 0, "unknown_places": 0}
    assert bureau.post(f"{address}/scans", json=scans).json()["new"] == 0
    first = bureau.get(f"{address}/outcomes?limit=2").json()
    rest = bureau.get(first["next"]).json()
    assert rest["next"] is not None
    every = first["outcomes"] + rest["outcomes"] + bureau.get(rest["next"]).json()["outcomes"]
    assert {row["code"]: row["outcome"] for row in every} == {
        "ZC1": "found", "ZC2": "found_elsewhere", "ZC3": "missing", "ZC4": "missing", "?": "unexpected"
    }  # fmt: skip
    assert bureau.get(f"{address}/outcomes?outcome=lost").json()["code"] == "FILTER_INVALID"
    by_code = {row["code"]: row for row in every}
    assert by_code["ZC2"]["record"] == {"kind": "asset", "key": "ZC2", "href": "/assets/ZC2", "title": "办公桌"}
    assert [by_code["ZC2"][side]["path"][-1]["name"] for side in ("expected", "found")] == ["101", "102"]
    assert by_code["?"]["record"] is None
    assert bureau.get(f"{address}/outcomes?duplicate=true").json()["numberMatched"] == 0
    twice = {"scans": [{"code": "ZC1", "at": AT, "building": "1号楼", "room": "201"}]}
    bureau.post(f"{address}/scans", json=twice)
    doubled = bureau.get(f"{address}/outcomes?duplicate=true").json()["outcomes"]
    assert [(row["code"], row["outcome"], row["findings"]) for row in doubled] == [("ZC1", "found", ["STOCKTAKE_SCANNED_TWICE"])]
    assert bureau.get(address).json()["counts"]["duplicate"] == 1
    closed = bureau.post(f"{address}/close", json={"accept": [{"code": "ZC2"}]}).json()
    assert (closed["state"], closed["counts"]["moved"]) == ("closed", 1)
    assert bureau.get("/assets/ZC2").json()["place"]["number"] == "102"
    again = bureau.post(f"{address}/scans", json=scans)
    assert (again.status_code, again.json()["code"]) == (409, "STOCKTAKE_CLOSED")
    assert [one["state"] for one in bureau.get("/stocktakes").json()["stocktakes"]] == ["closed"]
    viewer = asking("guest", Role.VIEWER)
    assert viewer.post("/stocktakes", json={"name": "x", "places": [place]}).status_code == 403


def test_differences_are_found_listed_settled_and_close_by_themselves(office: Office, asking: As, bureau: TestClient) -> None:
    books = [
        {
            "账套": "财务账",
            "资产编号": f"ZC{n}",
            "资产分类代码": "A05010201",
            "分类版本": "2022",
            "单位": "U1",
            "数量": 1,
            "账面原值": f"{n}00",
        }
        for n in range(1, 8)
    ]
    office.take("ledger_entry", [*books, books[0] | {"资产编号": "ZC77"}])
    ran = bureau.post("/differences/runs").json()
    assert ran["by_code"] == {"CARD_MISSING": 1, "ENTRY_MISSING": 1, "TITLE_MISSING": 2}
    page = bureau.get("/differences?limit=3").json()
    assert len(page["differences"]) == 3
    assert len(bureau.get(page["next"]).json()["differences"]) == 1
    (missing,) = bureau.get("/differences?code=ENTRY_MISSING").json()["differences"]
    assert (missing["key"], missing["amount"], missing["unit"]["key"], missing["family"]) == ("ZC8", -80000, "U1", "账卡")
    assert missing["right"]["line"] == 9
    assert missing["record"] == {"kind": "asset", "key": "ZC8", "href": "/assets/ZC8", "title": "办公桌"}
    kinds = bureau.get("/differences/kinds").json()
    assert (kinds["numberMatched"], {row["code"]: row["count"] for row in kinds["kinds"] if row["count"]}) == (4, ran["by_code"])
    assert kinds["kinds"][0]["family"] == {"zh": "账账", "en": "ledger and ledger"}
    assert {"STOCKTAKE_MISSING", "ENTRY_MISSING"} <= {row["code"] for row in kinds["kinds"] if row["zh"] and row["en"]}
    settle = f"/differences/{missing['item']}/decision"
    assert bureau.post(settle, json={"note": " "}).status_code == 422
    assert bureau.post(settle, json={"note": "在途"}).json()["state"] == "decided"
    assert bureau.post(settle, json={"note": "在途"}).json()["code"] == "ITEM_CLOSED"
    assert bureau.post("/differences/999/decision", json={"note": "?"}).status_code == 404
    assert bureau.post("/differences/runs").json()["opened"] == 0
    assert bureau.get("/differences?code=ENTRY_MISSING").json()["differences"] == []
    assert bureau.get("/differences?unit=U2").json()["differences"] == []
    assert bureau.get("/differences?state=lost").json()["code"] == "FILTER_INVALID"
    other = asking("other", Role.ASSET_MANAGER, "U2")
    assert other.get("/differences").json()["differences"] == []
    assert other.get("/differences/kinds").json()["numberMatched"] == 0
    assert asking("own", Role.ASSET_MANAGER, "U1").get("/differences/kinds?state=decided").json()["numberMatched"] == 1
    assert bureau.get("/differences/kinds?state=lost").json()["code"] == "FILTER_INVALID"
    assert other.post("/differences/runs").status_code == 403
