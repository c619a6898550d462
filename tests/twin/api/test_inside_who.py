"""Who a plate or a card inside is: of the register, of an announced visit, nobody known; and for whom."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from sensors import Batch, Observation, Stream
from tests.twin.api.test_live_labels import EVERY, HERE, WEST, connected, take
from tests.twin.store.builder import NOW, SITE
from twin.auth import Principal, Role
from twin.queries.live.service import OpenHub
from twin.settings import Settings
from twin.store import Store

NOW_US = time.time_ns() // 1000
OWN, GUEST, STRANGER = "闽A00001", "闽A77777", "闽B12345"


def came(number: int, value: dict[str, Any]) -> Observation:
    at_us = NOW_US - 60_000_000 + number * 1_000_000
    return Observation(device="gate/G-W", stream=Stream.PASSAGE, received_us=at_us, device_us=at_us, value={"direction": "in", **value})


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, Store, OpenHub]]:
    folder: Path = tmp_path_factory.mktemp("who")
    settings = Settings(home=folder)
    with Store.open(settings.database_url) as store:
        store.migrate()
        store.add_site(SITE, now=NOW)
        take(store, folder, "gate", "出入口编号,出入口名称,经度,纬度,坐标系", [f"G-W,西门,{WEST[0]},{WEST[1]},CGCS2000"])
        take(store, folder, "vehicle", "车牌号,车辆名称", [f"{OWN},指挥车"])
        take(store, folder, "person", "人员编号,姓名", ["P-1,林一"])
        take(store, folder, "visit", "预约编号,车牌号,来访人,凭证号,预约状态", [f"V-1,{GUEST},陈客,K-9,已预约"])
        opened = OpenHub.open(settings)
        said = [{"plate": OWN}, {"plate": GUEST}, {"plate": STRANGER}, {"card": "P-1"}, {"card": "K-9"}, {"card": "K-0"}]
        opened.applier.apply([Batch(source="g", number=1, others=list(map(came, range(6), said)))], now_us=NOW_US, first=0, position=1)
        yield settings, store, opened
        opened.close()


def inside(served: tuple[Settings, Store, OpenHub], kind: str, role: str) -> tuple[int, dict[str, Any]]:
    officer = Principal(name="somebody", role=role, labels=EVERY, scopes=EVERY, units=EVERY)
    with TestClient(connected(*served, officer), base_url=HERE) as client:
        answer = client.get("/live/inside", params={"site": SITE.code, "kind": kind})
    return answer.status_code, {row["key"]: row["who"] for row in answer.json().get("inside", ())}


def test_a_plate_inside_is_a_vehicle_of_the_register_an_announced_visit_or_nobodys(served: tuple[Settings, Store, OpenHub]) -> None:
    status, who = inside(served, "vehicle", Role.SECURITY_OFFICER)
    assert status == 200
    assert who == {
        OWN: {"kind": "vehicle", "key": OWN, "name": "指挥车"},
        GUEST: {"kind": "visit", "key": "V-1", "name": "陈客"},
        STRANGER: None,
    }


def test_a_card_inside_is_a_person_or_a_visitor_and_both_are_for_who_may_read_persons(served: tuple[Settings, Store, OpenHub]) -> None:
    _, who = inside(served, "person", Role.SECURITY_OFFICER)
    assert who == {
        "P-1": {"kind": "person", "key": "P-1", "name": "林一"},
        "K-9": {"kind": "visit", "key": "V-1", "name": "陈客"},
        "K-0": None,
    }
    assert inside(served, "person", Role.VIEWER)[0] == 403
    assert inside(served, "vehicle", Role.VIEWER) == (200, {OWN: None, GUEST: None, STRANGER: None})
