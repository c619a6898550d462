"""kill -9 at any moment, a full disk, readers while files are exchanged: what was acknowledged is told, exactly once."""

import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from sensors.batch import Batch
from sensors.observation import Stream
from tests.twin.history.full_disk import files_at_most
from tests.twin.history.moving import DEVICES_KNOWN, NOON_US, PLACES_KNOWN, fixes_at, open_positions, shut
from tests.twin.history.writer import ROWS, WITHIN_US, Writer, batch_at
from twin.history.errors import HistoryFull
from twin.history.journal import JournalReader, list_segments
from twin.history.layout import DAY_US
from twin.history.positions import POSITIONS, Positions
from twin.history.raw import Raw
from twin.history.reading import ShelfReader
from twin.history.readings import ReadingsReader
from twin.history.retention import read_retention
from twin.history.runs import column
from twin.history.tracks import Tracks

ROOT = Path(__file__).resolve().parents[3]


def killed(home: Path, seed: int) -> int:
    """A writer works until it is killed at some moment after it was ready; the answer is the last position it acknowledged."""
    command = [sys.executable, "-m", "tests.twin.history.writer", str(home), str(seed)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(ROOT)}) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"ready\n"
        time.sleep(random.Random(seed).uniform(0.02, 0.7))
        writer.kill()
        said = writer.stdout.read().splitlines(keepends=True)
    return max((int(line) for line in said if line.endswith(b"\n")), default=0)


def check(home: Path, acknowledged: int) -> None:
    writer = Writer(home)
    end = writer.journal.position
    assert end >= acknowledged
    tracks = Tracks(home, retention=read_retention(), recent=writer.positions.shelf.recent)
    said = np.concatenate([tracks.said(device, NOON_US - WITHIN_US, NOON_US + WITHIN_US) for device in DEVICES_KNOWN])
    expected = np.concatenate([batch_at(position)[0].fixes for position in range(end)])
    assert np.sort(said["altitude_dm"]).tolist() == list(range(end * ROWS))
    said["device"] = expected["device"] = 0
    assert sorted(map(bytes, said)) == sorted(map(bytes, expected))
    reader = ReadingsReader(home, recent=writer.readings.shelf.recent)
    told = [kept.observation.value["position"] for kept in reader.observations("meter/M1", Stream.READING)]
    assert told == list(range(end))[: len(told)] and len(told) == min(end, 10_000)
    frames = Counter(frame.raw for device in DEVICES_KNOWN for frame in Raw(home / "raw").frames(device, 0, 2**62))
    frames.update(
        raw
        for record in JournalReader(home / "journal", list_segments(home / "journal")[0].first)
        for raw in Batch.unpack(record.content).raw
    )
    assert frames == Counter(f"{position} {row}".encode() * 3 for position in range(end) for row in range(ROWS))
    writer.positions.shelf.close()
    writer.readings.shelf.close()
    writer.journal.close()


def kill_and_check(home: Path, seeds: range) -> None:
    acknowledged = 0
    for seed in seeds:
        acknowledged = max(acknowledged, killed(home, seed))
    assert acknowledged > 0
    check(home, acknowledged)


def test_five_kills_at_random_moments_cost_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    kill_and_check(tmp_path, range(5))


@pytest.mark.nightly
@pytest.mark.parametrize("first", range(100, 104))
def test_twenty_kills_at_random_moments_cost_nothing_that_was_acknowledged(tmp_path: Path, first: int) -> None:
    kill_and_check(tmp_path, range(first * 20, first * 20 + 20))


def flushed_within(size: int, positions: Positions) -> bool:
    """Whether a flush was refused, perhaps after some of its days."""
    try:
        with files_at_most(size):
            positions.flush()
    except HistoryFull:
        return True
    return False


@pytest.mark.parametrize("size", [10, 1000, 5500, 6500])
def test_a_full_disk_keeps_in_memory_what_no_file_holds_and_everything_is_told_once(tmp_path: Path, size: int) -> None:
    rng, positions = np.random.default_rng(1), open_positions(tmp_path)
    tracks = ShelfReader(tmp_path / "positions", POSITIONS, positions.shelf.recent)

    def told() -> int:
        return len(tracks.of_time(NOON_US - WITHIN_US, NOON_US + WITHIN_US, ("place",)))

    refused = 0
    for position in range(30):
        times = (NOON_US + rng.integers(-DAY_US, DAY_US, 20)).tolist()
        positions.apply(position, DEVICES_KNOWN, *fixes_at(rng, times), PLACES_KNOWN)
        if position % 3 == 2:
            refused += flushed_within(size, positions)
            assert told() == 20 * (position + 1)
        if position % 9 == 8:
            assert positions.flush() == position + 1
            with files_at_most(min(size, 1000)), pytest.raises(HistoryFull):
                positions.shelf.close_days(NOON_US + 2 * DAY_US)
            assert told() == 20 * (position + 1)
    assert refused > 0
    assert list(tmp_path.rglob("*.part")) == []
    assert positions.shelf.close_days(NOON_US + 2 * DAY_US) == 3
    assert told() == 600
    shut(positions)


def test_a_reader_finds_each_row_once_while_files_are_written_merged_and_closed(tmp_path: Path) -> None:
    positions = open_positions(tmp_path)
    applied, done, wrong = [0], threading.Event(), []

    def read() -> None:
        reader = ShelfReader(tmp_path / "positions", POSITIONS, positions.shelf.recent)
        while not done.is_set():
            before = applied[0]
            table = reader.of_time(NOON_US - WITHIN_US, NOON_US + WITHIN_US, ("lon_e7",))
            numbers = np.unique(column(table, "lon_e7"))
            if len(numbers) < len(table) or numbers[:before].tolist() != list(range(before)):
                wrong.append((before, len(table), len(numbers)))

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    rng = np.random.default_rng(1)
    for position in range(120):
        fixes, judged = fixes_at(rng, (NOON_US + rng.integers(-DAY_US, DAY_US, 10)).tolist())
        judged["lon_e7"] = position * 10 + np.arange(10)
        positions.apply(position, DEVICES_KNOWN, fixes, judged, PLACES_KNOWN)
        applied[0] = position * 10 + 10
        positions.flush()
        positions.shelf.merge()
        if position % 20 == 19:
            positions.shelf.close_days(NOON_US + 2 * DAY_US)
    done.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    shut(positions)
