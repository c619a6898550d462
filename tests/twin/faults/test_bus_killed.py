"""kill -9 of the broker, of the bus process and of a gateway elsewhere, under load: what was acknowledged to a device is in the history
once, is told once, and the state comes right, on the broker too."""

import asyncio
import random
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from sensors import Stream
from tests.twin.api.egress import listening
from tests.twin.faults.bus import Elsewhere, Publisher, broker_served, elsewhere, seconds_until, until_broker_served
from tests.twin.faults.clients import Listener
from tests.twin.faults.running import Fleet, Running, eventually, free_port, plate_of, prepared
from tests.twin.faults.test_gateway_killed import history_is_whole, lons, state_comes_right
from tests.twin.guarded_broker import Guarded, a_guarded_broker
from twin.history.readings import ReadingsReader

VEHICLES, GATES = 20, 4
KEYS = [f"G-{one}" for one in range(GATES)]
DEVICES = [f"gate/{key}" for key in KEYS]
OUTAGE_S, SHORT_OUTAGE_S = 1.1, 0.3
"""In the first every car reports at least once while something is killed; the second is the suite's, whose time is scarce."""


async def kill(name: str, service: Running, guarded: Guarded, gateway: Elsewhere, outage_s: float) -> None:
    """kill -9, and start again after a while; the supervisor of `twin serve` starts the bus process at once."""
    if name == "bus":
        service.kill("bus")
        await asyncio.sleep(outage_s)
        return
    one = guarded.broker if name == "broker" else gateway
    await asyncio.to_thread(one.kill)
    await asyncio.sleep(outage_s)
    await asyncio.to_thread(one.start)


class Cars(Fleet):
    """Report once a second, 10 m farther each time; one after the other drives through the zone."""

    def report(self, vehicle: int, **more: Any) -> None:
        """See `Fleet`."""
        metres = 10 * len(self.reported[vehicle]) - 20 * vehicle
        super().report(vehicle, **{"lon": round(119.29 + metres * 1e-5, 6), **more})


class Crowd:
    """Terminals of a gateway elsewhere, gates that publish, and somebody who hears all events."""

    def __init__(self, service: Running, guarded: Guarded, port: int) -> None:
        self.service = service
        self.fleet = Cars(VEHICLES, port, every_s=1.0)
        self.gates = [Publisher(guarded, key, asks=bool(number % 2)) for number, key in enumerate(KEYS)]
        self.listener = Listener(service, 0)
        self.seconds: dict[str, list[float]] = {}

    async def under(self, kills: list[str], guarded: Guarded, gateway: Elsewhere, *, outage_s: float) -> None:
        """Kill one after the other, each time after some more was acknowledged to each and the state has come right again; then end."""
        rng = random.Random(len(kills))
        hearing = asyncio.create_task(self.listener.run())
        publishing = [asyncio.create_task(one.run()) for one in self.gates]
        self.fleet.begin()
        for name in kills:
            await self._more(rng.randint(3, 15))
            await kill(name, self.service, guarded, gateway, outage_s)
            self.seconds.setdefault(name, []).append(await self._until_right())
        await self._more(5)
        for one in self.gates:
            one.enough.set()
        await asyncio.gather(*publishing)
        await self.fleet.end()
        await state_comes_right(self.service, self.fleet)
        await self._all_heard(hearing)

    async def _more(self, number: int) -> None:
        def acknowledged() -> list[int]:
            return [*(len(one.acknowledged) for one in self.gates), self.fleet.acknowledged]

        before = acknowledged()
        await eventually(
            lambda: asyncio.sleep(0, acknowledged()),
            lambda now: all(new >= old + number for new, old in zip(now, before, strict=True)),
            "acknowledged",
        )

    async def _until_right(self) -> float:
        """Seconds until every vehicle is where it said to be at this moment, or farther."""
        said = {f"vehicle/{plate_of(one)}": fixes[-1].lon for one, fixes in enumerate(self.fleet.reported)}
        return await seconds_until(
            lambda: lons(self.service), lambda told: all(told.get(one, 0.0) >= lon for one, lon in said.items()), f"the state, {said}"
        )

    async def _all_heard(self, hearing: asyncio.Task[None]) -> None:
        last = await newest(self.service)
        await eventually(lambda: asyncio.sleep(0, self.listener.last), lambda told: told == last, f"heard up to {last}")
        hearing.cancel()
        await asyncio.gather(hearing, return_exceptions=True)

    def check(self) -> None:
        """Each passage that was acknowledged is an event once, each crossing was told once."""
        assert self.listener.gaps == []
        assert self.listener.ids == list(range(1, self.listener.last + 1))
        told = Counter((one["subject"], one["data"]["ticket"]) for one in self.listener.events if one["type"] == "pingshan.passage")
        for gate in self.gates:
            assert [told[f"gate/{gate.key}", number] for number in gate.acknowledged] == [1] * len(gate.acknowledged), gate.key
        assert set(told.values()) == {1}
        crossings = standing(self.listener.events)
        assert crossings
        assert all(found == ["entered", "left"][: len(found)] for found in crossings.values()), crossings

    def check_history(self) -> None:
        """Each that was acknowledged is kept once."""
        history_is_whole(self.service, self.fleet)
        published_once(self.service.home, self.gates)


