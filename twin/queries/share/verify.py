"""The receiver's check of the packages in a folder: hashes, the chain, counts that add up, and the replay of all of them."""

from __future__ import annotations

import csv
import json
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

from spatial.issue import Issue, Severity
from spatial.source import bytes_sha256
from twin.errors import NotFound
from twin.queries.share.forms import digest_of, id_of, iter_forms
from twin.queries.share.held import Held, held_file
from twin.queries.share.manifest import FORM, MANIFEST, REMOVED, file_entry

__all__ = ["Replayed", "verify"]

AT_ONCE = 5_000
SHAPE: dict[str, Any] = {
    "sequence": int,
    "kind": str,
    "previous": dict | None,
    "files": list,
    "counts": dict,
    "state": dict,
    "receiver": dict,
    "dataset": dict,
}
"""What a manifest says at least, and of which type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """The packages of a dataset, played one after another: the last sequence, how many rows are held after it, and what is wrong."""

    receiver: str
    dataset: str
    packages: int
    sequence: int
    rows: int
    sum: str
    issues: Sequence[Issue]


def verify(folder: Path) -> list[Replayed]:
    """Each dataset below a folder, from its last full package on; raises NotFound where there is no package."""
    found: dict[Path, list[Path]] = {}
    for path in sorted(folder.rglob(MANIFEST)):
        if not any(part.startswith(".") for part in path.relative_to(folder).parts):
            found.setdefault(path.parent.parent, []).append(path.parent)
    if not found:
        raise NotFound(f"there is no package below {folder}", path=str(folder), hint="name the folder of -o, or one below it")
    return [_Replay(packages).run() for packages in found.values()]


class _Replay:
    def __init__(self, packages: Sequence[Path]) -> None:
        self.packages = packages
        self.issues: list[Issue] = []

    def run(self) -> Replayed:
        read = [(path, self._read(path)) for path in self.packages]
        good = [(path, manifest) for path, manifest in read if manifest is not None]
        good.sort(key=lambda one: one[1]["sequence"])
        self._check_chain(good)
        for path, manifest in good:
            self._check_files(path, manifest)
        with tempfile.TemporaryDirectory() as folder, held_file(Path(folder) / "held.sqlite") as held:
            rows, total = self._play(good, held)
        last = good[-1][1] if good else {}
        return Replayed(
            receiver=str(last.get("receiver", {}).get("name", "")),
            dataset=str(last.get("dataset", {}).get("name", "")),
            packages=len(self.packages),
            sequence=int(last.get("sequence", 0)),
            rows=rows,
            sum=f"{total:064x}",
            issues=tuple(self.issues),
        )

    def _read(self, path: Path) -> dict[str, Any] | None:
        try:
            manifest: dict[str, Any] = json.loads((path / MANIFEST).read_text("utf-8"))
            sound = manifest["form"] == FORM and all(isinstance(manifest[name], kind) for name, kind in SHAPE.items())
            if sound and all(entry.keys() == {"name", "bytes", "sha256"} for entry in manifest["files"]):
                return manifest
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            pass
        self._note("SHARE_PACKAGE_DAMAGED", path, f"{MANIFEST} is none of {FORM}")
        return None

    def _check_chain(self, packages: Sequence[tuple[Path, dict[str, Any]]]) -> None:
        if packages and packages[0][1]["kind"] != "full":
            self._note("SHARE_CHAIN_BROKEN", packages[0][0], "the first package here is no full one: those before it are missing")
        for (before, _), (path, manifest) in pairwise(packages):
            if (manifest["previous"] or {}).get("manifest_sha256") != bytes_sha256((before / MANIFEST).read_bytes()):
                self._note("SHARE_CHAIN_BROKEN", path, f"it does not follow {before.name}: one between is missing, or one was altered")

    def _check_files(self, path: Path, manifest: dict[str, Any]) -> None:
        listed = {entry["name"]: entry for entry in manifest["files"]}
        there = {one.name for one in path.iterdir()} - {MANIFEST}
        for name in sorted(listed.keys() | there):
            if name not in there or name not in listed:
                self._note("SHARE_PACKAGE_DAMAGED", path / name, "is missing" if name not in there else "is not in the manifest")
            elif file_entry(path / name) != listed[name]:
                self._note("SHARE_PACKAGE_DAMAGED", path / name, "is not the file of the manifest: another length or hash")

    def _play(self, packages: Sequence[tuple[Path, dict[str, Any]]], held: Held) -> tuple[int, int]:
        for path, manifest in packages:
            if manifest["kind"] == "full":
                held.clear()
            before = held.count()
            try:
                rows, changed, removed = self._take(path, held, full=manifest["kind"] == "full")
            except (OSError, ValueError, sqlite3.IntegrityError, StopIteration, KeyError, TypeError) as error:
                self._note("SHARE_PACKAGE_DAMAGED", path, f"its rows cannot be read: {error}")
                continue
            total = held.count()
            counted = {"rows": rows, "added": rows - changed, "changed": changed, "removed": removed, "total": total}
            if counted != manifest["counts"] or total != before + rows - changed - removed:
                self._note("SHARE_COUNTS_WRONG", path, f"counted {counted}, the manifest says {manifest['counts']}")
            if manifest["state"] != {"rows": total, "sum": f"{held.total:064x}"}:
                self._note("SHARE_REPLAY_DIFFERS", path, "what is held after it is not what its sender says")
        return held.count(), held.total

    def _take(self, path: Path, held: Held, *, full: bool) -> tuple[int, int, int]:
        rows = changed = 0
        (file,) = [one for one in path.iterdir() if one.name.startswith("rows.")]
        for forms in iter_forms(file):
            digests = [(id_of(form), digest_of(form)) for form in forms]
            if not full:
                changed += held.drop([name for name, _ in digests])
            held.add(digests)
            rows += len(forms)
        held.index()
        removed = 0
        if (path / REMOVED).is_file():
            for ids in _iter_ids(path / REMOVED):
                removed += held.drop(ids)
        return rows, changed, removed

    def _note(self, code: str, path: Path, message: str) -> None:
        self.issues.append(Issue(code=code, path=str(path), message=message, severity=Severity.ERROR))


def _iter_ids(path: Path) -> Iterator[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows, None)
        while part := [row[0] for row in islice(rows, AT_ONCE)]:
            yield part
