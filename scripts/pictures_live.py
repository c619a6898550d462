"""Pictures of the living compound: the demo served with its simulator and an intruder at the fence, seen as an officer sees it.

A pose has `live: true`; `list` is what lies open, where `{incident}` is the incident of the intruder, `{vehicle}` one that has driven;
`press` names buttons of the side panel that are pressed one after another, `until` what has to hold before the picture is taken.
"""

import json
import re
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from playwright.sync_api import Browser

from tests.viewer.browser import visit, wait_until

__all__ = ["living", "living_page"]

WARM_S = 150.0
"""So long a compound lives before the first picture, so that there are trips and people inside."""
PATIENCE_S = 600.0
PATIENCE_MS = 300_000
INTRUDER = ("simulate", "--vehicles", "0", "--scenario", "intruder", "--at", "2", "--seed", "11", "--seconds", "900")


@contextmanager
def living(twin: Path, scale: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The address of the demo while it lives, and what `list` of a pose may name."""
    served = [twin, "demo", "--scale", scale, "--serve", "--simulate", "--port", "0"]
    service = subprocess.Popen(served, stderr=subprocess.PIPE, text=True)
    try:
        assert service.stderr is not None
        url = next(found.group().rstrip("/") for line in service.stderr if (found := re.search(r"http://[\d.]+:\d+/", line)))
        time.sleep(WARM_S)
        intruder = subprocess.Popen([twin, *INTRUDER, "--json"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield url, {"incident": _incident(url), "vehicle": _vehicle(url)}
        finally:
            intruder.terminate()
            intruder.wait(timeout=30)
    finally:
        service.terminate()
        service.wait(timeout=60)


def living_page(browser: Browser, url: str, pose: dict[str, Any], named: dict[str, str], size: tuple[int, int]) -> bytes:
    """The whole page with what the pose opens in it."""
    camera = ",".join(str(pose["camera"][name]) for name in ("lon", "lat", "height_m", "heading_deg", "pitch_deg"))
    opened = pose["list"].format(**named)
    with visit(browser, f"{url}/#site=pingshan&list={quote(opened, safe='')}&camera={camera}", width=size[0], height=size[1]) as seen:
        wait_until(seen.page, "window.twin.movers().length > 3", PATIENCE_MS)
        panel = seen.page.locator(".side")
        for name in pose.get("press", ()):
            panel.get_by_role("button", name=name).first.click()
        if "until" in pose:
            wait_until(seen.page, pose["until"], PATIENCE_MS)
        if pose.get("stays"):
            seen.page.evaluate("(camera) => window.twin.setView(camera)", pose["camera"])
        seen.settle(PATIENCE_MS)
        time.sleep(4)
        return seen.page.screenshot(timeout=PATIENCE_MS)


def _incident(url: str) -> str:
    """The number of the newest incident of the fence that a camera saw too."""
    for _ in _while(f"{url}/incidents"):
        found = _asked(f"{url}/incidents?state=open&limit=50")["incidents"]
        for incident in found:
            kinds = {device["kind"] for device in incident["devices"]}
            if {"perimeter_segment", "camera"} <= kinds:
                return str(incident["id"])
    raise SystemExit("no intruder came")


def _vehicle(url: str) -> str:
    """A vehicle that drove, stood and drives again; where none did, one that drives."""
    now = datetime.now(UTC)
    span = f"{(now - timedelta(hours=8)).isoformat()}/{now.isoformat()}".replace("+00:00", "Z")
    keys = [one["key"] for one in _asked(f"{url}/live/positions?site=pingshan&kind=vehicle&limit=50")["positions"]]
    trips = {key: _asked(f"{url}/live/trips/vehicle/{quote(key)}?datetime={span}") for key in keys}
    return max(keys, key=lambda key: (len(trips[key]["stops"]) > 0, len(trips[key]["trips"])))


def _asked(address: str) -> dict[str, Any]:
    with urllib.request.urlopen(address, timeout=60) as answer:
        document: dict[str, Any] = json.load(answer)
        return document


def _while(what: str) -> Iterator[None]:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        yield
        time.sleep(2)
    raise SystemExit(f"{what} has not come")
