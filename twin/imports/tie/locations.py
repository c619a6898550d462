"""Where rows are said to be: each location as written becomes a place of the tree, once for all rows that say it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from twin.imports.tie.marks import note_moved
from twin.imports.tie.turns import in_turns
from twin.link.places import PlaceAnswer, PlaceNode, PlaceText, PlaceTree, resolve_places
from twin.records.interning import digest_of
from twin.records.places import EVERYTHING, Place
from twin.records.stored import SEPARATOR, Resolved, joined
from twin.store import record_schema as schema
from twin.store.database import Database, rows_among
from twin.store.values import to_json

__all__ = ["as_stored", "key_of", "locations_of", "open_locations", "place_tree", "resolve_locations", "text_of", "write_answers"]

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
        rows = open_locations(connection) if only is None else _chosen(connection, only)
    answers = resolve_places([_text_of(row) for row in rows], tree)
    return write_answers(database, zip(rows, map(as_stored, answers), strict=True))


def open_locations(connection: Connection, *, until: int | None = None) -> list[Any]:
    """The rows of locations that no person decided, up to an id."""
    query = select(schema.location).where(LOCATION.decided_by.is_(None))
    query = query if until is None else query.where(LOCATION.id <= until)
    return list(connection.execute(query.order_by(LOCATION.id)))


def locations_of(connection: Connection, keys: Collection[str], *, after: int) -> list[Any]:
    """The rows of these texts (their parts joined) that no person decided, of those after an id."""
    asked = frozenset(keys)
    found = rows_among(connection, [LOCATION.id], LOCATION.digest, sorted(digest_of("location", key) for key in asked))
    ids = [row.id for row in found if row.id > after]
    return [row for row in _chosen(connection, ids) if key_of(row) in asked]


def _chosen(connection: Connection, ids: Sequence[int]) -> list[Any]:
    query = select(schema.location).where(LOCATION.decided_by.is_(None)).order_by(LOCATION.id)
    rows: list[Any] = []
    for start in range(0, len(ids), AT_ONCE):
        rows += connection.execute(query.where(LOCATION.id.in_(ids[start : start + AT_ONCE])))
    return rows


def key_of(row: Any) -> str:
    """The parts of a row of `location`, joined."""
    return joined((row.building, row.storey, row.room))


def text_of(key: str) -> PlaceText:
    """The text of joined parts."""
    return PlaceText(*key.split(SEPARATOR))


def _text_of(row: Any) -> PlaceText:
    return PlaceText(row.building, row.storey, row.room)


def as_stored(answer: PlaceAnswer) -> Resolved:
    """An answer as a location keeps it."""
    place_id = int(answer.place_id) if answer.place_id is not None else None
    return place_id, answer.method, answer.confidence, _evidence(answer.level, answer.reason, answer.candidates, answer.evidence)


def write_answers(database: Database, answers: Iterable[tuple[Any, Resolved]]) -> dict[int, int | None]:
    """Write what rows of `location` (as stored) are answered otherwise; the ids whose place changed, with their place now."""
    changed: dict[int, int | None] = {}
    updates: list[dict[str, Any]] = []
    for row, said in answers:
        if said != (row.place_id, row.method, row.confidence, row.evidence):
            updates.append(dict(zip(("place", "how", "sure", "why"), said, strict=True)) | {"location": row.id})
        if said[0] != row.place_id:
            changed[row.id] = said[0]
    if changed:
        with database.writing() as connection:  # first, so that a killed one has told it too
            note_moved(connection)
    in_turns(database, updates, _write)
    return changed


def _write(connection: Connection, updates: Sequence[dict[str, Any]]) -> None:
    if not updates:
        return
    statement = (
        update(schema.location)
        .where(LOCATION.id == bindparam("location"))
        .values(place_id=bindparam("place"), method=bindparam("how"), confidence=bindparam("sure"), evidence=bindparam("why"))
    )
    connection.execute(statement, list(updates))


@lru_cache(maxsize=1 << 14)
def _evidence(level: str, reason: str, candidates: tuple[str, ...], reading: str) -> str:
    said = {"level": level, "reason": reason, "candidates": list(candidates), "reading": reading}
    return to_json({name: value for name, value in said.items() if value})
