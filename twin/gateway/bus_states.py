"""Out for machines: the last state of every device kept by the broker under its label, and what devices say, by label.

A state stands under one label at most: where the label changes it is taken away from the old one first. What the broker kept from before
(an earlier hub, a broker that died and came back with an older file) is looked through at each connection, and what is wrong taken away.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import uuid4

from sensors.mqtt_topic import ROOT, state_topic
from twin.errors import Refused
from twin.gateway.bus_address import BusAddress
from twin.gateway.bus_told import BusTold, DeviceSaid, DeviceState, event_message, state_message
from twin.gateway.mqtt_heard import Heard, LinkNews
from twin.gateway.mqtt_link import MqttLink

__all__ = ["BusStates"]

Device = tuple[str, str]
MOST_UNDER_WAY = 1000
MOST_SAID = 20_000
LEARN_S = 60.0
NO_LABEL = "%"
"""A level that stands for no label: no machine may hear what is below it."""


@dataclass(kw_only=True, eq=False)
class BusStates:
    """Publishes what `told` gives. Of states only the latest waits; of what is said at most 20,000 while the broker is away, and what is
    more is counted in `missed` (whoever needs all of it asks `/events`)."""

    address: BusAddress
    told: BusTold
    news: Callable[[LinkNews], None] = lambda news: None
    missed: int = field(default=0, init=False)
    refused: int = field(default=0, init=False)
    """Messages that the broker did not take: its list of rights is not that of `twin bus acl`."""
    _kept: dict[Device, str] = field(default_factory=dict, init=False)
    _states: dict[Device, DeviceState] = field(default_factory=dict, init=False)
    _said: deque[DeviceSaid] = field(default_factory=deque, init=False)
    _some: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _looked: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.link = MqttLink(address=self.address, client_id="twin-hub-states", news=self.news, clean=True)

    @property
    def kept(self) -> int:
        """How many states the broker keeps."""
        return len(self._kept)

    async def run(self) -> None:
        """Publish until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.link.run())
            tasks.create_task(self._follow())
            tasks.create_task(self._work())

    async def _follow(self) -> None:
        async for rows in self.told.follow():
            for row in rows:
                if isinstance(row, DeviceState):
                    self._states[row.kind, row.key] = row
                elif len(self._said) < MOST_SAID:
                    self._said.append(row)
                else:
                    self.missed += 1
            self._some.set()

    async def _work(self) -> None:
        while True:
            await self.link.connected.wait()
            if self._looked != self.link.connection:
                with suppress(TimeoutError, Refused):
                    await self._look_through()
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await self._some.wait()
            self._some.clear()
            await self._publish()

    async def _publish(self) -> None:
        """States first: what nobody may see any more goes before anything else is said."""
        under_way: list[asyncio.Future[None]] = []
        states, self._states = self._states, {}
        for row in sorted(states.values(), key=lambda row: self._kept.get((row.kind, row.key)) == row.label):
            under_way += self._keep(row)
            under_way = await self._bounded(under_way)
        while self._said:
            row_said = self._said.popleft()
            if row_said.label is not None:
                topic, payload = event_message(row_said, row_said.label)
                under_way.append(self.link.publish(topic, payload, content_type="application/cloudevents+json"))
                under_way = await self._bounded(under_way)
        await self._answered(under_way)

    def _keep(self, row: DeviceState) -> list[asyncio.Future[None]]:
        device = row.kind, row.key
        before, sent = self._kept.get(device), []
        if before is not None and before != row.label:
            sent.append(self.link.publish(state_topic(before, *device), b"", retain=True))
            del self._kept[device]
        if row.label is not None:
            topic, payload = state_message(row, row.label)
            sent.append(self.link.publish(topic, payload, retain=True, content_type="application/cloudevents+json"))
            self._kept[device] = row.label
        return sent

    async def _look_through(self) -> None:
        """Take away what the broker keeps and should not, then have it keep all that is so now."""
        connection = self.link.connection
        topics = await self._learn()
        now = {(row.kind, row.key): row for row in self.told.snapshot()} | self._states
        right = {state_topic(row.label, *device) for device, row in now.items() if row.label is not None}
        await asyncio.gather(*(self.link.publish(topic, b"", retain=True) for topic in topics - right))
        self._kept = {}
        self._states = now
        self._looked = connection
        self._some.set()

    async def _learn(self) -> set[str]:
        """Every topic under which the broker keeps a state: heard on a connection of its own, until a mark comes back."""
        mark, topics, marked = f"{ROOT}/state/{NO_LABEL}/hub/{uuid4().hex}", set[str](), asyncio.Event()

        def hear(heard: Heard) -> None:
            link.acknowledge(heard)
            if heard.topic == mark:
                marked.set()
            elif heard.retained and heard.payload:
                topics.add(heard.topic)

        link = MqttLink(address=self.address, client_id="twin-hub-look", subscriptions=(f"{ROOT}/state/#",), heard=hear, clean=True)
        task = asyncio.ensure_future(link.run())
        try:
            async with asyncio.timeout(LEARN_S):
                await link.connected.wait()
                await link.publish(mark, b"mark")
                await marked.wait()
        finally:
            task.cancel()
            await asyncio.wait([task])  # awaited itself, its cancellation could not be told from ours
        return topics

    async def _bounded(self, under_way: list[asyncio.Future[None]]) -> list[asyncio.Future[None]]:
        if len(under_way) < MOST_UNDER_WAY:
            return under_way
        await self._answered(under_way)
        return []

    async def _answered(self, under_way: list[asyncio.Future[None]]) -> None:
        answers = await asyncio.gather(*under_way, return_exceptions=True)
        self.refused += sum(isinstance(answer, Refused) for answer in answers)
