"""A batch that nothing can be made of costs itself alone: it stays in the journal, is told, and what came with it is applied."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sensors import Batch
from twin.hub.hub import Applied, Applies
from twin.live.changes import Changes

__all__ = ["Guarded"]

log = logging.getLogger(__name__)


@dataclass(eq=False)
class Guarded:
    """Applies as `applies` does. After a fault of ours the state is told whole, because some of it may have changed untold."""

    applies: Applies
    faults: int = 0

    def apply(self, batches: Sequence[Batch], *, now_us: int, first: int, position: int) -> Applied:
        """See `Applies`; batches that fail are applied one by one, and those that fail alone are logged and passed over."""
        try:
            return self.applies.apply(batches, now_us=now_us, first=first, position=position)
        except Exception:
            if len(batches) == 1:
                self.faults += 1
                log.exception("batch %d of %s, at position %d, cannot be applied", batches[0].number, batches[0].source, first)
                return Applied(changes=self.whole())
        ends = [first + at + 1 for at in range(len(batches) - 1)] + [position]
        told = [
            self.apply([batch], now_us=now_us, first=first + at, position=end)
            for at, (batch, end) in enumerate(zip(batches, ends, strict=True))
        ]
        events = [event for one in told for event in one.events]
        return Applied(changes=self.whole(), events=events)

    def sweep(self, *, now_us: int) -> Applied:
        """See `Applies`."""
        try:
            return self.applies.sweep(now_us=now_us)
        except Exception:
            self.faults += 1
            log.exception("what time changes could not be told")
            return Applied(changes=None)

    def command(self, name: str, arguments: dict[str, Any], *, now_us: int) -> tuple[dict[str, Any], Applied]:
        """See `Applies`."""
        return self.applies.command(name, arguments, now_us=now_us)

    def whole(self) -> Changes:
        """See `Applies`."""
        return self.applies.whole()
