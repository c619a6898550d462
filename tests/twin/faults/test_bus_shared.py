"""Two workers, and two gateways that share what devices publish, are one twin, every process of it real."""

import asyncio
import time
from pathlib import Path

import httpx2
import pytest

from tests.twin.faults.bus import Publisher, broker_served, elsewhere, gateways, until_broker_served
from tests.twin.faults.running import Running, eventually
from tests.twin.faults.test_bus_killed import DEVICES, KEYS, homes, published_once
from tests.twin.guarded_broker import Guarded, a_guarded_broker
from twin.gateway.control import list_gateways

MESSAGES = 40


def taken(other: Path) -> int:
    """How many messages the gateway elsewhere has committed."""
    return sum(int(one["statistics"]["committed"]) for one in list_gateways(other / "history", now_us=time.time_ns() // 1000))


async def passages(client: httpx2.AsyncClient) -> dict[str, int]:
    """How many came in at each gate today, as a worker tells it."""
    told = (await client.get("live/states", params={"kind": "gate"})).json()
    return {one["key"]: one["value"]["in"] for one in told.get("states", ())}


@pytest.mark.nightly
def test_two_gateways_that_share_and_two_workers_are_one_twin(tmp_path: Path) -> None:
    home, other = homes(tmp_path)

    async def run(service: Running, guarded: Guarded) -> list[Publisher]:
        await until_broker_served(service)
        gates = [Publisher(guarded, key, asks=True, every_s=0.0) for key in KEYS]
        publishing = [asyncio.create_task(one.run()) for one in gates]

        async def so_far() -> tuple[int, int, int]:
            here = (await gateways(service))["mqtt-twin"]["statistics"]["committed"]
            return min(len(one.acknowledged) for one in gates), here, taken(other)

        await eventually(so_far, lambda now: now[0] >= MESSAGES and min(now[1:]) > 0, "taken in by both")
        for one in gates:
            one.enough.set()
        await asyncio.gather(*publishing)
        right = {one.key: len(one.acknowledged) for one in gates}
        for _ in range(6):  # a connection each: workers take turns
            async with httpx2.AsyncClient(base_url=service.url) as client:
                await eventually(lambda client=client: passages(client), lambda told: told == right, f"{right}")  # type: ignore[misc]
        elsewhere_told = (await gateways(service))["mqtt-twin"]["statistics"]["batches"]["gateways"]
        assert elsewhere_told["south"]["batches"] > 0
        return gates

    with (
        a_guarded_broker(home, {}, gateways=["south"], devices=DEVICES) as guarded,
        broker_served(home, guarded, workers=2, TWIN_BUS_SHARED="true") as service,
        elsewhere(other, guarded, "south", "--mqtt"),
    ):
        gates = asyncio.run(run(service, guarded))
    published_once(home, gates)
