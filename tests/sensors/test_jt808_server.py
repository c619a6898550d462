"""The gateway by a raw TCP terminal: register, authenticate, report, answers in the terminal's own edition and only after the commit."""

import asyncio
import random
import struct
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from sensors import jt808_intake, jt808_session
from sensors.errors import FrameInvalid, InletGone, InletRefused, TerminalGone
from sensors.jt808_batch import keep_raw_for_ever
from sensors.jt808_known import KnownTerminal, Quarantine
from sensors.observation import Stream
from tests.sensors.jt808_gateway import KNOWN, PHONE, TOKEN, Raw, Remembering, Terminals, gateway
from tests.sensors.jt808_made import batch, enclose, header, location_body
from tests.sensors.jt808_mutated import made, mutated

SOS = 1


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 30))


def registration(newer: bool, plate: str = "闽A12345", *, old: bool = False) -> bytes:
    said = plate.encode("gbk")
    if newer:
        return struct.pack(">HH11s30s30sB", 35, 102, b"PSTWN", b"SIM", b"0000001", 1) + said
    return struct.pack(f">HH5s{8 if old else 20}s7sB", 35, 102, b"PSTWN", b"SIM", b"0000001", 1) + said


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


def test_nothing_is_acknowledged_before_it_is_kept() -> None:
    async def test() -> None:
        inlet = Remembering()
        async with gateway(inlet) as (server, port):
            raw = await Raw.open(port)
            await raw.authenticate()
            await inlet.quiet(server)
            inlet.gate = asyncio.Event()
            await raw.send(raw.frame(0x0200, location_body(alarm=SOS)))
            assert await raw.silent(0.2)
            assert inlet.fixes() == []
            inlet.gate.set()
            assert (await raw.receive())[1][4] == 0
            assert [fix["alarm"] for fix in inlet.fixes()] == [SOS]
            await raw.close()

    run(test)


@pytest.mark.parametrize("error", [InletRefused("the disk is full"), RuntimeError("a fault")])
def test_what_is_refused_is_answered_with_failure_and_taken_when_it_comes_again(error: Any) -> None:
    async def test() -> None:
        inlet = Remembering()
        async with gateway(inlet) as (server, port):
            raw = await Raw.open(port)
            await raw.authenticate()
            await inlet.quiet(server)
            inlet.errors = [error]
            frame = raw.frame(0x0200, location_body())
            await raw.send(frame)
            assert (await raw.receive())[1] == struct.pack(">HHB", 2, 0x0200, 1)
            await raw.send(frame)
            assert (await raw.receive())[1] == struct.pack(">HHB", 2, 0x0200, 0)
            assert len(inlet.fixes()) == 1
            assert server.statistics()["frames"]["not_kept"] == 1
            await raw.close()

    run(test)


def test_an_inlet_that_is_gone_for_a_moment_gets_the_same_batch_again() -> None:
    async def test() -> None:
        inlet = Remembering()
        async with gateway(inlet) as (server, port):
            raw = await Raw.open(port)
            await raw.authenticate()
            await inlet.quiet(server)
            inlet.errors = [InletGone("restarting"), ConnectionResetError()]
            assert (await raw.ask(0x0200, location_body()))[1][4] == 0
            assert len(inlet.fixes()) == 1
            assert server.statistics()["offers"]["gone"] == 2
            inlet.errors = [InletGone("restarting")] * 3
            assert (await raw.ask(0x0200, location_body(speed=1)))[1][4] == 1
            await raw.close()

    run(test)


def test_what_came_before_the_connection_broke_is_kept_as_the_terminals_own() -> None:
    async def test() -> None:
        inlet = Remembering()
        async with gateway(inlet) as (server, port):
            raw = await Raw.open(port)
            await raw.authenticate()
            await inlet.quiet(server)
            inlet.gate = asyncio.Event()
            await raw.send(raw.frame(0x0200, location_body()))
            await raw.send(raw.frame(0x0200, location_body(speed=7)))
            await asyncio.sleep(0.05)
            await raw.close()
            await asyncio.sleep(0.05)
            inlet.gate.set()
            while server.intake.waiting or len(inlet.fixes()) < 2:
                await asyncio.sleep(0.01)
        assert [fix["device"] for fix in inlet.fixes()] == ["vehicle/闽A12345"] * 2
        assert server.statistics()["quarantined"]["messages"] == 0

    run(test)


