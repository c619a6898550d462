"""Where rows are said to be: each location as written becomes a place of the tree, once for all rows that say it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from twin.imports.tie.turns import in_turns
from twin.link.places import PlaceAnswer, PlaceNode, PlaceText, PlaceTree, resolve_places
from twin.records.places import EVERYTHING, Place
from twin.store import record_schema as schema
from twin.store.database import Database
from twin.store.values import to_json

__all__ = ["place_tree", "resolve_locations"]

LOCATION = schema.location.c
AT_ONCE = 500


def place_tree(
    places: Sequence[Place],
    building_names: Mapping[int, Sequence[str]],
    codes: Mapping[int, str],
    numbers: Mapping[int, str],
    foreign: Collection[int] = (),
) -> PlaceTree:
    """The tree as the linker looks texts up in it; names, codes and numbers of rooms are by record id.

    The `foreign` building records, of compounds that are not ours, are found by their names alone, never by a bare number.
    """
    return PlaceTree([_node(place, building_names, codes, numbers, foreign) for place in places if place.kind != EVERYTHING])


def _node(
    place: Place, names: Mapping[int, Sequence[str]], codes: Mapping[int, str], numbers: Mapping[int, str], foreign: Collection[int]
) -> PlaceNode:
    record = place.record_id or 0
    number = "" if record in foreign else place.number or ""
    return PlaceNode(
        id=str(place.id),
        kind=place.kind,  # type: ignore[arg-type]
        parent=str(place.parent_id) if place.parent_id is not None else None,
        number=number,
        names=tuple(dict.fromkeys(filter(None, (place.name, *names.get(record, ()))))),
        codes=tuple(filter(None, (codes.get(record),))),
        also=(numbers[record],) if numbers.get(record, number) != number else (),
    )


def resolve_locations(database: Database, tree: PlaceTree, *, only: Sequence[int] | None = None) -> dict[int, int | None]:
    """Resolve locations (all, or these ids) that no person decided; the ids whose place changed, with their place now."""
    with database.reading() as connection:
        rows = _rows(connection, only)
    changed, updates = _resolved(rows, tree)
    in_turns(database, updates, _write)
    return changed


def _rows(connection: Connection, only: Sequence[int] | None) -> list[Any]:
    query = select(schema.location).where(LOCATION.decided_by.is_(None)).order_by(LOCATION.id)
    if only is None:
        return list(connection.execute(query))
    rows: list[Any] = []
    for start in range(0, len(only), AT_ONCE):
        rows += connection.execute(query.where(LOCATION.id.in_(only[start : start + AT_ONCE])))
    return rows


def _resolved(rows: Sequence[Any], tree: PlaceTree) -> tuple[dict[int, int | None], list[dict[str, Any]]]:
    """Which locations get another place, and what is to be written of them."""
    answers = resolve_places([PlaceText(building=row.building, storey=row.storey, room=row.room) for row in rows], tree)
    changed: dict[int, int | None] = {}
    updates: list[dict[str, Any]] = []
    for row, answer in zip(rows, answers, strict=True):
        place_id = int(answer.place_id) if answer.place_id is not None else None
        said = (place_id, answer.method, answer.confidence, _evidence(answer))
        if said != (row.place_id, row.method, row.confidence, row.evidence):
            updates.append(dict(zip(("place", "how", "sure", "why"), said, strict=True)) | {"location": row.id})
        if place_id != row.place_id:
            changed[row.id] = place_id
    return changed, updates


def _write(connection: Connection, updates: Sequence[dict[str, Any]]) -> None:
    if not updates:
        return
    statement = (
        update(schema.location)
        .where(LOCATION.id == bindparam("location"))
        .values(place_id=bindparam("place"), method=bindparam("how"), confidence=bindparam("sure"), evidence=bindparam("why"))
    )
    connection.execute(statement, list(updates))


def _evidence(answer: PlaceAnswer) -> str:
    said = {"level": answer.level, "reason": answer.reason, "candidates": list(answer.candidates), "reading": answer.evidence}
    return to_json({name: value for name, value in said.items() if value})
