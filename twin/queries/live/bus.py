"""The bus of a home as a process: what devices publish goes to the hub, what the hub knows goes out under labels."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from contextlib import suppress

from twin.errors import SiteUnknown, StoreUnavailable
from twin.gateway.bus_outlet import BusOutlet
from twin.gateway.bus_settings import bus_address
from twin.gateway.bus_states import BusStates
from twin.gateway.mqtt import MqttGateway
from twin.hub.client import HubClient
from twin.hub.meeting import Meeting
from twin.live.changes import Changes
from twin.queries.live.bus_told import ToldOnBus
from twin.queries.live.replica import Replica
from twin.queries.place.scene import Scenes
from twin.settings import Settings
from twin.store import Store

__all__ = ["run_bus"]

log = logging.getLogger(__name__)
REFRESH_S = 5.0


class _FeatureLabels:
    """Labels of features of every site, as they were at the last `refresh`."""

    def __init__(self, scenes: Scenes) -> None:
        self._scenes = scenes
        self._labels: dict[str, str] = {}

    def find(self, feature: str) -> str | None:
        """The label of a feature, None where there is no such feature."""
        return self._labels.get(feature)

    def refresh(self) -> None:
        """Be as the store is now; from a thread."""
        found: dict[str, str] = {}
        with suppress(StoreUnavailable, SiteUnknown):
            for code in self._scenes.codes(("*",)):
                extents = self._scenes.site(code).extents
                found |= dict(zip(extents.ids, map(str, extents.words["label"]), strict=True))
            self._labels = found


async def run_bus(settings: Settings) -> None:
    """Serve the broker of `TWIN_BUS_URL` until SIGTERM. Raises Refused where there is none, or its address is none."""
    address = bus_address(settings)
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    store = Store.open(settings.database_url, lock_timeout_s=settings.lock_timeout_s)
    labels = _FeatureLabels(Scenes(store, settings))
    await asyncio.to_thread(labels.refresh)
    replica = Replica()
    told = ToldOnBus(replica, labels.find)

    def changed(changes: Changes) -> None:
        replica.take(changes)
        told.take(changes)

    hub = HubClient(Meeting(settings.home), changed=changed, happened=told.hear, lost=replica.lose)
    name = socket.gethostname().partition(".")[0]
    running = [
        asyncio.create_task(work.run())
        for work in (
            hub,
            MqttGateway(address=address, inlet=hub, name=name),
            BusOutlet(address=address, inlet=hub),
            BusStates(address=address, told=told),
        )
    ]
    stopped = asyncio.create_task(stopping.wait())
    try:
        while not stopped.done():
            done, _ = await asyncio.wait({*running, stopped}, timeout=REFRESH_S, return_when=asyncio.FIRST_COMPLETED)
            for task in done - {stopped}:
                task.result()
                return
            await asyncio.to_thread(labels.refresh)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
