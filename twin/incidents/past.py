"""A part of an incident as it was known at a moment: counted again from its alarms and its log."""

import json
import sqlite3
from dataclasses import replace

from twin.incidents.state import Part, Status

__all__ = ["part_then"]

STATES = {"opened": Status.OPEN, "reopened": Status.OPEN, "acknowledged": Status.ACKNOWLEDGED, "closed": Status.CLOSED}


def part_then(connection: sqlite3.Connection, part: Part, at_us: int) -> Part | None:
    """The part with what was recorded until then; None before its first alarm was."""
    counts = (
        "SELECT name.text, count(*), sum(held), min(time_us), max(time_us) FROM alarm JOIN name ON name.id = alarm.kind"
        " WHERE part = ? AND recorded_us <= ? GROUP BY name.text"
    )
    rows = connection.execute(counts, (part.id, at_us)).fetchall()
    if not rows:
        return None
    then = replace(
        part,
        kinds={code: [alarms, held] for code, alarms, held, _, _ in rows},
        first_us=min(row[3] for row in rows),
        last_us=max(row[4] for row in rows),
        status=Status.OPEN,
        closed_us=None,
        severity=1,
        flapping=0,
        assigned=None,
    )
    place = (
        "SELECT lon, lat, height_m FROM alarm WHERE part = ? AND recorded_us <= ? AND lat IS NOT NULL"
        " ORDER BY time_us DESC, id DESC LIMIT 1"
    )
    found = connection.execute(place, (part.id, at_us)).fetchone()
    nan = float("nan")
    then.lon, then.lat, then.height_m = (nan if value is None else value for value in (found or (None, None, None)))
    _follow(connection, then, at_us)
    return then


def _follow(connection: sqlite3.Connection, then: Part, at_us: int) -> None:
    query = (
        "SELECT log.what, log.facts, log.time_us FROM log_part JOIN log ON log.id = log_part.log"
        " WHERE part = ? AND time_us <= ? ORDER BY log.id"
    )
    for what, text, time_us in connection.execute(query, (then.id, at_us)):
        facts = json.loads(text)
        then.severity = max(then.severity, facts.get("severity", 1))
        if what in STATES:
            then.status = STATES[what]
            then.closed_us = time_us if what == "closed" else None
        elif what == "assigned":
            then.assigned = facts.get("to") or None
        then.flapping += (what == "flapping") - (what == "quiet")
    then.flapping = max(then.flapping, 0)
