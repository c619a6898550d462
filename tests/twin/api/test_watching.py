"""`/live` of a service with keys: whatever a watcher says the connection stays, it ends with its key, and one key has so many."""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.testclient import WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from tests.twin.served import service
from tests.twin.store.builder import NOW
from twin.api.keyring import Keyring
from twin.api.watchers import Watchers
from twin.auth import Principal
from twin.errors import StoreUnavailable
from twin.hub.client import HubClient
from twin.hub.meeting import Meeting
from twin.live.state import LiveState
from twin.queries.live.replica import Replica
from twin.queries.live.visible import Visible
from twin.queries.live.watching import Live
from twin.settings import Settings
from twin.store import Store
from viewer.live import decode_frame


@pytest.fixture
def watched(settings: Settings, store: Store, tmp_path: Path) -> Iterator[TestClient]:
    keyring = Keyring(store.keys)
    app = service(settings, store, keyring=keyring)
    replica = Replica()
    replica.take(LiveState().whole())
    app.state.live = Live(replica, Visible(app.state.registers, app.state.scenes), HubClient(Meeting(tmp_path / "nowhere")))

    @asynccontextmanager
    async def running(app: FastAPI) -> AsyncIterator[None]:
        task = asyncio.create_task(app.state.live.run())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    app.state.lifespan = running
    with TestClient(app, base_url="http://twin.example") as client:
        yield client
    keyring.close()


def frame_of(socket: WebSocketTestSession) -> int:
    """How many rows the next frame has."""
    while (message := socket.receive()).get("bytes") is None:
        assert message["type"] == "websocket.send", message
    return len(decode_frame(message["bytes"]).handle)


def counted(watchers: Watchers, count: int) -> None:
    """Wait until so many lines are counted."""
    until = time.monotonic() + 60
    while len(watchers) != count:
        assert time.monotonic() < until, f"{len(watchers)} lines are counted"
        time.sleep(0.01)


def refused(client: TestClient, key: str) -> tuple[str, int, str]:
    """What one more line is told, and the code and reason of its end."""
    with client.websocket_connect("/live", headers={"Authorization": f"Bearer {key}"}) as socket:
        told = json.loads(socket.receive_text())
        with pytest.raises(WebSocketDisconnect) as ended:
            socket.receive_text()
    assert told["type"] == "problem"
    assert set(told["words"]) == {"zh", "en"}
    return told["title"], ended.value.code, ended.value.reason


def test_a_key_has_so_many_lines_and_all_together_have_so_many(watched: TestClient, key_of: Callable[..., str]) -> None:
    watchers = watched.app.state.watchers = Watchers(each=2, most=3)  # type: ignore[attr-defined]
    one, other = key_of("security_officer", name="one"), key_of("security_officer", name="other")

    def line(key: str) -> WebSocketTestSession:
        socket = held.enter_context(watched.websocket_connect("/live", headers={"Authorization": f"Bearer {key}"}))
        socket.send_text('{"subscribe": {}}')
        assert frame_of(socket) == 0
        return socket

    with ExitStack() as held:
        first, second = line(one), line(one)
        assert refused(watched, one) == ("one has 2 lines open in this worker", 1013, "WATCHING_MANY")
        line(other)
        assert refused(watched, other) == ("3 lines are open in this worker", 1013, "WATCHING_FULL")
        first.close()
        counted(watchers, 2)
        line(one)
        second.send_text('{"subscribe": {}}')
        assert len(watchers) == 3
    counted(watchers, 0)


@pytest.mark.parametrize("fault", [RuntimeError, ValueError, asyncio.CancelledError])
def test_a_line_that_breaks_within_counts_no_more(
    watched: TestClient, key_of: Callable[..., str], monkeypatch: pytest.MonkeyPatch, fault: type[BaseException]
) -> None:
    key = key_of("security_officer")
    watchers: Watchers = watched.app.state.watchers  # type: ignore[attr-defined]

    def breaks(*_: object) -> None:
        raise fault("a fault of ours")

    monkeypatch.setattr("twin.queries.live.feed.Feed.full", breaks)
    with suppress(BaseException), watched.websocket_connect("/live", headers={"Authorization": f"Bearer {key}"}) as socket:
        assert len(watchers) == 1
        socket.send_text('{"subscribe": {}}')
        socket.receive_bytes()
    counted(watchers, 0)


WRONG = {
    "bytes": b"\x00\x01",
    "nested without end": "[" * 9_999,
    "too long": "x" * 10_001,
    "half a pair": '{"subscribe":{"site":"\\ud800"}}',
    "a number too large": '{"subscribe":{"bbox":[' + "9" * 5_000 + ",1,2,3]}}",
    "given twice": '{"subscribe":{},"subscribe":{"kinds":["vehicle"]}}',
    "nothing": "",
}


def test_whatever_a_watcher_says_is_answered_and_the_connection_stays(watched: TestClient, key_of: Callable[..., str]) -> None:
    with watched.websocket_connect("/live", headers={"Authorization": f"Bearer {key_of('security_officer')}"}) as socket:
        for name, said in WRONG.items():
            socket.send_bytes(said) if isinstance(said, bytes) else socket.send_text(said)
            told = json.loads(socket.receive_text())
            assert (told["type"], told["title"]) == ("problem", "a message that was not understood"), name
            assert len(told["detail"]) < 200, name
        socket.send_text('{"subscribe": {}}')
        assert frame_of(socket) == 0


@pytest.mark.parametrize("subscribed", [True, False])
def test_it_ends_when_the_key_is_taken_away(
    watched: TestClient, store: Store, key_of: Callable[..., str], subscribed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twin.queries.live.watching.TICK_S", 0.02)
    key = key_of("security_officer", name="officer")
    with watched.websocket_connect("/live", headers={"Authorization": f"Bearer {key}"}) as socket:
        if subscribed:
            socket.send_text('{"subscribe": {}}')
            frame_of(socket)
        store.keys.revoke("officer", now=NOW)
        with pytest.raises(WebSocketDisconnect) as ended:
            while True:
                socket.receive_bytes()
        assert (ended.value.code, ended.value.reason) == (1008, "KEY_INVALID")
    counted(watched.app.state.watchers, 0)  # type: ignore[attr-defined]


def test_while_the_store_does_not_say_who_asks_nothing_is_told_and_that_once(
    watched: TestClient, key_of: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twin.queries.live.watching.TICK_S", 0.02)
    state = watched.app.state  # type: ignore[attr-defined]
    with watched.websocket_connect("/live", headers={"Authorization": f"Bearer {key_of('security_officer')}"}) as socket:
        socket.send_text('{"subscribe": {}}')
        frame_of(socket)
        asked, refused = state.principal_of, threading.Event()

        def away(request: object) -> Principal:
            refused.set()
            raise StoreUnavailable("the store is away", hint="it comes back")

        state.principal_of = away
        while (told := socket.receive()).get("text") is None:
            pass
        assert json.loads(told["text"]) == {
            "type": "problem",
            "title": "who may know of what cannot be told",
            "words": {"zh": "暂时无法核实权限，所示为旧数据", "en": "who may know of what cannot be told"},
            "detail": "the store is away; it comes back",
        }
        refused.clear()
        assert refused.wait(5)
        state.principal_of = asked
        socket.send_text('{"subscribe": {}}')
        assert frame_of(socket) == 0
