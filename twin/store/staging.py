"""Folders for what is not ready yet: gone after use, recognised and removed where a process was killed."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["staging"]

INCOMING = ".incoming-"


@contextmanager
def staging(folder: Path, *, prefix: str = INCOMING) -> Iterator[Path]:
    """A folder inside `folder` for files that are not ready; gone after the block, or at the next call where a process was killed."""
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(f"{prefix}*"):
        _remove_if_abandoned(left)
    incoming, lock = _made_and_locked(folder, prefix)
    try:
        yield incoming
    finally:
        shutil.rmtree(incoming, ignore_errors=True)
        os.close(lock)


def _made_and_locked(folder: Path, prefix: str) -> tuple[Path, int]:
    """A new folder and its lock; made again where another process took it for abandoned before it was locked."""
    while True:
        incoming = Path(tempfile.mkdtemp(prefix=prefix, dir=folder))
        try:
            lock = os.open(incoming, os.O_RDONLY)
        except FileNotFoundError:
            continue
        fcntl.flock(lock, fcntl.LOCK_EX)
        if incoming.is_dir():
            return incoming, lock
        os.close(lock)


def _remove_if_abandoned(left: Path) -> None:
    try:
        lock = os.open(left, os.O_RDONLY)
    except FileNotFoundError:
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(left, ignore_errors=True)
    except BlockingIOError:
        return
    finally:
        os.close(lock)
