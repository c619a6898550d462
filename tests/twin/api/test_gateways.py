"""/live/gateways and /live/vehicles: a real gateway with real terminals, told what to do over HTTP, by who may."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from fastapi.testclient import TestClient

from sensors.jt808_message import Message
from sensors.jt808_server import Jt808Server
from sensors.jt808_terminal import Terminal
from tests.sensors.jt808_gateway import Remembering
from tests.twin.api.test_live_labels import EAST, EVERY, HERE, NOW_US, WEST, ZONES, connected, take
from tests.twin.hub.devices import moving
from tests.twin.store.builder import NOW, SITE
from twin.auth import LabelPolicy, Principal, Role
from twin.errors import StoreUnavailable
from twin.gateway.control import Control
from twin.incidents.event import COMMAND
from twin.queries.live.command_log import NoCommandLog
from twin.queries.live.gateway import commands_of, facts_told
from twin.queries.live.service import OpenHub
from twin.queries.live.terminals import Terminals
from twin.settings import Settings
from twin.store import Store

NEAR, HIDDEN, BARE, ONE, OTHER = "闽A10001", "闽A10002", "闽A10003", "闽A10004", "闽A10005"
PHONES = {NEAR: "13900000001", HIDDEN: "13900000002", ONE: "13900000004", OTHER: "13900000004"}
PUBLIC = frozenset({"public"})
Ask = Callable[..., TestClient]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, Store, OpenHub]]:
    settings = Settings(home=tmp_path_factory.mktemp("gateways"))
    with Store.open(settings.database_url) as store:
        store.migrate()
        store.add_site(SITE, now=NOW, policy=LabelPolicy(labels=("public", "restricted")))
        take(store, settings.home, "zone", "区域编号,区域名称,范围,坐标系,底1985高程,顶1985高程,可见范围", ZONES)
        cars = [f"{key},{PHONES.get(key, '')}" for key in (NEAR, HIDDEN, BARE, ONE, OTHER)]
        take(store, settings.home, "vehicle", "车牌号,终端号", cars)
        opened = OpenHub.open(settings)
        opened.applier.apply([moving("g", 1, {NEAR: WEST, HIDDEN: EAST}, at_us=NOW_US)], now_us=NOW_US, first=0, position=1)
        yield settings, store, opened
        opened.close()


@pytest.fixture(scope="module")
def asking(served: tuple[Settings, Store, OpenHub]) -> Iterator[Ask]:
    settings, store, opened = served
    clients: list[TestClient] = []

    def make(role: str = Role.SECURITY_OFFICER, labels: frozenset[str] = EVERY) -> TestClient:
        somebody = Principal(name="somebody", role=role, labels=labels, scopes=EVERY, units=EVERY)
        app = connected(settings, store, opened, somebody)
        app.state.command_log = AtTheHub(opened)
        client = TestClient(app, base_url=HERE)
        client.__enter__()
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.__exit__(None, None, None)


class AtTheHub:
    """The hub of this process keeps what vehicles are told; `fails` as often as a full disk would."""

    fails = 0

    def __init__(self, opened: OpenHub) -> None:
        self._opened = opened

    async def note(self, vehicle: str, data: Mapping[str, Any]) -> int:
        if "of" in data and AtTheHub.fails:
            AtTheHub.fails -= 1
            raise StoreUnavailable("no room", code="EVENTS_FULL")
        answer, applied = self._opened.applier.command("vehicle_told", {"vehicle": vehicle, "data": data}, now_us=time.time_ns() // 1000)
        assert [event["type"] for event in applied.events] == [COMMAND]
        return int(answer["event"])


class Road:
    """A gateway of the home with two terminals, in a thread of its own; what the terminals were told."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings, self._store = settings, store
        self._ready, self._end = threading.Event(), threading.Event()
        self.heard: dict[str, list[Message]] = {}
        self.terminals: dict[str, Terminal] = {}
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="road")

    def __enter__(self) -> "Road":
        self._thread.start()
        assert self._ready.wait(30)
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join(30)

    async def _run(self) -> None:
        known = Terminals(self._store, b"secret")
        assert known.refresh() and not known.refresh()
        server = Jt808Server(Remembering(), known, source="road")
        port = await server.start("127.0.0.1", 0)
        control = Control(self._settings.home / "history", f"jt808-{port}", commands_of(server))
        await control.start()
        for key in (NEAR, HIDDEN):
            self.heard[key] = []
            terminal = Terminal(phone=PHONES[key], plate=key, on_message=self.heard[key].append)
            await terminal.connect("127.0.0.1", port)
            self.terminals[key] = terminal
        stranger = Terminal(phone="13911112222", plate="闽A99999")
        try:
            await stranger.connect("127.0.0.1", port)
        except Exception as error:  # noqa: BLE001  what nobody knows is refused, in its own words
            assert "result" in str(error)
        while not self._end.is_set():
            control.tell(facts_told(server, known, "127.0.0.1", port), now_us=time.time_ns() // 1000)
            self._ready.set()
            await asyncio.sleep(0.05)
        for terminal in self.terminals.values():
            terminal.close()
        control.close()
        await server.close()


@pytest.fixture
def road(served: tuple[Settings, Store, OpenHub]) -> Iterator[Road]:
    with Road(*served[:2]) as road:
        yield road


def fields(road: Road, key: str, message_id: int) -> list[dict[str, Any]]:
    return [dict(one.fields) for one in road.heard[key] if one.frame.message_id == message_id]


def test_without_a_gateway_nothing_is_told_and_none_is_listed(asking: Ask) -> None:
    client = asking()
    assert client.get("/live/gateways").json() == {"gateways": []}
    answer = client.post(f"/live/vehicles/{NEAR}/text", json={"text": "请回场"})
    assert (answer.status_code, answer.json()["code"]) == (503, "GATEWAY_ABSENT")
    assert answer.headers["retry-after"]


def test_a_terminal_does_what_it_is_told_and_its_result_is_the_answer(asking: Ask, road: Road) -> None:
    client = asking()
    done = client.post(f"/live/vehicles/{NEAR}/text", json={"text": "请回场"}).json()
    assert (done["result"], done["message"], done["vehicle"], done["zh"]) == (0, "0x8300", f"vehicle/{NEAR}", "终端已执行")
    assert [one["text"] for one in fields(road, NEAR, 0x8300)] == ["请回场"]
    road.terminals[NEAR].answers = {0x8202: 3}
    refused = client.post(f"/live/vehicles/{NEAR}/track", json={"interval_s": 5, "for_s": 600}).json()
    assert (refused["result"], refused["en"]) == (3, "the terminal does not support it")
    assert [(one["interval_s"], one["for_s"]) for one in fields(road, NEAR, 0x8202)] == [(5, 600)]
    assert client.post(f"/live/vehicles/{NEAR}/confirm", json={"alarms": ["sos"], "serial": 7}).json()["result"] == 0
    assert [(one["alarm_serial"], one["alarm"]) for one in fields(road, NEAR, 0x8203)] == [(7, 1)]


def test_every_command_is_an_event_of_who_told_what_and_what_came_of_it(asking: Ask, road: Road) -> None:
    client = asking()
    before = client.get(f"/live/vehicles/{NEAR}/commands").json()["commands"]
    done = client.post(f"/live/vehicles/{NEAR}/text", json={"text": "到东门等候"}).json()
    road.terminals[NEAR].answers = {0x8203: 2}
    client.post(f"/live/vehicles/{NEAR}/confirm", json={"alarms": ["sos"]})
    AtTheHub.fails = 1
    assert client.post(f"/live/vehicles/{NEAR}/track", json={"interval_s": 5, "for_s": 60}).status_code == 200
    (third, second, first), rest = (told := client.get(f"/live/vehicles/{NEAR}/commands").json()["commands"])[:3], told[3:]
    assert rest == before
    assert (first["event"], first["who"], first["message"], first["said"]) == (done["event"], "somebody", "0x8300", {"text": "到东门等候"})
    assert (first["outcome"], first["result"], first["zh"], first["gateway"]) == ("answered", 0, "终端已执行", done["gateway"])
    assert (second["said"], second["result"]) == ({"serial": 0, "alarms": ["sos"]}, 2)
    assert (third["outcome"], third["result"], third["said"]) == ("sent", None, {"interval_s": 5, "for_s": 60})
    assert client.get(f"/live/vehicles/{NEAR}/commands", params={"limit": 1}).json()["commands"] == [third]


def test_what_was_not_answered_stands_there_as_such_and_what_cannot_be_kept_is_not_sent(asking: Ask) -> None:
    client = asking()
    assert client.post(f"/live/vehicles/{NEAR}/text", json={"text": "x"}).json()["code"] == "GATEWAY_ABSENT"
    (last,) = client.get(f"/live/vehicles/{NEAR}/commands", params={"limit": 1}).json()["commands"]
    assert (last["outcome"], last["code"], last["result"]) == ("unanswered", "GATEWAY_ABSENT", None)
    client.app.state.command_log = NoCommandLog()  # type: ignore[attr-defined]
    assert client.post(f"/live/vehicles/{NEAR}/text", json={"text": "x"}).json()["code"] == "HUB_ABSENT"
    assert client.get(f"/live/vehicles/{NEAR}/commands", params={"limit": 1}).json()["commands"] == [last]


@contextmanager
def speaking(settings: Settings, name: str, facts: Mapping[str, Any], text: Callable[[dict[str, Any]], Any]) -> Iterator[None]:
    """A gateway's control in a thread of its own."""
    ready, end = threading.Event(), threading.Event()

    async def run() -> None:
        control = Control(settings.home / "history", name, {"text": text})
        await control.start()
        control.tell(facts, now_us=time.time_ns() // 1000)
        ready.set()
        while not end.is_set():
            await asyncio.sleep(0.01)
        control.close()

    thread = threading.Thread(target=lambda: asyncio.run(run()), name=name)
    thread.start()
    try:
        assert ready.wait(30)
        yield
    finally:
        end.set()
        thread.join(30)


def test_where_no_gateway_here_has_it_the_bus_is_asked_and_the_gateway_elsewhere_is_named(
    asking: Ask, road: Road, served: tuple[Settings, Store, OpenHub]
) -> None:
    told: list[dict[str, Any]] = []

    async def text(asked: dict[str, Any]) -> dict[str, Any]:
        told.append(asked)
        return {"result": 0, "gateway": "south"}

    road.terminals[HIDDEN].close()
    client = asking()
    with speaking(served[0], "mqtt-twin", {"protocol": "mqtt", "elsewhere": ["south"]}, text):
        for _ in range(100):
            done = client.post(f"/live/vehicles/{HIDDEN}/text", json={"text": "请回场"}).json()
            if done.get("gateway") == "south":
                break
        here = client.post(f"/live/vehicles/{NEAR}/text", json={"text": "x"}).json()
    assert (done["result"], done["vehicle"], done["message"]) == (0, f"vehicle/{HIDDEN}", "0x8300")
    assert told == [{"text": "请回场", "terminal": PHONES[HIDDEN], "vehicle": f"vehicle/{HIDDEN}", "order": done["event"]}]
    assert here["gateway"].startswith("jt808-")
    (last,) = client.get(f"/live/vehicles/{HIDDEN}/commands", params={"limit": 1}).json()["commands"]
    assert (last["outcome"], last["gateway"], last["result"]) == ("answered", "south", 0)


def test_of_what_was_handed_over_and_not_answered_nobody_says_that_it_arrived(asking: Ask, served: tuple[Settings, Store, OpenHub]) -> None:
    async def text(asked: dict[str, Any]) -> dict[str, Any]:
        raise ConnectionError  # as one that ends in between: its answer never comes

    client = asking()
    for name, facts in (("jt808-1", {"protocol": "jt808"}), ("mqtt-twin", {"protocol": "mqtt", "elsewhere": ["south"]})):
        with speaking(served[0], name, facts, text):
            answer = client.post(f"/live/vehicles/{NEAR}/text", json={"text": "x"})
        assert (answer.status_code, answer.json()["code"]) == (503, "COMMAND_UNKNOWN")
        (last,) = client.get(f"/live/vehicles/{NEAR}/commands", params={"limit": 1}).json()["commands"]
        assert (last["outcome"], last["code"], last["answered"] is None, last["result"]) == ("sent", "COMMAND_UNKNOWN", False, None)


def test_what_a_vehicle_was_told_is_for_who_tells_it_and_in_the_stream_for_auditors_too(asking: Ask, road: Road) -> None:
    asking().post(f"/live/vehicles/{HIDDEN}/text", json={"text": "机密"})
    stream = {"since": 0, "types": "command", "live": "false"}
    for client in (asking(), asking(Role.AUDITOR)):
        assert "机密" in client.get("/events", params=stream).text
    for client in (asking(Role.VIEWER), asking(labels=PUBLIC), asking(Role.INTEGRATOR)):
        assert "机密" not in client.get("/events", params=stream).text
    assert asking(labels=PUBLIC).get(f"/live/vehicles/{HIDDEN}/commands").status_code == 404
    for role in (Role.VIEWER, Role.AUDITOR, Role.INTEGRATOR):
        assert asking(role).get(f"/live/vehicles/{NEAR}/commands").status_code == 403


def test_who_may_not_gets_no_way_to_a_terminal(asking: Ask, road: Road) -> None:
    body = {"json": {"text": "x"}}
    blind = asking(labels=PUBLIC)
    assert blind.post(f"/live/vehicles/{HIDDEN}/text", **body).status_code == 404
    assert blind.post(f"/live/vehicles/{NEAR}/text", **body).status_code == 200
    for role in (Role.VIEWER, Role.AUDITOR, Role.INTEGRATOR):
        assert asking(role).post(f"/live/vehicles/{NEAR}/text", **body).status_code == 403
    assert asking().post(f"/live/vehicles/{HIDDEN}/text", **body).status_code == 200
    assert len(fields(road, HIDDEN, 0x8300)) == 1


def test_what_cannot_be_told_says_why(asking: Ask, road: Road) -> None:
    client = asking()
    for key, status, code in ((BARE, 409, "VEHICLE_WITHOUT_TERMINAL"), (ONE, 409, "VEHICLE_TERMINAL_SHARED"), ("闽B1", 404, "NOT_FOUND")):
        answer = client.post(f"/live/vehicles/{key}/text", json={"text": "x"})
        assert (answer.status_code, answer.json()["code"]) == (status, code), key
    for path, body in (
        ("text", {"text": ""}),
        ("text", {"text": "😀"}),
        ("track", {"interval_s": -1, "for_s": 1}),
        ("track", {}),
        ("confirm", {"alarms": ["no"]}),
    ):
        assert client.post(f"/live/vehicles/{NEAR}/{path}", json=body).status_code in (400, 422), body
    road.terminals[HIDDEN].close()
    for _ in range(100):
        answer = client.post(f"/live/vehicles/{HIDDEN}/text", json={"text": "x"})
        if answer.status_code != 200:
            break
    assert (answer.status_code, answer.json()["code"]) == (503, "TERMINAL_GONE")


def test_numbers_are_for_watchers_and_terminals_for_who_knows_of_everything(asking: Ask, road: Road) -> None:
    for client in (asking(Role.VIEWER), asking(labels=PUBLIC), asking(Role.AUDITOR)):
        text = client.get("/live/gateways").text
        (one,) = client.get("/live/gateways").json()["gateways"]
        assert (one["connected"], one["terminals"], one["contested"], one["unknown"], one["lists"]) == (2, 2, 1, 1, None)
        assert [number for number in (*PHONES.values(), "13911112222", "闽A99999") if number in text] == []
    (one,) = asking().get("/live/gateways").json()["gateways"]
    assert one["lists"]["connected"] == sorted([PHONES[NEAR], PHONES[HIDDEN]])
    assert one["lists"]["contested"] == [PHONES[ONE]]
    assert "13911112222" in str(one["lists"]["quarantined"])
    assert one["statistics"]["frames"]["received"] > 0
