"""The bus of a home as a process: what devices publish goes to the hub, what the hub knows goes out under labels."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any

from twin.errors import SiteUnknown, StoreUnavailable
from twin.gateway.bus_address import BusAddress
from twin.gateway.bus_commander import BusCommander
from twin.gateway.bus_outlet import BusOutlet
from twin.gateway.bus_settings import bus_address
from twin.gateway.bus_states import BusStates
from twin.gateway.control import Command, Control
from twin.gateway.mqtt import MqttGateway
from twin.hub.client import HubClient
from twin.hub.meeting import Meeting
from twin.live.changes import Changes
from twin.queries.incidents import Knowing
from twin.queries.live.bus_labels import BusLabels
from twin.queries.live.bus_told import ToldOnBus
from twin.queries.live.elsewhere import commands_elsewhere
from twin.queries.live.replica import Replica
from twin.queries.live.told import moment
from twin.queries.live.visible import Visible
from twin.queries.place.scene import Scenes
from twin.queries.records.context import Registers
from twin.settings import Settings
from twin.store import Store

__all__ = ["NAME", "gateway_facts", "run_bus", "run_until_told"]

REFRESH_S = 2.0
NAME = "twin"
"""Of the gateway of `twin serve`, as `twin bus acl` lists it."""


async def run_bus(settings: Settings) -> None:
    """Serve the broker of `TWIN_BUS_URL` until SIGTERM. Raises Refused where there is none, or its address is none."""
    address = bus_address(settings)
    labels = _labels_of(settings)
    replica, known, read = Replica(), asyncio.Event(), asyncio.Event()
    told = ToldOnBus(replica, labels)

    def changed(changes: Changes) -> None:
        replica.take(changes)
        told.take(changes)
        known.set()

    hub = HubClient(Meeting(settings.home), changed=changed, happened=told.hear, lost=replica.lose)
    gateway = MqttGateway(address=address, inlet=hub, name=NAME, shared=settings.bus_shared)
    outlet, states = BusOutlet(address=address, inlet=hub), BusStates(address=address, told=told)
    commander = BusCommander(address=address)

    async def tell() -> None:
        """What the broker keeps stays until the hub has told what is so, and the store who may know of it."""
        await known.wait()
        await read.wait()
        await states.run()

    async def now_and_then(control: Control) -> None:
        facts = gateway_facts(gateway, address) | {"elsewhere": sorted(set(outlet.terminals.values()))}
        control.tell(facts | {"statistics": facts["statistics"] | _told_of(outlet, states)}, now_us=time.time_ns() // 1000)
        if await _refresh(labels):
            read.set()
            told.relabel()

    works = (hub.run(), gateway.run(), outlet.run(), commander.run(), tell())
    await run_until_told(settings, f"mqtt-{NAME}", works, now_and_then, commands_elsewhere(outlet, commander))


async def run_until_told(
    settings: Settings,
    name: str,
    works: tuple[Coroutine[Any, Any, None], ...],
    now_and_then: Any,
    commands: Mapping[str, Command] = MappingProxyType({}),
) -> None:
    """Run works until SIGTERM, and every two seconds `now_and_then(control)`; where one of them ends, its failure is raised."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    control = Control(settings.home / "history", name, commands)
    await control.start()
    running = [asyncio.create_task(work) for work in works]
    stopped = asyncio.create_task(stopping.wait())
    try:
        while not stopped.done():
            await now_and_then(control)
            done, _ = await asyncio.wait({*running, stopped}, timeout=REFRESH_S, return_when=asyncio.FIRST_COMPLETED)
            for task in done - {stopped}:
                task.result()
                return
    finally:
        control.close()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def gateway_facts(gateway: MqttGateway, address: BusAddress) -> dict[str, Any]:
    """What a gateway of devices that publish tells of itself, as `/live/gateways` and `twin status` take it."""
    statistics = {
        "broker": gateway.link.connected.is_set(),
        "shared": gateway.shared,
        "messages": gateway.messages,
        "committed": gateway.committed,
        "repeated": gateway.repeated,
    }
    facts = {"protocol": "mqtt", "host": address.host, "port": address.port, "held": gateway.held}
    return facts | {"findings": dict(gateway.findings.counts), "statistics": statistics}


def _told_of(outlet: BusOutlet, states: BusStates) -> dict[str, Any]:
    elsewhere = {name: {"batches": batches, "at": moment(at_us)} for name, (batches, at_us) in sorted(outlet.gateways.items())}
    batches = {"committed": outlet.committed, "refused": outlet.refused, "gateways": elsewhere}
    return {"batches": batches, "states": {"kept": states.kept, "missed": states.missed, "refused": states.refused}}


def _labels_of(settings: Settings) -> BusLabels:
    store = Store.open(settings.database_url, lock_timeout_s=settings.lock_timeout_s)
    visible = Visible(Registers.of(store, settings.home / "columns", settings), Scenes(store, settings))
    return BusLabels(store, visible, Knowing(store))


async def _refresh(labels: BusLabels) -> bool:
    with suppress(StoreUnavailable, SiteUnknown):
        return await asyncio.to_thread(labels.refresh)
    return False
