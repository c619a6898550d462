"""The bus beyond one machine: batches to a hub and back its answers, states kept by label and taken away."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import aiomqtt
import pytest

from sensors import Batch, InletGone, InletRefused, Observation, Stream
from sensors.mqtt_topic import batch_topic
from tests.mosquitto import Broker
from tests.twin.gateway.conftest import FakeInlet, in_background, until
from tests.twin.gateway.test_mqtt import client_of
from twin.gateway.bus_address import BusAddress
from twin.gateway.bus_inlet import BusInlet
from twin.gateway.bus_outlet import BusOutlet
from twin.gateway.bus_states import BusStates
from twin.gateway.bus_told import DeviceSaid, DeviceState


def batch_of(number: int, source: str = "jt808/a@1") -> Batch:
    one = Observation(device="gate/G-1", stream=Stream.STATE, received_us=number, value={"state": "open"})
    return Batch(source=source, number=number, others=(one,))


class OnceInlet(FakeInlet):
    """As the hub does: the same source and number counts once."""

    async def offer(self, batch: Batch) -> None:
        if (batch.source, batch.number) in {(one.source, one.number) for one in self.batches}:
            self.offers += 1
            return
        await super().offer(batch)


@asynccontextmanager
async def bus(broker: Broker, hub: FakeInlet, **more: Any) -> AsyncIterator[BusInlet]:
    address = BusAddress.parse(broker.url)
    inlet, outlet = BusInlet(address=address, gateway="south", **more), BusOutlet(address=address, inlet=hub)
    async with in_background(outlet.run()), in_background(inlet.run()):
        await outlet.link.connected.wait()
        await inlet.link.connected.wait()
        yield inlet


def test_an_offer_over_the_bus_returns_when_the_hub_has_committed_and_not_before(broker: Broker) -> None:
    async def run() -> None:
        hub = OnceInlet()
        hub.gate.clear()
        async with bus(broker, hub) as inlet:
            offers = [asyncio.ensure_future(inlet.offer(batch_of(number))) for number in range(1, 4)]
            await until(lambda: hub.offers == 3)
            await asyncio.sleep(0.1)
            assert not any(offer.done() for offer in offers)
            hub.gate.set()
            await asyncio.gather(*offers)
        assert sorted((one.source, one.number) for one in hub.batches) == [("south/jt808/a@1", number) for number in (1, 2, 3)]
        assert hub.batches[0].others[0].value == {"state": "open"}

    asyncio.run(run())


def test_a_hub_that_refuses_says_why_and_one_that_is_not_there_is_gone(broker: Broker) -> None:
    async def run() -> None:
        hub = OnceInlet(failing=[InletRefused("disk full"), InletGone("being started")])
        async with bus(broker, hub) as inlet:
            with pytest.raises(InletRefused, match="disk full"):
                await inlet.offer(batch_of(1))
            with pytest.raises(InletGone, match="being started"):
                await inlet.offer(batch_of(1))
            await inlet.offer(batch_of(1))
        lonely = BusInlet(address=BusAddress.parse(broker.url), gateway="south", give_up_s=0.3)
        async with in_background(lonely.run()):
            with pytest.raises(InletGone):
                await lonely.offer(batch_of(2))

    asyncio.run(run())


def test_a_batch_that_is_sent_again_counts_once_and_that_of_another_gateway_is_another(broker: Broker) -> None:
    async def run() -> None:
        hub = OnceInlet()
        hub.gate.clear()
        async with bus(broker, hub, again_s=0.1) as inlet:
            offer = asyncio.ensure_future(inlet.offer(batch_of(1)))
            await until(lambda: inlet.sent >= 3)
            hub.gate.set()
            await offer
            other = BusInlet(address=BusAddress.parse(broker.url), gateway="west")
            async with in_background(other.run()):
                await other.offer(batch_of(1))
        assert {one.source for one in hub.batches} == {"south/jt808/a@1", "west/jt808/a@1"}

    asyncio.run(run())


def test_the_broker_killed_between_gateway_and_hub_loses_no_batch(broker: Broker) -> None:
    async def run() -> None:
        hub = OnceInlet()
        async with bus(broker, hub, again_s=0.5) as inlet:
            offers = [asyncio.ensure_future(inlet.offer(batch_of(number))) for number in range(1, 201)]
            await until(lambda: len(hub.batches) > 20)
            broker.kill()
            told = {offer for offer in offers if offer.done()}
            broker.start()
            await asyncio.gather(*offers)
            assert len(told) < 200
        assert {one.number for one in hub.batches} == set(range(1, 201))

    asyncio.run(run())


def test_a_batch_that_comes_again_while_it_is_committed_is_offered_once_and_holds_up_no_other(broker: Broker) -> None:
    async def run() -> None:
        hub = FakeInlet()
        hub.gate.clear()
        async with bus(broker, hub, again_s=0.1) as inlet:
            offers = [asyncio.ensure_future(inlet.offer(batch_of(number))) for number in (1, 2)]
            await until(lambda: inlet.sent >= 6)
            assert hub.offers == 2
            hub.gate.set()
            await asyncio.gather(*offers)

    asyncio.run(run())


def test_what_is_no_batch_is_answered_and_stops_nothing(broker: Broker) -> None:
    async def run() -> None:
        hub = OnceInlet()
        async with bus(broker, hub) as inlet, client_of(broker) as client:
            await client.subscribe("pingshan/v1/bus/done/#", qos=1)
            for topic in (batch_topic("south", 7), "pingshan/v1/bus/batch/%zz/1", "pingshan/v1/bus/batch/south/x"):
                await client.publish(topic, b"PSB1 but no more", qos=1)
            await inlet.offer(batch_of(1))
            message = await anext(aiter(client.messages))
            answer = json.loads(bytes(message.payload))  # type: ignore[arg-type]
            assert (answer["source"], answer["number"]) == (None, 7)
            assert "BATCH_INVALID" in answer["refused"]

    asyncio.run(run())


class Told:
    """What a hub tells, as a test says it."""

    def __init__(self, states: Iterable[DeviceState] = ()) -> None:
        self.states = list(states)
        self.changes: asyncio.Queue[Sequence[DeviceState | DeviceSaid]] = asyncio.Queue()

    def snapshot(self) -> Iterable[DeviceState]:
        return self.states

    async def follow(self) -> AsyncIterator[Sequence[DeviceState | DeviceSaid]]:
        while True:
            yield await self.changes.get()


CAR = DeviceState(kind="vehicle", key="闽A/1", label="public", state={"lon": 119.3}, time_us=0)
PUBLIC, RESTRICTED = "pingshan/v1/state/public/vehicle/闽A%2F1", "pingshan/v1/state/restricted/vehicle/闽A%2F1"


async def kept_by(broker: Broker) -> dict[str, Any]:
    """What somebody hears who comes now: topic → data."""
    found: dict[str, Any] = {}
    async with client_of(broker) as client:
        await client.subscribe("pingshan/v1/state/#", qos=1)
        try:
            async with asyncio.timeout(0.15):
                async for message in client.messages:
                    if message.retain:
                        found[str(message.topic)] = json.loads(bytes(message.payload))["data"]  # type: ignore[arg-type]
        except TimeoutError:
            return found
    return found


async def until_kept(broker: Broker, expected: dict[str, Any]) -> None:
    for _ in range(60):
        if await kept_by(broker) == expected:
            return
    assert await kept_by(broker) == expected


def states_of(broker: Broker, told: Told) -> BusStates:
    return BusStates(address=BusAddress.parse(broker.url), told=told)


def test_the_last_state_of_a_device_is_kept_under_its_label_alone(broker: Broker) -> None:
    async def run() -> None:
        told = Told([CAR])
        async with in_background(states_of(broker, told).run()):
            await until_kept(broker, {PUBLIC: {"lon": 119.3}})
            told.changes.put_nowait([replace(CAR, state={"lon": 119.4})])
            await until_kept(broker, {PUBLIC: {"lon": 119.4}})
            told.changes.put_nowait([replace(CAR, label="restricted", state={"lon": 119.5})])
            await until_kept(broker, {RESTRICTED: {"lon": 119.5}})
            told.changes.put_nowait([replace(CAR, state={"lon": 119.6})])
            await until_kept(broker, {PUBLIC: {"lon": 119.6}})
            told.changes.put_nowait([replace(CAR, label=None)])
            await until_kept(broker, {})

    asyncio.run(run())


def test_a_hub_that_comes_takes_away_what_an_earlier_one_left(broker: Broker) -> None:
    async def run() -> None:
        async with in_background(states_of(broker, Told([CAR, replace(CAR, key="old")])).run()):
            await until_kept(broker, {PUBLIC: {"lon": 119.3}, "pingshan/v1/state/public/vehicle/old": {"lon": 119.3}})
        async with in_background(states_of(broker, Told([replace(CAR, label="restricted")])).run()):
            await until_kept(broker, {RESTRICTED: {"lon": 119.3}})

    asyncio.run(run())


def test_a_broker_that_comes_back_with_an_older_file_shows_no_place_that_became_secret(broker: Broker) -> None:
    async def run() -> None:
        told = Told([CAR])
        states = states_of(broker, told)
        async with in_background(states.run()):
            await until_kept(broker, {PUBLIC: {"lon": 119.3}})
            await asyncio.sleep(2.1)  # the broker has saved it
            moved = replace(CAR, label="restricted")
            told.states = [moved]
            told.changes.put_nowait([moved])
            await until(lambda: states._kept == {("vehicle", "闽A/1"): "restricted"})
            await asyncio.sleep(0.05)
            broker.kill()
            broker.start()
            await until_kept(broker, {RESTRICTED: {"lon": 119.3}})

    asyncio.run(run())


def test_what_is_said_goes_out_under_the_label_of_that_moment_and_without_one_not_at_all(broker: Broker) -> None:
    async def run() -> None:
        told = Told()
        said = DeviceSaid(kind="gate", key="西门", label="public", stream="alarm", id="17", data={"code": "forced"}, time_us=1_000_000)
        async with in_background(states_of(broker, told).run()), client_of(broker) as client:
            await client.subscribe("pingshan/v1/out/#", qos=1)
            told.changes.put_nowait([replace(said, label=None, id="16"), said, replace(said, label="restricted", id="18")])
            heard: list[aiomqtt.Message] = []
            async for message in client.messages:
                heard.append(message)
                if len(heard) == 2:
                    break
        assert [str(message.topic) for message in heard] == [
            f"pingshan/v1/out/{label}/gate/西门/alarm" for label in ("public", "restricted")
        ]
        event = json.loads(bytes(heard[0].payload))  # type: ignore[arg-type]
        assert (event["id"], event["time"], event["subject"]) == ("17", "1970-01-01T00:00:01Z", "gate/西门")
        assert (event["specversion"], event["data"]) == ("1.0", {"code": "forced"})

    asyncio.run(run())


def test_of_what_is_said_while_the_broker_is_away_so_much_waits_and_the_rest_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        monkeypatch.setattr("twin.gateway.bus_states.MOST_SAID", 5)
        told = Told()
        states = BusStates(address=BusAddress.parse("mqtt://127.0.0.1:1"), told=told)
        async with in_background(states.run()):
            said = DeviceSaid(kind="gate", key="1", label="public", stream="alarm", id="1", data={})
            told.changes.put_nowait([said] * 8)
            await until(lambda: states.missed == 3)

    asyncio.run(run())
