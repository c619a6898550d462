"""What every question of the planner is asked with: a connection, the reader, the day and the standard that held on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection, select

from twin.codes import Tables, get_kind, shipped_tables
from twin.entitlement import Standard, standard_on
from twin.queries.records.context import Registers
from twin.records.held import HeldRecord, held_records
from twin.records.place_tree import NOWHERE, PlaceTree
from twin.records.scope import Reader, one_of
from twin.records.unit_tree import UnitTree
from twin.store import record_schema as schema

__all__ = ["HIDDEN", "Day", "open_day"]

HIDDEN = "*"
"""Stands for a name that is not for the reader."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Day:
    """The registers on `as_of` for a reader; places and links are those of now, values those of the day."""

    connection: Connection
    reader: Reader
    as_of: date
    places: PlaceTree
    units: UnitTree
    standard: Standard
    permitted: frozenset[int] | None
    levels: dict[int, str] = field(default_factory=dict)
    named: dict[str, int | None] = field(default_factory=dict)

    def unit_of(self, held: HeldRecord, column: str) -> int | None:
        """The unit that a referring column named on the day, None where it named none that is known."""
        text = held.values[column]
        if text is None:
            return None
        if column not in held.moved:
            return self.units.records.get(held.row[f"{column}_id"])
        if text not in self.named:
            term = schema.term.c
            query = select(term.id).where(term.domain == "unit", term.text == text)
            found = self.connection.execute(query).scalar_one_or_none()
            self.named[text] = self.units.records.get(found) if found is not None else None
        return self.named[text]

    def know_levels(self, unit_ids: set[int]) -> None:
        """Read the levels of these units on the day."""
        wanted = sorted(unit_ids - self.levels.keys())
        if not wanted:
            return
        kind = get_kind("unit")
        table = schema.kind_table("unit")
        found = held_records(self.connection, kind, self.as_of, one_of(table.c.record_id, wanted))
        self.levels.update(dict.fromkeys(wanted, ""))
        self.levels.update({unit.id: unit.values["level"] or "" for unit in found})

    def may_see_unit(self, *unit_ids: int | None) -> bool:
        """Whether the reader may know of what belongs to any of these units."""
        return self.permitted is None or any(unit in self.permitted for unit in unit_ids if unit is not None)

    def may_see_place(self, position: int) -> bool:
        """Whether the reader may know of what is at a position."""
        return self.places.is_visible(position, self.reader.labels)

    def unit_words(self, unit_id: int | None, text: str | None = None) -> dict[str, Any] | None:
        """A unit as documents name it; `known` is False for a text that names none."""
        if unit_id is not None and unit_id in self.units.nodes:
            node = self.units.nodes[unit_id]
            return {"key": node.key, "name": node.name, "known": True}
        return None if text is None else {"key": None, "name": text, "known": False}

    def above(self, position: int, kind: str) -> int:
        """The position of the node of a kind that a position is or lies in, `NOWHERE` for none."""
        here = position
        while here != NOWHERE and self.places.rows[here].kind != kind:
            here = int(self.places.parent[here])
        return here


def open_day(registers: Registers, connection: Connection, reader: Reader, as_of: date | None, tables: Tables | None) -> Day:
    """The registers on a day, default today."""
    day = as_of or registers.today()
    units = registers.shelf.units(connection)
    return Day(
        connection=connection,
        reader=reader,
        as_of=day,
        places=registers.shelf.places(connection),
        units=units,
        standard=standard_on(day, tables or shipped_tables()),
        permitted=None if reader.units is None else frozenset(units.permitted(reader.units)),
    )
