"""kill -9 of the gateway, a worker and the hub of a running service under load: how long until the state is right again.

200 terminals report once a second each. `right` is from the kill until a new client of /live/positions is told all that was acknowledged
before it (asked every 50 ms); `fresh` until it is told of every vehicle what it reported after the kill, up to a second of which is the
vehicle's own. One worker is the default; of two the other answers meanwhile. Under `load` the machine's load at the time: the bound is
of a machine that has nothing else to do.
"""

import asyncio
import os
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from lib.record import ROOT, arguments, keep, table

sys.path.insert(0, str(ROOT))

from tests.twin.faults.running import Fleet, Running, eventually, prepared, right_after_s, running

VEHICLES, KILLS, SMOKE_VEHICLES, SMOKE_KILLS = 200, 20, 10, 1
STEP_M = 10.0
RIGHT_S = 5.0
CASES = [("gateway", 1), ("worker", 1), ("worker", 2), ("hub", 1), ("hub", 2)]
COLUMNS = {
    "killed": "killed",
    "workers": "workers",
    "kills": "kills",
    "right_p50_s": "right p50 s",
    "right_max_s": "right max s",
    "fresh_p50_s": "fresh p50 s",
    "fresh_max_s": "fresh max s",
    "load": "load",
}


def main() -> None:
    """Kill, time, keep the result."""
    smoke = arguments(__doc__).smoke
    vehicles, kills = (SMOKE_VEHICLES, SMOKE_KILLS) if smoke else (VEHICLES, KILLS)
    figures = [figure(name, workers, vehicles, kills) for name, workers in (CASES[-1:] if smoke else CASES)]
    table(figures, COLUMNS)
    bounds = [
        {
            "bound": f"right within {RIGHT_S:g} s of each kill of {one['killed']} ({one['workers']})",
            "value": one["right_max_s"],
            "passed": smoke or one["right_max_s"] <= RIGHT_S,
        }
        for one in figures
    ]
    keep("faults", figures, bounds, smoke=smoke)


def figure(name: str, workers: int, vehicles: int, kills: int) -> dict[str, Any]:
    """Of one service, a process of which is killed again and again."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        prepared(home, vehicles)
        with running(home, workers=workers) as service:
            right, fresh = np.array(asyncio.run(killed(service, name, vehicles, kills))).T
    return {
        "killed": name,
        "workers": workers,
        "kills": kills,
        "right_p50_s": round(float(np.median(right)), 2),
        "right_max_s": round(float(right.max()), 2),
        "fresh_p50_s": round(float(np.median(fresh)), 2),
        "fresh_max_s": round(float(fresh.max()), 2),
        "load": round(os.getloadavg()[0], 1),
    }


async def killed(service: Running, name: str, vehicles: int, kills: int) -> list[tuple[float, float]]:
    """Of each kill, `right` and `fresh`."""
    fleet, rng, found = Fleet(vehicles, service.gateway_port, every_s=1.0, step_m=STEP_M), random.Random(kills), []
    await fleet.connect()
    fleet.begin()
    await right_after_s(service, fleet.said_next())
    for _ in range(kills):
        await asyncio.sleep(rng.uniform(0.5, 2))
        pids = await eventually(lambda: asyncio.sleep(0, service.pids(name)), bool, f"there is a {name}")
        acknowledged, next_said = fleet.surely_acknowledged(), fleet.said_next()
        service.kill(name, rng.randrange(len(pids)))
        found.append(await asyncio.gather(right_after_s(service, acknowledged), right_after_s(service, next_said)))
    await fleet.end()
    return [(right, fresh) for right, fresh in found]


if __name__ == "__main__":
    main()
