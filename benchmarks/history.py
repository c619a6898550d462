"""Ten million positions of a day: durable ingest, bytes a point, a vehicle's day and any moment, beside SQLite and plain Parquet.

1,160 vehicles report every 10 s (`lib/terminals.py`), a thousand in a batch, four batches a commit, in the first quarter of the day with
a raw JT/T 808 frame each. Ingest is that quarter: journal (written and synced), unpacking, history in memory, runs, and merges of runs:
all that comes after a gateway but for judging. Sealing of raw frames and closing of the day are timed apart. `opened` asks a reader that
knows no file yet, after the system was asked to forget the files; `warm` one that has been asked before; CPU beside the wall, for the
machine is shared. `bytes before` is the mean of all points of 72 h when two days are closed and one is whole and open, with its raw
frames. The peers hold the same columns, put in in the order of their key: a twentieth of the points in a SQLite table WITHOUT ROWID with
the key (vehicle, time); all of them in one Parquet file as pyarrow writes it, asked through pyarrow.dataset.
"""

import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from lib.record import ROOT, arguments, keep, table
from lib.terminals import BEGIN_US, Driven, arrivals, drive, frames_of

sys.path.insert(0, str(ROOT))

from sensors.batch import Batch
from sensors.observation import FIX, NO_NUMBER
from twin.history import runs
from twin.history.journal import Journal
from twin.history.layout import DAY_US, HOUR_US
from twin.history.names import Names
from twin.history.positions import DEVICES, JUDGED, PLACES, POSITIONS, Positions
from twin.history.raw import Raw, seal
from twin.history.reading import ShelfReader
from twin.history.retention import read_retention
from twin.history.tracks import Tracks

VEHICLES, REPORTS, SEED = 1_160, 8_640, 7
SMOKE_VEHICLES, SMOKE_REPORTS = 40, 300
BATCH_ROWS, BATCHES_A_COMMIT, FLUSH_ROWS = 1_000, 4, 200_000
ASKED = 200
RAW_PART = 4
COLUMNS = {
    "asked": "asked",
    "of": "of",
    "n": "n",
    "p50_ms": "p50 ms",
    "p99_ms": "p99 ms",
    "max_ms": "max ms",
    "cpu_p50_ms": "CPU p50 ms",
    "cpu_p99_ms": "CPU p99 ms",
}
END_US = BEGIN_US + DAY_US
Figure = dict[str, Any]


