"""What a reader may know of: told in one digest, so that a wider or narrower scope is noticed; and whether a record was in it before."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from sqlalchemy import Connection, select

from spatial.feature import DEVICES, PUBLIC
from twin.codes import RecordKind
from twin.queries.changes.position import Known
from twin.queries.items.catalogue import ItemReader
from twin.records.interning import digest_of
from twin.records.place_tree import NOWHERE, PlaceTree
from twin.records.read import Record
from twin.records.scope import Reader, owner_columns
from twin.records.stored import LOCATION, domain_of, joined
from twin.records.unit_tree import UnitTree
from twin.store import record_schema as schema
from twin.store.values import to_json

__all__ = ["ReaderScope", "scope_digest"]


def scope_digest(reader: ItemReader, places: PlaceTree, units: UnitTree, known: Known) -> str:
    """What of all there was by `known` the reader may know of, in 32 characters.

    It is another where the key, the tree of units, the reading of a text or of a location, or a label says otherwise than before of
    something that was there before: then what the reader holds may be too much or too little, and single changes do not tell it.
    """
    facts: list[Any] = [sorted(reader.sites), _sorted(reader.labels)]
    records = reader.records
    if records is not None:
        facts += [records.values, records.persons, _sorted(records.units)]
        if records.units is not None:
            permitted = units.permitted(records.units)
            facts += [sorted(one for one in permitted if one <= known.record)]
            facts += [sorted(term for term in units.terms_of(permitted) if term <= known.term)]
        if records.labels is not None:
            facts += _hidden(places, frozenset(records.labels), known)
    return hashlib.sha256(to_json(facts, canonical=True).encode()).hexdigest()[:32]


def _hidden(places: PlaceTree, labels: frozenset[str], known: Known) -> list[Any]:
    visible = places.visible(labels)
    records = sorted(record for record, at in places.by_record.items() if not visible[at] and record <= known.record)
    locations = places.location_position[: known.location + 1]
    placed = np.flatnonzero(locations != NOWHERE)
    hidden = placed[~visible[locations[placed]]] if len(visible) else placed
    return [records, hashlib.sha256(hidden.astype("<i8").tobytes()).hexdigest()]


def _sorted(names: frozenset[str] | None) -> list[str] | None:
    return None if names is None else sorted(names)


class ReaderScope:
    """Whether records of a kind were in a reader's scope with other values than they have now."""

    def __init__(self, connection: Connection, kind: RecordKind, reader: Reader, places: PlaceTree, units: UnitTree) -> None:
        self._connection, self._kind, self._reader, self._places, self._units = connection, kind, reader, places, units
        self._owners = owner_columns(kind) if reader.units is not None else []
        self._permitted = units.permitted(reader.units) if reader.units is not None else set()
        self._located = reader.labels is not None and bool(kind.parts("location"))
        self._labelled = reader.labels is not None and kind.name in DEVICES

    @property
    def fields(self) -> frozenset[str]:
        """The fields by which a record moves into the scope or out of it."""
        names = {column.name for column in self._owners}
        return frozenset(names | (set(LOCATION) if self._located else set()) | ({"label"} if self._labelled else set()))

    def held(self, record: Record, old: Mapping[str, Any]) -> bool:
        """Whether the record was in the scope when these fields said `old` and all others what they say now."""
        values = {**record.values, **old}
        return self._owned(values) and self._seen(values) and (not self._labelled or self._has_label(values))

    def _owned(self, values: Mapping[str, Any]) -> bool:
        if self._reader.units is None or not self._owners:
            return True
        named = (self._unit_of(column.name, values.get(column.name)) for column in self._owners)
        return any(unit in self._permitted for unit in named)

    def _unit_of(self, column: str, text: str | None) -> int | None:
        if text is None:
            return None
        term = schema.term.c
        query = select(term.id).where(term.digest == digest_of(domain_of(self._kind, column), text))
        found = self._connection.execute(query).scalar_one_or_none()
        return None if found is None else self._units.records.get(found)

    def _seen(self, values: Mapping[str, Any]) -> bool:
        if not self._located:
            return True
        location, key = schema.location.c, joined([str(values.get(part) or "") for part in LOCATION])
        found = self._connection.execute(select(location.id).where(location.digest == digest_of("location", key))).scalar_one_or_none()
        position = NOWHERE if found is None else self._places.place_of(None, found)
        return self._places.is_visible(position, self._reader.labels)

    def _has_label(self, values: Mapping[str, Any]) -> bool:
        assert self._reader.labels is not None
        return (values.get("label") or PUBLIC) in self._reader.labels
