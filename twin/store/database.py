"""Connections, and all that differs between SQLite and PostgreSQL.

| | SQLite | PostgreSQL |
|---|---|---|
| durability | WAL, synchronous FULL | the server's |
| one writer at a time, in turn | a turnstile of lock files, BEGIN IMMEDIATE | an advisory lock, for the transaction |
| rows for a clock to come (`twin.store.bulk`) | take a turn each | no turn: a shared lock says they are under way |
| one import of a kind at a time | a lock file | an advisory lock of a session |
| what a reader sees | the commit before its first statement | the same: connections are REPEATABLE READ, read only |
| waiting for the writer | busy timeout | lock_timeout |
| many rows | executemany | COPY |
"""

import json
import select as sockets
import sqlite3
import time
import zlib
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    CursorResult,
    Double,
    Engine,
    Integer,
    Table,
    create_engine,
    event,
    func,
    insert,
    select,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from twin.errors import Invalid, StoreBusy, StoreUnavailable
from twin.store.turnstile import Turnstile, TurnTimeout, locked_file

__all__ = ["Database", "asked_once", "delete_among", "insert_rows", "next_id", "open_database", "put_rows", "rows_among", "set_among"]

ADVISORY_LOCK = 0x7477696E  # "twin" in ASCII
STAGED_ROWS_LOCK = 0x74776972  # "twir"
POOL = 48
"""Connections a process keeps at most: more than the 40 threads of the service, so that none waits for another."""
CACHE_KIB = 16_384
"""Each connection's own: the one used last is taken again, so that no more of them grow than are needed at once."""
CHECKPOINT_PAGES = 16_000
"""64 MB of log: whoever commits beyond that brings it into the file, which costs most where little has come together."""
PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "case_sensitive_like = ON",
    f"cache_size = -{CACHE_KIB}",
    f"wal_autocheckpoint = {CHECKPOINT_PAGES}",
)


