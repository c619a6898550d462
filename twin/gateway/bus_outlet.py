"""The hub's side of the bus: batches of gateways elsewhere come in, and are answered when they are committed."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from sensors import Batch, BatchInvalid, Inlet, InletGone, InletRefused
from sensors.errors import TopicInvalid
from sensors.mqtt_topic import ROOT, done_topic, unescape_level
from twin.gateway.bus_address import BusAddress
from twin.gateway.mqtt_heard import Heard, LinkNews
from twin.gateway.mqtt_link import MqttLink

__all__ = ["BusOutlet"]

BATCHES = f"{ROOT}/bus/batch/+/+"
OF_TERMINALS, VEHICLE = "jt808-", "vehicle/"
"""How sources of batches begin that say what terminals said, and addresses of vehicles."""
MOST_AT_ONCE = 64


@dataclass(kw_only=True, eq=False)
class BusOutlet:
    """Hands batches to the hub's own `inlet`. The gateway's name, which the broker vouches for, stands before the source: what one gateway
    calls its batch never hides another's."""

    address: BusAddress
    inlet: Inlet
    news: Callable[[LinkNews], None] = lambda news: None
    committed: int = field(default=0, init=False)
    refused: int = field(default=0, init=False)
    gateways: dict[str, tuple[int, int]] = field(default_factory=dict, init=False)
    """Those elsewhere: how many batches of each were committed, and when the last was (microseconds of UTC)."""
    terminals: dict[str, str] = field(default_factory=dict, init=False)
    """Vehicle → the gateway elsewhere that last handed over what its terminal said."""
    _offering: dict[tuple[str, int], asyncio.Future[None]] = field(default_factory=dict, init=False)
    _taken: asyncio.Queue[tuple[Heard, asyncio.Task[None]]] = field(default_factory=asyncio.Queue, init=False)

    def __post_init__(self) -> None:
        self.link = MqttLink(
            address=self.address,
            client_id="twin-hub-batches",
            subscriptions=(BATCHES,),
            heard=self._hear,
            news=self.news,
            receive_maximum=MOST_AT_ONCE,
        )

    async def run(self) -> None:
        """Take in until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.link.run())
            tasks.create_task(self._acknowledge())

    def _hear(self, heard: Heard) -> None:
        """Offered at once: the hub commits together what it has, and a batch waits for no other."""
        self._taken.put_nowait((heard, asyncio.ensure_future(self._take(heard))))

    async def _acknowledge(self) -> None:
        """In the order they came (MQTT 5, 4.6)."""
        while True:
            heard, taken = await self._taken.get()
            await taken
            self.link.acknowledge(heard)

    async def _take(self, heard: Heard) -> None:
        """Commit one batch and tell its gateway; one that is refused is acknowledged to the broker all the same: the gateway has it yet."""
        try:
            level, number = heard.topic.split("/")[-2:]
            gateway, counted = unescape_level(level), int(number)
        except (ValueError, TopicInvalid):
            self.refused += 1
            return
        told: dict[str, object] = {"source": None, "number": counted}
        try:
            batch = Batch.unpack(heard.payload)
            told = {"source": batch.source, "number": batch.number}
            await self._offer(replace(batch, source=f"{gateway}/{batch.source}"))
            self.committed += 1
            self.gateways[gateway] = self.gateways.get(gateway, (0, 0))[0] + 1, time.time_ns() // 1000
            if batch.source.startswith(OF_TERMINALS):
                devices = {*batch.devices, *(one.device for one in batch.others)}
                self.terminals.update((one, gateway) for one in devices if one.startswith(VEHICLE))
        except (BatchInvalid, InletGone, InletRefused) as error:
            self.refused += 1
            told |= {"refused": f"{error.code}: {error.message}", "gone": isinstance(error, InletGone)}
        self.link.publish(done_topic(gateway, number), json.dumps(told, ensure_ascii=False).encode(), content_type="application/json")

    async def _offer(self, batch: Batch) -> None:
        """A batch that comes again while it is being committed waits for the same commit."""
        name = batch.source, batch.number
        offering = self._offering.get(name)
        if offering is None:
            offering = self._offering[name] = asyncio.ensure_future(self.inlet.offer(batch))
            offering.add_done_callback(lambda done: self._offering.pop(name, None))
        await asyncio.shield(offering)
