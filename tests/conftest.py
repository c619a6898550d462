"""Fixtures that every package's tests share."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
IN_CI = os.environ.get("CI") == "true"
MISSING = " is missing: "
SHARED_BY = (("page", {"demo_home", "demo_served", "chromium"}), ("bim", {"model_of", "mesh_cache"}))
"""Costly things made once a session, and the name of the worker process's share of tests that use them."""


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
def chromium() -> Iterator["Browser"]:
    """The one browser of a session, started by the first test that looks at a page."""
    from tests.viewer.browser import launched

    with launched() as browser:
        yield browser


def pytest_itemcollected(item: pytest.Item) -> None:
    """Two worker processes share the suite by files; what uses one costly thing stays in one of them (xdist's `loadgroup`)."""
    used = set(getattr(item, "fixturenames", ()))
    group = next((name for name, fixtures in SHARED_BY if fixtures & used), item.nodeid.split("::")[0])
    item.add_marker(pytest.mark.xdist_group(group))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List what was skipped for want of a capability, with the line that mends it."""
    reasons = (report.longrepr[2] for report in terminalreporter.stats.get("skipped", []) if isinstance(report.longrepr, tuple))
    for reason in sorted({reason.removeprefix("Skipped: ") for reason in reasons if MISSING in reason}):
        what, _, remedy = reason.partition(MISSING)
        terminalreporter.write_line(f"not run for want of {what}: {remedy}")
