"""The town, on SQLite and PostgreSQL, and real models imported once a session."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from bim import Anchor
from tests.twin.moulds import Cast
from tests.twin.queries.town import Town
from twin.demo.generate import SITE
from twin.imports.model import import_bim
from twin.settings import Settings
from twin.store import Store

NOW = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
ANCHOR = Anchor(lon=119.2946, lat=26.0896, height_m=30.0, heading_deg=0.0)
RealStore = Callable[[str], tuple[Store, Settings]]


@pytest.fixture
def town(cast: Cast) -> Town:
    """Units, rooms and sixty assets."""
    return cast(Town)


@pytest.fixture(scope="session")
def real_store(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealStore]:
    """A store with a real model by its stem, in a site of its own; imported at its first use."""
    with ExitStack() as stack:

        @cache
        def find(stem: str) -> tuple[Store, Settings]:
            settings = Settings(home=tmp_path_factory.mktemp(stem.lower()))
            store = stack.enter_context(Store.open(settings.database_url))
            store.migrate()
            store.add_site(SITE, now=NOW)
            import_bim(store, settings, data_dir / "ifc" / f"{stem}.ifc", site=SITE.code, who="test", now=NOW, anchor=ANCHOR)
            return store, settings

        yield find
