"""A real browser for tests: one Chromium a session, and a record of what a page complained about or asked of other hosts.

`tests/viewer/conftest.py` makes the fixtures `chromium` (session) and `open_page` of it; the end-to-end tests import them.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

from tests.conftest import require

__all__ = ["FLAGS", "VIEW", "Visit", "launched", "visit", "wait_until"]

FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
]
VIEW = {"width": 640, "height": 360}
PATIENCE_MS = 60_000
LOCAL_SCHEMES = {"blob", "data"}


@dataclass(slots=True)
class Visit:
    """A page and what it did wrong: console errors and warnings of the content policy, uncaught errors, foreign requests."""

    page: Page
    origin: str
    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def note_console(self, message: ConsoleMessage) -> None:
        """Keep what the console calls an error."""
        if message.type == "error":
            self.errors.append(f"{message.text} ({message.location.get('url', '')})")

    def note_request(self, request: Request) -> None:
        """Keep what goes to another host."""
        parts = urlsplit(request.url)
        if parts.scheme not in LOCAL_SCHEMES and f"{parts.scheme}://{parts.netloc}" != self.origin:
            self.foreign.append(request.url)

    def settle(self, timeout_ms: float = PATIENCE_MS) -> None:
        """Wait until the camera's tiles are loaded and drawn."""
        wait_until(self.page, "window.twin.tilesLoaded()", timeout_ms)


@contextmanager
def launched() -> Iterator[Browser]:
    """Debian's Chromium on software GL; skips (fails in CI) where it is not installed."""
    executable = shutil.which("chromium")
    require(executable is not None, "chromium", "apt-get install -y --no-install-recommends chromium fonts-wqy-microhei")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visit(browser: Browser, url: str, *, width: int = VIEW["width"], height: int = VIEW["height"]) -> Iterator[Visit]:
    """Open an address in a fresh context (no storage) and wait until the page has left its loading phase."""
    parts = urlsplit(url)
    context = browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN")
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    seen = Visit(page, f"{parts.scheme}://{parts.netloc}")
    page.on("console", lambda message: seen.note_console(message))
    page.on("pageerror", lambda error: seen.errors.append(str(error)))
    page.on("request", lambda request: seen.note_request(request))
    try:
        page.goto(url)
        wait_until(page, "window.twin !== undefined && window.twin.phase() !== 'loading'")
        yield seen
    finally:
        context.close()


def wait_until(page: Page, condition: str, timeout_ms: float = PATIENCE_MS) -> None:
    """Wait for a JavaScript expression to hold; passed as a function, since the content policy refuses evaluated strings."""
    page.wait_for_function(f"() => {condition}", timeout=timeout_ms, polling=200)
