"""A terminal and its gateway: registered, known, answered in its own edition, told what people want."""

import asyncio
import struct

import pytest

from sensors.errors import FrameInvalid, InletRefused, TerminalGone
from sensors.observation import Stream
from tests.sensors.jt808_gateway import PHONE, TOKEN, Raw, Remembering, gateway, registration, run
from tests.sensors.jt808_made import batch, enclose, location_body

SOS = 1


@pytest.mark.parametrize("newer", [False, True])
def test_a_terminal_registers_authenticates_reports_and_is_answered_in_its_own_edition(newer: bool) -> None:
    async def test() -> None:
        inlet = Remembering()
        async with gateway(inlet) as (server, port):
            raw = await Raw.open(port, newer=newer)
            message_id, answer = await raw.ask(0x0100, registration(newer))
            assert (message_id, answer[:3]) == (0x8100, struct.pack(">HB", 1, 0))
            assert answer[3:].decode("gbk") == TOKEN
            assert await raw.authenticate() == 0
            assert server.connected() == ["13912345678"]
            assert await raw.ask(0x0002, b"") == (0x8001, struct.pack(">HHB", 3, 2, 0))
            assert await raw.ask(0x0200, location_body()) == (0x8001, struct.pack(">HHB", 4, 0x0200, 0))
            assert await raw.ask(0x0004, b"") != (0x8001, b"")
            assert await raw.ask(0x0003, b"") == (0x8001, struct.pack(">HHB", 6, 3, 0))
            assert server.connected() == []
            await raw.close()
        (fix,) = inlet.fixes()
        assert fix["device"] == "vehicle/闽A12345"
        assert (fix["lon_e7"], fix["lat_e7"], fix["speed_dkmh"], fix["heading_cdeg"]) == (1_192_946_000, 260_896_000, 360, 9_000)
        assert fix["status"] == 0b10011
        assert fix["device_us"] == fix["fix_us"] == 1_795_739_400_000_000
        assert [one.stream for one in inlet.others("heartbeat")] == [Stream.HEARTBEAT]
        said = inlet.others("authenticate")
        assert [one.value.get("token") for one in said] == [None]
        assert all(TOKEN.encode("gbk") not in one.raw for one in inlet.others())

    run(test)


def test_a_terminal_of_2011_is_known_by_the_length_of_its_registration() -> None:
    async def test() -> None:
        inlet = Remembering()
        async with gateway(inlet) as (_, port):
            raw = await Raw.open(port)
            assert (await raw.ask(0x0100, registration(False, old=True)))[1][2] == 0
            assert inlet.others("register") == [] or inlet.others("register")[0].value["plate"] == "闽A12345"
            await raw.authenticate()
            await raw.close()
        assert inlet.others("register")[0].value["model"] == "SIM"

    run(test)


def test_a_vehicle_without_a_plate_registers_with_its_vin_and_a_dot_in_a_plate_is_no_difference() -> None:
    async def test() -> None:
        async with gateway(Remembering()) as (_, port):
            raw = await Raw.open(port)
            vin = struct.pack(">HH5s20s7sB", 35, 102, b"PSTWN", b"SIM", b"0000001", 0) + b"LSVAA4182E2100001"
            assert (await raw.ask(0x0100, vin))[1][2] == 0
            assert (await raw.ask(0x0100, registration(False, "闽a·12345")))[1][2] == 0
            await raw.close()

    run(test)


def test_a_backlog_is_many_fixes_of_one_frame_and_one_answer() -> None:
    async def test() -> None:
        inlet = Remembering()
        async with gateway(inlet) as (_, port):
            raw = await Raw.open(port, newer=True)
            await raw.authenticate()
            bodies = [location_body(speed=number, time=f"2611270830{number:02d}") for number in range(20)]
            frame = batch(bodies, PHONE, 9, newer=True)
            await raw.send(frame)
            assert (await raw.receive())[1] == struct.pack(">HHB", 9, 0x0704, 0)
            await raw.close()
        assert [fix["speed_dkmh"] for fix in inlet.fixes()] == list(range(20))
        assert all(fix["status"] & 4 for fix in inlet.fixes())
        assert inlet.raw() == [frame]

    run(test)


def test_an_alarm_that_only_an_item_tells_is_an_observation_beside_its_fix() -> None:
    async def test() -> None:
        inlet = Remembering()
        async with gateway(inlet) as (_, port):
            raw = await Raw.open(port)
            await raw.authenticate()
            quiet = b"\x14\x04\0\0\0\0"
            loud = b"\x01\x04\0\0\0\x07\x14\x04\0\0\0\x02"
            assert (await raw.ask(0x0200, location_body(items=quiet)))[1][4] == 0
            assert (await raw.ask(0x0200, location_body(items=loud)))[1][4] == 0
            assert (await raw.ask(0x0200, location_body(items=b"\x01\x04\0\0")))[1][4] == 0
            frame = batch([location_body(), location_body(items=loud, speed=5)], PHONE, 50)
            await raw.send(frame)
            assert (await raw.receive())[1][4] == 0
            await raw.close()
        assert len(inlet.fixes()) == 5
        told = [one for one in inlet.others() if one.alarms]
        assert [one.alarms for one in told] == [("video_covered",), ("video_covered",)]
        assert [one.stream for one in told] == [Stream.ALARM] * 2
        assert told[1].value["speed_dkmh"] == 5

    run(test)


