"""What a worker asks of the hub beside the state: decisions of people, positions that no file holds yet."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections.abc import Sequence

import pyarrow as pa

from twin.errors import NotReady
from twin.history.reading import unpack_recent
from twin.hub.client import HubClient
from twin.incidents.commands import Command
from twin.incidents.desk import command_to_json

__all__ = ["HubDesk", "HubMemory"]

WAITS_S = 10.0


class HubDesk:
    """See `twin.incidents.desk.IncidentDesk`."""

    def __init__(self, hub: HubClient) -> None:
        self._hub = hub

    async def command(self, command: Command) -> int:
        """See `IncidentDesk`."""
        return int((await self._hub.command("incident", **command_to_json(command)))["incident"])


class HubMemory:
    """What the hub holds of the history and no file does, asked from any thread but that of the loop."""

    def __init__(self, hub: HubClient, loop: asyncio.AbstractEventLoop) -> None:
        self._hub = hub
        self._loop = loop

    def recent(self, from_us: int, to_us: int, handles: Sequence[int] | None) -> pa.Table:
        """Of positions; see `Shelf.recent`. Raises NotReady where the hub does not answer: an answer without these rows would be wrong."""
        return self._asked("positions", from_us, to_us, handles)

    def recent_readings(self, from_us: int, to_us: int, handles: Sequence[int] | None) -> pa.Table:
        """The same of readings."""
        return self._asked("readings", from_us, to_us, handles)

    def _asked(self, shelf: str, from_us: int, to_us: int, handles: Sequence[int] | None) -> pa.Table:
        wanted = None if handles is None else [int(one) for one in handles]
        asked = self._hub.command("recent", shelf=shelf, from_us=from_us, to_us=to_us, handles=wanted)
        try:
            told = asyncio.run_coroutine_threadsafe(asked, self._loop).result(WAITS_S)
        except TimeoutError:
            raise NotReady("the hub does not answer") from None
        return unpack_recent(b64decode(told["rows"]))
