"""Whether anything was committed since: a number that differs as soon as any connection of any process has changed the store.

SQLite alone has such a number (`PRAGMA data_version`, of one connection that never writes): some microseconds, no lock, no turn.
PostgreSQL would need a round trip, which costs as much as the question it spares: there is no watch of it.
"""

import sqlite3
from collections.abc import Sequence
from threading import Lock
from typing import Any

from twin.store.database import Database

__all__ = ["Watch"]

PRAGMAS = ("query_only = ON", "case_sensitive_like = ON", "cache_size = -4096")


class Watch:
    """One connection of its own, shared by threads; `open` gives None where the database has no such number."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._lock = Lock()

    @classmethod
    def open(cls, database: Database) -> "Watch | None":
        """A watch over an embedded store."""
        if database.file is None:
            return None
        connection = sqlite3.connect(
            f"{database.file.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False, isolation_level=None
        )
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}").close()
        return cls(connection)

    def number(self) -> int:
        """The same as before where nothing was committed in between, by whomever."""
        with self._lock:
            return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    def rows_at(self, number: int, statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]] | None:
        """The rows of a question in the state of the number; None where that is past."""
        with self._lock:
            rows = self._connection.execute(statement, parameters).fetchall()
            now = int(self._connection.execute("PRAGMA data_version").fetchone()[0])
        return rows if now == number else None

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._connection.close()
