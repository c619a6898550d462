"""From stored rows to what they say: field → value, with texts, articles and locations put back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, select

from twin.codes import RecordKind
from twin.codes.kind import ColumnType
from twin.records.interning import ARTICLE, LOCATION
from twin.store import record_schema as schema
from twin.store.record_schema import column_name

__all__ = ["field_values", "texts_of"]

PART_TABLES: dict[str, tuple[Table, tuple[str, ...]]] = {"article": (schema.article, ARTICLE), "location": (schema.location, LOCATION)}
AT_ONCE = 500


def field_values(connection: Connection, kind: RecordKind, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What each stored row says: every column of the kind → text, number, money in fen, ISO date, microseconds, bool or None."""
    terms = texts_of(
        connection, {row[column_name(column)] for row in rows for column in kind.columns if column.interned and not column.part}
    )
    parts = {part: _parts_of(connection, part, {row[f"{part}_id"] for row in rows}) for part in PART_TABLES if kind.parts(part)}
    found: list[dict[str, Any]] = []
    for row in rows:
        values: dict[str, Any] = {}
        for column in kind.columns:
            stored = row[column_name(column)]
            if column.part:
                values[column.name] = parts[column.part].get(stored, {}).get(column.name) or None
            elif stored is None:
                values[column.name] = None
            elif column.interned:
                values[column.name] = terms[stored]
            else:
                values[column.name] = bool(stored) if column.type is ColumnType.BOOLEAN else stored
        found.append(values)
    return found


def texts_of(connection: Connection, ids: Iterable[int | None]) -> dict[int, str]:
    """Id of a term → its text."""
    found: dict[int, str] = {}
    wanted = sorted({one for one in ids if one is not None})
    for start in range(0, len(wanted), AT_ONCE):
        query = select(schema.term.c.id, schema.term.c.text).where(schema.term.c.id.in_(wanted[start : start + AT_ONCE]))
        found.update((int(row.id), row.text) for row in connection.execute(query))
    return found


def _parts_of(connection: Connection, part: str, ids: Iterable[int | None]) -> dict[int, dict[str, str]]:
    table, names = PART_TABLES[part]
    found: dict[int, dict[str, str]] = {}
    wanted = sorted({one for one in ids if one is not None})
    for start in range(0, len(wanted), AT_ONCE):
        query = select(table).where(table.c.id.in_(wanted[start : start + AT_ONCE]))
        for row in connection.execute(query).mappings():
            found[int(row["id"])] = {name: row[name] for name in names}
    return found
