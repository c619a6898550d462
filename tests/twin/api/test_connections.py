"""Connections of a real server, by raw sockets: how many, how long a head, how long a pause; and what is in time is answered."""

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from twin.api import connections
from twin.api.connections import LEAST_BYTES, Bounded, most_connections
from twin.settings import Settings

MOST = 6
GET = b"GET / HTTP/1.1\r\nHost: x\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\n"
HANDSHAKE = b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
LONG = 200_000


class App:
    """Answers with how many bytes the body had; `left` counts those who left before its end."""

    def __init__(self) -> None:
        self.left = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
            while (await receive())["type"] != "websocket.disconnect":
                pass
            return
        count, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.left += 1
                return
            count, more = count + len(message["body"]), message["more_body"]
        said = str(count).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(said)).encode())]})
        await send({"type": "http.response.body", "body": said})


class Client:
    """A socket that says what it is told to."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)

    def say(self, said: bytes) -> "Client":
        self.socket.sendall(said)
        return self

    def answer(self) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the next answer."""
        said = b""
        while b"\r\n\r\n" not in said:
            part = self.socket.recv(65536)
            assert part, f"it closed after {said!r}"
            said += part
        head, _, body = said.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        while len(body) < int(headers.get("content-length", "0")):
            body += self.socket.recv(65536)
        return int(first.split()[1]), headers, body

    def problem(self) -> tuple[int, str]:
        """Status and code of a refusal, after which the server has hung up."""
        status, headers, body = self.answer()
        told: dict[str, Any] = json.loads(body)
        assert headers["content-type"] == "application/problem+json" and headers["connection"] == "close"
        assert headers["x-content-type-options"] == "nosniff"
        assert told["status"] == status and told["detail"] and told["hint"]
        assert self.is_hung_up()
        return status, told["code"]

    def is_hung_up(self) -> bool:
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True


@pytest.fixture
def app() -> App:
    return App()


@pytest.fixture
def client(app: App) -> Iterator[Callable[[], Client]]:
    """`client()`: another connection to a server of the app."""
    config = uvicorn.Config(app, port=0, log_level="critical", lifespan="off", http=Bounded.of(MOST), timeout_graceful_shutdown=1)
    server, opened = uvicorn.Server(config), list[Client]()
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        thread.join(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]

    def another() -> Client:
        opened.append(Client(port))
        return opened[-1]

    yield another
    for one in opened:
        one.socket.close()
    server.should_exit = True
    thread.join(20)


def test_one_too_many_is_told_so_and_let_in_once_another_has_left(client: Callable[[], Client], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "LINGER_S", 0.05)
    there = [client().say(GET + HANDSHAKE) for _ in range(MOST)]
    assert [one.answer()[0] for one in there] == [101] * MOST
    assert client().say(GET + b"\r\n").problem() == (503, "CONNECTIONS_MANY")
    there[0].socket.close()
    while True:
        status, headers, _ = client().say(GET + b"\r\n").answer()
        if status == 200:
            break
        assert headers["retry-after"] == "15"
        threading.Event().wait(0.05)


BEGUN = [b"\r\n", POST + b"Content-Length: 5\r\n\r\nabc", GET + b"X: y", POST + b"Content-Length: 100000\r\n\r\n"]


def test_a_request_that_does_not_come_or_a_letter_now_and_then_is_not_waited_for(
    client: Callable[[], Client], app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "PATIENCE_S", 2.0)
    watching = client().say(GET + HANDSHAKE)
    assert watching.answer()[0] == 101
    nothing, slow, stop = client(), [client().say(said) for said in BEGUN], threading.Event()

    def drip() -> None:
        while not stop.wait(0.1):
            for one in slow[-2:]:
                with suppress(OSError):
                    one.socket.sendall(b"x")

    dripping = threading.Thread(target=drip)
    dripping.start()
    try:
        assert [one.problem() for one in slow] == [(408, "REQUEST_SLOW")] * len(BEGUN)
        assert nothing.is_hung_up()
    finally:
        stop.set()
        dripping.join()
    while app.left < 2:
        threading.Event().wait(0.01)
    watching.say(b"\x89\x80\0\0\0\0")
    assert watching.socket.recv(2) == b"\x8a\x00", "a ping is answered"


@pytest.mark.parametrize(
    "endless",
    [
        b"GET /" + b"x" * LONG,
        GET + b"X: " + b"y" * LONG,
        GET + b"X: y\r\n" * (LONG // 6),
        b"\r\n" * (LONG // 2),
        POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n" + b"X: y\r\n" * (LONG // 6),
        POST + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"x" * LONG,
    ],
    ids=["address", "header", "headers", "lines", "trailers", "extension"],
)
def test_what_is_no_body_has_an_end(client: Callable[[], Client], endless: bytes) -> None:
    assert client().say(endless).problem() == (431, "REQUEST_HEAD_LARGE")


def test_a_head_may_be_long_and_a_connection_serves_many_requests_one_behind_another(client: Callable[[], Client]) -> None:
    one = client()
    for _ in range(5):
        one.say(GET + b"X: " + b"y" * 30_000 + b"\r\n\r\n")
        assert one.answer()[0] == 200
    two, said = client().say((POST + b"Content-Length: 2\r\n\r\nab") * 3 + GET), b""
    while said.count(b"200 OK") < 3:
        said += two.socket.recv(65536)
    two.say(b"\r\n")
    assert two.answer()[0] == 200
    assert client().say(POST + b"Content-Length: 900000\r\n\r\n" + b"x" * 900_000).answer()[2] == b"900000"


class Line(asyncio.Transport):
    """A connection without a network: whether it was hung up, and whether it is read."""

    def __init__(self) -> None:
        super().__init__()
        self.ended = False
        self.reading = True

    def write(self, data: Any) -> None:
        """Nobody reads it."""

    def write_eof(self) -> None:
        self.ended = True

    def close(self) -> None:
        self.ended = True

    def is_closing(self) -> bool:
        return self.ended

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True


@pytest.mark.parametrize(
    ("pieces", "asks", "is_ended"),
    [
        ([LEAST_BYTES] * 20, True, False),
        ([LEAST_BYTES] * 20 + [LEAST_BYTES - 1], True, True),
        ([100_000, 0, 0, 0], False, False),
        ([1_000], False, True),
    ],
    ids=["enough each while", "not enough at last", "more than is asked for", "asked for"],
)
def test_a_body_may_take_long_while_enough_of_it_comes_or_nobody_asks_for_it(pieces: list[int], asks: bool, is_ended: bool) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        while asks and (await receive())["type"] != "http.disconnect":
            pass
        await asyncio.Event().wait()

    async def run() -> bool:
        config = uvicorn.Config(app, lifespan="off", log_level="critical")
        config.load()
        line, one = Line(), Bounded(config, ServerState(), {})
        one.connection_made(line)
        one.data_received(POST + b"Content-Length: 9000000\r\n\r\n")
        one._came = 0
        for size in pieces:
            assert not line.ended
            if size:
                one.data_received(b"x" * size)
            await asyncio.sleep(0)
            one._look()
        ended = line.ended
        one._rest()
        for task in one.tasks:
            task.cancel()
        await asyncio.gather(*one.tasks, return_exceptions=True)
        return ended

    assert asyncio.run(run()) is is_ended


def test_a_worker_keeps_files_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    for files, said, most in ((1024, None, 512), (20_000, None, 8000), (-1, None, 8000), (600, 4000, 300), (65_536, 20, 20)):
        monkeypatch.setattr("resource.getrlimit", lambda _, files=files: (files, files))
        assert most_connections(Settings(connections=said)) == most
