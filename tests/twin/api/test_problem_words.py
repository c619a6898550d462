"""A problem says for people what was declined and what to do, in both languages; what programs read stays as it was."""

from collections.abc import Iterator
from http import HTTPStatus

import pytest
from fastapi.testclient import TestClient

from tests.twin.files import SITE
from tests.twin.imports.conftest import NOW
from twin.api import create_app
from twin.api.documents import Problem
from twin.codes import problem_words
from twin.settings import Settings
from twin.store import Store

HERE = "http://127.0.0.1"
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
DECLINED = [
    ("GET", "/sites/nowhere", 404, "SITE_UNKNOWN", ""),
    ("GET", "/nothing", 404, "NOT_FOUND", ""),
    ("GET", "/sites/s/features/x/children?limit=0", 400, "PARAMETER_INVALID", "limit"),
    ("GET", "/sites?dragon=1", 400, "PARAMETER_INVALID", "dragon"),
    ("POST", "/session", 400, "PARAMETER_INVALID", "key"),
    ("DELETE", "/sites/s", 405, "METHOD_NOT_ALLOWED", ""),
]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    settings = Settings(home=tmp_path_factory.mktemp("words"))
    with Store.open(settings.database_url) as store:
        store.migrate()
        store.add_site(SITE, now=NOW)
        yield TestClient(create_app(settings, store), base_url=HERE)


@pytest.mark.parametrize(("method", "path", "status", "code", "named"), DECLINED)
def test_what_is_declined_is_said_in_both_languages(client: TestClient, method: str, path: str, status: int, code: str, named: str) -> None:
    answer = client.request(method, path, json={} if method == "POST" else None)
    body = answer.json()
    said = problem_words(status, code, named)
    assert (answer.status_code, body["code"], body["words"], body["advice"]) == (status, code, said.words, said.advice)
    Problem.model_validate(body)


@pytest.mark.parametrize(
    ("asked", "accepts", "language"),
    [
        ("", None, "en"),
        ("", "*", "en"),
        ("", "fr", "en"),
        ("", "en-US,en;q=0.9,zh;q=0.8", "en"),
        ("", "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("?lang=zh", "en", "zh"),
        ("?lang=en", "zh", "en"),
        ("?lang=fr", "zh", "zh"),
    ],
)
def test_the_title_is_in_the_language_asked_for_and_english_for_who_does_not_say(
    client: TestClient, asked: str, accepts: str | None, language: str
) -> None:
    address = f"/collections/dragons{asked}"
    plain = client.get("/collections/dragons").json()
    answer = client.get(address, headers={} if accepts is None else {"Accept-Language": accepts})
    body = answer.json()
    phrase = HTTPStatus(body["status"]).phrase
    assert body["title"] == (phrase if language == "en" else problem_words(body["status"], body["code"]).phrase["zh"])
    assert (answer.headers["content-language"], answer.headers["vary"]) == (language, "Accept, Accept-Language")
    assert answer.headers["cache-control"] == "no-store"
    if asked != "?lang=fr":
        assert {name: body[name] for name in body if name != "title"} == {name: plain[name] for name in plain if name != "title"}


def test_a_host_that_is_not_ours_is_declined_in_both_languages(client: TestClient) -> None:
    body = client.get("/sites", headers={"Host": "evil.example", "Accept-Language": "zh"}).json()
    assert (body["code"], body["title"], body["words"]["zh"]) == ("HOST_UNKNOWN", "主机名不是本服务", "主机名不是本服务")


@pytest.mark.parametrize(
    ("asked", "accepts", "language", "said"),
    [
        ("", None, "zh-CN", "没有这个大院"),
        ("", "zh-CN,zh;q=0.9,en;q=0.8", "zh-CN", "没有这个大院"),
        ("", "en-GB", "en", "No such site"),
        ("?lang=en", "zh", "en", "An invalid parameter: lang"),
    ],
)
def test_a_browser_that_goes_there_sees_a_page(client: TestClient, asked: str, accepts: str | None, language: str, said: str) -> None:
    headers = BROWSER | ({} if accepts is None else {"Accept-Language": accepts}) | {"If-None-Match": "*"}
    answer = client.get(f"/sites/%3Cb%3Enowhere{asked}", headers=headers)
    assert answer.status_code == (400 if asked else 404)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert (answer.headers["content-language"], answer.headers["cache-control"]) == (language, "no-store")
    assert {"Accept", "Accept-Language"} <= {one.strip() for one in answer.headers["vary"].split(",")}
    assert "style-src 'sha256-" in answer.headers["content-security-policy"]
    assert f"<h1>{said}</h1>" in answer.text and "<b>" not in answer.text
    if not asked:
        assert "404 SITE_UNKNOWN: " in answer.text and "&lt;b&gt;nowhere" in answer.text


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/json, text/html;q=0.9", "image/png,*/*;q=0.8"])
def test_who_does_not_ask_for_a_page_first_gets_the_document(client: TestClient, accept: str) -> None:
    answer = client.get("/sites/nowhere", headers={"Accept": accept})
    assert answer.headers["content-type"] == "application/problem+json"
    assert client.post("/session", json={}, headers=BROWSER).headers["content-type"] == "application/problem+json"
