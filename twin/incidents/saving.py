"""Changes into rows, and rows back into the state that the writer keeps at hand."""

import json
import math
import sqlite3
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import Any

from pydantic_core import to_json

from twin.incidents.alarms import Alarms, Spot
from twin.incidents.apply import Changes, Said
from twin.incidents.damping import Flap
from twin.incidents.kinds import US, AlarmKinds
from twin.incidents.state import Part, State, Status

__all__ = ["PART_COLUMNS", "Saver", "add_line", "add_log", "load_state", "part_of_row", "read_spots", "text_of"]

PART_COLUMNS = (
    "id, incident, family, spot, first_us, last_us, created_us, status, closed_us, severity, kinds, lon, lat, height_m, flapping, assigned,"
    " version"
)
PUT_PART = (
    f"INSERT INTO part ({PART_COLUMNS}) VALUES ({', '.join('?' * 17)}) ON CONFLICT (id) DO UPDATE SET incident = excluded.incident,"
    " first_us = excluded.first_us, last_us = excluded.last_us, status = excluded.status, closed_us = excluded.closed_us,"
    " severity = excluded.severity, kinds = excluded.kinds, lon = excluded.lon, lat = excluded.lat, height_m = excluded.height_m,"
    " flapping = excluded.flapping, assigned = excluded.assigned, version = excluded.version"
)
PUT_DEVICE = (
    "INSERT INTO device VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (part, device) DO UPDATE SET count = count + excluded.count,"
    " first_us = min(first_us, excluded.first_us), last_us = max(last_us, excluded.last_us),"
    " lon = coalesce(excluded.lon, lon), lat = coalesce(excluded.lat, lat)"
)
PUT_PLACE = (
    "INSERT INTO place VALUES (?, ?, ?, ?) ON CONFLICT (part, spot) DO UPDATE SET"
    " first_us = min(first_us, excluded.first_us), last_us = max(last_us, excluded.last_us)"
)
PUT_FLAP = (
    "INSERT INTO flap VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (device, kind) DO UPDATE SET part = excluded.part,"
    " since_us = excluded.since_us, last_us = excluded.last_us, held = excluded.held"
)


