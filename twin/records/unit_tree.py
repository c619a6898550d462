"""Units with what lies below each, and the texts that name them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from twin.codes import get_kind
from twin.records.counters import clock_of
from twin.store import record_schema as schema

__all__ = ["UnitNode", "UnitTree", "load_units"]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitNode:
    """A unit: its record, key, name and the record of the unit above, None at the top or where that is not known."""

    record_id: int
    key: str
    name: str
    parent: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitTree:
    """All units; `records` is id of a term → record of the unit it names, for texts that are known to name one."""

    nodes: Mapping[int, UnitNode]
    by_key: Mapping[str, int]
    records: Mapping[int, int]
    children: Mapping[int | None, tuple[int, ...]] = field(default_factory=dict)

    def below(self, record_ids: Iterable[int]) -> set[int]:
        """These units and all below them; a circle of parents ends where it closes."""
        found: set[int] = set()
        waiting = [record for record in record_ids if record in self.nodes]
        while waiting:
            record = waiting.pop()
            if record not in found:
                found.add(record)
                waiting += self.children.get(record, ())
        return found

    def permitted(self, keys: Collection[str]) -> set[int]:
        """The records of the units with these keys and of all below them."""
        return self.below(self.by_key[key] for key in keys if key in self.by_key)

    def terms_of(self, record_ids: Collection[int]) -> list[int]:
        """The ids of the texts that name these units."""
        wanted = set(record_ids)
        return [term for term, record in self.records.items() if record in wanted]

    def above(self, record_id: int) -> tuple[str, ...]:
        """The keys of a unit and of those above it, from itself up."""
        found: dict[str, None] = {}
        here: int | None = record_id
        while here is not None and here in self.nodes and self.nodes[here].key not in found:
            found[self.nodes[here].key] = None
            here = self.nodes[here].parent
        return tuple(found)


def load_units(connection: Connection) -> UnitTree:
    """The units readers see. A text that nobody tied to a unit names the one whose key or credit code it is, exactly, or none."""
    table, now = schema.kind_table("unit"), clock_of(connection, "unit")
    name = select(schema.term.c.text).where(schema.term.c.id == table.c.name_id).scalar_subquery().label("name")
    query = select(table.c.record_id, table.c.key, table.c.credit_code, table.c.parent_id, name)
    visible = (table.c.since <= now, table.c.until > now, table.c.ended.is_(None))
    rows = list(connection.execute(query.where(*visible).order_by(table.c.key)))
    by_key: dict[str, int] = {row.key: row.record_id for row in rows}
    by_code = {row.credit_code: row.record_id for row in rows if row.credit_code} | by_key
    records = _named(connection, by_code, {row.record_id for row in rows})
    nodes = {
        row.record_id: UnitNode(record_id=row.record_id, key=row.key, name=row.name or row.key, parent=_parent(row, records))
        for row in rows
    }
    return UnitTree(nodes=nodes, by_key=by_key, records=records, children=_children(nodes.values()))


def _named(connection: Connection, by_code: Mapping[str, int], known: Collection[int]) -> dict[int, int]:
    term = schema.term.c
    found: dict[int, int] = {}
    for row in connection.execute(select(term.id, term.text, term.record_id).where(term.domain == get_kind("unit").name)):
        record: int | None = row.record_id if row.record_id is not None else by_code.get(row.text)
        if record is not None and record in known:
            found[row.id] = record
    return found


def _parent(row: Any, records: Mapping[int, int]) -> int | None:
    parent = records.get(row.parent_id) if row.parent_id is not None else None
    return None if parent == row.record_id else parent


def _children(nodes: Iterable[UnitNode]) -> dict[int | None, tuple[int, ...]]:
    found: dict[int | None, tuple[int, ...]] = {}
    for node in nodes:
        found[node.parent] = (*found.get(node.parent, ()), node.record_id)
    return found
