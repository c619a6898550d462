"""What a service needs first, made ready after an import rather than by the service that starts after it."""

from __future__ import annotations

from twin.records.column_file import are_kept, build_behind
from twin.records.shelf import has_many
from twin.settings import Settings
from twin.store import Store

__all__ = ["make_ready"]


def make_ready(store: Store, settings: Settings) -> bool:
    """Begin to keep the columns of assets in a process behind this one, where there are many and bulk changes have overtaken those
    that are kept; whether it was begun."""
    folder = settings.home / "columns"
    with store.database.reading() as connection:
        if not has_many(connection) or are_kept(connection, folder):
            return False
    build_behind(store.database, folder)
    return True
