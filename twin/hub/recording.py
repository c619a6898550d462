"""What was committed, written into the history: into memory at once, into files every minute, by another thread."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from twin.history.journal import Journal
from twin.history.names import Names
from twin.history.positions import DEVICES, JUDGED, PLACES, Positions
from twin.history.readings import STREAMS, Readings
from twin.history.retention import read_retention
from twin.history.upkeep import upkeep
from twin.hub.applying import Committed
from twin.live.state import LiveState, flags_of

__all__ = ["Recording"]

FLUSH_S, FLUSH_ROWS, TIDY_S = 60.0, 100_000, 300.0
PLACE_SEPARATOR = "\n"


@dataclass(slots=True, kw_only=True, eq=False)
class Recording:
    """The writer of `history/positions` and `history/readings`. A set of places is one name there: their ids, one a line."""

    positions: Positions
    readings: Readings
    _flushed: float = field(default_factory=time.monotonic)
    _tidied: float = field(default_factory=time.monotonic)

    @classmethod
    def open(cls, folder: Path) -> Recording:
        """Over a history folder. Raises HistoryTaken where another process writes there."""
        devices, places, streams = (Names.open(folder / name) for name in (DEVICES, PLACES, STREAMS))
        return cls(positions=Positions.open(folder, devices, places), readings=Readings.open(folder, streams, places))

    @property
    def through(self) -> int:
        """The journal position below which everything stands in files."""
        return min(self.positions.shelf.through, self.readings.shelf.through)

    def keep(self, committed: Committed, state: LiveState) -> None:
        """See `twin.hub.applying.Positions`."""
        self._keep_others(committed)
        if not len(committed.fixes):
            self.positions.apply(committed.last, [], committed.fixes, np.zeros(0, dtype=JUDGED), [])
            return
        fixes, judged = committed.fixes.copy(), np.zeros(len(committed.fixes), dtype=JUDGED)
        for name in ("lon_e7", "lat_e7", "accuracy_dm", "verdict"):
            judged[name] = committed.judged[name]
        judged["flags"] = flags_of(committed.fixes, committed.judged)
        known, judged["place"] = np.unique(committed.place, return_inverse=True)
        handles, fixes["device"] = np.unique(committed.fixes["device"], return_inverse=True)
        devices = [state.addresses[handle] for handle in handles.tolist()]
        places = [PLACE_SEPARATOR.join(state.places[place]) for place in known.tolist()]
        self.positions.apply(committed.positions, devices, fixes, judged, places, times=committed.judged["time_us"])

    def _keep_others(self, committed: Committed) -> None:
        at = np.array(committed.others_at, dtype=np.int64)
        for position in np.unique(at).tolist():
            rows = np.flatnonzero(at == position).tolist()
            places = [PLACE_SEPARATOR.join(committed.others_place[row]) for row in rows]
            self.readings.apply(position, [committed.others[row] for row in rows], places)
        if not len(at) or int(at[-1]) != committed.last:
            self.readings.shelf.advance(committed.last + 1)

    @property
    def newest(self) -> int:
        """The journal position after the last that any file holds something of."""
        return max(self.positions.shelf.through, self.readings.shelf.through)

    @property
    def is_due(self) -> bool:
        """Whether it is time to write."""
        return time.monotonic() - self._flushed >= FLUSH_S or self.rows_in_memory >= FLUSH_ROWS

    @property
    def rows_in_memory(self) -> int:
        """How many rows no file holds yet."""
        return self.positions.shelf.rows_in_memory + self.readings.shelf.rows_in_memory

    def write(self) -> None:
        """Write what is in memory into files. From any one thread. Raises TwinError where the disk refuses: then it stays in memory, and
        in the journal."""
        self._flushed = time.monotonic()
        self.positions.flush()
        self.readings.flush()

    def tidy(self, folder: Path, journal: Journal, through: int, now_us: int) -> None:
        """Now and then: few files of many, closed days, raw frames sealed, and what has had its time left out. Raises TwinError."""
        if time.monotonic() - self._tidied >= TIDY_S:
            self._tidied = time.monotonic()
            upkeep(folder, journal, self.positions, self.readings, read_retention(), through=through, now_us=now_us)

    def close(self) -> None:
        """Let go of the files."""
        self.positions.shelf.close()
        self.readings.shelf.close()
