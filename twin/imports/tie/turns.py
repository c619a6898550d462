"""Many rows in short transactions: whoever waits for a turn to write waits for one of them (at most 100 ms)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import Connection

from twin.errors import StoreBusy
from twin.store.database import Database

__all__ = ["alone", "in_turns"]

TURN_S = 0.05
LEAST, FIRST, MOST = 50, 500, 10_000
PATIENCE_S = 600.0
Row = TypeVar("Row")


def in_turns(database: Database, rows: Sequence[Row], write: Callable[[Connection, Sequence[Row]], object]) -> None:
    """Write rows in order, in transactions of about `TURN_S`."""
    at, at_once = 0, FIRST
    while at < len(rows):
        part = rows[at : at + at_once]
        with database.writing() as connection:
            began = time.perf_counter()
            write(connection, part)
        took = time.perf_counter() - began  # the commit too
        at += len(part)
        at_once = int(min(MOST, max(LEAST, at_once * min(2.0, max(0.25, TURN_S / max(took, 1e-4))))))


@contextmanager
def alone(database: Database, name: str) -> Iterator[None]:
    """The only one that does what `name` says, after those who began before; raises StoreBusy where they take ten minutes."""
    until = time.monotonic() + PATIENCE_S
    while True:
        lock = database.alone(name)
        try:
            lock.__enter__()
            break
        except StoreBusy:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
    try:
        yield
    finally:
        lock.__exit__(None, None, None)
