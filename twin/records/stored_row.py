"""From what a record says to its row: field → value in, column of the table → stored value out."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from sqlalchemy import Connection

from twin.codes import RecordKind
from twin.records.interning import intern
from twin.records.stored import ARTICLE, LOCATION, SEPARATOR, domain_of, joined
from twin.store.record_schema import column_name

__all__ = ["stored_row"]


def stored_row(connection: Connection, kind: RecordKind, values: Mapping[str, Any], only: Container[str] | None = None) -> dict[str, Any]:
    """The columns of the table, or those of `only`, as these values of all fields make them; texts nobody said before get their ids."""
    found: dict[str, Any] = {}
    for column in kind.columns:
        name = column_name(column)
        if only is not None and name not in only:
            continue
        value = values[column.name]
        if column.part and name not in found:
            order = ARTICLE if column.part == "article" else LOCATION
            key = joined([str(values.get(part) or "") for part in order])
            found[name] = intern(connection, column.part, [key], {})[key] if key.strip(SEPARATOR) else None
        elif column.part:
            continue
        elif column.interned:
            found[name] = None if value is None else intern(connection, domain_of(kind, column.name), [value], {})[value]
        else:
            found[name] = int(value) if isinstance(value, bool) else value
    return found
