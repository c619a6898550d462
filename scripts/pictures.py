"""docs/pictures from the real page: the demo compound, served, seen by a headless Chromium at the page's highest quality.

The scene 960 × 540 in at most 200 kB, the whole page and the maps of reports 1280 × 720 in at most 300 kB. Poses are in
docs/pictures/poses.json: the camera in degrees and ellipsoidal metres, a storey to cut open by building and name; for the page what
lies open in it (`list`, `record`, a tab of the storey); for a map its report. Names of pictures as arguments take only those. Uses the
demo of TWIN_HOME (default ./twin-home), which `twin demo` makes first where it is not there, with its stock-take and reconciled; SCALE
(default compound) is how much of it. Those that are `live` see it served with its simulator: scripts/pictures_live.py.
"""

import json
import os
import re
import sqlite3
import subprocess
import sys
import urllib.request
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

from PIL import Image
from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from scripts.pictures_live import living, living_page  # noqa: E402
from tests.viewer.browser import Visit, launched, visit, wait_until, watched  # noqa: E402  the checkout is on the path only now
from twin.settings import Settings  # noqa: E402

PICTURES = ROOT / "docs" / "pictures"
TWIN = ROOT / ".venv" / "bin" / "twin"
SCENE, PAGE = (960, 540), (1280, 720)
MAX_BYTES = {SCENE: 200_000, PAGE: 300_000}
SCALE = os.environ.get("SCALE", "compound")
STOCKTAKE = "2026年度盘点 · 1号楼 2—4 层"
STOREYS = ("2F", "3F", "4F")
COLOURS = (256, 128, 64)
PATIENCE_MS = 300_000
FRAMES = 2  # letters of labels are cut after the frame that first wants them
HIGH = {"shadows": True, "ambient_occlusion": True, "smooth_edges": True}


def storey_id(url: str, building: str, name: str) -> str:
    """The id of a storey by its building's and its own name."""
    with urllib.request.urlopen(f"{url}/sites/pingshan/tree") as answer:
        tree = json.load(answer)
    storeys = next(entry["storeys"] for entry in tree["buildings"] if entry["name"] == building)
    return str(next(entry["id"] for entry in storeys if entry["name"] == name))


def write_picture(png: bytes, path: Path) -> int:
    """Write a picture with as many colours as fit into MAX_BYTES of its size, dithered where that fits too; returns its bytes."""
    image = Image.open(BytesIO(png)).convert("RGB")
    most = MAX_BYTES[image.size]
    for colours in COLOURS:
        palette = image.quantize(colours, method=Image.Quantize.MAXCOVERAGE, kmeans=1)
        for dither in (Image.Dither.FLOYDSTEINBERG, Image.Dither.NONE):
            buffer = BytesIO()
            image.quantize(palette=palette, dither=dither).save(buffer, "PNG", optimize=True)
            if buffer.tell() <= most:
                path.write_bytes(buffer.getvalue())
                return buffer.tell()
    raise SystemExit(f"{path.name} is {buffer.tell()} bytes in {colours} colours")


def twin(*arguments: str | Path) -> dict[str, Any]:
    """What a command answers."""
    done = subprocess.run([TWIN, *map(str, arguments), "--json"], capture_output=True, text=True, check=False)
    answer: dict[str, Any] = json.loads(done.stdout)
    if done.returncode not in (0, 3):
        raise SystemExit(f"twin {arguments[0]}: {answer}")
    return answer


def prepare(home: Path) -> int:
    """The demo, reconciled, with a stock-take of three storeys that is under way: its number."""
    twin("demo", "--scale", SCALE)
    takes = [int(take["id"]) for take in twin("stocktake", "list")["stocktakes"] if take["name"] == STOCKTAKE]
    if takes:
        return takes[0]
    twin("reconcile")
    with sqlite3.connect(home / "records.sqlite") as connection:
        storeys = connection.execute(
            "select s.id from place s join place b on b.id = s.parent_id where b.name = '综合办公楼' and s.name in (?, ?, ?)", STOREYS
        )
        places = [option for (place,) in storeys for option in ("--place", str(place))]
    number = int(twin("stocktake", "open", STOCKTAKE, *places)["id"])
    head, *lines = (home / "demo" / f"{SCALE}-7" / "registers" / "stocktake.csv").read_text("utf-8").splitlines()
    scans = home / "scans.csv"
    scans.write_text("\n".join([head, *(line for line in lines if line.split(",")[3] in STOREYS)]) + "\n", "utf-8")
    twin("stocktake", "scan", str(number), scans, "--profile", "zh")
    return number


