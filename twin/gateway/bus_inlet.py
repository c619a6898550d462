"""The hub beyond this machine: an `Inlet` that hands batches over a broker and returns when the hub has committed them."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field

from sensors import Batch, InletGone, InletRefused
from sensors.mqtt_payload import BATCH_TYPE
from sensors.mqtt_topic import batch_topic, done_topic
from twin.gateway.bus_address import BusAddress
from twin.gateway.mqtt_heard import Heard, LinkNews
from twin.gateway.mqtt_link import MqttLink

__all__ = ["BusInlet"]


@dataclass(kw_only=True, eq=False)
class BusInlet:
    """`gateway` is the name that the broker's list gives rights to. The broker's own acknowledgement counts for nothing: a batch is sent
    again every `again_s` until the hub answers, and the hub counts the same (source, number) once. `run` must run beside `offer`."""

    address: BusAddress
    gateway: str
    news: Callable[[LinkNews], None] = lambda news: None
    again_s: float = 5.0
    give_up_s: float = 30.0
    sent: int = field(default=0, init=False)
    _waiting: dict[tuple[str, int], asyncio.Future[str]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.link = MqttLink(
            address=self.address,
            client_id=f"twin-inlet-{self.gateway}",
            subscriptions=(done_topic(self.gateway, "+"),),
            heard=self._hear,
            news=self.news,
            clean=True,
        )

    async def run(self) -> None:
        """Keep the connection until cancelled."""
        await self.link.run()

    async def offer(self, batch: Batch) -> None:
        """Return when the hub has committed the batch; InletRefused with its reason, InletGone where it does not answer in `give_up_s`."""
        key, packed = (batch.source, batch.number), batch.pack()
        answer = self._waiting.setdefault(key, asyncio.get_running_loop().create_future())
        try:
            async with asyncio.timeout(self.give_up_s):
                while not answer.done():
                    await self.link.connected.wait()
                    self.sent += 1
                    self.link.publish(batch_topic(self.gateway, batch.number), packed, content_type=BATCH_TYPE)
                    await asyncio.wait([answer], timeout=self.again_s)
        except TimeoutError:
            raise InletGone(f"the hub did not answer on {self.address} within {self.give_up_s:g} s", path=batch.source) from None
        finally:
            self._waiting.pop(key, None)
        if why := answer.result():
            raise InletRefused(why, path=batch.source)

    def _hear(self, heard: Heard) -> None:
        self.link.acknowledge(heard)
        try:
            told = json.loads(heard.payload)
            source, number, why = told["source"], told["number"], str(told.get("refused", ""))
        except (ValueError, KeyError, TypeError, AttributeError):
            return
        for key, answer in self._waiting.items():
            if key[1] == number and source in (key[0], None) and not answer.done():
                answer.set_result(why)
