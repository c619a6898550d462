"""Files that outlive a power cut: written whole and synced before their name is there; every refusal of the disk told as what it is."""

import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from twin.history.errors import HistoryFull, HistoryTaken, HistoryUnavailable

__all__ = ["PARTIAL", "disk_told", "one_writer", "replace_file", "replace_text", "sync_folder", "write_whole"]

PARTIAL = ".part"
"""Ends the name of a file that is still being written; such files are removed when a writer opens the folder."""
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextmanager
def disk_told(path: Path) -> Iterator[None]:
    """Tell what the system says about a disk as HistoryFull (no room, a limit of the file's size) or HistoryUnavailable."""
    try:
        yield
    except OSError as error:
        if error.errno in NO_ROOM:
            raise HistoryFull(f"no room to write {path.name}: {error.strerror}", path=str(path), hint="free space on the disk") from error
        raise HistoryUnavailable(f"{path.name}: {error.strerror or error}", path=str(path)) from error


def write_whole(descriptor: int, content: bytes) -> None:
    """Write all of it: a file near its limit takes a part first and refuses the rest."""
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def sync_folder(folder: Path) -> None:
    """Make the names in a folder as durable as their files."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_file(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` make the file under another name, sync it, and give it its own name at once; a reader sees the old one or the new. Who
    moved where is for the twin's own user alone.

    Raises HistoryFull or HistoryUnavailable; then the old one stands and nothing is left over.
    """
    partial = path.with_name(path.name + PARTIAL)
    with disk_told(path):
        try:
            write(partial)
            descriptor = os.open(partial, os.O_RDONLY)
            try:
                os.fchmod(descriptor, 0o600)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            partial.replace(path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)


def replace_text(path: Path, text: str) -> None:
    """`replace_file` with a text."""

    def write(partial: Path) -> None:
        partial.write_text(text, encoding="utf-8")

    replace_file(path, write)


@contextmanager
def one_writer(folder: Path) -> Iterator[None]:
    """Hold the folder's lock. Raises HistoryTaken where another process has it; a killed one has let it go."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HistoryTaken(f"another process writes {folder}", path=str(folder), hint="one hub a home") from None
        yield
    finally:
        os.close(descriptor)