def test_the_same_message_again_is_answered_again_and_kept_once() -> None:
    async def test() -> None:
        inlet = Remembering()
        async with gateway(inlet) as (server, port):
            raw = await Raw.open(port)
            await raw.authenticate()
            frame = raw.frame(0x0200, location_body())
            driver = raw.frame(0x0702, b"\x02" + bytes.fromhex("261127083000"))
            await raw.send(frame + frame + driver + driver)
            assert sorted([(await raw.receive())[1][2:] for _ in range(4)]) == [b"\x02\x00\x00"] * 2 + [b"\x07\x02\x00"] * 2
            await raw.send(frame)
            assert (await raw.receive())[1][4] == 0
            await raw.send(raw.frame(0x0200, location_body(), serial=99))
            await raw.send(raw.frame(0x0200, location_body(alarm=SOS), serial=99))
            assert [(await raw.receive())[1][4] for _ in range(2)] == [0, 0]
            await raw.close()
        assert [fix["alarm"] for fix in inlet.fixes()] == [0, 0, SOS]
        assert len(inlet.others("driver")) == 1
        assert server.statistics()["frames"]["again"] == 3

    run(test)


def test_what_was_kept_but_whose_answer_was_lost_is_known_after_a_new_connection() -> None:
    async def test() -> None:
        inlet = Remembering()
        async with gateway(inlet) as (server, port):
            raw = await Raw.open(port)
            await raw.authenticate()
            frame = raw.frame(0x0200, location_body())
            await raw.send(frame)
            assert (await raw.receive())[1][4] == 0
            await raw.close()
            raw = await Raw.open(port)
            await raw.authenticate()
            await raw.send(frame)
            assert (await raw.receive())[1][4] == 0
            await raw.close()
        assert len(inlet.fixes()) == 1
        assert server.statistics()["frames"]["again"] == 1

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


@pytest.mark.parametrize("message_id", [0x0704, 0x0200])
def test_locations_that_come_in_packages_are_fixes_like_any_other(message_id: int) -> None:
    loud = b"\x01\x04\0\0\0\x07\x14\x04\0\0\0\x02"

    async def test() -> None:
        inlet = Remembering()
        async with gateway(inlet) as (server, port):
            raw = await Raw.open(port)
            await raw.authenticate()
            bodies = [location_body(speed=n, alarm=n == 7, time=f"2611270830{n:02d}", items=loud if n == 9 else b"") for n in range(40)]
            many = struct.pack(">HB", 40, 1) + b"".join(struct.pack(">H", len(one)) + one for one in bodies)
            whole = many if message_id == 0x0704 else location_body(speed=7, alarm=1, items=b"\xe1\xc8" + bytes(200) + loud)
            parts = [whole[at : at + 600] for at in range(0, len(whole), 600)] if message_id == 0x0704 else [whole[:100], whole[100:]]
            for index, part in enumerate(parts):
                head = struct.pack(">HH6sHHH", message_id, len(part) | 0x2000, bytes.fromhex(PHONE), 90 + index, len(parts), index + 1)
                await raw.send(enclose(head + part))
                assert (await raw.receive())[1] == struct.pack(">HHB", 90 + index, message_id, 0)
            await raw.close()
            assert server.statistics()["packages"]["put_together"] == 1
        fixes = inlet.fixes()
        many_or_one = message_id == 0x0704
        assert [fix["speed_dkmh"] for fix in fixes] == (list(range(40)) if many_or_one else [7])
        assert [bool(fix["status"] & 4) for fix in fixes] == ([True] * 40 if many_or_one else [False])
        assert [fix["alarm"] for fix in fixes if fix["alarm"]] == [1]
        assert {fix["device"] for fix in fixes} == {"vehicle/闽A12345"} and len({fix["fix_us"] for fix in fixes}) == len(fixes)
        (told,) = (one for one in inlet.others() if one.alarms)
        assert told.alarms[-1] == "video_covered" and told.value["speed_dkmh"] == (9 if many_or_one else 7)
        packages = [one.raw for one in inlet.others() if str(one.value["message"]).startswith("package_of_")]
        assert len(packages) == len(parts) and keep_raw_for_ever(packages).all()

    run(test)


def test_packages_of_locations_that_cannot_be_read_are_kept_and_no_fix() -> None:
    async def test() -> None:
        inlet = Remembering()
        async with gateway(inlet) as (_, port):
            raw = await Raw.open(port)
            await raw.authenticate()
            whole = struct.pack(">HB", 2, 1) + struct.pack(">H", 28) + location_body() + struct.pack(">H", 28) + b"cut"
            for index, part in enumerate((whole[:20], whole[20:])):
                head = struct.pack(">HH6sHHH", 0x0704, len(part) | 0x2000, bytes.fromhex(PHONE), 90 + index, 2, index + 1)
                await raw.send(enclose(head + part))
                assert (await raw.receive())[1] == struct.pack(">HHB", 90 + index, 0x0704, 0)
            await raw.close()
        assert inlet.fixes() == []
        assert [one.value["refused"] for one in inlet.others("locations")] == ["body"]
        assert len(inlet.others("package_of_locations")) == 2

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


