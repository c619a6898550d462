"""What moves and decisions on links do through HTTP: places, rooms, links with their history; kept by ties, taken back as a whole."""

from __future__ import annotations

from copy import copy
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.twin.imports.tie.test_revision import LATER, NUMBERS, TAGS, Tower, model
from tests.twin.moulds import Cast
from tests.twin.queries.planner.office import Office
from tests.twin.served import service
from twin.auth import Principal, Role
from twin.queries.records.context import Registers
from twin.settings import Settings
from twin.store import Store

EVERY = frozenset({"*"})


def client_of(store: Store, registers: Registers, folder: Path, name: str, role: str = Role.SPACE_PLANNER, *units: str) -> TestClient:
    principal = Principal(name=name, role=role, labels=EVERY, scopes=EVERY, units=frozenset(units) or EVERY)
    app = service(Settings(home=folder / "home"), store, principal_of=lambda request: principal)
    app.state.registers = registers
    return TestClient(app, base_url="http://127.0.0.1")


def filed(client: TestClient, kind: str, **payload: Any) -> int:
    answer = client.post("/requests", json={"kind": kind, "payload": payload})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def refused(client: TestClient, kind: str, **payload: Any) -> tuple[int, str]:
    answer = client.post("/requests", json={"kind": kind, "payload": payload})
    return answer.status_code, answer.json().get("code")


def take(client: TestClient, number: int, to: str, **facts: Any) -> Any:
    return client.post(f"/requests/{number}/steps", json={"to": to, "facts": facts})


def values(client: TestClient, address: str, *names: str) -> tuple[Any, ...]:
    said = client.get(address).json()["values"]
    return tuple(said[name] for name in names)


