"""A hub that is killed while it judges again what came late: in the end all is as if it had come in order."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from sensors import Batch
from tests.twin.hub.drives import SECOND, Home, drive, same, told_in_order
from twin.errors import TwinError
from twin.hub.client import HubClient
from twin.hub.meeting import Meeting
from twin.settings import Settings
from twin.store import Store

DEVICES = [f"vehicle/{key}" for key in "AB"]
PROGRAM = """
from tests.twin.hub.devices import FlatGround
from twin.cli.live import be_hub
from twin.live.streets import NO_STREETS
from twin.queries.live import service
from twin.settings import Settings

class Grounds(FlatGround):
    streets = NO_STREETS

    def __init__(self, *_):
        self.refresh = lambda: None

service.Grounds = Grounds
be_hub(Settings())
"""


def started(home: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", PROGRAM], env=os.environ | {"TWIN_HOME": str(home)}, stderr=subprocess.DEVNULL)


async def waits(client: HubClient) -> int:
    """How many spans wait, as soon as a hub answers."""
    while True:
        try:
            return int((await client.command("status"))["late_waiting"])
        except TwinError:
            await asyncio.sleep(0.02)


async def killed(home: Path, drives: list[np.ndarray], times: int, rng: random.Random) -> int:
    """Tell the drives, with a hole that comes late, and kill the hub so often; how often something waited then."""
    client = HubClient(Meeting(home))
    running, process = asyncio.create_task(client.run()), started(home)
    number = in_the_middle = 0
    for at in [*range(30), *range(140, len(drives[0]))]:
        fixes = np.concatenate([one[at : at + 1] for one in drives])
        fixes["device"], number = range(len(drives)), number + 1
        await client.offer(Batch(source="live", number=number, devices=DEVICES, fixes=fixes, raw=[b"x"] * len(fixes)))
    for device, one in zip(DEVICES, drives, strict=True):
        fixes, number = one[30:140].copy(), number + 1
        fixes["status"] |= 4
        fixes["received_us"] = time.time_ns() // 1000
        await client.offer(Batch(source="late", number=number, devices=[device], fixes=fixes, raw=[b"x"] * len(fixes)))
    for turn in range(times):
        before = await waits(client)
        if turn % 2:
            await asyncio.sleep(rng.random() * 2)
        else:
            while before and await waits(client) == before:
                await asyncio.sleep(0.005)
        in_the_middle += before > 0
        children = psutil.Process(process.pid).children()
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not psutil.wait_procs(children, timeout=30)[1]
        process = started(home)
    while await waits(client):
        await asyncio.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    process.wait()
    running.cancel()
    return in_the_middle


@pytest.mark.parametrize("times", [2, pytest.param(20, marks=pytest.mark.nightly)])
def test_killed_while_it_judges_again_the_same_stands_in_the_end(tmp_path: Path, times: int) -> None:
    drives = [drive(seed=seed) for seed in range(len(DEVICES))]
    later_us = time.time_ns() // 1000 - 200 * SECOND - int(drives[0]["fix_us"][-1])
    for one in drives:
        for name in ("device_us", "fix_us", "received_us"):
            one[name] += later_us
    with Store.open(Settings(home=tmp_path / "home").database_url) as store:
        store.migrate()
    assert asyncio.run(asyncio.wait_for(killed(tmp_path / "home", drives, times, random.Random(times)), timeout=240))
    home = Home(tmp_path / "home" / "history")
    for device, fixes in zip(DEVICES, drives, strict=True):
        ordered = told_in_order(tmp_path / device, fixes, device)
        same(home, ordered, fixes, device)
        ordered.close()
    home.close()
