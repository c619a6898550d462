"""Positions: whatever is flushed, merged, closed or lost with the process, each point is told exactly once, as it was said."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensors.observation import NO_TIME
from tests.twin.history.moving import DEVICES_KNOWN, NOON_US, PLACES_KNOWN, fixes_at, open_positions, shut
from twin.history.layout import DAY_US
from twin.history.names import NamesReader
from twin.history.positions import DEVICES, JUDGED, MARKS, filed_times
from twin.history.reading import pack_recent, unpack_recent
from twin.history.retention import Retention, RetentionRow, read_retention
from twin.history.sweep import sweep
from twin.history.tracks import Tracks

STEPS = st.lists(st.sampled_from(["apply", "apply", "apply", "flush", "merge", "close", "crash"]), max_size=40)


@given(steps=STEPS, seed=st.integers(0, 2**16))
@settings(max_examples=25, deadline=None)
def test_each_point_is_told_once_whatever_happens_to_its_files(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str], seed: int
) -> None:
    home, rng = tmp_path_factory.mktemp("history"), np.random.default_rng(seed)
    positions, journal = open_positions(home), []
    for step in steps:
        match step:
            case "apply":
                times = (NOON_US + rng.integers(-DAY_US, DAY_US, rng.integers(0, 30))).tolist()
                journal.append(fixes_at(rng, times))
                positions.apply(len(journal) - 1, DEVICES_KNOWN, *journal[-1], PLACES_KNOWN)
            case "flush":
                assert positions.flush() == positions.shelf.next
                assert positions.shelf.rows_in_memory == 0
            case "merge":
                positions.shelf.merge()
            case "close":
                positions.shelf.close_days(NOON_US)
            case "crash":
                shut(positions)
                positions = open_positions(home)
                for position in range(positions.shelf.through, len(journal)):
                    positions.apply(position, DEVICES_KNOWN, *journal[position], PLACES_KNOWN)
    tracks = Tracks(home, retention=read_retention(), recent=positions.shelf.recent)
    for number, device in enumerate(DEVICES_KNOWN):
        said = tracks.said(device, NOON_US - 2 * DAY_US, NOON_US + 2 * DAY_US)
        expected = [batch[batch["device"] == number] for batch, _ in journal]
        assert sorted(map(bytes, _without_device(said))) == sorted(bytes(one) for batch in expected for one in _without_device(batch))
    every = sum(len(batch) for batch, _ in journal)
    assert len(tracks._shelf.of_time(NOON_US - 2 * DAY_US, NOON_US + 2 * DAY_US, ("lon_e7",))) == every
    shut(positions)


def test_many_runs_become_few_and_a_closed_day_one_file_in_each_order(tmp_path: Path) -> None:
    rng, positions = np.random.default_rng(1), open_positions(tmp_path)
    folder = tmp_path / "positions" / "2026-11-27"
    for position in range(70):
        positions.apply(position, DEVICES_KNOWN, *fixes_at(rng, [NOON_US + position]), PLACES_KNOWN)
        positions.flush()
        positions.shelf.merge()
        if position == 8:
            assert sorted(path.suffix for path in folder.iterdir()) == [".arrow", ".json", ".parquet", ".parquet"]
    assert sorted(path.suffix for path in folder.iterdir()) == [".arrow"] * 6 + [".json"] + [".parquet"] * 2
    positions.shelf.close_days(NOON_US)
    assert len(list(folder.iterdir())) == 9
    positions.shelf.close_days(NOON_US + DAY_US)
    assert sorted(path.suffix for path in folder.iterdir()) == [".json", ".parquet", ".parquet"]
    shut(positions)


def test_clocks_of_1999_and_2035_are_kept_and_count_at_the_moment_of_receipt() -> None:
    fixes, _ = fixes_at(np.random.default_rng(1), [NOON_US] * 5)
    fixes["device_us"] = NOON_US
    fixes["fix_us"][1] = 915_148_800_000_000
    fixes["fix_us"][2] = fixes["device_us"][2] = 2_051_222_400_000_000
    fixes["fix_us"][3] = fixes["device_us"][3] = NO_TIME
    fixes["fix_us"][4] = NOON_US - 30 * DAY_US
    times, marks = filed_times(fixes)
    received = fixes["received_us"]
    assert times.tolist() == [NOON_US, NOON_US, received[2], received[3], NOON_US - 30 * DAY_US]
    assert marks.tolist() == [0, 1 | MARKS.DISBELIEVED, 2 | MARKS.DISBELIEVED, 2 | MARKS.NO_FIX | MARKS.NO_DEVICE, 0]


def test_a_time_that_the_caller_judged_is_the_one_it_counts_at(tmp_path: Path) -> None:
    fixes, judged = fixes_at(np.random.default_rng(1), [NOON_US] * 4)
    fixes["device"], fixes["device_us"] = 0, NOON_US + 1
    fixes["received_us"] = NOON_US + 2
    positions = open_positions(tmp_path)
    positions.apply(0, DEVICES_KNOWN, fixes, judged, PLACES_KNOWN, times=NOON_US + np.arange(4))
    points = Tracks(tmp_path, retention=read_retention(), recent=positions.shelf.recent).track(DEVICES_KNOWN[0], NOON_US, NOON_US + 4)
    assert (points.time_us - NOON_US).tolist() == [0, 1, 2, 3]
    assert (points.marks & MARKS.WHICH).tolist() == [0, 1, 2, 3]
    shut(positions)


def test_whatever_a_clock_says_comes_back_exactly_and_lies_in_the_day_of_receipt(tmp_path: Path) -> None:
    fixes, judged = fixes_at(np.random.default_rng(1), [NOON_US] * 5)
    fixes["device"] = 0
    fixes["received_us"] += np.arange(5)
    fixes["fix_us"] = [NO_TIME, NO_TIME + 1, 2**63 - 1, 0, 915_148_800_000_000]
    fixes["device_us"] = [2**63 - 1, NO_TIME, NO_TIME + 7, -1, 2_051_222_400_000_000]
    positions = open_positions(tmp_path)
    positions.apply(0, DEVICES_KNOWN, fixes, judged, PLACES_KNOWN)
    positions.flush()
    positions.shelf.close_days(NOON_US + DAY_US)
    said = Tracks(tmp_path, retention=read_retention()).said(DEVICES_KNOWN[0], NOON_US, NOON_US + DAY_US)
    assert sorted(map(bytes, said)) == sorted(map(bytes, fixes))
    assert [path.name for path in (tmp_path / "positions").iterdir() if path.is_dir()] == ["2026-11-27"]
    shut(positions)


def test_kinds_that_are_kept_no_longer_are_left_out_of_closed_days_once(tmp_path: Path) -> None:
    rng, positions = np.random.default_rng(1), open_positions(tmp_path)
    for day in range(3):
        positions.apply(day, DEVICES_KNOWN, *fixes_at(rng, [NOON_US + day * DAY_US + at for at in range(50)]), PLACES_KNOWN)
    positions.flush()
    positions.shelf.close_days(NOON_US + 2 * DAY_US)
    row = RetentionRow(keep_raw_h=1, keep_days=0, silence_s=1)
    retention = Retention(rows={"other": row, "guard": RetentionRow(keep_raw_h=1, keep_days=2, silence_s=1)})
    names = NamesReader(tmp_path / DEVICES)

    def told() -> list[tuple[int, int]]:
        tracks = Tracks(tmp_path, retention=retention)
        found = [(tracks.track("guard/G1", begin, begin + DAY_US), tracks.counts(begin, begin + 1)[0]) for begin in begins]
        return [(len(points), count.devices) for points, count in found]

    begins = [NOON_US + day * DAY_US for day in range(3)]
    before = told()
    assert sweep(positions.shelf, names, retention, NOON_US + 2 * DAY_US) == 0
    assert sweep(positions.shelf, names, retention, NOON_US + 3 * DAY_US) == 1
    assert sweep(positions.shelf, names, retention, NOON_US + 3 * DAY_US) == 0
    after = told()
    assert (after[0][0], after[1:]) == (0, before[1:])
    assert before[0][0] > 0
    everything = sum(len(Tracks(tmp_path, retention=retention).track(device, NOON_US, NOON_US + DAY_US)) for device in DEVICES_KNOWN)
    assert everything == 50 - before[0][0]
    assert (
        sweep(
            positions.shelf,
            names,
            Retention(rows={"other": row, "vehicle": replace(row, keep_days=1), "guard": replace(row, keep_days=1)}),
            NOON_US + 3 * DAY_US,
        )
        == 2
    )
    assert not list((tmp_path / "positions" / "2026-11-27").glob("*.parquet"))
    shut(positions)


def test_records_without_a_fix_are_done_with_too(tmp_path: Path) -> None:
    positions, (fixes, judged) = open_positions(tmp_path), fixes_at(np.random.default_rng(1), [NOON_US] * 3)
    positions.apply(np.array([4, 4, 5], dtype=np.uint64), DEVICES_KNOWN, fixes, judged, PLACES_KNOWN)
    positions.apply(np.zeros(0, dtype=np.uint64), [], fixes[:0], judged[:0], [])
    assert positions.flush() == 6
    positions.shelf.advance(9)
    assert positions.flush() == 9
    shut(positions)
    positions = open_positions(tmp_path)
    assert positions.shelf.through == 9
    shut(positions)


def test_what_memory_holds_travels_as_bytes(tmp_path: Path) -> None:
    positions = open_positions(tmp_path)
    positions.apply(0, DEVICES_KNOWN, *fixes_at(np.random.default_rng(1), [NOON_US] * 20), PLACES_KNOWN)
    near = Tracks(tmp_path, retention=read_retention(), recent=positions.shelf.recent)
    far = Tracks(tmp_path, retention=read_retention(), recent=lambda *asked: unpack_recent(pack_recent(positions.shelf.recent(*asked))))
    assert len(near.at(NOON_US + 1)) == 5
    assert far.at(NOON_US + 1).lon_lat.tolist() == near.at(NOON_US + 1).lon_lat.tolist()
    shut(positions)


def _without_device(fixes: np.ndarray) -> np.ndarray:
    rest = fixes.copy()
    rest["device"] = 0
    return rest


@pytest.mark.parametrize("stage", ["memory", "files", "merged", "closed"])
def test_a_fix_that_was_judged_again_is_read_once_as_judged_last(tmp_path: Path, stage: str) -> None:
    rng = np.random.default_rng(3)
    times = (NOON_US + np.arange(400) * 1_000_000).tolist()
    fixes, judged = fixes_at(rng, times)
    fixes["device"] = 0
    positions = open_positions(tmp_path)
    tracks = Tracks(tmp_path, retention=read_retention(), recent=positions.shelf.recent)
    positions.apply(0, DEVICES_KNOWN, fixes, judged, PLACES_KNOWN)
    said = tracks.said("vehicle/V0", times[0], times[-1] + 5_000_000)
    if stage != "memory":
        positions.flush()
    for accuracy in (11, 22):
        rows = tracks.judged("vehicle/V0", times[100], times[300])
        again = np.zeros(len(rows), dtype=JUDGED)
        again["lon_e7"], again["lat_e7"], again["accuracy_dm"], again["place"] = 1_190_000_000, 260_000_000, accuracy, 1
        positions.amend(rows, again, ["", "zone/new"])
        if stage != "memory":
            positions.flush()
    if stage == "merged":
        for _ in range(6):
            positions.shelf.amend(tracks.judged("vehicle/V0", times[150], times[151]))
            positions.flush()
        positions.shelf.merge()
    if stage == "closed":
        positions.shelf.close_days(NOON_US + 2 * DAY_US)
    now = tracks.said("vehicle/V0", times[0], times[-1] + 5_000_000)
    assert sorted(now.tolist()) == sorted(said.tolist())
    track = tracks.track("vehicle/V0", times[0], times[-1] + 5_000_000)
    inside = (track.time_us >= times[100]) & (track.time_us < times[300])
    assert set(track.accuracy_m[inside].tolist()) == {2.2}
    assert {track.places[place] for place in track.place[inside].tolist()} == {"zone/new"}
    assert not np.isin(2.2, track.accuracy_m[~inside])
    (hour,) = tracks.counts(times[101], times[299])
    assert (hour.devices, hour.places) == (1, {"zone/new": 1})
    assert [tracks.at(times[200]).accuracy_m.tolist(), len(track)] == [[2.2], 400]
    shut(positions)
