"""The journal: what was acknowledged is there after any crash, once; what is damaged is told."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.twin.history.full_disk import files_at_most
from twin.history.errors import HistoryAsked, HistoryDamaged, HistoryFull, HistoryTaken, HistoryUnavailable, PositionGone
from twin.history.journal import Journal, JournalReader, list_segments


def contents(folder: Path, start: int = 0) -> list[bytes]:
    return [record.content for record in JournalReader(folder, start)]


def some(count: int, first: int = 0) -> list[bytes]:
    return [bytes((number * 7919 + at * at * 31) % 251 for at in range(200)) for number in range(first, first + count)]


@given(groups=st.lists(st.lists(st.binary(max_size=300), max_size=4), max_size=12), segment_bytes=st.integers(1, 2000), data=st.data())
@settings(max_examples=40, deadline=None)
def test_what_is_appended_is_read_in_order_from_any_position(
    tmp_path_factory: pytest.TempPathFactory, groups: list[list[bytes]], segment_bytes: int, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    for at, group in enumerate(groups):
        with Journal.open(folder, segment_bytes=segment_bytes) as journal:
            assert journal.append(group) == sum(map(len, groups[: at + 1]))
    whole = [one for group in groups for one in group]
    start = data.draw(st.integers(0, len(whole)))
    assert contents(folder, start) == whole[start:]


def test_segments_are_begun_by_size_and_by_age(tmp_path: Path) -> None:
    now = [1000.0]
    with Journal.open(tmp_path, clock=lambda: now[0], segment_bytes=2000) as journal:
        journal.append(some(3))
        now[0] += 599
        journal.append(some(1, 3))
        assert len(list_segments(tmp_path)) == 1
        now[0] += 2
        journal.append(some(1, 4))
        assert [(one.first, one.end) for one in list_segments(tmp_path)] == [(0, 4), (4, None)]
        journal.append(some(8, 40))
        journal.append(some(1, 5))
    assert [one.first for one in list_segments(tmp_path)] == [0, 4, 13]


@pytest.mark.parametrize("cut", [1, 30, 40, 100])
def test_a_tail_that_was_never_finished_is_told_and_cut_off_on_opening(tmp_path: Path, cut: int) -> None:
    with Journal.open(tmp_path) as journal:
        journal.append(some(3))
        whole = list_segments(tmp_path)[0].path.stat().st_size
        journal.append(some(1, 3))
    path = list_segments(tmp_path)[0].path
    path.write_bytes(path.read_bytes()[: whole + cut])
    reader = JournalReader(tmp_path)
    assert [record.content for record in reader] == some(3)
    assert (reader.position, reader.torn) == (3, min(cut, path.stat().st_size - whole))
    with Journal.open(tmp_path) as journal:
        assert ("cut off" in journal.told[0], journal.position) == (True, 3)
        journal.append(some(1, 3))
    assert contents(tmp_path) == some(4)


def test_a_group_whose_pages_came_to_the_disk_out_of_order_is_a_tail(tmp_path: Path) -> None:
    with Journal.open(tmp_path) as journal:
        journal.append(some(2))
        whole = list_segments(tmp_path)[0].path.stat().st_size
        journal.append(some(3, 2))
    path = list_segments(tmp_path)[0].path
    data = bytearray(path.read_bytes())
    data[whole : whole + 40] = bytes(40)
    path.write_bytes(data)
    with Journal.open(tmp_path) as journal:
        assert journal.position == 2
    assert contents(tmp_path) == some(2)


def test_damage_in_the_middle_is_told_and_what_follows_can_be_read(tmp_path: Path) -> None:
    with Journal.open(tmp_path) as journal:
        for number in range(5):
            journal.append(some(1, number))
    path = list_segments(tmp_path)[0].path
    data = bytearray(path.read_bytes())
    data[24 + (len(data) - 24) // 5 + 40] ^= 1
    path.write_bytes(data)
    reader, read = JournalReader(tmp_path), []
    with pytest.raises(HistoryDamaged) as damage:
        read.extend(record.content for record in reader)
    assert (damage.value.code, damage.value.position, damage.value.resume) == ("HISTORY_DAMAGED", 1, 2)
    assert contents(tmp_path, 2) == some(3, 2)
    with Journal.open(tmp_path) as journal:
        assert ("damaged" in journal.told[0], journal.position) == (True, 5)
        journal.append(some(1, 5))
    assert contents(tmp_path, 2) == some(4, 2)


def test_damage_at_the_end_of_a_closed_segment_is_no_tail(tmp_path: Path) -> None:
    with Journal.open(tmp_path, segment_bytes=100) as journal:
        for number in range(3):
            journal.append(some(1, number))
    path = list_segments(tmp_path)[1].path
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(HistoryDamaged) as damage:
        contents(tmp_path)
    assert (damage.value.position, damage.value.resume) == (1, 2)
    assert contents(tmp_path, 2) == some(1, 2)


def test_a_segment_without_its_head_still_tells_its_records(tmp_path: Path) -> None:
    with Journal.open(tmp_path, segment_bytes=100) as journal:
        journal.append(some(1))
        journal.append(some(1, 1))
    path = list_segments(tmp_path)[1].path
    path.write_bytes(b"\0" * 24 + path.read_bytes()[24:])
    with Journal.open(tmp_path, segment_bytes=100) as journal:
        assert journal.position == 2
    assert contents(tmp_path) == some(2)


def test_a_segment_that_was_never_begun_is_removed(tmp_path: Path) -> None:
    with Journal.open(tmp_path) as journal:
        journal.append(some(2))
    (tmp_path / "00000002.log").write_bytes(b"PSJ1")
    assert contents(tmp_path) == some(2)
    with Journal.open(tmp_path) as journal:
        assert ("never begun" in journal.told[0], journal.position) == (True, 2)


def test_a_position_below_the_first_segment_is_gone_not_skipped(tmp_path: Path) -> None:
    with Journal.open(tmp_path, segment_bytes=100) as journal:
        for number in range(3):
            journal.append(some(1, number))
        journal.drop(list_segments(tmp_path)[0])
    with pytest.raises(PositionGone) as gone:
        contents(tmp_path)
    assert (gone.value.code, gone.value.resume) == ("POSITION_GONE", 1)
    assert contents(tmp_path, 1) == some(2, 1)


def test_a_journal_that_was_lost_or_cut_gives_no_position_twice(tmp_path: Path) -> None:
    with Journal.open(tmp_path, at_least=7) as journal:
        assert ("not in the journal" in journal.told[0], journal.append(some(2))) == (True, 9)
    with Journal.open(tmp_path, at_least=9) as journal:
        assert (journal.told, journal.position) == ([], 9)
    with Journal.open(tmp_path, at_least=12) as journal:
        assert ("9 to 11" in journal.told[0], journal.append(some(1))) == (True, 13)
    assert [record.position for record in JournalReader(tmp_path, 12)] == [12]
    with pytest.raises(HistoryDamaged) as damage:
        contents(tmp_path, 7)
    assert (damage.value.position, damage.value.resume) == (9, 12)


def test_one_process_appends(tmp_path: Path) -> None:
    with Journal.open(tmp_path), pytest.raises(HistoryTaken) as taken:
        Journal.open(tmp_path)
    assert taken.value.code == "HISTORY_TAKEN"


def test_what_cannot_be_kept_as_one_record_is_refused(tmp_path: Path) -> None:
    with Journal.open(tmp_path) as journal, pytest.raises(HistoryAsked) as refused:
        journal.append([bytes(64 * 2**20 + 1)])
    assert refused.value.code == "HISTORY_ASKED"


def test_any_other_refusal_of_the_disk_is_told(tmp_path: Path) -> None:
    (tmp_path / "00000001.log").mkdir()
    with pytest.raises(HistoryUnavailable) as refused:
        Journal.open(tmp_path)
    assert (refused.value.code, refused.value.path) == ("HISTORY_UNAVAILABLE", str(tmp_path))


@pytest.mark.parametrize("segment_bytes", [2**20, 100])
def test_a_full_disk_is_refused_with_nothing_half_kept_and_the_next_append_works(tmp_path: Path, segment_bytes: int) -> None:
    noise = [bytes((number * 7919 * at) % 251 for at in range(700)) for number in range(40)]
    with Journal.open(tmp_path, segment_bytes=segment_bytes) as journal:
        journal.append(noise[:2])
        before = contents(tmp_path)
        with files_at_most(2048), pytest.raises(HistoryFull) as full:
            journal.append(noise[2:40])
        assert (full.value.code, contents(tmp_path), JournalReader(tmp_path).torn) == ("HISTORY_FULL", before, 0)
        with files_at_most(10), pytest.raises(HistoryFull):
            journal.append(noise[:1])
        assert journal.append(some(1)) == 3
    assert contents(tmp_path) == [*before, *some(1)]
