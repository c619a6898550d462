"""A browser that reads nothing delays no other, takes no memory of the worker, and is one of so many that may watch with one key."""

import asyncio
import socket
import struct
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.twin.faults.clients import Gate, Listener, Watcher
from tests.twin.faults.running import Fleet, Running, eventually, prepared, running

MOST_GROWN = 24 * 2**20
PLACES = 12
"""For ten that read nothing, a watcher and a listener."""


def silent(service: Running, request: str) -> socket.socket:
    """A connection that asked for something and reads nothing, with the smallest buffer there is."""
    host, _, port = service.url.removeprefix("http://").strip("/").partition(":")
    found = socket.socket()
    found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    found.connect((host, int(port)))
    found.sendall(request.replace("HOST", f"{host}:{port}").encode())
    return found


SOCKET = (
    "GET /live HTTP/1.1\r\nHost: HOST\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)

SUBSCRIBE = b"\x81\x91\0\0\0\0" + b'{"subscribe": {}}'
ABORT = struct.pack("ii", 1, 0)
EVENTS = "GET /events?since=0 HTTP/1.1\r\nHost: HOST\r\n\r\n"


async def refused(service: Running) -> str:
    """The code by which one more line of events is refused; empty where it is let in."""
    async with service.client() as client:
        answer = await client.get("events", params={"live": "false", "since": 2**40})
    return "" if answer.status_code == 200 else str(answer.json()["code"])


@pytest.mark.parametrize(("vehicles", "frames"), [(20, 15), pytest.param(200, 60, marks=pytest.mark.nightly)])
def test_who_reads_nothing_delays_nobody_and_costs_no_memory(tmp_path: Path, vehicles: int, frames: int) -> None:
    prepared(tmp_path, vehicles, gates=1)

    async def run(service: Running) -> None:
        fleet, watcher, listener = Fleet(vehicles, service.gateway_port, every_s=0.5), Watcher(service), Listener(service, 0)
        gate = Gate(service, "G-0", every_s=0.01)
        fleet.begin()
        tasks = [asyncio.create_task(one.run()) for one in (watcher, listener, gate)]
        await eventually(lambda: asyncio.sleep(0, (watcher.frames, len(listener.ids))), lambda now: min(now) > 5, "watched")
        worker = psutil.Process(service.pids("worker")[0])
        slow = [silent(service, SOCKET) for _ in range(5)] + [silent(service, EVENTS) for _ in range(5)]
        await asyncio.sleep(0.5)
        for one in slow[:5]:
            one.sendall(SUBSCRIBE)
        before, seen, heard = worker.memory_info().rss, watcher.frames, len(listener.ids)
        await eventually(lambda: asyncio.sleep(0, watcher.frames), lambda now: now > seen + frames, "a frame each tick")
        await eventually(lambda: asyncio.sleep(0, len(listener.ids)), lambda now: now > heard + frames, "events")
        assert worker.memory_info().rss - before < MOST_GROWN
        assert listener.ids == list(range(1, listener.last + 1)) and listener.gaps == []
        gate.enough.set()
        assert await refused(service) == "WATCHING_MANY"
        for one in slow:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
            one.close()
        await eventually(lambda: refused(service), lambda code: code == "", "let in again")
        await fleet.end()
        for task in tasks:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, return_exceptions=True)

    with running(tmp_path, TWIN_WATCHERS_PER_KEY=str(PLACES)) as service:
        asyncio.run(run(service))
