"""The hub beyond this machine: an `Inlet` that hands batches over a broker and returns when the hub has committed them."""

import asyncio
import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sensors import Batch, InletGone, InletRefused
from sensors.mqtt_payload import BATCH_TYPE
from sensors.mqtt_topic import batch_topic, done_topic
from twin.gateway.bus_address import BusAddress
from twin.gateway.mqtt_heard import Heard, LinkNews
from twin.gateway.mqtt_link import MqttLink

__all__ = ["BusInlet"]


@dataclass(kw_only=True, eq=False)
class BusInlet:
    """`gateway` is the name that the broker's list gives rights to. The broker's own acknowledgement counts for nothing: a batch that was
    not answered is sent again after 1, 2, 4 seconds, every `again_s` at last, and whenever the broker is back; the hub counts the same
    (source, number) once. `run` must run beside `offer`."""

    address: BusAddress
    gateway: str
    news: Callable[[LinkNews], None] = lambda news: None
    again_s: float = 5.0
    give_up_s: float = 30.0
    sent: int = field(default=0, init=False)
    _waiting: dict[tuple[str, int], asyncio.Future[InletGone | InletRefused | None]] = field(default_factory=dict, init=False)
    _back: asyncio.Future[None] | None = field(default=None, init=False)
    """Done when the broker is back, the next time."""

    def __post_init__(self) -> None:
        self.link = MqttLink(
            address=self.address,
            client_id=f"twin-inlet-{self.gateway}",
            subscriptions=(done_topic(self.gateway, "+"),),
            heard=self._hear,
            news=self._tell,
            clean=True,
        )

    async def run(self) -> None:
        """Keep the connection until cancelled."""
        await self.link.run()

    async def offer(self, batch: Batch) -> None:
        """Return when the hub has committed the batch; InletRefused with its reason, InletGone where it does not answer in `give_up_s` or
        who answers for it says that it is away."""
        key, packed = (batch.source, batch.number), batch.pack()
        answer = self._waiting.setdefault(key, asyncio.get_running_loop().create_future())
        try:
            async with asyncio.timeout(self.give_up_s):
                await self._send_until(answer, batch.number, packed)
        except TimeoutError:
            raise InletGone(f"the hub did not answer on {self.address} within {self.give_up_s:g} s", path=batch.source) from None
        finally:
            self._waiting.pop(key, None)
        if (error := answer.result()) is not None:
            raise error

    async def _send_until(self, answer: asyncio.Future[InletGone | InletRefused | None], number: int, packed: bytes) -> None:
        """What the broker has not acknowledged yet is sent again by the link itself."""
        sent: asyncio.Future[None] | None = None
        for wait_s in _waits(self.again_s):
            await self.link.connected.wait()
            if sent is None or sent.done():
                self.sent += 1
                sent = self.link.publish(batch_topic(self.gateway, number), packed, content_type=BATCH_TYPE)
            if self._back is None or self._back.done():
                self._back = asyncio.get_running_loop().create_future()
            ends: list[asyncio.Future[Any]] = [answer, self._back]
            await asyncio.wait(ends, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
            if answer.done():
                return

    def _tell(self, news: LinkNews) -> None:
        if news.up and self._back is not None and not self._back.done():
            self._back.set_result(None)
        self.news(news)

    def _hear(self, heard: Heard) -> None:
        self.link.acknowledge(heard)
        try:
            told = json.loads(heard.payload)
            source, number, why, gone = told["source"], told["number"], str(told.get("refused", "")), told.get("gone") is True
        except (ValueError, KeyError, TypeError, AttributeError):
            return
        for key, answer in self._waiting.items():
            if key[1] == number and source in (key[0], None) and not answer.done():
                kind = InletGone if gone else InletRefused
                answer.set_result(kind(why, path=key[0]) if why else None)


def _waits(most_s: float) -> Iterator[float]:
    """Seconds until it is sent again.

    >>> list(itertools.islice(_waits(5.0), 5))
    [1.0, 2.0, 4.0, 5.0, 5.0]
    """
    return itertools.chain((min(most_s, wait_s) for wait_s in (1.0, 2.0, 4.0)), itertools.repeat(most_s))
