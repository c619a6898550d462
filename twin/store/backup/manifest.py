"""The manifest of a backup: written last, so that a folder without one was never finished."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from spatial.issue import Issue, Severity
from spatial.source import bytes_sha256, sha256_of
from twin.errors import Refused, StoreNewer
from twin.store.values import to_json

__all__ = ["MANIFEST", "RECORDS", "BackupFile", "Manifest", "read_manifest", "verify", "write_manifest"]

MANIFEST = "manifest.json"
RECORDS = "records.sqlite"
FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupFile:
    """A file of a backup: its path within the folder, with `/`."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup holds.

    `tables` is the migration they stand at, `revision` `{"sites": {code: scene revision}, "clocks": {kind: clock}}`, `rows` the
    number of each table; `source` the database they came from; `issues` what was missing or damaged already.
    """

    tool: str
    written_at: str
    who: str
    source: str
    tables: str
    revision: Mapping[str, Mapping[str, int]]
    rows: Mapping[str, int]
    files: tuple[BackupFile, ...]
    issues: tuple[Issue, ...]

    @property
    def bytes(self) -> int:
        """The size of all files together."""
        return sum(file.bytes for file in self.files)


def write_manifest(manifest: Manifest, folder: Path) -> None:
    """Write the manifest with its own hash."""
    content = {"format": FORMAT, **asdict(manifest)}
    text = json.dumps({"content": content, "sha256": _hash(content)}, ensure_ascii=False, indent=1)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a backup.

    Refused: `BACKUP_NOT_FOUND`, `BACKUP_UNFINISHED` (no manifest: whoever wrote it was killed), `BACKUP_DAMAGED`;
    StoreNewer for a form this version does not know.
    """
    path = folder / MANIFEST
    if not folder.is_dir():
        raise Refused(f"there is no backup at {folder}", code="BACKUP_NOT_FOUND", path=str(folder), hint="name the folder of twin backup")
    if not path.is_file():
        raise Refused(
            f"{folder} has no {MANIFEST}: it is no backup, or one that was never finished",
            code="BACKUP_UNFINISHED",
            path=str(folder),
            hint="take another: twin backup DIR",
        )
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        content: dict[str, Any] = document["content"]
        whole = document["sha256"] == _hash(content)
        form = content.pop("format")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(MANIFEST, folder, "is no manifest") from error
    if whole and form > FORMAT:
        message = f"{folder} has form {form}, this version knows {FORMAT}"
        raise StoreNewer(message, path=str(folder), hint="restore with the version that wrote it")
    if not whole:
        raise _damaged(MANIFEST, folder, "does not have its own hash")
    files = tuple(BackupFile(**file) for file in content.pop("files"))
    outside = [file.path for file in files if ".." in Path(file.path).parts or Path(file.path).is_absolute()]
    if outside:
        raise _damaged(MANIFEST, folder, f"names {outside[0]}, which is outside")
    issues = tuple(Issue(**facts | {"severity": Severity(facts["severity"])}) for facts in content.pop("issues"))
    return Manifest(files=files, issues=issues, **content)


def verify(manifest: Manifest, folder: Path) -> None:
    """Compare every file with its hash; Refused (`BACKUP_DAMAGED`) names the first that differs, and how many do."""
    wrong = [(file.path, said) for file in manifest.files if (said := _find_damage(folder / file.path, file))]
    if wrong:
        path, said = wrong[0]
        raise _damaged(path, folder, said, more=len(wrong) - 1)


def _find_damage(path: Path, file: BackupFile) -> str:
    if not path.is_file():
        return "is missing"
    if path.stat().st_size != file.bytes:
        return f"has {path.stat().st_size:,} bytes, not {file.bytes:,}"
    return "" if sha256_of(path) == file.sha256 else "holds other bytes than were written"


def _damaged(path: str, folder: Path, said: str, *, more: int = 0) -> Refused:
    others = f", and {more:,} more are damaged" if more else ""
    message = f"{path} {said}{others}"
    return Refused(message, code="BACKUP_DAMAGED", path=str(folder / path), hint="restore another backup; this one has changed")


def _hash(content: Mapping[str, Any]) -> str:
    return bytes_sha256(to_json(content, canonical=True).encode())
