"""An intruder crosses a segment of the demo compound: the incident stands in the page, the view flies there, the seeing cameras are those
that the API names, and the replay of that moment shows the same."""

import asyncio
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, expect

from sensors import Batch, Observation, Stream
from tests.chain.conftest import Served
from tests.viewer.browser import visit, wait_until
from twin.hub.client import HubClient
from twin.hub.meeting import Meeting

pytestmark = pytest.mark.browser
WIDE = {"width": 1180, "height": 420}
FAR = {"lon": 119.2946, "lat": 26.0800, "height_m": 900.0, "heading_deg": 0, "pitch_deg": -60}
NEAR_M = 400.0


def read(served: Served, path: str, *, patience_s: float = 60.0) -> Any:
    """The answer; 503 is waited out: the hub and the scene may still be on their way."""
    until = time.monotonic() + patience_s
    while True:
        try:
            with urllib.request.urlopen(served.url + path) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code != 503 or time.monotonic() > until:
                raise
        time.sleep(0.5)


def intrude(served: Served, segment: str) -> int:
    """The sensor of a segment says that somebody crosses it; milliseconds until that is kept."""

    async def run() -> None:
        hub = HubClient(Meeting(served.home.folder))
        running = asyncio.create_task(hub.run())
        now_us = time.time_ns() // 1000
        alarm = Observation(
            device=f"perimeter_segment/{segment}",
            stream=Stream.ALARM,
            received_us=now_us,
            device_us=now_us,
            value={},
            alarms=("perimeter_intrusion",),
        )
        await hub.offer(Batch(source=f"test-{now_us}", number=1, others=[alarm]))
        running.cancel()

    begun = time.monotonic()
    with ThreadPoolExecutor(max_workers=1) as beside:  # the browser's driver has a loop of its own in this thread
        beside.submit(lambda: asyncio.run(run())).result()
    return round((time.monotonic() - begun) * 1000)


def second_after(moment: str) -> str:
    """The next whole second."""
    then = datetime.fromisoformat(moment) + timedelta(seconds=1)
    return then.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_an_intruder_is_seen_flown_to_and_found_again_in_the_past(
    chromium: Browser, demo_served: Served, record_property: Callable[[str, object], None]
) -> None:
    segments = read(demo_served, "/live/states?site=pingshan&kind=perimeter_segment")["states"]
    segment = segments[len(segments) // 2]
    read(demo_served, f"/spatial/visible-from?lon={FAR['lon']}&lat=26.0896&height_m=0&datum=ground")  # when the scene is there
    with visit(chromium, demo_served.url, **WIDE) as seen:
        page = seen.page
        expect(page.locator("twin-live-bar .line.open")).to_be_visible()
        page.evaluate("(pose) => window.twin.setView(pose)", FAR)
        kept_ms, begun = intrude(demo_served, segment["key"]), time.monotonic()
        expect(page.locator("twin-live-frame .notice")).to_contain_text("周界入侵")
        record_property("ms from the commit of the alarm to the screen", round((time.monotonic() - begun) * 1000))
        record_property("ms until the alarm was committed", kept_ms)
        incident = next(one for one in read(demo_served, "/incidents?state=open")["incidents"] if one["kind"] == "perimeter_intrusion")
        assert incident["place"]["segment"] == f"perimeter_segment:{segment['key']}"
        page.locator("twin-live-bar .incidents").click()
        page.locator("twin-incidents").get_by_role("button", name=re.compile("周界入侵")).first.click()
        expect(page.locator("twin-incident h2")).to_have_text(incident["title"]["zh"])
        view, place = "window.twin.getView()", incident["place"]
        wait_until(page, f"Math.hypot(({view}.lon - {place['lon']}) * 1e5, ({view}.lat - {place['lat']}) * 1.11e5) < {NEAR_M}")
        seeing = sorted(camera["id"] for camera in read(demo_served, f"/incidents/{incident['id']}/context")["cameras"])
        assert seeing
        wait_until(page, f"window.twin.cones().sort().join() === '{','.join(seeing)}'")
        expect(page.locator("twin-incident")).to_contain_text(f"看得到的摄像机 {len(seeing)}")
        lit = f"window.twin.devices().some((one) => one.id === 'perimeter_segment/{segment['key']}' && one.look.includes('alarm'))"
        wait_until(page, lit)
        seen.check()
    at = second_after(incident["since"])
    assert incident["id"] in [one["id"] for one in read(demo_served, f"/incidents?datetime={quote(at, safe='')}")["incidents"]]
    with visit(chromium, f"{demo_served.url}/#site=pingshan&at={at}&list=incidents", **WIDE) as past:
        expect(past.page.locator("twin-live-frame .replay")).to_be_visible()
        expect(past.page.locator("twin-incidents li").filter(has_text="周界入侵")).to_have_count(1)
        wait_until(past.page, lit)
        past.check()
