"""What a reader may know of, as conditions on the tables of records: labels of places, units and all below them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, bindparam, false, func, literal, or_, select

from spatial.feature import DEVICES, PUBLIC
from twin.auth import Labels, Units
from twin.codes import Column, ColumnType, RecordKind
from twin.records.place_tree import NOWHERE, PlaceTree
from twin.records.read import Record
from twin.records.unit_tree import UnitTree
from twin.store import record_schema as schema
from twin.store import schema as scene
from twin.store.record_schema import column_name

__all__ = ["Reader", "one_of", "owner_columns", "owners_of", "place_of", "visible_conditions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who reads: labels and units they may know of (None: all), whether the person and value columns are for them."""

    name: str
    labels: Labels = None
    units: Units = None
    persons: bool = True
    values: bool = True

    @property
    def sees_all(self) -> bool:
        """Whether no record is hidden from this reader."""
        return self.labels is None and self.units is None


def owner_columns(kind: RecordKind) -> list[Column]:
    """The columns that say which units a record belongs to; none for units, which belong to themselves."""
    return [] if kind.name == "unit" else [column for column in kind.columns if column.references == "unit"]


def owners_of(kind: RecordKind, record: Record, units: UnitTree) -> list[int]:
    """The records of the units a record belongs to."""
    if kind.name == "unit":
        return [record.id]
    said = [units.records.get(record.row[column_name(column)]) for column in owner_columns(kind)]
    return [unit for unit in dict.fromkeys(said) if unit is not None]


def place_of(kind: RecordKind, record: Record, places: PlaceTree) -> int:
    """The position in the tree where a record is, or which it is itself; `NOWHERE` for none."""
    if record.id in places.by_record:
        return places.by_record[record.id]
    if "location_id" not in record.row:
        return NOWHERE
    return places.place_of(record.row["place_id"], record.row["location_id"])


def visible_conditions(kind: RecordKind, reader: Reader, places: PlaceTree, units: UnitTree) -> list[ColumnElement[bool]]:
    """The conditions on the table of a kind that leave out what the reader may not know of."""
    table = schema.kind_table(kind.name)
    found: list[ColumnElement[bool]] = []
    if reader.units is not None:
        found.append(_of_units(kind, table, units, units.permitted(reader.units)))
    if reader.labels is not None:
        found += _of_labels(kind, table, reader.labels, places)
    return found


def one_of(column: ColumnElement[int], numbers: Iterable[int]) -> ColumnElement[bool]:
    """`column IN (numbers)`, however many: they are written into the statement, whose parameters both databases limit."""
    wanted = sorted(set(numbers))
    return column.in_(bindparam(None, wanted, expanding=True, literal_execute=True)) if wanted else false()


def _of_units(kind: RecordKind, table: Table, units: UnitTree, permitted: Collection[int]) -> ColumnElement[bool]:
    if kind.name == "unit":
        return one_of(table.c.record_id, permitted)
    terms = units.terms_of(permitted)
    return or_(false(), *(one_of(table.c[column_name(column)], terms) for column in owner_columns(kind)))


def _of_labels(kind: RecordKind, table: Table, labels: Collection[str], places: PlaceTree) -> list[ColumnElement[bool]]:
    """A record that is a hidden place or lies in one is left out; one that has no place is public."""
    visible = places.visible(frozenset(labels))
    hidden = [row for row, seen in zip(places.rows, visible, strict=True) if not seen]
    found = [~one_of(table.c.record_id, (row.record_id for row in hidden if row.record_id is not None))]
    if kind.parts("location"):
        said = select(schema.location.c.place_id).where(schema.location.c.id == table.c.location_id).scalar_subquery()
        at = func.coalesce(table.c.place_id, said, 0)
        known = {row.id for row in places.rows}
        found.append(~one_of(at, (row.id for row in hidden)))
        if PUBLIC not in labels:
            found.append(one_of(at, known))
    elif PUBLIC not in labels and kind.name in ("room", "building"):
        found.append(one_of(table.c.record_id, places.by_record))
    if kind.name in DEVICES:
        found.append(_of_device_labels(kind, table, labels))
    for column in kind.columns:
        if column.references == "building" and column.type is ColumnType.REF and kind.name in ("room", "title"):
            buildings = one_of(schema.term.c.record_id, (row.record_id for row in hidden if row.record_id is not None))
            terms = select(schema.term.c.id).where(schema.term.c.domain == "building", buildings)
            mine = table.c[column_name(column)]
            found.append(or_(mine.is_(None), mine.not_in(terms)))
    return found


def _of_device_labels(kind: RecordKind, table: Table, labels: Collection[str]) -> ColumnElement[bool]:
    """A device is seen where its feature is, and where nobody knows its place where its record says so; one that has neither a
    feature nor a label of its own is for those alone who see every label."""
    named = literal(f"{kind.name}:") + table.c.key
    own = table.c.label
    seen, hidden = _device_features(kind, labels, seen=True), _device_features(kind, labels, seen=False)
    return and_(named.not_in(hidden), or_(own.is_(None), own.in_(sorted(labels))), or_(named.in_(seen), own.is_not(None)))


def _device_features(kind: RecordKind, labels: Collection[str], *, seen: bool) -> Select[Any]:
    """The ids of the current features of a kind of devices whose labels are permitted, or are not."""
    feature, identity, model = scene.feature.c, scene.identity.c, scene.model.c
    permitted = feature.label.in_(sorted(labels))
    return (
        select(identity.feature_id)
        .join(scene.feature, feature.identity_id == identity.id)
        .join(scene.model, model.id == feature.model_id)
        .where(model.key == kind.name, feature.revision_to.is_(None), permitted if seen else ~permitted)
    )
