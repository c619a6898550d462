"""A vehicle terminal speaks JT/T 808 over TCP to the gateway of the demo compound and is seen moving in the browser."""

import asyncio
import json
import math
import signal
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser

from sensors.jt808_terminal import Fix, Terminal
from tests.chain.conftest import Served
from tests.homes import TWIN
from tests.viewer.browser import visit, wait_until

pytestmark = pytest.mark.browser
LON, LAT = 119.2946, 26.0896
ABOVE = {"lon": LON, "lat": LAT, "height_m": 330.0, "heading_deg": 0, "pitch_deg": -90}
SECONDS_AROUND = 60


def read(served: Served, path: str) -> Any:
    with urllib.request.urlopen(served.url + path) as answer:
        return json.load(answer)


@pytest.fixture(scope="module")
def gateway(demo_served: Served) -> Iterator[int]:
    """The port of `twin gateway`, alone, beside the service of the same home."""
    arguments = [str(TWIN), "gateway", "--port", "0", "--json"]
    with subprocess.Popen(arguments, env=demo_served.home.environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        document = json.loads("".join(iter(process.stdout.readline, "}\n")) + "}")
        yield int(document["address"].rpartition(":")[2])
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


@contextmanager
def driving(port: int, phone: str, plate: str) -> Iterator[Terminal]:
    """A terminal that drives around the square, a position a second."""
    terminal = Terminal(phone=phone, plate=plate, edition=2013)
    stopping = threading.Event()

    async def drive() -> None:
        await terminal.connect("127.0.0.1", port)
        begun = time.time()
        while not stopping.is_set():
            angle = (time.time() - begun) / SECONDS_AROUND * 2 * math.pi
            place = LON + 60 * math.sin(angle) / 100_000, LAT + 60 * math.cos(angle) / 111_000
            heading = math.degrees(angle + math.pi / 2) % 360
            terminal.report(Fix(device_us=int(time.time()) * 1_000_000, lon=place[0], lat=place[1], speed_kmh=22, heading_deg=heading))
            await asyncio.sleep(1)
        if terminal.transport is not None:
            terminal.transport.close()
        await asyncio.sleep(0.1)

    thread = threading.Thread(target=lambda: asyncio.run(drive()), name="terminal")
    thread.start()
    yield terminal
    stopping.set()
    thread.join(timeout=10)


def test_a_terminal_registers_reports_and_is_seen_moving_in_the_browser(chromium: Browser, demo_served: Served, gateway: int) -> None:
    vehicles = read(demo_served, "/vehicles?limit=500")["records"]
    terminals = [one["values"].get("terminal") for one in vehicles]
    known = next(one for one in vehicles if one["values"].get("terminal") and terminals.count(one["values"]["terminal"]) == 1)
    key = known["key"]
    with driving(gateway, known["values"]["terminal"], known["values"]["plate"]) as terminal, visit(chromium, demo_served.url) as seen:
        seen.page.evaluate("(pose) => window.twin.setView(pose)", ABOVE)
        mine = f"window.twin.movers().find((one) => one.key === '{key}')"
        wait_until(seen.page, f"{mine} !== undefined && {mine}.x !== null")
        first = seen.page.evaluate(f"() => {mine}")
        assert first["look"].startswith("moving")
        wait_until(seen.page, f"Math.hypot({mine}.x - {first['x']}, {mine}.y - {first['y']}) > 5")
        assert terminal.acknowledged > 0
        assert terminal.refused == 0
        seen.check()
    told = read(demo_served, "/live/positions?kind=vehicle&site=pingshan")["positions"]
    here = next(one for one in told if one["id"] == f"vehicle/{key}")
    assert math.hypot((here["lon"] - LON) * 100_000, (here["lat"] - LAT) * 111_000) < 90
