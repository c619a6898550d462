"""What people decide about incidents: acknowledge, comment, assign, close, merge, split. Each acts on the parts its person knows of."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

from twin.errors import NotFound, Refused
from twin.incidents.event import Event
from twin.incidents.kinds import AlarmKinds
from twin.incidents.news import event_of
from twin.incidents.saving import PART_COLUMNS, Saver, add_line, part_of_row, read_spots
from twin.incidents.state import Part, State, Status

__all__ = ["COMMANDS", "Command", "run_command", "version_of"]

COMMANDS: Final = ("acknowledge", "comment", "assign", "close", "merge", "split")
WORDS: Final = {
    "acknowledge": "acknowledged", "comment": "commented", "assign": "assigned", "close": "closed", "merge": "merged", "split": "split",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """`name` of COMMANDS about an incident, by `who`, because of `why`. `parts` are those that the person may know of: only they are
    touched. `version` is that of what the person saw (`version_of`), None where they say any will do.

    `facts`: close `{reason}`, assign `{to}`, merge `{into, into_parts}`, split `{devices: [address]}`.
    """

    name: str
    incident: int
    who: str
    why: str
    parts: tuple[int, ...]
    version: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


def version_of(parts: Sequence[Part]) -> str:
    """What changes when a person should look again before they decide: the parts and the version of each."""
    said = ",".join(f"{part.id}:{part.version}" for part in sorted(parts, key=lambda one: one.id))
    return sha256(said.encode()).hexdigest()[:12]


def run_command(
    connection: sqlite3.Connection, command: Command, state: State, saver: Saver, kinds: AlarmKinds, now_us: int
) -> tuple[int, list[Event]]:
    """The incident it ended in and the events, in the caller's transaction. Raises NotFound, Refused."""
    if command.name not in COMMANDS:
        raise Refused(f"no command {command.name}", code="INCIDENT_COMMAND_UNKNOWN", hint=", ".join(COMMANDS))
    parts = _parts(connection, command.incident, command.parts, state)
    if command.version is not None and command.version != version_of(parts):
        raise Refused(f"incident {command.incident} has changed since it was read", code="INCIDENT_CHANGED", hint="read it again")
    incident, facts = command.incident, dict(command.facts)
    if command.name == "acknowledge":
        parts = _in_state(command, [part for part in parts if part.status is Status.OPEN])
        for part in parts:
            part.status = Status.ACKNOWLEDGED
    elif command.name == "close":
        parts = _closed(command, parts, state, kinds, now_us)
    elif command.name == "assign":
        for part in parts:
            part.assigned = str(facts["to"]) if facts.get("to") else None
    elif command.name == "merge":
        incident, parts = _merged(connection, command, parts, state, now_us)
        facts = {"from": command.incident, "into": incident}
    elif command.name == "split":
        incident, parts = _split(connection, command, parts, state, saver, now_us)
        facts |= {"from": command.incident, "into": incident}
    for part in parts:
        part.version += 1
    saver.save_parts(connection, parts)
    what = WORDS[command.name]
    add_line(connection, incident, [part.id for part in parts], what, now_us, who=command.who, why=command.why, facts=facts)
    return incident, [event_of(part, what, kinds, now_us, notify=False, who=command.who) for part in parts]


def _parts(connection: sqlite3.Connection, incident: int, numbers: Sequence[int], state: State) -> list[Part]:
    """The parts of the incident among the numbers: those at hand, else from the file."""
    rows = connection.execute(f"SELECT {PART_COLUMNS} FROM part WHERE incident = ? ORDER BY id", (incident,)).fetchall()
    spots, known = read_spots(connection), set(numbers)
    found = [state.parts.get(row[0]) or part_of_row(row, spots) for row in rows if row[0] in known]
    if not found:
        raise NotFound(f"incident {incident} does not exist", path=str(incident))
    return found


def _in_state(command: Command, parts: list[Part]) -> list[Part]:
    if not parts:
        raise Refused(
            f"incident {command.incident} is past that: nothing of it to {command.name}", code="INCIDENT_STATE", hint="read it again"
        )
    return parts


def _closed(command: Command, parts: list[Part], state: State, kinds: AlarmKinds, now_us: int) -> list[Part]:
    parts = _in_state(command, [part for part in parts if part.status is not Status.CLOSED])
    for part in parts:
        part.status, part.closed_us = Status.CLOSED, now_us
        if part.id in state.parts:
            state.closed.add(part.id)
    return parts


def _merged(connection: sqlite3.Connection, command: Command, parts: list[Part], state: State, now_us: int) -> tuple[int, list[Part]]:
    """The parts of one incident go to another; where none stays, the first says which it went into."""
    into = int(command.facts["into"])
    target = _parts(connection, into, tuple(command.facts["into_parts"]), state)
    if into == command.incident or target[0].spot.site != parts[0].spot.site:
        raise Refused("an incident is merged into another of the same site", code="INCIDENT_MERGE_INVALID", path="into")
    _move(connection, parts, into, state, now_us)
    (left,) = connection.execute("SELECT count(*) FROM part WHERE incident = ?", (command.incident,)).fetchone()
    if not left:
        connection.execute("UPDATE incident SET merged_into = ? WHERE id = ?", (into, command.incident))
    return into, parts


