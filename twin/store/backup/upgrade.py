"""Bring the tables of a home to this version, with a backup of it first."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from twin.settings import Settings
from twin.store.backup.snapshot import is_empty
from twin.store.backup.write import back_up
from twin.store.migrate import HEAD, find_tables, is_current, missing_steps
from twin.store.store import Store

__all__ = ["Upgrade", "upgrade"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    """What an upgrade does or did: from tables (None: there were none) to tables, the steps, and the backup taken first."""

    stands: str | None
    becomes: str
    steps: tuple[tuple[str, str], ...]
    backup: Path | None
    done: bool


def upgrade(settings: Settings, *, dry_run: bool, tool: str, who: str, now: datetime) -> Upgrade:
    """Take a backup and run the migrations that are missing, in one transaction; with `dry_run` only say which.

    Raises StoreNewer for a home that a newer version wrote: it is left alone.
    """
    with Store.open(settings.database_url, lock_timeout_s=settings.lock_timeout_s) as store:
        with store.database.reading() as connection:
            current = is_current(connection)
            stands = find_tables(connection)
            empty = is_empty(connection)
        steps = () if current else tuple(missing_steps(stands))
        if current or dry_run:
            return Upgrade(stands=stands, becomes=HEAD, steps=steps, backup=None, done=False)
        backup = None
        if not empty:
            backup = settings.backups_dir / f"before-upgrade-{stands}-{now:%Y%m%dT%H%M%S}"
            back_up(store, settings, backup, tool=tool, who=who, now=now)
        store.migrate()
    return Upgrade(stands=stands, becomes=HEAD, steps=steps, backup=backup, done=True)
