"""The work list through HTTP, on both databases: both sides of each item, whose it is to settle, and what labels and units hide."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.twin.api.test_request_effects import filed
from tests.twin.imports.tie.test_revision import NUMBERS, TAGS, Tower, model
from tests.twin.moulds import Cast
from tests.twin.served import service
from twin.auth import Principal, Role
from twin.imports.tie.coordinates import COORDINATE_CODES
from twin.imports.tie.devices import DEVICE_CODES
from twin.imports.tie.tie import ELEMENT_CODES, ROOM_CODES
from twin.queries.records.context import Registers
from twin.queries.worklist.families import family_of
from twin.settings import Settings

EVERY = frozenset({"*"})
REVISED = {"r9-9": "anew", "d10-10-1": "gone"}


@pytest.fixture
def tied(cast: Cast) -> Tower:
    return cast(lost_ones)


def lost_ones(store: Any, folder: Path) -> Tower:
    """A room drawn anew under another id, a desk that is gone, and a room with another number."""
    tower = Tower(store, folder)
    tower.revise(model(NUMBERS | {"r10-10": "1011"}, {**TAGS, "d10-10-1": "T9"}, REVISED))
    return tower


class Asking:
    def __init__(self, tied: Tower, folder: Path) -> None:
        self._tied, self._folder = tied, folder
        self.registers = Registers.of(tied.store, folder / "columns", tied.settings)

    def client(
        self, name: str, role: str = Role.SPACE_PLANNER, units: frozenset[str] = EVERY, labels: frozenset[str] = EVERY
    ) -> TestClient:
        principal = Principal(name=name, role=role, labels=labels, scopes=EVERY, units=units)
        app = service(Settings(home=self._folder / "home"), self._tied.store, principal_of=lambda request: principal)
        app.state.registers = self.registers
        return TestClient(app, base_url="http://127.0.0.1")


@pytest.fixture
def asking(tied: Tower, tmp_path: Path) -> Asking:
    return Asking(tied, tmp_path)


def items(client: TestClient, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    address = "/work-items?" + "&".join(f"{name}={value}" for name, value in {"limit": 1, **query}.items())
    while address:
        page = client.get(address).json()
        found += page["items"]
        address = page["next"]
    return found


def test_every_code_of_the_tie_has_a_family() -> None:
    assert set(family_of()) == {*ROOM_CODES, *ELEMENT_CODES, *COORDINATE_CODES, *DEVICE_CODES}


def test_an_item_has_both_sides_as_they_are_or_last_were_and_the_link_that_was(asking: Asking) -> None:
    client = asking.client("planner")
    found = {one["code"]: one for one in items(client)}
    assert set(found) == {"LINK_COUNTERPART_LOST", "LINK_NUMBER_CHANGED", "LINK_ELEMENT_LOST"}
    lost = found["LINK_COUNTERPART_LOST"]
    (record,) = lost["records"]
    assert (record["kind"], record["key"]) == ("room", "R909")
    assert {one["name"]: one["value"] for one in record["values"]}["number"] == "909"
    assert {one["id"]: one["stands"] for one in lost["features"]} == {"tower:r9-9": False, "tower:anew": True}
    assert [(one["feature_id"], one["state"], one["until"] is None) for one in lost["links"]] == [("tower:r9-9", "lost", False)]
    assert 0 < lost["links"][0]["confidence"] <= 1
    counts = client.get("/work-items/kinds").json()
    assert counts["numberMatched"] == 3
    assert {one["code"] for one in counts["kinds"] if one["count"]} == set(found)
    assert [one["code"] for one in items(client, family="lost")] == [one for one in found if found[one]["family"] == "lost"]
    assert client.get("/work-items?code=NEVER").status_code == 400


def test_what_is_asked_is_shown_with_whose_step_it_is(asking: Asking) -> None:
    client, clerk = asking.client("planner"), asking.client("clerk", Role.UNIT_CLERK)
    asked = {"record": {"kind": "room", "key": "R909"}, "candidates": ["tower:anew"], "choice": "tower:anew", "evidence": "现场核对"}
    number = filed(client, "link_decision", **asked)
    (item,) = items(client, code="LINK_COUNTERPART_LOST")
    assert item["requests"] == [{"id": number, "state": "submitted", "applicant": "planner", "choice": "tower:anew"}]
    for who, takes in ((clerk, set()), (client, {"withdrawn"}), (asking.client("other"), {"approved", "refused", "returned"})):
        following = who.get(f"/requests/{number}").json()["next"]
        assert {step["to"] for step in following if step["allowed"]} == takes
        assert all(step["allowed"] is (step["refused"] is None) for step in following)
    assert asking.client("other").post(f"/requests/{number}/steps", json={"to": "approved"}).json()["state"] == "done"
    assert items(client, code="LINK_COUNTERPART_LOST") == []


def test_who_may_decide_links_settles_an_item_once_and_it_stays_settled(asking: Asking, tied: Tower) -> None:
    planner = asking.client("planner")
    (item,) = items(planner, code="LINK_NUMBER_CHANGED")
    address = f"/work-items/{item['item']}/decision"
    assert asking.client("clerk", Role.UNIT_CLERK).post(address, json={"note": "x"}).status_code == 403
    assert planner.post(address, json={"note": " "}).json()["code"] == "STEP_FACT_MISSING"
    done = planner.post(address, json={"note": "门牌已换"}).json()
    assert (done["state"], done["closed_by"]) == ("decided", "planner: 门牌已换")
    again = planner.post(address, json={"note": "门牌已换"})
    assert (again.status_code, again.json()["code"]) == (409, "ITEM_CLOSED")
    asking.registers.tie(who="test")
    assert items(planner, code="LINK_NUMBER_CHANGED") == []
    assert [one["item"] for one in items(planner, state="decided")] == [item["item"]]
    assert planner.post("/work-items/99999/decision", json={"note": "x"}).status_code == 404


def test_an_item_of_which_one_side_is_hidden_does_not_exist(asking: Asking) -> None:
    for who in (asking.client("a", labels=frozenset()), asking.client("b", Role.UNIT_CLERK, units=frozenset({"U9"}))):
        assert items(who) == []
        assert who.get("/work-items/kinds").json()["numberMatched"] == 0
    public = asking.client("c", labels=frozenset({"public"}))
    assert public.get("/work-items/kinds").json()["numberMatched"] == len(items(public)) == 3
    (item, *_) = items(public)
    answer = asking.client("a", labels=frozenset()).post(f"/work-items/{item['item']}/decision", json={"note": "x"})
    assert answer.status_code == 404
