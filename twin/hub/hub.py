"""The loop of the hub: what was handed over is committed together, acknowledged, applied, and told to who follows."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from sensors import Batch, InletGone, InletRefused
from twin.errors import TwinError
from twin.hub.seen import Seen
from twin.live.changes import Changes

__all__ = ["Applied", "Applies", "Followers", "Hub", "Keeps"]

log = logging.getLogger(__name__)
MOST_AT_ONCE = 64
WAITING_AT_MOST = 4096
SWEEP_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What a commit changed: the state (None: nothing), and events with their numbers, as `twin.hub.happening.told`."""

    changes: Changes | None
    events: Sequence[dict[str, Any]] = ()


class Keeps(Protocol):
    """Where batches become durable."""

    def keep(self, batches: Sequence[Batch], payloads: Sequence[bytes]) -> tuple[int, int]:
        """Commit them together: the position of the first, whom the others follow one by one, and the position after all that was kept.
        Raises TwinError where it cannot, and has kept none of them."""


class Applies(Protocol):
    """What is made of committed batches; it raises nothing that a batch can cause."""

    def apply(self, batches: Sequence[Batch], *, now_us: int, first: int, position: int) -> Applied:
        """Take in batches that are committed, one by one from the position `first` on; what was kept with them ends before `position`."""

    def sweep(self, *, now_us: int) -> Applied:
        """What time alone changes: silence, closing hours."""

    def command(self, name: str, arguments: dict[str, Any], *, now_us: int) -> tuple[dict[str, Any], Applied]:
        """What a person does: its answer, and what it changed. Raises TwinError."""

    def whole(self) -> Changes:
        """All of the state, for who begins to follow."""


class Followers(Protocol):
    """Whoever follows."""

    def tell(self, applied: Applied) -> None:
        """Tell them, without waiting for any."""


@dataclass(slots=True)
class _Offered:
    batch: Batch
    payload: bytes
    kept: asyncio.Future[None]


class Hub:
    """One a home; `handing_over` are connections that gave it batches. `run` serves until it is cancelled; all else is called from the same
    loop. It is itself an `Inlet`."""

    def __init__(self, journal: Keeps, applies: Applies, seen: Seen, *, now_us: Callable[[], int] = lambda: time.time_ns() // 1000) -> None:
        self.applies = applies
        self.seen = seen
        self.followers: list[Followers] = []
        self.handing_over: set[object] = set()
        self.batches = 0
        self._journal = journal
        self.now_us = now_us
        self._offered: list[_Offered] = []
        self._wake = asyncio.Event()

    async def offer(self, batch: Batch, payload: bytes | None = None) -> None:
        """See `Inlet`; `payload` is the batch packed, where that is at hand."""
        if self.seen.has(batch.source, batch.number):
            return
        if len(self._offered) >= WAITING_AT_MOST:
            raise InletRefused("too much waits to be kept", path=batch.source, hint="send it again after a second")
        kept = asyncio.get_running_loop().create_future()
        self._offered.append(_Offered(batch, payload if payload is not None else batch.pack(), kept))
        self._wake.set()
        await kept

    async def command(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Do what a person wants done; its answer. Raises TwinError."""
        try:
            answer, applied = self.applies.command(name, arguments, now_us=self.now_us())
        except TwinError:
            raise
        except Exception as error:
            log.exception("the command %s failed", name)
            raise TwinError(f"{name} failed: a fault of ours", path=name, hint="the log of the hub says where") from error
        self.tell(applied)
        return answer

    async def run(self, *, every_s: float = SWEEP_S, housekeeping: Callable[[], Awaitable[None]] | None = None) -> None:
        """Commit, acknowledge, apply and tell, as batches come; sweep every second."""
        swept = time.monotonic()
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), timeout=max(0.0, every_s - (time.monotonic() - swept)))
            if self._wake.is_set():
                await self._commit()
            if time.monotonic() - swept >= every_s:
                swept = time.monotonic()
                self.tell(self.applies.sweep(now_us=self.now_us()))
                if housekeeping is not None:
                    try:
                        await housekeeping()
                    except Exception:
                        log.exception("what the hub does now and then was not done")

    async def _commit(self) -> None:
        taken, self._offered = self._offered[:MOST_AT_ONCE], self._offered[MOST_AT_ONCE:]
        if not self._offered:
            self._wake.clear()
        fresh, again = self._sorted_out(taken)
        kept = None
        if fresh:
            try:
                kept = await asyncio.to_thread(self._journal.keep, [one.batch for one in fresh], [one.payload for one in fresh])
            except TwinError as error:
                _settle(fresh + again, InletRefused(error.message, path=error.path, hint=error.hint))
                return
            except BaseException:
                _settle(fresh + again, InletGone("the hub ended while it kept this"))
                raise
        for one in fresh:
            self.seen.take(one.batch.source, one.batch.number)
        _settle(fresh + again, None)
        if kept is not None:
            self.batches += len(fresh)
            first, position = kept
            self.tell(self.applies.apply([one.batch for one in fresh], now_us=self.now_us(), first=first, position=position))

    def _sorted_out(self, taken: list[_Offered]) -> tuple[list[_Offered], list[_Offered]]:
        """Those to keep, and those that are there already or are twice among these."""
        fresh: dict[tuple[str, int], _Offered] = {}
        again = []
        for one in taken:
            name = one.batch.source, one.batch.number
            if name in fresh or self.seen.has(*name):
                again.append(one)
            else:
                fresh[name] = one
        return list(fresh.values()), again

    def tell(self, applied: Applied) -> None:
        """Tell who follows what changed."""
        if applied.changes is None and not applied.events:
            return
        for follower in list(self.followers):
            follower.tell(applied)


def _settle(offered: Sequence[_Offered], error: Exception | None) -> None:
    for one in offered:
        if one.kept.done():
            continue
        if error is None:
            one.kept.set_result(None)
        else:
            one.kept.set_exception(error)
