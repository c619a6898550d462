"""A real browser for tests: Debian's Chromium on software GL, and a record of what a page complained about or asked of other hosts.

The session's one browser is the fixture `chromium` of `tests/conftest.py`.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, WebSocket, expect, sync_playwright

from tests.conftest import require

__all__ = ["FLAGS", "GRAVE", "VIEW", "WIDE", "Visit", "grave", "launched", "visit", "wait_until", "watched"]

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
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
VIEW = {"width": 640, "height": 360}
WIDE = {"width": 1180, "height": 700}
GRAVE = {"serious", "critical"}
"""Of what axe finds inaccessible, that which a test may not leave."""
PATIENCE_MS = 60_000
LOCAL_SCHEMES = {"blob", "data"}
SOCKETS = {"ws": "http", "wss": "https"}
"""A socket to where the page came from is of the same origin, as browsers and the content policy count it."""
expect.set_options(timeout=PATIENCE_MS)


@dataclass(slots=True)
class Visit:
    """A page and what it did wrong: errors on the console (the content policy's among them), uncaught errors, foreign requests."""

    page: Page
    origin: str
    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def note_console(self, message: ConsoleMessage) -> None:
        """Keep what the console calls an error."""
        if message.type == "error":
            self.errors.append(f"{message.text} ({message.location.get('url', '')})")

    def note_request(self, asked: Request | WebSocket) -> None:
        """Keep what goes, or tried to go, to another host."""
        parts = urlsplit(asked.url)
        scheme = SOCKETS.get(parts.scheme, parts.scheme)
        if scheme not in LOCAL_SCHEMES and f"{scheme}://{parts.netloc}" != self.origin:
            self.foreign.append(asked.url)

    def settle(self, timeout_ms: float = PATIENCE_MS) -> None:
        """Wait until the camera's tiles are loaded and drawn."""
        wait_until(self.page, "window.twin.tilesLoaded()", timeout_ms)

    def forgive(self) -> None:
        """Forget the errors so far: a test provoked them. What was asked of other hosts is never forgotten."""
        self.errors.clear()

    def check(self) -> None:
        """Fail where anything went wrong since the visit began."""
        assert self.errors == []
        assert self.foreign == []


@contextmanager
def launched() -> Iterator[Browser]:
    """Chromium without a network beyond this machine; skips (fails in CI) where it is not installed."""
    executable = shutil.which("chromium")
    require(executable is not None, "chromium", "apt-get install -y --no-install-recommends chromium fonts-wqy-microhei")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def watched(browser: Browser, origin: str, *, width: int = VIEW["width"], height: int = VIEW["height"]) -> Iterator[Visit]:
    """An empty page in a fresh context (no storage), watched from its first request on."""
    context = browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN")
    context.set_default_timeout(PATIENCE_MS)
    try:
        seen = Visit(context.new_page(), origin)
        seen.page.on("console", lambda message: seen.note_console(message))
        seen.page.on("pageerror", lambda error: seen.errors.append(str(error)))
        seen.page.on("websocket", lambda socket: seen.note_request(socket))
        context.on("request", lambda request: seen.note_request(request))
        yield seen
    finally:
        context.close()


@contextmanager
def visit(browser: Browser, url: str, *, width: int = VIEW["width"], height: int = VIEW["height"]) -> Iterator[Visit]:
    """Open the console at an address and wait until it has left its loading phase."""
    parts = urlsplit(url)
    with watched(browser, f"{parts.scheme}://{parts.netloc}", width=width, height=height) as seen:
        seen.page.goto(url)
        wait_until(seen.page, "window.twin !== undefined && window.twin.phase() !== 'loading'")
        yield seen


def grave(page: Page) -> list[str]:
    """What of a page is gravely inaccessible: the rule, and the first element that breaks it."""
    return [f"{found['id']}: {found['nodes'][0]['html']}" for found in Axe().run(page).response["violations"] if found["impact"] in GRAVE]


def wait_until(page: Page, condition: str, timeout_ms: float = PATIENCE_MS) -> None:
    """Wait for a JavaScript expression to hold; passed as a function, since the content policy refuses evaluated strings."""
    page.wait_for_function(f"() => {condition}", timeout=timeout_ms, polling=200)
