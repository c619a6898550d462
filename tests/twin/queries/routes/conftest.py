"""The demo compound as all tests share it, real models imported once a session, and a small office on each database."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.homes import Home
from tests.twin.files import Files
from tests.twin.queries.conftest import ANCHOR, NOW, RealStore
from twin.demo.generate import SITE
from twin.imports.model import import_bim
from twin.queries.routes import Network, open_network
from twin.settings import Settings
from twin.store import Store


@pytest.fixture(scope="session")
def compound(demo_home: Home) -> Network:
    """The demo compound as `twin demo` built it for all tests of its share."""
    settings = Settings(home=demo_home.folder, meshes_dir=demo_home.meshes)
    with Store.open(settings.database_url) as store:
        return open_network(store, settings, SITE.code, None)


@pytest.fixture(scope="session")
def real(real_store: RealStore) -> Callable[[str], Network]:
    """The network of a real model by its stem, in a site of its own; made at its first use."""

    @cache
    def find(stem: str) -> Network:
        store, settings = real_store(stem)
        return open_network(store, settings, SITE.code, None)

    return find


@pytest.fixture
def imported(empty_url: str, files: Files, tmp_path: Path) -> Iterator[tuple[Store, Settings]]:
    """A small office of two storeys in a store on each database."""
    settings = Settings(home=tmp_path, database_url=empty_url)
    with Store.open(empty_url) as store:
        store.migrate()
        store.add_site(SITE, now=NOW)
        import_bim(store, settings, files.office_later, site=SITE.code, who="test", now=NOW, anchor=ANCHOR)
        yield store, settings
