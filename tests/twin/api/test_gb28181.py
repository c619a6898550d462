"""Messages of GB/T 28181 by POST: kept before they are answered, on the right device, told to whom it may concern."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from sensors import InletRefused
from sensors.observation import Stream
from tests.sensors.manscdp import CAMERAS, alarm, catalogue, keepalive, position
from tests.twin.api.sta import Compound, Remembered, app_of, somebody, sqlite_url
from tests.twin.moulds import Cast
from twin.auth import Role

HERE = "http://127.0.0.1"
UNKNOWN = "35010200001320000099"
As = Callable[..., TestClient]


@pytest.fixture
def url(tmp_path: Path, migrated: Path) -> str:
    """One database: what is asked of the registers here, other tests ask of both."""
    return sqlite_url(tmp_path, migrated)


@pytest.fixture
def history() -> Remembered:
    return Remembered()


@pytest.fixture
def asking(cast: Cast, history: Remembered) -> As:
    compound = cast(Compound)

    def client(role: str = Role.ADMINISTRATOR, *labels: str, **more: Any) -> TestClient:
        return TestClient(app_of(compound, somebody(role, *labels, **more), history), base_url=HERE)

    return client


def send(client: TestClient, body: bytes, media: str = "Application/MANSCDP+xml") -> Any:
    return client.post("/gb28181/messages", content=body, headers={"Content-Type": media})


def codes(client: TestClient) -> list[tuple[str, str | None]]:
    return [(one["code"], one["key"]) for one in client.get("/gb28181/differences").json()["findings"]]


def test_an_alarm_is_answered_once_it_is_kept_and_stands_on_the_camera(asking: As, history: Remembered) -> None:
    answer = send(asking(), alarm(CAMERAS[1], where="<Longitude>119.3</Longitude><Latitude>26.1</Latitude>"))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "Application/MANSCDP+xml")
    assert "<Result>OK</Result>" in answer.content.decode("gb18030")
    (one,) = history.rows
    assert (one.device, one.stream, one.alarms, one.lon_lat) == ("camera/C2", Stream.ALARM, ("intrusion",), (119.3, 26.1))
    assert (one.value["priority"], one.value["method"], one.value["description"], one.protocol) == (1, 5, "东墙", "gb28181")
    assert one.raw == alarm(CAMERAS[1], where="<Longitude>119.3</Longitude><Latitude>26.1</Latitude>")
    told = asking().get("/sta/v1.1/Datastreams('camera:C2:alarm')/Observations").json()["value"]
    assert [row["parameters"]["alarms"] for row in told] == [["intrusion"]]


def test_whose_alarm_it_is_does_not_depend_on_what_the_poster_may_know_of(asking: As, history: Remembered) -> None:
    assert send(asking(Role.INTEGRATOR, "public"), alarm(CAMERAS[2])).status_code == 200
    assert [one.device for one in history.rows] == ["camera/C3"]
    assert send(asking(Role.INTEGRATOR, scopes=frozenset({"other"})), alarm(CAMERAS[2])).status_code == 200
    assert [one.device for one in history.rows] == ["camera/C3", f"unknown_device/{CAMERAS[2]}"]
    assert [one["deviceId"] for one in asking().get("/gb28181/put-aside").json()["messages"]] == [CAMERAS[2]]


def test_a_position_is_a_fix_and_a_keepalive_a_heartbeat(asking: As, history: Remembered) -> None:
    assert send(asking(), position(CAMERAS[0])).status_code == 204
    (batch,) = history.batches
    (fix,) = batch.fixes
    assert (batch.devices, fix["lon_e7"], fix["lat_e7"], fix["speed_dkmh"], fix["heading_cdeg"], fix["altitude_dm"]) == (
        ["camera/C1"], 1_192_950_000, 260_899_000, 365, 9000, 123,
    )  # fmt: skip
    assert batch.raw == [position(CAMERAS[0])]
    assert send(asking(), keepalive(CAMERAS[0])).status_code == 204
    assert [(one.stream, dict(one.value)) for one in history.rows[1:]] == [(Stream.HEARTBEAT, {"status": "OK", "faulty": ["x"]})]
    broken = send(asking(), position(CAMERAS[0], lon="east"))
    assert broken.status_code == 204
    assert history.rows[-1].value == {"faults": [f"{CAMERAS[0]}: Longitude 'east'"]}


def test_every_alarm_of_an_unknown_device_is_put_aside_and_of_other_messages_the_last(asking: As, history: Remembered) -> None:
    client = asking()
    for body in (alarm(UNKNOWN), alarm(UNKNOWN), keepalive(UNKNOWN), keepalive(UNKNOWN)):
        assert send(client, body).status_code in (200, 204)
    assert [(one.device, one.stream, one.alarms) for one in history.rows] == [
        (f"unknown_device/{UNKNOWN}", Stream.ALARM, ("intrusion",))
    ] * 2
    rows = client.get("/gb28181/put-aside").json()["messages"]
    assert [(row["command"], row["number"], row["body"]) for row in rows] == [
        ("Alarm", 1, alarm(UNKNOWN).hex()), ("Alarm", 1, alarm(UNKNOWN).hex()), ("Keepalive", 2, keepalive(UNKNOWN).hex()),
    ]  # fmt: skip
    page = client.get("/gb28181/put-aside", params={"limit": 2}).json()
    assert [row["command"] for row in client.get(page["next"]).json()["messages"]] == ["Keepalive"]
    assert asking(Role.AUDITOR, "public").get("/gb28181/put-aside").status_code == 403


def test_a_catalogue_is_compared_with_the_register_and_never_written_into_it(asking: As) -> None:
    client = asking()
    before = client.get("/cameras").json()
    items = [(CAMERAS[0], "机要室机", "ON"), (CAMERAS[1], "东院机", "OFF"), (UNKNOWN, "陌生机", "ON"), ("35010200", "福州", "ON")]
    assert send(client, catalogue(items[:2], total=4)).status_code == 204
    assert codes(client) == [("CATALOGUE_DEVICE_OFF", "C2")]
    assert client.get("/gb28181/differences").json()["platforms"][0]["open"] is True
    assert send(client, catalogue(items[:2], total=4)).status_code == 204
    assert codes(client) == [("CATALOGUE_DEVICE_OFF", "C2")]
    assert send(client, catalogue(items[2:], total=4)).status_code == 204
    assert codes(client) == [("CATALOGUE_DEVICE_GONE", "C3"), ("CATALOGUE_DEVICE_NEW", None), ("CATALOGUE_DEVICE_OFF", "C2")]
    assert codes(asking(Role.SECURITY_OFFICER, "public")) == [("CATALOGUE_DEVICE_OFF", "C2")]
    assert client.get("/cameras").json() == before


def test_the_next_whole_catalogue_takes_the_place_of_the_one_before_and_a_notice_changes_one(asking: As) -> None:
    client = asking()
    every = [(name, "机", "ON") for name in CAMERAS]
    send(client, catalogue(every, sn="1"))
    assert codes(client) == []
    send(client, catalogue(every[1:], sn="1"))
    assert codes(client) == [("CATALOGUE_DEVICE_GONE", "C1")]
    send(client, catalogue([(CAMERAS[0], "机", "")], root="Notify", event="ADD"))
    send(client, catalogue([(CAMERAS[1], "", "")], root="Notify", event="OFF"))
    assert codes(client) == [("CATALOGUE_DEVICE_OFF", "C2")]
    send(client, catalogue([(CAMERAS[1], "", "")], root="Notify", event="DEL"))
    assert codes(client) == [("CATALOGUE_DEVICE_GONE", "C2")]


def test_a_camera_that_is_out_of_use_and_answers_is_a_difference(asking: As) -> None:
    client = asking()
    tag = client.get("/cameras/C2").headers["ETag"]
    assert client.patch("/cameras/C2", json={"state": "stopped"}, headers={"If-Match": tag}).status_code == 200
    send(client, catalogue([(name, "机", "ON") for name in CAMERAS]))
    assert codes(client) == [("CATALOGUE_DEVICE_ON", "C2")]


def test_what_is_not_kept_is_not_answered(asking: As, history: Remembered, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(batch: Any) -> None:
        raise InletRefused("the disk is full")

    monkeypatch.setattr(history, "offer", full)
    answer = send(asking(), alarm(CAMERAS[0]))
    assert (answer.status_code, answer.json()["code"]) == (503, "INLET_REFUSED")
    assert "retry-after" in answer.headers


def test_without_anybody_who_keeps_it_nothing_is_acknowledged(asking: As) -> None:
    client = asking()
    client.app.state.inlet = None  # type: ignore[attr-defined]
    for answer in (
        send(client, alarm(CAMERAS[0])),
        client.post("/sta/v1.1/Datastreams('meter:M1:reading')/Observations", json={"result": 1.0}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (503, "INLET_GONE")
        assert "retry-after" in answer.headers


def test_what_is_no_message_is_refused_with_the_reason(asking: As) -> None:
    client = asking()
    bomb = b'<!DOCTYPE a [<!ENTITY x "y">]><Notify><CmdType>&x;</CmdType></Notify>'
    for body, status, code in ((bomb, 422, "GB28181_INVALID"), (b"", 422, "GB28181_INVALID"), (b" " * 2**23, 413, "BODY_TOO_LARGE")):
        answer = send(client, body)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert send(client, keepalive("x"), "application/json").status_code == 415
    assert send(asking(Role.VIEWER), keepalive("x")).status_code == 403
