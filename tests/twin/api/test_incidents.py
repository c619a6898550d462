"""Incidents through HTTP: lists, one with its log, what people decide, and that labels and sites hide what is not for a reader."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.twin.incidents.world import KINDS, NOW, S, alarm, alarms
from tests.twin.served import service
from tests.twin.store.builder import new_revision, record, relabelled, tower
from twin.api.incident_state import EVENTS
from twin.auth import Principal, Role
from twin.incidents import IncidentStore
from twin.incidents.desk import StoreDesk
from twin.settings import Settings
from twin.store import Store

EVERY = frozenset({"*"})
As = Callable[..., TestClient]
SECRET, ROOM = "tower:r9-1", "tower:r9-9"


@pytest.fixture
def incidents(settings: Settings, store: Store) -> Iterator[IncidentStore]:
    """Incident 1 is at a public and at a restricted room, 2 on the fence, 3 in another site, 4 in the restricted room alone."""
    here = {"site": "PS", "labels": ("public",)}
    rows = [
        alarm("gate/G-1", "gate_not_listed", place=ROOM, lon_lat=(119.29, 26.09), height_m=31.5, **here),
        alarm("door/D2", "door_forced", at_s=1, place=SECRET, protected=SECRET, site="PS", labels=("restricted",), lon_lat=(119.29, 26.09)),
        alarm("perimeter_segment/PS-7", "perimeter_cut", at_s=2, lon_lat=(119.3, 26.1), **here),
        alarm("panic/1", "panic", at_s=3, site="other", labels=("public",)),
        alarm("fire/1", "fire_alarm", at_s=4, place=SECRET, protected=SECRET, site="PS", labels=("restricted",)),
    ]
    with IncidentStore.open(settings.home / EVENTS, KINDS, now_us=NOW) as opened:
        opened.take(0, alarms(*rows), NOW + 5 * S)
        yield opened


@pytest.fixture
def asking(settings: Settings, store: Store, incidents: IncidentStore) -> Iterator[As]:
    clients: list[TestClient] = []

    def ask(role: str = Role.SECURITY_OFFICER, labels: frozenset[str] = EVERY, scopes: frozenset[str] = EVERY) -> TestClient:
        principal = Principal(name="周工", role=role, labels=labels, scopes=scopes, units=EVERY)
        app = service(settings, store, principal_of=lambda request: principal)
        app.state.desk = StoreDesk(incidents, lambda: NOW + 60 * S)
        client = TestClient(app, base_url="http://127.0.0.1")
        client.__enter__()
        clients.append(client)
        return client

    yield ask
    for client in clients:
        client.__exit__(None, None, None)


def ids(client: TestClient, **query: Any) -> list[int]:
    answer = client.get("/incidents", params=query)
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["incidents"]]


def test_incidents_are_listed_the_newest_first_page_by_page_and_by_what_is_asked(asking: As) -> None:
    client = asking()
    assert ids(client) == [4, 3, 2, 1]
    assert (ids(client, site="PS"), ids(client, state="closed"), ids(client, kind="panic_button")) == ([4, 2, 1], [], [3])
    assert ids(client, severity=5) == [4, 3, 1]
    first = client.get("/incidents", params={"limit": 3}).json()
    assert [one["id"] for one in client.get(first["next"]).json()["incidents"]] == [1]
    assert client.get(first["next"]).json()["next"] is None


def test_an_incident_has_the_members_that_the_viewer_was_promised(asking: As) -> None:
    (one,) = asking(labels=frozenset({"public"})).get("/incidents", params={"site": "PS", "kind": "gate_not_listed"}).json()["incidents"]
    assert one["title"] == {"zh": "车辆不在白名单", "en": "vehicle not on the white list"}
    assert (one["severity"], one["state"], one["count"], one["flapping"], one["kind"]) == (2, "open", 1, False, "gate_not_listed")
    place = one["place"]
    assert (place["lon"], place["lat"], place["height_m"]) == (119.29, 26.09, 31.5)
    assert (place["room"], place["storey"], place["building"], place["zone"]) == (ROOM, "tower:s9", "tower:b", None)
    assert one["devices"] == [{"id": "gate/G-1", "kind": "gate", "name": "G-1", "count": 1}] and one["devices_total"] == 1
    assert one["since"] == datetime.fromtimestamp(NOW / 1e6, UTC).strftime("%Y-%m-%dT%H:%M:%S.000000Z")


def test_who_may_not_know_of_a_place_meets_no_incident_count_or_alarm_of_it(asking: As) -> None:
    public = asking(labels=frozenset({"public"}))
    assert ids(public) == [3, 2, 1]
    for path in ("/incidents/4", "/incidents/4/alarms", "/incidents/99"):
        assert public.get(path).status_code == 404, path
    assert public.get("/incidents/4").json() == {**public.get("/incidents/99").json(), "instance": "/incidents/4"} | {
        "detail": "incident 4 does not exist"
    }
    for text in (public.get("/incidents").text, public.get("/incidents/1").text, public.get("/incidents/1/alarms").text):
        assert "D2" not in text and SECRET not in text and "door_forced" not in text and "门被强开" not in text
    refused = public.post("/incidents/4/close", json={"why": "x", "reason": "real"}, headers={"If-Match": "*"})
    assert refused.status_code == 404
    assert asking(labels=frozenset()).get("/incidents").json() == {"incidents": [], "next": None}


def test_a_label_that_a_place_gets_later_hides_what_happened_there_before(asking: As, store: Store, incidents: IncidentStore) -> None:
    public = asking(labels=frozenset({"public"}))
    row = alarm("lift/L1", "lift_trapped", place=ROOM, protected=ROOM, site="PS", labels=("public",))
    incidents.take(1, alarms(row), NOW + 6 * S)
    assert ids(public, kind="lift_trapped") == [5]
    record(store, relabelled(tower(), {SECRET: "restricted", ROOM: "restricted"}), new_revision("c" * 64))
    assert ids(public, kind="lift_trapped") == [] and ids(asking(), kind="lift_trapped") == [5]
    assert "lift" not in public.get("/events?since=0&live=false").text


def test_a_reader_of_one_site_meets_nothing_of_another(asking: As) -> None:
    mine = asking(scopes=frozenset({"PS"}))
    assert ids(mine) == [4, 2, 1] and ids(mine, site="other") == []
    assert mine.get("/incidents/3").status_code == 404


def test_other_roles_may_not_decide_and_some_not_read(asking: As) -> None:
    for role, may_read in ((Role.UNIT_CLERK, False), (Role.EDITOR, False), (Role.VIEWER, True), (Role.AUDITOR, True)):
        client = asking(role)
        if not may_read:
            assert client.get("/incidents").status_code == client.get("/events").status_code == 403
        assert client.post("/incidents/1/comment", json={"why": "x"}, headers={"If-Match": "*"}).status_code == 403


def test_a_decision_says_what_it_is_of_and_is_refused_where_that_has_changed(asking: As) -> None:
    client = asking()
    tag = client.get("/incidents/1").headers["etag"]
    assert client.post("/incidents/1/acknowledge", json={"why": "去看"}).status_code == 428
    done = client.post("/incidents/1/acknowledge", json={"why": "去看"}, headers={"If-Match": tag})
    assert (done.status_code, done.json()["state"]) == (200, "acknowledged")
    line = done.json()["log"][-1]
    assert (line["what"], line["who"], line["why"]) == ("acknowledged", "周工", "去看")
    stale = client.post("/incidents/1/comment", json={"why": "x"}, headers={"If-Match": tag})
    assert (stale.status_code, stale.json()["code"]) == (412, "PRECONDITION_FAILED")
    assert done.headers["etag"] == client.get("/incidents/1").headers["etag"]
    assert client.post("/incidents/1/comment", json={"why": "x"}, headers={"If-Match": done.headers["etag"]}).status_code == 200
    again = client.post("/incidents/1/acknowledge", json={"why": "去看"}, headers={"If-Match": "*"})
    assert (again.status_code, again.json()["code"]) == (409, "INCIDENT_STATE")


def test_closing_needs_a_reason_of_the_table(asking: As) -> None:
    client = asking()
    wrong = client.post("/incidents/2/close", json={"why": "x", "reason": "bored"}, headers={"If-Match": "*"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "CLOSE_REASON_UNKNOWN")
    assert client.post("/incidents/2/close", json={"reason": "real"}, headers={"If-Match": "*"}).status_code == 400
    done = client.post("/incidents/2/close", json={"why": "野猫", "reason": "false_alarm"}, headers={"If-Match": "*"})
    assert done.json()["state"] == "closed" and done.json()["log"][-1]["facts"] == {"reason": "false_alarm"}
    assert ids(client, state="closed") == [2]
    before = datetime.fromtimestamp(NOW / 1e6 + 30, UTC).isoformat()
    assert ids(client, state="closed", datetime=before) == [] and ids(client, state="open", datetime=before) == [4, 3, 2, 1]
    assert client.get("/incidents/2", params={"datetime": before}).json()["state"] == "open"


def test_assigned_merged_and_split(asking: As) -> None:
    client = asking()
    any_state = {"If-Match": "*"}
    assert client.post("/incidents/2/assign", json={"why": "当班", "to": "李班长"}, headers=any_state).json()["assigned"] == "李班长"
    merged = client.post("/incidents/4/merge", json={"why": "同一起", "into": 1}, headers=any_state)
    assert (merged.json()["id"], merged.json()["count"]) == (1, 3)
    moved = client.get("/incidents/4", follow_redirects=False)
    assert (moved.status_code, moved.headers["location"]) == (307, "/incidents/1")
    assert asking(labels=frozenset({"public"})).get("/incidents/4").status_code == 404
    assert client.post("/incidents/3/merge", json={"why": "x", "into": 1}, headers=any_state).status_code == 409, "another site"
    split = client.post("/incidents/1/split", json={"why": "两起", "devices": ["fire/1"]}, headers=any_state)
    assert (split.json()["id"], split.json()["kind"], split.json()["count"]) == (5, "fire_alarm", 1)
    assert client.get("/incidents/1").json()["count"] == 2


def test_every_alarm_is_told_with_its_raw_observation_s_place_in_the_journal(asking: As, incidents: IncidentStore) -> None:
    rows = [alarm("gate/G-1", "gate_not_listed", at_s=10 + n, place=ROOM, site="PS", labels=("public",)) for n in range(30)]
    incidents.take(7, alarms(*rows), NOW + 40 * S)
    client, found, address = asking(), [], "/incidents/1/alarms?limit=7"
    while address:
        page = client.get(address).json()
        found += page["alarms"]
        address = page["next"]
    assert [(one["journal"], one["item"]) for one in found] == [(0, 0), (0, 1), *((7, n) for n in range(30))]
    assert sum(one["held"] for one in found) == client.get("/incidents/1").json()["held"] > 0
    (flapping,) = client.get("/incidents/1").json()["flapping_devices"]
    assert flapping["device"] == "gate/G-1"


def test_without_a_hub_nothing_is_decided_and_without_its_file_nothing_is_known(settings: Settings, store: Store) -> None:
    app = service(settings, store)
    with TestClient(app, base_url="http://127.0.0.1") as client:
        for path in ("/incidents", "/incidents/1", "/events"):
            answer = client.get(path)
            assert (answer.status_code, answer.json()["code"]) == (503, "EVENTS_ABSENT"), path
        with IncidentStore.open(settings.home / EVENTS, KINDS, now_us=NOW) as opened:
            opened.take(0, alarms(alarm()), NOW)
        refused = client.post("/incidents/1/comment", json={"why": "x"}, headers={"If-Match": "*"})
        assert (refused.status_code, refused.json()["code"]) == (503, "HUB_ABSENT")


def test_wrong_parameters_are_named(asking: As) -> None:
    client = asking()
    for path, name in (
        ("/incidents?state=x", "state"),
        *((f"/incidents?datetime={said}", "datetime") for said in ("now", "0.5", "2026-11-27T08:00:00")),
        ("/events?types=A%20b", "types"),
    ):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["parameter"]) == (400, name), path