def test_packages_are_kept_answered_put_together_and_asked_for_again() -> None:
    async def test() -> None:
        inlet = Remembering()
        async with gateway(inlet, sweep_s=0.05) as (server, port):
            raw = await Raw.open(port)
            await raw.authenticate()
            picture = bytes(range(256)) * 6
            body = struct.pack(">IBBBB", 7, 0, 0, 0, 1) + location_body(alarm=SOS) + picture
            parts = [body[at : at + 800] for at in range(0, len(body), 800)]

            def package(index: int) -> bytes:
                part = parts[index - 1]
                head = struct.pack(">HH6sHHH", 0x0801, len(part) | 0x2000, bytes.fromhex(PHONE), 99 + index, len(parts), index)
                return enclose(head + part)

            await raw.send(package(1))
            assert (await raw.receive())[1] == struct.pack(">HHB", 100, 0x0801, 0)
            (session,) = server._sessions
            assert session.packages is not None
            session.packages.again_after_us = 0
            message_id, asked = await raw.receive()
            assert (message_id, asked) == (0x8003, struct.pack(">HBH", 100, 1, 2))
            session.packages.again_after_us = 10**9
            await raw.send(package(2))
            answers = []
            while (0x8800, struct.pack(">I", 7)) not in answers:
                answers.append(await raw.receive())
            await raw.close()
        (media,) = inlet.others("media")
        assert media.value["data_bytes"] == len(picture)
        assert media.alarms == ("sos",)
        assert [len(one.raw) > 700 for one in inlet.others("package_of_media")] == [True, True]
        assert [one.value.get("of_alarm") for one in inlet.others("package_of_media")] == [True, True]

    run(test)


def test_an_encrypted_body_is_reported_and_its_bytes_kept() -> None:
    async def test() -> None:
        inlet = Remembering()
        async with gateway(inlet) as (server, port):
            raw = await Raw.open(port)
            await raw.authenticate()
            secret = enclose(struct.pack(">HH6sH", 0x0200, 40 | 1 << 10, bytes.fromhex(PHONE), 5) + bytes(40))
            await raw.send(secret)
            assert (await raw.receive())[1][4] == 0
            assert (await raw.ask(0x0200, location_body(status=0x23)))[1][4] == 0
            await raw.close()
        (told,) = inlet.others("location")
        assert (told.value["refused"], told.raw) == ("encrypted", secret)
        (fix,) = inlet.fixes()
        assert (fix["lon_e7"], fix["status"]) == (-(2**31), 0b1010)
        assert server.statistics()["refused"]["encrypted"] == 1

    run(test)


def test_commands_go_down_and_their_answer_is_awaited() -> None:
    async def test() -> None:
        inlet = Remembering()
        async with gateway(inlet) as (server, port):
            with pytest.raises(TerminalGone, match="not connected"):
                await server.send_text("13912345678", "请回场")
            raw = await Raw.open(port, newer=True)
            await raw.authenticate()
            asked = asyncio.create_task(server.send_text(PHONE, "请回场"))
            message_id, body = await raw.receive()
            assert (message_id, body) == (0x8300, b"\x0c\x01" + "请回场".encode("gbk"))
            await raw.send(raw.frame(0x0001, struct.pack(">HHB", 1, 0x8300, 0)))
            assert await asked == 0
            asked = asyncio.create_task(server.track("13912345678", interval_s=5, for_s=600))
            assert await raw.receive() == (0x8202, struct.pack(">HI", 5, 600))
            await raw.send(raw.frame(0x0001, struct.pack(">HHB", 2, 0x8202, 3)))
            assert await asked == 3
            with pytest.raises(FrameInvalid, match="overspeed"):
                await server.confirm_alarm(PHONE, alarm_serial=4, alarm=SOS | 2)
            with pytest.raises(TerminalGone, match=r"0\.05 s"):
                await server.confirm_alarm("13912345678", alarm_serial=4, alarm=SOS, timeout_s=0.05)
            assert await raw.receive() == (0x8203, struct.pack(">HI", 4, SOS))
            asked = asyncio.create_task(server.send_text(PHONE, "x"))
            await raw.receive()
            await raw.close()
            with pytest.raises(TerminalGone, match="left"):
                await asked

    run(test)


def test_a_logout_that_is_not_kept_is_none() -> None:
    async def test() -> None:
        inlet = Remembering()
        async with gateway(inlet) as (server, port):
            raw = await Raw.open(port)
            await raw.authenticate()
            await inlet.quiet(server)
            inlet.errors = [InletRefused("the disk is full")]
            assert (await raw.ask(0x0003, b""))[1][4] == 1
            assert server.connected() == ["13912345678"]
            assert (await raw.ask(0x0003, b""))[1][4] == 0
            assert server.connected() == []
            message_id, time = await raw.ask(0x0004, b"")
            assert (message_id, time[4]) == (0x8001, 1)
            await raw.authenticate()
            message_id, time = await raw.ask(0x0004, b"")
            assert (message_id, len(time)) == (0x8004, 6)
            await raw.close()

    run(test)
