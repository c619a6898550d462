"""Followers of events: replay then live, with neither hole nor double, whatever is slow, lost between, or no longer kept."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.twin.incidents.test_events import DAY_US, event
from twin.incidents import Event, EventFile, EventLog
from twin.incidents.stream import EventStream

Allowed = Callable[[Event], bool]


def every() -> Allowed:
    return lambda event: True


def commit(log: EventLog, count: int, word: str = "incident", now_us: int = 0) -> list[Event]:
    first = log.last_id()
    log.append([event(word) for _ in range(count)], now_us)
    return list(log.since(first, 10_000).events)


@settings(max_examples=40, deadline=None)
@given(
    data=st.lists(st.tuples(st.integers(0, 6), st.sampled_from(["told", "told", "lost", "late"])), max_size=12),
    at_hand=st.integers(1, 6),
    begin=st.integers(0, 4),
    pauses=st.lists(st.integers(0, 3), max_size=8),
)
def test_a_follower_gets_each_event_once_and_in_order_whatever_becomes_of_what_is_published(
    tmp_path_factory: pytest.TempPathFactory, data: list[tuple[int, str]], at_hand: int, begin: int, pauses: list[int]
) -> None:
    """Batches are published, lost on their way from the hub, or come after the next one's commit."""
    with EventFile.open(tmp_path_factory.mktemp("s") / "e.sqlite") as file:
        log = EventLog(file)
        commit(log, 5)

        async def run() -> list[int]:
            stream, got, waiting = EventStream(log, at_hand=at_hand), [], list(pauses)

            async def read() -> None:
                async for piece in stream.follow(begin, every, wait_s=0.02, pause_s=0.001):
                    got.extend(one.id for one in piece.events)
                    for _ in range(waiting.pop() if waiting else 0):
                        await asyncio.sleep(0.001)
                    if got and got[-1] == total:
                        return

            total = 5 + sum(count for count, _ in data)
            reading = asyncio.create_task(read())
            late: list[Event] = []
            for count, how in data:
                events = commit(log, count)
                if how == "late":
                    late += events
                elif how == "told":
                    stream.publish(late)
                    late = []
                    stream.publish(events)
                await asyncio.sleep(0)
            await asyncio.wait_for(reading, 60)
            return got

        got = asyncio.run(run())
        assert got == list(range(begin + 1, 5 + sum(count for count, _ in data) + 1))


def test_a_follower_that_stops_reading_delays_nobody_and_is_told_what_is_gone_when_it_reads_on(tmp_path: Path) -> None:
    with EventFile.open(tmp_path / "e.sqlite") as file:
        log = EventLog(file)

        async def run() -> None:
            stream = EventStream(log, at_hand=10)
            slow = stream.follow(0, every, wait_s=0.05)
            stream.publish(commit(log, 2))
            assert [one.id for one in (await anext(slow)).events] == [1, 2]
            got: list[int] = []

            async def quick() -> None:
                async for piece in stream.follow(2, every, wait_s=5):
                    got.extend(one.id for one in piece.events)
                    if got[-1] == 102:
                        return

            reading = asyncio.create_task(quick())
            for _ in range(20):
                stream.publish(commit(log, 5))
                await asyncio.sleep(0.001)
            await asyncio.wait_for(reading, 60)
            assert got == list(range(3, 103))
            log.forget({"pingshan.incident": 0}, DAY_US)
            stream.publish(commit(log, 1, now_us=DAY_US))
            stream.publish([event() for _ in range(0)])
            piece = await anext(slow)
            assert piece.gap == (3, 102) and [one.id for one in piece.events] == [103]
            await slow.aclose()
            assert stream.followers == 0

        asyncio.run(run())


def test_types_rights_and_the_end_of_what_is_kept(tmp_path: Path) -> None:
    with EventFile.open(tmp_path / "e.sqlite") as file:
        log = EventLog(file)

        async def run() -> None:
            stream = EventStream(log)
            stream.publish(commit(log, 3, "incident"))
            stream.publish(commit(log, 3, "passage"))
            odd: Callable[[], Allowed] = lambda: lambda one: one.id % 2 == 1  # noqa: E731
            pieces = [one async for one in stream.follow(0, odd, types={"pingshan.passage"}, live=False)]
            assert [one.id for piece in pieces for one in piece.events] == [5]
            assert [one async for one in stream.follow(None, every, live=False)] == []
            async for piece in stream.follow(99, every, wait_s=0.01):
                assert piece.last == 6 and not piece.events, "an id of another file is taken as the last"
                break

        asyncio.run(run())


def test_what_was_committed_and_published_by_nobody_comes_a_little_later(tmp_path: Path) -> None:
    """After others of which it had all from what is at hand."""
    with EventFile.open(tmp_path / "e.sqlite") as file:
        log = EventLog(file)

        async def run() -> None:
            stream = EventStream(log)
            following = stream.follow(0, every, wait_s=0.05, pause_s=0)
            assert (await anext(following)).events == (), "nothing yet"
            stream.publish(commit(log, 2))
            assert [one.id for one in (await anext(following)).events] == [1, 2]
            commit(log, 1)
            assert [one.id for one in (await asyncio.wait_for(anext(following), 20)).events] == [3]
            stream.publish(commit(log, 1))
            assert [one.id for one in (await asyncio.wait_for(anext(following), 20)).events] == [4]
            await following.aclose()

        asyncio.run(run())
