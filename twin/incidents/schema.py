"""Tables of `events.sqlite`. Ids of events come from `sequence`, which is written in the transaction of the events themselves."""

__all__ = ["SCHEMA", "VERSION"]

VERSION = 1
EVENTS = """
CREATE TABLE sequence (name TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO sequence VALUES ('event', 0), ('incident', 0), ('applied', -1);
CREATE TABLE event (
    id INTEGER PRIMARY KEY, type TEXT NOT NULL, source TEXT NOT NULL, subject TEXT NOT NULL, site TEXT NOT NULL, place TEXT,
    labels TEXT NOT NULL, time_us INTEGER NOT NULL, recorded_us INTEGER NOT NULL, data TEXT NOT NULL
);
CREATE INDEX event_of_type ON event (type, recorded_us);
CREATE TABLE removed (type TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID;
"""
SCHEMA = tuple(statement.strip() for statement in EVENTS.split(";\n") if statement.strip())