async def fuzzed(count: int, seed: int) -> None:
    """Mutated frames, its own and of others, in pieces of any size, with garbage; then a good one is answered on the same connection."""
    inlet, rng = Remembering(), random.Random(seed)
    async with gateway(inlet, quarantined=50) as (server, port):
        raw = await Raw.open(port)
        await raw.authenticate()
        marker = raw.frame(0x0200, location_body(time="310101080000")) + raw.frame(0x0002, b"", serial=60_000)
        phones = (PHONE, PHONE, None)
        frames = (mutated(made(rng, phone=rng.choice(phones), newer=False), rng) + rng.randbytes(rng.randrange(3)) for _ in range(count))
        stream = b"".join(frames)
        answers = asyncio.create_task(raw.until(struct.pack(">HHB", 60_000, 0x0002, 0)))
        at = 0
        while at < len(stream):
            size = rng.choice((1, 7, 100, 5_000, 60_000))
            await raw.send(stream[at : at + size])
            at += size
        await raw.send(bytes(100_000) + marker)
        await answers
        while not any((batch.fixes["device_us"] == 1_924_992_000_000_000).any() for batch in inlet.batches):
            await asyncio.sleep(0.05)
        assert server.connected() == ["13912345678"]
        assert len(server.quarantine) <= 50
        assert sum(session.packages.bytes for session in server._sessions if session.packages) <= 4 << 20
        await raw.close()
    statistics = server.statistics()
    assert statistics["refused"]["checksum"] > count // 10
    assert statistics["refused"]["oversize"] >= 1
    assert statistics["refused"]["thinned"] > 0
    assert statistics["offers"]["failed"] == 0


def test_whatever_the_socket_gets_the_connection_stays() -> None:
    run(lambda: fuzzed(20_000, 40))


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(10))
def test_a_million_mutated_frames_through_the_socket(seed: int) -> None:
    asyncio.run(fuzzed(100_000, 100 + seed))


def test_when_too_much_waits_the_connections_pause_and_nothing_is_lost() -> None:
    async def test() -> None:
        inlet = Remembering()
        async with gateway(inlet, waiting=50, a_batch=20) as (server, port):
            raw = await Raw.open(port)
            await raw.authenticate()
            await inlet.quiet(server)
            inlet.gate = asyncio.Event()
            frames = [raw.frame(0x0200, location_body(speed=number)) for number in range(2_000)]
            for frame in frames:
                raw.writer.write(frame)
                if server.intake.full:
                    break
                await asyncio.sleep(0)
            sent = frames.index(frame) + 1
            assert server.intake.full
            late = await Raw.open(port, phone="013800000000")
            await late.send(late.frame(0x0002, b""))
            assert await late.silent(0.05)
            waiting = server.intake.waiting
            raw.writer.write(b"".join(frames[sent : sent + 100]))
            await asyncio.sleep(0.05)
            assert server.intake.waiting == waiting
            inlet.gate.set()
            answers = [await raw.receive() for _ in range(sent + 100)]
            assert {answer[4] for _, answer in answers} == {0}
            assert not server.intake.full
            assert (await late.receive())[1][4] == 1
            await raw.close()
            await late.close()
        assert [fix["speed_dkmh"] for fix in inlet.fixes()] == list(range(sent + 100))

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


def test_closing_hands_over_what_is_here() -> None:
    async def test() -> None:
        inlet = Remembering()
        async with gateway(inlet, linger_s=0.2) as (server, port):
            raw = await Raw.open(port)
            await raw.authenticate()
            while server.intake.waiting:
                await asyncio.sleep(0.005)
            await raw.send(raw.frame(0x0200, location_body()))
            while not server.intake.waiting:
                await asyncio.sleep(0.005)
            await server.close()
            assert (await raw.receive())[1][4] == 0
            assert len(inlet.fixes()) == 1
            await raw.close()

    run(test)


def test_closing_where_nobody_takes_anything_tries_once_and_acknowledges_nothing() -> None:
    async def test() -> None:
        inlet = Remembering()
        async with gateway(inlet, linger_s=0.2) as (server, port):
            raw = await Raw.open(port)
            await raw.authenticate()
            while server.intake.waiting:
                await asyncio.sleep(0.005)
            await raw.send(raw.frame(0x0200, location_body()))
            while not server.intake.waiting:
                await asyncio.sleep(0.005)
            inlet.errors = [InletGone("away", path="hub") for _ in range(3)]
            offered = inlet.offered
            await server.close()
            assert inlet.offered == offered + 1
            assert (await raw.receive())[1][4] != 0
            assert inlet.fixes() == []
            await raw.close()

    run(test)


