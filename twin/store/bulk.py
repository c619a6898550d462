"""Many rows into a table, column by column: Arrow in, short transactions out, while the caller makes the next rows.

Rows never become Python objects: Arrow's own database drivers (ADBC) bind them in C, on SQLite and PostgreSQL alike (four times
faster than executemany). The driver brings its own SQLite; two copies of that library in one process would undo each other's
file locks (POSIX, sqlite.org/howtocorrupt.html 2.2.1), so there it lives in a child. On PostgreSQL a thread does: the driver works
without Python's lock. The turnstile makes it one writer among others.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from multiprocessing.connection import Connection as Pipe
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import BigInteger, Double, Integer, Select, Table
from sqlalchemy.engine import make_url

from twin.errors import StoreBusy, StoreUnavailable
from twin.store.ahead import Ahead
from twin.store.database import ADVISORY_LOCK, Database, put_rows
from twin.store.lean import do_without
from twin.store.turnstile import Turnstile, TurnTimeout

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["BATCH_S", "RowWriter", "TurnSize", "adbc_connection", "bulk_writer", "literal_sql"]

BATCH_S = 0.06
"""Wall time one transaction aims at, so that whoever waits for a turn waits no longer than 100 ms."""
FEW_ROWS = 2_000
"""So many are in the table before another process has started."""
CACHE_KIB = 65_536
BATCHES_AHEAD = 1
ROWS_AHEAD = 40_000
"""More than a batch of a ledger has, findings and all: so many wait while one is written."""
CHECKPOINT_PAGES = 16_000


class TurnSize:
    """How many rows a transaction takes: as many as fit `BATCH_S`, learnt from those before."""

    def __init__(self, first: int = 1_000, most: int = 50_000) -> None:
        self.rows = first
        self._most = most

    def learn(self, rows: int, seconds: float) -> None:
        """Take note of how long a transaction of so many rows took; one that was not full says nothing."""
        if rows >= self.rows:
            factor = min(1.5, max(0.5, BATCH_S / max(seconds, 1e-4)))
            self.rows = int(min(self._most, max(100, self.rows * factor)))


class RowWriter:
    """Rows into tables from this very process: for ledgers too small to be worth another one."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._size = TurnSize()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is open."""

    def put(self, table: Table, columns: Mapping[str, pa.Array]) -> None:
        """Insert rows given as columns, in turns."""
        names = tuple(columns)
        rows = list(zip(*(column.to_pylist() for column in columns.values()), strict=True))
        start = 0
        while start < len(rows):
            part = rows[start : start + self._size.rows]
            began = time.perf_counter()
            with self._database.writing() as connection:
                put_rows(connection, table, names, part)
            self._size.learn(len(part), time.perf_counter() - began)
            start += len(part)

    def finish(self) -> None:
        """Everything is in already."""


def bulk_writer(database: Database) -> _ProcessWriter | _ThreadWriter:
    """The same by ADBC."""
    return _ProcessWriter(database) if database.is_sqlite else _ThreadWriter(database)


class _ThreadWriter:
    """A thread of this process writes, one batch behind the caller."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._size = TurnSize()
        self._thread = ThreadPoolExecutor(1, "bulk")
        self._writing: deque[tuple[int, Future[None]]] = deque()
        self._opened = ExitStack()
        self._connection: Any = None
        self._ended = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """What is not written is left out."""
        self._ended = True
        self._thread.shutdown(cancel_futures=True)
        self._opened.close()

    def put(self, table: Table, columns: Mapping[str, pa.Array]) -> None:
        """Insert rows given as columns, soon. Raises what was met before."""
        rows = _stated(table, columns)
        while sum(count for count, _ in self._writing) > ROWS_AHEAD:
            self._writing.popleft()[1].result()
        self._writing.append((len(rows), self._thread.submit(self._write, table.name, rows)))

    def finish(self) -> None:
        """Wait until everything is committed; raises StoreUnavailable."""
        while self._writing:
            self._writing.popleft()[1].result()

    def _write(self, name: str, rows: pa.Table) -> None:
        try:
            if self._connection is None:
                url = self._database.reader.url.render_as_string(hide_password=False)
                self._connection, _ = self._opened.enter_context(_opened(url, None))
            _write(self._connection, _no_turn, self._size, name, rows, self._database.lock_timeout_s, lambda: self._ended)
        except EOFError:
            return
        except Exception as error:
            raise _unavailable(error) from error


class _ProcessWriter:
    """A child process writes, started when the first many rows come."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._few = RowWriter(database)
        self._process: BaseProcess | None = None

    def _start(self) -> None:
        database = self._database
        ours, theirs = multiprocessing.get_context("spawn").Pipe()
        url = database.reader.url.render_as_string(hide_password=False)
        arguments = (theirs, url, str(database.file) if database.file else None, database.lock_timeout_s)
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
        self._send((table.name, _stated(table, columns)))

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


