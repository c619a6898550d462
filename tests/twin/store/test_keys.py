"""Keys and sessions on both databases: shown once, found by prefix, ended at once for everybody."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select

from tests.twin.store.builder import NOW
from twin.auth import granted
from twin.auth.secret import Secret, new_key
from twin.errors import Invalid, KeyTaken, KeyUnknown, LabelUnknown, SiteUnknown
from twin.store import KeyRow, Store
from twin.store.schema import access_key, session

DAY = timedelta(days=1)


def add(
    store: Store, name: str = "王工", *, days: int | None = None, role: str = "viewer", scopes: tuple[str, ...] = ()
) -> tuple[KeyRow, Secret]:
    expires_at = None if days is None else NOW + days * DAY
    return store.keys.add(name, granted("viewer", scopes), expires_at=expires_at, who="root", now=NOW)


def test_a_key_opens_what_was_granted_and_a_wrong_one_nothing(store: Store) -> None:
    row, secret = add(store, scopes=("site:PS", "label:internal"))
    found = store.keys.find_by_secret(secret, now=NOW)
    assert found is not None
    principal = found.principal
    assert (principal.name, principal.role, principal.scopes, principal.labels) == ("王工", "viewer", {"PS"}, {"internal"})
    assert (row.prefix, row.created_at, row.state(NOW)) == (secret.prefix, NOW, "live")
    for wrong in (new_key(), Secret(prefix=secret.prefix, secret=new_key().secret), Secret(prefix=new_key().prefix, secret=secret.secret)):
        assert store.keys.find_by_secret(wrong, now=NOW) is None


def test_the_store_holds_no_secret(store: Store, url: str) -> None:
    _, secret = add(store)
    row, _ = add(store, "other")
    token, _ = store.keys.open_session(row.id, now=NOW)
    engine = create_engine(url)
    with engine.connect() as connection:
        kept = repr([list(connection.execute(select(table))) for table in (access_key, session)])
    engine.dispose()
    store.close()
    files = [path.read_bytes() for path in Path(url.removeprefix("sqlite:///")).parent.glob("*")] if url.startswith("sqlite") else []
    for hidden in (secret.secret, token):
        assert hidden not in kept
        assert not any(hidden.encode() in content for content in files)


def test_a_revoked_key_is_refused_at_once_by_another_worker_with_its_sessions(store: Store, opened: Callable[..., Store]) -> None:
    row, secret = add(store)
    worker = opened()
    token, _ = worker.keys.open_session(row.id, now=NOW)
    assert worker.keys.find_by_secret(secret, now=NOW) is not None
    assert worker.keys.find_by_token(token, now=NOW) is not None
    assert store.keys.revoke("王工", now=NOW).state(NOW) == "revoked"
    assert worker.keys.find_by_secret(secret, now=NOW) is None
    assert worker.keys.find_by_token(token, now=NOW) is None
    with pytest.raises(KeyUnknown):
        store.keys.revoke("王工", now=NOW)


def test_a_key_expires_and_its_sessions_before_it(store: Store) -> None:
    row, secret = add(store, days=1)
    late = NOW + DAY - timedelta(hours=1)
    token, until = store.keys.open_session(row.id, now=late)
    assert until == NOW + DAY
    assert store.keys.find_by_secret(secret, now=late) is not None
    assert store.keys.find_by_secret(secret, now=NOW + DAY) is None
    assert store.keys.find_by_token(token, now=NOW + DAY) is None
    assert (row.state(NOW + DAY), store.keys.any_live(now=late), store.keys.any_live(now=NOW + DAY)) == ("expired", True, False)


def test_a_session_lasts_half_a_day_and_ends_when_told(store: Store) -> None:
    row, _ = add(store)
    token, until = store.keys.open_session(row.id, now=NOW)
    assert until == NOW + DAY / 2
    assert store.keys.find_by_token(token, now=until - timedelta(seconds=1)) is not None
    assert store.keys.find_by_token(token, now=until) is None
    other, _ = store.keys.open_session(row.id, now=NOW)
    store.keys.close_session(token)
    store.keys.close_session("never")
    assert store.keys.find_by_token(token, now=NOW) is None
    assert store.keys.find_by_token(other, now=NOW) is not None
    assert (store.keys.close_sessions(), store.keys.close_sessions()) == (1, 0)


def test_the_last_use_is_due_once_an_hour(store: Store) -> None:
    row, secret = add(store)

    def is_due(now: timedelta) -> bool:
        found = store.keys.find_by_secret(secret, now=NOW + now)
        assert found is not None
        return found.use_is_due

    assert is_due(timedelta())
    store.keys.note_use(row.id, now=NOW)
    assert store.keys.list()[0].last_used_at == NOW
    assert not is_due(timedelta(minutes=59))
    assert is_due(timedelta(hours=1))


def test_one_name_is_one_key_in_use_and_may_be_given_again(store: Store) -> None:
    first, _ = add(store)
    with pytest.raises(KeyTaken):
        add(store)
    store.keys.revoke("王工", now=NOW)
    second, _ = add(store)
    assert [row.id for row in store.keys.list()] == [first.id, second.id]


def test_a_scope_that_names_what_nobody_has_is_refused(store: Store) -> None:
    with pytest.raises(SiteUnknown):
        add(store, scopes=("site:nowhere",))
    with pytest.raises(LabelUnknown):
        add(store, scopes=("label:secret",))
    for name in ("", "a/b", "a\nb", " a", "x" * 66):
        with pytest.raises(Invalid):
            add(store, name)
    with pytest.raises(Invalid):
        add(store, days=0)
    assert store.keys.list() == []
