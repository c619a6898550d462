"""MQTT in, through a real Mosquitto, with real clients."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import aiomqtt
import numpy as np
import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from sensors import FIX, Batch, InletGone, InletRefused, Stream
from sensors.mqtt_topic import answer_topic
from tests.mosquitto import Broker
from tests.twin.gateway.conftest import FakeInlet, in_background, until
from twin.gateway.bus_address import BusAddress
from twin.gateway.mqtt import MqttGateway
from twin.gateway.mqtt_heard import LinkNews

TOPIC = "pingshan/v1/vehicle/闽A12345/position"


def event(number: int, **data: Any) -> dict[str, Any]:
    place = {"lon": 119.3, "lat": 26.1, "time": "2026-11-27T08:00:00Z"}
    return {"specversion": "1.0", "id": str(number), "source": "/terminals/7", "type": "pingshan.position", "data": place | data}


def body(number: int, **data: Any) -> bytes:
    return json.dumps(event(number, **data)).encode()


def gateway_of(broker: Broker, inlet: FakeInlet, **more: Any) -> MqttGateway:
    return MqttGateway(**({"address": BusAddress.parse(broker.url), "inlet": inlet, "name": "north"} | more))


def client_of(broker: Broker) -> aiomqtt.Client:
    return aiomqtt.Client("127.0.0.1", broker.port, protocol=aiomqtt.ProtocolVersion.V5)


def ids_of(inlet: FakeInlet) -> list[int]:
    return [int(json.loads(raw)["id"]) for batch in inlet.batches for raw in batch.raw]


def played(broker: Broker, play: Callable[[MqttGateway, FakeInlet, aiomqtt.Client], Awaitable[None]]) -> None:
    """Run a play with a connected gateway, its inlet and a client."""

    async def run() -> None:
        inlet = FakeInlet()
        gateway = gateway_of(broker, inlet)
        async with in_background(gateway.run()):
            await gateway.link.connected.wait()
            async with client_of(broker) as client:
                await play(gateway, inlet, client)

    asyncio.run(run())


@pytest.mark.parametrize("version", [MQTTProtocolVersion.MQTTv311, MQTTProtocolVersion.MQTTv5])
def test_a_position_that_paho_publishes_is_a_fix_beside_its_bytes(broker: Broker, version: MQTTProtocolVersion) -> None:
    async def run() -> None:
        inlet = FakeInlet()
        gateway = gateway_of(broker, inlet)
        async with in_background(gateway.run()):
            await gateway.link.connected.wait()
            client = Client(CallbackAPIVersion.VERSION2, protocol=version)
            client.connect("127.0.0.1", broker.port)
            client.loop_start()
            client.publish(TOPIC, body(1, speed_kmh=36.5), qos=1).wait_for_publish(10)
            await until(lambda: inlet.said == 1)
            client.disconnect()
            client.loop_stop()
        (batch,) = inlet.batches
        assert batch.devices == ("vehicle/闽A12345",)
        assert batch.raw == (body(1, speed_kmh=36.5),)
        (fix,) = batch.fixes
        assert (fix["lon_e7"], fix["lat_e7"], fix["speed_dkmh"], fix["status"]) == (1_193_000_000, 261_000_000, 365, 1)
        assert fix["fix_us"] == 1_795_766_400_000_000

    asyncio.run(run())


def test_arrays_binary_events_and_packed_batches_of_aiomqtt_are_taken(broker: Broker) -> None:
    async def play(gateway: MqttGateway, inlet: FakeInlet, client: aiomqtt.Client) -> None:
        await client.publish(TOPIC, json.dumps([event(1), event(2)]), qos=1)
        binary = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        binary.ContentType = "application/json"
        binary.UserProperty = [("specversion", "1.0"), ("id", "3"), ("source", "/a"), ("type", "t")]
        await client.publish("pingshan/v1/gate/西门/passage", '{"direction": "in", "subject": "person"}', qos=1, properties=binary)
        packed = Batch(source="b", number=1, devices=("vehicle/闽A12345",), fixes=np.zeros(3, dtype=FIX))
        await client.publish(TOPIC, packed.pack(), qos=1)
        await until(lambda: inlet.said == 6)
        others = [one for batch in inlet.batches for one in batch.others]
        assert [(one.device, one.stream, one.value["event"]) for one in others] == [("gate/西门", Stream.PASSAGE, ["/a", "3"])]

    played(broker, play)


def test_what_cannot_be_taken_is_acknowledged_kept_and_told(broker: Broker) -> None:
    async def play(gateway: MqttGateway, inlet: FakeInlet, client: aiomqtt.Client) -> None:
        await client.publish(TOPIC, b"\x00 no JSON", qos=1)
        await client.publish(TOPIC, body(1, lon=500), qos=1)
        await client.publish("pingshan/v1/vehicle/A/odd", b"{}", qos=1)
        await client.publish(TOPIC, body(2), qos=1)
        await until(lambda: inlet.said == 4)
        kept = [one for batch in inlet.batches for one in batch.others]
        assert [one.stream for one in kept] == [Stream.UNKNOWN] * 3
        assert [one.raw for one in kept] == [b"\x00 no JSON", body(1, lon=500), b"{}"]
        assert gateway.findings.counts == {"PAYLOAD_INVALID": 2, "TOPIC_INVALID": 1}
        assert [problem.topic for _, problem in gateway.findings.latest()] == ["pingshan/v1/vehicle/A/odd", TOPIC, TOPIC]

    played(broker, play)


def test_an_event_sent_twice_counts_once(broker: Broker) -> None:
    async def play(gateway: MqttGateway, inlet: FakeInlet, client: aiomqtt.Client) -> None:
        for number in (1, 2, 1, 2, 3):
            await client.publish(TOPIC, body(number), qos=1)
        await until(lambda: gateway.messages == 5)
        await until(lambda: inlet.said == 3)
        assert (ids_of(inlet), gateway.repeated) == ([1, 2, 3], 2)

    played(broker, play)


def test_nothing_is_acknowledged_before_it_is_committed(broker: Broker) -> None:
    """A gateway whose inlet answers nothing dies; the next one gets all of it, the one after that nothing."""

    async def run() -> None:
        stuck, inlet, later = FakeInlet(), FakeInlet(), FakeInlet()
        stuck.gate.clear()
        gateway = gateway_of(broker, stuck)
        async with in_background(gateway.run()):
            await gateway.link.connected.wait()
            async with client_of(broker) as client:
                for number in range(20):
                    await client.publish(TOPIC, body(number), qos=1)
            await until(lambda: stuck.offers == 1)
        async with in_background(gateway_of(broker, inlet).run()):
            await until(lambda: inlet.said == 20)
        assert ids_of(inlet) == list(range(20))
        third = gateway_of(broker, later)
        async with in_background(third.run()):
            await third.link.connected.wait()
            await asyncio.sleep(0.2)
        assert later.said == 0

    asyncio.run(run())


def test_an_inlet_that_is_gone_or_full_is_asked_again_with_the_same_batch(broker: Broker) -> None:
    async def play(gateway: MqttGateway, inlet: FakeInlet, client: aiomqtt.Client) -> None:
        inlet.failing = [InletGone("no hub"), InletRefused("disk full")]
        await client.publish(TOPIC, body(1), qos=1)
        await until(lambda: "disk full" in gateway.held)
        await until(lambda: inlet.said == 1)
        assert (inlet.offers, gateway.held, inlet.batches[0].number) == (3, "", 1)

    played(broker, play)


def test_what_is_published_while_the_gateway_is_down_waits_even_if_the_broker_restarts(broker: Broker) -> None:
    async def run() -> None:
        inlet = FakeInlet()
        first = gateway_of(broker, inlet)
        async with in_background(first.run()):
            await first.link.connected.wait()
        async with client_of(broker) as client:
            await client.publish(TOPIC, body(1), qos=1)
        broker.stop()
        broker.start()
        async with client_of(broker) as client:
            await client.publish(TOPIC, body(2), qos=1)
        async with in_background(gateway_of(broker, inlet).run()):
            await until(lambda: inlet.said == 2)
        assert ids_of(inlet) == [1, 2]

    asyncio.run(run())


def test_two_gateways_share_what_is_published(broker: Broker) -> None:
    async def run() -> None:
        first, second = FakeInlet(), FakeInlet()
        one = gateway_of(broker, first, name="a", shared=True)
        two = gateway_of(broker, second, name="b", shared=True)
        async with in_background(one.run()), in_background(two.run()):
            await one.link.connected.wait()
            await two.link.connected.wait()
            async with client_of(broker) as client:
                for number in range(40):
                    await client.publish(TOPIC, body(number), qos=1)
            await until(lambda: first.said + second.said == 40)
        assert sorted(ids_of(first) + ids_of(second)) == list(range(40))
        assert first.said
        assert second.said

    asyncio.run(run())


def test_a_broker_that_goes_is_told_once_and_once_that_it_is_back(broker: Broker) -> None:
    async def run() -> None:
        news: list[LinkNews] = []
        inlet = FakeInlet()
        gateway = gateway_of(broker, inlet, news=news.append)
        async with in_background(gateway.run()):
            await gateway.link.connected.wait()
            broker.kill()
            await until(lambda: len(news) == 2)
            await asyncio.sleep(0.7)
            broker.start()
            await until(lambda: len(news) == 3)
            async with client_of(broker) as client:
                await client.publish(TOPIC, body(1), qos=1)
            await until(lambda: inlet.said == 1)
        assert [one.up for one in news] == [True, False, True]
        assert news[1].reason

    asyncio.run(run())


def test_a_device_of_mqtt_5_is_told_on_its_own_topic_what_is_committed(broker: Broker) -> None:
    async def play(gateway: MqttGateway, inlet: FakeInlet, client: aiomqtt.Client) -> None:
        own, strange = answer_topic("vehicle", "闽A12345", "position"), answer_topic("vehicle", "B", "position")
        await client.subscribe("pingshan/v1/done/#", qos=1)
        inlet.gate.clear()
        for topic, number, payload in ((strange, 1, body(1)), (own, 2, body(2)), (own, 3, b"?")):
            asked = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            asked.ResponseTopic, asked.CorrelationData = topic, str(number).encode()
            await client.publish(TOPIC, payload, qos=1, properties=asked)
        await until(lambda: inlet.offers == 1)
        await asyncio.sleep(0.1)
        assert len(client.messages) == 0
        inlet.gate.set()
        answers = []
        async for message in client.messages:
            assert message.properties is not None
            answers.append((str(message.topic), message.properties.CorrelationData, json.loads(bytes(message.payload))))  # type: ignore[attr-defined]
            if len(answers) == 2:
                break
        assert [answer[:2] for answer in answers] == [(own, b"2"), (own, b"3")]
        assert answers[0][2] == {"committed": True, "problems": []}
        assert answers[1][2]["problems"][0]["code"] == "PAYLOAD_INVALID"

    played(broker, play)