def test_the_quarantine_is_bounded_in_terminals_and_in_frames_a_second() -> None:
    quarantine = Quarantine(most=100, burst=3, a_second=1)
    assert [quarantine.take("1", "a:1", "unknown", b"x", 0) for _ in range(5)] == [True, True, True, False, False]
    assert quarantine.take("1", "a:1", "unknown", b"x", 1_000_000)
    for number in range(1_000):
        quarantine.take(f"t{number}", "a:1", "unknown", b"x", number)
    assert (len(quarantine), quarantine.forgotten, quarantine.thinned) == (100, 901, 2)
    assert quarantine.listed()[0]["terminal"] == "t999"


def test_who_gives_every_frame_another_number_is_offered_no_more_than_all_may_be() -> None:
    quarantine = Quarantine(most=10, burst_of_all=50, a_second_of_all=5)
    offered = [quarantine.take(str(number), "x:1", "unknown", b"", 1_000_000) for number in range(1_000)]
    assert (sum(offered), len(quarantine), quarantine.thinned) == (50, 10, 950)
    later = [quarantine.take(str(number), "x:1", "unknown", b"", 3_000_000) for number in range(1_000)]
    assert (sum(later), quarantine.messages) == (10, 2_000)


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


def test_a_vehicle_without_a_plate_registers_with_its_vin_and_a_dot_in_a_plate_is_no_difference() -> None:
    async def test() -> None:
        async with gateway(Remembering()) as (_, port):
            raw = await Raw.open(port)
            vin = struct.pack(">HH5s20s7sB", 35, 102, b"PSTWN", b"SIM", b"0000001", 0) + b"LSVAA4182E2100001"
            assert (await raw.ask(0x0100, vin))[1][2] == 0
            assert (await raw.ask(0x0100, registration(False, "闽a·12345")))[1][2] == 0
            await raw.close()

    run(test)


def test_trouble_with_the_inlet_is_logged_once_when_it_begins_and_once_when_it_ends(caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        inlet = Remembering()
        async with gateway(inlet) as (server, port):
            raw = await Raw.open(port)
            await raw.authenticate()
            await inlet.quiet(server)
            inlet.errors = [InletRefused("the disk is full")] * 5
            for _ in range(6):
                await raw.ask(0x0200, location_body())
            await raw.close()

    run(test)
    assert [one.getMessage() for one in caplog.records] == ["batches are not taken: the disk is full", "batches are taken again"]


def test_a_fault_of_ours_costs_one_frame_and_no_connection(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    true_locate, true_message = jt808_intake.locate, jt808_session.observation_of

    def locate(pieces: list[bytes], received_us: Any) -> Any:
        if any(b"\x66\x66" in piece for piece in pieces):
            raise ZeroDivisionError
        return true_locate(pieces, received_us)

    def observation_of(message: Any, *more: Any) -> Any:
        if message.name == "driver":
            raise KeyError("new")
        return true_message(message, *more)

    monkeypatch.setattr(jt808_intake, "locate", locate)
    monkeypatch.setattr(jt808_session, "observation_of", observation_of)

    async def test() -> None:
        inlet = Remembering()
        async with gateway(inlet) as (server, port):
            raw = await Raw.open(port)
            await raw.authenticate()
            frames = [raw.frame(0x0200, location_body(speed=speed)) for speed in (1, 2, 0x6666, 4, 5)]
            await raw.send(b"".join(frames) + raw.frame(0x0702, b"\x02" + bytes(6)))
            assert [(await raw.receive())[1][4] for _ in range(4)] == [0] * 4
            assert (await raw.ask(0x0002, b""))[1][4] == 0
            assert server.statistics()["refused"]["fault"] == 2
            await raw.close()
        assert [fix["speed_dkmh"] for fix in inlet.fixes()] == [1, 2, 4, 5]
        assert sorted(one.value["refused"] for one in inlet.others("refused")) == ["fault", "fault"]

    run(test)
    assert sum("a fault on the frame" in one.getMessage() for one in caplog.records) == 2


def test_bodies_that_a_terminal_writes_wrong_are_all_kept_and_answered_so() -> None:
    async def test() -> None:
        inlet = Remembering()
        async with gateway(inlet) as (_, port):
            raw = await Raw.open(port)
            await raw.authenticate()
            for _ in range(40):
                assert (await raw.ask(0x0200, b"short"))[1][4] == 2
            await raw.close()
        assert len(inlet.others("refused")) == 40
        assert {one.device for one in inlet.others("refused")} == {"vehicle/闽A12345"}

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
