"""A throw-away PostgreSQL cluster on a unix socket: one migrated database, emptied for each test, and databases of their own."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from sqlalchemy import Connection, create_engine

from twin.store import Store

__all__ = ["Cluster", "find_programs", "put_rows", "rows_of", "running_cluster"]

REMEDY = "apt-get install -y --no-install-recommends postgresql"
WITHOUT_DURABILITY = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c wal_level=minimal -c max_wal_senders=0"
FILLED = """
    SELECT relname FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
        AND relname NOT IN ('alembic_version', 'store_fact') AND pg_relation_size(oid) > 0
"""


def find_programs() -> Path | None:
    """The folder of `initdb` and `pg_ctl`, the newest version of it, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


class Cluster:
    """A running cluster; `emptied()` gives the URL of a database with all tables and no rows."""

    def __init__(self, folder: Path, user: str) -> None:
        self._folder = folder
        self._user = user
        self._numbers = count(1)
        self._shared: str | None = None
        self._execute("CREATE DATABASE template_twin")
        with Store.open(self.url("template_twin")) as store:
            store.migrate()

    def url(self, database: str) -> str:
        """The SQLAlchemy URL of a database of the cluster."""
        return f"postgresql+psycopg://{self._user}@/{database}?host={self._folder}"

    def create(self, *, template: str = "template0") -> str:
        """The URL of a new database without tables."""
        name = f"twin_{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def emptied(self) -> str:
        """The URL of the one database that tests share, with all tables and no rows: nothing else may be open on it."""
        if self._shared is None:
            self._shared = self.clone()
        with _connected(self._shared) as connection:
            if tables := _filled(connection):
                connection.exec_driver_sql("; ".join(f"DELETE FROM {table}" for table in tables))
                connection.exec_driver_sql(f"VACUUM {', '.join(tables)}")
        return self._shared

    def clone(self) -> str:
        """The URL of a new database with all tables and no rows, for a test that changes tables."""
        return self.create(template="template_twin")

    def _execute(self, statement: str) -> None:
        with _connected(self.url("postgres")) as connection:
            connection.exec_driver_sql(statement)


def rows_of(url: str) -> dict[str, bytes]:
    """The rows of every table that has some, by its name, as COPY writes them."""
    with _connected(url) as connection, connection.connection.cursor() as cursor:
        found = {}
        for table in _filled(connection):
            with cursor.copy(f"COPY {table} TO STDOUT (FORMAT BINARY)") as copy:
                found[table] = b"".join(map(bytes, copy))
        return found


def put_rows(url: str, rows: dict[str, bytes]) -> None:
    """Put rows kept by `rows_of` into a database that has none."""
    with _connected(url) as connection, connection.connection.cursor() as cursor:
        for table, kept in rows.items():
            with cursor.copy(f"COPY {table} FROM STDIN (FORMAT BINARY)") as copy:
                copy.write(kept)


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    """A connection on which each statement stands alone and foreign keys are not looked at."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("SET session_replication_role = replica")
            yield connection
    finally:
        engine.dispose()


def _filled(connection: Connection) -> list[str]:
    return sorted(connection.exec_driver_sql(FILLED).scalars())


@contextmanager
def running_cluster(programs: Path, *, options: str = f"{WITHOUT_DURABILITY} -c shared_buffers=16MB") -> Iterator[Cluster]:
    """A cluster for the length of the block, gone without a trace after it. The server refuses root: then user postgres runs it."""
    folder = Path(tempfile.mkdtemp(prefix="twin-pg-"))  # short: a socket's path holds 107 bytes
    user = "postgres" if os.geteuid() == 0 else None

    def run(program: str, *arguments: str) -> None:
        subprocess.run([str(programs / program), *arguments], user=user, cwd=folder, check=True, stdout=subprocess.DEVNULL, timeout=60)

    try:
        if user:
            shutil.chown(folder, user)
        run("initdb", "-D", str(folder / "data"), "-U", "twin", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        where = f"-c listen_addresses= -c unix_socket_directories={folder}"
        run("pg_ctl", "-D", str(folder / "data"), "-o", f"{where} {options}", "-l", str(folder / "log"), "-w", "start")
        try:
            yield Cluster(folder, "twin")
        finally:
            run("pg_ctl", "-D", str(folder / "data"), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder)
