"""What watches a page sees all it must see: refused and attempted requests, sockets, errors; and a missing browser is said."""

import shutil

import pytest
from playwright.sync_api import Browser

import tests.conftest
from tests.viewer.browser import launched, watched
from tests.viewer.mock_service import MockService

pytestmark = pytest.mark.browser
ELSEWHERE = "twin.invalid"
ATTEMPTS = {
    "fetch": "fetch('http://twin.invalid/fetched').catch(() => 0)",
    "picture": "new Promise((done) => { const it = new Image(); it.onerror = done; it.src = 'http://twin.invalid/picture'; })",
    "socket": "new Promise((done) => { new WebSocket('ws://twin.invalid/socket').onerror = done; })",
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_what_a_page_asks_of_another_host_is_noted_though_nobody_answers(chromium: Browser, attempt: str) -> None:
    with watched(chromium, "http://127.0.0.1:1") as seen:
        seen.page.evaluate(f"() => {ATTEMPTS[attempt]}")
        assert [ELSEWHERE in address for address in seen.foreign] == [True]
        with pytest.raises(AssertionError):
            seen.check()


@pytest.mark.parametrize("attempt", ["fetch", "picture"])
def test_what_the_content_policy_refuses_is_an_error(chromium: Browser, service: MockService, attempt: str) -> None:
    with watched(chromium, service.url) as seen:
        seen.page.goto(f"{service.url}/sites")
        seen.page.evaluate(f"() => {ATTEMPTS[attempt]}")
        assert any("Content Security Policy" in error for error in seen.errors)


def test_an_uncaught_error_is_noted(chromium: Browser) -> None:
    with watched(chromium, "http://127.0.0.1:1") as seen:
        seen.page.evaluate("() => new Promise((done) => { setTimeout(() => { setTimeout(done); throw new Error('broken'); }); })")
        assert seen.errors == ["broken"]


def test_a_missing_browser_fails_where_ci_says_so_and_skips_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    for in_ci, outcome in ((True, pytest.fail.Exception), (False, pytest.skip.Exception)):
        monkeypatch.setattr(tests.conftest, "IN_CI", in_ci)
        with pytest.raises(outcome, match="chromium"), launched():
            pass
