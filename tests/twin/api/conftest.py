"""A service that asks for keys, over a store with a small building, and clients with and without one."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.twin.store.builder import NOW, SITE, record, relabelled, tower
from twin.api import create_app
from twin.api.failures import Failures
from twin.api.keyring import Keyring
from twin.auth import LabelPolicy, granted
from twin.settings import Settings
from twin.store import Store

HERE = "http://twin.example"


class Clock:
    """A time that tests move by hand, for keys and failures alike."""

    def __init__(self) -> None:
        self.now = NOW
        self.seconds = 0.0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", host="0.0.0.0")


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    """Site PS with a tower of which one room is restricted."""
    with Store.open(settings.database_url) as store:
        store.migrate()
        store.add_site(SITE, now=NOW, policy=LabelPolicy(labels=("public", "internal", "restricted")))
        record(store, relabelled(tower(), {"tower:r9-1": "restricted"}))
        yield store


@pytest.fixture
def keyed(settings: Settings, store: Store, clock: Clock) -> Iterator[Callable[..., TestClient]]:
    """Clients of one service: `keyed(key)`, or without a key; `base_url=` another address of it."""
    keyring = Keyring(store.keys, failures=Failures(limit=5, window_s=60, kept=50), now=lambda: clock.now, clock_s=lambda: clock.seconds)
    app = create_app(settings, store, keyring=keyring)

    def client(key: str = "", *, base_url: str = HERE, raise_faults: bool = True) -> TestClient:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return TestClient(app, base_url=base_url, headers=headers, follow_redirects=False, raise_server_exceptions=raise_faults)

    yield client
    keyring.close()


@pytest.fixture
def key_of(store: Store) -> Callable[..., str]:
    """`key_of(role, *scopes, name=…)`: a new key, in full."""

    def make(role: str, *scopes: str, name: str = "") -> str:
        return store.keys.add(name or f"{role} {len(store.keys.list())}", granted(role, scopes), expires_at=None, who="test", now=NOW)[
            1
        ].reveal()

    return make
