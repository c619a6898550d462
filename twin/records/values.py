"""From stored rows to what they say: field → value, with texts, articles and locations put back."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, select

from twin.codes import RecordKind
from twin.codes.kind import ColumnType
from twin.records.stored import ARTICLE, LOCATION
from twin.store import record_schema as schema
from twin.store.record_schema import column_name

__all__ = ["field_values", "texts_of"]

PART_TABLES: dict[str, tuple[Table, tuple[str, ...]]] = {"article": (schema.article, ARTICLE), "location": (schema.location, LOCATION)}
AT_ONCE = 500


def field_values(
    connection: Connection, kind: RecordKind, rows: Sequence[Mapping[str, Any]], *, only: Container[str] | None = None
) -> list[dict[str, Any]]:
    """What each stored row says: every column of the kind → text, number, money in fen, ISO date, microseconds, bool or None.

    With `only`, of those fields that these columns of the table hold.
    """
    chosen = [column for column in kind.columns if only is None or column_name(column) in only]
    columns = [(column, column_name(column)) for column in chosen if not column.part]
    interned = [name for column, name in columns if column.interned]
    booleans = [column.name for column, _ in columns if column.type is ColumnType.BOOLEAN]
    terms: dict[Any, str | None] = {None: None, **texts_of(connection, {row[name] for name in interned for row in rows})}
    parts = {
        part: _parts_of(connection, part, {row[f"{part}_id"] for row in rows}) for part in {column.part for column in chosen if column.part}
    }
    of_part = [(column.name, f"{column.part}_id", parts[column.part]) for column in chosen if column.part]
    plain = [(column.name, name) for column, name in columns if not column.interned]
    texts = [(column.name, name) for column, name in columns if column.interned]
    order = dict.fromkeys(column.name for column in chosen)
    found: list[dict[str, Any]] = []
    for row in rows:
        values: dict[str, Any] = dict(order)
        for field, name in plain:
            values[field] = row[name]
        for field, name in texts:
            values[field] = terms[row[name]]
        for field, name, known in of_part:
            values[field] = known.get(row[name], {}).get(field) or None
        for field in booleans:
            values[field] = None if values[field] is None else bool(values[field])
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
