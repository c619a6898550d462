"""Sessions of browsers: a key once, then a cookie; other sites' pages change nothing."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from tests.twin.api.conftest import HERE, Clock
from tests.twin.served import service
from twin.settings import Settings
from twin.store import Store

Keyed = Callable[..., TestClient]
KeyOf = Callable[..., str]
OWN = {"Origin": HERE}
FOREIGN = ({"Origin": "http://evil.example"}, {"Origin": "null"}, {"Origin": f"{HERE}:81"}, {"Origin": f"{HERE}.evil.example"},
           {"Origin": HERE, "Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"})  # fmt: skip


@pytest.fixture
def browser(keyed: Keyed, key_of: KeyOf) -> TestClient:
    """A browser that has signed in as an asset manager of one unit."""
    client = keyed()
    answer = client.post("/session", json={"key": key_of("asset_manager", "unit:11350000", name="王工")}, headers=OWN)
    assert answer.status_code == 200
    return client


def test_a_key_becomes_a_cookie_that_scripts_and_other_sites_do_not_get(keyed: Keyed, key_of: KeyOf) -> None:
    for base_url, name, secure in ((HERE, "twin", False), ("https://twin.example", "__Host-twin", True)):
        client = keyed(base_url=base_url)
        answer = client.post("/session", json={"key": key_of("viewer")}, headers={"Origin": base_url})
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith(f"{name}=")
        parts = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert parts - {"secure"} == {"httponly", "samesite=strict", "path=/", "max-age=43200"}
        assert ("secure" in parts) is secure
        assert answer.headers["cache-control"] == "no-store"
        assert client.get("/sites").status_code == 200


def test_the_session_says_who_asks_and_what_they_may(browser: TestClient, keyed: Keyed, key_of: KeyOf) -> None:
    document = browser.get("/session").json()
    assert (document["name"], document["role_name"]["zh"], document["units"]) == ("王工", "资产管理", ["11350000"])
    assert "stocktake" in document["actions"]
    assert "manage_keys" not in document["actions"]
    assert document["ends"]
    assert not keyed(key_of("viewer")).get("/session").json()["ends"]
    assert keyed().get("/session").status_code == 401


def test_signing_out_ends_the_session_for_every_holder_of_the_cookie(browser: TestClient, keyed: Keyed) -> None:
    stolen = keyed()
    stolen.cookies.update(browser.cookies)
    assert stolen.get("/sites").status_code == 200
    answer = browser.delete("/session", headers=OWN)
    assert (answer.status_code, answer.content) == (204, b"")
    assert 'twin=""' in answer.headers["set-cookie"]
    assert [one.get("/sites").status_code for one in (stolen, browser)] == [401, 401]
    assert browser.delete("/session", headers=OWN).status_code == 204


def test_a_session_ends_with_its_key_and_after_half_a_day(browser: TestClient, store: Store, clock: Clock) -> None:
    clock.now += timedelta(hours=12)
    assert browser.get("/sites").status_code == 401
    clock.now -= timedelta(hours=1)
    assert browser.get("/sites").status_code == 200
    store.keys.revoke("王工", now=clock.now)
    assert browser.get("/sites").status_code == 401


@pytest.mark.parametrize("headers", FOREIGN)
def test_a_page_of_another_site_changes_nothing(browser: TestClient, headers: dict[str, str], key_of: KeyOf) -> None:
    refused = [browser.delete("/session", headers=headers), browser.post("/session", json={"key": key_of("viewer")}, headers=headers)]
    assert [(one.status_code, one.json()["code"]) for one in refused] == [(403, "ORIGIN_FOREIGN")] * 2
    assert "set-cookie" not in refused[1].headers
    assert browser.get("/sites", headers=headers).status_code == 200


def test_a_cookie_alone_is_no_proof_that_the_page_is_ours(browser: TestClient) -> None:
    assert browser.delete("/session").json()["code"] == "ORIGIN_FOREIGN"
    assert browser.delete("/session", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 204


def test_a_made_up_cookie_is_nobody_s_and_no_failure(keyed: Keyed, key_of: KeyOf) -> None:
    for number in range(20):
        client = keyed()
        client.cookies.set("twin", f"made up {number}")
        assert client.get("/sites").status_code == 401
    assert keyed(key_of("viewer")).get("/sites").status_code == 200


def test_a_local_service_asks_for_no_key_and_other_sites_pages_change_nothing_there(settings: Settings, store: Store) -> None:
    with TestClient(service(settings, store), base_url="http://127.0.0.1:8000") as client:
        assert client.get("/session").json()["name"] == "local"
        answer = client.post("/session", json={"key": "x"})
        assert (answer.status_code, answer.json()["code"]) == (409, "SIGN_IN_NEEDLESS")
        assert client.post("/session", json={"key": "x"}, headers={"Origin": "http://evil.example"}).json()["code"] == "ORIGIN_FOREIGN"
        assert client.delete("/session").status_code == 204
