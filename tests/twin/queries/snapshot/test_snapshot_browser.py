"""The service is killed; the officer opens the file from the disk without a network: it shows the incident and the plan, and its age."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.twin.files import Files
from tests.twin.queries.snapshot.guarded import CAR, SITE, Guarded, guarded_home
from tests.viewer.browser import Visit, watched
from twin.queries.live.service import OpenHub

pytestmark = pytest.mark.browser
PATIENCE_S = 120.0


async def take_in(guarded: Guarded) -> None:
    """What the devices say reaches the journal, the state and the incidents of the home."""
    opened = OpenHub.open(guarded.settings)
    running = asyncio.create_task(opened.hub.run())
    for batch in guarded.batches():
        await opened.hub.offer(batch, batch.pack())
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    opened.close()


def served_until_written(guarded: Guarded) -> Path:
    """Serve the home until its snapshot tells of the alarm, then kill the service; no process of it is left."""
    path = guarded.settings.home / "history" / "snapshot" / f"{SITE.code}.html"
    environment = os.environ | {"TWIN_HOME": str(guarded.settings.home), "TWIN_GATEWAY_PORT": "-1"}
    program = [sys.executable, "-c", "from twin.cli import main; main()", "serve", "--port", "0", "--json"]
    with subprocess.Popen(program, env=environment, stdout=subprocess.DEVNULL) as process:
        until = time.monotonic() + PATIENCE_S
        while not (path.is_file() and "C-1F" in path.read_text(encoding="utf-8")):
            assert time.monotonic() < until and process.poll() is None
            time.sleep(0.1)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert len(children) >= 4
    while any(Path(f"/proc/{child}/cmdline").is_file() and Path(f"/proc/{child}/cmdline").read_bytes() for child in children):
        assert time.monotonic() < until
        time.sleep(0.05)
    return path


@pytest.fixture(scope="module")
def guarded(files: Files, tmp_path_factory: pytest.TempPathFactory) -> Guarded:
    made = guarded_home(tmp_path_factory.mktemp("left"), files)
    with ThreadPoolExecutor(1) as beside:  # the browser's loop runs in this thread
        beside.submit(lambda: asyncio.run(take_in(made))).result()
    return made


@pytest.fixture(scope="module")
def left(chromium: Browser, guarded: Guarded) -> Iterator[Visit]:
    """The file of a service that was killed, opened by file:// without a network."""
    path = served_until_written(guarded)
    with watched(chromium, "file://", width=1200, height=800) as seen:
        asked: list[str] = []
        seen.page.context.on("request", lambda request: asked.append(request.url))
        seen.page.context.set_offline(True)
        seen.page.goto(path.as_uri())
        yield seen
        seen.check()
        assert {url for url in asked if not url.startswith("data:")} == {path.as_uri()}


def test_it_shows_the_incident_the_plan_and_the_car(left: Visit, guarded: Guarded) -> None:
    page = left.page
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{SITE.name} 态势快照", use_inner_text=True)
    row = page.get_by_role("region", name="未结事件").locator("tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("设备防拆")
    for name, room in guarded.rooms.items():
        plan = page.locator(f'figure[data-storey="{guarded.storeys[name]}"] svg')
        expect(plan).to_be_visible()
        box = plan.locator(f'path.alarmed[data-id="{room}"]').bounding_box()
        assert box is not None and min(box["width"], box["height"]) > 20
    rings = page.locator("svg.map g.incident circle")
    expect(rings).to_have_count(1)  # one room above the other
    car = page.locator(f'svg.map [data-id="vehicle/{CAR}"]')
    expect(car).to_be_visible()
    expect(page.get_by_role("region", name="移动目标的最后位置")).to_contain_text(CAR)
    row.get_by_role("link").click()
    assert page.evaluate("() => document.querySelector(':target').id").startswith("incident-")


def test_it_says_how_old_it_is_and_speaks_english(left: Visit) -> None:
    stamp = left.page.locator("[data-made]")
    expect(stamp).to_contain_text("前")
    left.page.get_by_role("button", name="English").click()
    expect(stamp).to_contain_text("ago")
    expect(left.page.get_by_role("region", name="Open incidents")).to_contain_text("tamper contact")
    left.page.evaluate("() => { const made = document.querySelector('[data-made]'); made.dataset.made -= 3600000; }")
    left.page.get_by_role("button", name="中文").click()
    expect(stamp).to_contain_text("服务可能已停")


def test_axe_finds_nothing(left: Visit) -> None:
    found = Axe().run(left.page).response["violations"]
    assert [(one["id"], [node["html"][:120] for node in one["nodes"]][:3]) for one in found] == []


def test_it_reads_without_a_script(chromium: Browser, left: Visit) -> None:
    context = chromium.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    page.goto(left.page.url.partition("#")[0])
    assert json.dumps(page.locator("h1").inner_text(), ensure_ascii=False) == f'"{SITE.name} 态势快照"'
    assert page.locator("time").is_visible()
    context.close()
