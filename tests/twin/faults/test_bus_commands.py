"""A vehicle of a gateway elsewhere is told things over the bus, every process of it real, some of which are killed meanwhile: it is told
nothing twice, and the log says of nothing that it arrived which did not, nor the other way round."""

import asyncio
import shutil
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from sensors.jt808_message import Message
from tests.twin.faults.bus import Elsewhere, broker_served, elsewhere, until_broker_served
from tests.twin.faults.running import Fleet, Running, eventually, free_port, plate_of, prepared
from tests.twin.faults.test_bus_killed import SHORT_OUTAGE_S, kill
from tests.twin.guarded_broker import Guarded, a_guarded_broker

VEHICLE = plate_of(0)
NOT_SENT = {"BUS_GONE", "GATEWAY_ABSENT", "BUS_REFUSED"}
Work = Callable[[Running, Guarded, Elsewhere, "Told"], Awaitable[None]]


class Told:
    """A car that knows what it was told, and an officer who tells it one text after another."""

    def __init__(self, service: Running, port: int) -> None:
        self.service, self.fleet, self.texts = service, Fleet(1, port), list[str]()
        self.fleet.terminals[0].on_message = self._hear
        self._said = 0

    def _hear(self, message: Message) -> None:
        if message.frame.message_id == 0x8300:
            self.texts.append(str(message.fields["text"]))

    async def tell(self) -> dict[str, Any]:
        """The car reports, and is told one more text: the answer of the service, which takes its time where it does not know."""
        self._said += 1
        self.fleet.report(0)
        async with self.service.client(60) as client:
            answer = await client.post(f"live/vehicles/{VEHICLE}/text", json={"text": f"第{self._said}条"})
        return dict(answer.json())

    async def until_told(self) -> dict[str, Any]:
        """Tell until it is answered."""
        return await eventually(self.tell, lambda told: told.get("result") == 0, "told", 0.5)

    async def tell_until(self, killed: asyncio.Event) -> None:
        """One text after another until something is killed, or one is not told."""
        while (await self.tell()).get("result") == 0 and not killed.is_set():
            continue

    async def commands(self) -> list[dict[str, Any]]:
        """What the service says it was told, the newest first."""
        async with self.service.client(20) as client:
            answer = await client.get(f"live/vehicles/{VEHICLE}/commands", params={"limit": 200})
        return list(answer.json()["commands"])

    async def check(self) -> None:
        """The log and the car agree."""
        times, commands = Counter(self.texts), await self.commands()
        assert set(times.values()) == {1}, times
        assert len(commands) <= self._said
        for one in commands:
            text = one["said"]["text"]
            if one["outcome"] == "answered":
                assert (one["gateway"], one["result"], times[text]) == ("south", 0, 1), one
            elif one["code"] in NOT_SENT:
                assert (one["outcome"], times[text]) == ("unanswered", 0), one
        assert times.keys() <= {one["said"]["text"] for one in commands}


def with_a_gateway_elsewhere(tmp_path: Path, work: Work) -> None:
    """Run something beside a service, its broker, and a gateway elsewhere with one car."""
    home, other, port = tmp_path / "home", tmp_path / "other", free_port()
    home.mkdir()
    prepared(home, 1)
    shutil.copytree(home, other)

    async def run(service: Running, guarded: Guarded, gateway: Elsewhere) -> None:
        await until_broker_served(service)
        told = Told(service, port)
        await told.fleet.connect()
        try:
            await work(service, guarded, gateway, told)
            await told.check()
        finally:
            await told.fleet.close()

    with (
        a_guarded_broker(home, {}, gateways=["south"]) as guarded,
        broker_served(home, guarded) as service,
        elsewhere(other, guarded, "south", "--port", str(port)) as gateway,
    ):
        asyncio.run(run(service, guarded, gateway))


@pytest.mark.parametrize("kills", [["broker", "bus"], pytest.param(["broker", "bus", "gateway"] * 5, marks=pytest.mark.nightly)])
def test_a_car_elsewhere_is_told_again_after_each_kill_and_nothing_twice(tmp_path: Path, kills: list[str]) -> None:
    async def work(service: Running, guarded: Guarded, gateway: Elsewhere, told: Told) -> None:
        first = await told.until_told()
        assert (first["gateway"], first["message"], first["zh"]) == ("south", "0x8300", "终端已执行")
        for name in kills:
            await kill(name, service, guarded, gateway, SHORT_OUTAGE_S)
            await told.until_told()

    with_a_gateway_elsewhere(tmp_path, work)


@pytest.mark.nightly
@pytest.mark.parametrize("name", ["broker", "bus", "gateway"])
def test_what_is_under_way_when_something_is_killed_is_told_once_or_not_known(
    tmp_path: Path, name: str, record_property: Callable[[str, Any], None]
) -> None:
    async def work(service: Running, guarded: Guarded, gateway: Elsewhere, told: Told) -> None:
        for _ in range(4):
            await told.until_told()
            killed, heard = asyncio.Event(), len(told.texts)
            telling = [asyncio.create_task(told.tell_until(killed)) for _ in range(8)]
            while len(told.texts) < heard + 5:
                await asyncio.sleep(0.001)
            await kill(name, service, guarded, gateway, SHORT_OUTAGE_S)
            killed.set()
            await asyncio.gather(*telling)
        outcomes = Counter(f"{one['outcome']} {one['code'] or ''}".strip() for one in await told.commands())
        record_property(f"outcomes where {name} is killed", dict(outcomes))

    with_a_gateway_elsewhere(tmp_path, work)


@pytest.mark.nightly
def test_of_what_a_gateway_was_handed_and_took_with_it_the_log_says_that_it_is_not_known(tmp_path: Path) -> None:
    async def work(service: Running, guarded: Guarded, gateway: Elsewhere, told: Told) -> None:
        await told.until_told()
        transport = told.fleet.terminals[0].transport
        assert transport is not None
        transport.pause_reading()
        telling = asyncio.create_task(told.tell())
        await asyncio.sleep(2.0)
        assert not telling.done()
        await kill("gateway", service, guarded, gateway, SHORT_OUTAGE_S)
        answer = await telling
        assert (answer["status"], answer["code"]) == (503, "COMMAND_UNKNOWN")
        last = (await told.commands())[0]
        assert (last["outcome"], last["code"], last["result"]) == ("sent", "COMMAND_UNKNOWN", None)

    with_a_gateway_elsewhere(tmp_path, work)
