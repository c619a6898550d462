"""Batches into the journal, with marks beside them of frames whose bytes are kept for ever."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sensors import Batch
from sensors.jt808_batch import keep_raw_for_ever
from twin.history.journal import BATCH, Journal
from twin.history.keep import KEEP, Keep, pack_keep

__all__ = ["Durable"]

FRAME = 0x7E
"""How a frame of JT/T 808 begins; other protocols are kept as they came, and written anew by nobody."""


@dataclass(slots=True, eq=False)
class Durable:
    """See `twin.hub.hub.Keeps`."""

    journal: Journal

    def keep(self, batches: Sequence[Batch], payloads: Sequence[bytes]) -> tuple[int, int]:
        """See `Keeps`. Raises HistoryFull, HistoryUnavailable."""
        first = self.journal.position
        marks = {(first + at, row): Keep.REENCODED_DIFFERS for at, batch in enumerate(batches) for row in _marked(batch)}
        if not marks:
            return first, self.journal.append(payloads)
        return first, self.journal.append([*payloads, pack_keep(marks)], kind=[*([BATCH] * len(payloads)), KEEP])


def _marked(batch: Batch) -> list[int]:
    """The rows of a batch (fixes first, then the others) whose frames are other bytes when they are written anew, or cannot be read; those
    of alarms mark themselves when they are sealed."""
    frames = [*(batch.raw or [b""] * len(batch.fixes)), *(one.raw for one in batch.others)]
    rows = [row for row, frame in enumerate(frames) if frame[:1] == bytes([FRAME])]
    if not rows:
        return []
    keep = keep_raw_for_ever([frames[row] for row in rows])
    told = len(batch.fixes)
    keep |= np.array([row >= told and bool(batch.others[row - told].value.get("of_alarm")) for row in rows])
    return [rows[at] for at in np.flatnonzero(keep).tolist()]
