"""What the registers know of a feature of the scene, through HTTP."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import insert, select, update

from tests.twin.moulds import Cast
from tests.twin.queries.town import HIDDEN, Town
from tests.twin.served import service
from tests.twin.store.builder import NOW, SITE, record, tower
from twin.auth import Principal, Role
from twin.queries.records.context import Registers
from twin.records.state import note_ties
from twin.settings import Settings
from twin.store import Store
from twin.store import record_schema as schema

HERE = "http://127.0.0.1"
EVERY = frozenset({"*"})
ROOM, HIDDEN_ROOM, ELSEWHERE = "tower:r10-10", "tower:r10-9", "tower:r9-1"


@pytest.fixture
def town(cast: Cast, tmp_path: Path) -> Town:
    town = cast(town_with_a_tower)
    town.registers = Registers.of(town.store, tmp_path / "columns of it")
    return town


def town_with_a_tower(store: Store, folder: Path) -> Town:
    """The town with two of its rooms standing for rooms of a model, the first also tied by hand to an asset."""
    store.add_site(SITE, now=NOW)
    record(store, tower())
    town = Town(store, folder, assets=5)
    sites, place, asset = schema.metadata.tables["site"], schema.place, schema.kind_table("asset")
    with store.database.writing() as connection:
        site = connection.execute(select(sites.c.id).where(sites.c.code == SITE.code)).scalar_one()
        for number, feature in (("101", ROOM), (HIDDEN, HIDDEN_ROOM)):
            here = update(place).where(place.c.id == town.places[number])
            connection.execute(here.values(site_id=site, feature_id=feature))
        first = connection.execute(select(asset.c.record_id).order_by(asset.c.key)).scalars().first()
        tie = {"method": "manual", "confidence": 1.0, "evidence": "tag", "state": "confirmed", "who": "tester", "since_us": 0}
        connection.execute(insert(schema.link).values(id=1, record_id=first, site_id=site, feature_id=ROOM, until_us=None, **tie))
        connection.execute(insert(schema.link).values(id=2, record_id=first, site_id=site, feature_id=ELSEWHERE, until_us=1, **tie))
        note_ties(connection)
    return town


def asking(town: Town, tmp_path: Path, *, units: frozenset[str] = EVERY, labels: frozenset[str] = EVERY) -> TestClient:
    principal = Principal(name="she", role=Role.ADMINISTRATOR, labels=labels, scopes=EVERY, units=units)
    app = service(Settings(home=tmp_path / "home"), town.store, principal_of=lambda request: principal)
    app.state.registers = town.registers
    return TestClient(app, base_url=HERE)


def test_a_room_of_the_model_has_its_place_and_what_is_tied_to_it(town: Town, tmp_path: Path) -> None:
    found = asking(town, tmp_path).get(f"/sites/{SITE.code}/features/{ROOM}/records").json()
    assert (found["place"]["id"], found["place"]["feature"]) == (town.places["101"], ROOM)
    assert [step["kind"] for step in found["place"]["path"]] == ["everything", "site", "building", "storey", "room"]
    assert {(one["kind"], one["key"], one["method"]) for one in found["records"]} == {
        ("room", "R101", None),
        ("asset", "A-0000/桌", "manual"),
    }


def test_a_tie_that_has_ended_is_none(town: Town, tmp_path: Path) -> None:
    assert asking(town, tmp_path).get(f"/sites/{SITE.code}/features/{ELSEWHERE}/records").json() == {"place": None, "records": []}


def test_what_a_reader_may_not_know_of_is_left_out(town: Town, tmp_path: Path) -> None:
    public = asking(town, tmp_path, labels=frozenset({"public"}))
    assert public.get(f"/sites/{SITE.code}/features/{HIDDEN_ROOM}/records").json() == {"place": None, "records": []}
    stranger = asking(town, tmp_path, units=frozenset({"U4"}))
    assert "R101" not in stranger.get(f"/sites/{SITE.code}/features/{ROOM}/records").text


def test_a_feature_that_is_none_is_not_found(town: Town, tmp_path: Path) -> None:
    assert asking(town, tmp_path).get(f"/sites/{SITE.code}/features/tower:none/records").status_code == 404
