"""What is kept with a batch: marks of frames that must not go, and positions that its batches have when they are read again."""

import struct
from pathlib import Path

import numpy as np

from sensors import FIX, Batch, Observation, Stream
from tests.sensors.jt808_made import enclose, location
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


def test_packages_of_a_picture_of_an_alarm_are_marked_and_those_of_any_other_are_not(tmp_path: Path) -> None:
    head = struct.pack(">HH6sHHH", 0x0801, 4 | 0x2000, bytes.fromhex("013912345678"), 7, 2, 2)
    package = enclose(head + b"rest")
    batches = []
    for number, value in ((1, {"of_alarm": True}), (2, {})):
        one = Observation(device="vehicle/A", stream=Stream.STATE, received_us=NOW_US, value=value, raw=package)
        batches.append(
            Batch(source="g", number=number, devices=["vehicle/A"], fixes=np.zeros(1, dtype=FIX), raw=[location()], others=[one])
        )
    with Journal.open(tmp_path) as journal:
        Durable(journal).keep(batches, [one.pack() for one in batches])
    assert list(unpack_keep(list(JournalReader(tmp_path))[-1].content)) == [(0, 1)]
