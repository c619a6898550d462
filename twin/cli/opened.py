"""The settings and the store of one command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twin.settings import Settings
    from twin.store import Store

__all__ = ["opened"]


@contextmanager
def opened() -> Iterator[tuple[Settings, Store]]:
    """Settings from the environment and the store they name, migrated and closed again."""
    from twin.settings import Settings
    from twin.store import Store

    settings = Settings()
    settings.home.mkdir(parents=True, exist_ok=True)
    with Store.open(settings.database_url, lock_timeout_s=settings.lock_timeout_s) as store:
        store.migrate()
        yield settings, store
