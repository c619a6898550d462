"""Questions to two workers about two million assets: pages of a filter in a box, rows of a 3D box, assets by code; memory, start."""

import json
import random
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import psutil

from lib.measure import run_measured
from lib.service import TWIN, Service, Started, spread, started

__all__ = ["MISSING_WRK", "ask_service", "pages", "rooms_in_3d", "thousands_by_code", "workers_memory"]

MISSING_WRK = "wrk is missing: apt-get install -y wrk"
WRK_SECONDS, CONNECTIONS = 10, 16
FILTERS = (
    "state = 'idle'",
    "class_code LIKE 'A02%' AND value >= 100000",
    "name LIKE '%桌%' AND NOT state IN ('idle', 'lent')",
    "casei(brand) LIKE casei('%a%') OR acquired > DATE('2020-01-01')",
    "value BETWEEN 50000 AND 500000",
)
HALVES_M = (100.0, 300.0, 1_000.0, 3_000.0)
READY_S = 180
ROOM_M = np.array([6.0, 6.0, 3.6])
ADDRESSES = ("/assets/", "/collections/assets/items/")
SCRIPT = """
local paths, at = {}, 0
function init(args)
  for line in io.lines(args[2]) do paths[#paths + 1] = args[1] .. line end
end
function request()
  at = at % #paths + 1
  return wrk.format("GET", paths[at])
end
"""
BARE = """
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
async def answer(request):
    return Response(BODY, media_type="application/json")
BODY = b'"' + b'x' * 2000 + b'"'
app = Starlette(routes=[Route("/assets/{code}", answer)])
"""
Figures = list[dict[str, Any]]


@contextmanager
def ask_service(home: Path, code: str) -> Iterator[tuple[Started, Service, Figures]]:
    """Two workers that ask for a key, made ready; the figures say when, from the start of the command, they gave their first answers."""
    env = {"TWIN_HOME": str(home)}
    made = run_measured([TWIN, "key", "add", f"bench-{time.time_ns()}", "--role", "administrator", "--json"], env=env)
    key = {"Authorization": f"Bearer {json.loads(made.stdout)['key']}"}
    questions = {
        "/sites": "/sites",
        "an asset by code": f"/assets/{code}",
        "a page with a filter": "/collections/assets/items?filter=state='idle'&limit=100",
        "a search": "/search?q=办公",
    }
    with started(env, "--workers", "2", "--proxy-headers", "127.0.0.1") as process:
        service, figures = Service(process.port, key), []
        for name, path in questions.items():
            service.ask(path)
            seconds = round(time.perf_counter() - process.at, 2)
            figures.append({"asked": f"first answer: {name}", "ours": seconds, "unit": "s", "note": "after the start, one after another"})
        _let_settle(process, key, code)
        yield process, service, figures


def pages(service: Service, home: Path, keys: list[str], xyz: Any, site: Any, *, times: int) -> Figures:
    """A page of 1,000 of a filter in a box, any page: boxes of four sizes, five filters; beside the bare table, read by one condition.

    `keys` in order, `xyz` where they stand; how many match is compared with a count over those.
    """
    from spatial.frame import SiteFrame

    rng, frame = random.Random(3), SiteFrame.of(site)
    degrees = frame.to_lon_lat_height(xyz)
    took, bare, sizes = [], [], []
    with sqlite3.connect(home / "records.sqlite") as database:
        for number in range(times):
            middle = xyz[rng.randrange(len(xyz))]
            half, asked = HALVES_M[number % len(HALVES_M)], FILTERS[number % len(FILTERS)]
            west, south, _, east, north, _ = (
                frame.to_lon_lat_height(middle + np.array([[-half, -half, 0], [half, half, 0]])).ravel().tolist()
            )
            path = f"/collections/assets/items?bbox={west!r},{south!r},{east!r},{north!r}&limit=1000&filter={quote(asked, safe='')}"
            if number % 2:
                path += f"&after={keys[rng.randrange(len(keys))]}"
            page, milliseconds = service.ask_plainly(path)
            took.append(milliseconds)
            sizes.append(page["numberReturned"])
            if number % 20 == 0:  # of these boxes the filter is the first
                begun = time.perf_counter()
                idle = {row[0] for row in database.execute("SELECT key FROM asset WHERE state = 'idle' AND ended IS NULL")}
                bare.append((time.perf_counter() - begun) * 1000)
                inside = (degrees[:, 0] >= west) & (degrees[:, 0] <= east) & (degrees[:, 1] >= south) & (degrees[:, 1] <= north)
                expected = sum(keys[at] in idle for at in np.flatnonzero(inside).tolist())
                if page["numberMatched"] != expected:
                    raise SystemExit(f"{path}: {page['numberMatched']} match instead of {expected}")
    found = spread(took)
    note = (
        f"p50 {found['p50_ms']} ms, {np.mean(sizes):.0f} rows a page; pg_featureserv 308 ms, pygeoapi 2,810 ms (published, other machines)"
    )
    return [
        {"asked": "page of 1,000, filter + bbox, p99", "ours": found["p99_ms"], "peer": round(float(np.median(bare)), 1), "unit": "ms"}
        | {"ratio": round(found["p99_ms"] / max(float(np.median(bare)), 0.1), 2), "note": f"{note}; peer: codes of one state, bare SQLite"}
    ]


