"""What comes late beside what is live: the hub's loop while 500 vehicles deliver 30 minutes of backlog each and drive on.

Each said 10 minutes live (a fix in 10 s), was silent for 30, and within 10 s all deliver what they kept (180 fixes each, one batch a
vehicle) and go on live. Streets and one fence are known. Delay: how late the loop comes to what was due at a moment, every 5 ms;
acknowledged: from a live batch at the hub to its commit. Until nothing waits.
"""

import asyncio
import contextlib
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from lib.record import ROOT, arguments, keep, table

sys.path.insert(0, str(ROOT))

from sensors import Batch
from sensors.smoothing import Smoothing
from tests.sensors.fixes import fix_rows
from tests.sensors.measuring import roads_in_degrees
from tests.twin.hub.devices import FlatGround
from twin.live.streets import Streets
from twin.queries.live.service import OpenHub
from twin.settings import Settings
from twin.store import Store

EACH_S, BEFORE_S, AWAY_S, WITHIN_S, MOST_S = 10, 600, 1800, 10.0, 300.0
US = 1_000_000
DUE_S = 0.005


def said(vehicles: Any, seconds: Any, base_us: int, now_us: int, status: int) -> Any:
    """Fixes of vehicles (n,) that drive up and down streets 220 m apart at 10 m/s, at so many seconds after the base."""
    rng = np.random.default_rng(int(seconds[0]) % 1000 + int(vehicles[0]))
    way = (vehicles * 137.0 + seconds * 10.0) % 6000.0
    north = np.where(way < 3000, way, 6000 - way) - 1500.0
    east = (vehicles % 15 - 7) * 220.0
    noise = rng.normal(0, 3, (2, len(vehicles)))
    heading = np.where(way < 3000, 0, 18000)
    fixes = fix_rows(seconds, east + noise[0], north + noise[1], speed_dkmh=360, heading_cdeg=heading, status=status)
    fixes["device_us"] = fixes["fix_us"] = base_us + np.round(np.asarray(seconds) * US).astype(np.int64)
    fixes["received_us"] = now_us
    return fixes


def batch_of(source: str, number: int, vehicles: Any, fixes: Any) -> Batch:
    """Fixes of one vehicle, or one of each."""
    known = np.unique(vehicles)
    fixes["device"] = np.searchsorted(known, vehicles)
    return Batch(
        source=source, number=number, devices=[f"vehicle/V{one}" for one in known], fixes=fixes, raw=[b"\x7e\x02\x7e"] * len(fixes)
    )


class Probe:
    """How late the loop comes to what was due."""

    def __init__(self) -> None:
        self.late_s: list[float] = []

    async def run(self) -> None:
        due = time.perf_counter() + DUE_S
        while True:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            now = time.perf_counter()
            while due <= now:
                self.late_s.append(now - due)
                due += DUE_S


async def measured(home: Path, vehicles: int) -> dict[str, Any]:
    """The figures of one run."""
    ahead_us = [0]
    opened = OpenHub.open(Settings(home=home), now_us=lambda: time.time_ns() // 1000 + ahead_us[0])
    roads = roads_in_degrees()
    streets = Streets(segments=roads.segments, features=tuple(f"road:{at}" for at in range(len(roads.segments))))
    opened.applier.ground = opened.happening.ground = FlatGround()
    opened.applier.streets = streets
    opened.applier.tracker.smoothing = Smoothing(roads=roads)
    tasks = [asyncio.create_task(one) for one in running(opened)]
    base_us = time.time_ns() // 1000
    every = np.arange(vehicles)
    for number, second in enumerate(range(-AWAY_S - BEFORE_S, -AWAY_S, EACH_S)):
        ahead_us[0] = second * US
        await opened.hub.offer(batch_of("before", number, every, said(every, np.full(vehicles, second), base_us, base_us + second * US, 3)))
    ahead_us[0] = 0
    kept_s = np.arange(-AWAY_S, 0, EACH_S)
    kept = [
        batch_of("late", one, np.full(len(kept_s), one), said(np.full(len(kept_s), one), kept_s, base_us, base_us, 7))
        for one in every.tolist()
    ]
    packed = [one.pack() for one in kept]
    probe, acknowledged = Probe(), list[float]()
    probing = asyncio.create_task(probe.run())
    began, cpu = time.perf_counter(), time.process_time()

    async def late(one: int) -> None:
        await asyncio.sleep(one / vehicles * WITHIN_S)
        await opened.hub.offer(kept[one], packed[one])

    async def live() -> None:
        number = 0
        while True:
            due = began + number * 0.1
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            mine = every[every % 100 == number % 100]
            if len(mine):
                now_us = opened.hub.now_us()
                one = batch_of("live", number, mine, said(mine, np.full(len(mine), (now_us - base_us) / US), base_us, now_us, 3))
                asked = time.perf_counter()
                await opened.hub.offer(one)
                acknowledged.append(time.perf_counter() - asked)
            number += 1

    driving = asyncio.create_task(live())
    await asyncio.gather(*map(late, every.tolist()))
    while opened.backlog.waiting and time.perf_counter() - began < MOST_S:
        await asyncio.sleep(0.1)
    took, used, left = time.perf_counter() - began, time.process_time() - cpu, len(opened.backlog.waiting)
    for one in (driving, probing, *tasks):
        one.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await one
    opened.close()
    late_ms, told_ms = np.array(probe.late_s) * 1e3, np.array(acknowledged) * 1e3
    return {
        "vehicles": vehicles,
        "late_fixes": vehicles * len(kept_s),
        "delay_p50_ms": round(float(np.percentile(late_ms, 50)), 1),
        "delay_p99_ms": round(float(np.percentile(late_ms, 99)), 1),
        "delay_most_ms": round(float(late_ms.max()), 1),
        "acknowledged_p99_ms": round(float(np.percentile(told_ms, 99)), 1),
        "worked_off_s": round(took, 1),
        "hub_cpu_s": round(used, 1),
        "spans_left": left,
    }


def running(opened: OpenHub) -> list[Any]:
    """What serves: the hub, and who judges again."""
    return [opened.run()]


def main() -> None:
    """One run; the smoke run with few vehicles."""
    options = arguments(__doc__ or "")
    with tempfile.TemporaryDirectory() as name:
        settings = Settings(home=Path(name))
        with Store.open(settings.database_url) as store:
            store.migrate()
        row = asyncio.run(measured(Path(name), 20 if options.smoke else 500))
    table([row], {name: name.replace("_", " ") for name in row})
    limits = {"delay_p99_ms": 100.0, "acknowledged_p99_ms": 350.0, "spans_left": 0}
    bounds = [{"bound": f"{name} <= {most}", "value": row[name], "passed": row[name] <= most} for name, most in limits.items()]
    keep("late", [row], bounds, smoke=options.smoke, note=__doc__ or "")


if __name__ == "__main__":
    main()