class Offices:
    """The planner's small office with an asset, and who works with it."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.office = Office(store, folder)
        self.office.take("asset", [{"资产编号": "A1", "资产名称": "办公桌", "使用单位": "U2", "楼栋": "湖滨楼", "存放地点": "102"}])
        self._served(store, folder)

    def moved(self, store: Store, folder: Path) -> Offices:
        offices = copy(self)
        offices.office = self.office.moved(store, folder)
        offices._served(store, folder)
        return offices

    def _served(self, store: Store, folder: Path) -> None:
        self._store, self._folder = store, folder
        self.bureau = self.client("bureau")
        self.owner = self.client("owner", Role.UNIT_CLERK, "U2")

    def client(self, name: str, *more: str) -> TestClient:
        return client_of(self._store, self.office.registers, self._folder, name, *more)

    def decided(self, number: int) -> dict[str, Any]:
        assert take(self.owner, number, "agreed").status_code == 200
        assert take(self.bureau, number, "approved").status_code == 200
        done = take(self.bureau, number, "done")
        assert done.status_code == 200, done.text
        return dict(done.json())


@pytest.fixture
def offices(cast: Cast) -> Offices:
    return cast(Offices)


@pytest.fixture
def tied(cast: Cast) -> Tower:
    return cast(Tower)


def test_a_move_brings_people_rooms_and_assets_where_it_says_and_back(offices: Offices) -> None:
    bureau = offices.bureau
    addresses = ("/people/P8", "/people/P9", "/rooms/R104", "/rooms/S102", "/assets/A1")
    before = {one: bureau.get(f"{one}/dossier").json()["fields"] for one in addresses}
    asked = {
        "unit": "U2", "building": "B1", "seats": [{"person": "P8", "room": "R104"}, {"person": "P9", "room": "R104"}],
        "leaves": ["S102"], "assets": ["A1"], "room": "R104", "reason": "腾退",
    }  # fmt: skip
    number = filed(offices.client("planner"), "move", **asked)
    assert bureau.get(f"/requests/{number}").json()["unit"] == "U2"
    assert values(bureau, "/people/P8", "building", "room") == ("湖滨楼", "102")
    done = offices.decided(number)
    assert len(done["payload"]["changes"]) == 11
    assert values(bureau, "/people/P8", "building", "storey", "room") == ("东风楼", "1层", "104")
    assert values(bureau, "/rooms/R104", "used_by", "state", "allocated_to") == ("U2", "in_use", "U1")
    assert values(bureau, "/rooms/S102", "used_by", "state") == (None, "vacant")
    assert bureau.get("/assets/A1").json()["place"]["name"] == bureau.get("/rooms/R104").json()["place"]["name"]
    today = offices.office.registers.today()
    assert {one["person"]["key"] for one in offices.office.room("R104", as_of=today)["people"]} >= {"P8", "P9"}
    for address in addresses:
        dossier = bureau.get(f"{address}/dossier").json()
        assert [one["id"] for one in dossier["requests"]] == [number]
        assert {(one["method"], one["who"], one["request"]) for one in dossier["changes"]} == {("move", "bureau", number)}
    assert offices.owner.post(f"/requests/{number}/revert", json={"reason": "误"}).status_code == 403
    assert bureau.post(f"/requests/{number}/revert", json={"reason": "误"}).json()["state"] == "reverted"
    assert {one: bureau.get(f"{one}/dossier").json()["fields"] for one in addresses} == before
    assert bureau.get("/assets/A1").json()["place"]["name"] != "104"


def test_a_move_names_who_moves_rooms_of_its_building_and_what_is_the_units(offices: Offices) -> None:
    planner = offices.client("planner")
    whole = {"unit": "U2", "building": "B1", "seats": [{"person": "P8", "room": "R104"}]}
    wrong: list[dict[str, Any]] = [
        {"seats": []},
        {"seats": [{"person": "P8", "room": "R104"}] * 2},
        {"seats": [{"person": "P8"}]},
        {"seats": "P8"},
        {"seats": [{"person": "P1", "room": "R104"}]},
        {"building": "B2"},
        {"building": 7},
        {"leaves": ["R101"]},
        {"unit": "U1", "assets": ["A1"], "seats": []},
        {"valid_from": "morgen"},
    ]
    assert {refused(planner, "move", **(whole | one)) for one in wrong} == {(422, "REQUEST_INVALID")}
    assert refused(planner, "move", **(whole | {"unit": "U9"}))[0] == 404
    assert refused(planner, "move", **(whole | {"rooms": ["R999"]}))[0] == 404


class Decided:
    """The tower's registers, and who decides its links."""

    def __init__(self, tower: Tower, folder: Path) -> None:
        registers = Registers.of(tower.store, folder / "columns")
        self.client = client_of(tower.store, registers, folder, "filer")
        self.decider = client_of(tower.store, registers, folder, "decider")
        self.clerk = client_of(tower.store, registers, folder, "clerk", Role.UNIT_CLERK)

    def decide(self, kind: str, key: str, candidates: list[str], **choice: str | None) -> int:
        record = {"kind": kind, "key": key}
        number = filed(self.client, "link_decision", record=record, candidates=candidates, evidence="现场核对", **choice)
        assert take(self.clerk, number, "approved").status_code == 403
        done = take(self.decider, number, "approved")
        assert (done.status_code, done.json()["state"]) == (200, "done"), done.text
        return number


