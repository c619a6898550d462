"""Keys at the door: who comes in where, what a wrong key gets, and that a key is written nowhere."""

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from fastapi import Request
from fastapi.testclient import TestClient

from tests.twin.api.conftest import HERE, Clock
from tests.twin.store.builder import NOW, SITE
from twin.api.keyring import Keyring
from twin.auth import list_roles
from twin.auth.secret import new_key
from twin.errors import StoreBusy
from twin.store import Keys, Store

Keyed = Callable[..., TestClient]
KeyOf = Callable[..., str]

OPEN = ("/login", "/login/login.js", "/login/login.css")
READS = ("/sites", "/sites/PS", "/sites/PS/tree", "/sites/PS/features/tower:b", "/sites/PS/features/tower:b/children",
         "/openapi.json", "/health", "/index.html", "/session")  # fmt: skip
OF_SITE = tuple(path for path in READS if path.startswith("/sites/PS"))
TILES = ("/tiles/PS/tileset.json", "/tiles/PS/tower/tileset.json", "/tiles/PS/tower/abc.glb")
PEOPLE = tuple(row.name for row in list_roles())
HERE_SCOPES, ELSEWHERE = ("site:PS", "unit:*", "label:*"), ("site:other", "unit:*", "label:*")
EXPECTED = {
    **{(role, path): 200 for role in PEOPLE for path in (*OPEN, *READS)},
    **{(role, path): 404 for role in PEOPLE for path in TILES},
    **{("", path): 200 for path in OPEN},
    **{("", path): 401 for path in (*READS, *TILES)},
}
"""(role, path) → status, in scope; tiles were never built. `""` has no key."""


def test_each_role_gets_what_the_table_says_and_only_on_its_site(keyed: Keyed, key_of: KeyOf, store: Store) -> None:
    store.add_site(replace(SITE, code="other"), now=NOW)
    assert {row.name for row in list_roles()} == set(PEOPLE)
    for role in ("", *PEOPLE):
        inside = keyed(key_of(role, *HERE_SCOPES) if role else "")
        outside = keyed(key_of(role, *ELSEWHERE) if role else "")
        for path in (*OPEN, *READS, *TILES):
            expected = EXPECTED[role, path]
            assert inside.get(path).status_code == expected, (role, path)
            assert inside.head(path).status_code == expected, (role, path)
            beyond = 403 if role and path in (*OF_SITE, *TILES) else expected
            assert outside.get(path).status_code == beyond, (role, path)


def test_a_label_and_a_site_of_the_key_reach_into_every_document(keyed: Keyed, key_of: KeyOf) -> None:
    narrow, wide = keyed(key_of("viewer")), keyed(key_of("viewer", "label:*"))
    assert [one.get("/sites/PS").json()["counts"]["rooms"] for one in (narrow, wide)] == [5, 6]
    assert [one.get("/sites/PS/features/tower:r9-1").status_code for one in (narrow, wide)] == [404, 200]


def test_without_a_key_the_answer_says_how_to_come_in(keyed: Keyed) -> None:
    answer = keyed().get("/sites")
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHENTICATED")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == 'Bearer realm="twin"'
    page = keyed().get("/", headers={"Accept": "text/html,*/*;q=0.8"})
    assert (page.status_code, page.headers["location"]) == (303, "/login?next=%2F")
    assert "default-src 'none'" in page.headers["content-security-policy"]


@pytest.mark.parametrize("sent", ["Bearer", "Bearer ", "Bearer x", "Basic dXNlcjpwYXNz", "", "Bearer twin_" + "a" * 10 + "_" + "b" * 43])
def test_a_wrong_key_is_refused_and_never_a_way_to_be_nobody(keyed: Keyed, sent: str) -> None:
    for path in ("/sites", "/login"):
        answer = keyed().get(path, headers={"Authorization": sent})
        assert (answer.status_code, answer.json()["code"]) == (401, "KEY_INVALID")
        assert answer.headers["www-authenticate"] == 'Bearer realm="twin", error="invalid_token"'


