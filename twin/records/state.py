"""Which state of the registers a connection sees: what is kept in memory says of which state it is."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Select, func, insert, select

from twin.records.counters import take_ids
from twin.store import record_schema as schema

__all__ = ["TIES", "RegisterState", "note_ties", "note_touched", "read_state"]

TIES = "ties"
"""The kind under which `touched` says that places, links or what texts name were worked out anew."""


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
    def tree(self) -> tuple[int, ...]:
        """What the tree of places and the reading of locations depend on."""
        return (self.ties, self.places, self.locations)

    @property
    def unit_tree(self) -> tuple[int, ...]:
        """What the tree of units and the reading of their names depend on."""
        return (self.ties, *self.units)


def read_state(connection: Connection) -> RegisterState:
    """The state this connection sees, by one question to a few indexes."""
    row = connection.execute(_QUERY).one()
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


def note_touched(connection: Connection, kind: str, record_id: int) -> None:
    """Say within the writer's transaction that a record is another than before."""
    connection.execute(insert(schema.touched).values(seq=take_ids(connection, "touched"), kind=kind, record_id=record_id))


def note_ties(connection: Connection) -> None:
    """Say within the writer's transaction that places, links or the reading of texts have changed in bulk."""
    note_touched(connection, TIES, 0)


def _question() -> Select[tuple[int, ...]]:
    clock, touched, term = schema.clock.c, schema.touched.c, schema.term.c

    def now(kind: str, name: str) -> object:
        return func.coalesce(select(clock.now).where(clock.kind == kind).scalar_subquery(), 0).label(name)

    def last(kind: str, name: str) -> object:
        return func.coalesce(select(func.max(touched.seq)).where(touched.kind == kind).scalar_subquery(), 0).label(name)

    def newest(column: object, name: str) -> object:
        return func.coalesce(select(func.max(column)).scalar_subquery(), 0).label(name)

    terms = func.coalesce(select(func.max(term.id)).where(term.domain == "unit").scalar_subquery(), 0).label("unit_terms")
    return select(  # type: ignore[call-overload, no-any-return]
        now("asset", "clock"),
        last("asset", "touched"),
        last(TIES, "ties"),
        now("unit", "unit_clock"),
        last("unit", "unit_touched"),
        terms,
        newest(schema.place.c.id, "places"),
        newest(schema.location.c.id, "locations"),
        newest(schema.article.c.id, "articles"),
        newest(schema.term.c.id, "terms"),
    )


_QUERY = _question()
