"""A throw-away PostgreSQL cluster on a unix socket: one migrated database, emptied for each test, and databases of their own."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from sqlalchemy import create_engine

from twin.store import Store
from twin.store.stocktake_schema import metadata

__all__ = ["Cluster", "find_programs", "running_cluster"]

REMEDY = "apt-get install -y --no-install-recommends postgresql"


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
        engine = create_engine(self._shared, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(f"TRUNCATE {', '.join(metadata.tables)}")
        engine.dispose()
        return self._shared

    def clone(self) -> str:
        """The URL of a new database with all tables and no rows, for a test that changes tables."""
        return self.create(template="template_twin")

    def _execute(self, statement: str) -> None:
        engine = create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()


@contextmanager
def running_cluster(programs: Path, *, options: str = "-c fsync=off -c shared_buffers=16MB") -> Iterator[Cluster]:
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
