"""`twin gateway`: terminals of vehicles in, alone, beside a hub that `twin serve` runs for the same home."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from twin.cli.live import be_gateway
from twin.cli.opened import opened
from twin.cli.output import JsonFlag, Outcome, command

__all__ = ["gateway"]


@command
def gateway(
    host: Annotated[str | None, typer.Option(help="address at which terminals connect")] = None,
    port: Annotated[int | None, typer.Option(help="TCP port; 0 takes a free one", min=0, max=65535)] = None,
    as_json: JsonFlag = False,
) -> Outcome:
    """Take in what vehicle terminals say (JT/T 808 of 2011, 2013 and 2019); what they report is kept by the hub of the home."""
    from twin.queries.live.gateway import bound
    from twin.settings import Settings

    settings = Settings()
    given = {"gateway_host": host, "gateway_port": port}
    settings = Settings(**settings.model_dump() | {name: value for name, value in given.items() if value is not None})
    with opened():
        listening = bound(settings)
    address = f"{settings.gateway_host}:{listening.getsockname()[1]}"
    document = {"address": address, "pid": os.getpid()}
    return Outcome(document=document, words=f"JT/T 808  {address}", then=lambda: be_gateway(settings, listening))
