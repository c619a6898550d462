"""The line to `/live` in the page's own module, without a browser: how long it waits before it is opened again."""

import json
import shutil
import subprocess

from tests.conftest import require
from tests.viewer.test_live import ROOT, RUNNER

FEED = ROOT / "viewer" / "web" / "src" / "live" / "feed.ts"


def test_a_line_that_broke_is_opened_again_soon_and_one_that_was_too_many_late() -> None:
    node = shutil.which("node")
    require(node is not None, "node", "install Node 20 or later")
    asked = json.dumps([{"codes": [1006, 1013, 1006, 1013]}])
    done = subprocess.run([str(node), RUNNER, FEED, "waits"], input=asked, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [[500, 15_000, 500, 15_000]]
