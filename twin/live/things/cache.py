"""The entities of the file in memory, brought up to date with what changed: all but observations, which are too many."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping, Sequence

from twin.live.things.entity import Entity, Id, id_order
from twin.live.things.store import ThingStore
from twin.live.things.types import TYPES

__all__ = ["EntityCache", "Entities"]


class Entities:
    """Entities of one state: by type and id, and by what they are linked to. Read only."""

    def __init__(self, changed: int, by_type: Mapping[str, Mapping[Id, Entity]]) -> None:
        self.changed = changed
        self._by_type = by_type
        self._sorted: dict[str, Sequence[Entity]] = {}
        self._back: dict[tuple[str, str], Mapping[Id, Sequence[Id]]] = {}

    def find(self, kind: str, name: Id) -> Entity | None:
        """The entity of an id."""
        return self._by_type.get(kind, {}).get(name)

    def all(self, kind: str) -> Sequence[Entity]:
        """Every entity of a type, in the order of ids."""
        if kind not in self._sorted:
            self._sorted[kind] = sorted(self._by_type.get(kind, {}).values(), key=lambda one: id_order(one.id))
        return self._sorted[kind]

    def linking(self, kind: str, way: str, name: Id) -> Sequence[Id]:
        """The ids of the entities of a type that name this id under a navigation property, in their order."""
        if (kind, way) not in self._back:
            self._back[kind, way] = _linked(self.all(kind), way)
        return self._back[kind, way].get(name, ())

    def with_rows(self, changed: int, rows: Iterable[Entity | tuple[str, Id]]) -> Entities:
        """These entities with others in their places, or (type, id) gone."""
        by_type = dict(self._by_type)
        touched: set[str] = set()
        for row in rows:
            kind, name = (row.type, row.id) if isinstance(row, Entity) else row
            if kind not in touched:
                by_type[kind] = dict(by_type.get(kind, {}))
                touched.add(kind)
            table = by_type[kind]
            assert isinstance(table, dict)
            if isinstance(row, Entity):
                table[name] = row
            else:
                table.pop(name, None)
        made = Entities(changed, by_type)
        made._sorted = {kind: value for kind, value in self._sorted.items() if kind not in touched}
        made._back = {key: value for key, value in self._back.items() if key[0] not in touched}
        return made


class EntityCache:
    """Gives the entities of the newest state; what changed since the last time is read, no more. One for all threads."""

    def __init__(self, store: ThingStore) -> None:
        self.store = store
        self._known = Entities(0, {kind: {} for kind in TYPES})
        self._lock = threading.Lock()

    def now(self) -> Entities:
        """The entities as they are; raises StoreUnavailable."""
        with self._lock:
            query = "SELECT type, id, site, label, body, links, changed FROM entity WHERE changed > ? ORDER BY changed"
            with self.store.reading() as connection:
                rows = connection.execute(query, (self._known.changed,)).fetchall()
            if rows:
                self._known = self._known.with_rows(int(rows[-1][6]), map(_entity, rows))
            return self._known


def _entity(row: tuple[str, Id, str | None, str | None, str | None, str, int]) -> Entity | tuple[str, Id]:
    kind, name, site, label, body, links, _ = row
    if body is None:
        return (kind, name)
    said = {way: tuple(ids) if isinstance(ids, list) else ids for way, ids in json.loads(links).items()}
    return Entity(type=kind, id=name, site=site, label=label, body=json.loads(body), links=said)


def _linked(entities: Sequence[Entity], way: str) -> Mapping[Id, Sequence[Id]]:
    found: dict[Id, list[Id]] = {}
    for one in entities:
        said = one.links.get(way, ())
        for name in said if isinstance(said, tuple) else (said,):
            found.setdefault(name, []).append(one.id)
    return found
