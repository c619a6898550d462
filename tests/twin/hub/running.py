"""The hub of a home in a thread of the test, as others find it."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sensors import Batch
from twin.hub.meeting import Meeting
from twin.hub.server import serve_hub
from twin.queries.live.service import OpenHub
from twin.settings import Settings

__all__ = ["a_running_hub"]


@contextmanager
def a_running_hub(home: Path, *batches: Batch) -> Iterator[OpenHub]:
    """It runs while inside, and has taken in the batches; at the end it keeps what it has and leaves."""
    ready, end, opened = threading.Event(), threading.Event(), list[OpenHub]()

    async def run() -> None:
        meeting = Meeting(home)
        assert not meeting.is_taken()
        one = OpenHub.open(Settings(home=home))
        opened.append(one)
        socket = meeting.open()
        server = await serve_hub(one.hub, socket)
        meeting.announce(socket)
        running = asyncio.create_task(one.run())
        for batch in batches:
            await one.hub.offer(batch)
        while one.applier.position < one.journal.position:
            await asyncio.sleep(0.01)
        ready.set()
        while not end.is_set():
            await asyncio.sleep(0.01)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        server.close()
        socket.unlink()
        socket.parent.rmdir()
        one.close()
        meeting.leave()

    thread = threading.Thread(target=lambda: asyncio.run(run()), name="hub")
    thread.start()
    try:
        assert ready.wait(60)
        yield opened[0]
    finally:
        end.set()
        thread.join(60)
