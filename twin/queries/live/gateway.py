"""A gateway of a home as a process: terminals of vehicles in over JT/T 808, their batches to the hub, commands of people down."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from sensors import SensorError
from sensors.errors import FrameInvalid
from sensors.jt808_server import Jt808Server
from sensors.jt808_server import bound as bound_to
from twin.errors import Invalid, NotReady, Refused, StoreUnavailable
from twin.gateway.control import Control
from twin.hub.client import HubClient
from twin.hub.meeting import Meeting
from twin.queries.live.bus_gateway import bus_commanded, bus_inlet
from twin.queries.live.terminals import Terminals, read_secret
from twin.settings import Settings
from twin.store import Store

__all__ = ["bound", "commands_of", "facts_told", "run_gateway"]

REFRESH_S, HAND_OVER_S = 5.0, 5.0
LISTED = 1000
"""Of the terminals that nobody knows, the last so many are listed; `statistics` counts all."""


def bound(settings: Settings) -> socket.socket:
    """The socket of a gateway, at which nobody listens yet. Raises Refused (`PORT_TAKEN`)."""
    try:
        return bound_to(settings.gateway_host, settings.gateway_port)
    except OSError as error:
        raise Refused(
            f"{settings.gateway_host}:{settings.gateway_port} cannot be bound ({error.strerror})",
            code="PORT_TAKEN",
            path=f"{settings.gateway_host}:{settings.gateway_port}",
            hint="take another TWIN_GATEWAY_PORT, 0 for a free one, -1 for no gateway",
        ) from error


async def run_gateway(settings: Settings, listening: socket.socket, *, bus: str | None = None) -> None:
    """Be a gateway of a home at a socket that is `bound`, until SIGTERM; `bus` is its name where the hub is beyond the broker."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    store = Store.open(settings.database_url, lock_timeout_s=settings.lock_timeout_s)
    terminals = Terminals(store, read_secret(settings.home / "history" / "terminal.key"))
    with suppress(StoreUnavailable):
        terminals.refresh()
    hub = HubClient(Meeting(settings.home)) if bus is None else bus_inlet(settings, bus)
    following = [asyncio.create_task(hub.run())]
    server = Jt808Server(hub, terminals, source=f"jt808-{socket.gethostname()}-{os.getpid()}-{time.time_ns() // 1_000_000}")
    port = await server.start_on(listening)
    if bus is not None:
        following.append(asyncio.create_task(bus_commanded(settings, bus, commands_of(server)).run()))
    control = Control(settings.home / "history", f"jt808-{port}", commands_of(server))
    await control.start()
    try:
        while not stopping.is_set():
            control.tell(facts_told(server, terminals, settings.gateway_host, port), now_us=time.time_ns() // 1000)
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), timeout=REFRESH_S)
            if stopping.is_set():
                break
            with suppress(StoreUnavailable):
                if await asyncio.to_thread(terminals.refresh):
                    server.heed_register()
    finally:
        control.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(HAND_OVER_S):
                await server.close()
        for task in following:
            task.cancel()


def commands_of(server: Jt808Server) -> dict[str, Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]]:
    """What a gateway does for people: `{terminal, …}` in, the terminal's result out (JT/T 808 0x0001: 0 done, 1 failed, 2 wrong, 3 not
    supported)."""

    async def text(asked: dict[str, Any]) -> dict[str, Any]:
        return {"result": await _answered(server.send_text(asked["terminal"], asked["text"]))}

    async def track(asked: dict[str, Any]) -> dict[str, Any]:
        return {"result": await _answered(server.track(asked["terminal"], interval_s=asked["interval_s"], for_s=asked["for_s"]))}

    async def confirm(asked: dict[str, Any]) -> dict[str, Any]:
        return {"result": await _answered(server.confirm_alarm(asked["terminal"], alarm_serial=asked["serial"], alarm=asked["alarm"]))}

    return {"text": text, "track": track, "confirm": confirm}


async def _answered(result: Awaitable[int]) -> int:
    try:
        return await result
    except FrameInvalid as error:
        hint = error.hint or "characters of GBK; docs/jt808.md"
        raise Invalid(error.message, path=error.path, hint=hint, code=error.code) from None
    except SensorError as error:
        raise NotReady(error.message, path=error.path, hint=error.hint, code=error.code) from None


def facts_told(server: Jt808Server, terminals: Terminals, host: str, port: int) -> dict[str, Any]:
    """What a gateway tells of itself, `/live/gateways` by the rights of who asks."""
    return {
        "protocol": "jt808",
        "host": host,
        "port": port,
        "terminals": len(terminals),
        "contested": sorted(terminals.contested),
        "connected": sorted(server.connected()),
        "statistics": server.statistics(),
        "quarantined": server.quarantined()[:LISTED],
    }