class Saver:
    """Writes what changed; knows the numbers of names and spots it has written."""

    def __init__(self) -> None:
        self._names: dict[str, int] = {}
        self._spots: dict[Spot, int] = {}

    def forget(self) -> None:
        """After a transaction that failed: what it numbered is not there."""
        self._names.clear()
        self._spots.clear()

    def save(
        self, connection: sqlite3.Connection, changes: Changes, alarms: Alarms | None, state: State, journal: int, now_us: int
    ) -> None:
        """One batch, in the caller's transaction."""
        incidents = [(number, part.spot.site, part.created_us) for number, part in changes.new_incidents.items()]
        connection.executemany("INSERT INTO incident (id, site, created_us) VALUES (?, ?, ?)", incidents)
        self.save_parts(connection, changes.touched.values())
        begun = [said.part for said in changes.log if said.what == "opened"]
        connection.executemany("INSERT INTO membership VALUES (?, ?, ?, NULL)", [(part.id, part.incident, now_us) for part in begun])
        if alarms is not None:
            self._save_alarms(connection, changes, alarms, journal, now_us)
        add_log(connection, changes.log, now_us)
        self.save_flaps(connection, changes, state)

    def save_parts(self, connection: sqlite3.Connection, parts: Iterable[Part]) -> None:
        """Parts as they are now."""
        connection.executemany(PUT_PART, [self._row(connection, part) for part in parts])

    def save_flaps(self, connection: sqlite3.Connection, changes: Changes, state: State) -> None:
        """What flaps, and what flaps no more."""
        over = [said.facts for said in changes.log if said.what == "quiet"]
        keys = [(self.name(connection, facts["device"]), self.name(connection, facts["kind"])) for facts in over]
        connection.executemany("DELETE FROM flap WHERE device = ? AND kind = ?", keys)
        touched = [flap for flap in state.flaps.active.values() if flap.part in changes.touched]
        rows = [
            (self.name(connection, one.device), self.name(connection, one.kind.code), one.part, one.since_us, one.last_us, one.held)
            for one in touched
        ]
        connection.executemany(PUT_FLAP, rows)

    def name(self, connection: sqlite3.Connection, text: str) -> int:
        """The number of a device or a code."""
        return self.names(connection, [text])[0]

    def names(self, connection: sqlite3.Connection, texts: Sequence[str]) -> list[int]:
        """The numbers of devices or codes."""
        new = [text for text in texts if text not in self._names]
        if new:
            connection.executemany("INSERT INTO name (text) VALUES (?) ON CONFLICT DO NOTHING", [(text,) for text in new])
            query = "SELECT text, id FROM name WHERE text IN (SELECT value FROM json_each(?))"
            self._names.update(connection.execute(query, (text_of(new),)).fetchall())
        return [self._names[text] for text in texts]

    def spot(self, connection: sqlite3.Connection, spot: Spot) -> int:
        """The number of a spot."""
        if spot not in self._spots:
            cells = (spot.site, spot.place, spot.place_kind, spot.protected, text_of(spot.labels))
            found = connection.execute(
                "SELECT id FROM spot WHERE site = ? AND place IS ? AND place_kind = ? AND protected IS ? AND labels = ?", cells
            ).fetchone()
            if found is None:
                put = "INSERT INTO spot (site, place, place_kind, protected, labels) VALUES (?, ?, ?, ?, ?) RETURNING id"
                found = connection.execute(put, cells).fetchone()
            self._spots[spot] = int(found[0])
        return self._spots[spot]

    def _row(self, connection: sqlite3.Connection, part: Part) -> tuple[Any, ...]:
        place = (_null(part.lon), _null(part.lat), _null(part.height_m))
        times = (part.first_us, part.last_us, part.created_us, part.status.value, part.closed_us)
        spot = self.spot(connection, part.spot)
        said = (part.severity, text_of(part.kinds), *place, part.flapping, part.assigned, part.version)
        return (part.id, part.incident, part.family, spot, *times, *said)

    def _save_alarms(self, connection: sqlite3.Connection, changes: Changes, alarms: Alarms, journal: int, now_us: int) -> None:
        devices, kinds = self.names(connection, alarms.devices), self.names(connection, alarms.kinds)
        spots = [self.spot(connection, one) for one in alarms.spots]
        columns = (alarms.device, alarms.kind, alarms.spot, alarms.received_us, alarms.lon_lat, alarms.height_m, alarms.item, alarms.edge)
        rows: list[tuple[Any, ...]] = []
        of_device: dict[Any, Any] = {}
        of_place: dict[Any, Any] = {}
        for joined, row in zip(changes.joined, zip(*(column.tolist() for column in columns), strict=True), strict=True):
            device, kind, spot, received_us, (lon, lat), height_m, item, edge = row
            part, time_us = joined.part.id, joined.time_us
            number, place = devices[device], (_null(lon), _null(lat))
            said = (part, time_us, received_us, now_us, number, kinds[kind], spots[spot], *place, _null(height_m))
            rows.append((joined.id, *said, journal, item, joined.held, edge))
            _widen(of_device, (part, number), time_us, place)
            if alarms.spots[spot].place is not None:
                _widen(of_place, (part, spots[spot]), time_us, place)
        connection.executemany(f"INSERT INTO alarm VALUES ({', '.join('?' * 15)})", rows)
        connection.executemany(PUT_DEVICE, [(*key, count, first, last, *place) for key, (count, first, last, place) in of_device.items()])
        connection.executemany(PUT_PLACE, [(*key, first, last) for key, (_, first, last, _) in of_place.items()])


def add_log(connection: sqlite3.Connection, said: Sequence[Said], now_us: int) -> None:
    """Lines of the log, each of one part."""
    if not said:
        return
    (last,) = connection.execute("SELECT coalesce(max(id), 0) FROM log").fetchone()
    rows = [(last + 1 + n, now_us, one.part.incident, one.what, text_of(one.facts)) for n, one in enumerate(said)]
    connection.executemany("INSERT INTO log (id, time_us, incident, what, facts) VALUES (?, ?, ?, ?, ?)", rows)
    connection.executemany("INSERT INTO log_part VALUES (?, ?)", [(one.part.id, last + 1 + n) for n, one in enumerate(said)])


def add_line(
    connection: sqlite3.Connection, incident: int, parts: Sequence[int], what: str, now_us: int, *, who: str, why: str, facts: Any
) -> None:
    """What a person said about some parts of an incident."""
    put = "INSERT INTO log (time_us, incident, what, who, why, facts) VALUES (?, ?, ?, ?, ?, ?) RETURNING id"
    (number,) = connection.execute(put, (now_us, incident, what, who, why, text_of(facts))).fetchone()
    connection.executemany("INSERT INTO log_part VALUES (?, ?)", [(part, number) for part in parts])


def load_state(connection: sqlite3.Connection, kinds: AlarmKinds, now_us: int) -> State:
    """The state as the rows leave it: what a writer that was killed had."""
    state = State.empty(kinds)
    for name in ("incident", "part", "alarm"):
        (last,) = connection.execute(f"SELECT coalesce(max(id), 0) FROM {name}").fetchone()
        setattr(state, f"next_{name}", last + 1)
    oldest_us = now_us - kinds.horizon_us
    spots = read_spots(connection)
    query = f"SELECT {PART_COLUMNS} FROM part WHERE last_us >= ? OR flapping > 0 ORDER BY id"
    for row in connection.execute(query, (oldest_us,)):
        part = part_of_row(row, spots)
        if part.joinable(now_us, kinds) or part.flapping:
            state.keep(part)
    _load_groups(connection, state, spots, oldest_us)
    _load_flaps(connection, state, now_us)
    state.retire(now_us)
    return state


