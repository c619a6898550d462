"""Who may not know of a zone gets none of its positions, events, counts or history, by any door of the service; who may gets them."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from sensors import Batch, Observation, Stream
from tests.twin.api.egress import an_egress
from tests.twin.hub.devices import moving
from tests.twin.served import service
from tests.twin.store.builder import NOW, SITE
from twin.auth import Action, LabelPolicy, Principal, Role, allows
from twin.history.readings import ReadingsReader
from twin.hub.client import HubClient
from twin.hub.meeting import Meeting
from twin.imports.register import import_register
from twin.queries.live.around import Around
from twin.queries.live.history import LiveHistory
from twin.queries.live.inside import InsideLists
from twin.queries.live.observed import SeenHistory
from twin.queries.live.replica import Replica
from twin.queries.live.service import OpenHub
from twin.queries.live.visible import Visible
from twin.queries.live.watching import Live
from twin.settings import Settings
from twin.store import Store
from viewer.live import decode_frame

HERE = "http://127.0.0.1"
NOW_US = time.time_ns() // 1000
SECOND = 1_000_000
EVERY = frozenset({"*"})
OPEN, HIDDEN = "闽A00001", "闽A00002"
WEST, EAST = (119.2940, 26.0896), (119.2952, 26.0896)
ZONES = [
    "Z-W,西区,POLYGON((119.2935 26.089 ,119.2945 26.089 ,119.2945 26.0902 ,119.2935 26.0902 ,119.2935 26.089)),CGCS2000,5,45,public",
    "Z-E,密区,POLYGON((119.2947 26.089 ,119.2957 26.089 ,119.2957 26.0902 ,119.2947 26.0902 ,119.2947 26.089)),CGCS2000,5,45,restricted",
]
SECRETS = (HIDDEN, "P-HIDDEN", "Z-E", "密区", "G-E")
Ask = Callable[[TestClient], str]


def take(store: Store, folder: Path, kind: str, header: str, lines: list[str]) -> None:
    path = folder / f"{kind}.csv"
    quoted = ["\t".join(cell for cell in _cells(line)) for line in lines]
    path.write_text("\n".join([header.replace(",", "\t"), *quoted]) + "\n", encoding="utf-8")
    import_register(store, Settings(home=folder), kind, path, who="test", now=NOW)


def _cells(line: str) -> list[str]:
    """Commas between cells, ` ,` within one."""
    return [cell.replace("\0", ",") for cell in line.replace(" ,", "\0").split(",")]


def said(device: str, stream: Stream, value: dict[str, Any], *alarms: str) -> Observation:
    return Observation(device=device, stream=stream, received_us=NOW_US, device_us=NOW_US, value=value, alarms=alarms)


def drive(opened: OpenHub) -> list[dict[str, Any]]:
    """Both vehicles stand three minutes in their zones; both gates let somebody pass, report an alarm, fall silent. The events of it."""
    happened: list[dict[str, Any]] = []
    for number in range(1, 8):
        at_us = NOW_US - (8 - number) * 30 * SECOND
        places = {OPEN: (WEST[0] + number * 1e-6, WEST[1]), HIDDEN: (EAST[0] + number * 1e-6, EAST[1])}
        batch = moving("g", number, places, at_us=at_us, alarm=1 if number == 7 else 0)
        happened += opened.applier.apply([batch], now_us=at_us, first=number - 1, position=number).events
    passed = (("G-W", OPEN, "P-OPEN"), ("G-E", HIDDEN, "P-HIDDEN"))
    others = [said(f"gate/{key}", Stream.PASSAGE, {"direction": "in", "plate": plate, "person": who}) for key, plate, who in passed]
    others += [replace(said(f"gate/{key}", Stream.ALARM, {}, "gate_forced"), lon_lat=(0.0, 0.0)) for key in ("G-W", "G-E")]
    happened += opened.applier.apply([Batch(source="g", number=8, others=others)], now_us=NOW_US, first=8 - 1, position=8).events
    return [*happened, *(one for s in range(0, 201, 20) for one in opened.applier.sweep(now_us=NOW_US + s * SECOND).events)]


@pytest.fixture(scope="module")
def served(home_of_module: Settings, happened: list[dict[str, Any]]) -> Iterator[tuple[Settings, Store, OpenHub]]:
    settings, folder = home_of_module, home_of_module.home
    with Store.open(settings.database_url) as store:
        store.add_site(SITE, now=NOW, policy=LabelPolicy(labels=("public", "restricted")))
        take(store, folder, "zone", "区域编号,区域名称,范围,坐标系,底1985高程,顶1985高程,可见范围", ZONES)
        gates = [f"G-W,西门,{WEST[0]},{WEST[1]},CGCS2000,public", f"G-E,暗门,{EAST[0]},{EAST[1]},CGCS2000,restricted"]
        take(store, folder, "gate", "出入口编号,出入口名称,经度,纬度,坐标系,可见范围", gates)
        take(store, folder, "vehicle", "车牌号,终端号", [f"{OPEN},13900000001", f"{HIDDEN},"])
        opened = OpenHub.open(settings)
        happened.extend(drive(opened))
        yield settings, store, opened
        opened.close()


@pytest.fixture(scope="module")
def happened() -> list[dict[str, Any]]:
    """Events as the hub told them."""
    return []


@pytest.fixture(scope="module")
def machine(served: tuple[Settings, Store, OpenHub], happened: list[dict[str, Any]]) -> Iterator[Callable[[frozenset[str]], str]]:
    """All that a machine hears of the broker, by its labels, while the hub tells what there is."""
    settings, store, opened = served
    with an_egress(settings, store, {"all": ["*"], "public": ["public"]}) as egress:

        def heard(labels: frozenset[str]) -> str:
            return egress.heard("all" if labels == EVERY else "public", opened.applier.whole(), happened).text

        yield heard


@pytest.fixture(scope="module")
def asking(
    served: tuple[Settings, Store, OpenHub], machine: Callable[[frozenset[str]], str]
) -> Iterator[Callable[[frozenset[str]], TestClient]]:
    settings, store, opened = served
    clients: list[TestClient] = []

    def make(labels: frozenset[str], role: Role = Role.SECURITY_OFFICER) -> TestClient:
        officer = Principal(name="officer", role=role, labels=labels, scopes=EVERY, units=EVERY)
        app = connected(settings, store, opened, officer)
        app.state.heard_by_a_machine = lambda: machine(labels)
        client = TestClient(app, base_url=HERE)
        client.__enter__()
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.__exit__(None, None, None)


def connected(settings: Settings, store: Store, opened: OpenHub, officer: Principal) -> FastAPI:
    """A worker as it is once it has followed the hub."""
    app = service(settings, store, principal_of=lambda request: officer)
    replica = Replica()
    replica.take(opened.applier.whole())
    visible = Visible(app.state.registers, app.state.scenes)
    app.state.live = Live(replica, visible, HubClient(Meeting(settings.home / "nowhere")))
    app.state.live_state, app.state.knows_of = Around(replica, app.state.scenes), visible.of
    app.state.inside = InsideLists(replica, app.state.scenes)
    app.state.history = LiveHistory.of(settings.home, recent=opened.recording.positions.shelf.recent)
    readings = ReadingsReader(settings.home / "history", recent=opened.recording.readings.shelf.recent)
    app.state.readings = readings
    app.state.things.history_of = lambda principal: SeenHistory(
        tracks=app.state.history.tracks,
        readings=readings,
        replica=replica,
        knows=visible.of(principal),
        now_us=NOW_US,
        persons=allows(principal, Action.READ_PERSON),
        follows=allows(principal, Action.READ_TRACK),
    )

    @asynccontextmanager
    async def running(app: FastAPI) -> AsyncIterator[None]:
        task = asyncio.create_task(app.state.live.run())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    app.state.lifespan = running
    return app


def get(path: str) -> Ask:
    def ask(client: TestClient) -> str:
        answer = client.get(path)
        assert answer.status_code in (200, 403, 404), answer.text
        return answer.text

    return ask


def moment(us: int) -> str:
    return datetime.fromtimestamp(us / 1e6, UTC).isoformat().replace("+00:00", "Z")


PERIOD = f"{moment(NOW_US - 600 * SECOND)}/{moment(NOW_US + 60 * SECOND)}"


def watched(client: TestClient) -> str:
    """All that a WebSocket tells in its first messages: names, states, and how many rows the frame has."""
    with client.websocket_connect("/live") as socket:
        socket.send_text(json.dumps({"subscribe": {}}))
        heard = []
        while True:
            message = socket.receive()
            if message.get("bytes") is not None:
                heard.append(f"{len(decode_frame(message['bytes']).handle)} rows")
                return "\n".join(heard)
            heard.append(message["text"])


def every_incident(client: TestClient) -> str:
    """Each incident by its number, with its alarms, its log and its context."""
    told = []
    for number in range(1, 8):
        for more in ("", "/alarms", "/context"):
            told.append(client.get(f"/incidents/{number}{more}").text)
    return "\n".join(told)


def things(client: TestClient) -> str:
    """All that SensorThings tells of Things and what they observed, two pages a list at most."""
    told = []
    for path in (
        "Things?$expand=Locations,Datastreams($expand=Observations)",
        "Observations?$count=true",
        "HistoricalLocations?$expand=Locations",
    ):
        answer = client.get(f"/sta/v1.1/{path}")
        assert answer.status_code == 200, answer.text
        told.append(answer.text)
    return "\n".join(told)


def heard_on_the_bus(client: TestClient) -> str:
    """What a machine with the same labels hears of MQTT."""
    heard: str = client.app.state.heard_by_a_machine()  # type: ignore[attr-defined]
    return heard


DOORS: dict[str, Ask] = {
    "MQTT egress": heard_on_the_bus,
    "SensorThings": things,
    "positions": get("/live/positions"),
    "positions of the site": get(f"/live/positions?site={SITE.code}"),
    "states": get("/live/states"),
    "states of the site": get(f"/live/states?site={SITE.code}"),
    "websocket": watched,
    "events": get("/events?since=0&live=false"),
    "incidents": get("/incidents"),
    "each incident": every_incident,
    "a moment": get(f"/live/at?datetime={moment(NOW_US)}"),
    "counts": get(f"/live/counts?datetime={PERIOD}"),
    "snapshot": get(f"/snapshot?site={SITE.code}"),
    "vehicles inside": get(f"/live/inside?site={SITE.code}"),
    "persons inside": get(f"/live/inside?site={SITE.code}&kind=person"),
    "muster": get(f"/sites/{SITE.code}/muster?since={moment(NOW_US)}"),
    "orders": get(f"/live/orders?datetime={PERIOD}"),
    "its trips": get(f"/live/trips/vehicle/{HIDDEN}?datetime={PERIOD}"),
    "its track": get(f"/live/tracks/vehicle/{HIDDEN}?datetime={PERIOD}"),
    "its track as a table": get(f"/live/tracks/vehicle/{HIDDEN}?datetime={PERIOD}&f=csv"),
}
NOT_NAMED = {"its track", "its track as a table", "its trips"}
"""Doors that are asked for the vehicle by its name: what they must not tell is where it was."""


BY_RECORD = {"orders"}
"""Doors that list the vehicles of the register, whose records hide nothing: what they must not tell is which gates one passed."""


@pytest.mark.parametrize("door", DOORS)
def test_a_zone_that_is_hidden_is_hidden_by_every_door(asking: Callable[[frozenset[str]], TestClient], door: str) -> None:
    everything, public = (DOORS[door](asking(labels)) for labels in (EVERY, frozenset({"public"})))
    told = "119.295" if door in NOT_NAMED else next(word for word in SECRETS[door in BY_RECORD :] if word in everything)
    assert told in everything
    if door in NOT_NAMED:
        assert told not in public
    else:
        named = (HIDDEN,) if door in BY_RECORD else ()
        assert [word for word in SECRETS if word in public and word not in named] == []
        assert OPEN in public or "Z-W" in public or "G-W" in public or "P-OPEN" in public


@pytest.mark.parametrize("door", [door for door in DOORS if door != "each incident"])
def test_who_may_not_read_persons_is_told_of_none_by_any_door(asking: Callable[..., TestClient], door: str) -> None:
    assert "P-OPEN" not in DOORS[door](asking(EVERY, Role.VIEWER))


def test_who_may_not_follow_is_told_by_sensorthings_only_where_a_vehicle_is_now(asking: Callable[..., TestClient]) -> None:
    assert not allows(Principal(name="m", role=Role.ASSET_MANAGER, labels=EVERY, scopes=EVERY), Action.READ_TRACK)
    followed = [f"Things('vehicle:{OPEN}')/HistoricalLocations", f"Datastreams('vehicle:{OPEN}:position')/Observations"]
    for path in followed:
        told = []
        for role in (Role.SECURITY_OFFICER, Role.ASSET_MANAGER):
            answer = asking(EVERY, role).get(f"/sta/v1.1/{path}?$count=true&$top=100").json()
            assert "@iot.count" in answer, answer
            assert answer["@iot.count"] == len(answer["value"])
            told.append(answer["@iot.count"])
        assert told == [7, 1]


def test_what_stands_still_is_told_with_the_zones_it_stands_in_and_where_it_was_surveyed(asking: Callable[..., TestClient]) -> None:
    told = {}
    for labels in (EVERY, frozenset({"public"})):
        for row in asking(labels).get(f"/live/states?site={SITE.code}").json()["states"]:
            told[row["id"], "*" in labels] = row["zones"], round(row["lon"], 4)
    assert told == {
        ("gate/G-W", True): (["zone:Z-W"], WEST[0]),
        ("gate/G-E", True): (["zone:Z-E"], EAST[0]),
        ("gate/G-W", False): (["zone:Z-W"], WEST[0]),
    }


def test_who_is_silent_is_told_to_who_may_know_of_its_place(asking: Callable[..., TestClient]) -> None:
    for labels, gates in ((EVERY, ["gate/G-E", "gate/G-W"]), (frozenset({"public"}), ["gate/G-W"])):
        client = asking(labels)
        events = [json.loads(line[6:]) for line in DOORS["events"](client).splitlines() if line.startswith("data: ")]
        silent = [one["subject"] for one in events if one["type"] == "pingshan.silence"]
        raised = [one for one in client.get("/incidents?kind=silence").json()["incidents"] if one["kind"] == "silence"]
        states = {one["id"] for one in client.get("/live/states").json()["states"] if one["silent_since"] is not None}
        named = [device["id"] for one in raised for device in one["devices"]]
        assert [sorted(silent), sorted(named), sorted(states)] == [gates, gates, gates]


def test_what_is_hidden_is_not_counted(asking: Callable[[frozenset[str]], TestClient]) -> None:
    everything, public = asking(EVERY), asking(frozenset({"public"}))
    for path, name, seen in (("/live/positions", "numberMatched", (2, 1)), ("/live/states", "numberMatched", (2, 1))):
        assert (everything.get(path).json()[name], public.get(path).json()[name]) == seen
    hours = [sum(hour["devices"] for hour in one.get(f"/live/counts?datetime={PERIOD}").json()["hours"]) for one in (everything, public)]
    assert hours[0] > hours[1] > 0
    assert len(everything.get("/incidents").json()["incidents"]) > len(public.get("/incidents").json()["incidents"])
    streams = [one.get("/sta/v1.1/Observations?$count=true&$top=1").json()["@iot.count"] for one in (everything, public)]
    assert streams[0] > streams[1] > 0
    assert ("2 rows" in watched(everything), "1 rows" in watched(public)) == (True, True)
