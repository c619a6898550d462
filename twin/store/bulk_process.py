"""A child writes rows into SQLite, by column.

Arrow's driver brings its own SQLite; two copies of that library in one process would undo each other's file locks (POSIX,
sqlite.org/howtocorrupt.html 2.2.1), so the driver lives in a child. The turnstile makes it one writer among others.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection as Pipe
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import Table

from twin.errors import StoreBusy, StoreUnavailable
from twin.store.adbc import adbc_connection, stated, unavailable
from twin.store.ahead import Ahead
from twin.store.database import CHECKPOINT_PAGES, Database
from twin.store.lean import do_without
from twin.store.row_writer import RowWriter, TurnSize
from twin.store.turnstile import Turnstile, TurnTimeout

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ProcessWriter"]

FEW_ROWS = 2_000
"""So many are in the table before another process has started."""
CACHE_KIB = 65_536
BATCHES_AHEAD = 1


class ProcessWriter:
    """A child process writes, started when the first many rows come."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._few = RowWriter(database)
        self._process: BaseProcess | None = None

    def _start(self) -> None:
        database = self._database
        ours, theirs = multiprocessing.get_context("spawn").Pipe()
        url = database.reader.url.render_as_string(hide_password=False)
        arguments = (theirs, url, str(database.file), database.lock_timeout_s)
        self._process = multiprocessing.get_context("spawn").Process(target=_write_all, args=arguments, daemon=True)
        self._pipe: Pipe = ours
        self._process.start()
        theirs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End the child; what it has not written is left out."""
        if self._process is None:
            return
        self._pipe.close()
        self._process.terminate()
        self._process.join()

    def put(self, table: Table, columns: Mapping[str, pa.Array]) -> None:
        """Insert rows given as columns; returns when the child has taken them over. Raises what the child met before."""
        if self._process is None:
            if len(next(iter(columns.values()))) <= FEW_ROWS:
                self._few.put(table, columns)
                return
            self._start()
        self._raise_what_came()
        self._send((table.name, stated(table, columns)))

    def finish(self) -> None:
        """Wait until everything is committed; raises StoreBusy, StoreUnavailable."""
        if self._process is None:
            return
        self._send(None)
        while self._receive() != "finished":
            continue

    def _send(self, message: Any) -> None:
        try:
            self._pipe.send(message)
        except OSError:
            self._receive()
            raise StoreUnavailable("the process that writes rows has ended", hint="run the import again") from None

    def _raise_what_came(self) -> None:
        while self._pipe.poll():
            self._receive()

    def _receive(self) -> str:
        try:
            said = self._pipe.recv()
        except (EOFError, OSError):
            raise StoreUnavailable("the process that writes rows has ended", hint="run the import again") from None
        if isinstance(said, Exception):
            raise said
        return str(said)


def _write_all(pipe: Pipe, url: str, file: str, timeout_s: float) -> None:
    """The child: write what comes until the pipe closes."""
    do_without("pandas")
    turnstile, size = Turnstile(Path(file).parent, Path(file).name), TurnSize()
    try:
        with _opened(url) as connection, Ahead(pipe.recv, BATCHES_AHEAD) as messages:
            while True:
                message = messages.next()
                if message is None:
                    pipe.send("finished")
                    continue
                name, rows = message
                _write(connection, turnstile, size, name, rows, timeout_s)
    except EOFError:
        return
    except TurnTimeout:
        hint = "try again when its import is done, or wait longer: TWIN_LOCK_TIMEOUT_S"
        _tell(pipe, StoreBusy(f"another writer has held the records for more than {timeout_s:g} s", hint=hint))
    except Exception as error:  # noqa: BLE001  whatever it is, the parent must know
        _tell(pipe, unavailable(error))


def _write(connection: Any, turnstile: Turnstile, size: TurnSize, name: str, rows: pa.Table, timeout_s: float) -> None:
    start = 0
    while start < len(rows):
        part = rows.slice(start, size.rows)
        began = time.perf_counter()
        with turnstile.turn(timeout_s), connection.cursor() as cursor:
            if _is_orphan():
                raise EOFError("the import has ended: what it wrote is removed by the next one, nothing may come after that")
            cursor.adbc_ingest(name, part, mode="append")
            connection.commit()
        size.learn(len(part), time.perf_counter() - began)
        start += len(part)


@contextmanager
def _opened(url: str) -> Iterator[Any]:
    with adbc_connection(url) as connection:
        with connection.cursor() as cursor:  # synchronous stays FULL, SQLite's own default: it cannot be set within ADBC's transaction
            for pragma in ("busy_timeout = 30000", f"cache_size = -{CACHE_KIB}", f"wal_autocheckpoint = {CHECKPOINT_PAGES}"):
                cursor.execute(f"PRAGMA {pragma}")
                cursor.fetchall()
        connection.commit()
        yield connection


def _is_orphan() -> bool:
    """Whether the process that started this one is gone."""
    parent = multiprocessing.parent_process()
    return parent is not None and parent.pid != os.getppid()


def _tell(pipe: Pipe, error: Exception) -> None:
    try:
        pipe.send(error)
    except OSError:
        return
