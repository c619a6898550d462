"""Many rows into a table, column by column: Arrow in, transactions out, while the caller makes the next rows."""

from twin.store.bulk_process import ProcessWriter
from twin.store.bulk_thread import ThreadWriter
from twin.store.database import Database

__all__ = ["bulk_writer"]


def bulk_writer(database: Database) -> ProcessWriter | ThreadWriter:
    """What writes beside the caller: a child on SQLite, a thread on PostgreSQL."""
    return ProcessWriter(database) if database.is_sqlite else ThreadWriter(database)
