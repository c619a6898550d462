"""The hub's side of commands over the bus: a gateway elsewhere is asked whether it is there, then told once what a terminal is to do."""

import asyncio
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from sensors.mqtt_topic import ROOT, command_answer_topic, command_topic
from twin.errors import NotReady, Refused
from twin.gateway.bus_address import BusAddress
from twin.gateway.control import ABSENT, answer_of, unknown
from twin.gateway.mqtt_heard import Heard, LinkNews
from twin.gateway.mqtt_link import MqttLink

__all__ = ["BusCommander"]

ANSWERS = f"{ROOT}/bus/answer/+/+"
AWAY = "BUS_GONE"
OFFER_S, ANSWER_S = 5.0, 25.0
"""A gateway takes up what it is handed within 10 s, and waits 10 s for the terminal (`BusCommanded`, `Jt808Server`)."""


@dataclass(kw_only=True, eq=False)
class BusCommander:
    """An order is offered first, without a word of what it says. The gateway answers with a ticket, and is handed the order with it. A
    ticket is good for one time and some seconds of the gateway's own clock: neither what is sent again (here every `again_s`; the broker's
    own acknowledgement counts for nothing) nor a broker that comes back after an hour has a terminal told twice or too late. `run` must
    run beside `command`."""

    address: BusAddress
    news: Callable[[LinkNews], None] = lambda news: None
    offer_s: float = OFFER_S
    answer_s: float = ANSWER_S
    again_s: float = 1.0
    _told: dict[str, asyncio.Queue[dict[str, Any]]] = field(default_factory=dict, init=False)
    """What gateways say of the orders that are waited for, by topic."""

    def __post_init__(self) -> None:
        self.link = MqttLink(
            address=self.address, client_id="twin-hub-commands", subscriptions=(ANSWERS,), heard=self._hear, news=self.news, clean=True
        )

    async def run(self) -> None:
        """Keep the connection until cancelled."""
        await self.link.run()

    async def command(self, gateway: str, order: int, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Have a gateway do something; its answer. `order` names the command for good: the event that tells of it.

        Raises the TwinError that the gateway told; NotReady where the broker is away (`BUS_GONE`), refuses (`BUS_REFUSED`), or the
        gateway is not there (`GATEWAY_ABSENT`): nothing was sent; and where what was handed over was not answered (`COMMAND_UNKNOWN`).
        """
        topic = command_answer_topic(gateway, order)
        told = self._told[topic] = asyncio.Queue()
        try:
            ticket = await self._offer(gateway, order, told)
            try:
                async with asyncio.timeout(self.answer_s):
                    handed = {"ticket": ticket, "name": name, "arguments": dict(arguments)}
                    said = await self._ask(gateway, order, handed, told, lambda said: "ticket" not in said)
            except (TimeoutError, Refused):
                raise unknown(gateway) from None
            return answer_of(said)
        finally:
            del self._told[topic]

    async def _offer(self, gateway: str, order: int, told: asyncio.Queue[dict[str, Any]]) -> str:
        if not self.link.connected.is_set():
            raise self._away(gateway)
        try:
            async with asyncio.timeout(self.offer_s):
                return str((await self._ask(gateway, order, {}, told, lambda said: "ticket" in said))["ticket"])
        except Refused as error:
            raise NotReady(error.message, code=error.code, path=gateway, hint="twin bus acl writes who may do what; reload it") from None
        except TimeoutError:
            if not self.link.connected.is_set():
                raise self._away(gateway) from None
            message = f"gateway {gateway}, which had the terminal last, does not answer on the bus: nothing was sent"
            raise NotReady(message, code=ABSENT, path=gateway, hint="send it again when the vehicle reports") from None

    def _away(self, gateway: str) -> NotReady:
        message = f"{self.address} is away, and gateway {gateway} is beyond it: nothing was sent"
        return NotReady(message, code=AWAY, path=gateway, hint="send it again when the broker is back; twin bus check tells what it says")

    async def _ask(
        self, gateway: str, order: int, asked: Mapping[str, Any], told: asyncio.Queue[dict[str, Any]], is_answer: Callable[[Any], bool]
    ) -> dict[str, Any]:
        """Publish until it is answered. What the broker has not acknowledged yet is sent again by the link itself."""
        topic, payload = command_topic(gateway, order), json.dumps(asked, ensure_ascii=False).encode()
        sent: asyncio.Future[None] | None = None
        while True:
            if sent is not None and sent.done():
                sent.result()
            if sent is None or sent.done():
                sent = self.link.publish(topic, payload, content_type="application/json")
            with suppress(TimeoutError):
                async with asyncio.timeout(self.again_s):
                    while not is_answer(said := await told.get()):
                        continue
                    return said

    def _hear(self, heard: Heard) -> None:
        self.link.acknowledge(heard)
        if (told := self._told.get(heard.topic)) is not None:
            with suppress(ValueError, RecursionError):
                if isinstance(said := json.loads(heard.payload), dict):
                    told.put_nowait(said)
