"""A hub that is killed under load: what it acknowledged is in the history once, and the state is right when it is back."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.twin.hub.devices import LAT, LON, moving
from twin.history.retention import read_retention
from twin.history.tracks import Tracks
from twin.hub.client import HubClient
from twin.hub.meeting import Meeting
from twin.live.state import LiveState
from twin.settings import Settings
from twin.store import Store

VEHICLES = 20
PROGRAM = [sys.executable, "-c", "from twin.cli.live import be_hub; from twin.settings import Settings; be_hub(Settings())"]


def started(home: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(PROGRAM, env=os.environ | {"TWIN_HOME": str(home)}, stderr=subprocess.DEVNULL)


async def load(client: HubClient, acknowledged: dict[int, int], until: asyncio.Event) -> None:
    """Offer one batch after another; each stands 0.0001 degrees further east than the one before, one second later."""
    number = 0
    begun_us = time.time_ns() // 1000
    while not until.is_set():
        number += 1
        at_us = begun_us + number * 1000
        await client.offer(moving("load", number, {f"V{key}": (LON + number * 1e-7, LAT) for key in range(VEHICLES)}, at_us=at_us))
        acknowledged[number] = at_us
        await asyncio.sleep(0.002)


async def killed_again_and_again(home: Path, times: int, rng: random.Random) -> tuple[dict[int, int], LiveState, float]:
    replica, acknowledged, enough = LiveState(), dict[int, int](), asyncio.Event()
    client = HubClient(Meeting(home), changed=replica.follow)
    running, process = asyncio.create_task(client.run()), started(home)
    loading = asyncio.create_task(load(client, acknowledged, enough))
    for _ in range(times):
        seen = len(acknowledged)
        while len(acknowledged) < seen + rng.randint(5, 150):
            await asyncio.sleep(0.01)
            assert not loading.done()
        process.send_signal(signal.SIGKILL)
        process.wait()
        process = started(home)
    seen, since = len(acknowledged), time.monotonic()
    while len(acknowledged) == seen:
        await asyncio.sleep(0.01)
    away_s = time.monotonic() - since
    enough.set()
    await loading
    while not replica.number or int(replica.current["fix_us"].max()) < max(acknowledged.values()):
        await asyncio.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    process.wait()
    running.cancel()
    return acknowledged, replica, away_s


@pytest.mark.parametrize("times", [5, pytest.param(20, marks=pytest.mark.nightly)])
def test_what_was_acknowledged_is_in_the_history_once_and_the_state_is_right(tmp_path: Path, times: int) -> None:
    settings = Settings(home=tmp_path)
    with Store.open(settings.database_url) as store:
        store.migrate()
    told = asyncio.run(asyncio.wait_for(killed_again_and_again(tmp_path, times, random.Random(times)), timeout=240))
    acknowledged, replica, away_s = told
    assert away_s < 30
    last = max(acknowledged)
    assert set(replica.addresses) == {f"vehicle/V{key}" for key in range(VEHICLES)}
    assert set(replica.current["raw_lon_e7"].tolist()) == {round((LON + last * 1e-7) * 1e7)}
    tracks = Tracks(tmp_path / "history", retention=read_retention())
    for key in range(VEHICLES):
        said = tracks.said(f"vehicle/V{key}", min(acknowledged.values()) - 1, max(acknowledged.values()) + 1_000_000)
        assert said["fix_us"].tolist() == [acknowledged[number] for number in range(1, last + 1)], key
