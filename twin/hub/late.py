"""What came late, judged again beside the loop of the hub: the history is read by a thread, a process of its own judges, and the loop,
the one writer, settles what comes out in the order in which it waited."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from twin.hub.applying import Applier
from twin.hub.backlog import Backlog
from twin.hub.hub import Applied
from twin.hub.judging import Judging, JudgingFailed
from twin.hub.rederiving import Chosen, Piece
from twin.live.afterwards import Said, Stretch
from twin.live.tracker import Tracker

__all__ = ["Late"]

log = logging.getLogger(__name__)
LOOKS_S, PAUSE_S, IDLE_S = 0.2, 1.0, 60.0


class Judges(Protocol):
    """Who judges again; from any one thread."""

    def ask(self, said: Sequence[Said], tracker: Tracker) -> list[Stretch]:
        """See `twin.live.afterwards.judge_again`. Raises JudgingFailed."""

    def close(self) -> None:
        """Stop, whatever it does; the next question starts it anew."""

    def end(self) -> None:
        """Stop for good."""


@dataclass(slots=True, kw_only=True, eq=False)
class Late:
    """`tell` is told what changed. Killed at any moment, it leaves nothing that is not made again."""

    backlog: Backlog
    applier: Applier
    tell: Callable[[Applied], None]
    now_us: Callable[[], int]
    judging: Judges = field(default_factory=Judging)

    async def run(self) -> None:
        """Until it is cancelled."""
        loop = asyncio.get_running_loop()
        idle_from = loop.time()
        try:
            while True:
                try:
                    settled = await self.once()
                except Exception:
                    log.exception("what came late goes on waiting")
                    settled = None
                if settled is None and loop.time() - idle_from > IDLE_S and not self.backlog.waiting:
                    self.judging.close()
                elif settled:
                    idle_from = loop.time()
                if not settled:
                    await asyncio.sleep(LOOKS_S if settled is None and not self.backlog.waiting else PAUSE_S)
        finally:
            self.judging.end()

    async def once(self) -> int | None:
        """Judge what is taken next; how many spans got on by that, None where none is to be had."""
        spans = self.backlog.take(self.applier.state, self.applier.tracker)
        if not spans:
            return None
        try:
            return await self._settled(spans)
        finally:
            self.backlog.release()

    async def _settled(self, spans: list[Chosen]) -> int:
        pieces, settled = [], 0
        for span in spans:
            try:
                piece = await asyncio.to_thread(self.backlog.rederiving.cut, span)
            except Exception as error:
                log.exception("the history of %s cannot be read", span.device)
                self.backlog.fail(span, span.last_us, repr(error))
                settled += 1
                continue
            if piece is not None:
                pieces.append(piece)
            else:
                settled += self.backlog.drop(span, span.last_us)
        for piece, stretch in await self._judged(pieces):
            events = self.backlog.settle(piece, stretch, self.applier.state, self.applier.fences, now_us=self.now_us())
            settled += events is not None
            if events:
                self.tell(Applied(changes=None, events=events))
            await asyncio.sleep(0)
        return settled

    async def _judged(self, pieces: list[Piece], *, again: bool = True) -> list[tuple[Piece, Stretch]]:
        """Judged side by side; where that fails each alone, and what fails alone twice is told and kept."""
        if not pieces:
            return []
        try:
            stretches = await asyncio.to_thread(self.judging.ask, [piece.said for piece in pieces], self.applier.tracker)
            return list(zip(pieces, stretches, strict=True))
        except JudgingFailed as error:
            if len(pieces) == 1 and not again:
                self.backlog.fail(pieces[0].span, pieces[0].until_us, str(error))
                return []
        return [one for piece in pieces for one in await self._judged([piece], again=len(pieces) > 1)]
