"""Gateways that share what devices publish, one of them beyond the bus, and two workers: one twin."""

import asyncio
import json
from collections import Counter
from pathlib import Path

from sensors import Stream
from tests.mosquitto import Broker
from tests.twin.gateway.conftest import in_background, until
from tests.twin.gateway.test_mqtt import client_of
from tests.twin.hub.running import a_running_hub
from twin.gateway.bus_address import BusAddress
from twin.gateway.bus_inlet import BusInlet
from twin.gateway.bus_outlet import BusOutlet
from twin.gateway.mqtt import MqttGateway
from twin.history.readings import ReadingsReader
from twin.hub.client import HubClient
from twin.hub.meeting import Meeting
from twin.queries.live.replica import Replica
from twin.settings import Settings
from twin.store import Store

MESSAGES = 200
GATE = "gate/G-1"


def passage(number: int) -> bytes:
    data = {"direction": "in", "subject": "person", "ticket": number}
    event = {"specversion": "1.0", "id": str(number), "source": "/gates/1", "type": "pingshan.v1.passage", "data": data}
    return json.dumps(event).encode()


def test_what_two_gateways_share_is_in_the_history_once_and_every_worker_knows_of_all(broker: Broker, tmp_path: Path) -> None:
    with Store.open(Settings(home=tmp_path).database_url) as store:
        store.migrate()

    async def run() -> None:
        address, meeting = BusAddress.parse(broker.url), Meeting(tmp_path)
        replicas = [Replica(), Replica()]
        workers = [HubClient(meeting, changed=one.take) for one in replicas]
        hub, south = HubClient(meeting), BusInlet(address=address, gateway="south")
        here = MqttGateway(address=address, inlet=hub, name="twin", shared=True)
        there = MqttGateway(address=address, inlet=south, name="south", shared=True)
        works = (*workers, hub, BusOutlet(address=address, inlet=hub), south, here, there)
        async with in_background(asyncio.gather(*(one.run() for one in works))), client_of(broker) as client:
            await asyncio.gather(here.link.connected.wait(), there.link.connected.wait(), south.link.connected.wait())
            for number in range(MESSAGES):
                await client.publish(f"pingshan/v1/{GATE}/passage", passage(number), qos=1)
            await until(lambda: here.committed + there.committed == MESSAGES)
            assert min(here.committed, there.committed) > 0
            await until(lambda: all(one.state.still.get(GATE, {}).get("in") == MESSAGES for one in replicas))

    with a_running_hub(tmp_path):
        asyncio.run(run())
    kept = ReadingsReader(tmp_path / "history").observations(GATE, Stream.PASSAGE)
    assert Counter(one.observation.value["ticket"] for one in kept) == dict.fromkeys(range(MESSAGES), 1)
