"""`/events` of a served worker: what was missed, then what comes; by types and labels; heartbeats; a key that is taken away."""

import asyncio
import http.client
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI

from tests.twin.incidents.test_events import DAY_US, event
from tests.twin.store.builder import NOW, SITE
from twin.api import create_app
from twin.api.incident_state import EVENTS
from twin.auth import LabelPolicy, Principal, Role
from twin.incidents import Event, EventFile, EventLog
from twin.settings import Settings
from twin.store import Store

EVERY = frozenset({"*"})


class Served:
    """A worker on a port of its own and the hub's side of its file."""

    def __init__(self, app: FastAPI, file: EventFile) -> None:
        self.app, self.log = app, EventLog(file)
        self.principal = Principal(name="w", role=Role.SECURITY_OFFICER, labels=EVERY, scopes=EVERY)
        app.state.principal_of = lambda request: self.principal
        app.state.heartbeat_s = 0.05
        self._server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off", timeout_graceful_shutdown=1))
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Served":
        self._thread.start()
        while not self._server.started:
            threading.Event().wait(0.01)
        self.port = self._server.servers[0].sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(20)

    def commit(self, *events: Event, told: bool = True, now_us: int = 0) -> None:
        before = self.log.last_id()
        self.log.append(events, now_us)
        if told:
            assert self._loop is not None
            self._loop.call_soon_threadsafe(self.app.state.event_stream.publish, self.log.since(before).events)

    def follow(self, path: str = "/events", method: str = "GET", **headers: str) -> "Stream":
        return Stream(self.port, path, method, headers)

    def _run(self) -> None:
        async def serve() -> None:
            self._loop = asyncio.get_running_loop()
            await self._server.serve()

        asyncio.run(serve())


class Stream:
    """A client by the letter of WHATWG HTML 9.2.6: blank lines end events, comments are passed over, the last id is kept."""

    def __init__(self, port: int, path: str, method: str, headers: dict[str, str]) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        self._connection.request(method, path, headers={"Accept": "text/event-stream", **headers})
        self.answer = self._connection.getresponse()
        self.last_id = ""
        self.comments = 0

    def read(self, count: int) -> list[tuple[str, str, Any]]:
        """(id, event, data) of the next events."""
        found = []
        while len(found) < count:
            said = self._block()
            if said is not None:
                found.append(said)
        return found

    def _block(self) -> tuple[str, str, Any] | None:
        fields: dict[str, str] = {}
        while line := self.answer.readline().decode().rstrip("\n"):
            name, _, value = line.partition(":")
            if not name:
                self.comments += 1
            fields[name] = value.removeprefix(" ")
        self.last_id = fields.get("id", self.last_id)
        return (self.last_id, fields["event"], json.loads(fields["data"])) if "data" in fields else None

    def close(self) -> None:
        self.answer.close()
        self._connection.close()


@pytest.fixture
def served(tmp_path: Path, migrated: Path) -> Iterator[Served]:
    settings = Settings(home=tmp_path / "home")
    settings.home.mkdir()
    (settings.home / "records.sqlite").write_bytes(migrated.read_bytes())
    with Store.open(settings.database_url) as store, EventFile.open(settings.home / EVENTS) as file:
        store.add_site(SITE, now=NOW, policy=LabelPolicy(labels=("public", "restricted")))
        app = create_app(settings, store, principal_of=lambda request: Principal(name="", role=""))
        with Served(app, file) as running:
            yield running


@pytest.fixture
def following(served: Served) -> Iterator[Callable[..., Stream]]:
    opened: list[Stream] = []

    def follow(*args: str, **headers: str) -> Stream:
        opened.append(served.follow(*args, **headers))
        return opened[-1]

    yield follow
    for one in opened:
        one.close()


def test_what_was_missed_comes_first_then_what_happens_with_neither_hole_nor_double(
    served: Served, following: Callable[..., Stream]
) -> None:
    served.commit(*(event(n=n) for n in range(3)))
    stream = following("/events", **{"Last-Event-ID": "1"})
    assert (stream.answer.status, stream.answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    assert [said[0] for said in stream.read(2)] == ["2", "3"]
    for number in range(20):
        served.commit(event(n=number), event(n=number), told=number % 3 != 0)
    told = stream.read(40)
    assert [said[0] for said in told] == [str(n) for n in range(4, 44)]
    number, kind, data = told[-1]
    assert kind == data["type"] == "pingshan.incident" and data["id"] == number and data["specversion"] == "1.0"
    assert data["data"] == {"n": 19} and "labels" not in data
    stream.close()
    again = following("/events", **{"Last-Event-ID": stream.last_id})
    served.commit(event(n=99))
    assert [said[0] for said in again.read(1)] == ["44"]


def test_from_now_on_or_after_an_id_and_of_some_types(served: Served, following: Callable[..., Stream]) -> None:
    served.commit(event(), event("passage"))
    fresh, since = following("/events"), following("/events?since=0&types=passage")
    assert [said[1] for said in since.read(1)] == ["pingshan.passage"]
    served.commit(event("fence"), event("passage"))
    assert [said[0] for said in fresh.read(2)] == ["3", "4"]
    assert [said[0] for said in since.read(1)] == ["4"]


def test_a_gap_is_told_before_what_follows_it(served: Served, following: Callable[..., Stream]) -> None:
    served.commit(*(event() for _ in range(5)), told=False)
    served.log.forget({"pingshan.incident": 0}, DAY_US)
    served.commit(event(), told=False, now_us=DAY_US)
    assert following("/events?since=2").read(2)[0] == ("", "pingshan.gap", {"from": 3, "to": 5})
    assert following("/events?since=5").read(1)[0][0] == "6"


def test_who_may_not_know_of_a_place_or_site_is_sent_nothing_of_it(served: Served, following: Callable[..., Stream]) -> None:
    served.principal = Principal(name="w", role=Role.SECURITY_OFFICER, labels=frozenset({"public"}), scopes=frozenset({"PS"}))
    stream = following("/events?since=0")
    kept = {"site": "PS", "labels": ("public",)}
    hidden = (event(site="PS", labels=("public", "restricted")), event(site="PS"), event(site="other", labels=("public",)))
    served.commit(event(**kept), *hidden, event(**kept))
    assert [said[0] for said in stream.read(2)] == ["1", "5"]


def test_it_beats_while_nothing_happens_and_ends_when_the_key_is_taken_away(served: Served, following: Callable[..., Stream]) -> None:
    stream = following("/events")
    while stream.comments < 3:
        assert stream._block() is None
    served.principal = Principal(name="w", role=Role.UNIT_CLERK, labels=EVERY, scopes=EVERY)
    served.commit(event())
    rest = stream.answer.read().decode()
    assert "data:" not in rest and rest.endswith(": the stream ends here\n\n")


def test_head_ends_and_a_reader_that_does_not_read_delays_nobody(served: Served, following: Callable[..., Stream]) -> None:
    head = following("/events", "HEAD")
    assert (head.answer.status, head.answer.read()) == (200, b"")
    following("/events?since=0")
    quick = following("/events?since=0")
    for _ in range(60):
        served.commit(*(event(text="x" * 2000) for _ in range(20)))
    assert [int(said[0]) for said in quick.read(1200)] == list(range(1, 1201))


@pytest.mark.parametrize("headers", [{"Last-Event-ID": "x"}, {"Last-Event-ID": "-1"}, {"Last-Event-ID": "9" * 30}])
def test_an_id_that_is_none_is_refused(served: Served, following: Callable[..., Stream], headers: dict[str, str]) -> None:
    assert following("/events", **headers).answer.status == 400
