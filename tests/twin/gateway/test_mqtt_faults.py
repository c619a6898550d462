"""The broker killed under load, a link that speaks to what is no broker of MQTT 5, memory bounded."""

import asyncio
import json
import shutil
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion

from sensors import Batch
from tests.conftest import require
from tests.mosquitto import Broker, running_broker
from tests.twin.gateway.conftest import FakeInlet, in_background, until
from tests.twin.gateway.test_mqtt import TOPIC, body, client_of, gateway_of, ids_of
from twin.gateway import mqtt
from twin.gateway.bus_address import BusAddress
from twin.gateway.mqtt_heard import Heard, LinkNews
from twin.gateway.mqtt_link import MqttLink


class Device:
    """A device that publishes events by paho, in a thread of its own, and knows which of them the broker has acknowledged."""

    def __init__(self, port: int, *, messages: int, per_second: float) -> None:
        self._sent: list[MQTTMessageInfo] = []
        self._client = Client(CallbackAPIVersion.VERSION2, client_id="device", clean_session=False)
        self._client.max_inflight_messages_set(200)
        self._client.max_queued_messages_set(0)
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._thread = threading.Thread(target=self._publish, args=(messages, per_second))
        self._thread.start()

    @property
    def acknowledged(self) -> set[int]:
        return {number for number, info in enumerate(list(self._sent)) if info._published}

    def stop(self) -> None:
        self._thread.join()
        self._client.disconnect()
        self._client.loop_stop()

    def _publish(self, messages: int, per_second: float) -> None:
        began = time.perf_counter()
        for number in range(messages):
            self._sent.append(self._client.publish(TOPIC, body(number), qos=1))
            time.sleep(max(0.0, began + number / per_second - time.perf_counter()))


