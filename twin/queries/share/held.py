"""What a receiver holds of a dataset: id → digest of the row, in a file of its own, so that two million rows are never in memory."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

__all__ = ["MODULUS", "Held", "held_file", "sum_of"]

MODULUS = 2**256
TABLES = (
    "CREATE TABLE held (id TEXT PRIMARY KEY, digest BLOB NOT NULL) WITHOUT ROWID",
    "CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
)


class Held:
    """The rows a receiver holds; `total` is their sum, which does not depend on their order."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def digests(self, ids: Sequence[str]) -> dict[str, bytes]:
        """Id → digest, of those that are held."""
        query = "SELECT id, digest FROM held WHERE id IN (SELECT value FROM json_each(?))"
        return dict(self._connection.execute(query, (json.dumps(ids),)))

    def put(self, rows: Sequence[tuple[str, bytes]]) -> None:
        """Hold these rows, in the place of those with their ids."""
        self._connection.executemany("INSERT OR REPLACE INTO held VALUES (?, ?)", rows)

    def drop(self, ids: Sequence[str]) -> int:
        """Hold rows no longer; how many there were."""
        return self._connection.executemany("DELETE FROM held WHERE id = ?", [(one,) for one in ids]).rowcount

    def clear(self) -> None:
        """Hold nothing."""
        self._connection.execute("DELETE FROM held")

    def missing_in(self, other: Path) -> Iterator[str]:
        """The ids held here and not in another file, in their order."""
        self._connection.commit()
        self._connection.execute("ATTACH DATABASE ? AS other", (str(other),))
        query = "SELECT id FROM held WHERE id NOT IN (SELECT id FROM other.held) ORDER BY id"
        yield from (str(row[0]) for row in self._connection.execute(query))
        self._connection.execute("DETACH DATABASE other")

    def count(self) -> int:
        """How many rows are held."""
        return int(self._connection.execute("SELECT count(*) FROM held").fetchone()[0])

    def total(self) -> int:
        """The sum of all digests."""
        return sum_of(row[0] for row in self._connection.execute("SELECT digest FROM held"))

    def note(self, name: str, value: str) -> None:
        """Keep a fact beside the rows."""
        self._connection.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (name, value))

    def find(self, name: str) -> str | None:
        """A fact, None where nobody noted it."""
        row = self._connection.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])


@contextmanager
def held_file(path: Path) -> Iterator[Held]:
    """The file of that path, made where it is not there; what was done is kept at the end of the block."""
    fresh = not path.exists()
    with closing(sqlite3.connect(path)) as connection:
        if fresh:
            for table in TABLES:
                connection.execute(table)
        yield Held(connection)
        connection.commit()


def sum_of(digests: Iterator[bytes]) -> int:
    """The sum of digests as numbers, modulo 2²⁵⁶: that of a set of rows, in whatever order they come."""
    return sum(int.from_bytes(digest, "big") for digest in digests) % MODULUS
