"""The SQLite file of events and incidents: one writer, the hub, durable at each commit; workers read it, and only read it."""

import queue
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from twin.errors import Refused, StoreBusy, StoreNewer, StoreUnavailable
from twin.incidents.schema import LATER, SCHEMA, VERSION

__all__ = ["EventFile"]

CACHE_KIB = 8192
WAL_BYTES = 64 * 2**20
"""What is left of the log after a checkpoint."""
BUSY_MS = 5000
IDLE_READERS = 8
NO_ROOM = frozenset({sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE})
OURS = frozenset({sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISUSE, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_MISMATCH})
"""Faults of a statement, not of the file."""


class EventFile:
    """`events.sqlite`. One process writes (`open`), any number read (`open_reading`); safe to share between threads."""

    def __init__(self, path: Path, writer: sqlite3.Connection | None) -> None:
        self.path = path
        self._writer = writer
        self._writing = threading.RLock()
        self._idle: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue(IDLE_READERS)

    @classmethod
    def open(cls, path: Path, *, max_pages: int | None = None) -> Self:
        """The file for its one writer, made where it is absent; `max_pages` of 4 KiB bound it.

        Raises StoreUnavailable, StoreNewer where a newer version made it, StoreBusy where another process writes it.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        with _translated(path):
            connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
            try:
                _prepare(connection, path, max_pages)
            except BaseException:
                connection.close()
                raise
        return cls(path, connection)

    @classmethod
    def open_reading(cls, path: Path) -> Self:
        """The file for readers; it may be made later: until then each question raises StoreUnavailable."""
        return cls(path, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """The writer's transaction: committed, on the disk, at the end of the block; nothing of it remains after any error.

        Raises StoreUnavailable (`EVENTS_FULL` where the disk, or the bound of the file, has no room).
        """
        if self._writer is None:
            raise Refused(f"{self.path.name} is open for reading alone", path=str(self.path))
        with self._writing, _translated(self.path):
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    with suppress(sqlite3.Error):
                        self._writer.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection that sees one state of the file. Raises StoreUnavailable (`EVENTS_ABSENT` where there is none yet)."""
        with _translated(self.path):
            connection = self._taken()
            try:
                connection.execute("BEGIN")
                yield connection
            finally:
                if connection.in_transaction:
                    connection.execute("COMMIT")
                self._give_back(connection)

    def close(self) -> None:
        """Close every connection; the writer's brings its log into the file."""
        while True:
            try:
                self._idle.get_nowait().close()
            except queue.Empty:
                break
        if self._writer is not None:
            self._writer.close()

    def _taken(self) -> sqlite3.Connection:
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            if not self.path.is_file():
                raise StoreUnavailable(
                    "nothing has been kept yet: no hub has run here",
                    path=str(self.path),
                    code="EVENTS_ABSENT",
                    hint="twin serve starts one",
                ) from None
            connection = sqlite3.connect(
                f"{self.path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
            )
            connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
            return connection

    def _give_back(self, connection: sqlite3.Connection) -> None:
        try:
            self._idle.put_nowait(connection)
        except queue.Full:
            connection.close()


def _prepare(connection: sqlite3.Connection, path: Path, max_pages: int | None) -> None:
    for pragma in ("busy_timeout = 0", "page_size = 4096", "journal_mode = WAL", "synchronous = FULL", f"journal_size_limit = {WAL_BYTES}"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    if max_pages is not None:
        connection.execute(f"PRAGMA max_page_count = {max_pages}")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise StoreNewer(f"{path.name} is of version {version}, this twin knows {VERSION}", path=str(path), hint="run the newer twin")
    if version < VERSION:
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in SCHEMA if version == 0 else [one for later in range(version, VERSION) for one in LATER[later + 1]]:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {VERSION}")
            connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise _translation(error, path) from error


def _translation(error: sqlite3.Error, path: Path) -> Exception:
    code = getattr(error, "sqlite_errorcode", None) or 0
    where: dict[str, Any] = {"path": str(path)}
    if code & 0xFF == sqlite3.SQLITE_BUSY:
        return StoreBusy(f"another process writes {path.name}", hint="one hub at a time", **where)
    if code & 0xFF == sqlite3.SQLITE_FULL or code in NO_ROOM:
        return StoreUnavailable(f"no room for {path.name}: {error}", code="EVENTS_FULL", hint="make room on the disk", **where)
    if code & 0xFF in OURS and "no such table" not in str(error):
        return error
    return StoreUnavailable(f"{path.name} cannot be used: {error}", hint="check the disk and its rights", **where)