def standing(events: list[dict[str, Any]]) -> dict[str, list[str]]:
    """The crossings of each vehicle in the order in which they happened, without those that late reports withdrew."""
    withdrawn = {str(one["id"]) for event in events if event["type"] == "pingshan.rederived" for one in event["data"].get("withdrawn", ())}
    found: dict[str, list[str]] = {}
    for one in sorted((one for one in events if one["type"] == "pingshan.fence"), key=lambda one: one["time"]):
        if one["id"] not in withdrawn:
            found.setdefault(one["subject"], []).append(one["data"]["change"])
    return found


def published_once(home: Path, gates: list[Publisher]) -> None:
    """Each passage that was acknowledged is in the history once, and no other twice."""
    readings = ReadingsReader(home / "history")
    for gate in gates:
        kept = Counter(one.observation.value["ticket"] for one in readings.observations(f"gate/{gate.key}", Stream.PASSAGE, limit=10_000))
        assert gate.acknowledged
        assert set(gate.acknowledged) <= kept.keys(), sorted(set(gate.acknowledged) - kept.keys())[:5]
        assert set(kept.values()) == {1}, [number for number, times in kept.items() if times > 1][:5]


async def kept_is_right(service: Running, guarded: Guarded) -> None:
    """What the broker keeps for a machine of vehicles is where each is, under its label."""
    async with httpx2.AsyncClient(base_url=service.url) as client:
        told = (await client.get("live/positions", params={"kind": "vehicle"})).json()["positions"]
    right = {f"pingshan/v1/state/public/{one['id']}": one["lon"] for one in told}
    assert len(right) == VEHICLES

    async def kept() -> dict[str, float]:
        async with listening(guarded, guarded.machines["all"]) as heard:
            await asyncio.sleep(0.5)
            return {topic: data["lon"] for topic, data in heard.kept.items() if "/vehicle/" in topic}

    await eventually(kept, lambda told: told == right, f"kept: {right}")


async def newest(service: Running) -> int:
    """The id of the last event there is."""
    async with httpx2.AsyncClient(base_url=service.url) as client:
        answer = await client.get("events", params={"since": 0, "live": "false"})
    return max((int(line[4:]) for line in answer.text.splitlines() if line.startswith("id: ")), default=0)


def homes(tmp_path: Path) -> tuple[Path, Path]:
    """A home, and that of a gateway elsewhere with the same registers."""
    home, other = tmp_path / "home", tmp_path / "other"
    home.mkdir()
    prepared(home, VEHICLES, gates=GATES)
    shutil.copytree(home, other)
    return home, other


@pytest.mark.parametrize(
    "kills",
    [
        pytest.param({"broker": 5, "bus": 1, "gateway": 1}, id="five of the broker"),
        pytest.param({"bus": 5, "gateway": 5}, id="five of the bus and the gateway", marks=pytest.mark.nightly),
        pytest.param({"broker": 20}, id="twenty of the broker", marks=pytest.mark.nightly),
        pytest.param({"bus": 20}, id="twenty of the bus", marks=pytest.mark.nightly),
        pytest.param({"gateway": 20}, id="twenty of the gateway", marks=pytest.mark.nightly),
    ],
)
def test_what_was_acknowledged_over_the_bus_is_kept_and_told_once(
    tmp_path: Path, kills: dict[str, int], record_property: Callable[[str, Any], None]
) -> None:
    home, other = homes(tmp_path)
    order = [name for name, times in kills.items() for _ in range(times)]
    random.Random(len(order)).shuffle(order)
    outage_s = SHORT_OUTAGE_S if sum(kills.values()) < 10 else OUTAGE_S
    port = free_port()

    async def run(service: Running, guarded: Guarded, gateway: Elsewhere) -> Crowd:
        await until_broker_served(service)
        crowd = Crowd(service, guarded, port)
        await crowd.under(order, guarded, gateway, outage_s=outage_s)
        await kept_is_right(service, guarded)
        crowd.check()
        return crowd

    with (
        a_guarded_broker(home, {"all": ["*"]}, gateways=["south"], devices=DEVICES) as guarded,
        broker_served(home, guarded) as service,
        elsewhere(other, guarded, "south", "--port", str(port)) as gateway,
    ):
        crowd = asyncio.run(run(service, guarded, gateway))
    for name, seconds in crowd.seconds.items() if outage_s == OUTAGE_S else ():
        record_property(f"seconds until the state is right after {name}", [round(one, 2) for one in seconds])
    crowd.check_history()