KNOWN = "known"
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, eq=False)
class Database:
    """Two views of one connection pool: readers never wait, writers take turns."""

    reader: Engine
    writer: Engine
    lock_timeout_s: float
    file: Path | None = None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one state of the records for as long as it is open. Raises StoreUnavailable.

        It ends by a commit of nothing: at a rollback psycopg forgets every statement it has prepared.
        """
        with self._translated(), self.reader.connect() as connection:
            yield connection.execution_options(**{KNOWN: {}})
            connection.commit()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """The one writer's transaction: committed at the end of the block, rolled back on any error.

        Raises StoreBusy where another writer, of this process or any other, outlasts the lock timeout.
        """
        with self._translated(), self._turn(), self.writer.begin() as connection:
            yield connection

    @contextmanager
    def staging(self) -> Iterator[Connection]:
        """The same for what nobody sees before a later commit by `writing`: that one waits for the whole log, this one does not."""
        with self.writing() as connection:
            if not self.is_sqlite:
                connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
            yield connection

    def await_staged_rows(self) -> None:
        """Return when none of the rows that a killed import was writing beside itself (`twin.store.bulk`) are still under way."""
        with self.writing() as connection:
            if not self.is_sqlite:
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({STAGED_ROWS_LOCK})")

    @contextmanager
    def alone(self, name: str) -> Iterator[None]:
        """The only one, of all processes, that does what `name` says; raises StoreBusy at once where another does."""
        with self._translated(), self._lock_of(name):
            yield

    @property
    def is_sqlite(self) -> bool:
        """Whether the records lie in a SQLite file."""
        return self.reader.dialect.name == "sqlite"

    def close(self) -> None:
        """Close every connection."""
        self.reader.dispose()

    def _turn(self) -> AbstractContextManager[None]:
        return Turnstile(self.file.parent, self.file.name).turn(self.lock_timeout_s) if self.file else nullcontext()

    @contextmanager
    def _lock_of(self, name: str) -> Iterator[None]:
        busy = StoreBusy(f"another process does the same: {name}", path=name, hint="try again when it is done")
        if self.file:
            try:
                with locked_file(self.file.with_name(f".{self.file.name}.{name}"), time.monotonic()):
                    yield
            except TurnTimeout as error:
                raise busy from error
            return
        with self.reader.connect() as connection:
            key = zlib.crc32(name.encode())
            if not connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({ADVISORY_LOCK}, {key - 2**31})").scalar_one():
                raise busy
            connection.rollback()
            try:
                yield
            finally:
                connection.exec_driver_sql(f"SELECT pg_advisory_unlock({ADVISORY_LOCK}, {key - 2**31})")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except TurnTimeout as error:
            raise self._outlasted() from error
        except PoolTimeout as error:
            raise StoreBusy("every connection to the records is taken", hint="try again in a moment") from error
        except (DBAPIError, self._driver.Error) as error:  # COPY speaks past SQLAlchemy
            translated = self._find_translation(error.orig if isinstance(error, DBAPIError) else error)
            if translated is None:
                raise
            raise translated from error

    def _outlasted(self) -> StoreBusy:
        return StoreBusy(
            f"another writer has held the records for more than {self.lock_timeout_s:g} s",
            hint="try again when its import is done, or wait longer: TWIN_LOCK_TIMEOUT_S",
        )

    @property
    def _driver(self) -> Any:
        """The DB-API 2.0 module (PEP 249): sqlite3, or psycopg, which is loaded for PostgreSQL alone."""
        return self.reader.dialect.dbapi

    def _find_translation(self, cause: BaseException | None) -> StoreUnavailable | None:
        sqlite_name, sqlstate = getattr(cause, "sqlite_errorname", None) or "", getattr(cause, "sqlstate", None) or ""
        if sqlite_name.startswith("SQLITE_BUSY") or sqlstate == "55P03":
            return self._outlasted()
        if "no such table" in str(cause) or sqlstate == "42P01":
            return StoreUnavailable(
                "the records have no tables of this version yet", hint="any twin command brings them up to date, e.g. twin status"
            )
        if isinstance(cause, self._driver.OperationalError) or sqlite_name == "SQLITE_NOTADB":
            return StoreUnavailable(f"the records cannot be used: {cause}", hint="check TWIN_DATABASE_URL, the disk, the server")
        return None


def open_database(url: str, *, lock_timeout_s: float) -> Database:
    """The database at `sqlite:///FILE` or `postgresql+psycopg://…`; makes the folder of a SQLite file, connects to nothing yet.

    Raises Invalid for any other URL, in-memory SQLite included: nobody else could read it.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise Invalid("not a database URL", path="TWIN_DATABASE_URL") from error
    if parsed.drivername in {"sqlite", "sqlite+pysqlite"}:
        return _sqlite(parsed, lock_timeout_s)
    if parsed.drivername == "postgresql+psycopg":
        return _postgresql(parsed, lock_timeout_s)
    raise Invalid(
        f"{parsed.drivername} is not supported", path="TWIN_DATABASE_URL", hint="sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME"
    )


def asked_once(connection: Connection, key: Hashable, ask: Callable[[], Found]) -> Found:
    """What `ask` finds: while `Database.reading` sees one state it is asked once for each key; of any other connection each time."""
    known = connection.get_execution_options().get(KNOWN)
    if known is None:
        return ask()
    if key not in known:
        known[key] = ask()
    found: Found = known[key]
    return found


def next_id(connection: Connection, table: Table) -> int:
    """The id after the highest; only the one writer may ask, so no other takes it."""
    return int(connection.execute(select(func.coalesce(func.max(table.c.id), 0))).scalar_one()) + 1


def insert_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], *, chunk: int = 5_000) -> Iterator[int]:
    """Insert rows (all with the same keys); yields how many are in after each chunk."""
    put = _copy if connection.dialect.name == "postgresql" else _execute_many
    for start in range(0, len(rows), chunk):
        part = rows[start : start + chunk]
        put(connection, table, part)
        yield start + len(part)


