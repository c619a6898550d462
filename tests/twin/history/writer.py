"""A writer of a history to be killed: `python -m tests.twin.history.writer HOME SEED` appends, says so, applies, flushes, merges, closes
days and seals, for ever. What is in batch n is told by its position alone."""

import os
import sys
import time
from pathlib import Path

import numpy as np

from sensors.batch import Batch
from sensors.observation import Observation, Stream
from tests.twin.history.moving import DEVICES_KNOWN, NOON_US, PLACES_KNOWN, fixes_at
from twin.history.journal import Journal, JournalReader
from twin.history.layout import DAY_US
from twin.history.names import Names
from twin.history.positions import DEVICES, PLACES, Positions
from twin.history.raw import seal
from twin.history.readings import STREAMS, Readings

ROWS = 20
WITHIN_US = 2 * DAY_US


def batch_at(position: int) -> tuple[Batch, np.ndarray]:
    """The batch of that position: each fix says its own number as its altitude."""
    rng = np.random.default_rng(position)
    fixes, judged = fixes_at(rng, (NOON_US + rng.integers(-DAY_US, DAY_US, ROWS)).tolist())
    fixes["altitude_dm"] = position * ROWS + np.arange(ROWS)
    raw = [f"{position} {row}".encode() * 3 for row in range(ROWS)]
    other = Observation(device="meter/M1", stream=Stream.READING, received_us=NOON_US + position, value={"position": position})
    return Batch(source="g", number=position, devices=DEVICES_KNOWN, fixes=fixes, raw=raw, others=[other]), judged


class Writer:
    """Journal and history of one home, brought to the end of the journal."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.journal = Journal.open(home / "journal", segment_bytes=20_000)
        names = [Names.open(home / name) for name in (DEVICES, PLACES, STREAMS)]
        self.positions = Positions.open(home, names[0], names[1])
        self.readings = Readings.open(home, names[2], names[1])
        for record in JournalReader(home / "journal", self.through):
            self.apply(record.position, record.content)

    @property
    def through(self) -> int:
        """The position below which everything is in files."""
        return min(self.positions.shelf.through, self.readings.shelf.through)

    def apply(self, position: int, content: bytes) -> None:
        """Into the history."""
        batch = Batch.unpack(content)
        self.positions.apply(position, batch.devices, batch.fixes, batch_at(position)[1], PLACES_KNOWN)
        self.readings.apply(position, batch.others, [""] * len(batch.others))

    def step(self, rng: np.random.Generator) -> None:
        """A commit, told on standard output once it is kept; sometimes what is done now and then."""
        first = self.journal.position
        packed = [batch_at(first + at)[0].pack() for at in range(int(rng.integers(1, 4)))]
        end = self.journal.append(packed)
        os.write(1, f"{end}\n".encode())
        for position, content in enumerate(packed, start=first):
            self.apply(position, content)
        match int(rng.integers(0, 10)):
            case 0 | 1 | 2 | 3:
                self.positions.flush()
                self.readings.flush()
            case 4:
                self.positions.shelf.merge()
                self.readings.shelf.merge()
            case 5:
                self.positions.shelf.close_days(NOON_US)
            case 6:
                seal(self.journal, self.home / "raw", self.through)


if __name__ == "__main__":
    writing, random = Writer(Path(sys.argv[1])), np.random.default_rng(int(sys.argv[2]))
    os.write(1, b"ready\n")
    until = time.monotonic() + 30
    while time.monotonic() < until:
        writing.step(random)
