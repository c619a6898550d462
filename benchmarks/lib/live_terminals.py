"""Many vehicle terminals in one process: connect, register, report at an even rate; when each position was written, and acknowledged.

python live_terminals.py HOST PORT COUNT A_SECOND SECONDS OUT
"""

import asyncio
import json
import sys
import time
from pathlib import Path

import numpy as np
import uvloop

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from sensors.jt808_terminal import Fix, Terminal

AT_ONCE = 200
ORIGIN = (119.2946, 26.0896)
NEAR_M = 8_000


def phone(number: int) -> str:
    """The number of a terminal's SIM."""
    return f"139{number:08d}"


def plate(number: int) -> str:
    """The plate of a vehicle of the load."""
    return f"闽A{number:05d}"


async def drive(host: str, port: int, count: int, a_second: int, seconds: int, out: Path) -> None:
    """Each terminal reports every count / a_second seconds, once a line came in; what was written when is kept in `out`."""
    terminals = [Terminal(phone=phone(number), plate=plate(number), edition=(2013, 2019)[number % 2]) for number in range(count)]
    began = time.monotonic()
    for begin in range(0, count, AT_ONCE):
        some = range(begin, min(begin + AT_ONCE, count))
        await asyncio.gather(
            *(terminals[number].connect(host, port, timeout_s=120, source=(f"127.0.0.{2 + number // 20_000}", 0)) for number in some)
        )
    print(json.dumps({"connected": count, "seconds": round(time.monotonic() - began, 1)}), flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    rng = np.random.default_rng(3)
    place = np.column_stack([ORIGIN[0] + rng.normal(0, NEAR_M / 1e5, count), ORIGIN[1] + rng.normal(0, NEAR_M / 1.1e5, count)])
    written = np.zeros((a_second * seconds, 3), dtype=np.int64)
    cpu, start = time.process_time(), time.monotonic()
    for number in range(len(written)):
        due = start + number / a_second
        while (now := time.monotonic()) < due:
            await asyncio.sleep(due - now)
        which, round_ = number % count, number // count
        second = int(time.time())
        lon, lat = place[which] + (round_ * 2e-4, 0)
        written[number] = which, second, time.monotonic_ns()
        terminals[which].report(Fix(device_us=second * 1_000_000, lon=float(lon), lat=float(lat), speed_kmh=36, heading_deg=90))
        if number % 50 == 0:
            await asyncio.sleep(0)
    took, cpu = time.monotonic() - start, time.process_time() - cpu
    await asyncio.sleep(3)
    acknowledged = sum(terminal.acknowledged for terminal in terminals)
    np.save(out, written)
    facts = {"written": len(written), "seconds": round(took, 2), "acknowledged": acknowledged, "cpu": round(cpu / took, 3)}
    print(json.dumps(facts | {"lost": sum(terminal.lost for terminal in terminals)}), flush=True)


if __name__ == "__main__":
    uvloop.run(drive(sys.argv[1], *map(int, sys.argv[2:6]), Path(sys.argv[6])))
