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
missing_capabilities: dict[str, str] = {}


def require(present: bool, what: str, remedy: str) -> None:
    """Go on where a capability is present; else fail in CI and skip elsewhere, remembered for the closing lines."""
    if present:
        return
    if IN_CI:
        pytest.fail(f"{what} is missing, and CI=true: {remedy}")
    missing_capabilities[what] = remedy
    pytest.skip(f"{what} is missing: {remedy}")


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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List what was skipped for want of a capability, with the line that mends it."""
    for what, remedy in sorted(missing_capabilities.items()):
        terminalreporter.write_line(f"not run for want of {what}: {remedy}")
