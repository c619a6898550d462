"""A gateway's side of commands over the bus: it says that it is there, and does what it is handed, once and not late."""

import asyncio
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sensors.mqtt_topic import command_answer_topic, command_topic
from twin.gateway.bus_address import BusAddress
from twin.gateway.control import Command, what_came
from twin.gateway.mqtt_heard import Heard, LinkNews
from twin.gateway.mqtt_link import MqttLink

__all__ = ["BusCommanded"]

TICKET_S, KEPT_S = 10.0, 60.0


@dataclass(slots=True, kw_only=True)
class _Order:
    """What is known of an order: its ticket, until when that is good, whether it was begun, what came of it."""

    ticket: str
    until_s: float
    begun: bool = False
    came: Mapping[str, Any] | None = None


@dataclass(kw_only=True, eq=False)
class BusCommanded:
    """Does `commands` for the hub that the broker's list lets speak to `gateway`. An offer is answered with a ticket; an order is begun
    that comes with the ticket of its number within `ticket_s`. If it comes again, what came of it is told again, for a minute. Any other
    is left alone: it is too late for it, or another process of this gateway was meant, and the hub knows that it does not know."""

    address: BusAddress
    gateway: str
    commands: Mapping[str, Command]
    news: Callable[[LinkNews], None] = lambda news: None
    ticket_s: float = TICKET_S
    now_s: Callable[[], float] = time.monotonic
    left_alone: int = field(default=0, init=False)
    _orders: dict[str, _Order] = field(default_factory=dict, init=False)
    """By number."""
    _doing: set[asyncio.Task[None]] = field(default_factory=set, init=False)

    def __post_init__(self) -> None:
        self.link = MqttLink(
            address=self.address,
            client_id=f"twin-commands-{self.gateway}",
            subscriptions=(command_topic(self.gateway, "+"),),
            heard=self._hear,
            news=self.news,
            clean=True,
        )

    async def run(self) -> None:
        """Take commands until cancelled; what is being done then is not answered."""
        try:
            await self.link.run()
        finally:
            for task in self._doing:
                task.cancel()
            await asyncio.gather(*self._doing, return_exceptions=True)

    def _hear(self, heard: Heard) -> None:
        """Acknowledged before it is done: what is sent again is not done again."""
        self.link.acknowledge(heard)
        number = heard.topic.rpartition("/")[2]
        try:
            asked = json.loads(heard.payload)
            ticket = asked.get("ticket")
        except (ValueError, AttributeError, RecursionError):
            return
        if ticket is None:
            self._answer(number, {"ticket": self._offered(number).ticket})
            return
        order = self._orders.get(number)
        if order is None or order.ticket != ticket or (not order.begun and self.now_s() >= order.until_s):
            self.left_alone += 1
        elif order.came is not None:
            self._answer(number, order.came)
        elif not order.begun:
            order.begun = True
            task = asyncio.ensure_future(self._do(number, order, asked))
            self._doing.add(task)
            task.add_done_callback(self._doing.discard)

    def _offered(self, number: str) -> _Order:
        """An offer that is sent again takes back no ticket that was given, and gives no second one."""
        now_s = self.now_s()
        self._orders = {one: order for one, order in self._orders.items() if now_s < order.until_s + KEPT_S}
        return self._orders.setdefault(number, _Order(ticket=secrets.token_hex(8), until_s=now_s + self.ticket_s))

    async def _do(self, number: str, order: _Order, asked: Mapping[str, Any]) -> None:
        order.came = await what_came(self.commands, asked)
        self._answer(number, order.came)

    def _answer(self, number: str, said: Mapping[str, Any]) -> None:
        payload = json.dumps(said, ensure_ascii=False).encode()
        self.link.publish(command_answer_topic(self.gateway, number), payload, content_type="application/json")
