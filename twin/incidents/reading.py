"""Incidents as readers ask for them: now or as they were then, page by page, each made of what its reader may know of."""

import json
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from twin.errors import NotFound
from twin.incidents.alarms import Spot
from twin.incidents.file import EventFile
from twin.incidents.kinds import AlarmKinds
from twin.incidents.past import part_then
from twin.incidents.saving import PART_COLUMNS, part_of_row, read_spots
from twin.incidents.state import Part, Status
from twin.incidents.view import Knows, View

__all__ = ["Asked", "IncidentReader", "Page"]

CHUNK = 200
FOREVER_US = 2**62
NOW_PARTS = f"SELECT {PART_COLUMNS} FROM part WHERE incident IN (SELECT value FROM json_each(?)) ORDER BY id"
THEN_PARTS = (
    f"SELECT {', '.join('part.' + name if name != 'incident' else 'membership.incident' for name in PART_COLUMNS.split(', '))}"
    " FROM membership JOIN part ON part.id = membership.part WHERE membership.incident IN (SELECT value FROM json_each(?1))"
    " AND membership.since_us <= ?2 AND (membership.until_us IS NULL OR membership.until_us > ?2) ORDER BY part.id"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which incidents: of `sites` (None: all), in a `state`, with an alarm of a `kind`, of at least a `severity`; `at_us` as it was
    known then, None now."""

    sites: Collection[str] | None = None
    state: str | None = None
    kind: str | None = None
    severity: int = 1
    at_us: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The newest first; `next` is what to ask after for the following page, None where there is none."""

    views: Sequence[View]
    next: int | None


class IncidentReader:
    """Answers from the file of a hub; safe to share between threads."""

    def __init__(self, file: EventFile, kinds: AlarmKinds) -> None:
        self.file, self.kinds = file, kinds
        self._spots: dict[int, Spot] = {}

    def page(self, asked: Asked, knows: Knows, *, after: int | None = None, limit: int = 100) -> Page:
        """Incidents with ids below `after`, the newest first."""
        found: list[View] = []
        with self.file.reading() as connection:
            spots = self._known_spots(connection)
            for view in self._views(connection, asked, knows, spots, FOREVER_US if after is None else after):
                if len(found) == limit:
                    return Page(views=found, next=found[-1].id)
                if self._fits(view, asked):
                    found.append(view)
        return Page(views=found, next=None)

    def view(self, incident: int, knows: Knows, *, at_us: int | None = None) -> View:
        """One incident; NotFound also where the reader may know of no part of it."""
        with self.file.reading() as connection:
            for view in self._of(connection, [incident], knows, self._known_spots(connection), at_us):
                return view
        raise NotFound(f"incident {incident} does not exist", path=str(incident))

    def merged_into(self, incident: int, knows: Knows) -> int | None:
        """The incident that one was merged into, for a reader who knew a part of it."""
        query = "SELECT DISTINCT part.spot FROM membership JOIN part ON part.id = membership.part WHERE membership.incident = ?"
        with self.file.reading() as connection:
            found = connection.execute("SELECT merged_into FROM incident WHERE id = ?", (incident,)).fetchone()
            if found is None or found[0] is None:
                return None
            spots = self._known_spots(connection)
            known = any(knows(*spots[spot].protection()) for (spot,) in connection.execute(query, (incident,)))
        return int(found[0]) if known else None

    def devices(self, view: View, limit: int, *, at_us: int | None = None) -> tuple[list[tuple[str, int]], int]:
        """Devices with how many alarms each, those that said something last first, at most `limit`; and how many there are."""
        parts = json.dumps([part.id for part in view.parts])
        source = "SELECT device, count, last_us FROM device WHERE part IN (SELECT value FROM json_each(?1)) AND ?2 IS NULL"
        if at_us is not None:
            source = (
                "SELECT device, count(*) AS count, max(time_us) AS last_us FROM alarm"
                " WHERE part IN (SELECT value FROM json_each(?1)) AND recorded_us <= ?2 GROUP BY device"
            )
        query = (
            f"SELECT name.text, sum(found.count), count(*) OVER () FROM ({source}) AS found JOIN name ON name.id = found.device"
            " GROUP BY name.text ORDER BY max(found.last_us) DESC, name.text LIMIT ?3"
        )
        with self.file.reading() as connection:
            rows = connection.execute(query, (parts, at_us, limit)).fetchall()
        return [(text, count) for text, count, _ in rows], rows[0][2] if rows else 0

    def flapping(self, view: View) -> list[dict[str, Any]]:
        """What flaps now: device, code, since when, how many alarms were held."""
        query = (
            "SELECT d.text, k.text, since_us, last_us, held FROM flap JOIN name AS d ON d.id = flap.device"
            " JOIN name AS k ON k.id = flap.kind WHERE part IN (SELECT value FROM json_each(?)) ORDER BY since_us, d.text"
        )
        with self.file.reading() as connection:
            rows = connection.execute(query, (json.dumps([part.id for part in view.parts]),)).fetchall()
        return [dict(zip(("device", "kind", "since_us", "last_us", "held"), row, strict=True)) for row in rows]

    def alarms(self, view: View, *, after: int = 0, limit: int = 100) -> tuple[list[dict[str, Any]], int | None]:
        """Alarms in the order they came in, with where their raw observation stands; and what to ask after for the rest."""
        query = (
            "SELECT alarm.id, time_us, received_us, recorded_us, d.text, k.text, spot, lon, lat, height_m, journal, item, held, edge"
            " FROM alarm"
            " JOIN name AS d ON d.id = alarm.device JOIN name AS k ON k.id = alarm.kind"
            " WHERE part IN (SELECT value FROM json_each(?)) AND alarm.id > ? ORDER BY alarm.id LIMIT ?"
        )
        names = ("id", "time_us", "received_us", "recorded_us", "device", "kind", "spot", "lon", "lat", "height_m", "journal", "item")
        with self.file.reading() as connection:
            spots = self._known_spots(connection)
            parts = json.dumps([part.id for part in view.parts])
            rows = connection.execute(query, (parts, after, limit + 1)).fetchall()
        found = [dict(zip((*names, "held", "edge"), row, strict=True)) for row in rows[:limit]]
        for one in found:
            one["place"] = spots[one.pop("spot")].place
        return found, found[-1]["id"] if len(rows) > limit else None

    def log(self, view: View, *, at_us: int | None = None) -> list[dict[str, Any]]:
        """What became of it: when, what, who, why. `why`, and the facts a person gave, are None where it was also about a part that
        the reader may not know of."""
        query = (
            "SELECT log.id, log.time_us, log.what, log.who, log.why, log.facts, count(*),"
            " (SELECT count(*) FROM log_part AS every WHERE every.log = log.id) FROM log_part JOIN log ON log.id = log_part.log"
            " WHERE log_part.part IN (SELECT value FROM json_each(?)) AND log.time_us <= ? GROUP BY log.id ORDER BY log.id"
        )
        with self.file.reading() as connection:
            parts = json.dumps([part.id for part in view.parts])
            rows = connection.execute(query, (parts, FOREVER_US if at_us is None else at_us)).fetchall()
        told = []
        for _, time_us, what, who, why, facts, mine, every in rows:
            shown = mine == every
            told.append({"time_us": time_us, "what": what, "who": who, "why": why if shown else None, **_facts(facts, shown)})
        return told

    def _known_spots(self, connection: sqlite3.Connection) -> dict[int, Spot]:
        """Every spot: those that came since the last question are read; none ever changes."""
        self._spots = self._spots | read_spots(connection, after=max(self._spots, default=0))
        return self._spots

    def _views(self, connection: sqlite3.Connection, asked: Asked, knows: Knows, spots: dict[int, Spot], after: int) -> Iterator[View]:
        while True:
            numbers = self._numbers(connection, asked, after)
            yield from self._of(connection, numbers, knows, spots, asked.at_us)
            if len(numbers) < CHUNK:
                return
            after = numbers[-1]

    def _numbers(self, connection: sqlite3.Connection, asked: Asked, after: int) -> list[int]:
        """The next incidents that may fit: sites and state are looked for where an index helps."""
        where, values = ["id < ?"], [after]
        if asked.sites is not None:
            where.append("site IN (SELECT value FROM json_each(?))")
            values.append(json.dumps(sorted(asked.sites)))  # type: ignore[arg-type]
        if asked.at_us is not None:
            where.append("created_us <= ?")
            values.append(asked.at_us)
        elif asked.state is not None:
            few = "id IN (SELECT incident FROM part WHERE status = ?)"
            many = "EXISTS (SELECT 1 FROM part WHERE part.incident = incident.id AND status = ?)"
            where.append(many if asked.state == Status.CLOSED else few)
            values.append(asked.state)  # type: ignore[arg-type]
        query = f"SELECT id FROM incident WHERE {' AND '.join(where)} ORDER BY id DESC LIMIT {CHUNK}"
        return [number for (number,) in connection.execute(query, values)]

    def _of(
        self, connection: sqlite3.Connection, incidents: Sequence[int], knows: Knows, spots: dict[int, Spot], at_us: int | None
    ) -> Iterator[View]:
        wanted = json.dumps(list(incidents))
        cursor = connection.execute(NOW_PARTS, (wanted,)) if at_us is None else connection.execute(THEN_PARTS, (wanted, at_us))
        seen: dict[int, list[Part]] = {}
        hidden: set[int] = set()
        for row in cursor.fetchall():
            part = part_of_row(row, spots)
            if not knows(*part.spot.protection()):
                hidden.add(part.incident)
                continue
            then = part if at_us is None else part_then(connection, part, at_us)
            if then is not None:
                seen.setdefault(part.incident, []).append(then)
        for incident in incidents:
            if incident in seen:
                yield View(id=incident, parts=seen[incident], whole=incident not in hidden)

    def _fits(self, view: View, asked: Asked) -> bool:
        if asked.state is not None and view.status.value != asked.state:
            return False
        if asked.kind is not None and self.kinds.get(asked.kind).code not in view.counts:
            return False
        return asked.severity <= 1 or view.severity(self.kinds) >= asked.severity


def _facts(text: str, shown: bool) -> dict[str, Any]:
    facts = json.loads(text)
    kept = ("kind", "severity", "device", "held", "since_us", "last_us")
    return {"facts": facts if shown else {name: facts[name] for name in kept if name in facts}}
