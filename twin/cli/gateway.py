"""`twin gateway`: a gateway alone, beside a hub that `twin serve` runs for the same home, or on another machine, over the bus."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from twin.cli.live import be_gateway, be_mqtt_gateway
from twin.cli.opened import opened
from twin.cli.output import JsonFlag, Outcome, command
from twin.errors import Refused

if TYPE_CHECKING:
    from twin.settings import Settings

__all__ = ["gateway"]


@command
def gateway(
    host: Annotated[str | None, typer.Option(help="address at which terminals connect")] = None,
    port: Annotated[int | None, typer.Option(help="TCP port; 0 takes a free one", min=0, max=65535)] = None,
    bus: Annotated[
        str | None,
        typer.Option(help="this gateway's name on the broker of TWIN_BUS_URL, over which it reaches a hub elsewhere"),
    ] = None,
    mqtt: Annotated[bool, typer.Option("--mqtt", help="with --bus: take in a share of what devices publish there, no terminals")] = False,
    as_json: JsonFlag = False,
) -> Outcome:
    """Take in what vehicle terminals say (JT/T 808 of 2011, 2013 and 2019); what they report is kept by the hub of the home, or with --bus
    by that which serves the broker."""
    from twin.queries.live.gateway import bound
    from twin.settings import Settings

    settings = Settings()
    given = {"gateway_host": host, "gateway_port": port}
    settings = Settings(**settings.model_dump() | {name: value for name, value in given.items() if value is not None})
    if bus is not None:
        _check_bus(settings, bus)
    if mqtt:
        return _of_mqtt(settings, bus)
    with opened():
        listening = bound(settings)
    address = f"{settings.gateway_host}:{listening.getsockname()[1]}"
    document = {"address": address, "pid": os.getpid(), "bus": bus}
    words = f"JT/T 808  {address}" + (f" → {settings.bus_url} ({bus})" if bus else "")
    return Outcome(document=document, words=words, then=lambda: be_gateway(settings, listening, bus=bus))


def _of_mqtt(settings: Settings, bus: str | None) -> Outcome:
    if bus is None:
        raise Refused(
            "what devices publish is taken in by twin serve itself, or by a gateway that has a name on the broker",
            code="BUS_NAME_INVALID",
            path="--mqtt",
            hint="twin gateway --bus NAME --mqtt; and TWIN_BUS_SHARED=true for twin serve",
        )
    document = {"address": settings.bus_url, "pid": os.getpid(), "bus": bus}
    return Outcome(document=document, words=f"MQTT  {settings.bus_url} ({bus})", then=lambda: be_mqtt_gateway(settings, bus))


def _check_bus(settings: Settings, name: str) -> None:
    """Refused (`BUS_NAME_INVALID`, `BUS_URL_INVALID`, `BUS_FILE_INVALID`) before anything is taken in."""
    from twin.gateway.bus_rights import gateway_user
    from twin.gateway.bus_settings import bus_address

    gateway_user(name)
    bus_address(settings)
