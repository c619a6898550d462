"""The history of a home in a backup, taken while its hub goes on: what a crash at that moment would have left, and no less.

The order makes it whole: segments of the journal, so that none goes meanwhile; what was made of it (checkpoint, events, days with the
files that their manifests name); names; then what the journal has got since. Whatever is in the copy is in its journal too, or in a file
that says so, and is made again or counted once when a hub opens it.
"""

import fcntl
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from twin.errors import StoreBusy

__all__ = ["HISTORY", "copy_history", "place_history", "unused_history"]

HISTORY = "history"
DATABASES = ("events.sqlite", "things.sqlite")
WHOLE = ("terminal.key", "state/checkpoint")
SHELVES = ("positions", "readings")
THROUGH, MANIFEST = "through.json", "manifest.json"
TRIES = 20
PRIVATE = 0o600


def copy_history(home: Path, target: Path) -> list[str]:
    """Copy the history of a home below `target`; the paths of the copies, with `history/` before them. Nothing is linked: files grow.
    Raises StoreBusy where the files of a day go faster than they are read."""
    source, copy = home / HISTORY, target / HISTORY
    if not source.is_dir():
        return []
    _journal(source, copy)
    for name in WHOLE:
        _copy(source / name, copy / name)
    for name in DATABASES:
        _database(source / name, copy / name)
    for shelf in SHELVES:
        _copy(source / shelf / THROUGH, copy / shelf / THROUGH)
        for day in sorted(path for path in (source / shelf).glob("*") if path.is_dir()):
            _day(day, copy / shelf / day.name)
    for path in sorted((source / "raw").glob("*.parquet")):
        _copy(path, copy / "raw" / path.name)
    for path in sorted(source.glob("*.names")):
        _copy(path, copy / path.name, whole_lines=True)
    _journal(source, copy)
    return [f"{HISTORY}/{path.relative_to(copy).as_posix()}" for path in sorted(copy.rglob("*")) if path.is_file()]


def place_history(source: Path, target: Path) -> None:
    """One file of a backup's history in its place: a copy, which may grow, for this user alone."""
    _copy(source, target)


@contextmanager
def unused_history(home: Path) -> Iterator[None]:
    """While inside no hub writes the history of a home. Raises StoreBusy where one does."""
    folder = home / HISTORY
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(home / f".{HISTORY}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
    hub = os.open(folder / "hub.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
    try:
        for one in (lock, hub):
            fcntl.flock(one, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise StoreBusy(f"a hub writes the history in {home}", path=str(folder), hint="stop the service first") from error
    finally:
        os.close(lock)
        os.close(hub)
        (home / f".{HISTORY}.lock").unlink(missing_ok=True)


def _journal(source: Path, copy: Path) -> None:
    """Segments that are not there yet, and those that grew."""
    for path in sorted((source / "journal").glob("*.log")):
        there = copy / "journal" / path.name
        with suppress(FileNotFoundError):
            if not there.exists() or there.stat().st_size != path.stat().st_size:
                _copy(path, there)


def _day(source: Path, copy: Path) -> None:
    """A day's manifest with the files it names; again where files went meanwhile, because it names others then."""
    for _ in range(TRIES):
        try:
            text = (source / MANIFEST).read_text(encoding="utf-8")
            for name in _files(json.loads(text)):
                if not (copy / name).exists():
                    _copy(source / name, copy / name, must=True)
        except FileNotFoundError:
            continue
        copy.mkdir(parents=True, exist_ok=True)
        (copy / MANIFEST).write_text(text, encoding="utf-8")
        (copy / MANIFEST).chmod(PRIVATE)
        return
    if source.is_dir() and (source / MANIFEST).is_file():
        raise StoreBusy(f"files of {source.name} went {TRIES} times while they were read", path=str(source), hint="take the backup again")


def _files(value: Any) -> Iterator[str]:
    """Every file that a manifest names."""
    if isinstance(value, dict):
        if isinstance(value.get("file"), str):
            yield value["file"]
        value = list(value.values())
    for one in value if isinstance(value, list) else ():
        yield from _files(one)


def _database(source: Path, copy: Path) -> None:
    if not source.is_file():
        return
    copy.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(source)) as connection, closing(sqlite3.connect(copy)) as other:
        connection.execute("PRAGMA query_only = ON")
        connection.backup(other)
        other.execute("PRAGMA journal_mode = DELETE").close()
    copy.chmod(PRIVATE)


def _copy(source: Path, copy: Path, *, whole_lines: bool = False, must: bool = False) -> None:
    if not must and not source.is_file():
        return
    copy.parent.mkdir(parents=True, exist_ok=True)
    incoming = copy.with_name(f".incoming-{copy.name}")
    with source.open("rb") as file, os.fdopen(os.open(incoming, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE), "wb") as other:
        if whole_lines:
            text = file.read()
            other.write(text[: text.rfind(b"\n") + 1])
        else:
            shutil.copyfileobj(file, other, 2**20)
        other.flush()
        os.fsync(other.fileno())
    incoming.replace(copy)
