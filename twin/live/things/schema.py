"""The tables of `history/things.sqlite`, brought up to date by `user_version`."""

import sqlite3

from twin.errors import StoreNewer

__all__ = ["LATEST", "migrate"]

STEPS = (
    (
        "CREATE TABLE entity (type TEXT NOT NULL, id NOT NULL, site TEXT, label TEXT, body TEXT, links TEXT,"
        " changed INTEGER NOT NULL, PRIMARY KEY (type, id)) WITHOUT ROWID",
        "CREATE UNIQUE INDEX entity_changed ON entity (changed)",
        "CREATE TABLE observation (id NOT NULL PRIMARY KEY, datastream NOT NULL, start_us INTEGER NOT NULL, end_us INTEGER NOT NULL,"
        " result_us INTEGER, foi, body TEXT NOT NULL) WITHOUT ROWID",
        "CREATE INDEX observation_time ON observation (datastream, start_us, end_us, id)",
        "CREATE INDEX observation_foi ON observation (foi, id)",
        "CREATE TABLE extent (datastream NOT NULL PRIMARY KEY, number INTEGER NOT NULL, start_us INTEGER, end_us INTEGER,"
        " result_start_us INTEGER, result_end_us INTEGER) WITHOUT ROWID",
        "CREATE TABLE used (foi NOT NULL, datastream NOT NULL, PRIMARY KEY (foi, datastream)) WITHOUT ROWID",
        "CREATE TABLE catalogue (platform TEXT NOT NULL PRIMARY KEY, round INTEGER NOT NULL, sn TEXT NOT NULL, total INTEGER NOT NULL,"
        " received INTEGER NOT NULL, seen_us INTEGER NOT NULL, complete_us INTEGER, open INTEGER NOT NULL) WITHOUT ROWID",
        "CREATE TABLE catalogue_part (platform TEXT NOT NULL, digest BLOB NOT NULL, PRIMARY KEY (platform, digest)) WITHOUT ROWID",
        "CREATE TABLE catalogue_item (platform TEXT NOT NULL, device_id TEXT NOT NULL, round INTEGER NOT NULL, name TEXT NOT NULL,"
        " status TEXT NOT NULL, parent TEXT NOT NULL, manufacturer TEXT NOT NULL, model TEXT NOT NULL, lon REAL, lat REAL,"
        " seen_us INTEGER NOT NULL, PRIMARY KEY (platform, device_id)) WITHOUT ROWID",
        "CREATE TABLE put_aside (id INTEGER PRIMARY KEY, device_id TEXT NOT NULL, command TEXT NOT NULL, number INTEGER NOT NULL,"
        " first_us INTEGER NOT NULL, last_us INTEGER NOT NULL, body BLOB NOT NULL)",
        "CREATE UNIQUE INDEX put_aside_last ON put_aside (device_id, command) WHERE command <> 'Alarm'",
        "CREATE TABLE counter (name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
    ),
)
"""Step n makes version n + 1. An id has no affinity: 5 and '5' are two. An entity without a body was deleted."""
LATEST = len(STEPS)


def migrate(connection: sqlite3.Connection, path: str) -> None:
    """Bring the tables up to date in one transaction; raises StoreNewer for a file of a later version."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if version > LATEST:
            raise StoreNewer(f"{path} is of version {version}, this twin knows {LATEST}", path=path, hint="install the newer twin")
        for statement in [one for step in STEPS[version:] for one in step]:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {LATEST:d}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
