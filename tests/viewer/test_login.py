"""Signing in with a real browser: the key goes in once, the page opens, other pages get nothing, signing out ends it."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.viewer.browser import Visit, watched

pytestmark = pytest.mark.browser
TWIN = [sys.executable, "-c", "from twin.cli import main; main()"]


@dataclass(frozen=True)
class Served:
    """A service that asks for keys, and one of its keys."""

    url: str
    key: str


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """`twin serve` as behind a proxy, so that keys are asked for on 127.0.0.1 too."""
    environment = {
        "TWIN_HOME": str(tmp_path_factory.mktemp("login")),
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    added = subprocess.run([*TWIN, "key", "add", "王工", "--role", "viewer", "--json"], env=environment, capture_output=True, check=True)
    program = [*TWIN, "serve", "--port", "0", "--proxy-headers", "10.9.9.9", "--json"]
    with subprocess.Popen(program, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            document = json.loads("".join(iter(process.stdout.readline, "}\n")) + "}")
            yield Served(document["url"].rstrip("/"), json.loads(added.stdout)["key"])
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)


@pytest.fixture
def seen(chromium: Browser, served: Served) -> Iterator[Visit]:
    with watched(chromium, served.url) as visit:
        yield visit
        visit.forgive()  # a 401 is an error to the console
        visit.check()


def sign_in(seen: Visit, key: str) -> None:
    seen.page.get_by_label("钥匙").fill(key)
    seen.page.get_by_role("button", name="登录").click()


def test_a_person_signs_in_once_and_out_again(seen: Visit, served: Served) -> None:
    page = seen.page
    page.goto(f"{served.url}/")
    expect(page).to_have_url(f"{served.url}/login?next=%2F")
    sign_in(seen, served.key[:-1] + ("a" if served.key[-1] != "a" else "b"))
    expect(page.get_by_role("alert")).to_have_text("钥匙不对、已停用或已过期。")
    assert page.get_by_label("钥匙").input_value() == ""
    sign_in(seen, served.key)
    expect(page).to_have_url(re.compile(rf"^{re.escape(served.url)}/(\?.*)?$"))
    expect(page.locator("twin-console")).to_be_attached()
    (cookie,) = page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["secure"]) == (True, "Strict", False)
    assert page.evaluate("() => document.cookie + JSON.stringify([{...localStorage}, {...sessionStorage}])") == "[{},{}]"
    page.goto(f"{served.url}/login")
    expect(page.get_by_text("王工 · 浏览")).to_be_visible()
    page.get_by_role("button", name="退出登录").click()
    expect(page.get_by_label("钥匙")).to_be_visible()
    page.goto(f"{served.url}/sites")
    expect(page).to_have_url(re.compile("/login"))


@pytest.mark.parametrize("wanted", ["//evil.example/x", "https://evil.example/x", "javascript:alert(1)", "/\\evil.example"])
def test_a_link_leads_nowhere_else_after_signing_in(seen: Visit, served: Served, wanted: str) -> None:
    seen.page.goto(f"{served.url}/login?next={wanted}")
    sign_in(seen, served.key)
    expect(seen.page).to_have_url(re.compile(rf"^{re.escape(served.url)}/(\?.*)?$"))


def test_the_page_can_be_read_in_english_and_by_everybody(seen: Visit, served: Served) -> None:
    page = seen.page
    page.goto(f"{served.url}/login")
    expect(page.get_by_label("钥匙")).to_be_focused()
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    expect(page.get_by_text("由管理员以")).to_be_hidden()
    assert page.evaluate("() => document.documentElement.lang") == "en"
    found = Axe().run(page).response["violations"]
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
