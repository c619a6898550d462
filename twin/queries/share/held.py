"""What a receiver holds of a dataset: id → digest of the row, in a file of its own, so that two million rows are never in memory."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

__all__ = ["Held", "held_file"]

MODULUS = 2**256
"""The sum of a set of rows is that of their digests as numbers, modulo this."""
TABLES = (
    "CREATE TABLE held (id TEXT NOT NULL, digest BLOB NOT NULL)",
    "CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
)
INDEX = "CREATE UNIQUE INDEX IF NOT EXISTS held_id ON held (id)"


class Held:
    """The rows a receiver holds. `total` is the sum of the digests of those added here, less those dropped: it depends on no order."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.total = 0

    def digests(self, ids: Sequence[str]) -> dict[str, bytes]:
        """Id → digest, of those that are held."""
        query = "SELECT id, digest FROM held WHERE id IN (SELECT value FROM json_each(?))"
        return dict(self._connection.execute(query, (json.dumps(ids),)))

    def add(self, rows: Sequence[tuple[str, bytes]]) -> None:
        """Hold these rows too; none of their ids is held yet."""
        self.total = (self.total + _sum(digest for _, digest in rows)) % MODULUS
        self._connection.executemany("INSERT INTO held VALUES (?, ?)", rows)

    def index(self) -> None:
        """Make ids quick to find, once all that come together are in: pseudonyms come in no order, and a tree grown by them is slow."""
        self._connection.execute(INDEX)

    def drop(self, ids: Sequence[str]) -> int:
        """Hold rows no longer; how many there were."""
        known = self.digests(ids)
        self.total = (self.total - _sum(known.values())) % MODULUS
        self._connection.executemany("DELETE FROM held WHERE id = ?", [(one,) for one in known])
        return len(known)

    def clear(self) -> None:
        """Hold nothing."""
        self._connection.execute("DROP INDEX IF EXISTS held_id")
        self._connection.execute("DELETE FROM held")
        self.total = 0

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


def _sum(digests: Iterable[bytes]) -> int:
    return sum(int.from_bytes(digest, "big") for digest in digests)
