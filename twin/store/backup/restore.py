"""Bring a backup into a home: verified first, files before records, the records in one step at the end."""

import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from twin.errors import Refused
from twin.settings import Settings
from twin.store.backup.files import derived_folders, folders_of, keep
from twin.store.backup.live import HISTORY, place_history, unused_history
from twin.store.backup.manifest import RECORDS, Manifest, read_manifest, verify
from twin.store.backup.snapshot import is_empty, load
from twin.store.backup.write import back_up
from twin.store.facts import renew_changes_key
from twin.store.keys import KeyRow
from twin.store.staging import staging
from twin.store.store import Store

__all__ = ["Restored", "restore"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What was brought in; `kept` is the backup taken of what was there before, `live_keys` open the service now."""

    manifest: Manifest
    kept: Path | None
    live_keys: tuple[KeyRow, ...]


def restore(settings: Settings, folder: Path, *, replace: bool, tool: str, who: str, now: datetime) -> Restored:
    """Make the home that of the backup, on the database that the settings name, brought up to this version's tables.

    Every file is compared with its hash before anything is touched. A home that holds something is refused
    (`HOME_NOT_EMPTY`) unless `replace`: then a backup of it is taken first, and tiles and other derived files are removed.
    All sessions are ended. Raises as `read_manifest`, `verify`; StoreNewer; StoreBusy where a writer does not end.
    """
    manifest = read_manifest(folder)
    verify(manifest, folder)
    settings.home.mkdir(parents=True, exist_ok=True)
    with (
        staging(settings.home, prefix=".restore-") as incoming,
        Store.open(settings.database_url, lock_timeout_s=settings.lock_timeout_s) as store,
    ):
        records = _brought_up_to_date(folder / RECORDS, incoming)
        store.migrate()
        kept = _set_aside(store, settings, replace=replace, tool=tool, who=who, now=now)
        _place_history(settings, manifest, folder, now)
        homes = folders_of(settings)
        for file in manifest.files:
            top, _, inside = file.path.partition("/")
            if top in homes:
                keep(folder / file.path, homes[top] / inside)
        for derived in derived_folders(settings):
            shutil.rmtree(derived, ignore_errors=True)
        load(records, store.database)
        live = tuple(row for row in store.keys.list() if row.state(now) == "live")
    return Restored(manifest=manifest, kept=kept, live_keys=live)


def _place_history(settings: Settings, manifest: Manifest, folder: Path, now: datetime) -> None:
    """The history of the backup in place of the home's, which is put beside the backups, not removed. Raises StoreBusy while a hub runs."""
    names = [file.path for file in manifest.files if file.path.startswith(f"{HISTORY}/")]
    if not names and not (settings.home / HISTORY).is_dir():
        return
    with unused_history(settings.home):
        settings.backups_dir.mkdir(parents=True, exist_ok=True)
        (settings.home / HISTORY).rename(settings.backups_dir / f"history-before-restore-{now:%Y%m%dT%H%M%S%f}")
        for name in names:
            place_history(folder / name, settings.home / name)


def _brought_up_to_date(records: Path, incoming: Path) -> Path:
    """A copy of the records at this version's tables, without sessions, and with tokens of changes of its own."""
    copy = Path(shutil.copyfile(records, incoming / RECORDS))
    with Store.open(f"sqlite:///{copy}") as store:
        store.migrate()
        store.keys.close_sessions()
        with store.database.writing() as connection:
            renew_changes_key(connection)
    return copy


def _set_aside(store: Store, settings: Settings, *, replace: bool, tool: str, who: str, now: datetime) -> Path | None:
    """The backup of what the home holds, None where it holds nothing."""
    with store.database.reading() as connection:
        if is_empty(connection):
            return None
    if not replace:
        raise Refused(
            f"{settings.home} holds records",
            code="HOME_NOT_EMPTY",
            path=str(settings.home),
            hint="name another TWIN_HOME, or --replace: a backup of it is taken first",
        )
    kept = settings.backups_dir / f"before-restore-{now:%Y%m%dT%H%M%S}"
    back_up(store, settings, kept, tool=tool, who=who, now=now)
    return kept
