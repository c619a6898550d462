"""`/events` of a served worker: what was missed, then what comes; by types and labels; heartbeats; a key that is taken away."""

import asyncio
import http.client
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI

from tests.twin.incidents.test_events import DAY_US, event
from tests.twin.store.builder import NOW, SITE
from twin.api import create_app
from twin.api.incident_state import EVENTS
from twin.api.watchers import Watchers
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


def until(watchers: Watchers, count: int) -> None:
    end = time.monotonic() + 60
    while len(watchers) != count:
        assert time.monotonic() < end, f"{len(watchers)} lines are counted"
        time.sleep(0.01)


ABORT = struct.pack("ii", 1, 0)
"""Of SO_LINGER: closing tells the other side that the connection broke."""


@pytest.mark.parametrize("reads", ["nothing", "the first", "slowly"])
@pytest.mark.parametrize("breaks", [True, False])
def test_a_line_counts_until_it_has_ended_in_whatever_way(served: Served, reads: str, breaks: bool) -> None:
    watchers = served.app.state.watchers = Watchers(each=4, most=4)
    served.commit(*(event(text="x" * 2000) for _ in range(400)))

    def line() -> socket.socket:
        found = socket.socket()
        found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        found.connect(("127.0.0.1", served.port))
        found.sendall(b"GET /events?since=0 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        return found

    for _ in range(3):
        lines = [line() for _ in range(4)]
        if reads != "nothing":
            until(watchers, 4)
            for one in lines:
                assert one.recv(1 if reads == "slowly" else 4096)
        for one in lines:
            if breaks:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
            one.close()
        until(watchers, 0)


def test_one_line_too_many_is_refused_by_key_and_in_all(served: Served, following: Callable[..., Stream]) -> None:
    served.app.state.watchers = Watchers(each=2, most=3)
    served.app.state.principal_of = lambda request: replace(served.principal, name=request.headers.get("x-who", "w"))
    lines = [following("/events"), following("/events")]
    many = following("/events?since=0&live=false")
    assert (many.answer.status, many.answer.headers["retry-after"], json.load(many.answer)["code"]) == (429, "15", "WATCHING_MANY")
    assert following("/events", "HEAD").answer.status == 200
    lines.append(following("/events", **{"X-Who": "other"}))
    full = following("/events?since=0&live=false", **{"X-Who": "other"})
    assert (full.answer.status, full.answer.headers["retry-after"], json.load(full.answer)["code"]) == (503, "15", "WATCHING_FULL")
    for one in lines:
        while one.comments < 1:
            one._block()


def test_a_line_whose_key_is_taken_away_or_that_breaks_within_counts_no_more(served: Served, following: Callable[..., Stream]) -> None:
    watchers: Watchers = served.app.state.watchers
    stream = following("/events")
    while stream.comments < 1:
        stream._block()
    assert len(watchers) == 1
    served.principal = Principal(name="w", role=Role.UNIT_CLERK, labels=EVERY, scopes=EVERY)
    stream.answer.read()
    until(watchers, 0)
    served.principal = Principal(name="w", role=Role.SECURITY_OFFICER, labels=EVERY, scopes=EVERY)
    broken = following("/events")
    while broken.comments < 1:
        broken._block()
    served.app.state.knowing = None
    with pytest.raises(http.client.IncompleteRead):
        broken.answer.read()
    until(watchers, 0)


@pytest.mark.parametrize("headers", [{"Last-Event-ID": "x"}, {"Last-Event-ID": "-1"}, {"Last-Event-ID": "9" * 30}])
def test_an_id_that_is_none_is_refused(served: Served, following: Callable[..., Stream], headers: dict[str, str]) -> None:
    assert following("/events", **headers).answer.status == 400
