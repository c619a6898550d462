"""Who is told to be silent, as rows: told once whatever ends this process, and what their silence raised is over when they speak again."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from twin.incidents.alarms import Alarms
from twin.incidents.apply import Changes, Said
from twin.incidents.event import Event
from twin.incidents.kinds import AlarmKinds
from twin.incidents.news import event_of
from twin.incidents.saving import PART_COLUMNS, Saver, add_log, part_of_row, read_spots, text_of
from twin.incidents.state import Part, State, Status

__all__ = ["SILENCE", "Silent", "read_silent", "save_heard", "save_silent"]

SILENCE = "silence"
"""The kind of alarm that silence is."""
RECOVERED = "recovered"
"""The reason by which an incident is closed when all of its devices speak again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Silent:
    """Since when a device is told to be silent, and the position in the journal from which on a word of it ends that."""

    since_us: int
    position: int


def read_silent(connection: sqlite3.Connection) -> dict[str, Silent]:
    """Every device that is told to be silent, by its address."""
    query = "SELECT name.text, since_us, position FROM silent JOIN name ON name.id = silent.device ORDER BY name.text"
    return {device: Silent(since_us=since_us, position=position) for device, since_us, position in connection.execute(query)}


def save_silent(connection: sqlite3.Connection, changes: Changes, alarms: Alarms, saver: Saver, position: int) -> None:
    """The devices of alarms that were just saved are silent, in the caller's transaction."""
    rows = [
        (saver.name(connection, alarms.devices[int(alarms.device[one.row])]), int(alarms.time_us[one.row]), one.part.id, position)
        for one in changes.joined
    ]
    connection.executemany("INSERT OR REPLACE INTO silent VALUES (?, ?, ?, ?)", rows)


def save_heard(
    connection: sqlite3.Connection, devices: Sequence[str], state: State, saver: Saver, kinds: AlarmKinds, now_us: int
) -> list[Event]:
    """They are silent no more, in the caller's transaction: a part of an incident in which nothing else was told, and no device is silent
    any more, is closed; the events of that."""
    gone = "DELETE FROM silent WHERE device = ? RETURNING part"
    touched = {part for device in devices for (part,) in connection.execute(gone, (saver.name(connection, device),)).fetchall()}
    over = [part for part in _parts(connection, sorted(touched), state) if _is_over(connection, part)]
    for part in over:
        part.status, part.closed_us, part.version = Status.CLOSED, now_us, part.version + 1
        if part.id in state.parts:
            state.closed.add(part.id)
    saver.save_parts(connection, over)
    add_log(connection, [Said(part=part, what="closed", facts={"reason": RECOVERED}) for part in over], now_us)
    return [event_of(part, "closed", kinds, now_us, notify=False, reason=RECOVERED) for part in over]


def _parts(connection: sqlite3.Connection, numbers: Sequence[int], state: State) -> list[Part]:
    """The parts at hand, else from the file."""
    asked = text_of([number for number in numbers if number not in state.parts])
    rows = connection.execute(f"SELECT {PART_COLUMNS} FROM part WHERE id IN (SELECT value FROM json_each(?))", (asked,)).fetchall()
    spots = read_spots(connection) if rows else {}
    old = {row[0]: part_of_row(row, spots) for row in rows}
    return [state.parts.get(number) or old[number] for number in numbers]


def _is_over(connection: sqlite3.Connection, part: Part) -> bool:
    if part.status is Status.CLOSED or set(part.kinds) != {SILENCE}:
        return False
    (left,) = connection.execute("SELECT count(*) FROM silent WHERE part = ?", (part.id,)).fetchone()
    return not left
