"""`twin simulate`: the living compound, beside a service or as one of its processes."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twin.cli.opened import opened
from twin.cli.output import JsonFlag, Outcome, command

if TYPE_CHECKING:
    from twin.settings import Settings
    from twin.store import Store

__all__ = ["be_simulation", "simulate"]

SEED = 7
NICE = 10
SITE = "pingshan"


class Scenario(StrEnum):
    """What happens in the simulated compound: those of `sensors.simulate_scenario`, without what it takes to play them."""

    CALM = "calm"
    INTRUDER = "intruder"
    FORCED_DOOR = "forced_door"
    FIRE = "fire"
    EVACUATION = "evacuation"


@command
def simulate(
    site: Annotated[str, typer.Option(help="the compound that lives")] = SITE,
    vehicles: Annotated[int | None, typer.Option(help="vehicles that drive; all that have a terminal of their own", min=0)] = None,
    seed: Annotated[int, typer.Option(help="the same seed makes the same happen", min=0)] = SEED,
    speed: Annotated[float, typer.Option(help="how many times as often people pass and things fail", min=0.1, max=100)] = 1.0,
    seconds: Annotated[float | None, typer.Option(help="end after so long; else with Ctrl-C", min=0)] = None,
    gateway: Annotated[str | None, typer.Option(help="HOST:PORT of the gateway; that of the home")] = None,
    scenario: Annotated[Scenario, typer.Option(help="what goes wrong")] = Scenario.CALM,
    at: Annotated[float | None, typer.Option(help="seconds after the start at which it goes wrong", min=0)] = None,
    orders: Annotated[
        Path | None, typer.Option(help="folder for the dispatch orders of the drives, to be imported elsewhere; else into this home")
    ] = None,
    as_json: JsonFlag = False,
) -> Outcome:
    """Let vehicles drive, people pass gates, guards walk, meters count: seeded, into the running service of this home.

    With --gateway the vehicles drive elsewhere: their orders are no matter of this home, and written with --orders alone.
    """
    if gateway is not None and not gateway.rpartition(":")[2].isdigit():
        raise typer.BadParameter("--gateway is HOST:PORT")
    with opened() as (settings, store):
        running = _run(
            settings,
            store,
            site,
            seed,
            vehicles=vehicles,
            pace=speed,
            seconds=seconds,
            gateway=gateway,
            scenario=scenario,
            at=at,
            orders=orders,
        )
        facts = asyncio.run(running)
    words = f"{facts['vehicles']} vehicles, {facts['acknowledged']:,} positions acknowledged, {facts['said']:,} other things said"
    return Outcome(document={"site": site, "seed": seed, "scenario": scenario.value, **facts}, words=words)


def be_simulation(settings: Settings, site: str = SITE, seed: int = SEED) -> None:
    """Be the living compound of a home until SIGTERM, behind everything else."""
    import gc
    import os

    from twin.store import Store

    gc.freeze()
    os.nice(NICE)
    store = Store.open(settings.database_url, lock_timeout_s=settings.lock_timeout_s)
    asyncio.run(_run(settings, store, site, seed))


async def _run(
    settings: Settings,
    store: Store,
    site: str,
    seed: int,
    *,
    vehicles: int | None = None,
    pace: float = 1.0,
    seconds: float | None = None,
    gateway: str | None = None,
    scenario: Scenario = Scenario.CALM,
    at: float | None = None,
    orders: Path | None = None,
) -> dict[str, Any]:
    from sensors.simulate_scenario import Scenario as Played
    from twin.gateway.control import list_gateways
    from twin.hub.client import HubClient
    from twin.hub.meeting import Meeting
    from twin.queries.live.order_books import books_of
    from twin.queries.live.simulated import read_simulated
    from twin.queries.live.simulation import Simulation

    def address() -> tuple[str, int] | None:
        if gateway is not None:
            host, _, port = gateway.rpartition(":")
            return host.strip("[]"), int(port)
        known = list_gateways(settings.home / "history", now_us=time.time_ns() // 1000)
        return next(((one["host"], one["port"]) for one in known if one.get("protocol") == "jt808"), None)

    hub = HubClient(Meeting(settings.home))
    following = asyncio.create_task(hub.run())
    simulated = read_simulated(store, site)
    books = None
    if (gateway is None or orders is not None) and simulated.driven(vehicles):
        books = books_of(simulated, store, settings, seed=seed, vehicles=vehicles, to=orders)
    simulation = Simulation(
        simulated=simulated,
        seed=seed,
        inlet=hub,
        gateway=address,
        scenario=Played(scenario.value),
        vehicles=vehicles,
        pace=pace,
        begins_s=at,
        orders=books,
        say=_say,
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, simulation.stopping.set)
    if seconds is not None:
        loop.call_later(seconds, simulation.stopping.set)
    try:
        return await simulation.run()
    finally:
        following.cancel()


def _say(words: str) -> None:
    sys.stderr.write(f"{words}\n")
    sys.stderr.flush()
