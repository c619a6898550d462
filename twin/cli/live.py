"""The processes of what is live: the hub of a home, the gateway that terminals speak with, and who writes the snapshots."""

from __future__ import annotations

import asyncio
import gc
import socket
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twin.settings import Settings

__all__ = ["be_bus", "be_gateway", "be_hub", "be_mqtt_gateway", "be_snapshots"]


def be_hub(settings: Settings) -> None:
    """Be the hub of a home until SIGTERM."""
    from twin.queries.live.service import run_hub

    gc.freeze()
    _run(run_hub(settings, say=_say))


def be_gateway(settings: Settings, listening: socket.socket | None = None, *, bus: str | None = None) -> None:
    """Be a gateway of a home until SIGTERM, or over the bus under a name; where its port is taken, say so and end."""
    from twin.errors import Refused
    from twin.queries.live.gateway import bound, run_gateway

    gc.freeze()
    try:
        _run(run_gateway(settings, listening or bound(settings), bus=bus))
    except Refused as error:
        _say(f"no terminals: {error.message}; {error.hint}")
        raise SystemExit(1) from None


def be_bus(settings: Settings) -> None:
    """Serve the broker that the settings name, until SIGTERM."""
    from twin.errors import TwinError
    from twin.queries.live.bus import run_bus

    gc.freeze()
    try:
        _run(run_bus(settings))
    except TwinError as error:
        _say(f"no bus: {error.message}; {error.hint}")
        raise SystemExit(1) from None


def be_mqtt_gateway(settings: Settings, name: str) -> None:
    """Take in what devices publish, as one of several gateways, until SIGTERM."""
    from twin.queries.live.bus_gateway import run_mqtt_gateway

    gc.freeze()
    _run(run_mqtt_gateway(settings, name))


def be_snapshots(settings: Settings) -> None:
    """Write the snapshots of a home every minute until SIGTERM."""
    from twin.queries.live.snapshots import run_snapshots

    _run(run_snapshots(settings, say=_say))


def _run(serving: object) -> None:
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serving)  # type: ignore[arg-type]


def _say(words: str) -> None:
    sys.stderr.write(f"{words}\n")
    sys.stderr.flush()
