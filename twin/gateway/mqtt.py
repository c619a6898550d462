"""MQTT in: what devices publish becomes batches, and is acknowledged to the broker when they are committed (docs/bus.md)."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sensors import Batch, Inlet, InletGone, InletRefused
from sensors.errors import TopicInvalid
from sensors.mqtt_gather import gather
from sensors.mqtt_payload import Said, read_message
from sensors.mqtt_topic import DEVICE_TOPICS, answer_topic, parse_device_topic
from twin.gateway.bus_address import BusAddress
from twin.gateway.mqtt_findings import Findings
from twin.gateway.mqtt_heard import Heard, LinkNews
from twin.gateway.mqtt_link import MqttLink
from twin.gateway.mqtt_seen import Seen

__all__ = ["MqttGateway"]

SHARED = f"$share/twin/{DEVICE_TOPICS}"
GATHER_S = 0.01
MOST_SAID = 1000
MOST_WAITING_BYTES = 128 * 2**20
RETRY_S, MOST_RETRY_S = 0.1, 5.0


def _now_us() -> int:
    return time.time_ns() // 1000


@dataclass(kw_only=True, eq=False)
class MqttGateway:
    """Takes in for `inlet`. `name` is this gateway's for good: its session at the broker keeps what is published while it is down.

    At least once: what the broker sends again within this process is recognised by (source, id) of the event, and what it sends again after
    this process died by whoever keeps it: a fix by (device, time), anything else by its `event` (decision 043).
    """

    address: BusAddress
    inlet: Inlet
    name: str
    news: Callable[[LinkNews], None] = lambda news: None
    now_us: Callable[[], int] = _now_us
    shared: bool = False
    """Whether several gateways divide what is published among them. Mosquitto 2.0 forgets a shared subscription when it restarts, until the
    gateway is back: alone, a gateway does better with a plain one."""
    session_expiry_s: int = 7 * 86_400
    findings: Findings = field(default_factory=Findings)
    seen: Seen = field(default_factory=Seen)
    messages: int = field(default=0, init=False)
    repeated: int = field(default=0, init=False)
    committed: int = field(default=0, init=False)
    """Things said (fixes and observations) in batches that the inlet has committed."""
    held: str = field(default="", init=False)
    """Why the inlet keeps nothing now; empty while it does. Nothing is acknowledged meanwhile."""
    _waiting: list[Heard] = field(default_factory=list, init=False)
    _waiting_bytes: int = field(default=0, init=False)
    _some: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    def __post_init__(self) -> None:
        self.link = MqttLink(
            address=self.address,
            client_id=f"twin-mqtt-{self.name}",
            subscriptions=(SHARED if self.shared else DEVICE_TOPICS,),
            heard=self._hear,
            news=self.news,
            session_expiry_s=self.session_expiry_s,
        )
        self._source, self._number = f"mqtt/{self.name}@{self.now_us()}", 0

    async def run(self) -> None:
        """Take in until cancelled. What is not committed by then stays with the broker."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.link.run())
            tasks.create_task(self._work())

    def _hear(self, heard: Heard) -> None:
        self._waiting.append(heard)
        self._waiting_bytes += len(heard.payload)
        if self._waiting_bytes > MOST_WAITING_BYTES:
            self.link.pause()
        self._some.set()

    async def _work(self) -> None:
        while True:
            await self._some.wait()
            if len(self._waiting) < MOST_SAID:
                await asyncio.sleep(GATHER_S)
            heard, self._waiting = self._waiting[:MOST_SAID], self._waiting[MOST_SAID:]
            if not self._waiting:
                self._some.clear()
            await self._take(heard)
            self._waiting_bytes -= sum(len(one.payload) for one in heard)
            if self._waiting_bytes <= MOST_WAITING_BYTES:
                self.link.resume()

    async def _take(self, heard: list[Heard]) -> None:
        """Hand over what some messages say, then acknowledge them, in their order."""
        read = [self._read(message) for message in heard]
        said = [one for some in read for one in some]
        if said:
            self._number += 1
            batch = gather(self._source, self._number, said)
            await self._offer(batch)
            self.committed += len(batch)
        for message, some in zip(heard, read, strict=True):
            self.link.acknowledge(message)
            if message.response_topic:
                self._answer(message, some)

    async def _offer(self, batch: Batch) -> None:
        """Return when the batch is committed, however long it takes; the same batch again counts once."""
        wait_s = RETRY_S
        while True:
            try:
                await self.inlet.offer(batch)
            except (InletGone, InletRefused) as error:
                self.held = f"{error.code}: {error.message}"
                await asyncio.sleep(wait_s)
                wait_s = min(wait_s * 2, MOST_RETRY_S)
            else:
                self.held = ""
                return

    def _read(self, heard: Heard) -> list[Said]:
        """What is new of a message."""
        self.messages += 1
        now_us = self.now_us()
        found = []
        read = read_message(heard.topic, heard.payload, received_us=now_us, content_type=heard.content_type, properties=heard.properties)
        for one in read:
            if one.key is not None and not self.seen.add(one.key):
                self.repeated += 1
                continue
            if one.problem is not None:
                self.findings.add(one.problem, now_us=now_us)
            found.append(one)
        return found

    def _answer(self, heard: Heard, said: list[Said]) -> None:
        """Tell a device of MQTT 5 what is committed, on its own topic and no other."""
        try:
            where = parse_device_topic(heard.topic)
        except TopicInvalid:
            return
        if heard.response_topic != answer_topic(where.kind, where.key, where.stream):
            return
        problems = [{"code": one.problem.code, "path": one.problem.path, "reason": one.problem.reason} for one in said if one.problem]
        answer = json.dumps({"committed": True, "problems": problems}, ensure_ascii=False).encode()
        self.link.publish(heard.response_topic, answer, correlation=heard.correlation, content_type="application/json")
