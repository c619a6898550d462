"""Records of a kind as the tie needs them, and what came of tying them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from twin.codes import get_kind
from twin.link.facts import Link, Unmatched, WorkItem
from twin.records.counters import clock_of
from twin.records.values import field_values
from twin.store import record_schema as schema
from twin.store.values import from_json

__all__ = ["RecordRow", "TiedRecords", "columns_of", "records_of"]

GLOBAL_ID_HEADERS = ("ExtIdentifier", "ExternalIdentifier", "ExternalFacilityIdentifier", "GlobalId", "构件标识")
"""Columns of a ledger beyond those of its kind that state a GlobalId: COBie has one in each sheet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRow:
    """A record: `values` by field, `extra` what its ledger says beyond them."""

    id: int
    key: str
    values: Mapping[str, Any]
    extra: Mapping[str, Any]

    @property
    def global_id(self) -> str:
        """The GlobalId that the ledger states for it; empty for none."""
        return next((str(self.extra[name]) for name in GLOBAL_ID_HEADERS if self.extra.get(name)), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class TiedRecords:
    """Links of records to features, and what a person must look at."""

    links: list[Link]
    items: list[WorkItem]
    unmatched: list[Unmatched]


def records_of(connection: Connection, kind_name: str) -> list[RecordRow]:
    """The records of a kind that readers see, ended ones left out."""
    kind, table = get_kind(kind_name), schema.kind_table(kind_name)
    now = clock_of(connection, kind_name)
    query = select(table).where(table.c.since <= now, table.c.until > now, table.c.ended.is_(None)).order_by(table.c.record_id)
    rows = [dict(row) for row in connection.execute(query).mappings()]
    return [
        RecordRow(id=row["record_id"], key=row["key"], values=values, extra=from_json(row["extra"]) if row["extra"] else {})
        for row, values in zip(rows, field_values(connection, kind, rows), strict=True)
    ]


def columns_of(connection: Connection, kind_name: str, *columns: str) -> list[dict[int, str]]:
    """Columns of text as their kind keeps them, of the records that readers see: each record id → what it says, where it says something."""
    table, now = schema.kind_table(kind_name), clock_of(connection, kind_name)
    query = select(table.c.record_id, *(table.c[column] for column in columns))
    rows = connection.execute(query.where(table.c.since <= now, table.c.until > now, table.c.ended.is_(None))).all()
    return [{row[0]: row[place] for row in rows if row[place]} for place in range(1, len(columns) + 1)]