def rooms_in_3d(service: Service, xyz: Any, site: Any, *, times: int) -> Figures:
    """Full rows of the assets in the 3D box around a room (6 × 6 × 3.6 m), through `/collections/assets/items`."""
    from spatial.frame import SiteFrame

    rng, frame = random.Random(4), SiteFrame.of(site)
    took, sizes = [], []
    for _ in range(times):
        middle = xyz[rng.randrange(len(xyz))] + np.array([0, 0, 0.8])
        low, high = frame.to_lon_lat_height(np.stack([middle - ROOM_M / 2, middle + ROOM_M / 2]))
        box = ",".join(repr(float(value)) for value in (*low, *high))
        page, milliseconds = service.ask_plainly(f"/collections/assets/items?bbox={box}&limit=1000")
        took.append(milliseconds)
        sizes.append(page["numberReturned"])
    found = spread(took)
    note = f"p50 {found['p50_ms']} ms; {np.mean(sizes):.0f} rows on average, {max(sizes)} at most"
    return [{"asked": "3D box of a room, full rows, p99", "ours": found["p99_ms"], "unit": "ms", "note": note}]


def thousands_by_code(process: Started, service: Service, codes: list[str], *, smoke: bool) -> Figures:
    """Requests a second by wrk, other codes all the time; beside Starlette that answers as many bytes without looking at anything."""
    if shutil.which("wrk") is None:
        if smoke:
            print(MISSING_WRK)
            return []
        raise SystemExit(MISSING_WRK)
    with tempfile.TemporaryDirectory() as name:
        folder, seconds = Path(name), 1 if smoke else WRK_SECONDS
        (folder / "codes.txt").write_text("\n".join(codes) + "\n")
        (folder / "ids.lua").write_text(SCRIPT)
        (folder / "bare.py").write_text(BARE)
        with _bare(folder) as port:
            peer = _wrk(folder, port, "/assets/", seconds, {})
        rates = {
            prefix: _wrk(folder, process.port, prefix, seconds, service.always) for prefix in ("/assets/", "/collections/assets/items/")
        }
    note = f"wrk -t1 -c{CONNECTIONS} on the same two cores, {len(codes):,} codes; Ditto publishes 2,800/s on larger machines"
    return [
        {"asked": f"by code: {prefix}CODE", "ours": round(rate), "peer": round(peer), "unit": "requests/s", "ratio": round(rate / peer, 2)}
        | {"note": f"{note}; peer: bare Starlette, 2 kB, no key"}
        for prefix, rate in rates.items()
    ]


def workers_memory(process: Started) -> list[float]:
    """Megabytes of each worker, shared pages counted by share (PSS); the forked process that has a child keeps the holder of the scene."""
    workers = [child for child in psutil.Process(process.pid).children() if "serve" in child.cmdline() and not child.children()]
    return [round(child.memory_full_info().pss / 2**20) for child in workers]


def _let_settle(process: Started, key: Mapping[str, str], code: str) -> None:
    """Both workers have read what they keep at hand: each answers on connections of its own."""
    until = time.perf_counter() + READY_S
    while time.perf_counter() < until:
        slowest = max(Service(process.port, key).ask("/collections/assets/items?bbox=119,26,119.0001,26.0001&limit=1")[1] for _ in range(8))
        slowest = max(slowest, *(Service(process.port, key).ask(f"/assets/{code}")[1] for _ in range(8)))
        if slowest < 100:
            return
        time.sleep(1)


@contextmanager
def _bare(folder: Path) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "bare:app", "--workers", "2", "--port", str(port), "--log-level", "warning"]
    server = subprocess.Popen(command, cwd=folder)
    try:
        for _ in range(100):
            try:
                Service(port).ask("/assets/x")
                break
            except OSError:
                time.sleep(0.2)
        yield port
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wrk(folder: Path, port: int, prefix: str, seconds: int, headers: Mapping[str, str]) -> float:
    given = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}", "-s", str(folder / "ids.lua"), *given, f"http://127.0.0.1:{port}"]
    done = subprocess.run([*command, "--", prefix, str(folder / "codes.txt")], capture_output=True, text=True, check=True)
    if "Non-2xx" in done.stdout:
        raise SystemExit(done.stdout)
    return next(float(line.split()[1]) for line in done.stdout.splitlines() if line.startswith("Requests/sec"))