def put_rows(connection: Connection, table: Table, names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows given as tuples in the order of `names`: the shortest way into either database."""
    if not rows:
        return
    quote = connection.dialect.identifier_preparer.quote
    columns = ", ".join(map(quote, names))
    if connection.dialect.name == "postgresql":
        cursor: Any = connection.connection.cursor()
        with cursor, cursor.copy(f"COPY {quote(table.name)} ({columns}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types([_pg_type(table, name) for name in names])
            for row in rows:
                copy.write_row(row)
        return
    marks = ", ".join("?" * len(names))
    connection.exec_driver_sql(f"INSERT INTO {quote(table.name)} ({columns}) VALUES ({marks})", list(rows))


def rows_among(connection: Connection, columns: Iterable[Column[Any]], key: Column[Any], values: Sequence[int]) -> CursorResult[Any]:
    """These columns of the rows whose `key` is one of many numbers, bound as one array: the shortest way to ask either database."""
    quote = connection.dialect.identifier_preparer.quote
    return _among(connection, f"SELECT {', '.join(quote(column.name) for column in columns)} FROM {quote(key.table.name)}", key, values)


def set_among(connection: Connection, column: Column[Any], value: int, key: Column[Any], values: Sequence[int]) -> None:
    """Set a column of numbers in those rows."""
    quote = connection.dialect.identifier_preparer.quote
    _among(connection, f"UPDATE {quote(key.table.name)} SET {quote(column.name)} = {value:d}", key, values)


def delete_among(connection: Connection, key: Column[Any], values: Sequence[int]) -> None:
    """Delete those rows."""
    _among(connection, f"DELETE FROM {connection.dialect.identifier_preparer.quote(key.table.name)}", key, values)


def _among(connection: Connection, statement: str, key: Column[Any], values: Sequence[int]) -> CursorResult[Any]:
    postgresql = connection.dialect.name == "postgresql"
    among = "= ANY(%s)" if postgresql else "IN (SELECT value FROM json_each(?))"
    where = f"{statement} WHERE {connection.dialect.identifier_preparer.quote(key.name)} {among}"
    return connection.exec_driver_sql(where, (list(values) if postgresql else json.dumps(list(values)),))


def _pg_type(table: Table, name: str) -> str:
    kind = table.c[name].type
    if isinstance(kind, BigInteger):
        return "int8"
    if isinstance(kind, Integer):
        return "int4"
    return "float8" if isinstance(kind, Double) else "text"


def _execute_many(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    connection.execute(insert(table), list(rows))


def _copy(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    quote = connection.dialect.identifier_preparer.quote
    columns = list(rows[0])
    statement = f"COPY {quote(table.name)} ({', '.join(map(quote, columns))}) FROM STDIN"
    cursor: Any = connection.connection.cursor()
    with cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row([row[column] for column in columns])


def _sqlite(url: URL, lock_timeout_s: float) -> Database:
    file = url.database or ":memory:"
    if file.startswith((":memory:", "file:")):
        raise Invalid("in-memory SQLite has no second reader", path="TWIN_DATABASE_URL", hint="sqlite:///FILE")
    Path(file).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": lock_timeout_s}, pool_size=POOL, max_overflow=0, pool_use_lifo=True)
    writer = engine.execution_options(begin="BEGIN IMMEDIATE")

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # the driver's own deferred BEGIN would fail at its first write
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))

    return Database(engine, writer, lock_timeout_s, Path(file))


def _postgresql(url: URL, lock_timeout_s: float) -> Database:
    engine = create_engine(url, isolation_level="REPEATABLE READ", pool_size=POOL // 4, max_overflow=POOL, pool_use_lifo=True)
    writer = engine.execution_options()

    @event.listens_for(engine, "connect")
    def read_only(connection: Any, _record: object) -> None:
        connection.read_only = True

    @event.listens_for(engine, "checkout")
    def ask_whether_it_lives(connection: Any, _record: object, _proxy: object) -> None:
        """A connection at rest has nothing to read but the server's goodbye: only then it costs a round trip to ask."""
        try:
            if _has_something_to_read(connection.fileno()):
                engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise DisconnectionError from error

    @event.listens_for(writer, "begin")
    def take_turn(connection: Connection) -> None:
        connection.exec_driver_sql(
            "SET TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE;"
            f"SET LOCAL lock_timeout = {round(lock_timeout_s * 1000)};"
            f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})"
        )

    return Database(engine, writer, lock_timeout_s)


def _has_something_to_read(socket: int) -> bool:
    asked = sockets.poll()
    asked.register(socket, sockets.POLLIN)
    return bool(asked.poll(0))
