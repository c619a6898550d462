"""The hub behind a Unix socket: gateways hand over batches, workers follow and send what people do."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from sensors import Batch, BatchInvalid, SensorError
from twin.errors import Refused, TwinError, facts_of
from twin.hub.hub import Applied, Hub
from twin.hub.wire import Kind, read_frame, send

__all__ = ["serve_hub"]

LAGS_BYTES = 16 * 2**20
"""A follower that has so much unread is told the whole state anew once it has read it, instead of every step."""


async def serve_hub(hub: Hub, path: Path) -> asyncio.Server:
    """Listen at a path in a folder that only this user can enter."""
    return await asyncio.start_unix_server(lambda reader, writer: _Connection(hub, reader, writer).run(), path=path, limit=2**20)


class _Connection:
    def __init__(self, hub: Hub, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._hub = hub
        self._reader = reader
        self._writer = writer
        self._tasks: set[asyncio.Task[None]] = set()
        self._lags = False

    async def run(self) -> None:
        """Until the other side closes."""
        try:
            with suppress(TwinError, ConnectionError, asyncio.CancelledError):  # a handler that ends as cancelled is logged as a fault
                while (frame := await read_frame(self._reader)) is not None:
                    self._take(*frame)
        finally:
            if self in self._hub.followers:
                self._hub.followers.remove(self)
            self._hub.handing_over.discard(self)
            for task in self._tasks:
                task.cancel()
            self._writer.close()

    def _take(self, kind: Kind, payload: bytes) -> None:
        if kind is Kind.FOLLOW:
            self._write(Kind.CHANGES, self._hub.applies.whole().pack())
            self._hub.followers.append(self)
            return
        handle = {Kind.BATCH: self._batch, Kind.COMMAND: self._command}.get(kind)
        if handle is None:
            raise Refused(f"the hub takes no frame {kind.name}", code="HUB_FRAME")
        if kind is Kind.BATCH:
            self._hub.handing_over.add(self)
        task = asyncio.create_task(handle(payload))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def tell(self, applied: Applied) -> None:
        """See `Followers`."""
        waiting = self._writer.transport.get_write_buffer_size()
        if self._lags or waiting > LAGS_BYTES:
            self._lags = waiting > 0
            if self._lags:
                return
            self._write(Kind.CHANGES, self._hub.applies.whole().pack())
            self._write(Kind.EVENTS, b"null")
            return
        if applied.changes is not None:
            self._write(Kind.CHANGES, applied.changes.pack())
        if applied.events:
            self._write(Kind.EVENTS, _json(applied.events))

    async def _batch(self, payload: bytes) -> None:
        try:
            batch = Batch.unpack(payload)
        except BatchInvalid as error:
            self._write(Kind.REFUSED, _json({"source": "", "number": 0, "code": error.code, "message": error.message}))
            return
        told = {"source": batch.source, "number": batch.number}
        try:
            await self._hub.offer(batch, payload)
        except SensorError as error:
            self._write(Kind.REFUSED, _json(told | {"code": error.code, "message": error.message, "hint": error.hint}))
        else:
            self._write(Kind.DONE, _json(told))

    async def _command(self, payload: bytes) -> None:
        asked = json.loads(payload)
        try:
            answer = await self._hub.command(asked["name"], asked["arguments"])
        except TwinError as error:
            self._write(Kind.ANSWER, _json({"id": asked["id"], "error": facts_of(error)}))
        else:
            self._write(Kind.ANSWER, _json({"id": asked["id"], "answer": answer}))

    def _write(self, kind: Kind, payload: bytes) -> None:
        send(self._writer, kind, payload)


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
