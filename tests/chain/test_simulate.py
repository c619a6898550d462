"""The living compound: `twin demo --serve --simulate` on a copy of the demo's records, and an intruder beside it."""

import json
import re
import shutil
import sqlite3
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.chain.conftest import Served
from tests.homes import TWIN, Home

PATIENCE_S = 180.0

pytestmark = pytest.mark.nightly


@pytest.fixture(scope="module")
def living(demo_home: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """What lives there is seen by no other test: the records are a copy, what is built is the demo's own."""
    folder = tmp_path_factory.mktemp("living")
    for one in demo_home.folder.iterdir():
        if one.is_dir() and one.name not in ("columns", "history", "sight", "meshes"):
            (folder / one.name).symlink_to(one)
        elif one.is_file() and not one.name.lstrip(".").startswith("records.sqlite"):
            shutil.copy2(one, folder / one.name)
    _copy(demo_home.folder / "records.sqlite", folder / "records.sqlite")
    home = Home(folder, demo_home.meshes)
    command = [TWIN, "demo", "--serve", "--simulate", "--port", "0"]
    environment = home.environment | {"TWIN_GATEWAY_PORT": "0"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        yield Served(_address(process), home)
    finally:
        process.terminate()
        process.communicate(timeout=90)


def _copy(source: Path, target: Path) -> None:
    with sqlite3.connect(f"file:{source}?mode=ro", uri=True) as there, sqlite3.connect(target) as here:
        there.backup(here)


def _address(process: "subprocess.Popen[str]") -> str:
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if found := re.search(r"http://[\d.]+:\d+", line):
            return found.group()
    raise AssertionError(f"it said no address: {said}")


def read(served: Served, path: str) -> Any:
    with urllib.request.urlopen(served.url + path) as answer:
        return json.load(answer)


def until(served: Served, path: str, enough: Any) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while not enough(answer := read(served, path)):
        assert time.monotonic() < deadline, answer
        time.sleep(0.5)
    return answer


def test_every_vehicle_with_a_terminal_of_its_own_drives_and_guards_gates_and_meters_speak(living: Served) -> None:
    vehicles = read(living, "/vehicles?limit=1000")["records"]
    terminals = [one["values"].get("terminal") for one in vehicles]
    known = {f"vehicle/{one['key']}" for one in vehicles if (own := one["values"].get("terminal")) and terminals.count(own) == 1}
    assert known
    told = until(living, "/live/positions?kind=vehicle&limit=1000", lambda answer: len(answer["positions"]) >= len(known))
    assert {one["id"] for one in told["positions"]} == known
    until(living, "/live/positions?kind=guard&site=pingshan", lambda answer: answer["positions"])
    states = until(
        living,
        "/live/states?kind=gate&site=pingshan",
        lambda answer: len(answer["states"]) == 4 and all(one["state"] == "open" for one in answer["states"]),
    )
    assert {one["kind"] for one in states["states"]} == {"gate"}
    until(living, "/live/states?kind=meter", lambda answer: any(one["value"].get("unit") for one in answer["states"]))


def test_drives_have_orders_that_are_imported_as_the_simulators_own(living: Served) -> None:
    def simulators(answer: Any) -> list[Any]:
        return [one for one in answer["imports"] if one["source"].startswith("simulator-")]

    (taken, *_) = simulators(until(living, "/imports?kind=dispatch", simulators))
    assert (taken["who"], taken["issues"], taken["counts"]["quarantined"]) == ("simulator", {}, 0)
    now = time.time()
    span = "/".join(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at)) for at in (now - 3600, now))

    def driven(answer: Any) -> list[Any]:
        return [one for one in answer["vehicles"] if any(order["trips"] for order in one["orders"]) and not one["findings"]]

    (one, *_) = driven(until(living, f"/live/orders?datetime={span}&limit=200", driven))
    assert all(order["driver"] and order["destination"] and order["state"] in ("assigned", "under_way") for order in one["orders"])


def test_an_intruder_is_an_incident_at_the_segment(living: Served) -> None:
    done = living.home.run("simulate", "--vehicles", "0", "--seconds", "6", "--scenario", "intruder", "--at", "1", "--seed", "11")
    assert (done.code, done.document["scenario"]) == (0, "intruder")
    assert done.document["said"] > 0

    def known(answer: Any) -> list[Any]:
        return [one for one in answer["incidents"] if {"perimeter_intrusion", "camera_motion"} <= set(one["kinds"])]

    (incident,) = known(until(living, "/incidents?site=pingshan", known))
    assert {one["kind"] for one in incident["devices"]} == {"camera", "perimeter_segment"}
    assert incident["place"]["lon"] is not None