class NumberedInlet(FakeInlet):
    """Knows the numbers of the events it was given, without looking through all of them."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers: list[int] = []

    async def offer(self, batch: Batch) -> None:
        self.numbers += [int(json.loads(raw)["id"]) for raw in batch.raw]


async def kill_under_load(broker: Broker, *, rounds: int, messages: int) -> None:
    """Kill the broker again and again while a device publishes; what it acknowledged until then is committed, and nothing twice."""
    inlet, total = NumberedInlet(), rounds * messages
    gateway = gateway_of(broker, inlet)
    async with in_background(gateway.run()):
        await gateway.link.connected.wait()
        await asyncio.sleep(1.2)  # the broker has saved the session
        device = Device(broker.port, messages=total, per_second=2000)
        try:
            for number in range(rounds):
                await until(lambda number=number: len(inlet.numbers) > messages * number + messages // 2)  # type: ignore[misc]
                broker.kill()
                acknowledged = device.acknowledged
                await until(lambda acknowledged=acknowledged: acknowledged <= set(inlet.numbers))  # type: ignore[misc]
                broker.start()
            await until(lambda: len(inlet.numbers) >= total, seconds=60)
        finally:
            device.stop()
    assert sorted(inlet.numbers) == list(range(total))


def test_five_kills_of_the_broker_under_load_lose_nothing_that_it_acknowledged_to_a_device(broker: Broker) -> None:
    asyncio.run(kill_under_load(broker, rounds=5, messages=600))


@pytest.mark.nightly
def test_twenty_kills_of_the_broker_under_load_lose_nothing(broker: Broker) -> None:
    asyncio.run(kill_under_load(broker, rounds=20, messages=2000))


def test_what_an_absent_gateway_would_have_got_outlives_a_kill_once_the_broker_has_saved_it(broker: Broker) -> None:
    async def run() -> None:
        inlet = FakeInlet()
        first = gateway_of(broker, inlet)
        async with in_background(first.run()):
            await first.link.connected.wait()
        async with client_of(broker) as client:
            for number in range(20):
                await client.publish(TOPIC, body(number), qos=1)
        await asyncio.sleep(2.2)
        broker.kill()
        broker.start()
        async with in_background(gateway_of(broker, inlet).run()):
            await until(lambda: inlet.said == 20)

    asyncio.run(run())


def test_a_list_of_who_may_what_read_anew_disturbs_no_gateway(broker: Broker) -> None:
    async def run() -> None:
        inlet = FakeInlet()
        gateway = gateway_of(broker, inlet)
        async with in_background(gateway.run()), client_of(broker) as client:
            await gateway.link.connected.wait()
            broker.reload()
            await asyncio.sleep(0.2)
            await client.publish(TOPIC, body(1), qos=1)
            await until(lambda: inlet.said == 1)

    asyncio.run(run())


class OldBroker(asyncio.Protocol):
    """Speaks MQTT 3.1.1 and refuses 5; answers a connection and a subscription, then publishes one message. Keeps what it was sent."""

    def __init__(self, received: list[bytes]) -> None:
        self.received = received

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received.append(data)
        kind = data[0] >> 4
        if kind == 1:
            level = data[8]
            self.transport.write(bytes([0x20, 2, 0, 0 if level == 4 else 1]))
            if level != 4:
                self.transport.close()
        elif kind == 8:
            self.transport.write(bytes([0x90, 3, data[2], data[3], 1]))
            topic = TOPIC.encode()
            rest = len(topic).to_bytes(2, "big") + topic + b"\x00\x07" + json.dumps({}).encode()
            self.transport.write(bytes([0x32, len(rest)]) + rest)


def test_what_was_heard_on_an_earlier_connection_is_not_acknowledged_on_a_later(broker: Broker) -> None:
    """The number it had may be that of another message by now."""

    async def run() -> None:
        heard: list[Heard] = []
        topics = ("pingshan/v1/+/+/+",)
        link = MqttLink(address=BusAddress.parse(broker.url), client_id="x", subscriptions=topics, heard=heard.append)
        async with in_background(link.run()):
            await link.connected.wait()
            async with client_of(broker) as client:
                await client.publish(TOPIC, body(1), qos=1)
            await until(lambda: len(heard) == 1)
            broker.stop()
            await until(lambda: not link.connected.is_set())
            assert not link.acknowledge(heard[0])
            broker.start()
            await until(lambda: len(heard) == 2)
            assert heard[1].duplicate
            assert not link.acknowledge(heard[0])
            assert link.acknowledge(heard[1])

    asyncio.run(run())


def test_a_broker_of_mqtt_3_is_spoken_to_in_its_own_words_without_sharing() -> None:
    async def run() -> None:
        received: list[bytes] = []
        news: list[LinkNews] = []
        server = await asyncio.get_running_loop().create_server(lambda: OldBroker(received), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        inlet = FakeInlet()
        address = BusAddress.parse(f"mqtt://127.0.0.1:{port}")
        gateway = mqtt.MqttGateway(address=address, inlet=inlet, name="n", news=news.append, shared=True)
        async with in_background(gateway.run()):
            await until(lambda: inlet.said == 1)
            await until(lambda: bytes([0x40, 2, 0, 7]) in received)
        assert news[0] == LinkNews(up=True, notes=("BUS_MQTT_3", "BUS_NOT_SHARED"))
        assert any(b"pingshan/v1/+/+/+" in data and b"$share" not in data for data in received)
        server.close()

    asyncio.run(run())


def test_who_is_refused_is_told_why_and_tries_again(broker: Broker) -> None:
    async def run() -> None:
        news: list[LinkNews] = []
        link = MqttLink(address=BusAddress.parse("mqtt://127.0.0.1:1"), client_id="x", news=news.append)
        async with in_background(link.run()):
            await until(lambda: bool(news))
            await asyncio.sleep(0.5)
        assert [one.up for one in news] == [False]

    asyncio.run(run())


def test_a_gateway_holds_no_more_than_it_may_and_gets_the_rest_later(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        monkeypatch.setattr(mqtt, "MOST_WAITING_BYTES", 50_000)
        inlet = FakeInlet()
        inlet.gate.clear()
        gateway = gateway_of(broker, inlet)
        padding: dict[str, Any] = {"text": "x" * 10_000}
        async with in_background(gateway.run()), client_of(broker) as client:
            await gateway.link.connected.wait()
            for number in range(100):
                await client.publish(TOPIC, body(number, **padding), qos=1)
            await asyncio.sleep(0.3)
            assert sum(len(one.payload) for one in gateway._waiting) < 70_000
            inlet.gate.set()
            await until(lambda: inlet.said == 100)
        assert ids_of(inlet) == list(range(100))

    asyncio.run(run())


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A folder with a certificate of 127.0.0.1 that is its own authority, and its key."""
    program = shutil.which("openssl")
    require(program is not None, "openssl", "apt-get install -y --no-install-recommends openssl")
    command = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=bus -addext subjectAltName=IP:127.0.0.1"
    files = ["-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "bus.pem")]
    subprocess.run([str(program), *command.split(), *files], check=True, capture_output=True)
    return tmp_path


def test_over_tls_all_of_a_burst_is_read_and_a_certificate_nobody_vouches_for_is_refused(mosquitto: Path, certificate: Path) -> None:
    async def run(broker: Broker) -> None:
        url, news = f"mqtts://127.0.0.1:{broker.port}", list[LinkNews]()
        inlet = FakeInlet()
        gateway = gateway_of(broker, inlet, address=BusAddress.parse(url, ca_file=certificate / "bus.pem"))
        async with in_background(gateway.run()):
            await gateway.link.connected.wait()
            for number in range(1500):
                gateway.link.publish(TOPIC, body(number))
            await until(lambda: inlet.said == 1500)
        stranger = MqttLink(address=BusAddress.parse(url), client_id="x", news=news.append)
        async with in_background(stranger.run()):
            await until(lambda: bool(news))
        assert not news[0].up
        assert "certificate" in news[0].reason

    lines = ["allow_anonymous true", f"certfile {certificate / 'bus.pem'}", f"keyfile {certificate / 'key.pem'}"]
    with running_broker(mosquitto, lines=lines) as broker:
        asyncio.run(run(broker))
