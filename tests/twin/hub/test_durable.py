"""What is kept with a batch: marks of frames that must not go, and positions that its batches have when they are read again."""

from pathlib import Path

import numpy as np

from sensors import FIX, Batch, Observation, Stream
from tests.sensors.jt808_made import location
from twin.history.journal import BATCH, Journal, JournalReader
from twin.history.keep import KEEP, unpack_keep
from twin.hub.durable import Durable

NOW_US = 1_795_700_000_000_000


def batch(number: int, *frames: bytes, other: bytes = b"") -> Batch:
    others = [Observation(device="vehicle/A", stream=Stream.STATE, received_us=NOW_US, value={}, raw=other)] if other else []
    return Batch(source="g", number=number, devices=["vehicle/A"], fixes=np.zeros(len(frames), dtype=FIX), raw=frames, others=others)


def test_frames_that_are_other_bytes_when_written_anew_are_marked_beside_their_batch(tmp_path: Path) -> None:
    plain = location()
    broken = plain[:-2] + bytes([plain[-2] ^ 1]) + plain[-1:]
    with Journal.open(tmp_path) as journal:
        kept = Durable(journal)
        batches = [batch(1, plain), batch(2, plain, broken), batch(3, other=broken), batch(4, b"{}")]
        assert kept.keep(batches, [one.pack() for one in batches]) == (0, 5)
        assert kept.keep([batch(5, plain)], [batch(5, plain).pack()]) == (5, 6)
    records = list(JournalReader(tmp_path))
    assert [record.kind for record in records] == [BATCH, BATCH, BATCH, BATCH, KEEP, BATCH]
    assert list(unpack_keep(records[4].content)) == [(1, 1), (2, 0)]
