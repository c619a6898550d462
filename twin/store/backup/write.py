"""Write a backup: the records first, then the files they refer to, the manifest last, the name in the last step of all."""

import sqlite3
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from spatial.issue import Issue, Severity
from spatial.source import sha256_of
from twin.errors import Refused
from twin.settings import Settings
from twin.store.backup.files import iter_kept, keep, sync_folder
from twin.store.backup.live import copy_history
from twin.store.backup.manifest import RECORDS, BackupFile, Manifest, write_manifest
from twin.store.backup.snapshot import VERSION_TABLE, is_empty, opened_file, tables_of, write_snapshot
from twin.store.staging import staging
from twin.store.store import Store
from twin.store.values import from_json

__all__ = ["back_up"]

Progress = Callable[[int, int], None]


def back_up(
    store: Store, settings: Settings, folder: Path, *, tool: str, who: str, now: datetime, progress: Progress | None = None
) -> Manifest:
    """Write the state of the last commit, and all files it refers to, to a new folder; readers and writers go on meanwhile.

    Until it is complete it is called `.{name}.unfinished-…` beside the folder; one that a killed process left is removed by the
    next. A file is kept before the row that names it is committed, so what the records refer to is there when they are
    read first. `progress` takes (files done, files). Refused: `BACKUP_FOLDER_TAKEN`,
    `NOTHING_TO_BACK_UP`.
    """
    folder = folder.absolute()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Refused(f"{folder} holds something already", code="BACKUP_FOLDER_TAKEN", path=str(folder), hint="name a new folder")
    with store.database.reading() as connection:
        if is_empty(connection):
            raise Refused("there are no records to back up", code="NOTHING_TO_BACK_UP", path=str(settings.home), hint="check TWIN_HOME")
    with staging(folder.parent, prefix=f".{folder.name}.unfinished-") as incoming:
        write_snapshot(store.database, incoming / RECORDS)
        with opened_file(incoming / RECORDS) as records:
            packs, originals = _referred(records)
            files, issues = _gather(settings, incoming, packs, originals, progress)
            manifest = Manifest(
                tool=tool,
                written_at=now.isoformat(),
                who=who,
                source="sqlite" if store.database.is_sqlite else "postgresql",
                tables=str(records.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone()[0]),
                revision=_revision(records),
                rows={name: int(records.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]) for name in tables_of(records)},
                files=(_described(incoming, RECORDS), *files),
                issues=issues,
            )
        write_manifest(manifest, incoming)
        sync_folder(incoming)
        incoming.replace(folder)
    return manifest


def _referred(records: sqlite3.Connection) -> tuple[frozenset[str], dict[str, str]]:
    """Names of mesh packs, and hash → file name of every original and file of evidence that the records refer to."""
    present = set(tables_of(records))
    packs = records.execute("SELECT mesh_pack FROM revision WHERE mesh_pack IS NOT NULL")
    of_files = "SELECT sha256, file FROM revision JOIN model ON model.id = revision.model_id WHERE model.kind <> 'device'"
    originals = dict(records.execute(of_files))
    if "register_revision" in present:
        originals |= dict(records.execute("SELECT sha256, file FROM register_revision"))
    if "request" in present:
        for (payload,) in records.execute("SELECT payload FROM request WHERE payload LIKE '%\"files\"%'"):
            originals |= {one["sha256"]: one["name"] for one in from_json(payload).get("files", [])}
    return frozenset(name for (name,) in packs), originals


def _gather(
    settings: Settings, incoming: Path, packs: frozenset[str], originals: dict[str, str], progress: Progress | None
) -> tuple[list[BackupFile], tuple[Issue, ...]]:
    kept = list(iter_kept(settings, packs))
    files: list[BackupFile] = []
    issues: list[Issue] = []
    for number, (name, source) in enumerate(kept, 1):
        keep(source, incoming / name)
        files.append(_described(incoming, name))
        said = Path(name).name.split(".")[0]
        if name.startswith("models/") and len(said) == 64 and said != files[-1].sha256:
            issues.append(_issue("ORIGINAL_DAMAGED", name, "the kept original no longer has the hash in its name"))
        if progress is not None:
            progress(number, len(kept))
    present = {Path(file.path).name for file in files}
    files += [_described(incoming, name) for name in copy_history(settings.home, incoming)]
    hashes = {name.split(".")[0] for name in present}
    lost = [(sha256, file) for sha256, file in originals.items() if sha256 not in hashes]
    issues += [_issue("ORIGINAL_LOST", file, f"the original {sha256} is not there") for sha256, file in lost]
    issues += [_issue("MESHES_LOST", pack, "the mesh pack is not there") for pack in sorted(packs - present)]
    return files, tuple(issues)


def _described(folder: Path, name: str) -> BackupFile:
    path = folder / name
    return BackupFile(path=name, bytes=path.stat().st_size, sha256=sha256_of(path))


def _revision(records: sqlite3.Connection) -> dict[str, dict[str, int]]:
    clocks = dict(records.execute("SELECT kind, now FROM clock ORDER BY kind")) if "clock" in tables_of(records) else {}
    return {"sites": dict(records.execute("SELECT code, scene_revision FROM site ORDER BY code")), "clocks": clocks}


def _issue(code: str, path: str, message: str) -> Issue:
    return Issue(code=code, path=path, message=message, severity=Severity.ERROR)
