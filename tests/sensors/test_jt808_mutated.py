"""Frames that are wrong, and faults of ours, cost no connection."""

import asyncio
import random
import struct
from typing import Any

import pytest

from sensors import jt808_intake, jt808_session
from tests.sensors.jt808_gateway import PHONE, Raw, Remembering, gateway, run
from tests.sensors.jt808_made import location_body
from tests.sensors.jt808_mutated import made, mutated


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
