"""Tables of `events.sqlite`. Ids of events come from `sequence`, which is written in the transaction of the events themselves.

A *part* holds the alarms of an incident that are protected alike; `membership` says in which incident it was when (people merge and
split), `log` what became of it. Rows of `alarm` and `log` are never changed, but for the part that a split gives an alarm to. `silent` has
the devices that were told to be silent: since when, in which part, and the position of the journal from which on a word of it is news.
"""

__all__ = ["LATER", "SCHEMA", "VERSION"]

VERSION = 2
EVENTS = """
CREATE TABLE sequence (name TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO sequence VALUES ('event', 0), ('applied', -1);
CREATE TABLE event (
    id INTEGER PRIMARY KEY, type TEXT NOT NULL, source TEXT NOT NULL, subject TEXT NOT NULL, site TEXT NOT NULL, place TEXT,
    labels TEXT NOT NULL, time_us INTEGER NOT NULL, recorded_us INTEGER NOT NULL, data TEXT NOT NULL
);
CREATE INDEX event_of_type ON event (type, recorded_us);
CREATE TABLE removed (type TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID;
"""
INCIDENTS = """
CREATE TABLE incident (id INTEGER PRIMARY KEY, site TEXT NOT NULL, created_us INTEGER NOT NULL, merged_into INTEGER REFERENCES incident);
CREATE TABLE spot (
    id INTEGER PRIMARY KEY, site TEXT NOT NULL, place TEXT, place_kind TEXT NOT NULL, protected TEXT, labels TEXT NOT NULL
);
CREATE TABLE name (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE part (
    id INTEGER PRIMARY KEY, incident INTEGER NOT NULL REFERENCES incident, family TEXT NOT NULL, spot INTEGER NOT NULL REFERENCES spot,
    first_us INTEGER NOT NULL, last_us INTEGER NOT NULL, created_us INTEGER NOT NULL, status TEXT NOT NULL, closed_us INTEGER,
    severity INTEGER NOT NULL, kinds TEXT NOT NULL, lon REAL, lat REAL, height_m REAL, flapping INTEGER NOT NULL, assigned TEXT,
    version INTEGER NOT NULL
);
CREATE INDEX part_of_incident ON part (incident);
CREATE INDEX part_of_status ON part (status, incident);
CREATE TABLE membership (
    part INTEGER NOT NULL REFERENCES part, incident INTEGER NOT NULL REFERENCES incident, since_us INTEGER NOT NULL, until_us INTEGER
);
CREATE INDEX membership_of_part ON membership (part);
CREATE INDEX membership_of_incident ON membership (incident);
CREATE TABLE alarm (
    id INTEGER PRIMARY KEY, part INTEGER NOT NULL, time_us INTEGER NOT NULL, received_us INTEGER NOT NULL, recorded_us INTEGER NOT NULL,
    device INTEGER NOT NULL, kind INTEGER NOT NULL, spot INTEGER NOT NULL, lon REAL, lat REAL, height_m REAL, journal INTEGER NOT NULL,
    item INTEGER NOT NULL, held INTEGER NOT NULL, edge INTEGER NOT NULL
);
CREATE INDEX alarm_of_part ON alarm (part, recorded_us);
CREATE TABLE device (
    part INTEGER NOT NULL, device INTEGER NOT NULL, count INTEGER NOT NULL, first_us INTEGER NOT NULL, last_us INTEGER NOT NULL,
    lon REAL, lat REAL, PRIMARY KEY (part, device)
) WITHOUT ROWID;
CREATE TABLE place (
    part INTEGER NOT NULL, spot INTEGER NOT NULL, first_us INTEGER NOT NULL, last_us INTEGER NOT NULL, PRIMARY KEY (part, spot)
) WITHOUT ROWID;
CREATE TABLE flap (
    device INTEGER NOT NULL, kind INTEGER NOT NULL, part INTEGER NOT NULL, since_us INTEGER NOT NULL, last_us INTEGER NOT NULL,
    held INTEGER NOT NULL, PRIMARY KEY (device, kind)
) WITHOUT ROWID;
CREATE TABLE log (
    id INTEGER PRIMARY KEY, time_us INTEGER NOT NULL, incident INTEGER NOT NULL, what TEXT NOT NULL, who TEXT, why TEXT, facts TEXT NOT NULL
);
CREATE TABLE log_part (part INTEGER NOT NULL, log INTEGER NOT NULL, PRIMARY KEY (part, log)) WITHOUT ROWID;
CREATE INDEX log_part_of_log ON log_part (log);
"""
SILENT = """
CREATE TABLE silent (device INTEGER PRIMARY KEY, since_us INTEGER NOT NULL, part INTEGER NOT NULL, position INTEGER NOT NULL);
CREATE INDEX silent_of_part ON silent (part);
"""


def _statements(script: str) -> tuple[str, ...]:
    return tuple(statement.strip() for statement in script.split(";\n") if statement.strip())


SCHEMA = _statements(EVENTS + INCIDENTS + SILENT)
LATER = {2: _statements(SILENT)}
"""What a version added to the one before."""
