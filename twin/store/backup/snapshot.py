"""One state of the records as a SQLite file, and such a file into either database.

From SQLite the file is copied in one step of the online backup (one read transaction of WAL: no writer waits). From
PostgreSQL every table is read in one REPEATABLE READ transaction into a file of the same migrations. Either way it is the
same file, so what was written on one database is restored into the other.
"""

import contextlib
import sqlite3
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect

from twin.errors import StoreBusy
from twin.store.database import Database, open_database
from twin.store.migrate import find_tables, migrate
from twin.store.share_schema import metadata, store_fact
from twin.store.turnstile import Turnstile, TurnTimeout

__all__ = ["VERSION_TABLE", "is_empty", "load", "opened_file", "tables_of", "write_snapshot"]

VERSION_TABLE = "alembic_version"
IN_STEPS = 4_096
"""Pages a step when a file is put into a store that others may hold: between two steps one looks at the clock."""


def write_snapshot(database: Database, target: Path) -> None:
    """Write the state of the records that the last commit left to a new SQLite file; writers go on meanwhile."""
    if database.file is not None:
        with contextlib.closing(sqlite3.connect(database.file)) as source, _new_file(target) as copy:
            source.execute("PRAGMA query_only = ON")
            source.backup(copy)
        return
    with database.reading() as connection:
        _make_tables(target, find_tables(connection))
        with _new_file(target) as copy:
            _fill(copy, connection)


def load(file: Path, database: Database) -> None:
    """Put the file's rows in place of all rows of the database, in one transaction: readers see the one or the other.

    The tables of both stand at the newest migration. Raises StoreBusy where a writer outlasts the lock timeout.
    """
    if database.file is not None:
        try:
            _load_file(file, database.file, database.lock_timeout_s)
        except TurnTimeout as error:
            raise _busy(database.file, database.lock_timeout_s) from error
        return
    with opened_file(file) as source, database.writing() as connection:
        quote = connection.dialect.identifier_preparer.quote
        names = _in_order_of_references(source)
        connection.exec_driver_sql(f"TRUNCATE {', '.join(map(quote, names))}")
        for name in names:
            _copy_in(source, connection, name, quote)


@contextlib.contextmanager
def opened_file(file: Path) -> Iterator[sqlite3.Connection]:
    """A SQLite file, to read."""
    with contextlib.closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as connection:
        yield connection


def tables_of(source: sqlite3.Connection) -> list[str]:
    """The tables of records in a file, by name."""
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' AND name <> ? ORDER BY name"
    return [name for (name,) in source.execute(query, (VERSION_TABLE,))]


def is_empty(connection: Connection) -> bool:
    """Whether no table of the records has a row, or there are no tables at all."""
    quote = connection.dialect.identifier_preparer.quote
    names = (set(inspect(connection).get_table_names()) & metadata.tables.keys()) - {store_fact.name}
    return not any(connection.exec_driver_sql(f"SELECT 1 FROM {quote(name)} LIMIT 1").first() for name in sorted(names))


@contextlib.contextmanager
def _new_file(target: Path) -> Iterator[sqlite3.Connection]:
    """A connection that writes a file nobody reads yet; it is one file, without a log beside it, when the block ends."""
    with contextlib.closing(sqlite3.connect(target)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        yield connection
        connection.execute("PRAGMA journal_mode = DELETE").close()


def _make_tables(target: Path, stands: str | None) -> None:
    database = open_database(f"sqlite:///{target}", lock_timeout_s=1.0)
    try:
        with database.writing() as connection:
            if stands is not None:
                migrate(connection, to=stands)
    finally:
        database.close()
    for lock in target.parent.glob(f".{target.name}.*"):
        lock.unlink()


def _fill(copy: sqlite3.Connection, source: Connection) -> None:
    quote = source.dialect.identifier_preparer.quote
    indexes = copy.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL").fetchall()
    for name, _ in indexes:
        copy.execute(f"DROP INDEX {quote(name)}")
    for name in tables_of(copy):
        columns = _columns(copy, name)
        listed = ", ".join(map(quote, columns))
        copy.execute(f"DELETE FROM {quote(name)}")  # a migration may have put rows of its own in
        statement = f"INSERT INTO {quote(name)} ({listed}) VALUES ({', '.join('?' * len(columns))})"
        copy.executemany(statement, _iter_rows(source, name, columns))
    for _, sql in indexes:
        copy.execute(sql)
    copy.commit()


def _iter_rows(source: Connection, name: str, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """The rows of a table of PostgreSQL as they arrive: COPY in binary, the fastest way out that psycopg has."""
    quote = source.dialect.identifier_preparer.quote
    query = "SELECT a.attname, t.typname FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid WHERE a.attrelid = %s::regclass"
    types = {column: str(kind) for column, kind in source.exec_driver_sql(query, (quote(name),))}
    cursor: Any = source.connection.cursor()
    with cursor, cursor.copy(f"COPY {quote(name)} ({', '.join(map(quote, columns))}) TO STDOUT (FORMAT BINARY)") as rows:
        rows.set_types([types[column] for column in columns])
        yield from rows.rows()


def _load_file(file: Path, target: Path, timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s

    def watch(status: int, remaining: int, total: int) -> None:
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) and time.monotonic() > deadline:
            raise _busy(target, timeout_s)

    target.parent.mkdir(parents=True, exist_ok=True)
    turn = Turnstile(target.parent, target.name).turn(timeout_s)
    with opened_file(file) as source, turn, contextlib.closing(sqlite3.connect(target)) as connection:
        source.backup(connection, pages=IN_STEPS, progress=watch, sleep=0.05)


def _busy(target: Path, timeout_s: float) -> StoreBusy:
    return StoreBusy(f"a writer has held {target} for more than {timeout_s:g} s", path=str(target), hint="stop the service")


def _columns(source: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in source.execute(f'PRAGMA table_info("{table}")')]


def _in_order_of_references(source: sqlite3.Connection) -> list[str]:
    """The tables, each after those its foreign keys name."""
    left = {name: {row[2] for row in source.execute(f'PRAGMA foreign_key_list("{name}")')} - {name} for name in tables_of(source)}
    ordered: list[str] = []
    while left:
        free = sorted(name for name, targets in left.items() if not targets & left.keys())
        if not free:
            raise ValueError(f"tables refer to one another in a ring: {', '.join(sorted(left))}")
        ordered += free
        for name in free:
            del left[name]
    return ordered


def _copy_in(source: sqlite3.Connection, connection: Connection, name: str, quote: Any) -> None:
    columns: Sequence[str] = _columns(source, name)
    listed = ", ".join(map(quote, columns))
    cursor: Any = connection.connection.cursor()
    with cursor, cursor.copy(f"COPY {quote(name)} ({listed}) FROM STDIN") as copy:
        for row in source.execute(f"SELECT {listed} FROM {quote(name)}"):
            copy.write_row(row)
