"""MQTT in, through a real Mosquitto, with real clients."""

import asyncio
import json
from typing import Any

import pytest
from paho.mqtt.client import CallbackAPIVersion, Client, MQTTProtocolVersion

from tests.mosquitto import Broker
from tests.twin.gateway.conftest import FakeInlet, in_background, until
from twin.gateway.bus_address import BusAddress
from twin.gateway.mqtt import MqttGateway

TOPIC = "pingshan/v1/vehicle/闽A12345/position"


def event(number: int, **data: Any) -> dict[str, Any]:
    place = {"lon": 119.3, "lat": 26.1, "time": "2026-11-27T08:00:00Z"}
    return {"specversion": "1.0", "id": str(number), "source": "/terminals/7", "type": "pingshan.position", "data": place | data}


def gateway_of(broker: Broker, inlet: FakeInlet, **more: Any) -> MqttGateway:
    return MqttGateway(address=BusAddress.parse(broker.url), inlet=inlet, name="north", **more)


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
            payload = json.dumps(event(1, speed_kmh=36.5)).encode()
            client.publish(TOPIC, payload, qos=1).wait_for_publish(10)
            await until(lambda: inlet.said == 1)
            client.disconnect()
            client.loop_stop()
        (batch,) = inlet.batches
        assert batch.devices == ("vehicle/闽A12345",)
        assert batch.raw == (payload,)
        (fix,) = batch.fixes
        assert (fix["lon_e7"], fix["lat_e7"], fix["speed_dkmh"], fix["status"]) == (1_193_000_000, 261_000_000, 365, 1)
        assert fix["fix_us"] == 1_795_766_400_000_000

    asyncio.run(run())
