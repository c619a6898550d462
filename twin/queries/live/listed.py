"""The white list of the gates: registered vehicles, and announced visits within their time, as the registers have them now."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from twin.codes import get_kind
from twin.codes.plate import normalise_plate
from twin.errors import StoreUnavailable
from twin.records.counters import clock_of
from twin.records.values import field_values
from twin.store import Store
from twin.store import record_schema as schema

__all__ = ["Listed", "state_of"]

GONE = ("disposed",)
CANCELLED = ("cancelled", "ended")


class _Visit(NamedTuple):
    starts_us: int | None
    ends_us: int | None
    gate: str | None


@dataclass(slots=True, eq=False)
class Listed:
    """Whether a vehicle may be let in, as far as the registers say; nothing is ever kept out by it. Not for several threads."""

    store: Store
    _plates: frozenset[str] = frozenset()
    _visits: dict[str, list[_Visit]] = field(default_factory=dict)
    _seen: list[tuple[int, int]] | None = None

    def knows(self, gate: str, plate: str, at_us: int) -> bool:
        """Whether a plate is that of a registered vehicle, or of a visit announced for that time and that gate (by its key) or any."""
        if plate in self._plates:
            return True
        return any(_is_due(visit, gate, at_us) for visit in self._visits.get(plate, ()))

    @property
    def is_empty(self) -> bool:
        """Whether the registers have neither vehicles nor visits: then there is no list to be absent from."""
        return not self._plates and not self._visits

    def refresh(self) -> None:
        """Be as the registers are now; a store that cannot be read now leaves all as it was."""
        try:
            with self.store.database.reading() as connection:
                seen = [state_of(connection, kind) for kind in ("vehicle", "visit")]
                if seen != self._seen:
                    self._plates, self._visits = _plates(connection), _visits(connection)
                    self._seen = seen
        except StoreUnavailable:
            return


def _is_due(visit: _Visit, gate: str, at_us: int) -> bool:
    begun = visit.starts_us is None or visit.starts_us <= at_us
    return begun and (visit.ends_us is None or at_us <= visit.ends_us) and visit.gate in (None, gate)


def state_of(connection: Connection, kind: str) -> tuple[int, int]:
    """What is another number whenever the records of a kind are others."""
    change = schema.change.c
    last = connection.execute(select(func.coalesce(func.max(change.id), 0)).where(change.kind == kind)).scalar_one()
    return clock_of(connection, kind), int(last)


def _plates(connection: Connection) -> frozenset[str]:
    table, now = schema.kind_table("vehicle").c, clock_of(connection, "vehicle")
    query = select(table.plate, table.state).where(table.since <= now, table.until > now, table.ended.is_(None))
    return frozenset(normalise_plate(plate) for plate, state in connection.execute(query) if plate and state not in GONE)


def _visits(connection: Connection) -> dict[str, list[_Visit]]:
    table, now = schema.kind_table("visit"), clock_of(connection, "visit")
    query = select(table).where(table.c.since <= now, table.c.until > now, table.c.ended.is_(None), table.c.plate.is_not(None))
    rows = [dict(row) for row in connection.execute(query).mappings()]
    found: dict[str, list[_Visit]] = {}
    for values in field_values(connection, get_kind("visit"), rows):
        if values["state"] not in CANCELLED:
            visit = _Visit(values["starts"], values["ends"], values["gate"])
            found.setdefault(normalise_plate(values["plate"]), []).append(visit)
    return found
