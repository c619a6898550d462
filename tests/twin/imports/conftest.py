"""Homes for imports: a store with the site of the files, in a folder of its own."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.twin.files import SITE
from twin.imports.city import import_city
from twin.imports.imported import Imported
from twin.imports.model import import_bim
from twin.imports.plan import import_plan
from twin.settings import Settings
from twin.store import Store

NOW = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)


@dataclass
class Home:
    """A home, and imports into its one site."""

    settings: Settings
    store: Store
    site: str = field(default=SITE.code)

    def city(self, path: Path, **options: Any) -> Imported:
        """Import a city file."""
        return import_city(self.store, self.settings, path, site=self.site, who="test", now=NOW, **options)

    def plan(self, path: Path, **options: Any) -> Imported:
        """Import a DXF plan."""
        return import_plan(self.store, self.settings, path, site=self.site, who="test", now=NOW, **options)

    def bim(self, path: Path, **options: Any) -> Imported:
        """Import a model."""
        return import_bim(self.store, self.settings, path, site=self.site, who="test", now=NOW, **options)


@pytest.fixture
def new_home(tmp_path: Path, migrated: Path) -> Iterator[Callable[[str], Home]]:
    """Makes homes by name."""
    stores: list[Store] = []

    def make(name: str) -> Home:
        settings = Settings(home=tmp_path / name)
        settings.home.mkdir()
        shutil.copyfile(migrated, settings.home / "records.sqlite")
        stores.append(Store.open(settings.database_url))
        stores[-1].add_site(SITE, now=NOW)
        return Home(settings, stores[-1])

    yield make
    for store in stores:
        store.close()


@pytest.fixture
def home(new_home: Callable[[str], Home]) -> Home:
    """One home."""
    return new_home("home")
