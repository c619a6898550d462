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
    assert (answer.headers["content-language"], answer.headers["vary"]) == (language, "Accept-Language")
    assert answer.headers["cache-control"] == "no-store"
    if asked != "?lang=fr":
        assert {name: body[name] for name in body if name != "title"} == {name: plain[name] for name in plain if name != "title"}


def test_a_host_that_is_not_ours_is_declined_in_both_languages(client: TestClient) -> None:
    body = client.get("/sites", headers={"Host": "evil.example", "Accept-Language": "zh"}).json()
    assert (body["code"], body["title"], body["words"]["zh"]) == ("HOST_UNKNOWN", "主机名不是本服务", "主机名不是本服务")