def test_a_link_decided_by_hand_stays_over_ties_imports_and_revisions(tied: Tower, tmp_path: Path) -> None:
    decided = Decided(tied, tmp_path)
    before = tied.links("room")
    number = decided.decide("room", "R1010", ["tower:r9-9", "tower:r10-9"], choice="tower:r10-9")
    assert tied.links("room")["R1010"] == "tower:r10-9"
    assert "R1009" not in tied.links("room")
    (link,) = [one for one in decided.client.get("/rooms/R1010/dossier").json()["links"] if one["until"] is None]
    assert (link["method"], link["who"], link["confidence"]) == ("manual", "decider", 1.0)
    assert decided.client.get("/sites/PS/features/tower:r10-9/records").json()["records"][0]["key"] == "R1010"
    rooms = [f"R{n},主楼,{n[:-2]}层,{n},3.8" for n in NUMBERS.values()]
    tied.take("room", "房间编码,楼栋,楼层,房间号,使用面积", rooms, now=LATER)
    assert tied.links("room")["R1010"] == "tower:r10-9"
    tied.revise(model(NUMBERS, TAGS, {"r10-9": "elsewhere"}))
    assert ("LINK_DECIDED_LOST", "R1010") in tied.items()
    assert tied.links("room")["R1010"] == "tower:r10-9"  # the decision waits for its room
    tied.revise(model(NUMBERS | {"r10-9": "7777"}, TAGS, {}), "c")
    assert tied.links("room")["R1010"] == "tower:r10-9"
    assert ("LINK_DECIDED_LOST", "R1010") not in tied.items()
    tied.revise(model(NUMBERS, TAGS, {}), "d")
    assert decided.decider.post(f"/requests/{number}/revert", json={"reason": "误"}).json()["state"] == "reverted"
    assert tied.links("room")["R1010"] == before["R1010"]
    assert decided.decider.post(f"/requests/{number}/revert", json={"reason": "误"}).status_code == 409


def test_none_of_the_candidates_is_a_decision_too_and_a_later_one_takes_its_place(tied: Tower, tmp_path: Path) -> None:
    decided = Decided(tied, tmp_path)
    none = decided.decide("asset", "A1", ["tower:d10-10-1"], choice=None)
    assert tied.links("asset") == {"A2": "tower:d9-1-1", "A3": "tower:d9-1-2"}
    assert decided.client.get("/sites/PS/features/tower:d10-10-1/records").json()["records"] == []
    assert dict(tied.ask("select key, place_method from asset"))["A1"] == "spot"
    decided.decide("asset", "A1", ["tower:d10-10-1", "tower:d9-1-1"], choice="tower:d9-1-1")
    assert tied.links("asset") == {"A1": "tower:d9-1-1", "A3": "tower:d9-1-2"}
    later = decided.decide("asset", "A2", ["tower:d9-1-1"], choice="tower:d9-1-1")  # one element is one asset
    assert tied.links("asset") == {"A2": "tower:d9-1-1", "A3": "tower:d9-1-2"}
    decided.decide("building", "B1", ["tower:b"], choice="tower:b")
    blocked = decided.decider.post(f"/requests/{none + 1}/revert", json={"reason": "误"})
    assert (blocked.status_code, blocked.json()["code"]) == (409, "STEP_NOT_ALLOWED")
    assert decided.decider.post(f"/requests/{later}/revert", json={"reason": "误"}).status_code == 200
    assert tied.links("asset") == {"A1": "tower:d9-1-1", "A3": "tower:d9-1-2"}


def test_a_decision_names_features_that_are_there_and_what_was_chosen(tied: Tower, tmp_path: Path) -> None:
    decided = Decided(tied, tmp_path)
    room = {"record": {"kind": "room", "key": "R1010"}, "candidates": ["tower:r10-9"], "choice": "tower:r10-9"}
    wrong: list[dict[str, Any]] = [
        {"candidates": []},
        {"candidates": ["tower:r10-9"] * 2},
        {"candidates": ["tower:d9-1-1"], "choice": None},
        {"choice": "tower:r9-9"},
        {"site": 1},
        {"record": None},
    ]
    assert {refused(decided.client, "link_decision", **(room | one)) for one in wrong} == {(422, "REQUEST_INVALID")}
    assert refused(decided.client, "link_decision", **(room | {"candidates": ["tower:none"], "choice": None}))[0] == 404
    number = filed(decided.client, "link_decision", record=room["record"], candidates=room["candidates"])
    silent = take(decided.decider, number, "approved")
    assert (silent.status_code, silent.json()["code"]) == (422, "STEP_FACT_MISSING")
    assert take(decided.decider, number, "approved", choice="tower:r10-9").json()["state"] == "done"
    assert tied.links("room")["R1010"] == "tower:r10-9"
