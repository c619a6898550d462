"""The hub as gateways and workers know it: an `Inlet`, a place for commands, and what to follow; it connects again by itself."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from sensors import Batch, InletGone, InletRefused
from twin.errors import NotReady, TwinError, error_of
from twin.hub.meeting import Meeting
from twin.hub.wire import Kind, read_frame, send
from twin.live.changes import Changes
from twin.live.state import ROW

__all__ = ["HubClient"]

ABSENT = "HUB_ABSENT"
AGAIN_S = (0.05, 0.1, 0.2)
GIVES_UP_S = 20.0
"""How long a batch or a command waits for a hub that is not there."""


class HubClient:
    """A connection that lasts: `run` keeps it, until it is cancelled. Batches that were not answered when it broke are handed over again;
    commands are not, because they may have been done: NotReady says so. `changed` and `happened` hear what the hub
    tells, `lost` that it is away."""

    def __init__(
        self,
        meeting: Meeting,
        *,
        changed: Callable[[Changes], None] | None = None,
        happened: Callable[[list[dict[str, Any]] | None], None] | None = None,
        lost: Callable[[], None] = lambda: None,
    ) -> None:
        self.connected = asyncio.Event()
        self._meeting = meeting
        self._changed = changed
        self._happened = happened
        self._lost = lost
        self._writer: asyncio.StreamWriter | None = None
        self._batches: dict[tuple[str, int], tuple[bytes, asyncio.Future[None]]] = {}
        self._commands: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._ids = itertools.count(1)

    async def offer(self, batch: Batch) -> None:
        """See `Inlet`."""
        name = batch.source, batch.number
        done = asyncio.get_running_loop().create_future()
        payload = batch.pack()
        self._batches[name] = payload, done
        if self._writer is not None:
            send(self._writer, Kind.BATCH, payload)
        try:
            async with asyncio.timeout(GIVES_UP_S):
                await done
        except TimeoutError:
            raise InletGone("the hub does not answer", path=batch.source, hint="send it again") from None
        finally:
            self._batches.pop(name, None)

    async def command(self, name: str, /, **arguments: Any) -> dict[str, Any]:
        """Have something done; its answer. Raises the TwinError that the hub raised, NotReady where there is none to ask."""
        try:
            async with asyncio.timeout(GIVES_UP_S):
                await self.connected.wait()
                writer = self._writer
                if writer is None:
                    raise NotReady("the hub is being started", code=ABSENT)
                number = next(self._ids)
                answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
                self._commands[number] = answer
                asked = {"id": number, "name": name, "arguments": arguments}
                send(writer, Kind.COMMAND, json.dumps(asked, ensure_ascii=False).encode())
                return await answer
        except TimeoutError:
            raise NotReady("the hub does not answer", code=ABSENT) from None

    async def run(self) -> None:
        """Keep the connection."""
        for attempt in itertools.count():
            try:
                reader, writer = await asyncio.open_unix_connection(self._meeting.socket(), limit=2**20)
            except (OSError, NotReady):
                await asyncio.sleep(AGAIN_S[min(attempt, len(AGAIN_S) - 1)])
                continue
            try:
                await self._speak(reader, writer)
            finally:
                self._writer = None
                self.connected.clear()
                self._lost()
                writer.close()
                self._answer_all(NotReady("the hub ended meanwhile: whether it was done is to be looked up", code=ABSENT))
            await asyncio.sleep(AGAIN_S[0])

    async def _speak(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._changed is not None or self._happened is not None:
            send(writer, Kind.FOLLOW, b"")
        for payload, _ in list(self._batches.values()):
            send(writer, Kind.BATCH, payload)
        self._writer = writer
        self.connected.set()
        if self._happened is not None:
            self._happened(None)
        with suppress(TwinError, ConnectionError, ValueError):  # changes that do not follow on what is known: begin anew
            while (frame := await read_frame(reader)) is not None:
                self._hear(*frame)

    def _hear(self, kind: Kind, payload: bytes) -> None:
        if kind is Kind.CHANGES and self._changed is not None:
            self._changed(Changes.unpack(payload, ROW))
        elif kind is Kind.EVENTS and self._happened is not None:
            self._happened(json.loads(payload))
        elif kind in (Kind.DONE, Kind.REFUSED):
            self._settle(json.loads(payload), refused=kind is Kind.REFUSED)
        elif kind is Kind.ANSWER:
            told = json.loads(payload)
            waiting = self._commands.pop(told["id"], None)
            if waiting is None or waiting.done():
                return
            if "error" in told:
                waiting.set_exception(error_of(told["error"]))
            else:
                waiting.set_result(told["answer"])

    def _settle(self, told: dict[str, Any], *, refused: bool) -> None:
        _, done = self._batches.get((told["source"], told["number"]), (b"", None))
        if done is None or done.done():
            return
        if refused:
            kind = InletGone if told["code"] == InletGone.code else InletRefused
            done.set_exception(kind(told["message"], path=told["source"], hint=told.get("hint", "")))
        else:
            done.set_result(None)

    def _answer_all(self, error: TwinError) -> None:
        commands, self._commands = self._commands, {}
        for waiting in commands.values():
            if not waiting.done():
                waiting.set_exception(error)
