"""What tests of gateways share: a broker, an inlet that keeps what it is given."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sensors import Batch
from tests.conftest import require
from tests.mosquitto import REMEDY, Broker, find_mosquitto, running_broker


@pytest.fixture(scope="session")
def mosquitto() -> Path:
    """The broker's program."""
    program = find_mosquitto()
    require(program is not None, "mosquitto", REMEDY)
    assert program is not None
    return program


@pytest.fixture
def broker(mosquitto: Path) -> Iterator[Broker]:
    """A broker of this test."""
    with running_broker(mosquitto) as running:
        yield running


@dataclass(kw_only=True, eq=False)
class FakeInlet:
    """Keeps batches; while `hold` is set it answers nothing, and `failing` is raised so often before anything is kept."""

    batches: list[Batch] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    failing: list[Exception] = field(default_factory=list)
    offers: int = 0

    def __post_init__(self) -> None:
        self.gate.set()

    async def offer(self, batch: Batch) -> None:
        self.offers += 1
        await self.gate.wait()
        if self.failing:
            raise self.failing.pop(0)
        self.batches.append(Batch.unpack(batch.pack()))

    @property
    def said(self) -> int:
        return sum(map(len, self.batches))


@asynccontextmanager
async def in_background(work: Any) -> AsyncIterator[asyncio.Task[Any]]:
    """A coroutine that runs for the length of the block; its failure is raised."""
    task = asyncio.ensure_future(work)
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(true: Callable[[], bool], *, seconds: float = 20.0) -> None:
    """Wait until something is so; AssertionError where it never is."""
    for _ in range(int(seconds / 0.01)):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came to be")
