"""Rows into tables in turns short enough for whoever waits."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Self

from sqlalchemy import Table

from twin.store.database import Database, put_rows

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["RowWriter", "TurnSize"]

BATCH_S = 0.06
"""Wall time one transaction aims at, so that whoever waits for a turn waits no longer than 100 ms."""


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
