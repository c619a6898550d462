"""A service behind a broker, gateways on other machines, and devices that publish; each can be killed."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiomqtt
import httpx2
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from sensors.mqtt_topic import answer_topic, device_topic
from tests.twin.faults.running import PROGRAM, ROOT, Running, eventually, running
from tests.twin.guarded_broker import Guarded

__all__ = ["Elsewhere", "Publisher", "broker_served", "elsewhere", "until_broker_served"]

AGAIN_S = 2.0
AWAY = (aiomqtt.MqttError, OSError, TimeoutError)


def environment(guarded: Guarded, user: str, home: Path) -> dict[str, str]:
    """How a process of the twin comes to the broker as a user; its password lies in a file beside its home."""
    path = home.parent / f"{home.name}.{user}.password"
    path.write_text(guarded.passwords[user] + "\n", encoding="utf-8")
    return {"TWIN_BUS_URL": guarded.url(user), "TWIN_BUS_PASSWORD_FILE": str(path)}


@contextmanager
def broker_served(home: Path, guarded: Guarded, *, workers: int = 1, **more: str) -> Iterator[Running]:
    """`twin serve` with a broker and no terminals of its own."""
    with running(home, workers=workers, TWIN_GATEWAY_PORT="-1", **environment(guarded, "hub", home), **more) as service:
        yield service


async def gateways(service: Running) -> dict[str, dict[str, Any]]:
    """Those that the service tells of, by name."""
    async with httpx2.AsyncClient(base_url=service.url) as client:
        return {one["name"]: one for one in (await client.get("live/gateways")).json().get("gateways", ())}


async def until_broker_served(service: Running) -> None:
    """Wait until the service hears what is published, and the broker has saved that it does."""
    await eventually(
        lambda: gateways(service), lambda told: "mqtt-twin" in told and told["mqtt-twin"]["statistics"]["broker"], "at the broker"
    )
    await asyncio.sleep(1.2)


@dataclass(kw_only=True, eq=False)
class Elsewhere:
    """A `twin gateway --bus` as a process, with a home of its own."""

    home: Path
    arguments: list[str]
    environment: Mapping[str, str]
    process: subprocess.Popen[str] = field(init=False)

    def start(self) -> None:
        """Start; return when it takes in."""
        told = os.environ | {"TWIN_HOME": str(self.home), "PYTHONPATH": str(ROOT), **self.environment}
        with (self.home / "stderr").open("ab") as stderr:
            command = [sys.executable, "-c", PROGRAM, "gateway", *self.arguments, "--json"]
            self.process = subprocess.Popen(command, env=told, stdout=subprocess.PIPE, stderr=stderr, text=True)
        assert self.process.stdout is not None
        json.loads("".join(iter(self.process.stdout.readline, "}\n")) + "}")

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.end()

    def end(self) -> None:
        """End as an operator does."""
        self.process.terminate()
        self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()


@contextmanager
def elsewhere(home: Path, guarded: Guarded, name: str, *arguments: str) -> Iterator[Elsewhere]:
    """A gateway over the bus for the length of the block; its last words are shown where a test fails."""
    one = Elsewhere(home=home, arguments=["--bus", name, *arguments], environment=environment(guarded, f"gateway.{name}", home))
    one.start()
    try:
        yield one
    finally:
        one.end()
        sys.stderr.write((home / "stderr").read_text(encoding="utf-8", errors="replace")[-5_000:])


class Publisher:
    """A gate that publishes passages one after another, each with its id until it is acknowledged: by the broker's PUBACK, or where it
    `asks`, by the answer that the twin has it. `acknowledged` by number."""

    def __init__(self, guarded: Guarded, key: str, *, asks: bool, every_s: float = 0.05) -> None:
        self.guarded, self.key, self.asks, self.every_s = guarded, key, asks, every_s
        self.acknowledged: list[int] = []
        self.connections = 0
        self.enough = asyncio.Event()

    async def run(self) -> None:
        """Publish until it is enough, and the last is acknowledged."""
        while True:
            with suppress(*AWAY):
                await self._publish()
                return
            await asyncio.sleep(0.1)

    async def _publish(self) -> None:
        user = f"gate/{self.key}"
        port, password, version = self.guarded.broker.port, self.guarded.passwords[user], aiomqtt.ProtocolVersion.V5
        async with aiomqtt.Client("127.0.0.1", port, username=user, password=password, protocol=version, timeout=AGAIN_S) as client:
            self.connections += 1
            await client.subscribe(answer_topic("gate", self.key, "passage"), qos=1)
            while not self.enough.is_set():
                await self._until_acknowledged(client, len(self.acknowledged))
                self.acknowledged.append(len(self.acknowledged))
                await asyncio.sleep(self.every_s)

    async def _until_acknowledged(self, client: aiomqtt.Client, number: int) -> None:
        data = {"direction": "in", "subject": "vehicle", "ticket": number}
        event = {"specversion": "1.0", "id": str(number), "source": f"/gates/{self.key}", "type": "pingshan.v1.passage", "data": data}
        asked = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        if self.asks:
            asked.ResponseTopic, asked.CorrelationData = answer_topic("gate", self.key, "passage"), str(number).encode()
        topic, payload = device_topic("gate", self.key, "passage"), json.dumps(event)
        await client.publish(topic, payload, qos=1, properties=asked)
        if not self.asks:
            return
        async with asyncio.timeout(AGAIN_S):
            async for message in client.messages:
                if message.properties is not None and message.properties.CorrelationData == str(number).encode():  # type: ignore[attr-defined]
                    assert json.loads(bytes(message.payload)) == {"committed": True, "problems": []}  # type: ignore[arg-type]
                    return


async def seconds_until(ask: Any, is_right: Any, what: str) -> float:
    """How long it takes from now on."""
    began = time.monotonic()
    await eventually(ask, is_right, what)
    return time.monotonic() - began
