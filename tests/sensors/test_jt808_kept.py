"""What the gateway acknowledges is kept, once; what cannot be kept is refused, comes again, or pauses the connections."""

import asyncio
import struct
from typing import Any

import pytest

from sensors.errors import InletGone, InletRefused
from sensors.jt808_batch import keep_raw_for_ever
from tests.sensors.jt808_gateway import PHONE, Raw, Remembering, gateway, run
from tests.sensors.jt808_made import enclose, location_body

SOS = 1


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