def _stated(table: Table, columns: Mapping[str, pa.Array]) -> pa.Table:
    """The columns that say anything, as the table has them."""
    import pyarrow as pa

    return pa.table({name: _cast(column, table, name) for name, column in columns.items() if column.null_count < len(column)})


def _cast(column: pa.Array, table: Table, name: str) -> pa.Array:
    """As PostgreSQL's binary COPY wants it: the very type of the column."""
    import pyarrow as pa

    kind = table.c[name].type
    if isinstance(kind, BigInteger):
        return column.cast(pa.int64())
    if isinstance(kind, Integer):
        return column.cast(pa.int32())
    return column.cast(pa.float64() if isinstance(kind, Double) else pa.string())


def _write_all(pipe: Pipe, url: str, file: str | None, timeout_s: float) -> None:
    """The child: write what comes until the pipe closes."""
    do_without("pandas")
    try:
        with _opened(url, file) as (connection, turn), Ahead(pipe.recv, BATCHES_AHEAD) as messages:
            size = TurnSize()
            while True:
                message = messages.next()
                if message is None:
                    pipe.send("finished")
                    continue
                name, rows = message
                _write(connection, turn, size, name, rows, timeout_s, _is_orphan)
    except EOFError:
        return
    except TurnTimeout:
        hint = "try again when its import is done, or wait longer: TWIN_LOCK_TIMEOUT_S"
        _tell(pipe, StoreBusy(f"another writer has held the records for more than {timeout_s:g} s", hint=hint))
    except Exception as error:  # noqa: BLE001  whatever it is, the parent must know
        _tell(pipe, _unavailable(error))


def _unavailable(error: Exception) -> StoreUnavailable:
    return StoreUnavailable(f"the records cannot be written: {error}", hint="check the disk and the server, then run it again")


def _write(
    connection: Any,
    turn: Callable[[float], AbstractContextManager[None]],
    size: TurnSize,
    name: str,
    rows: pa.Table,
    timeout_s: float,
    ended: Callable[[], bool],
) -> None:
    start = 0
    while start < len(rows):
        part = rows.slice(start, size.rows)
        began = time.perf_counter()
        with turn(timeout_s), connection.cursor() as cursor:
            _take_lock(connection, cursor)
            if ended():
                raise EOFError("the import has ended: what it wrote is removed by the next one, nothing may come after that")
            cursor.adbc_ingest(name, part, mode="append")
            connection.commit()
        size.learn(len(part), time.perf_counter() - began)
        start += len(part)


def _is_orphan() -> bool:
    """Whether the process that started this one is gone."""
    parent = multiprocessing.parent_process()
    return parent is not None and parent.pid != os.getppid()


def _take_lock(connection: Any, cursor: Any) -> None:
    if connection.adbc_get_info()["vendor_name"] == "PostgreSQL":
        cursor.execute(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})")
        cursor.fetchall()


def adbc_connection(url: str) -> Any:
    """A DB-API connection of Arrow's drivers to the records of a URL; see the module for where it may be open."""
    file = url.removeprefix("sqlite:///")
    if file != url:
        import adbc_driver_sqlite.dbapi as sqlite

        return sqlite.connect(file)
    import adbc_driver_postgresql.dbapi as postgresql

    return postgresql.connect(url.replace("postgresql+psycopg://", "postgresql://", 1))


def literal_sql(query: Select[Any], url: str) -> str:
    """A query as such a connection takes it: its values, which are ours, are written out."""
    return str(query.compile(dialect=make_url(url).get_dialect()(), compile_kwargs={"literal_binds": True}))


@contextmanager
def _opened(url: str, file: str | None) -> Iterator[tuple[Any, Callable[[float], AbstractContextManager[None]]]]:
    with adbc_connection(url) as connection:
        if file is None:
            with connection.cursor() as cursor:  # as in `Database.staging`
                cursor.execute("SET synchronous_commit = off")
            connection.commit()
            yield connection, _no_turn
            return
        with connection.cursor() as cursor:  # synchronous stays FULL, SQLite's own default: it cannot be set within ADBC's transaction
            for pragma in ("busy_timeout = 30000", f"cache_size = -{CACHE_KIB}", f"wal_autocheckpoint = {CHECKPOINT_PAGES}"):
                cursor.execute(f"PRAGMA {pragma}")
                cursor.fetchall()
        connection.commit()
        yield connection, Turnstile(Path(file).parent, Path(file).name).turn


def _no_turn(_: float) -> AbstractContextManager[None]:
    """The server's lock is all it takes."""
    return nullcontext()


def _tell(pipe: Pipe, error: Exception) -> None:
    try:
        pipe.send(error)
    except OSError:
        return
