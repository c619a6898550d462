"""What the writer of a history does now and then, in a thread beside its commits: fewer files, closed days, sealed frames, retention."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from twin.history.journal import Journal
from twin.history.layout import HOUR_US
from twin.history.names import NamesReader
from twin.history.positions import DEVICES, Positions
from twin.history.raw import seal, sweep_raw
from twin.history.readings import STREAMS, Readings
from twin.history.retention import Retention
from twin.history.sweep import sweep

__all__ = ["Kept", "upkeep"]

CLOSE_AFTER_US: Final = HOUR_US
"""A day is closed an hour after its end: most of what comes late has come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What was done: merges, days closed, segments sealed, days and raw frames of which something was left out."""

    merged: int
    closed: int
    sealed: int
    swept_days: int
    swept_frames: int


def upkeep(
    home: Path, journal: Journal, positions: Positions, readings: Readings, retention: Retention, *, through: int, now_us: int
) -> Kept:
    """Do what is due. `through` is the journal position below which the caller needs nothing any more (its checkpoint); segments are
    sealed where the shelves' files hold them too. Raises HistoryFull, HistoryUnavailable, HistoryDamaged: what was done stands."""
    shelves = (positions.shelf, readings.shelf)
    merged = sum(shelf.merge() for shelf in shelves)
    closed = sum(shelf.close_days(now_us - CLOSE_AFTER_US) for shelf in shelves)
    sealed = seal(journal, home / "raw", min(through, *(shelf.through for shelf in shelves)))
    names = (NamesReader(home / DEVICES), NamesReader(home / STREAMS))
    return Kept(
        merged=merged,
        closed=closed,
        sealed=sealed,
        swept_days=sum(sweep(shelf, known, retention, now_us) for shelf, known in zip(shelves, names, strict=True)),
        swept_frames=sweep_raw(home / "raw", retention, now_us),
    )
