"""The live state of a worker as its watchers know it: one tick for all, each at its own speed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

from twin.hub.client import HubClient
from twin.queries.live.feed import Feed
from twin.queries.live.replica import Replica
from twin.queries.live.visible import Visible

__all__ = ["Live"]

TICK_S = 0.2


class Live:
    """What a worker holds of the hub; `run` keeps it until it is cancelled. `feed` is that of the last tick."""

    def __init__(
        self, replica: Replica, visible: Visible, hub: HubClient, *, now_us: Callable[[], int] = lambda: time.time_ns() // 1000
    ) -> None:
        self.replica = replica
        self.visible = visible
        self.hub = hub
        self.ticks = 0
        self.now_us = now_us
        self.feed = Feed(replica.state, now_us())
        self._ticked = asyncio.Event()

    async def ticked(self) -> None:
        """Return at the next tick."""
        await self._ticked.wait()

    async def run(self) -> None:
        """Follow the hub, and tick."""
        following = asyncio.create_task(self.hub.run())
        try:
            while True:
                await asyncio.sleep(TICK_S)
                self.feed = Feed(self.replica.state, self.now_us())
                self.ticks += 1
                ticked, self._ticked = self._ticked, asyncio.Event()
                ticked.set()
        finally:
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following
