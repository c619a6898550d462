"""Which state of the registers a connection sees: what is kept in memory says of which state it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Column, ColumnElement, Connection, Label, func, insert, select

from twin.records.counters import take_ids
from twin.store import record_schema as schema
from twin.store.database import asked_once

__all__ = ["TIES", "PlaceState", "RegisterState", "note_ties", "note_touched", "read_place_state", "read_state"]

TIES = "ties"
"""The kind under which `touched` says that places, links or what texts name were worked out anew."""


class PlaceState(NamedTuple):
    """What the tree of places and the reading of locations depend on: numbers that grow with each change."""

    ties: int
    places: int
    locations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterState:
    """Numbers that grow with each change: imports seen, last entries of `touched`, newest ids of what is only added to."""

    clock: int
    touched: int
    ties: int
    units: tuple[int, int, int]
    places: int
    locations: int
    articles: int
    terms: int

    @property
    def tree(self) -> PlaceState:
        """What the tree of places and the reading of locations depend on."""
        return PlaceState(self.ties, self.places, self.locations)

    @property
    def unit_tree(self) -> tuple[int, ...]:
        """What the tree of units and the reading of their names depend on."""
        return (self.ties, *self.units)


def read_state(connection: Connection) -> RegisterState:
    """The state this connection sees, by one question to a few indexes."""
    return asked_once(connection, "state", lambda: _ask_state(connection))


def _ask_state(connection: Connection) -> RegisterState:
    row = connection.execute(_STATE).one()
    return RegisterState(
        clock=row.clock,
        touched=row.touched,
        ties=row.ties,
        units=(row.unit_clock, row.unit_touched, row.unit_terms),
        places=row.places,
        locations=row.locations,
        articles=row.articles,
        terms=row.terms,
    )


def read_place_state(connection: Connection) -> PlaceState:
    """The part of the state that the tree of places depends on, as this connection sees it."""
    return asked_once(connection, "places", lambda: PlaceState._make(connection.execute(_PLACE_STATE).one()))


def note_touched(connection: Connection, kind: str, record_id: int) -> None:
    """Say within the writer's transaction that a record is another than before."""
    connection.execute(insert(schema.touched).values(seq=take_ids(connection, "touched"), kind=kind, record_id=record_id))


def note_ties(connection: Connection) -> None:
    """Say within the writer's transaction that places, links or the reading of texts have changed in bulk."""
    note_touched(connection, TIES, 0)


def _now(kind: str, name: str) -> Label[int]:
    clock = schema.clock.c
    return func.coalesce(select(clock.now).where(clock.kind == kind).scalar_subquery(), 0).label(name)


def _last(kind: str, name: str) -> Label[int]:
    touched = schema.touched.c
    return func.coalesce(select(func.max(touched.seq)).where(touched.kind == kind).scalar_subquery(), 0).label(name)


def _newest(column: Column[int], name: str, *where: ColumnElement[bool]) -> Label[int]:
    return func.coalesce(select(func.max(column)).where(*where).scalar_subquery(), 0).label(name)


_PLACES = (_last(TIES, "ties"), _newest(schema.place.c.id, "places"), _newest(schema.location.c.id, "locations"))
_PLACE_STATE = select(*_PLACES)
_STATE = select(
    *_PLACES,
    _now("asset", "clock"),
    _last("asset", "touched"),
    _now("unit", "unit_clock"),
    _last("unit", "unit_touched"),
    _newest(schema.term.c.id, "unit_terms", schema.term.c.domain == "unit"),
    _newest(schema.article.c.id, "articles"),
    _newest(schema.term.c.id, "terms"),
)
