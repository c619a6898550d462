"""Whom the gateway believes: unknown terminals, those that do not authenticate, two of one name, tokens that nobody may read."""

import asyncio
import struct
from dataclasses import replace

import pytest

from sensors.jt808_known import KnownTerminal, Quarantine
from tests.sensors.jt808_gateway import KNOWN, PHONE, Raw, Remembering, Terminals, gateway, registration, run
from tests.sensors.jt808_made import enclose, header, location_body

SOS = 1


def test_a_terminal_that_nobody_knows_is_answered_listed_and_kept_apart() -> None:
    async def test() -> None:
        inlet = Remembering()
        async with gateway(inlet) as (server, port):
            raw = await Raw.open(port, phone="013800000000")
            assert (await raw.ask(0x0100, registration(False)))[1] == struct.pack(">HB", 1, 4)
            assert await raw.authenticate() == 1
            assert (await raw.ask(0x0200, location_body(alarm=SOS)))[1][4] == 1
            await raw.close()
            (listed,) = server.quarantined()
        assert (listed["terminal"], listed["messages"], listed["reason"]) == ("13800000000", 3, "unknown")
        assert listed["last_us"] >= listed["first_us"]
        assert listed["last_frame"].startswith("7e0200")
        assert inlet.fixes() == []
        assert {one.device for one in inlet.others()} == {"unknown_terminal/13800000000"}
        assert [one.alarms for one in inlet.others("location")] == [("sos",)]

    run(test)


def test_a_known_terminal_that_does_not_authenticate_is_not_believed() -> None:
    async def test() -> None:
        inlet = Remembering()
        async with gateway(inlet) as (server, port):
            raw = await Raw.open(port)
            assert (await raw.ask(0x0200, location_body()))[1][4] == 1
            assert await raw.authenticate("guessed") == 1
            assert (await raw.ask(0x0200, location_body()))[1][4] == 1
            assert (await raw.ask(0x0100, registration(False, "闽A99999")))[1][2] == 2
            assert server.connected() == []
            assert await raw.authenticate() == 0
            stranger = enclose(header(0x0200, "013999999999", 77, 28) + location_body())
            await raw.send(stranger)
            raw.phone = "013999999999"
            assert (await raw.receive())[1] == struct.pack(">HHB", 77, 0x0200, 1)
            assert (await raw.ask(0x0100, registration(False)))[1][2] == 4
            assert await raw.authenticate() == 1
            raw.phone = PHONE
            assert server.connected() == ["13912345678"]
            assert (await raw.ask(0x0002, b""))[1][4] == 0
            await raw.close()
        assert inlet.fixes() == []
        assert {one.value.get("quarantined") for one in inlet.others()} == {None, "not_authenticated", "token", "plate", "unknown"}

    run(test)


def test_of_two_connections_of_one_terminal_the_newest_wins() -> None:
    async def test() -> None:
        inlet = Remembering()
        async with gateway(inlet) as (server, port):
            one, two = await Raw.open(port), await Raw.open(port)
            await one.authenticate()
            await two.authenticate()
            assert await one.reader.read() == b""
            assert (await two.ask(0x0200, location_body()))[1][4] == 0
            assert server.connected() == ["13912345678"]
            assert server.statistics()["connections"]["replaced"] == 1
            await one.close()
            await two.close()

    run(test)


def test_who_never_authenticates_or_comes_one_too_many_is_closed() -> None:
    async def test() -> None:
        async with gateway(Remembering(), authenticate_s=1.0, sweep_s=0.05, connections=2) as (server, port):
            slow, other, third = await Raw.open(port), await Raw.open(port), await Raw.open(port)
            with pytest.raises(ConnectionError):
                if await third.reader.read() == b"":
                    raise ConnectionResetError
            await other.authenticate()
            for _ in range(5):
                slow.writer.write(b"\x7e\x02")
                await asyncio.sleep(0.02)
            with pytest.raises(ConnectionError):
                if await slow.reader.read() == b"":
                    raise ConnectionResetError
            assert server.statistics()["connections"]["late"] == 1
            assert server.statistics()["connections"]["too_many"] == 1
            assert (await other.ask(0x0002, b""))[1][4] == 0
            for one in (slow, other, third):
                await one.close()

    run(test)


def test_the_quarantine_is_bounded_in_terminals_and_in_frames_a_second() -> None:
    quarantine = Quarantine(most=100, burst=3, a_second=1)
    assert [quarantine.take("1", "a:1", "unknown", b"x", 0) for _ in range(5)] == [True, True, True, False, False]
    assert quarantine.take("1", "a:1", "unknown", b"x", 1_000_000)
    for number in range(1_000):
        quarantine.take(f"t{number}", "a:1", "unknown", b"x", number)
    assert (len(quarantine), quarantine.forgotten, quarantine.thinned) == (100, 901, 2)
    assert quarantine.listed()[0]["terminal"] == "t999"


def test_a_token_stands_in_nothing_that_is_kept_even_where_it_cannot_be_read() -> None:
    async def test() -> None:
        inlet = Remembering()
        async with gateway(inlet) as (_, port):
            raw = await Raw.open(port, newer=True)
            secret = b"SECRET-TOKEN"
            assert (await raw.ask(0x0102, bytes((200,)) + secret))[1][4] == 2
            assert (await raw.ask(0x0102, bytes((len(secret),)) + secret + bytes(35)))[1][4] == 1
            await raw.send(raw.frame(0x0102, secret)[:-2] + b"\x00\x7e")
            coded = struct.pack(">HHB10sH", 0x0102, 0x4400 | 60, 1, bytes.fromhex(PHONE.zfill(20)), 9) + secret.ljust(60)
            await raw.send(enclose(coded))
            assert (await raw.receive())[1][4] == 1
            await raw.close()
        kept = [one.raw + str(one.value).encode() for one in inlet.others()]
        assert len(kept) == 4
        assert all(secret not in one and secret.hex().encode() not in one for one in kept)

    run(test)


@pytest.mark.parametrize(
    "now", [{}, {"13912345678": replace(KNOWN["13912345678"], device="vehicle/闽B00001")}], ids=["nobody's", "another's"]
)
def test_a_terminal_whose_vehicle_is_another_speaks_for_the_old_one_no_longer(now: dict[str, KnownTerminal]) -> None:
    async def test() -> None:
        inlet, register = Remembering(), Terminals()
        async with gateway(inlet, register) as (server, port):
            raw = await Raw.open(port)
            await raw.authenticate()
            server.heed_register()
            assert (await raw.ask(0x0200, location_body()))[1][4] == 0
            register.known = now
            server.heed_register()
            assert await raw.reader.read() == b""
            assert (server.connected(), server.statistics()["connections"]["withdrawn"]) == ([], 1)
            await raw.close()
        assert [fix["device"] for fix in inlet.fixes()] == ["vehicle/闽A12345"]

    run(test)


def test_who_gives_every_frame_another_number_is_offered_no_more_than_all_may_be() -> None:
    quarantine = Quarantine(most=10, burst_of_all=50, a_second_of_all=5)
    offered = [quarantine.take(str(number), "x:1", "unknown", b"", 1_000_000) for number in range(1_000)]
    assert (sum(offered), len(quarantine), quarantine.thinned) == (50, 10, 950)
    later = [quarantine.take(str(number), "x:1", "unknown", b"", 3_000_000) for number in range(1_000)]
    assert (sum(later), quarantine.messages) == (10, 2_000)