def read_spots(connection: sqlite3.Connection, *, after: int = 0) -> dict[int, Spot]:
    """Every spot by its number, of those above `after`."""
    rows = connection.execute("SELECT id, site, place, place_kind, protected, labels FROM spot WHERE id > ?", (after,))
    return {
        number: Spot(site=site, place=place, place_kind=kind, protected=protected, labels=tuple(json.loads(labels)))
        for number, site, place, kind, protected, labels in rows
    }


def part_of_row(row: Sequence[Any], spots: dict[int, Spot]) -> Part:
    """A part from its row."""
    number, incident, family, spot, first_us, last_us, created_us, status, closed_us, severity, kinds, lon, lat, height_m, *rest = row
    flapping, assigned, version = rest
    return Part(
        id=number,
        incident=incident,
        family=family,
        spot=spots[spot],
        first_us=first_us,
        last_us=last_us,
        created_us=created_us,
        status=Status(status),
        closed_us=closed_us,
        severity=severity,
        kinds=json.loads(kinds),
        lon=_nan(lon),
        lat=_nan(lat),
        height_m=_nan(height_m),
        flapping=flapping,
        assigned=assigned,
        version=version,
    )


def text_of(value: Any) -> str:
    """Compact JSON, as `json.dumps` writes it in five times the time."""
    return to_json(value).decode()


def _load_groups(connection: sqlite3.Connection, state: State, spots: dict[int, Spot], oldest_us: int) -> None:
    query = (
        "SELECT device.part, name.text, device.first_us, device.last_us, device.lon, device.lat FROM device"
        " JOIN name ON name.id = device.device WHERE device.last_us >= ?"
    )
    for number, device, first_us, last_us, lon, lat in connection.execute(query, (oldest_us,)):
        part = state.parts.get(number)
        if part is not None:
            for time_us in (first_us, last_us):
                state.groups.add(number, part.spot.site, part.family, device, None, _nan(lon), _nan(lat), time_us)
    for number, spot, first_us, last_us in connection.execute(
        "SELECT part, spot, first_us, last_us FROM place WHERE last_us >= ?", (oldest_us,)
    ):
        part, place = state.parts.get(number), spots[spot].place
        if part is not None and place is not None:
            state.groups.add_place(number, spots[spot].site, part.family, place, first_us)
            state.groups.add_place(number, spots[spot].site, part.family, place, last_us)


def _load_flaps(connection: sqlite3.Connection, state: State, now_us: int) -> None:
    rows = {row.code: row for row in state.kinds.kinds.values()}
    window_us = max((max(row.flap_s, row.quiet_s) for row in rows.values()), default=0) * US
    query = (
        "SELECT d.text, k.text, alarm.time_us, alarm.edge, alarm.recorded_us FROM alarm"
        " JOIN name AS d ON d.id = alarm.device JOIN name AS k ON k.id = alarm.kind ORDER BY alarm.id DESC"
    )
    recent = takewhile(lambda row: row[4] >= now_us - window_us, connection.execute(query))
    for device, code, time_us, edge, _ in reversed(list(recent)):
        state.flaps.hear(device, state.kinds.get(code), time_us, edge=bool(edge))
    state.flaps.active.clear()
    for flap in state.flaps.known.values():
        flap.since_us = None
    query = (
        "SELECT d.text, k.text, part, since_us, last_us, held FROM flap JOIN name AS d ON d.id = flap.device"
        " JOIN name AS k ON k.id = flap.kind"
    )
    for device, code, part, since_us, last_us, held in connection.execute(query):
        kind = state.kinds.get(code)
        found = state.flaps.known.get((device, kind.code))
        times = found.times if found is not None else deque(maxlen=max(kind.flap_changes, 1))
        flap = Flap(device=device, kind=kind, times=times, last_us=last_us, since_us=since_us, held=held, part=part)
        state.flaps.known[device, kind.code] = state.flaps.active[device, kind.code] = flap


def _widen(found: dict[Any, Any], key: Any, time_us: int, place: tuple[float | None, float | None]) -> None:
    known = found.get(key)
    if known is None:
        found[key] = [1, time_us, time_us, place]
        return
    known[0] += 1
    known[1] = min(known[1], time_us)
    known[2] = max(known[2], time_us)
    if place[1] is not None:
        known[3] = place


def _null(value: float) -> float | None:
    return None if math.isnan(value) else value


def _nan(value: float | None) -> float:
    return math.nan if value is None else value