def main() -> None:
    """Fill, ask, compare, keep the result."""
    smoke = arguments(__doc__).smoke
    vehicles, reports = (SMOKE_VEHICLES, SMOKE_REPORTS) if smoke else (VEHICLES, REPORTS)
    driven = drive(vehicles, reports, SEED)
    with tempfile.TemporaryDirectory() as name:
        home = Path(name) / "history"
        home.mkdir()
        ingest, asked_open = fill(home, driven)
        asked = [*asked_open, *ask(home, vehicles, "closed")]
        table(asked, COLUMNS)
        rest = sqlite_peer(Path(name), home, -(-vehicles // 20))
        rest += parquet_peer(Path(name), home, vehicles)
    table(
        [ingest],
        {
            "points": "points",
            "rows_s": "durable rows/s",
            "rows_cpu_s": "rows/CPU s",
            "seal_frames_s": "sealed frames/s",
            "close_rows_s": "closed rows/s",
        },
    )
    table([ingest], {name: name.replace("_", " ") for name in ingest if name.startswith("bytes")})
    table([*asked, *rest], COLUMNS)
    for peer in rest:
        print(f"{peer['of']}: {peer['bytes_point']:.1f} bytes a point, {peer['rows_s']:,.0f} rows/s in")
    keep("history", [ingest, *asked, *rest], bounds_of(ingest, asked), smoke=smoke)


def bounds_of(ingest: Figure, asked: list[Figure]) -> list[Figure]:
    """The issue's line 3, as far as it is about history."""
    found = {(one["asked"], one["of"]): one for one in asked}
    day = found["a vehicle's day, warm", "closed"]
    opened = found["a vehicle's day, opened", "closed"]
    today = found["a vehicle's day, warm", "open"]
    told = [
        ("durable ingest >= 20,000 observations/s", ingest["rows_s"], ingest["rows_s"] >= 20_000),
        ("a vehicle's day of 10 million, p50 < 20 ms", day["p50_ms"], day["p50_ms"] < 20),
        ("a vehicle's day of 10 million, p99 < 20 ms", day["p99_ms"], day["p99_ms"] < 20),
        ("a vehicle's day of 10 million, the open day, p50 < 20 ms", today["p50_ms"], today["p50_ms"] < 20),
        ("a vehicle's day of 10 million, files not known, p50 < 20 ms", opened["p50_ms"], opened["p50_ms"] < 20),
        ("<= 60 bytes a point of the open day, raw too", ingest["bytes_open"], ingest["bytes_open"] <= 60),
        ("<= 60 bytes a point before 72 h, raw too", ingest["bytes_before"], ingest["bytes_before"] <= 60),
        ("<= 25 bytes a point after 72 h", ingest["bytes_after"], ingest["bytes_after"] <= 25),
        ("<= 25 bytes a raw frame", ingest["bytes_raw"], ingest["bytes_raw"] <= 25),
        ("every point is in the closed day once", ingest["points_closed"], ingest["points_closed"] == ingest["points"]),
        ("every frame is sealed as it was", ingest["frames_alike"], ingest["frames_alike"]),
    ]
    return [{"bound": text, "value": value, "passed": bool(passed)} for text, value, passed in told]


def fill(home: Path, driven: Driven) -> tuple[Figure, list[Figure]]:
    """All points in, journal and history, the raw frames sealed as segments close; questions before the day is closed."""
    devices, places = Names.open(home / DEVICES), Names.open(home / PLACES)
    positions = Positions.open(home, devices, places)
    spent, used, sealing = 0.0, 0.0, 0.0
    points = framed = 0
    sample: list[bytes] = []
    with Journal.open(home / "journal") as journal:
        for commit, is_raw in _commits(driven, sample):
            begun, cpu = time.perf_counter(), time.process_time()
            taken = _take(journal, positions, commit)
            points += taken
            if is_raw:
                framed += taken
                spent += time.perf_counter() - begun
                used += time.process_time() - cpu
            begun = time.perf_counter()
            seal(journal, home / "raw", positions.shelf.through)
            sealing += time.perf_counter() - begun
        positions.flush()
        asked = ask(home, len(driven.time_us), "open")
        before = _bytes(home / "positions")
        begun = time.perf_counter()
        journal._segment_us = 0
        journal.roll()
        seal(journal, home / "raw", positions.shelf.through)
        sealing += time.perf_counter() - begun
    begun = time.perf_counter()
    positions.shelf.close_days(END_US + 1)
    closing = time.perf_counter() - begun
    positions.shelf.close()
    raw, after = _bytes(home / "raw"), _bytes(home / "positions")
    frames = [one.raw for one in Raw(home / "raw").frames("vehicle/闽A00003", 0, 2**62)]
    closed = ShelfReader(home / "positions", POSITIONS)
    return {
        "points": points,
        "frames": framed,
        "rows_s": framed / spent,
        "rows_cpu_s": framed / used,
        "seal_frames_s": framed / sealing,
        "close_rows_s": points / closing,
        "bytes_open_day": before / points,
        "bytes_raw": raw / framed,
        "bytes_open": before / points + raw / framed,
        "bytes_before": (before + 2 * after) / 3 / points + raw / framed,
        "bytes_after": after / points,
        "points_closed": sum(
            len(closed.of_time(at, at + HOUR_US, ("place",))) for at in range(BEGIN_US - DAY_US, END_US + DAY_US, HOUR_US)
        ),
        "frames_alike": sorted(frames) == sorted(sample),
    }, asked


def ask(home: Path, vehicles: int, state: str) -> list[Figure]:
    """A vehicle's day by a reader that knows the files and by one that does not, any moment, and an hour's counts."""
    rng = np.random.default_rng(SEED)
    chosen = [f"vehicle/闽A{number:05d}" for number in rng.integers(0, vehicles, ASKED)]
    moments = (BEGIN_US + rng.integers(0, DAY_US, 30)).tolist()
    tracks = Tracks(home, retention=read_retention())
    _forget(home, caches=True)
    return [
        _timed("a vehicle's day, opened", state, chosen[:60], tracks.track, before=lambda: _forget(home, caches=True), day=True),
        _timed("a vehicle's day, warm", state, chosen, tracks.track, day=True),
        _timed("everything at a moment", state, moments, tracks.at),
        _timed("counts of an hour", state, moments[:20], lambda moment: tracks.counts(moment, moment + HOUR_US)),
    ]


def sqlite_peer(folder: Path, home: Path, vehicles: int) -> list[Figure]:
    """The same columns in a table with the key (vehicle, time)."""
    path = folder / "peer.sqlite"
    names = POSITIONS.names
    begun = time.perf_counter()
    with sqlite3.connect(path) as connection:
        connection.execute("pragma journal_mode=wal")
        connection.execute(
            f"create table p ({', '.join(f'{name} integer' for name in names)}, seq integer, "
            "primary key (handle, time_us, seq)) without rowid"
        )
        marks = ", ".join("?" * (len(names) + 1))
        rows = 0
        for part in _all_of(home, vehicles):
            columns = [part.column(name).to_pylist() for name in names]
            connection.executemany(f"insert into p values ({marks})", zip(*columns, range(rows, rows + len(part)), strict=True))
            rows += len(part)
    spent = time.perf_counter() - begun
    rng = np.random.default_rng(SEED)
    wanted = ", ".join(names)

    def day(handle: int) -> int:
        found = connection.execute(
            f"select {wanted} from p where handle = ? and time_us >= ? and time_us < ? order by time_us", (handle, BEGIN_US, END_US)
        ).fetchall()
        return len(np.array(found, dtype=np.int64))

    figure = _timed("a vehicle's day, warm", "SQLite (vehicle, time)", rng.integers(0, vehicles, ASKED).tolist(), day)
    connection.close()
    return [figure | {"bytes_point": path.stat().st_size / rows, "rows_s": rows / spent}]


def parquet_peer(folder: Path, home: Path, vehicles: int) -> list[Figure]:
    """The same columns in one Parquet file as pyarrow writes it, in order of (vehicle, time), asked through pyarrow.dataset."""
    path = folder / "peer.parquet"
    begun, rows = time.perf_counter(), 0
    with pq.ParquetWriter(path, POSITIONS.schema, compression="zstd") as writer:
        for part in _all_of(home, vehicles):
            writer.write_table(part)
            rows += len(part)
    spent = time.perf_counter() - begun
    dataset = ds.dataset(path)

    def day(handle: int) -> int:
        where = (ds.field("handle") == handle) & (ds.field("time_us") >= BEGIN_US) & (ds.field("time_us") < END_US)
        return len(dataset.to_table(filter=where))

    handles = np.random.default_rng(SEED).integers(0, vehicles, 40).tolist()
    figure = _timed("a vehicle's day, warm", "pyarrow.dataset", handles, day)
    return [figure | {"bytes_point": path.stat().st_size / rows, "rows_s": rows / spent}]


def _commits(driven: Driven, sample: list[bytes]) -> Iterator[tuple[list[tuple[bytes, Any]], bool]]:
    """Packed batches with what was judged of them, and whether with raw frames; the frames of one vehicle are kept beside."""
    held: list[tuple[bytes, Any]] = []
    framed = driven.time_us.size // RAW_PART
    for number, (vehicle, report) in enumerate(arrivals(driven, BATCH_ROWS)):
        known, device = np.unique(vehicle, return_inverse=True)
        fixes, judged = np.zeros(len(vehicle), dtype=FIX), np.zeros(len(vehicle), dtype=JUDGED)
        fixes["device"], fixes["accuracy_dm"] = device, NO_NUMBER
        fixes["device_us"] = fixes["fix_us"] = driven.time_us[vehicle, report]
        fixes["received_us"] = driven.received_us[vehicle, report]
        fixes["lon_e7"], fixes["lat_e7"] = driven.lon_e7[vehicle, report], driven.lat_e7[vehicle, report]
        fixes["altitude_dm"], fixes["heading_cdeg"] = driven.altitude_m[vehicle, report] * 10, driven.heading_deg[vehicle, report] * 100
        fixes["speed_dkmh"] = driven.speed_dkmh[vehicle, report]
        fixes["status"] = 17 | driven.moving[vehicle, report] * 2
        judged["lon_e7"], judged["lat_e7"] = driven.judged_lon_e7[vehicle, report], driven.judged_lat_e7[vehicle, report]
        judged["accuracy_dm"] = 24 + (fixes["received_us"] // 977) % 17
        judged["place"] = (vehicle + report // 300) % 40
        is_raw = number // BATCHES_A_COMMIT * BATCHES_A_COMMIT * BATCH_ROWS < framed
        frames = frames_of(driven, vehicle, report, number) if is_raw else []
        sample += [frame for frame, one in zip(frames, vehicle.tolist(), strict=False) if one == 3]
        names = [f"vehicle/闽A{one:05d}" for one in known.tolist()]
        held.append((Batch(source="gateway", number=number, devices=names, fixes=fixes, raw=frames).pack(), judged))
        if len(held) == BATCHES_A_COMMIT:
            yield held, is_raw
            held = []
    yield held, False


PLACE_NAMES = ["", *(f"zone/{number}" for number in range(39))]


def _take(journal: Journal, positions: Positions, commit: list[tuple[bytes, Any]]) -> int:
    """What a hub does with a commit, but for judging."""
    if not commit:
        return 0
    end = journal.append([packed for packed, _ in commit])
    rows = 0
    for position, (packed, judged) in enumerate(commit, start=end - len(commit)):
        batch = Batch.unpack(packed)
        positions.apply(position, batch.devices, batch.fixes, judged, PLACE_NAMES)
        rows += len(batch.fixes)
    if positions.shelf.rows_in_memory >= FLUSH_ROWS:
        positions.flush()
        positions.shelf.merge()
    return rows


def _all_of(home: Path, vehicles: int) -> Iterator[pa.Table]:
    shelf = ShelfReader(home / "positions", POSITIONS)
    for handle in range(vehicles):
        yield shelf.of_handle(handle, BEGIN_US - DAY_US, END_US + DAY_US, POSITIONS.names).select(POSITIONS.names)


def _timed(
    asked: str,
    of: str,
    questions: list[Any],
    ask_one: Callable[..., Any],
    *,
    before: Callable[[], None] = lambda: None,
    day: bool = False,
) -> Figure:
    times, cpu = [], []
    for question in questions:
        before()
        begun, used = time.perf_counter(), time.process_time()
        ask_one(question, BEGIN_US, END_US) if day else ask_one(question)
        times.append((time.perf_counter() - begun) * 1000)
        cpu.append((time.process_time() - used) * 1000)
    return {
        "asked": asked,
        "of": of,
        "n": len(times),
        "p50_ms": float(np.percentile(times, 50)),
        "p99_ms": float(np.percentile(times, 99)),
        "max_ms": max(times),
        "load_average": os.getloadavg()[0],
        "cpu_p50_ms": float(np.percentile(cpu, 50)),
        "cpu_p99_ms": float(np.percentile(cpu, 99)),
    }


def _forget(home: Path, *, caches: bool) -> None:
    """The footers that are held, and what the system holds of the files."""
    if caches:
        runs._footer.cache_clear()
        runs._groups.cache_clear()
    for path in (home / "positions").rglob("*.*"):
        descriptor = os.open(path, os.O_RDONLY)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    main()
