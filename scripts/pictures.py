"""docs/pictures from the real page: the demo compound, served, seen by a headless Chromium at the page's highest quality.

960 × 540, at most 200 kB each. Poses are in docs/pictures/poses.json: the camera in degrees and ellipsoidal metres, a storey
to cut open by building and name. Names of pictures as arguments take only those. Uses the demo of TWIN_HOME (default
./twin-home), which `twin demo` makes first where it is not there.
"""

import json
import re
import subprocess
import sys
import urllib.request
from io import BytesIO
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.viewer.browser import launched, visit  # noqa: E402  the checkout is on the path only now

PICTURES = ROOT / "docs" / "pictures"
TWIN = ROOT / ".venv" / "bin" / "twin"
SIZE = (960, 540)
MAX_BYTES = 200_000
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
    """Write a picture with as many colours as fit into MAX_BYTES, dithered where that fits too; returns its bytes."""
    image = Image.open(BytesIO(png)).convert("RGB")
    for colours in COLOURS:
        palette = image.quantize(colours, method=Image.Quantize.MAXCOVERAGE, kmeans=1)
        for dither in (Image.Dither.FLOYDSTEINBERG, Image.Dither.NONE):
            buffer = BytesIO()
            image.quantize(palette=palette, dither=dither).save(buffer, "PNG", optimize=True)
            if buffer.tell() <= MAX_BYTES:
                path.write_bytes(buffer.getvalue())
                return buffer.tell()
    raise SystemExit(f"{path.name} is {buffer.tell()} bytes in {colours} colours")


def main() -> None:
    """Serve the demo, visit it, take each picture."""
    subprocess.run([TWIN, "demo"], check=True)
    service = subprocess.Popen([TWIN, "serve", "--port", "0"], stderr=subprocess.PIPE, text=True)
    try:
        assert service.stderr is not None
        url = next(found.group().rstrip("/") for line in service.stderr if (found := re.search(r"http://[\d.]+:\d+/", line)))
        poses = json.loads((PICTURES / "poses.json").read_text(encoding="utf-8"))
        with launched() as browser, visit(browser, url, width=SIZE[0], height=SIZE[1]) as seen:
            seen.page.evaluate("() => window.twin.ready()")
            seen.page.evaluate("(quality) => window.twin.setQuality(quality)", HIGH)
            for name in sys.argv[1:] or poses:
                pose = poses[name]
                storey = storey_id(url, *pose["storey"]) if "storey" in pose else None
                seen.page.evaluate("(id) => window.twin.selectStorey(id)", storey)
                seen.page.evaluate("(panels) => window.twin.panels(panels)", pose.get("panels", False))
                for _ in range(FRAMES):
                    seen.page.evaluate("(camera) => window.twin.setView(camera)", pose["camera"])
                    seen.settle(PATIENCE_MS)
                size = write_picture(seen.page.screenshot(timeout=PATIENCE_MS), PICTURES / f"{name}.png")
                sys.stderr.write(f"{name}.png {size / 1000:.0f} kB\n")
    finally:
        service.terminate()
        service.wait(timeout=20)


if __name__ == "__main__":
    main()
