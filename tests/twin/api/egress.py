"""Machines at a guarded broker, and the hub as they hear it."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import aiomqtt

from tests.twin.gateway.conftest import in_background
from tests.twin.guarded_broker import Guarded, a_guarded_broker
from twin.gateway.bus_address import BusAddress
from twin.gateway.bus_states import BusStates
from twin.incidents.event import Event
from twin.live.changes import Changes
from twin.queries.incidents import Knowing
from twin.queries.live.bus_labels import BusLabels
from twin.queries.live.bus_told import ToldOnBus
from twin.queries.live.replica import Replica
from twin.queries.live.visible import Visible
from twin.queries.place.scene import Scenes
from twin.queries.records.context import Registers
from twin.settings import Settings
from twin.store import Store

__all__ = ["Egress", "Heard", "an_egress", "ended", "listening", "until_ended"]

ROOT = "pingshan/v1"
GUESSES = ("#", f"{ROOT}/#", f"{ROOT}/out/#", f"{ROOT}/state/#", f"{ROOT}/+/+/+", f"{ROOT}/bus/#", f"$share/spy/{ROOT}/#", "$share/spy/#")
LABELS = ("public", "restricted")
PATIENCE_S = 30.0


@dataclass(slots=True)
class Heard:
    """What a machine heard: `kept` by topic as the broker keeps it now (what was taken away is not in it), `messages` all there were."""

    messages: list[tuple[str, bytes]] = field(default_factory=list)
    kept: dict[str, dict[str, Any]] = field(default_factory=dict)

    def hear(self, topic: str, payload: bytes) -> None:
        self.messages.append((topic, payload))
        if topic.startswith(f"{ROOT}/state/"):
            self.kept.pop(topic, None)
            if payload:
                self.kept[topic] = json.loads(payload)["data"]

    @property
    def text(self) -> str:
        """Every topic and payload, with their letters as they are read."""
        return "\n".join(f"{topic} {payload.decode()}" for topic, payload in self.messages)


@dataclass(frozen=True, kw_only=True, eq=False)
class Egress:
    """The states are those of a hub that a test has."""

    guarded: Guarded
    labels: BusLabels

    def heard(self, machine: str, whole: Changes, events: Sequence[dict[str, Any]]) -> Heard:
        """All that a machine hears that is there while a hub tells its states and some events, and listens wherever it can think of."""

        async def run() -> Heard:
            replica = Replica()
            replica.take(whole)
            async with self.listening(machine) as heard, self.telling(replica) as told:
                told.hear([*events, ended(len(events))])
                await until_ended(heard, len(events))
                return heard

        return asyncio.run(run())

    @asynccontextmanager
    async def telling(self, replica: Replica) -> AsyncIterator[ToldOnBus]:
        """The hub's side."""
        self.labels.refresh()
        told = ToldOnBus(replica, self.labels)
        address = BusAddress.parse(self.guarded.url("hub"), password=self.guarded.passwords["hub"])
        states = BusStates(address=address, told=told)
        async with in_background(states.run()):
            yield told

    @asynccontextmanager
    async def listening(self, machine: str) -> AsyncIterator[Heard]:
        """A machine that subscribes to all that it may and to what it may not."""
        async with listening(self.guarded, self.guarded.machines[machine]) as heard:
            yield heard


@asynccontextmanager
async def listening(guarded: Guarded, user: str) -> AsyncIterator[Heard]:
    """A user that subscribes to all it may and to what it may not."""
    heard = Heard()

    async def listen(client: aiomqtt.Client) -> None:
        async for message in client.messages:
            heard.hear(str(message.topic), bytes(message.payload))  # type: ignore[arg-type]

    port, password = guarded.broker.port, guarded.passwords[user]
    async with aiomqtt.Client("127.0.0.1", port, username=user, password=password, protocol=aiomqtt.ProtocolVersion.V5) as client:
        guesses = [*GUESSES, *(f"{ROOT}/{what}/{label}/#" for what in ("out", "state") for label in LABELS)]
        await client.subscribe([(topic, aiomqtt.client.SubscribeOptions(qos=1)) for topic in guesses])
        async with in_background(listen(client)):
            yield heard


def ended(number: int) -> dict[str, Any]:
    """An event that everybody may hear, after all others."""
    event = Event(type="pingshan.ended", subject=f"test/{number}", time_us=0, site="", labels=("public",))
    return {name: getattr(event, name) for name in Event.__dataclass_fields__} | {"labels": ["public"], "data": {}}


async def until_ended(heard: Heard, number: int) -> None:
    """Wait until that was heard."""
    topic = f"{ROOT}/out/public/test/{number}/ended"
    async with asyncio.timeout(PATIENCE_S):
        while not any(one == topic for one, _ in heard.messages):
            await asyncio.sleep(0.02)


@contextmanager
def an_egress(settings: Settings, store: Store, machines: Mapping[str, Sequence[str]]) -> Iterator[Egress]:
    """A broker with the lists of a home, to which a key for each machine (its labels by name) is added first."""
    labels = BusLabels(store, Visible(Registers.of(store, settings.home / "columns", settings), Scenes(store, settings)), Knowing(store))
    with a_guarded_broker(settings.home, machines, database_url=settings.database_url) as guarded:
        yield Egress(guarded=guarded, labels=labels)
