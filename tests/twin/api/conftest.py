"""A service that asks for keys, over a store with a small building, and clients with and without one."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.twin.moulds import Cast
from tests.twin.queries.town import Town
from tests.twin.served import service
from tests.twin.store.builder import NOW, SITE, record, relabelled, tower
from twin.api.failures import Failures
from twin.api.keyring import Keyring
from twin.auth import LabelPolicy, Principal, Role, granted
from twin.settings import Settings
from twin.store import Store

HERE = "http://twin.example"
EVERY = frozenset({"*"})
As = Callable[..., TestClient]
IDLE = {"name": "办公桌", "class_code": "A05010201", "class_edition": "GB/T 14885-2022", "state": "idle", "unit": "U2", "value": 100}


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
    """Those of a service that asks for keys."""
    return Settings(home=tmp_path / "home", host="0.0.0.0")


@pytest.fixture
def store(settings: Settings, migrated: Path) -> Iterator[Store]:
    """Site PS with a tower of which one room is restricted."""
    settings.home.mkdir()
    shutil.copyfile(migrated, settings.home / "records.sqlite")
    with Store.open(settings.database_url) as store:
        store.add_site(SITE, now=NOW, policy=LabelPolicy(labels=("public", "internal", "restricted")))
        record(store, relabelled(tower(), {"tower:r9-1": "restricted"}))
        yield store


@pytest.fixture
def keyed(settings: Settings, store: Store, clock: Clock) -> Iterator[Callable[..., TestClient]]:
    """Clients of one service: `keyed(key)`, or without a key; `base_url=` another address of it."""
    keyring = Keyring(store.keys, failures=Failures(limit=5, window_s=60, kept=50), now=lambda: clock.now, clock_s=lambda: clock.seconds)
    app = service(settings, store, keyring=keyring)

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


@pytest.fixture
def town(cast: Cast) -> Town:
    return cast(small_town)


def small_town(store: Store, folder: Path) -> Town:
    town = Town(store, folder, assets=2)
    for code, state in (("I-1", "idle"), ("I-2", "idle"), ("L-1", "lent"), ("W-1", "in_use")):
        town.add(IDLE | {"code": code, "state": state})
    return town


@pytest.fixture
def asking(town: Town, tmp_path: Path) -> As:
    """`asking(name, role, unit…)`: a client of that person."""

    def client(name: str, role: str = Role.ASSET_MANAGER, *units: str) -> TestClient:
        principal = Principal(name=name, role=role, labels=EVERY, scopes=EVERY, units=frozenset(units) or EVERY)
        app = service(Settings(home=tmp_path / "home"), town.store, principal_of=lambda request: principal)
        app.state.registers = town.registers
        return TestClient(app, base_url="http://127.0.0.1")

    return client


@pytest.fixture
def officer(asking: As) -> TestClient:
    """May file, not decide."""
    return asking("officer", Role.SECURITY_OFFICER)


@pytest.fixture
def clerk(asking: As) -> TestClient:
    """Of unit U2 and what is below."""
    return asking("clerk", Role.UNIT_CLERK, "U2")


@pytest.fixture
def bureau(asking: As) -> TestClient:
    return asking("bureau")
