"""Who a plate or a card at a gate is: the vehicle or person of the register, or the announced visit, for one reader."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Literal

from sqlalchemy import and_

from twin.codes import get_kind
from twin.codes.plate import normalise_plate
from twin.queries.records.context import Registers
from twin.queries.records.documents import PERSONS
from twin.records.read import records_where
from twin.records.scope import Reader, visible_conditions
from twin.store import record_schema as schema

__all__ = ["Subject", "who_passed", "with_who"]

Subject = Literal["vehicle", "person"]
AT_ONCE = 1000
SOURCES: Mapping[Subject, tuple[tuple[str, str, str], ...]] = {
    "vehicle": (("visit", "plate", "person"), ("vehicle", "plate", "name")),
    "person": (("visit", "card", "person"), ("person", "key", "name")),
}
"""Kinds of records, the column that a gate reads, and the one that says who it is; what comes later wins."""


def who_passed(registers: Registers, reader: Reader, subject: Subject, keys: Collection[str]) -> dict[str, dict[str, Any]]:
    """Key → `{kind, key, name}` of the records that stand and the reader may know of; of persons nothing for who may not read them."""
    found: dict[str, dict[str, Any]] = {}
    if not keys:
        return found
    with registers.store.database.reading() as connection:
        places, units = registers.shelf.places(connection), registers.shelf.units(connection)
        for name, column, title in SOURCES[subject]:
            if name in PERSONS and not reader.persons:
                continue
            kind, table = get_kind(name), schema.kind_table(name)
            visible = visible_conditions(kind, reader, places, units)
            for some in _some(sorted(keys)):
                for record in records_where(connection, kind, and_(table.c[column].in_(some), *visible)):
                    if record.ended is None:
                        said = record.key if column == "key" else str(record.values[column])
                        found[said] = {"kind": name, "key": record.key, "name": record.values.get(title)}
    return found


def with_who(registers: Registers, reader: Reader | None, subject: Subject, rows: Collection[dict[str, Any]], key: str = "key") -> None:
    """Write `who` (of `who_passed`, or None) into rows that name somebody by `key`; None for all where nobody reads records."""
    normal = {row[key]: normalise_plate(row[key]) if subject == "vehicle" else row[key] for row in rows}
    known = {} if reader is None else who_passed(registers, reader, subject, set(normal.values()))
    for row in rows:
        row["who"] = known.get(normal[row[key]])


def _some(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    return (keys[at : at + AT_ONCE] for at in range(0, len(keys), AT_ONCE))
