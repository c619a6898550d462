"""Clients as browsers and gates are: they come back after a break where they left off, and know what was acknowledged to them."""

import asyncio
import json
from contextlib import suppress
from typing import Any

import httpx2
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from tests.twin.faults.running import Running
from viewer.live import decode_frame

__all__ = ["Gate", "Guard", "Listener", "Watcher"]

AWAY = (httpx2.HTTPError, OSError, TimeoutError, WebSocketException)


class Listener:
    """An EventSource: `ids` as they came, `gaps` as they were told, how often it came back."""

    def __init__(self, service: Running, since: int) -> None:
        self.service, self.last, self.ids, self.events = service, since, list[int](), list[dict[str, Any]]()
        self.gaps: list[dict[str, int]] = []
        self.connections = 0

    async def run(self) -> None:
        """Listen until cancelled."""
        while True:
            with suppress(*AWAY):
                await self._listen()
            await asyncio.sleep(0.2)

    async def _listen(self) -> None:
        headers = {"Last-Event-ID": str(self.last), "Accept": "text/event-stream"}
        async with (
            self.service.client(httpx2.Timeout(5, read=60)) as client,
            client.stream("GET", "events", headers=headers) as answer,
        ):
            if answer.status_code != 200:
                return
            self.connections += 1
            number: int | None = None
            async for line in answer.aiter_lines():
                name, _, value = line.partition(": ")
                if name == "id":
                    number = int(value)
                elif name == "data":
                    self._hear(number, json.loads(value))
                    number = None

    def _hear(self, number: int | None, told: dict[str, Any]) -> None:
        if number is None:
            self.gaps.append(told)
            return
        self.ids.append(number)
        self.events.append(told)
        self.last = number


class Watcher:
    """A page that watches /live: `places` by address as its frames say, in 1e-7 degrees."""

    def __init__(self, service: Running) -> None:
        self.service = service
        self.places: dict[str, tuple[int, int]] = {}
        self.frames = self.connections = 0

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            with suppress(*AWAY):
                async with connect(self.service.url.replace("http", "ws", 1) + "live", max_size=None) as socket:
                    self.connections += 1
                    names: dict[int, str] = {}
                    await socket.send('{"subscribe": {"kinds": ["vehicle"]}}')
                    async for message in socket:
                        self._hear(message, names)
            await asyncio.sleep(0.2)

    def _hear(self, message: str | bytes, names: dict[int, str]) -> None:
        if isinstance(message, str):
            told = json.loads(message)
            names.update({handle: f"{kind}/{key}" for handle, kind, key, _ in told.get("names", ())})
            return
        frame = decode_frame(message)
        self.frames += 1
        if frame.full:
            self.places.clear()
        rows = zip(frame.handle.tolist(), frame.lon_e7.tolist(), frame.lat_e7.tolist(), strict=True)
        self.places.update({names[handle]: (lon, lat) for handle, lon, lat in rows})


class Gate:
    """Posts passages one after another, each until it is acknowledged; `acknowledged` by number, `again` those that broke off."""

    def __init__(self, service: Running, key: str, *, every_s: float = 0.02) -> None:
        self.service, self.key, self.every_s = service, key, every_s
        self.acknowledged: list[int] = []
        self.again: set[int] = set()
        self.refused: list[tuple[int, dict[str, Any]]] = []
        self.enough = asyncio.Event()

    async def run(self) -> None:
        """Post until it is enough, and the last is acknowledged."""
        number = 0
        while not self.enough.is_set():
            async with self.service.client(30) as client:
                with suppress(*AWAY):
                    while not self.enough.is_set():
                        if await self.post(client, number):
                            self.acknowledged.append(number)
                            number += 1
                        else:
                            self.again.add(number)
                        await asyncio.sleep(self.every_s)
                    return
            self.again.add(number)
            await asyncio.sleep(0.1)

    async def post(self, client: httpx2.AsyncClient, number: int) -> bool:
        """Whether one is taken."""
        path = f"sta/v1.1/Datastreams('gate:{self.key}:passage')/Observations"
        answer = await client.post(path, json={"result": {"subject": "person", "direction": "in", "ticket": f"{self.key}-{number}"}})
        if answer.status_code == 201:
            return True
        assert answer.status_code >= 500, answer.text
        self.refused.append((answer.status_code, answer.json()))
        return False


class Guard:
    """Comments on the first incident, each time after looking at it; `answered` are those that were told to be done."""

    def __init__(self, service: Running) -> None:
        self.service = service
        self.answered: list[str] = []
        self.unknown: list[str] = []
        self.problems: set[tuple[int, str]] = set()
        self.enough = asyncio.Event()

    async def run(self) -> None:
        """Comment until it is enough."""
        number = 0
        while not self.enough.is_set():
            number += 1
            async with self.service.client(30) as client:
                try:
                    await self._comment(client, f"comment-{number}")
                except AWAY:
                    self.unknown.append(f"comment-{number}")
            await asyncio.sleep(0.2)

    async def _comment(self, client: httpx2.AsyncClient, words: str) -> None:
        seen = await client.get("incidents/1")
        if seen.status_code != 200:
            return
        answer = await client.post("incidents/1/comment", json={"why": words}, headers={"If-Match": seen.headers["etag"]})
        if answer.status_code == 200:
            self.answered.append(words)
        else:
            self.problems.add((answer.status_code, answer.json()["code"]))
            self.unknown.append(words)
