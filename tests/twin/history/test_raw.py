"""Raw frames: sealed byte for byte, deleted when their kind's time is over, kept for ever where a mark says so."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensors.batch import Batch
from sensors.observation import FIX, Observation, Stream
from tests.twin.history.moving import NOON_US
from twin.history.errors import HistoryDamaged
from twin.history.journal import BATCH, Journal, list_segments
from twin.history.keep import KEEP, Keep, pack_keep, unpack_keep
from twin.history.layout import HOUR_US
from twin.history.raw import Raw, seal, sweep_raw
from twin.history.retention import Retention, RetentionRow, read_retention

FRAMES = st.one_of(
    st.binary(min_size=1, max_size=40),
    st.builds(lambda body: b"\x7e" + body + b"\x7e", st.lists(st.sampled_from([0x7D, 0x7E, 1, 2, 7]), max_size=9).map(bytes)),
)


def batch(frames: list[bytes], number: int = 0, alarm: int = -1) -> bytes:
    fixes = np.zeros(len(frames), dtype=FIX)
    fixes["device"], fixes["received_us"] = np.arange(len(frames)) % 2, NOON_US + np.arange(len(frames))
    if alarm >= 0:
        fixes["alarm"][alarm] = 1
    other = Observation(device="meter/M1", stream=Stream.READING, received_us=NOON_US, value={"kwh": 1}, raw=b'{"kwh":1}')
    return Batch(source="g", number=number, devices=["vehicle/A", "guard/B"], fixes=fixes, raw=frames, others=[other]).pack()


def seal_all(tmp_path: Path, contents: list[bytes], kinds: list[int]) -> Path:
    with Journal.open(tmp_path / "journal", segment_bytes=1) as journal:
        end = journal.append(contents, kind=kinds)
        journal.append([batch([])])
        assert seal(journal, tmp_path / "raw", end - 1) == 0
        assert seal(journal, tmp_path / "raw", end) == 1
        assert [one.first for one in list_segments(tmp_path / "journal")] == [end]
    return tmp_path / "raw"


@given(frames=st.lists(FRAMES, max_size=30))
@settings(max_examples=30, deadline=None)
def test_every_frame_comes_back_byte_for_byte(tmp_path_factory: pytest.TempPathFactory, frames: list[bytes]) -> None:
    raw = Raw(seal_all(tmp_path_factory.mktemp("raw"), [batch(frames)], [BATCH]))
    for number, device in enumerate(("vehicle/A", "guard/B")):
        assert [frame.raw for frame in raw.frames(device, 0, 2**62)] == frames[number::2]
    (reading,) = raw.frames("meter/M1", 0, 2**62)
    assert (reading.raw, reading.position, reading.row) == (b'{"kwh":1}', 0, len(frames))


def test_frames_of_one_length_share_a_column_whatever_was_escaped_in_them(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    bodies = [bytes(rng.integers(0x7A, 0x80, 60, dtype=np.uint8)) for _ in range(500)]
    frames = [b"\x7e" + body.replace(b"\x7d", b"\x7d\x01").replace(b"\x7e", b"\x7d\x02") + b"\x7e" for body in bodies]
    raw = Raw(seal_all(tmp_path, [batch(frames)], [BATCH]))
    assert [frame.raw for frame in raw.frames("vehicle/A", NOON_US, NOON_US + 100)] == frames[:100:2]


def test_what_is_marked_or_alarmed_stays_for_ever_and_the_rest_as_long_as_its_kind(tmp_path: Path) -> None:
    frames = [bytes([number]) * 9 for number in range(8)]
    marks = pack_keep({(0, 3): Keep.NOT_PARSED, (0, 4): Keep.REENCODED_DIFFERS, (0, 8): Keep.ALARM})
    folder = seal_all(tmp_path, [batch(frames, alarm=2), marks], [BATCH, KEEP])
    row = RetentionRow(keep_raw_h=72, keep_days=0, silence_s=1)
    retention = Retention(rows={"other": row, "guard": RetentionRow(keep_raw_h=24, keep_days=0, silence_s=1)})
    assert sweep_raw(folder, retention, NOON_US + 23 * HOUR_US) == 0
    assert sweep_raw(folder, retention, NOON_US + 25 * HOUR_US) == 3
    assert [frame.row for frame in Raw(folder).frames("guard/B", 0, 2**62)] == [3]
    assert len(Raw(folder).frames("vehicle/A", 0, 2**62)) == 4
    assert sweep_raw(folder, retention, NOON_US + 73 * HOUR_US) == 2
    kept = [(one.row, one.keep) for device in ("vehicle/A", "guard/B", "meter/M1") for one in Raw(folder).frames(device, 0, 2**62)]
    assert kept == [(2, Keep.ALARM), (4, Keep.REENCODED_DIFFERS), (3, Keep.NOT_PARSED), (8, Keep.ALARM)]


def test_a_file_of_which_nothing_stays_is_removed(tmp_path: Path) -> None:
    folder = seal_all(tmp_path, [batch([b"x"])], [BATCH])
    assert sweep_raw(folder, read_retention(), NOON_US + 80 * HOUR_US) == 2
    assert list(folder.iterdir()) == []


def test_a_segment_that_cannot_be_read_is_told_and_stays(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "journal", segment_bytes=1) as journal:
        journal.append([b"no batch"])
        journal.append([batch([])])
        with pytest.raises(HistoryDamaged):
            seal(journal, tmp_path / "raw", 2)
        assert len(list_segments(tmp_path / "journal")) == 2
    with Journal.open(tmp_path / "other", segment_bytes=1) as journal:
        journal.append([batch([b"x"]), pack_keep({(0, 9): Keep.ALARM})], kind=[BATCH, KEEP])
        journal.append([batch([])])
        with pytest.raises(HistoryDamaged):
            seal(journal, tmp_path / "raw", 3)
    with pytest.raises(HistoryDamaged):
        unpack_keep(b"123")


def test_a_home_may_say_its_own_retention(tmp_path: Path) -> None:
    path = tmp_path / "history.toml"
    path.write_text("[kind.vehicle]\nkeep_raw_h = 1\nkeep_days = 2\nsilence_s = 3\n")
    assert read_retention(path).of("vehicle/A").silence_s == 3
    assert read_retention(path).of("lift/L1") == read_retention().rows["other"]
