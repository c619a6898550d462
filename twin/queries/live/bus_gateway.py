"""A gateway beyond this machine: what it takes in goes to the hub over the bus."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

from twin.gateway.bus_commanded import BusCommanded
from twin.gateway.bus_inlet import BusInlet
from twin.gateway.bus_settings import bus_address
from twin.gateway.control import Command, Control
from twin.gateway.mqtt import MqttGateway
from twin.queries.live.bus import gateway_facts, run_until_told
from twin.settings import Settings

__all__ = ["bus_commanded", "bus_inlet", "run_mqtt_gateway"]


def bus_inlet(settings: Settings, name: str) -> BusInlet:
    """The hub as the gateway `name` reaches it over the broker of `TWIN_BUS_URL`. Raises Refused (`BUS_URL_INVALID`)."""
    return BusInlet(address=bus_address(settings), gateway=name)


def bus_commanded(settings: Settings, name: str, commands: Mapping[str, Command]) -> BusCommanded:
    """What the hub has the gateway `name` do, over the same broker. Raises Refused (`BUS_URL_INVALID`)."""
    return BusCommanded(address=bus_address(settings), gateway=name, commands=commands)


async def run_mqtt_gateway(settings: Settings, name: str) -> None:
    """Take in what devices publish, as one of several gateways that divide it, until SIGTERM. Raises Refused (`BUS_URL_INVALID`)."""
    address, inlet = bus_address(settings), bus_inlet(settings, name)
    gateway = MqttGateway(address=address, inlet=inlet, name=name, shared=True)

    async def now_and_then(control: Control) -> None:
        await asyncio.sleep(0)
        control.tell(gateway_facts(gateway, address), now_us=time.time_ns() // 1000)

    await run_until_told(settings, f"mqtt-{name}", (inlet.run(), gateway.run()), now_and_then)
