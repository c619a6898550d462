"""Who may do what, asked of a real Mosquitto with the files that the twin writes; and the forms of those files."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiomqtt
import pytest

from tests.mosquitto import Broker, running_broker
from tests.twin.gateway.conftest import FakeInlet, in_background, until
from tests.twin.gateway.test_mqtt import body
from twin.errors import NotReady, Refused
from twin.gateway.bus_address import BusAddress
from twin.gateway.bus_check import check_broker
from twin.gateway.bus_commanded import BusCommanded
from twin.gateway.bus_commander import BusCommander
from twin.gateway.bus_passwords import new_password, password_line, read_passwords, write_private
from twin.gateway.bus_rights import HUB, AclFormat, device_user, gateway_user, machine_rights, rights_of_house, write_acl
from twin.gateway.mqtt import MqttGateway

CAR, GATE, METER = device_user("vehicle", "闽A12345"), device_user("gate", "西/门 +#%"), device_user("meter", "0A:1B")
OPEN, SECRET = "machine.aaaa", "machine.bbbb"
USERS = [CAR, GATE, METER, OPEN, SECRET, HUB, gateway_user("twin"), gateway_user("south")]
PASSWORDS = {user: new_password() for user in USERS}


@pytest.fixture
def guarded(mosquitto: Path, tmp_path: Path) -> Iterator[Broker]:
    """A broker with the lists of the twin."""
    rights = rights_of_house(["twin", "south"]) + machine_rights(OPEN, ["public"]) + machine_rights(SECRET, ["public", "restricted"])
    write_private(tmp_path / "acl", write_acl(rights, AclFormat.MOSQUITTO))
    write_private(tmp_path / "passwords", "".join(f"{password_line(user, secret)}\n" for user, secret in PASSWORDS.items()))
    lines = ["allow_anonymous false", f"acl_file {tmp_path / 'acl'}", f"password_file {tmp_path / 'passwords'}"]
    with running_broker(mosquitto, lines=lines) as broker:
        yield broker


def client_as(broker: Broker, user: str, password: str | None = None) -> aiomqtt.Client:
    version = aiomqtt.ProtocolVersion.V5
    return aiomqtt.Client("127.0.0.1", broker.port, username=user, password=password or PASSWORDS[user], protocol=version)


@asynccontextmanager
async def listening(broker: Broker, user: str) -> AsyncIterator[list[str]]:
    """The topics that a user hears who subscribes to everything."""
    heard: list[str] = []

    async def listen(client: aiomqtt.Client) -> None:
        async for message in client.messages:
            heard.append(str(message.topic))

    async with client_as(broker, user) as client:
        await client.subscribe("#", qos=1)
        async with in_background(listen(client)):
            yield heard


async def say(broker: Broker, user: str, *topics: str) -> None:
    """Publish, each on a connection of its own: Mosquitto 2.0 closes that of a client of MQTT 5 whose message it refuses."""
    for topic in topics:
        with suppress(aiomqtt.MqttError):
            async with client_as(broker, user) as client:
                await client.publish(topic, body(1), qos=1)


@pytest.mark.parametrize("user", [CAR, GATE, METER])
def test_a_device_publishes_its_own_topics_and_no_other(guarded: Broker, user: str) -> None:
    async def run() -> None:
        own = f"pingshan/v1/{user}/state"
        others = [f"pingshan/v1/{one}/state" for one in (CAR, GATE, METER) if one != user]
        beyond = [f"pingshan/v1/out/public/{user}/state", f"pingshan/v1/state/public/{user}", "pingshan/v1/bus/batch/south/1"]
        async with (
            listening(guarded, gateway_user("twin")) as gateway,
            listening(guarded, SECRET) as machine,
            listening(guarded, HUB) as hub,
        ):
            await say(guarded, user, *others, *beyond, own)
            await until(lambda: own in gateway)
            await asyncio.sleep(0.1)
            assert (gateway, machine, hub) == ([own], [], [own])

    asyncio.run(run())


def test_machines_hear_their_labels_only_and_devices_hear_nothing_of_others(guarded: Broker) -> None:
    async def run() -> None:
        public, restricted = "pingshan/v1/out/public/vehicle/x/position", "pingshan/v1/out/restricted/vehicle/x/position"
        kept = "pingshan/v1/state/restricted/vehicle/x"
        async with listening(guarded, OPEN) as one, listening(guarded, SECRET) as two, listening(guarded, CAR) as car:
            await say(guarded, HUB, restricted, kept, public)
            await say(guarded, OPEN, "pingshan/v1/out/public/vehicle/x/alarm")
            await say(guarded, gateway_user("twin"), "pingshan/v1/done/vehicle/闽A12345/position", "pingshan/v1/done/gate/x/state")
            await until(lambda: len(two) == 3 and len(one) == 1 and len(car) == 1)
            await asyncio.sleep(0.1)
            assert one == [public]
            assert sorted(two) == sorted([public, restricted, kept])
            assert car == ["pingshan/v1/done/vehicle/闽A12345/position"]

    asyncio.run(run())


def test_gateways_speak_for_devices_and_hand_over_batches_of_their_own_only(guarded: Broker) -> None:
    async def run() -> None:
        async with listening(guarded, HUB) as hub, listening(guarded, gateway_user("twin")) as twin:
            await say(guarded, gateway_user("south"), "pingshan/v1/bus/batch/twin/1", "pingshan/v1/bus/batch/south/2")
            await say(guarded, gateway_user("south"), f"pingshan/v1/{CAR}/position")
            await say(guarded, HUB, "pingshan/v1/bus/done/south/2", "pingshan/v1/bus/done/twin/9")
            await until(lambda: len(hub) == 2 and len(twin) == 2)
            await asyncio.sleep(0.1)
            own = f"pingshan/v1/{CAR}/position"
            assert (hub, twin) == (["pingshan/v1/bus/batch/south/2", own], [own, "pingshan/v1/bus/done/twin/9"])

    asyncio.run(run())


def test_only_the_hub_commands_and_only_the_gateway_meant_hears_it_and_answers(guarded: Broker) -> None:
    async def run() -> None:
        south, twin = gateway_user("south"), gateway_user("twin")
        command, answer = "pingshan/v1/bus/command/south/1", "pingshan/v1/bus/answer/south/1"
        async with (
            listening(guarded, south) as meant,
            listening(guarded, twin) as other,
            listening(guarded, HUB) as hub,
            listening(guarded, SECRET) as machine,
            listening(guarded, CAR) as car,
        ):
            for user in (south, twin, SECRET, CAR):
                await say(guarded, user, command)
            for user in (twin, SECRET, CAR):
                await say(guarded, user, answer)
            await say(guarded, HUB, command, answer, "pingshan/v1/bus/command/twin/2")
            await say(guarded, south, answer)
            await until(lambda: (len(meant), len(other), len(hub)) == (1, 1, 1))
            await asyncio.sleep(0.1)
            assert (meant, other, hub) == ([command], ["pingshan/v1/bus/command/twin/2"], [answer])
            assert (machine, car) == ([], [])

    asyncio.run(run())


def test_a_hub_that_may_not_command_says_so_and_a_gateway_that_may_not_hear_it_is_told_nothing(guarded: Broker) -> None:
    async def run() -> None:
        def address(user: str) -> BusAddress:
            return BusAddress.parse(f"mqtt://{quote(user)}@127.0.0.1:{guarded.port}", password=PASSWORDS[user])

        told: list[object] = []

        async def text(asked: dict[str, Any]) -> dict[str, Any]:
            told.append(asked)
            return {"result": 0}

        gateway = BusCommanded(address=address(gateway_user("twin")), gateway="south", commands={"text": text})
        for user, code, offer_s in ((gateway_user("twin"), "BUS_REFUSED", 20.0), (HUB, "GATEWAY_ABSENT", 0.5)):
            commander = BusCommander(address=address(user), offer_s=offer_s)
            async with in_background(gateway.run()), in_background(commander.run()):
                await commander.link.connected.wait()
                await gateway.link.connected.wait()
                with pytest.raises(NotReady) as refused:
                    await commander.command("south", 1, "text", {})
                assert (refused.value.code, told) == (code, [])

    asyncio.run(run())


def test_who_has_no_password_or_a_wrong_one_does_not_come_in(guarded: Broker) -> None:
    async def run() -> None:
        for user, password in ((CAR, "wrong"), ("vehicle/other", PASSWORDS[CAR])):
            with pytest.raises(aiomqtt.MqttError):
                async with client_as(guarded, user, password):
                    pass

    asyncio.run(run())


def test_a_gateway_takes_in_under_these_rights_shared_or_not_and_a_check_tells_what_the_broker_is(guarded: Broker) -> None:
    async def run() -> None:
        user = gateway_user("south")
        address = BusAddress.parse(f"mqtt://{user}@127.0.0.1:{guarded.port}", password=PASSWORDS[user])
        for shared in (True, False):
            inlet = FakeInlet()
            gateway = MqttGateway(address=address, inlet=inlet, name=f"south{shared}", shared=shared)
            async with in_background(gateway.run()):
                await gateway.link.connected.wait()
                await say(guarded, CAR, f"pingshan/v1/{CAR}/position")
                await until(lambda inlet=inlet: inlet.said == 1)  # type: ignore[misc]
        found = await check_broker(address, "south")
        assert (found["mqtt"], found["notes"]) == ("5", [])
        with pytest.raises(Refused) as refused:
            await check_broker(BusAddress.parse(f"mqtt://{user}@127.0.0.1:{guarded.port}", password="wrong"), "south")
        assert refused.value.code == "BUS_REFUSED"
        assert "wrong" not in f"{refused.value}{refused.value.to_json()}"

    asyncio.run(run())


def test_the_rows_are_the_same_for_emqx() -> None:
    rights = rights_of_house(["twin"]) + machine_rights(OPEN, ["public"], note="统计局\n}. {allow, all}")
    text = write_acl(rights, AclFormat.EMQX)
    assert text.count("{allow, ") == len(rights)
    assert '{allow, all, publish, ["pingshan/v1/${username}/+"]}.' in text
    assert f'{{allow, {{user, "{OPEN}"}}, subscribe, ["pingshan/v1/out/public/#"]}}.' in text
    assert text.endswith("{deny, all}.\n")
    assert "# 统计局 }. {allow, all}\n" in write_acl(rights, AclFormat.MOSQUITTO)


@pytest.mark.parametrize("name", ["a/b", "", "+", "a b"])
def test_a_gateway_has_a_plain_name(name: str) -> None:
    with pytest.raises((Refused, Exception)) as refused:
        gateway_user(name)
    assert refused.value.code in ("BUS_NAME_INVALID", "TOPIC_INVALID")  # type: ignore[attr-defined]


def test_a_password_file_is_private_and_read_back_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "passwords"
    write_private(path, f"{password_line(CAR, 'x')}\n")
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(read_passwords(path)) == [CAR]
    assert "x" not in re.split(r"[:$]", path.read_text("utf-8"))
    path.write_text("plain:secret\n", encoding="utf-8")
    with pytest.raises(Refused) as refused:
        read_passwords(path)
    assert refused.value.code == "BUS_FILE_INVALID"
    assert "secret" not in str(refused.value)
    assert read_passwords(tmp_path / "absent") == {}


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mqtt://10.0.0.7", "mqtt://10.0.0.7:1883"),
        ("mqtts://gateway.twin@bus.example:9", "mqtts://gateway.twin@bus.example:9"),
        ("mqtt://[::1]", "mqtt://[::1]:1883"),
    ],
)
def test_an_address_says_itself_without_its_password(url: str, said: str) -> None:
    address = BusAddress.parse(url, password="secret")
    assert (str(address), address.password) == (said, "secret")
    assert "secret" not in repr(address)


@pytest.mark.parametrize("url", ["", "http://x", "mqtt://", "mqtt://u:p@x", "mqtt://x/y", "mqtt://x?y", "mqtt://x:99999", "mqtt://[x"])
def test_an_address_of_another_form_or_with_a_password_is_refused(url: str) -> None:
    with pytest.raises(Refused) as refused:
        BusAddress.parse(url)
    assert refused.value.code == "BUS_URL_INVALID"
    assert ":p@" not in str(refused.value)