def _move(connection: sqlite3.Connection, parts: Sequence[Part], incident: int, state: State, now_us: int) -> None:
    for part in parts:
        connection.execute("UPDATE membership SET until_us = ? WHERE part = ? AND until_us IS NULL", (now_us, part.id))
        connection.execute("INSERT INTO membership VALUES (?, ?, ?, NULL)", (part.id, incident, now_us))
        connection.execute("UPDATE part SET incident = ? WHERE id = ?", (incident, part.id))
        state.move(part.id, incident)
        part.incident = incident


def _split(
    connection: sqlite3.Connection, command: Command, parts: list[Part], state: State, saver: Saver, now_us: int
) -> tuple[int, list[Part]]:
    """All alarms of some devices go to an incident of their own; what was written of the old one until now is theirs too."""
    wanted = [saver.name(connection, str(device)) for device in command.facts["devices"]]
    marks = ", ".join("?" * len(wanted))
    moving: list[Part] = []
    incident = 0
    for part in parts:
        of = (part.id, *wanted)
        (going,) = connection.execute(f"SELECT count(*) FROM alarm WHERE part = ? AND device IN ({marks})", of).fetchone()
        if not going:
            continue
        if not incident:
            put = "INSERT INTO incident (id, site, created_us) VALUES (?, ?, ?)"
            incident, state.next_incident = state.next_incident, state.next_incident + 1
            connection.execute(put, (incident, part.spot.site, now_us))
        if going == part.count:
            _move(connection, [part], incident, state, now_us)
            moving.append(part)
        else:
            moving.append(_cut(connection, part, of, marks, incident, state, saver, now_us))
    left = {part.id for part in parts if part.incident == command.incident}
    if not moving or not left:
        raise Refused("some of the incident's devices, not none and not all", code="INCIDENT_SPLIT_INVALID", path="devices")
    return incident, moving


def _cut(
    connection: sqlite3.Connection, old: Part, of: tuple[int, ...], marks: str, incident: int, state: State, saver: Saver, now_us: int
) -> Part:
    new = Part(
        id=state.next_part,
        incident=incident,
        family=old.family,
        spot=old.spot,
        first_us=old.first_us,
        last_us=old.last_us,
        created_us=old.created_us,
        status=old.status,
        closed_us=old.closed_us,
        severity=old.severity,
        assigned=old.assigned,
    )
    state.next_part += 1
    saver.save_parts(connection, [new])
    connection.execute(f"UPDATE alarm SET part = {new.id} WHERE part = ? AND device IN ({marks})", of)
    connection.execute(f"UPDATE device SET part = {new.id} WHERE part = ? AND device IN ({marks})", of)
    connection.execute(f"UPDATE flap SET part = {new.id} WHERE part = ? AND device IN ({marks})", of)
    connection.execute(f"UPDATE silent SET part = {new.id} WHERE part = ? AND device IN ({marks})", of)
    connection.execute(
        "INSERT INTO membership SELECT ?, incident, since_us, coalesce(until_us, ?) FROM membership WHERE part = ?",
        (new.id, now_us, old.id),
    )
    connection.execute("INSERT INTO membership VALUES (?, ?, ?, NULL)", (new.id, incident, now_us))
    connection.execute("INSERT INTO log_part SELECT ?, log FROM log_part WHERE part = ?", (new.id, old.id))
    for part in (old, new):
        _recount(connection, part)
    old.version += 1
    saver.save_parts(connection, [old, new])
    return new


def _recount(connection: sqlite3.Connection, part: Part) -> None:
    counts = "SELECT name.text, count(*), sum(held) FROM alarm JOIN name ON name.id = alarm.kind WHERE part = ? GROUP BY name.text"
    part.kinds = {}
    for code, alarms, held in connection.execute(counts, (part.id,)):
        known = part.kinds.setdefault(code, [0, 0])
        known[0] += alarms
        known[1] += held
    part.first_us, part.last_us = connection.execute("SELECT min(time_us), max(time_us) FROM alarm WHERE part = ?", (part.id,)).fetchone()
    (part.flapping,) = connection.execute("SELECT count(*) FROM flap WHERE part = ?", (part.id,)).fetchone()
    last = "SELECT lon, lat, height_m FROM alarm WHERE part = ? AND lat IS NOT NULL ORDER BY time_us DESC, id DESC LIMIT 1"
    found = connection.execute(last, (part.id,)).fetchone()
    if found is not None:
        part.lon, part.lat = found[0], found[1]
        part.height_m = float("nan") if found[2] is None else found[2]
    spots = "SELECT spot, min(time_us), max(time_us) FROM alarm WHERE part = ? GROUP BY spot"
    connection.execute("DELETE FROM place WHERE part = ?", (part.id,))
    rows = [(part.id, *row) for row in connection.execute(spots, (part.id,)).fetchall()]
    connection.executemany("INSERT INTO place VALUES (?, ?, ?, ?)", rows)
