"""Fixtures that every package's tests share."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

from tests import loops

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.homes import Home

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
IN_CI = os.environ.get("CI") == "true"
MISSING = " is missing: "
IN_MEMORY = Path("/dev/shm")
ROOM_BYTES = 4 << 30
SHARES = {
    "tests/bim/": "models",
    "tests/chain/test_ledger.py": "models",
    "tests/chain/test_intruder.py": "demo",
    "tests/chain/test_live.py": "demo",
    "tests/chain/test_make_run.py": "demo",
    "tests/chain/test_maps.py": "demo",
    "tests/chain/test_page.py": "demo",
    "tests/chain/test_placement.py": "demo",
    "tests/chain/test_real_registers.py": "models",
    "tests/chain/test_sample_placement.py": "models",
    "tests/twin/demo/registers/": "tied",
    "tests/twin/imports/tie/": "tied",
    "tests/twin/api/test_sight_duplex.py": "models",
    "tests/twin/queries/sight/test_real_buildings.py": "models",
    "tests/twin/queries/place/test_real_places.py": "real",
    "tests/twin/queries/routes/test_along.py": "demo",
    "tests/twin/queries/routes/test_compound.py": "demo",
    "tests/twin/queries/routes/test_real.py": "real",
    "tests/twin/queries/routes/test_real_ways.py": "real",
    "tests/twin/queries/place/test_demo_places.py": "demo",
    "tests/twin/reports/test_html_browser.py": "deck",
    "tests/twin/test_demo_models.py": "demo",
    "tests/viewer/test_browser.py": "demo",
    "tests/viewer/test_deck_browser.py": "deck",
    "tests/viewer/test_live_page.py": "registers page",
    "tests/viewer/test_login.py": "demo",
    "tests/viewer/test_page.py": "demo",
    "tests/viewer/test_registers_page.py": "registers page",
    "tests/viewer/test_stock_page.py": "registers page",
    "tests/viewer/test_work_pages.py": "registers page",
}
"""Files that use the same costly things of a session (models read, the demo served, the browser) stay in one worker process."""
LONGEST = ("demo", "registers page", "models", "tied")
"""Shares that are begun first: begun last, the longest of them would keep one worker busy while the others have ended."""


def require(present: bool, what: str, remedy: str) -> None:
    """Go on where a capability is present; else fail in CI and skip elsewhere, told once more in the closing lines."""
    if present:
        return
    if IN_CI:
        pytest.fail(f"{what} is missing, and CI=true: {remedy}")
    pytest.skip(f"{what}{MISSING}{remedy}")


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real files by others (`../shared/data`), never copied into the project."""
    require(SHARED_DATA.is_dir(), "../shared/data", "lay the shared folder beside the checkout")
    return SHARED_DATA


@pytest.fixture(scope="session")
def sight_library() -> None:
    """open3d with what it links to, for whatever casts rays."""
    from spatial.errors import SightLibraryMissing
    from spatial.visibility import require_sight_library

    try:
        require_sight_library()
    except SightLibraryMissing as missing:
        require(False, "open3d", missing.hint)


@pytest.fixture(scope="session")
def real_meshes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the shapes of the real files are kept for the session: what several tests read is meshed once."""
    return tmp_path_factory.mktemp("meshes")


@pytest.fixture(scope="session")
def chromium() -> Iterator["Browser"]:
    """The one browser of a session, started by the first test that looks at a page."""
    from tests.viewer.browser import launched

    with launched() as browser:
        yield browser


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> "Home":
    """The demo compound, generated, imported and tiled by `twin demo`; read it, never write it."""
    from tests.homes import new_home

    home = new_home(tmp_path_factory.mktemp("demo"))
    done = home.run("demo")
    assert done.code == 0, done.document
    return home


@pytest.hookimpl(tryfirst=True)
def pytest_configure() -> None:
    """Lay temporary files into memory where it has room for a whole run (1.7 GB), for the worker and child processes too.

    Tests commit some ten thousand times, and a disk's fsync keeps a worker waiting; what they prove needs no power cut.
    """
    asyncio.run = loops.run
    settings.register_profile("house", deadline=None)  # no test asserts a time, not by hypothesis' 200 ms either
    settings.load_profile("house")
    os.environ.setdefault("TWIN_GATEWAY_PORT", "-1")  # services that are tested side by side would want one port
    if "TMPDIR" not in os.environ and _has_room(IN_MEMORY):
        os.environ["TMPDIR"] = str(IN_MEMORY)
        tempfile.tempdir = None


def _has_room(folder: Path) -> bool:
    if not (folder.is_dir() and os.access(folder, os.W_OK)):
        return False
    return min(shutil.disk_usage(folder).free, psutil.virtual_memory().available) >= ROOM_BYTES


def share_of(nodeid: str) -> str:
    """The share that a test belongs to: its file, where it is of none."""
    file = nodeid.split("::")[0]
    return next((share for start, share in SHARES.items() if file.startswith(start)), file)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In the processes of xdist the longest shares come first, in their own order; all else as it was."""
    if hasattr(config, "workerinput"):
        rank = {share: number for number, share in enumerate(LONGEST)}
        items.sort(key=lambda item: rank.get(share_of(item.nodeid), len(LONGEST)))


class ByShare(LoadScopeScheduling):
    """Hands whole files, or shares of several, to the worker processes (xdist 3.8's own `loadgroup` does nothing under pytest 9.2)."""

    def _split_scope(self, nodeid: str) -> str:
        return share_of(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByShare:
    """The scheduler of `make test`."""
    return ByShare(config, log)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List what was skipped for want of a capability, with the line that mends it."""
    reasons = (report.longrepr[2] for report in terminalreporter.stats.get("skipped", []) if isinstance(report.longrepr, tuple))
    for reason in sorted({reason.removeprefix("Skipped: ") for reason in reasons if MISSING in reason}):
        what, _, remedy = reason.partition(MISSING)
        terminalreporter.write_line(f"not run for want of {what}: {remedy}")
