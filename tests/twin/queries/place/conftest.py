"""An office of two storeys whose upper rooms are restricted, and a second, empty site far away."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from bim import Anchor
from spatial.feature import Kind
from tests.twin.files import SITE, Files
from tests.twin.imports.conftest import NOW
from tests.twin.served import service
from twin.auth import LabelPolicy, Principal, Role
from twin.imports.model import import_bim
from twin.queries.place.scene import Scenes, SitePlaces
from twin.settings import Settings
from twin.store import NewRevision, Store

As = Callable[..., TestClient]
EVERY = frozenset({"*"})
FAR = replace(SITE, code="far", name="别处", lon=118.0)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, files: Files) -> Settings:
    settings = Settings(home=tmp_path_factory.mktemp("places"))
    anchor = Anchor(lon=SITE.lon, lat=SITE.lat, height_m=30.0, heading_deg=25.0)
    with Store.open(settings.database_url) as store:
        store.migrate()
        for site in (SITE, FAR):
            store.add_site(site, now=NOW, policy=LabelPolicy(labels=("public", "restricted")))
        import_bim(store, settings, files.office_later, key="office", site="s", who="test", now=NOW, anchor=anchor)
        restrict(store, "2F")
    return settings


def restrict(store: Store, name: str) -> None:
    """Record the office again with the rooms of a storey restricted."""
    row = store.current_revision("s", "office")
    assert row is not None
    rows = list(store.features("s", None, model_key="office"))
    storey = next(one.feature.id for one in rows if one.feature.kind is Kind.STOREY and one.feature.name == name)
    hide = {one.feature.id for one in rows if one.feature.kind is Kind.SPACE and one.feature.storey == storey}
    features = [replace(one.feature, label="restricted") if one.feature.id in hide else one.feature for one in rows]
    facts = {
        fact: getattr(row, fact) for fact in ("file", "tool", "schema", "seconds", "similarity", "mesh_pack", "georeference", "counts")
    }
    new = NewRevision(site="s", model_key="office", kind="bim", name=row.model_name, sha256="e" * 64, who="policy", **facts)
    boxes = {one.feature.id: one.box for one in rows if one.box is not None}
    store.record_revision(new, features, boxes, store.ledger(row.id), [], now=NOW)


@pytest.fixture(scope="module")
def store(home: Settings) -> Iterator[Store]:
    with Store.open(home.database_url) as store:
        yield store


@pytest.fixture(scope="module")
def scenes(home: Settings, store: Store) -> Scenes:
    return Scenes(store, home)


@pytest.fixture(scope="module")
def office(scenes: Scenes) -> SitePlaces:
    return scenes.site("s")


@pytest.fixture(scope="module")
def asking(home: Settings, store: Store) -> As:
    """`asking(role, labels=…, scopes=…)`: a client of that principal."""
    known: dict[tuple[object, ...], TestClient] = {}

    def client(role: str = Role.ADMINISTRATOR, *, labels: frozenset[str] = EVERY, scopes: frozenset[str] = EVERY) -> TestClient:
        key = (role, labels, scopes)
        if key not in known:
            principal = Principal(name="reader", role=role, labels=labels, scopes=scopes)
            known[key] = TestClient(service(home, store, principal_of=lambda request: principal), base_url="http://127.0.0.1")
        return known[key]

    return client
