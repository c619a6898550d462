"""While a register of many rows is imported by another process, incidents are acknowledged one after the other."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sensors import Batch, Observation, Stream
from tests.twin.hub.devices import START_US
from tests.twin.hub.running import a_running_hub
from twin.demo.registers import write_registers
from twin.hub.client import HubClient
from twin.hub.meeting import Meeting
from twin.incidents.commands import Command
from twin.incidents.desk import command_to_json
from twin.settings import Settings
from twin.store import Store

INCIDENTS = 5_000
COMMAND = "import sys; from twin.cli.app import app; sys.argv[0] = 'twin'; app()"


def buttons() -> Batch:
    """An alarm each, a kilometre apart."""
    others = [
        Observation(
            device=f"panic_button/B{at}",
            stream=Stream.ALARM,
            received_us=START_US,
            value={},
            alarms=("panic",),
            lon_lat=(100.0 + at % 100 / 100, 20.0 + at // 100 / 100),
        )
        for at in range(INCIDENTS)
    ]
    return Batch(source="g", number=1, others=others)


async def acknowledged(home: Path, importing: subprocess.Popen[str]) -> int:
    """How many incidents were acknowledged before the import had ended; each is tried once."""
    hub = HubClient(Meeting(home))
    running, done = asyncio.create_task(hub.run()), 0
    while importing.poll() is None:
        assert done < INCIDENTS
        command = Command(name="acknowledge", incident=done + 1, who="test", why="去看", parts=(done + 1,))
        answer = await hub.command("incident", **command_to_json(command))
        assert answer["incident"] == done + 1
        done += 1
        await asyncio.sleep(0.02)
    running.cancel()
    return done


@pytest.mark.parametrize("rows", [20_000, pytest.param(200_000, marks=pytest.mark.nightly)])
def test_incidents_are_acknowledged_while_a_register_is_imported(tmp_path: Path, rows: int) -> None:
    home = tmp_path / "home"
    with Store.open(Settings(home=home).database_url) as store:
        store.migrate()
    files = write_registers(tmp_path / "registers", scale="small", seed=7, assets=rows)
    assets = next(one.path for one in files if one.kind == "asset")
    with a_running_hub(home, buttons()) as opened:
        importing = subprocess.Popen(
            [sys.executable, "-c", COMMAND, "import", "register", "asset", str(assets), "--json"],
            env=os.environ | {"TWIN_HOME": str(home)},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            done = asyncio.run(acknowledged(home, importing))
            document = json.loads(importing.communicate()[0])
        finally:
            importing.kill()
            importing.wait()
        assert done > 10
        with opened.happening.store.file.reading() as connection:
            (kept,) = connection.execute("SELECT count(*) FROM part WHERE status = 'acknowledged'").fetchone()
        assert kept == done
    assert document["rows"] >= rows
