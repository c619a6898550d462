"""Requests through HTTP: filed, decided by whom they are for, applied in one transaction, taken back, always in the dossier."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from tests.twin.api.conftest import IDLE, As
from tests.twin.queries.town import Town
from twin.auth import Role
from twin.store import record_schema as schema


def correction(value: Any = 21.5, *, key: str = "R101", field: str = "usable_area", **more: Any) -> dict[str, Any]:
    return {
        "kind": "correction",
        "payload": {"record": {"kind": "room", "key": key}, "field": field, "value": value, "evidence": "测绘", **more},
    }


def filed(client: TestClient, body: dict[str, Any]) -> int:
    answer = client.post("/requests", json=body)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def take(client: TestClient, number: int, to: str, **facts: Any) -> Any:
    return client.post(f"/requests/{number}/steps", json={"to": to, "facts": facts})


def field_of(client: TestClient, address: str, name: str, query: str = "") -> Any:
    dossier = client.get(f"{address}/dossier{query}").json()
    return next(field for field in dossier["fields"] if field["name"] == name)


def test_a_correction_is_routed_to_the_owning_unit_and_applied_with_its_decision(
    officer: TestClient, clerk: TestClient, bureau: TestClient
) -> None:
    number = filed(officer, correction())
    request = clerk.get(f"/requests/{number}").json()
    assert (request["state"], request["unit"], request["applicant"]) == ("submitted", "U2", "officer")
    assert {step["to"] for step in request["next"]} == {"withdrawn", "returned", "approved", "refused"}
    assert field_of(bureau, "/rooms/R101", "usable_area")["value"] == 18.0
    done = take(clerk, number, "approved")
    assert done.status_code == 200, done.text
    assert [step["to"] for step in done.json()["steps"]] == ["submitted", "approved", "done"]
    field = field_of(bureau, "/rooms/R101", "usable_area")
    assert (field["value"], field["method"], field["corrected"], field["request"]) == (21.5, "correction", True, number)
    dossier = bureau.get("/rooms/R101/dossier").json()
    assert [one["id"] for one in dossier["requests"]] == [number]
    assert bureau.get("/rooms/R102/dossier").json()["requests"] == []


def test_a_correction_taken_back_restores_the_record_but_for_its_history(officer: TestClient, clerk: TestClient) -> None:
    before = clerk.get("/rooms/R101/dossier").json()
    number = filed(officer, correction())
    assert take(clerk, number, "approved").status_code == 200
    assert clerk.get("/rooms/R101/dossier").json()["fields"] != before["fields"]
    assert officer.post(f"/requests/{number}/revert", json={"reason": "误"}).status_code == 403
    assert clerk.post(f"/requests/{number}/revert", json={"reason": " "}).status_code == 422
    reverted = clerk.post(f"/requests/{number}/revert", json={"reason": "误"})
    assert reverted.json()["state"] == "reverted"
    after = clerk.get("/rooms/R101/dossier").json()
    assert after["fields"] == before["fields"]
    assert clerk.get("/rooms/R101").json()["values"]["usable_area"] == 18.0
    assert len(after["changes"]) == len(before["changes"]) + 2
    assert clerk.post(f"/requests/{number}/revert", json={"reason": "again"}).status_code == 409


def test_a_refusal_needs_a_reason_and_changes_nothing(officer: TestClient, clerk: TestClient) -> None:
    number = filed(officer, correction())
    missing = take(clerk, number, "refused")
    assert (missing.status_code, missing.json()["code"]) == (422, "STEP_FACT_MISSING")
    refused = take(clerk, number, "refused", reason="证据不足")
    assert refused.json()["steps"][-1]["note"] == "证据不足"
    assert refused.json()["closed_at"] is not None
    assert field_of(clerk, "/rooms/R101", "usable_area")["value"] == 18.0
    late = take(clerk, number, "approved")
    assert (late.status_code, late.json()["code"]) == (409, "STEP_NOT_ALLOWED")


def test_only_whose_step_it_is_takes_it(asking: As, officer: TestClient, clerk: TestClient, bureau: TestClient) -> None:
    number = filed(officer, correction())
    assert take(officer, number, "approved").status_code == 403
    assert take(clerk, number, "withdrawn").status_code == 403
    stranger = asking("stranger", Role.UNIT_CLERK, "U4")
    assert stranger.get(f"/requests/{number}").status_code == 404
    assert stranger.get("/requests").json()["requests"] == []
    assert take(stranger, number, "approved").status_code == 404
    above = asking("above", Role.UNIT_CLERK, "U1")
    assert above.get("/requests?open=true").json()["requests"][0]["id"] == number
    assert take(officer, number, "withdrawn").status_code == 200
    own = filed(clerk, correction())
    assert take(clerk, own, "approved").status_code == 403
    assert take(bureau, own, "approved").status_code == 200


def test_what_cannot_be_done_rolls_the_decision_back(officer: TestClient, clerk: TestClient, bureau: TestClient) -> None:
    number = filed(officer, correction("R102", field="code"))
    answer = take(clerk, number, "approved")
    assert answer.json()["code"] == "RECORD_KEY_TAKEN"
    assert clerk.get(f"/requests/{number}").json()["state"] == "submitted"
    assert bureau.get("/rooms/R101").status_code == 200


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"kind": "wish", "payload": {}}, "kind"),
        (correction(field="colour"), "field"),
        (correction("many"), "usable_area"),
        (correction(evidence=" "), "evidence"),
        ({"kind": "correction", "payload": {"field": "code", "value": "x", "evidence": "y"}}, "record"),
        ({"kind": "transfer", "payload": {"assets": [], "unit": "U1"}}, "assets"),
        ({"kind": "transfer", "payload": {"assets": ["I-1", "I-1"], "unit": "U1"}}, "assets"),
    ],
)
def test_a_request_that_is_none_is_refused_by_its_field(officer: TestClient, body: dict[str, Any], path: str) -> None:
    answer = officer.post("/requests", json=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] in ("REQUEST_INVALID", "FIELD_INVALID")
    assert path in answer.json()["detail"]


def test_a_request_for_what_is_not_there_is_not_found(officer: TestClient) -> None:
    assert officer.post("/requests", json=correction(key="R999")).status_code == 404
    assert officer.post("/requests", json={"kind": "transfer", "payload": {"assets": ["I-1"], "unit": "U9"}}).status_code == 404


def test_a_disposal_goes_through_every_state_and_a_lent_asset_is_not_disposed_of(
    asking: As, officer: TestClient, bureau: TestClient
) -> None:
    def disposal(code: str) -> dict[str, Any]:
        return {"kind": "disposal", "payload": {"assets": [code], "disposal": "scrap", "reason": "坏"}}

    lent = officer.post("/requests", json=disposal("L-1"))
    assert (lent.status_code, lent.json()["code"]) == (409, "STEP_NOT_ALLOWED")
    number = filed(officer, disposal("I-1"))

    def state() -> Any:
        return bureau.get("/assets/I-1").json()["values"]["state"]

    assert state() == "disposal_requested"
    assert take(bureau, number, "agreed").status_code == 200
    assert take(bureau, number, "approved").status_code == 403  # who agreed does not approve alone
    finance = asking("finance")
    assert take(finance, number, "approved").status_code == 200
    assert state() == "disposal_approved"
    assert take(finance, number, "done").json()["code"] == "STEP_FACT_MISSING"
    assert take(finance, number, "done", receipt="票 1").status_code == 200
    assert state() == "disposed"
    dossier = bureau.get("/assets/I-1/dossier").json()
    assert [change["new"] for change in dossier["changes"] if change["field"] == "state"] == [
        "disposal_requested",
        "disposal_approved",
        "disposed",
    ]
    assert dossier["requests"][0]["state"] == "done"


def test_a_withdrawn_disposal_leaves_the_asset_as_it_was(officer: TestClient, bureau: TestClient) -> None:
    number = filed(officer, {"kind": "disposal", "payload": {"assets": ["W-1"], "disposal": "scrap", "reason": "坏"}})
    assert take(bureau, number, "returned", reason="补材料").status_code == 200
    assert bureau.get("/assets/W-1").json()["values"]["state"] == "in_use"
    assert take(officer, number, "submitted").status_code == 200
    assert bureau.get("/assets/W-1").json()["values"]["state"] == "disposal_requested"
    assert take(officer, number, "withdrawn").status_code == 200
    assert bureau.get("/assets/W-1").json()["values"]["state"] == "in_use"
    changes = [change for change in bureau.get("/assets/W-1/dossier").json()["changes"] if change["field"] == "state"]
    assert [change["new"] for change in changes] == ["disposal_requested", "in_use"] * 2  # none is taken back twice


def test_several_assets_are_one_request_of_one_unit_and_in_the_dossier_of_each(
    officer: TestClient, clerk: TestClient, bureau: TestClient
) -> None:
    number = filed(officer, {"kind": "transfer", "payload": {"assets": ["I-1", "I-2"], "unit": "U4"}})
    assert take(clerk, number, "agreed").status_code == 200
    assert take(bureau, number, "approved").status_code == 200
    assert take(bureau, number, "done").status_code == 200
    for code in ("I-1", "I-2"):
        dossier = bureau.get(f"/assets/{code}/dossier").json()
        assert [one["id"] for one in dossier["requests"]] == [number]
        assert next(field for field in dossier["fields"] if field["name"] == "unit")["value"] == "U4"
    mixed = officer.post("/requests", json={"kind": "transfer", "payload": {"assets": ["I-1", "L-1"], "unit": "U1"}})
    assert mixed.json()["code"] == "REQUEST_UNITS_MANY"


def test_rooms_are_allocated_and_assets_pooled_and_lent(asking: As, officer: TestClient, clerk: TestClient, bureau: TestClient) -> None:
    number = filed(officer, {"kind": "allocation", "payload": {"rooms": ["R101", "R102"], "unit": "U3"}})
    assert take(bureau, number, "approved").status_code == 200
    assert take(bureau, number, "done").status_code == 200
    assert [room["key"] for room in bureau.get("/rooms?allocated_to=U3").json()["records"]] == ["R101", "R102"]
    pooling = filed(officer, {"kind": "pooling", "payload": {"assets": ["I-1"]}})
    loan = filed(officer, {"kind": "loan", "payload": {"assets": ["I-2"], "borrower": "学校", "until": "2027-01-01"}})
    for one in (pooling, loan):
        assert take(clerk, one, "agreed").status_code == 200
        assert take(bureau, one, "approved").status_code == 200
        assert take(bureau, one, "done").status_code == 200
    assert [bureau.get(f"/assets/{code}").json()["values"]["state"] for code in ("I-1", "I-2")] == ["pooled", "lent"]
    assert {record["key"] for record in bureau.get("/assets/offered").json()["records"]} >= {"I-1"}
    before = patched(bureau, "I-1", "?valid_from=2026-11-25", state="in_use", keeper="林闽生")
    assert before == (409, "STEP_NOT_ALLOWED")  # in use the day before it was pooled: no step leads there


def test_a_corrected_state_may_not_jump_either(officer: TestClient) -> None:
    body = {
        "kind": "correction",
        "payload": {"record": {"kind": "asset", "key": "W-1"}, "field": "state", "value": "已处置", "evidence": "x"},
    }
    assert officer.post("/requests", json=body).json()["code"] == "STEP_NOT_ALLOWED"


STAR = {"If-Match": "*"}


def patched(client: TestClient, code: str, query: str = "", **values: Any) -> tuple[int, str | None]:
    answer = client.patch(f"/assets/{code}{query}", json=values, headers=STAR)
    return answer.status_code, answer.json().get("code")


def test_what_needs_a_decision_is_never_written_by_hand(officer: TestClient, clerk: TestClient, bureau: TestClient) -> None:
    """Not by PATCH, not by PUT, not step by step, not on an earlier day, not by a correction, not as a new card."""
    decided = (409, "STEP_NEEDS_REQUEST")
    for state in ("disposal_requested", "lent", "pooled"):
        assert patched(bureau, "I-1", state=state) == decided
        assert bureau.put("/assets/I-1", json=IDLE | {"code": "I-1", "state": state}, headers=STAR).json()["code"] == decided[1]
        assert bureau.post("/assets/I-1/steps", json={"to": state, "facts": {"approval": 1}}, headers=STAR).json()["code"] == decided[1]
        asked = {"record": {"kind": "asset", "key": "I-1"}, "field": "state", "value": state, "evidence": "x", "disposal": "scrap"}
        assert officer.post("/requests", json={"kind": "correction", "payload": asked}).json()["code"] == decided[1]
        assert bureau.post("/assets", json=IDLE | {"code": f"N-{state}", "state": state}).json()["code"] == decided[1]
    number = filed(officer, {"kind": "disposal", "payload": {"assets": ["I-1"], "disposal": "scrap", "reason": "坏"}})
    assert patched(bureau, "I-1", state="disposal_approved") == decided
    assert patched(bureau, "I-1", "?valid_from=2026-11-25", state="lent") == decided
    assert take(bureau, number, "agreed").status_code == 200
    assert bureau.get("/assets/I-1").json()["values"]["state"] == "disposal_requested"
    assert patched(bureau, "I-2", unit="U4") == decided  # a transfer
    assert patched(bureau, "I-2", state=None) == (409, "STEP_NOT_ALLOWED")
    assert patched(bureau, "I-2", remark="桌腿松") == (200, None)


def test_a_step_without_a_decision_is_taken_with_its_papers_which_the_history_keeps(asking: As, bureau: TestClient) -> None:
    assert patched(bureau, "L-1", state="idle") == (409, "STEP_FACT_MISSING")
    step = {"to": "闲置", "facts": {"returned": "交接单 7"}}
    assert bureau.post("/assets/L-1/steps", json=step).status_code == 428
    done = bureau.post("/assets/L-1/steps", json=step, headers=STAR)
    assert (done.status_code, done.json()["values"]["state"]) == (200, "idle")
    assert field_of(bureau, "/assets/L-1", "state")["source"] == {"said": "api step; returned: 交接单 7"}
    assert patched(bureau, "L-1", state="in_use") == (409, "STEP_FACT_MISSING")
    assert bureau.post("/assets/L-1/steps", json={"to": "in_use", "facts": {"keeper": "林闽生"}}, headers=STAR).status_code == 200
    assert field_of(bureau, "/assets/L-1", "keeper")["value"] == "林闽生"
    assert patched(bureau, "I-1", state="in_use", keeper="林闽生") == (200, None)
    stale = bureau.post("/assets/I-1/steps", json={"to": "idle"}, headers={"If-Match": '"1.1-x"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "PRECONDITION_FAILED")


def test_the_bureaus_steps_are_not_a_units(asking: As, town: Town, bureau: TestClient) -> None:
    town.add(IDLE | {"code": "P-1", "state": "pooled"})
    ours = asking("ours", Role.ASSET_MANAGER, "U2")
    assert patched(ours, "P-1", state="idle") == (409, "STEP_BY_ANOTHER")
    assert patched(bureau, "P-1", state="idle") == (200, None)
    assert patched(ours, "P-1", state="in_repair") == (200, None)


def test_a_corrected_state_is_looked_at_again_when_it_is_decided(officer: TestClient, clerk: TestClient, bureau: TestClient) -> None:
    asked = {"record": {"kind": "asset", "key": "I-1"}, "field": "state", "value": "in_repair", "evidence": "送修单"}
    number = filed(officer, {"kind": "correction", "payload": asked})
    filed(officer, {"kind": "disposal", "payload": {"assets": ["I-1"], "disposal": "scrap", "reason": "坏"}})
    assert take(clerk, number, "approved").json()["code"] == "STEP_NOT_ALLOWED"
    wrong_day = {**asked, "valid_from": "soon", "record": {"kind": "asset", "key": "I-2"}}
    assert officer.post("/requests", json={"kind": "correction", "payload": wrong_day}).json()["code"] == "REQUEST_INVALID"


def test_what_the_ledger_says_of_a_disposal_is_taken_up_where_it_stands(
    asking: As, town: Town, officer: TestClient, bureau: TestClient
) -> None:
    town.add(IDLE | {"code": "D-1", "state": "disposal_requested"})
    number = filed(officer, {"kind": "disposal", "payload": {"assets": ["D-1"], "disposal": "scrap", "reason": "坏"}})
    assert "changes" not in bureau.get(f"/requests/{number}").json()["payload"]
    assert take(bureau, number, "agreed").status_code == 200
    assert take(asking("finance"), number, "approved").status_code == 200
    assert bureau.get("/assets/D-1").json()["values"]["state"] == "disposal_approved"


def test_requests_come_in_pages_newest_first(officer: TestClient, town: Town) -> None:
    numbers = [filed(officer, correction(20 + place)) for place in range(5)]
    seen, address = [], "/requests?limit=2&kind=correction&state=submitted"
    while address:
        page = officer.get(address).json()
        seen += [request["id"] for request in page["requests"]]
        address = page["next"]
    assert seen == numbers[::-1]
    assert officer.get("/requests?open=false").json()["requests"] == []
    with town.store.database.reading() as connection:
        assert connection.execute(select(func.count()).select_from(schema.request_step)).scalar_one() == 5


def test_what_a_request_says_of_money_is_withheld_with_the_money(asking: As, bureau: TestClient) -> None:
    body = {
        "kind": "correction",
        "payload": {"record": {"kind": "asset", "key": "I-1"}, "field": "value", "value": 4242, "evidence": "发票 4242"},
    }
    filed(bureau, body)
    for answer in (asking("eye", Role.SECURITY_OFFICER).get("/requests"), asking("eye", Role.SECURITY_OFFICER).get("/assets/I-1/dossier")):
        assert "4242" not in answer.text
    assert asking("eye", Role.SECURITY_OFFICER).post("/requests", json=body).status_code == 403
    assert quote("4242") in bureau.get("/requests").text
