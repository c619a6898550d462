"""Imports of ledgers as whoever answers for them sees them: what was wrong with which line, and what the file no longer has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from sqlalchemy import ColumnElement, Connection, select

from twin.codes import get_kind, list_kinds
from twin.errors import Forbidden, Invalid, NotFound
from twin.queries.records.context import Registers
from twin.queries.records.documents import PERSONS, record_href, withheld_columns
from twin.records.scope import Reader
from twin.store import record_schema as schema
from twin.store.values import from_json, from_microseconds

__all__ = ["find_import", "import_findings", "import_page", "vanished_page"]

REVISION, ISSUE, ASIDE, GONE = schema.register_revision.c, schema.register_issue.c, schema.register_quarantine.c, schema.vanished.c
SEEN = ("current", "sweeping", "superseded")
"""Status of an import whose end readers have seen."""


def import_page(registers: Registers, reader: Reader, *, kind: str | None = None, after: int | None, limit: int) -> dict[str, Any]:
    """At most `limit` imports, newest first, with their counts and notes; `after` is the id of the last one seen. Raises Forbidden.

    Of the kinds that are wholly for this reader.
    """
    kinds = _readable(reader)
    wanted: list[ColumnElement[bool]] = [REVISION.status.in_(SEEN), REVISION.kind.in_([kind] if kind else kinds)]
    wanted += [REVISION.id < after] if after is not None else []
    if kind is not None and kind not in kinds:
        _refuse(reader)
    query = select(schema.register_revision).where(*wanted).order_by(REVISION.id.desc()).limit(limit + 1)
    with registers.store.database.reading() as connection:
        rows = [dict(row) for row in connection.execute(query).mappings()]
    return {"imports": [_document(row) for row in rows[:limit]], "next": rows[limit - 1]["id"] if len(rows) > limit else None}


def find_import(registers: Registers, reader: Reader, name: str) -> int:
    """The id of an import by the name its document has (`asset/asset@3`); a kind alone is its newest. Raises NotFound, Forbidden."""
    kinds = _readable(reader)
    ledger, at, number = name.rpartition("@")
    kind, _, source = (ledger or name).partition("/")
    if kind not in kinds and any(kind == one.name for one in list_kinds()):
        _refuse(reader)
    wanted = [REVISION.kind == kind, REVISION.status.in_(SEEN)]
    wanted += [REVISION.source == source] if source else []
    wanted += [REVISION.number == int(number)] if at and number.isdecimal() else []
    query = select(REVISION.id).where(*wanted).order_by(REVISION.id.desc()).limit(1)
    with registers.store.database.reading() as connection:
        found = connection.execute(query).scalar_one_or_none()
    if found is None or (at and not number.isdecimal()):
        raise NotFound(f"there is no import {name}", path=name)
    return int(found)


def import_findings(
    registers: Registers,
    reader: Reader,
    import_id: int,
    *,
    codes: Sequence[str] = (),
    put_aside: bool | None = None,
    after: str | None,
    limit: int,
) -> dict[str, Any]:
    """At most `limit` findings of an import after the token `after`: first the rows put aside, then the cells, in the order of reading.

    Each with its line; what was put aside has its `cells` as they stood there (None for who may not read values), all others the
    record they are of. `put_aside`: only those rows, or only cells. Raises NotFound, Forbidden, Invalid.
    """
    part, ordinal = _after(after)
    with registers.store.database.reading() as connection:
        revision = _revision(connection, reader, import_id)
        found: list[dict[str, Any]] = []
        if part == "aside":
            if put_aside is not False:
                found = _put_aside(connection, import_id, codes, ordinal, limit + 1, cells=reader.values)
            ordinal = -1
        if len(found) <= limit and put_aside is not True:
            found += _of_cells(connection, revision["kind"], import_id, codes, ordinal, limit + 1 - len(found))
    here = found[:limit]
    return {
        "import": _document(revision),
        "numberReturned": len(here),
        "findings": [{name: value for name, value in one.items() if name != "token"} for one in here],
        "next": here[-1]["token"] if len(found) > limit else None,
    }


def vanished_page(registers: Registers, reader: Reader, import_id: int, *, after: int | None, limit: int) -> dict[str, Any]:
    """At most `limit` records that were of the ledger before and no longer are; they stay. Raises NotFound, Forbidden."""
    query = select(GONE.record_id).where(GONE.revision_id == import_id, GONE.record_id > (after or -1))
    with registers.store.database.reading() as connection:
        revision = _revision(connection, reader, import_id)
        records = [int(record) for record in connection.execute(query.order_by(GONE.record_id).limit(limit + 1)).scalars()]
        keys = _keys(connection, revision["kind"], records[:limit])
    return {
        "import": _document(revision),
        "records": [_record(revision["kind"], keys.get(record)) for record in records[:limit]],
        "next": records[limit - 1] if len(records) > limit else None,
    }


def _readable(reader: Reader) -> tuple[str, ...]:
    """The kinds of ledgers of which nothing is hidden from this reader; raises Forbidden for none.

    A row that nobody could read may be anybody's: it is for who sees all units and labels.
    """
    kinds = [kind for kind in list_kinds() if reader.sees_all and (reader.persons or kind.name not in PERSONS)]
    found = tuple(kind.name for kind in kinds if not withheld_columns(kind, reader))
    if not found:
        _refuse(reader)
    return found


def _refuse(reader: Reader) -> NoReturn:
    raise Forbidden(f"{reader.name} sees part of the registers, and a ledger is whole", path="imports")


def _after(token: str | None) -> tuple[str, int]:
    part, colon, number = (token or "aside:-1").partition(":")
    if part not in ("aside", "cell") or not colon or not number.removeprefix("-").isdecimal():
        raise Invalid(f"{token!r} is no token of a page", path="after", code="FILTER_INVALID", hint="take it from `next`")
    return part, int(number)


def _revision(connection: Connection, reader: Reader, import_id: int) -> Mapping[str, Any]:
    kinds = _readable(reader)
    query = select(schema.register_revision).where(REVISION.id == import_id, REVISION.status.in_(SEEN))
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound(f"there is no import {import_id}", path=str(import_id))
    if row["kind"] not in kinds:
        _refuse(reader)
    return dict(row)


def _put_aside(
    connection: Connection, import_id: int, codes: Sequence[str], after: int, limit: int, *, cells: bool
) -> list[dict[str, Any]]:
    wanted = [ASIDE.revision_id == import_id, ASIDE.ordinal > after] + ([ASIDE.code.in_(codes)] if codes else [])
    rows = connection.execute(select(schema.register_quarantine).where(*wanted).order_by(ASIDE.ordinal).limit(limit))
    return [
        {
            "token": f"aside:{row.ordinal}",
            "line": row.line,
            "code": row.code,
            "message": row.message,
            "put_aside": True,
            "cells": from_json(row.cells) if cells else None,
            "record": None,
            "column": None,
            "value": None,
            "severity": "error",
        }
        for row in rows
    ]


def _of_cells(connection: Connection, kind: str, import_id: int, codes: Sequence[str], after: int, limit: int) -> list[dict[str, Any]]:
    wanted = [ISSUE.revision_id == import_id, ISSUE.ordinal > after] + ([ISSUE.code.in_(codes)] if codes else [])
    rows = list(connection.execute(select(schema.register_issue).where(*wanted).order_by(ISSUE.ordinal).limit(limit)))
    keys = _keys(connection, kind, [row.record_id for row in rows])
    return [
        {
            "token": f"cell:{row.ordinal}",
            "line": row.line,
            "code": row.code,
            "message": row.message,
            "put_aside": False,
            "cells": None,
            "record": _record(kind, keys.get(row.record_id)),
            "column": row.field,
            "value": row.value,
            "severity": row.severity,
        }
        for row in rows
    ]


def _keys(connection: Connection, kind: str, records: Sequence[int]) -> dict[int, str]:
    table = schema.kind_table(kind).c
    query = select(table.record_id, table.key).where(table.record_id.in_(sorted(set(records))))
    return {row.record_id: row.key for row in connection.execute(query)} if records else {}


def _record(kind: str, key: str | None) -> dict[str, Any]:
    return {"kind": kind, "key": key, "href": record_href(get_kind(kind), key) if key is not None else None}


def _document(row: Mapping[str, Any]) -> dict[str, Any]:
    counts, facts = from_json(row["counts"]), from_json(row["facts"])
    return {
        "id": row["id"],
        "revision": f"{row['kind']}/{row['source']}@{row['number']}",
        "kind": row["kind"],
        "source": row["source"],
        "file": row["file"],
        "sha256": row["sha256"],
        "as_of": row["as_of"],
        "who": row["who"],
        "recorded_at": from_microseconds(row["recorded_us"]).isoformat(),
        "current": row["status"] != "superseded",
        "counts": {name: counts[name] for name in ("rows", "new", "changed", "unchanged", "quarantined", "vanished")},
        "issues": counts["issues"],
        "notes": facts["issues"],
    }