def test_a_key_in_the_address_opens_nothing(keyed: Keyed, key_of: KeyOf) -> None:
    key = key_of("viewer")
    for query in (f"key={key}", f"access_token={key}", f"token={key}"):
        assert keyed().get(f"/sites?{query}").status_code == 401


def test_a_revoked_or_expired_key_is_refused_at_the_next_request(keyed: Keyed, key_of: KeyOf, store: Store, clock: Clock) -> None:
    client = keyed(key_of("viewer", name="gate"))
    assert client.get("/sites").status_code == 200
    store.keys.revoke("gate", now=clock.now)
    assert client.get("/sites").json()["code"] == "KEY_INVALID"


def test_too_many_wrong_keys_wait_by_address_and_by_prefix(keyed: Keyed, key_of: KeyOf, clock: Clock) -> None:
    good = key_of("viewer")
    for _ in range(5):
        assert keyed(new_key().reveal()).get("/sites").status_code == 401
    held = keyed(good).get("/sites")
    assert (held.status_code, held.json()["code"], held.headers["retry-after"]) == (429, "KEY_FAILURES_MANY", "60")
    assert keyed().get("/login").status_code == 200
    clock.seconds = 59.5
    assert keyed(good).get("/sites").headers["retry-after"] == "1"
    clock.seconds = 60.0
    assert keyed(good).get("/sites").status_code == 200


def test_a_key_is_in_no_log_and_no_answer(
    keyed: Keyed, key_of: KeyOf, store: Store, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, wrong = key_of("viewer"), new_key().reveal()
    said = []
    with caplog.at_level(logging.DEBUG):
        client = keyed(raise_faults=False)
        client.headers["Origin"] = HERE
        for key in (good, wrong):
            said += [client.get("/sites", headers={"Authorization": f"Bearer {key}"}), client.post("/session", json={"key": key})]
        said.append(client.post("/session", json={"key": good, "more": good}))
        said.append(client.post("/session", json={"key": good * 9}))
        monkeypatch.setattr(store, "list_sites", lambda: 1 / 0)
        said.append(client.get("/sites", headers={"Authorization": f"Bearer {good}"}))
    assert [answer.status_code for answer in said] == [200, 200, 401, 401, 400, 400, 500]
    assert f"prefix {wrong[5:15]}" in caplog.text
    written = caplog.text + "".join(answer.text + str(answer.url) + str(answer.headers) for answer in said)
    for key in (good, wrong):
        assert key[16:] not in written
    assert client.cookies["twin"] not in caplog.text


def test_the_last_use_is_written_beside_the_answer_and_never_instead_of_it(
    keyed: Keyed, key_of: KeyOf, store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []
    plain = Keys.note_use

    def note(self: Keys, key_id: int, **facts: object) -> None:
        written.append(key_id)
        if len(written) == 1:
            raise StoreBusy("an import writes")
        plain(self, key_id, now=clock.now)

    monkeypatch.setattr(Keys, "note_use", note)
    client = keyed(key_of("viewer"))
    while len(written) < 2:
        assert client.get("/sites").status_code == 200
    while store.keys.list()[0].last_used_at is None:
        pass
    assert client.get("/sites").status_code == 200
    assert len(written) == 2
    clock.now += timedelta(hours=1)
    assert client.get("/sites").status_code == 200


def test_the_end_of_a_service_waits_for_no_other_writer_to_note_that_a_key_was_used(
    store: Store, key_of: KeyOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An import may hold the records for as long as the lock timeout lets it."""
    monkeypatch.setattr("twin.api.keyring.CLOSING_S", 0.1)
    began, free = threading.Event(), threading.Event()

    def note(self: Keys, key_id: int, **facts: object) -> None:
        began.set()
        free.wait()

    monkeypatch.setattr(Keys, "note_use", note)
    keyring = Keyring(store.keys)
    headers = [(b"authorization", f"Bearer {key_of('viewer')}".encode())]
    assert keyring.principal_of(Request({"type": "http", "headers": headers, "client": ("10.0.0.1", 1)})).role == "viewer"
    assert began.wait(60)
    keyring.close()
    free.set()
