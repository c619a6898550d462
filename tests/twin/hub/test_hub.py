"""The hub's loop: nothing is acknowledged before it is kept, nothing is kept twice, and who is refused hears why."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from sensors import Batch, InletGone, InletRefused
from tests.loops import run_on_uvloop
from tests.twin.hub.devices import LAT, LON, FlatGround, moving
from twin.errors import Invalid, NotReady, Refused, StoreUnavailable
from twin.hub.applying import Applier
from twin.hub.client import HubClient
from twin.hub.guarded import Guarded
from twin.hub.hub import Applied, Applies, Hub
from twin.hub.meeting import Meeting
from twin.hub.seen import Seen
from twin.hub.server import _Connection, serve_hub
from twin.hub.wire import Kind, written
from twin.live.state import LiveState

A = {"A": (LON, LAT)}


class Journal:
    """Keeps in memory, or refuses, or waits to be let go."""

    def __init__(self) -> None:
        self.kept: list[bytes] = []
        self.refuses = False

    def keep(self, batches: Sequence[Batch], payloads: Sequence[bytes]) -> tuple[int, int]:
        if self.refuses:
            raise StoreUnavailable("no room for the journal", code="HISTORY_FULL", hint="make room")
        first = len(self.kept)
        self.kept += payloads
        return first, len(self.kept)


class Sweeps(Guarded):
    def __init__(self, applies: Applies, swept: list[int]) -> None:
        super().__init__(applies)
        self.swept = swept

    def sweep(self, *, now_us: int) -> Applied:
        self.swept.append(now_us)
        return super().sweep(now_us=now_us)


class Follower:
    def __init__(self) -> None:
        self.state, self.heard = LiveState(), 0

    def tell(self, applied: Applied) -> None:
        self.heard += 1
        if applied.changes is not None:
            self.state.follow(applied.changes)


def with_hub(check: Callable[[Hub, Journal], Awaitable[None]]) -> None:
    async def run() -> None:
        journal = Journal()
        hub = Hub(journal, Applier(ground=FlatGround()), Seen())
        running = asyncio.create_task(hub.run(every_s=0.05))
        try:
            await asyncio.wait_for(check(hub, journal), timeout=20)
            assert not running.done()
        finally:
            running.cancel()

    asyncio.run(run())


def test_a_batch_is_acknowledged_when_it_is_kept_and_told_when_it_is_applied() -> None:
    async def check(hub: Hub, journal: Journal) -> None:
        follower = Follower()
        hub.followers.append(follower)
        batch = moving("g", 1, A)
        await hub.offer(batch)
        assert journal.kept == [batch.pack()]
        while not follower.heard:
            await asyncio.sleep(0)
        assert follower.state.addresses == ["vehicle/A"]
        assert int(follower.state.current["lon_e7"][0]) == round(LON * 1e7)

    with_hub(check)


def test_the_same_batch_again_is_kept_once_also_at_the_same_time_and_in_any_order() -> None:
    async def check(hub: Hub, journal: Journal) -> None:
        batches = [moving("g", number, A) for number in (2, 1, 2, 3, 1)]
        await asyncio.gather(*map(hub.offer, batches))
        await asyncio.gather(*map(hub.offer, batches))
        await hub.offer(moving("other", 2, A))
        assert [(one.source, one.number) for one in map(Batch.unpack, journal.kept)] == [("g", 2), ("g", 1), ("g", 3), ("other", 2)]

    with_hub(check)


def test_what_cannot_be_kept_is_refused_in_words_and_taken_when_it_is_sent_again() -> None:
    async def check(hub: Hub, journal: Journal) -> None:
        journal.refuses = True
        with pytest.raises(InletRefused, match="no room for the journal"):
            await hub.offer(moving("g", 1, A))
        journal.refuses = False
        await hub.offer(moving("g", 2, A))
        await hub.offer(moving("g", 1, A))
        assert [Batch.unpack(one).number for one in journal.kept] == [2, 1]

    with_hub(check)


def test_what_time_changes_is_told_also_while_batches_come_without_a_pause() -> None:
    async def check(hub: Hub, journal: Journal) -> None:
        swept: list[int] = []
        hub.applies = Sweeps(hub.applies, swept)
        number = 0
        while len(swept) < 2:
            number += 1
            hub._wake.set()
            await hub.offer(moving("g", number, A))
            hub._wake.set()

    with_hub(check)


def test_a_command_that_nobody_knows_is_an_error_of_ours_and_the_hub_goes_on() -> None:
    async def check(hub: Hub, journal: Journal) -> None:
        with pytest.raises(Invalid, match="does not know dance"):
            await hub.command("dance", {})
        await hub.offer(moving("g", 1, A))

    with_hub(check)


def test_numbers_far_ahead_close_holes_and_sources_are_bounded() -> None:
    seen = Seen()
    for number in range(2, 5000):
        seen.take("g", number)
    assert not seen.has("g", 5000)
    assert seen.has("g", 1)
    assert len(seen.sources["g"][1]) == 0
    for source in range(5000):
        seen.take(str(source), 1)
    assert len(seen.sources) == 4096
    assert Seen.untold(seen.told()) == seen


def over_a_socket(home: Path, check: Callable[[Hub, Journal, Meeting], Awaitable[None]]) -> None:
    async def served(hub: Hub, journal: Journal) -> None:
        meeting = Meeting(home)
        assert not meeting.is_taken()
        path = meeting.open()
        server = await serve_hub(hub, path)
        meeting.announce(path)
        try:
            await check(hub, journal, meeting)
        finally:
            server.close()
            meeting.leave()

    with_hub(served)


def test_who_follows_over_the_socket_has_the_state_and_what_was_offered_is_kept(tmp_path: Path) -> None:
    async def check(hub: Hub, journal: Journal, meeting: Meeting) -> None:
        replica = LiveState()
        client = HubClient(meeting, changed=replica.follow)
        running = asyncio.create_task(client.run())
        await client.offer(moving("g", 1, A))
        await client.offer(moving("g", 2, {"B": (LON, LAT), "A": (LON + 0.0001, LAT)}))
        while len(replica) < 2:
            await asyncio.sleep(0.01)
        assert replica.addresses == ["vehicle/A", "vehicle/B"]
        assert len(journal.kept) == 2
        with pytest.raises(Invalid, match="does not know dance"):
            await client.command("dance")
        journal.refuses = True
        with pytest.raises(InletRefused, match="no room"):
            await client.offer(moving("g", 3, A))
        running.cancel()

    over_a_socket(tmp_path, check)


def test_a_client_waits_for_its_hub_and_hands_over_again_what_was_not_answered(tmp_path: Path) -> None:
    async def run() -> None:
        journal = Journal()
        meeting = Meeting(tmp_path)
        client = HubClient(meeting)
        running = asyncio.create_task(client.run())
        waiting = asyncio.create_task(client.offer(moving("g", 1, A)))
        path = meeting.open()

        async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readexactly(5)
            writer.close()

        meeting.folder.mkdir(parents=True, exist_ok=True)
        first = await asyncio.start_unix_server(deaf, path=path)
        meeting.announce(path)
        await asyncio.sleep(0.3)
        assert not waiting.done()
        first.close()
        hub = Hub(journal, Applier(ground=FlatGround()), Seen())
        loop = asyncio.create_task(hub.run())
        again = meeting.open()
        server = await serve_hub(hub, again)
        meeting.announce(again)
        await asyncio.wait_for(waiting, timeout=10)
        assert len(journal.kept) == 1
        for task in (loop, running):
            task.cancel()
        server.close()

    asyncio.run(run())


def test_who_waits_too_long_for_a_hub_is_told_that_it_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twin.hub.client.GIVES_UP_S", 0.05)

    async def run() -> None:
        client = HubClient(Meeting(tmp_path))
        with pytest.raises(InletGone, match="does not answer"):
            await client.offer(moving("g", 1, A))
        with pytest.raises(NotReady, match="does not answer"):
            await client.command("dance")

    asyncio.run(run())


def test_one_process_is_the_hub_of_a_home(tmp_path: Path) -> None:
    first, second = Meeting(tmp_path), Meeting(tmp_path)
    assert (first.is_taken(), second.is_taken()) == (False, True)
    first.leave()
    assert not second.is_taken()
    second.leave()


def test_garbage_on_the_socket_costs_its_own_connection_alone(tmp_path: Path) -> None:
    async def check(hub: Hub, journal: Journal, meeting: Meeting) -> None:
        with pytest.raises(Refused, match="takes no frame DONE") as refused:
            _Connection(hub, asyncio.StreamReader(), None)._take(Kind.DONE, b"")  # type: ignore[arg-type]
        assert refused.value.code == "HUB_FRAME"
        for garbage in (b"\xff" * 64, written(Kind.DONE, b"{}"), b"\x05\x00\x00\x00\x01abcde", b"\x02\x00\x00\x00\x63ab", b"\x01"):
            reader, writer = await asyncio.open_unix_connection(meeting.socket())
            writer.write(garbage)
            writer.write_eof()
            await asyncio.wait_for(reader.read(), timeout=5)
            writer.close()
        await hub.offer(moving("g", 1, A))
        assert len(journal.kept) == 1

    over_a_socket(tmp_path, check)


def test_who_follows_and_is_killed_takes_nobody_elses_answer_with_it(tmp_path: Path) -> None:
    async def run() -> None:
        hub = Hub(Journal(), Applier(ground=FlatGround()), Seen())
        server = await serve_hub(hub, path := tmp_path / "hub")
        beside = Follower()
        _, writer = await asyncio.open_unix_connection(path)
        writer.write(written(Kind.FOLLOW, b""))
        while not hub.followers:
            await asyncio.sleep(0)
        hub.followers.append(beside)
        writer.transport.abort()
        told = 0
        try:
            while len(hub.followers) > 1:
                told += 1
                hub.tell(Applied(changes=None, events=[{"id": told}]))
                await asyncio.sleep(0)
            assert beside.heard == told > 0
        finally:
            server.close()

    run_on_uvloop(run())  # asyncio's own loop takes what is written to a dead connection
