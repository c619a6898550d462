"""The terminal as a client against the real gateway: both editions, holes, what is refused, and many at once."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from sensors.errors import FrameInvalid, InletRefused, TerminalGone
from sensors.jt808_known import KnownTerminal
from sensors.jt808_terminal import Fix, Terminal, location_body
from tests.loops import run_on_uvloop
from tests.sensors.jt808_gateway import TOKEN, Remembering, Terminals, gateway

AT = 1_795_739_400_000_000


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 60))


def fix(number: int = 0, **more: object) -> Fix:
    return Fix(device_us=AT + number * 1_000_000, lon=119.2946, lat=26.0896, speed_kmh=36.0, heading_deg=90, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("edition", [2013, 2019])
def test_it_registers_authenticates_and_what_it_reports_is_kept(edition: int) -> None:
    async def test() -> None:
        inlet = Remembering()
        async with gateway(inlet) as (_, port):
            terminal = Terminal(phone="13912345678", plate="闽A12345", edition=edition)
            await terminal.connect("127.0.0.1", port)
            assert terminal.token == TOKEN
            for number in range(3):
                assert terminal.report(fix(number, alarm=number)) >= 0
            terminal.heartbeat()
            await terminal.settled()
            assert (terminal.acknowledged, terminal.unacknowledged) == (3, 0)
            await terminal.logout()
        said = inlet.fixes()
        assert [one["device_us"] for one in said] == [AT, AT + 1_000_000, AT + 2_000_000]
        assert [one["alarm"] for one in said] == [0, 1, 2]
        assert {(one["lon_e7"], one["lat_e7"], one["speed_dkmh"]) for one in said} == {(1_192_946_000, 260_896_000, 360)}
        assert len(inlet.others("heartbeat")) == 1

    run(test)


def test_what_it_could_not_send_comes_as_backlog_after_the_hole() -> None:
    async def test() -> None:
        inlet = Remembering()
        async with gateway(inlet) as (_, port):
            terminal = Terminal(phone="13912345678", plate="闽A12345", most_kept=100)
            await terminal.connect("127.0.0.1", port)
            terminal.report(fix(0))
            await terminal.settled()
            terminal.close()
            await asyncio.sleep(0.02)
            for number in range(1, 121):
                assert terminal.report(fix(number)) == -1
            assert (terminal.unacknowledged, terminal.lost) == (100, 20)
            await terminal.connect("127.0.0.1", port)
            await terminal.settled()
            terminal.close()
        said = inlet.fixes()
        assert [(one["device_us"] - AT) // 1_000_000 for one in said] == [0, *range(21, 121)]
        assert [bool(one["status"] & 4) for one in said] == [False] + [True] * 100

    run(test)


def test_what_was_refused_is_sent_again_and_kept_once() -> None:
    async def test() -> None:
        inlet = Remembering()
        async with gateway(inlet) as (server, port):
            terminal = Terminal(phone="13912345678", plate="闽A12345")
            await terminal.connect("127.0.0.1", port)
            await inlet.quiet(server)
            inlet.errors = [InletRefused("the disk is full")]
            terminal.report(fix())
            while not terminal.refused:
                await asyncio.sleep(0.01)
            assert terminal.send_again(older_than_s=0.0) == 1
            await terminal.settled()
            terminal.close()
        assert len(inlet.fixes()) == 1

    run(test)


def test_an_unknown_one_is_told_that_its_registration_is_refused() -> None:
    async def test() -> None:
        async with gateway(Remembering()) as (_, port):
            with pytest.raises(TerminalGone, match="result 4"):
                await Terminal(phone="13800000000").connect("127.0.0.1", port)
            with pytest.raises(TerminalGone, match="result 1"):
                await Terminal(phone="13912345678", token="guessed").connect("127.0.0.1", port)

    run(test)


def test_it_answers_what_it_is_told() -> None:
    async def test() -> None:
        async with gateway(Remembering()) as (server, port):
            said: list[str] = []
            terminal = Terminal(phone="13912345678", plate="闽A12345", on_message=lambda one: said.append(str(one.fields.get("text"))))
            await terminal.connect("127.0.0.1", port)
            assert await server.send_text("13912345678", "请回场") == 0
            terminal.answers = {0x8202: 3}
            assert await server.track("13912345678", interval_s=1, for_s=60) == 3
            assert "请回场" in said
            terminal.close()
            await asyncio.sleep(0.02)

    run(test)


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_three_hundred_at_once_lose_nothing(loop: str) -> None:
    async def test() -> None:
        inlet = Remembering()
        known = {f"1390000{number:04d}": KnownTerminal(device=f"vehicle/{number}", token=str(number)) for number in range(300)}
        async with gateway(inlet, Terminals(known)) as (server, port):
            fleet = [Terminal(phone=phone, edition=2013 + 6 * (int(phone) % 2), token=one.token) for phone, one in known.items()]
            await asyncio.gather(*(one.connect("127.0.0.1", port) for one in fleet))
            for number in range(10):
                for one in fleet:
                    one.report(fix(number))
                await asyncio.sleep(0.01)
            await asyncio.gather(*(one.settled() for one in fleet))
            assert sum(one.acknowledged for one in fleet) == 3_000
            assert server.statistics()["connections"]["authenticated"] == 300
            for one in fleet:
                one.close()
            while any(one.transport for one in fleet):
                await asyncio.sleep(0.01)
        said = inlet.fixes()
        assert len(said) == len({(one["device"], one["device_us"]) for one in said}) == 3_000

    runner = asyncio.run if loop == "asyncio" else run_on_uvloop
    runner(asyncio.wait_for(test(), 60))


def test_a_picture_goes_in_packages_and_arrives_whole() -> None:
    async def test() -> None:
        inlet = Remembering()
        async with gateway(inlet) as (_, port):
            terminal = Terminal(phone="13912345678", plate="闽A12345")
            await terminal.connect("127.0.0.1", port)
            body = bytes.fromhex("0000000700000101") + location_body(fix(alarm=1)) + bytes(range(256)) * 20
            with pytest.raises(FrameInvalid, match="send_packages"):
                terminal.send_body(0x0801, body)
            await terminal.send_packages(0x0801, body)
            while not inlet.others("media"):
                await asyncio.sleep(0.01)
            terminal.close()
            await asyncio.sleep(0.02)
        (media,) = inlet.others("media")
        assert (media.value["data_bytes"], media.alarms) == (5_120, ("sos",))

    run(test)