def scene(seen: Visit, url: str, pose: dict[str, Any]) -> bytes:
    """The scene without the page around it."""
    storey = storey_id(url, *pose["storey"]) if "storey" in pose else None
    seen.page.evaluate("(id) => window.twin.selectStorey(id)", storey)
    seen.page.evaluate("() => window.twin.panels(false)")
    for _ in range(FRAMES):
        seen.page.evaluate("(camera) => window.twin.setView(camera)", pose["camera"])
        seen.settle(PATIENCE_MS)
    return seen.page.screenshot(timeout=PATIENCE_MS)


def opened_page(browser: Browser, url: str, pose: dict[str, Any], take: int) -> bytes:
    """The whole page with what the pose opens in it; `{take}` of a list stands for the stock-take."""
    camera = pose["camera"]
    place = ",".join(str(camera[name]) for name in ("lon", "lat", "height_m", "heading_deg", "pitch_deg"))
    storey = storey_id(url, *pose["storey"]) if "storey" in pose else ""
    opens = {
        "storey": storey,
        "select": storey if "tab" in pose else "",
        "list": pose.get("list", "").format(take=take),
        "record": pose.get("record", ""),
    }
    address = "&".join(f"{name}={quote(text, safe='')}" for name, text in (opens | {"camera": place}).items() if text)
    with visit(browser, f"{url}/#site=pingshan&{address}", width=PAGE[0], height=PAGE[1]) as seen:
        seen.page.evaluate("(quality) => window.twin.setQuality(quality)", HIGH)
        if pose.get("desk"):
            seen.page.get_by_role("button", name="我的工作台").click()
        if "tab" in pose:
            seen.page.get_by_role("tab", name=pose["tab"]).click()
        for _ in range(FRAMES):
            seen.page.evaluate("(camera) => window.twin.setView(camera)", camera)
            seen.settle(PATIENCE_MS)
        return seen.page.screenshot(timeout=PATIENCE_MS)


def report_map(browser: Browser, home: Path, pose: dict[str, Any]) -> bytes:
    """The page of `twin report …-map`."""
    path = home / f"{pose['report']}.html"
    options = ["--place", str(storey_place(home, *pose["storey"]))] if "storey" in pose else []
    twin("report", pose["report"], "-o", path, *options)
    with watched(browser, "file://", width=PAGE[0], height=PAGE[1]) as seen:
        seen.page.goto(path.as_uri())
        wait_until(seen.page, "window.twinDeck?.ready()")
        return seen.page.screenshot(timeout=PATIENCE_MS)


def storey_place(home: Path, building: str, name: str) -> int:
    """The place of a storey in the registers, by the feature of its building."""
    with sqlite3.connect(home / "records.sqlite") as connection:
        query = (
            "select s.id from place s join place b on b.id = s.parent_id join identity i on i.feature_id = b.feature_id"
            " join feature f on f.identity_id = i.id where f.name = ? and s.name = ?"
        )
        return int(connection.execute(query, (building, name)).fetchone()[0])


def main() -> None:
    """Serve the demo, visit it, take each picture; then those of the living one."""
    poses = json.loads((PICTURES / "poses.json").read_text(encoding="utf-8"))
    chosen = {name: poses[name] for name in sys.argv[1:] or poses}
    if still := {name: pose for name, pose in chosen.items() if "live" not in pose}:
        take_still(still)
    if moving := {name: pose for name, pose in chosen.items() if "live" in pose}:
        twin("demo", "--scale", SCALE)
        with living(TWIN, SCALE) as (url, named), launched() as browser:
            for name, pose in moving.items():
                told(name, living_page(browser, url, pose, named, PAGE))


def take_still(chosen: dict[str, Any]) -> None:
    """Take those of the demo at rest."""
    home = Settings().home
    take = prepare(home)
    service = subprocess.Popen([TWIN, "serve", "--port", "0"], stderr=subprocess.PIPE, text=True)
    try:
        assert service.stderr is not None
        url = next(found.group().rstrip("/") for line in service.stderr if (found := re.search(r"http://[\d.]+:\d+/", line)))
        bare = {name: pose for name, pose in chosen.items() if not {"page", "report"} & pose.keys()}
        with launched() as browser:
            if bare:
                with visit(browser, url, width=SCENE[0], height=SCENE[1]) as seen:
                    seen.page.evaluate("() => window.twin.ready()")
                    seen.page.evaluate("(quality) => window.twin.setQuality(quality)", HIGH)
                    for name, pose in bare.items():
                        told(name, scene(seen, url, pose))
            for name, pose in chosen.items():
                if name not in bare:
                    told(name, report_map(browser, home, pose) if "report" in pose else opened_page(browser, url, pose, take))
    finally:
        service.terminate()
        service.wait(timeout=20)


def told(name: str, png: bytes) -> None:
    """Write a picture and say how large it is."""
    sys.stderr.write(f"{name}.png {write_picture(png, PICTURES / f'{name}.png') / 1000:.0f} kB\n")


if __name__ == "__main__":
    main()
