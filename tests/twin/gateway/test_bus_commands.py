"""Commands over the bus: a real Mosquitto between a hub and a gateway elsewhere, at which real terminals are."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiomqtt
import pytest

from sensors import Batch, Observation, Stream
from sensors.jt808_message import Message
from sensors.jt808_server import Jt808Server
from sensors.jt808_terminal import Terminal
from sensors.mqtt_topic import command_answer_topic, command_topic
from tests.mosquitto import Broker
from tests.sensors.jt808_gateway import Remembering, Terminals
from tests.twin.gateway.conftest import FakeInlet, in_background, until
from tests.twin.gateway.test_mqtt import client_of
from twin.errors import Invalid, NotReady, TwinError
from twin.gateway.bus_address import BusAddress
from twin.gateway.bus_commanded import KEPT_S, BusCommanded
from twin.gateway.bus_commander import ANSWER_S, OFFER_S, BusCommander
from twin.gateway.bus_inlet import BusInlet
from twin.gateway.bus_outlet import BusOutlet
from twin.queries.live.commanding import ELSEWHERE_S
from twin.queries.live.elsewhere import commands_elsewhere
from twin.queries.live.gateway import commands_of

TERMINAL, VEHICLE = "13912345678", "vehicle/闽A12345"
TEXT = {"terminal": TERMINAL, "text": "请回场"}


@dataclass(kw_only=True, eq=False)
class Slow:
    """Commands of a gateway that take as long as a test wants; how often each was done."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)
    done: list[dict[str, Any]] = field(default_factory=list)

    async def text(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.done.append(asked)
        await self.gate.wait()
        return {"result": 0}


@asynccontextmanager
async def commander_of(broker: Broker, **more: Any) -> AsyncIterator[BusCommander]:
    commander = BusCommander(**({"address": BusAddress.parse(broker.url), "offer_s": 20.0, "answer_s": 20.0} | more))
    async with in_background(commander.run()):
        await commander.link.connected.wait()
        yield commander


@asynccontextmanager
async def south_of(broker: Broker, commands: Any, **more: Any) -> AsyncIterator[BusCommanded]:
    south = BusCommanded(address=BusAddress.parse(broker.url), gateway="south", commands=commands, **more)
    async with in_background(south.run()):
        await south.link.connected.wait()
        yield south


async def refusal(command: Any) -> TwinError:
    with pytest.raises(TwinError) as refused:
        await command
    return refused.value


def test_a_terminal_elsewhere_does_what_it_is_told_and_its_result_is_the_answer(broker: Broker) -> None:
    async def run() -> None:
        server, heard = Jt808Server(Remembering(), Terminals(), source="jt808-south"), list[Message]()
        terminal = Terminal(phone=TERMINAL, plate="闽A12345", on_message=heard.append)
        async with AsyncExitStack() as stack:
            port = await server.start("127.0.0.1", 0)
            stack.push_async_callback(server.close)
            await terminal.connect("127.0.0.1", port)
            commander = await stack.enter_async_context(commander_of(broker))
            await stack.enter_async_context(south_of(broker, commands_of(server)))
            assert await commander.command("south", 1, "text", TEXT) == {"result": 0}
            terminal.answers = {0x8202: 3}
            tracking = {"terminal": TERMINAL, "interval_s": 5, "for_s": 600}
            assert await commander.command("south", 2, "track", tracking) == {"result": 3}
            told = [dict(one.fields) for one in heard if one.frame.message_id in (0x8300, 0x8202)]
            assert [told[0]["text"], told[1]["interval_s"], told[1]["for_s"]] == ["请回场", 5, 600]
            wrong = await refusal(commander.command("south", 3, "text", TEXT | {"text": "😀"}))
            assert isinstance(wrong, Invalid)
            gone = await refusal(commander.command("south", 4, "text", TEXT | {"terminal": "13900000000"}))
            assert (type(gone), gone.code) == (NotReady, "TERMINAL_GONE")

    asyncio.run(run())


def test_where_no_gateway_or_no_broker_is_nothing_is_sent_and_it_is_said(broker: Broker) -> None:
    async def run() -> None:
        async with commander_of(broker, offer_s=0.5) as commander:
            async with client_of(broker) as spy:
                await spy.subscribe(command_topic("south", "+"), qos=1)
                assert (await refusal(commander.command("south", 1, "text", TEXT))).code == "GATEWAY_ABSENT"
                assert await heard_by(spy) == {}
            broker.kill()
            await until(lambda: not commander.link.connected.is_set())
            gone = await refusal(commander.command("south", 2, "text", TEXT))
            assert (gone.code, isinstance(gone, NotReady)) == ("BUS_GONE", True)

    asyncio.run(run())


async def asked(client: aiomqtt.Client, number: int, **said: Any) -> None:
    await client.publish(command_topic("south", number), json.dumps(said), qos=1)


async def heard_by(client: aiomqtt.Client) -> dict[str, Any]:
    async with asyncio.timeout(30):
        message = await anext(aiter(client.messages))
    return dict(json.loads(bytes(message.payload)))  # type: ignore[arg-type]


def test_an_order_that_is_sent_again_is_done_once(broker: Broker) -> None:
    async def run() -> None:
        slow = Slow()
        async with south_of(broker, {"text": slow.text}) as south, client_of(broker) as hub:
            await hub.subscribe(command_answer_topic("south", "+"), qos=1)
            await asked(hub, 7)
            ticket = (await heard_by(hub))["ticket"]
            await asked(hub, 7)
            assert await heard_by(hub) == {"ticket": ticket}
            for _ in range(3):
                await asked(hub, 7, ticket=ticket, name="text", arguments=TEXT)
            await until(lambda: slow.done == [TEXT])
            slow.gate.set()
            assert await heard_by(hub) == {"answer": {"result": 0}}
            await asked(hub, 7)
            assert await heard_by(hub) == {"ticket": ticket}
            await asked(hub, 7, ticket=ticket, name="text", arguments=TEXT)
            assert await heard_by(hub) == {"answer": {"result": 0}}
            await asked(hub, 8, ticket=ticket, name="text", arguments=TEXT)
            await until(lambda: south.left_alone == 1)
            assert slow.done == [TEXT]

    asyncio.run(run())


def test_what_comes_late_by_the_gateways_own_clock_is_left_alone(broker: Broker) -> None:
    async def run() -> None:
        slow, now = Slow(), [100.0]
        async with south_of(broker, {"text": slow.text}, now_s=lambda: now[0]) as south, client_of(broker) as hub:
            await hub.subscribe(command_answer_topic("south", "+"), qos=1)
            await asked(hub, 7)
            ticket = (await heard_by(hub))["ticket"]
            now[0] += south.ticket_s
            await asked(hub, 7, ticket=ticket, name="text", arguments=TEXT)
            await until(lambda: south.left_alone == 1)
            now[0] += KEPT_S
            await asked(hub, 7)
            other = (await heard_by(hub))["ticket"]
            assert other != ticket
            await asked(hub, 7, ticket=ticket, name="text", arguments=TEXT)
            await until(lambda: south.left_alone == 2)
            assert slow.done == []

    asyncio.run(run())


def test_the_broker_killed_while_the_terminal_is_told_costs_neither_the_answer_nor_a_second_telling(broker: Broker) -> None:
    async def run() -> None:
        slow = Slow()
        async with commander_of(broker) as commander, south_of(broker, {"text": slow.text}) as south:
            told = asyncio.ensure_future(commander.command("south", 1, "text", TEXT))
            await until(lambda: slow.done == [TEXT])
            broker.kill()
            broker.start()
            slow.gate.set()
            assert await told == {"result": 0}
            await until(lambda: south.link.connected.is_set() and commander.link.connected.is_set())
            assert await commander.command("south", 2, "text", TEXT) == {"result": 0}
            assert slow.done == [TEXT, TEXT]

    asyncio.run(run())


def test_of_an_order_whose_gateway_ended_in_between_nobody_says_that_it_arrived_and_the_next_does_not_do_it(broker: Broker) -> None:
    async def run() -> None:
        slow = Slow()
        async with commander_of(broker, answer_s=2.0) as commander:
            async with south_of(broker, {"text": slow.text}):
                told = asyncio.ensure_future(commander.command("south", 1, "text", TEXT))
                await until(lambda: slow.done == [TEXT])
            async with south_of(broker, {"text": slow.text}):
                assert (await refusal(told)).code == "COMMAND_UNKNOWN"
                assert slow.done == [TEXT]

    asyncio.run(run())


def test_what_is_no_command_stops_nothing(broker: Broker) -> None:
    async def run() -> None:
        slow = Slow()
        slow.gate.set()
        async with south_of(broker, {"text": slow.text}), commander_of(broker) as commander, client_of(broker) as other:
            for payload in (b"{", b"[]", b"7", b"[" * 100_000):
                await other.publish(command_topic("south", 1), payload, qos=1)
                await other.publish(command_answer_topic("south", 1), payload, qos=1)
            assert await commander.command("south", 1, "text", TEXT) == {"result": 0}
            assert (await refusal(commander.command("south", 2, "dance", TEXT))).message == "this gateway does not know 'dance'"

    asyncio.run(run())


def said_by(vehicle: str, number: int, source: str) -> Batch:
    one = Observation(device=vehicle, stream=Stream.HEARTBEAT, received_us=number, value={})
    return Batch(source=source, number=number, others=(one,))


def test_the_gateway_that_told_of_a_terminal_last_has_it(broker: Broker) -> None:
    async def run() -> None:
        address, slow = BusAddress.parse(broker.url), Slow()
        slow.gate.set()
        outlet = BusOutlet(address=address, inlet=FakeInlet())
        west, south = (BusInlet(address=address, gateway=name) for name in ("west", "south"))
        async with AsyncExitStack() as stack:
            for one in (outlet, west, south):
                await stack.enter_async_context(in_background(one.run()))
            commander = await stack.enter_async_context(commander_of(broker))
            await stack.enter_async_context(south_of(broker, {"text": slow.text}))
            text = commands_elsewhere(outlet, commander)["text"]
            order = TEXT | {"vehicle": VEHICLE, "order": 1}
            assert (await refusal(text(order))).code == "TERMINAL_GONE"
            await west.offer(said_by(VEHICLE, 1, "jt808-a-1-2"))
            await south.offer(said_by(VEHICLE, 1, "jt808-b-1-2"))
            await west.offer(said_by(VEHICLE, 2, "mqtt/west@1"))
            await west.offer(said_by("unknown_terminal/13900000000", 3, "jt808-a-1-2"))
            assert outlet.terminals == {VEHICLE: "south"}
            assert await text(order) == {"result": 0, "gateway": "south"}
            assert slow.done == [TEXT]

    asyncio.run(run())


def test_whoever_waits_for_a_gateway_elsewhere_waits_until_it_is_known_that_nothing_is() -> None:
    assert ELSEWHERE_S > OFFER_S + ANSWER_S
