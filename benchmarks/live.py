"""Live: what comes in, second by second, and what it costs. Sections, each alone with `--only`:

decode: JT/T 808 locations, both headers, with the usual items, some escaped: into columns by batches as the gateway has them, into single
observations, by the table of messages, beside a plain loop of `struct`. No decoder of JT/T 808 that runs on Python 3 is on PyPI (tongue
1.0.0 of 2015 is Python 2 and splits bytes only), so the loop is the peer. Seconds are CPU seconds of this process: one core.
box: 50,000 vehicles by box, beside an R-tree.
stream: terminals, gateway, hub, worker and watchers, from the terminal's socket to each watcher, beside bare Mosquitto.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import psutil
from lib.jt808_frames import made, plain_loop
from lib.record import ROOT, arguments, keep, table

sys.path.insert(0, str(ROOT))

Section = tuple[list[dict[str, Any]], list[dict[str, Any]]]
"""Figures and bounds."""
SEED = 7
ROUNDS = 7
IN_MEMORY = Path("/dev/shm")


def decode(smoke: bool) -> Section:
    """Frames a second of one core, each way; and that each way says the same."""
    from sensors.jt808_batch import keep_raw_for_ever, locate
    from sensors.jt808_frame import Frame, unescape
    from sensors.jt808_message import Message
    from sensors.jt808_observation import location_observation

    pieces = made(2_000 if smoke else 100_000, SEED)
    flagged = [b"\x7e" + piece + b"\x7e" for piece in pieces]
    few = pieces[: len(pieces) // 5]
    ways: list[tuple[str, str, list[bytes], int, Callable[[list[bytes]], object]]] = [
        (f"columns, {size:,} a batch", "batch", pieces, size, lambda some: locate(some, 0)) for size in (50, 200, 1_000, 5_000)
    ]
    ways += [
        ("single observations", "single", few, 1_000, lambda some: [location_observation(piece, "vehicle/x", 0) for piece in some]),
        ("messages by the table", "table", few, 1_000, lambda some: [Message.of(Frame.parse(unescape(piece))) for piece in some]),
        ("peer: a loop of struct", "peer", few, 1_000, lambda some: [plain_loop(piece) for piece in some]),
        ("is raw kept for ever, 1,000 a batch", "keep", flagged, 1_000, keep_raw_for_ever),
    ]
    seconds: dict[str, list[float]] = {name: [] for name, *_ in ways}
    for _ in range(1 if smoke else ROUNDS):
        for name, _, frames, size, work in ways:
            seconds[name].append(_cpu_seconds(work, frames, size))
    figures: list[dict[str, Any]] = [
        {"section": "decode", "way": name, "key": key, "frames": len(frames), "frames_s": round(len(frames) / median(seconds[name]))}
        for name, key, frames, _, _ in ways
    ]
    escaped = sum(b"\x7d" in piece for piece in pieces) / len(pieces)
    size = sum(map(len, pieces)) / len(pieces) + 2
    table(figures, {"way": "decode", "frames": "frames", "frames_s": "frames a core-second"})
    print(f"{size:.0f} bytes a frame, {escaped:.0%} of them escaped")
    figures.append({"section": "decode", "bytes_a_frame": round(size, 1), "escaped_share": round(escaped, 3)})
    rate = {one["key"]: one["frames_s"] for one in figures if one.get("key") not in (None, "batch")}
    batched = next(one["frames_s"] for one in figures if one.get("way") == "columns, 1,000 a batch")
    same = _same(pieces, few)
    bounds = [
        ("decode: batches >= 250,000 frames/s, a core", batched, batched >= 250_000),
        ("decode: single observations >= 100,000 frames/s, a core", rate["single"], rate["single"] >= 100_000),
        (
            "decode: single observations at least as fast as the loop of struct",
            round(rate["single"] / rate["peer"], 2),
            rate["single"] >= rate["peer"],
        ),
        ("decode: every way says the same", same, same == 1.0),
    ]
    return figures, [{"bound": text, "value": value, "passed": bool(passed)} for text, value, passed in bounds]


def stream(smoke: bool) -> Section:
    """10,000 terminals, 5,000 positions a second, 200 watchers, through everything; bare Mosquitto with the same load beside it."""
    from lib.live_fanout import fanout
    from lib.live_stream import FULL, SMOKE
    from lib.live_stream import stream as run

    load = SMOKE if smoke else FULL
    with tempfile.TemporaryDirectory(dir=IN_MEMORY if IN_MEMORY.is_dir() else None) as folder:
        told = run(Path(folder), load)
    peer = fanout(load)
    told["cpu"] = sorted(told["cpu"], reverse=True)[:5]
    ms, driven = told["ms"], told["terminals"]
    table(
        [
            {"who": "terminal to watcher", **ms, "lost": told["lost"], "cpu": sum(told["cpu"])},
            {"who": "Mosquitto, probe", **peer.get("ms", {}), "lost": peer.get("dropped"), "cpu": peer.get("broker_cpu")},
        ],
        {"who": "delay, ms", "p50": "p50", "p90": "p90", "p99": "p99", "p999": "p999", "lost": "lost", "cpu": "cores"},
    )
    print(f"Mosquitto delivered {peer.get('delivered_s')} of {peer.get('wanted_s')} messages a second")
    figures = [{"section": "stream", **load, **told}, {"section": "stream", "peer": "mosquitto", **peer}]
    bounds = [
        ("stream: p50 < 180 ms from the terminal's socket to the watcher", ms["p50"], ms["p50"] < 180),
        ("stream: p99 < 350 ms", ms["p99"], ms["p99"] < 350),
        ("stream: 0 lost", told["lost"], told["lost"] == 0),
        (
            "stream: every position acknowledged",
            driven["acknowledged"],
            driven["acknowledged"] == driven["written"],
        ),
    ]
    return figures, [{"bound": text, "value": value, "passed": bool(passed)} for text, value, passed in bounds]


def box(smoke: bool) -> Section:
    """50,000 vehicles by box: the handles in it, and the rows; beside an R-tree over the same points, built once."""
    import numpy as np
    import rtree.index

    from twin.live.state import ROW, LiveState

    count, asked = (500, 20) if smoke else (50_000, 2_000)
    rng = np.random.default_rng(SEED)
    state = LiveState()
    rows = np.zeros(count, dtype=ROW)
    rows["lon_e7"], rows["lat_e7"] = rng.normal(119.3e7, 0.5e7, count), rng.normal(26.1e7, 0.5e7, count)
    rows["placed"] = 1
    state.put(state.handles([f"vehicle/{number}" for number in range(count)]), rows, {}, now_us=1)
    lon, lat = rows["lon_e7"] / 1e7, rows["lat_e7"] / 1e7
    began = time.perf_counter()
    tree = rtree.index.Index(((i, (x, y, x, y), None) for i, (x, y) in enumerate(zip(lon.tolist(), lat.tolist(), strict=True))))
    built_s = time.perf_counter() - began
    ours, theirs, same = [], [], 0
    for _ in range(asked):
        x, y, half = rng.normal(119.3, 0.5), rng.normal(26.1, 0.5), float(rng.choice([0.005, 0.05, 0.5]))
        window = (x - half, y - half, x + half, y + half)
        began = time.perf_counter()
        found = np.flatnonzero(state.in_box(window))
        state.rows_at(found)
        ours.append((time.perf_counter() - began) * 1000)
        began = time.perf_counter()
        peer = list(tree.intersection(window))
        theirs.append((time.perf_counter() - began) * 1000)
        same += len(found) == len(peer)
    figures = [
        {"section": "box", "way": "one array, scanned", "vehicles": count, **_spread(ours)},
        {"section": "box", "way": "peer: rtree, built once", "vehicles": count, "built_s": round(built_s, 2), **_spread(theirs)},
    ]
    table(figures, {"way": "vehicles by box, ms", "vehicles": "vehicles", "p50": "p50", "p99": "p99", "most": "most", "built_s": "built s"})
    bounds = [
        ("box: 50,000 vehicles p99 < 2 ms", figures[0]["p99"], figures[0]["p99"] < 2),
        ("box: as many as the R-tree finds", same, same >= asked * 0.999),
    ]
    return figures, [{"bound": text, "value": value, "passed": bool(passed)} for text, value, passed in bounds]


def _spread(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {"p50": round(median(ordered), 3), "p99": round(ordered[int(len(ordered) * 0.99)], 3), "most": round(ordered[-1], 3)}


SECTIONS: dict[str, Callable[[bool], Section]] = {"decode": decode, "box": box, "stream": stream}


def main() -> None:
    """Each section, or one; keep what all say."""
    options = arguments(__doc__ or "", parts=tuple(SECTIONS))
    figures, bounds = [], []
    for name, section in SECTIONS.items():
        if options.only in (None, name):
            some, bound = section(options.smoke)
            figures += some
            bounds += bound
    for bound in bounds:
        print(f"{'holds' if bound['passed'] else 'FAILS'}  {bound['bound']}: {bound['value']}")
    note = f"load average {psutil.getloadavg()[0]:.1f} of {psutil.cpu_count()} cores at the end"
    keep("live", figures, bounds, smoke=options.smoke or options.only is not None, note=note)


def _cpu_seconds(work: Callable[[list[bytes]], object], frames: list[bytes], size: int) -> float:
    """CPU seconds for all frames, `size` at a time, each lot let go before the next as a gateway does."""
    started = time.process_time()
    for at in range(0, len(frames), size):
        work(frames[at : at + size])
    return time.process_time() - started


def _same(pieces: list[bytes], few: list[bytes]) -> float:
    """The share of frames of which columns, the single observation and the peer say the same."""
    from sensors.jt808_batch import locate
    from sensors.jt808_observation import location_observation

    fixes = locate(pieces, 0).fixes
    same = 0
    for fix, piece in zip(fixes, few, strict=False):
        peer, one = plain_loop(piece), location_observation(piece, "vehicle/x", 0)
        time_us = round(peer["time"].timestamp() * 1e6)
        places = (fix["lon_e7"] / 1e7, fix["lat_e7"] / 1e7) == (peer["lon"], peer["lat"]) == one.lon_lat
        times = fix["device_us"] == fix["fix_us"] == time_us == one.fix_us
        moving = (fix["speed_dkmh"], fix["heading_cdeg"] // 100, fix["alarm"]) == (
            round(peer["speed"] * 10),
            peer["direction"],
            peer["alarm"],
        )
        items = {item["id"]: item["value"] for item in one.value["items"]} == peer["items"]
        same += bool(places and times and moving and items)
    return same / len(few)


if __name__ == "__main__":
    main()
