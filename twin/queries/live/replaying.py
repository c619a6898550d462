"""How a hub goes on after its last process ended: what the checkpoint holds, and the journal after it, applied again."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from sensors import Batch, BatchInvalid
from sensors.smoothing import Smoothing
from twin.history.errors import HistoryDamaged
from twin.history.journal import BATCH, JournalReader
from twin.history.segment import Record
from twin.hub.applying import Applier
from twin.hub.checkpoint import Checkpoint
from twin.hub.guarded import Guarded
from twin.hub.seen import Seen
from twin.live.again import Again
from twin.live.changes import Changes
from twin.live.fences import Fences, Ground
from twin.live.inside import Passages
from twin.live.state import ROW, LiveState
from twin.live.streets import Streets
from twin.live.tracker import Tracker

__all__ = ["replayed", "restored"]

TOGETHER = 64
"""Batches that are applied at once."""


def restored(kept: Checkpoint | None, ground: Ground) -> tuple[Applier, Seen]:
    """What a checkpoint holds; one of another version is as none."""
    if kept is not None:
        with suppress(ValueError, KeyError, TypeError, json.JSONDecodeError):
            state = LiveState()
            state.follow(Changes.unpack(kept.parts["state"], ROW))
            streets = Streets.untold(kept.facts["streets"])
            tracker = Tracker.restore(kept.parts["tracker"], smoothing=Smoothing(roads=streets.roads()))
            fences, again = Fences.untold(kept.facts["fences"]), Again.untold(kept.facts["again"])
            passages = Passages.untold(kept.facts["passages"])
            applier = Applier(
                ground=ground,
                state=state,
                tracker=tracker,
                fences=fences,
                again=again,
                passages=passages,
                streets=streets,
                position=kept.position,
            )
            return applier, Seen.untold(kept.facts["seen"])
    return Applier(ground=ground), Seen()


def replayed(folder: Path, applier: Applier, seen: Seen, happened: int, follow_told: Callable[[], None]) -> list[str]:
    """Apply what the journal has after the position of the applier; what was damaged is told and passed over. Once everything up to
    `happened` is applied, the last position whose events are known, `follow_told` does what else was told."""
    told: list[str] = []
    reader = JournalReader(folder, applier.position)
    waiting = _Waiting(applier)
    begins = True
    while True:
        try:
            for record in reader:
                if begins and record.position > happened:
                    waiting.apply(record.position)
                    follow_told()
                    begins = False
                batch = _batch_of(record, told)
                if batch is None:
                    waiting.apply(record.position + 1)
                    continue
                seen.take(batch.source, batch.number)
                waiting.add(batch, record.position)
            break
        except HistoryDamaged as error:
            waiting.apply(reader.position)
            resume = getattr(error, "resume", None)
            told.append(error.message)
            if resume is None:
                break
            reader = JournalReader(folder, resume)
    waiting.apply(reader.position)
    if begins:
        follow_told()
    return told


def _batch_of(record: Record, told: list[str]) -> Batch | None:
    """The batch of a record; None for other records, and for one that is no batch, which is told."""
    if record.kind != BATCH:
        return None
    try:
        return Batch.unpack(record.content)
    except BatchInvalid as error:
        told.append(f"record {record.position} is no batch: {error.message}")
        return None


class _Waiting:
    """Batches that stand one after the other in the journal, applied together."""

    def __init__(self, applier: Applier) -> None:
        self._applier = applier
        self._batches: list[Batch] = []
        self._first = 0

    def add(self, batch: Batch, position: int) -> None:
        """One more."""
        if not self._batches:
            self._first = position
        self._batches.append(batch)
        if len(self._batches) == TOGETHER:
            self.apply(position + 1)

    def apply(self, position: int) -> None:
        """Those there are; everything before a position is applied then."""
        if self._batches:
            now_us = max(map(_received_us, self._batches))
            Guarded(self._applier).apply(self._batches, now_us=now_us, first=self._first, position=position)
            self._batches = []
        self._applier.position = position


def _received_us(batch: Batch) -> int:
    """When the last of a batch was received: the time it was applied at, more or less."""
    times = [one.received_us for one in batch.others]
    if len(batch.fixes):
        times.append(int(batch.fixes["received_us"].max()))
    return max(times, default=0)
