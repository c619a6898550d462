"""The one tree of places: everything, site, building, storey, room; nodes for features of the scene, for records, or for both."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, delete, select, update

from twin.records.counters import take_ids
from twin.store import record_schema as schema
from twin.store.database import Database, put_rows

__all__ = [
    "EVERYTHING",
    "NewPlace",
    "Place",
    "PlacePlan",
    "change_places",
    "insert_places",
    "list_places",
    "natural_order",
    "plan_places",
    "remove_places",
    "write_places",
]

EVERYTHING = "everything"
COLUMNS = ("id", "parent_id", "kind", "path", "site_id", "feature_id", "record_id", "name", "number", "order_key", "label")
AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPlace:
    """A node as the scene and the registers have it now; `key` and `parent` (a key, None for the root) name nodes among each other."""

    key: str
    parent: str | None
    kind: str
    name: str
    order_key: str
    label: str
    number: str | None = None
    site_id: int | None = None
    feature_id: str | None = None
    record_id: int | None = None


class Place(NamedTuple):
    """A node of the tree as stored; `path` is the ids from the root down, `/1/5/8/`."""

    id: int
    parent_id: int | None
    kind: str
    path: str
    site_id: int | None
    feature_id: str | None
    record_id: int | None
    name: str
    number: str | None
    order_key: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacePlan:
    """What a tree takes to become another: key → id of every node it will have, rows in the order of the columns, parents first."""

    ids: dict[str, int]
    new: list[tuple[Any, ...]]
    changed: list[tuple[Any, ...]]
    gone: list[int]


def list_places(connection: Connection) -> list[Place]:
    """Every node, parents before children."""
    rows = connection.execute(select(*(schema.place.c[name] for name in COLUMNS)).order_by(schema.place.c.id)).all()
    return sorted(map(Place._make, rows), key=lambda place: place.path.count("/"))


def write_places(connection: Connection, places: Sequence[NewPlace]) -> dict[str, int]:
    """Bring the tree to these nodes in the transaction of a connection, and give key → id: for small trees."""
    plan = _plan(list_places(connection), places, lambda count: take_ids(connection, "place", count))
    insert_places(connection, plan.new)
    change_places(connection, plan.changed)
    remove_places(connection, plan.gone)
    return plan.ids


def plan_places(database: Database, places: Sequence[NewPlace]) -> PlacePlan:
    """How the stored tree comes to these nodes (parents before children); a node keeps its id while its feature or record does."""

    def take(count: int) -> int:
        with database.writing() as connection:
            return take_ids(connection, "place", count)

    with database.reading() as connection:
        before = list_places(connection)
    return _plan(before, places, take)


def _plan(before: Sequence[Place], places: Sequence[NewPlace], take: Callable[[int], int]) -> PlacePlan:
    known = _Known(before)
    found: dict[str, Place | None] = {}
    for place in places:
        above = found[place.parent] if place.parent is not None else None
        found[place.key] = (
            known.take(place, above.id if above else None) if above or place.parent is None or place.record_id or place.feature_id else None
        )
    missing = [key for key, place in found.items() if place is None]
    first = take(len(missing)) if missing else 0
    ids = {key: place.id for key, place in found.items() if place is not None} | {key: first + at for at, key in enumerate(missing)}
    paths: dict[str, str] = {}
    new: list[tuple[Any, ...]] = []
    changed: list[tuple[Any, ...]] = []
    for place in places:
        paths[place.key] = f"{paths[place.parent] if place.parent is not None else '/'}{ids[place.key]}/"
        row = _row(place, ids, paths[place.key])
        stored = found[place.key]
        if stored is None:
            new.append(row)
        elif tuple(stored) != row:
            changed.append(row)
    kept = set(ids.values())
    return PlacePlan(ids=ids, new=new, changed=changed, gone=[place.id for place in before if place.id not in kept])


def insert_places(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert nodes (`PlacePlan.new`)."""
    put_rows(connection, schema.place, COLUMNS, rows)


def change_places(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """Rewrite nodes (`PlacePlan.changed`)."""
    values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in COLUMNS[1:]}
    statement = update(schema.place).where(schema.place.c.id == bindparam("node")).values(values)
    if not rows:
        return
    connection.execute(
        statement, [{"node": row[0], **{f"new_{name}": value for name, value in zip(COLUMNS[1:], row[1:], strict=True)}} for row in rows]
    )


def remove_places(connection: Connection, ids: Sequence[int]) -> None:
    """Remove nodes (`PlacePlan.gone`)."""
    for start in range(0, len(ids), AT_ONCE):
        connection.execute(delete(schema.place).where(schema.place.c.id.in_(ids[start : start + AT_ONCE])))


def natural_order(text: str) -> str:
    """What siblings are listed by: numbers as numbers.

    >>> natural_order("9层") < natural_order("10层")
    True
    """
    parts: list[str] = []
    digits = ""
    for character in [*text.casefold(), ""]:
        if character.isdigit():
            digits += character
            continue
        if digits:
            parts.append(digits.zfill(12))
            digits = ""
        parts.append(character)
    return "".join(parts)


def _row(place: NewPlace, ids: dict[str, int], path: str) -> tuple[Any, ...]:
    return (
        ids[place.key],
        ids[place.parent] if place.parent is not None else None,
        place.kind,
        path,
        place.site_id,
        place.feature_id,
        place.record_id,
        place.name,
        place.number,
        place.order_key,
        place.label,
    )


class _Known:
    """The nodes that are there, by what makes each the same one: its feature, its record, its name under its parent."""

    def __init__(self, places: Iterable[Place]) -> None:
        self._by_feature: dict[tuple[int | None, str], Place] = {}
        self._by_record: dict[int, Place] = {}
        self._by_name: dict[tuple[int | None, str, str], Place] = {}
        for place in places:
            if place.feature_id is not None:
                self._by_feature[place.site_id, place.feature_id] = place
            if place.record_id is not None:
                self._by_record[place.record_id] = place
            if place.feature_id is None and place.record_id is None:
                self._by_name[place.parent_id, place.kind, place.name] = place
        self._taken: set[int] = set()

    def take(self, place: NewPlace, parent_id: int | None) -> Place | None:
        """The stored node that this one is, once."""
        candidates: list[Place | None] = []
        if place.feature_id is not None:
            candidates.append(self._by_feature.get((place.site_id, place.feature_id)))
        if place.record_id is not None:
            candidates.append(self._by_record.get(place.record_id))
        if place.feature_id is None and place.record_id is None:
            candidates.append(self._by_name.get((parent_id, place.kind, place.name)))
        found = next((one for one in candidates if one is not None and one.id not in self._taken), None)
        if found is not None:
            self._taken.add(found.id)
        return found
