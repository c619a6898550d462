"""What texts refer to: units, people, buildings by code or name; resolved once for all rows that say them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from twin.codes import fold, get_kind
from twin.imports.tie.turns import in_turns
from twin.link.building import BuildingIndex
from twin.records.counters import clock_of
from twin.records.values import texts_of
from twin.store import record_schema as schema
from twin.store.database import Database
from twin.store.record_schema import column_name
from twin.store.values import to_json

__all__ = ["resolve_references", "unresolved_terms"]

TERM = schema.term.c
NAMED: Mapping[str, tuple[str, ...]] = {"unit": ("code", "credit_code", "name", "short_name"), "person": ("code", "name")}
"""Columns by which a record of the kind may be named, the surest first."""
CONFIDENCE = {"code": 1.0, "credit_code": 1.0, "name": 0.95, "short_name": 0.85}


def resolve_references(database: Database, buildings: BuildingIndex, *, after: int = 0) -> int:
    """Give each text of a referring column (with an id after that) the record it names; the number of texts whose record changed.

    What a person decided stays. A text that names two records alike names none: `evidence` lists them.
    """
    updates: list[dict[str, Any]] = []
    moved = 0
    with database.reading() as connection:
        for kind_name in NAMED:
            index = _index(connection, kind_name)
            for row in _texts(connection, kind_name, after):
                moved += _note(updates, row, *_find(index, row.text))
        for row in _texts(connection, "building", after):
            moved += _note(updates, row, *_building(buildings, row.text))
    statement = update(schema.term).where(TERM.id == bindparam("text_id"))
    statement = statement.values(
        record_id=bindparam("record"), method=bindparam("how"), confidence=bindparam("sure"), evidence=bindparam("why")
    )
    in_turns(database, updates, lambda connection, rows: connection.execute(statement, list(rows)))
    return moved


def unresolved_terms(connection: Connection) -> list[Any]:
    """Texts of referring columns that name no record, by kind and text."""
    query = select(schema.term).where(TERM.domain.in_([*NAMED, "building"]), TERM.record_id.is_(None))
    return list(connection.execute(query.order_by(TERM.domain, TERM.text)))


def _texts(connection: Connection, domain: str, after: int) -> Sequence[Any]:
    query = select(schema.term).where(TERM.domain == domain, TERM.decided_by.is_(None), TERM.id > after)
    return connection.execute(query).all()


def _index(connection: Connection, kind_name: str) -> dict[str, dict[str, set[int]]]:
    """Column → folded text → records that say it."""
    kind, table, now = get_kind(kind_name), schema.kind_table(kind_name), clock_of(connection, kind_name)
    wanted = [kind.column(name) for name in NAMED[kind_name]]
    query = select(table.c.record_id, *(table.c[column_name(column)] for column in wanted))
    rows = connection.execute(query.where(table.c.since <= now, table.c.until > now, table.c.ended.is_(None))).all()
    words = texts_of(connection, _interned(rows, [place for place, column in enumerate(wanted, 1) if column.interned]))
    index: dict[str, dict[str, set[int]]] = {column.name: {} for column in wanted}
    for row in rows:
        for place, column in enumerate(wanted, 1):
            said = row[place]
            text = words.get(said) if column.interned else said
            if text:
                index[column.name].setdefault(fold(str(text)), set()).add(int(row[0]))
    return index


def _interned(rows: Iterable[Any], places: list[int]) -> set[int]:
    return {row[place] for row in rows for place in places if row[place] is not None}


def _find(index: Mapping[str, Mapping[str, set[int]]], text: str) -> tuple[int | None, str | None, float | None, list[int] | None]:
    folded = fold(text)
    for column, records in index.items():
        found = records.get(folded)
        if found and len(found) == 1:
            return next(iter(found)), column, CONFIDENCE[column], None
        if found:
            return None, None, None, sorted(found)
    return None, None, None, None


def _building(buildings: BuildingIndex, text: str) -> tuple[int | None, str | None, float | None, list[int] | None]:
    found = buildings.find(text)
    if len(found.ids) == 1 and found.method != "alike":
        return int(found.ids[0]), found.method, found.confidence, None
    return None, None, None, [int(one) for one in found.ids]


def _note(
    updates: list[dict[str, Any]], row: Any, record: int | None, method: str | None, confidence: float | None, candidates: list[int] | None
) -> bool:
    """Take note of what is to be written of a text, if anything; whether its record changes."""
    evidence = to_json({"candidates": candidates}) if candidates else None
    if (row.record_id, row.method, row.confidence, row.evidence) == (record, method, confidence, evidence):
        return False
    updates.append({"text_id": row.id, "record": record, "how": method, "sure": confidence, "why": evidence})
    return bool(row.record_id != record)
