"""A thread writes rows into PostgreSQL, by column: the driver works without Python's lock.

The rows are of a clock to come: nobody reads them, nobody else writes them. So they need no turn among the writers, who would wait for
each other at every batch; they hold a lock of their own, shared, which tells `Database.await_staged_rows` that some are under way.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import Table

from twin.store import record_schema as schema
from twin.store.adbc import adbc_connection, stated, unavailable
from twin.store.database import STAGED_ROWS_LOCK, Database

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ThreadWriter"]

ROWS_AHEAD = 40_000
"""More than a batch of a ledger has, findings and all: so many wait while one is written."""
COUNTED_ROWS = 10_000
SHARED = (schema.term.name, schema.article.name, schema.location.name)


class ThreadWriter:
    """Writes one batch behind the caller, each table's part of it in one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._thread = ThreadPoolExecutor(1, "bulk")
        self._writing: deque[tuple[int, Future[None]]] = deque()
        self._opened = ExitStack()
        self._connection: Any = None
        self._counted = False
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
        rows = stated(table, columns)
        while sum(count for count, _ in self._writing) > ROWS_AHEAD:
            self._writing.popleft()[1].result()
        self._writing.append((len(rows), self._thread.submit(self._write, table.name, rows)))

    def finish(self) -> None:
        """Wait until everything is committed; raises StoreUnavailable."""
        while self._writing:
            self._writing.popleft()[1].result()

    def _write(self, name: str, rows: pa.Table) -> None:
        try:
            connection = self._connected()
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT pg_advisory_xact_lock_shared({STAGED_ROWS_LOCK})")
                cursor.fetchall()
                if self._ended:
                    return
                cursor.adbc_ingest(name, rows, mode="append")
            connection.commit()
            if not self._counted and len(rows) >= COUNTED_ROWS:
                self._count(connection, name)
        except Exception as error:
            raise unavailable(error) from error

    def _count(self, connection: Any, name: str) -> None:
        """Statistics of what grows: without them the server scans tables of which it knows only that they were empty a minute ago."""
        self._counted = True
        with connection.cursor() as cursor:
            cursor.execute(f'ANALYZE "{name}", {", ".join(SHARED)}')
        connection.commit()

    def _connected(self) -> Any:
        if self._connection is None:
            url = self._database.reader.url.render_as_string(hide_password=False)
            self._connection = self._opened.enter_context(adbc_connection(url))
            with self._connection.cursor() as cursor:  # as in `Database.staging`
                cursor.execute("SET synchronous_commit = off")
            self._connection.commit()
        return self._connection
