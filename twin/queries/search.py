"""The one search box: a few rooms, people, units, vehicles, buildings, devices and assets, each with what matched."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Text, cast, false, func, or_, select

from twin.codes import Column, ColumnType, RecordKind, fold, get_kind
from twin.queries.asset_filter import AssetFilter, find_assets
from twin.queries.records.context import Registers
from twin.queries.records.documents import PERSONS, place_document, record_href, shown
from twin.records.read import Record, page_of_records, records_where
from twin.records.scope import Reader, place_of, visible_conditions
from twin.records.search import search_words
from twin.records.stored import domain_of
from twin.store import record_schema as schema
from twin.store.record_schema import column_name

__all__ = ["SEARCHED", "search_everything"]

SEARCHED: dict[str, tuple[str, ...]] = {
    "room": ("code", "number", "name"),
    "person": ("code", "name"),
    "unit": ("code", "name", "short_name", "credit_code"),
    "vehicle": ("plate", "vin"),
    "building": ("code", "name"),
    "camera": ("code", "name", "device_id"),
    "gate": ("code", "name"),
    "guard_post": ("code", "name"),
    "zone": ("code", "name"),
    "perimeter_segment": ("code", "name", "sensor_id"),
}
"""Kind → the columns the box looks at; assets are asked through their columns."""
ASSET_COLUMNS = ("code", "name", "specification", "brand", "serial", "tag")
ESCAPE = "\\"


def search_everything(registers: Registers, q: str, reader: Reader, *, limit: int) -> dict[str, Any]:
    """At most `limit` of each kind, in the order of their keys; `more` says whether there are others."""
    words = search_words(q)
    groups: list[dict[str, Any]] = []
    if words:
        with registers.store.database.reading() as connection:
            for name, columns in SEARCHED.items():
                if name not in PERSONS or reader.persons:
                    groups.append(_group(registers, connection, get_kind(name), columns, words, reader, limit))
            groups.append(_assets(registers, connection, q, words, reader, limit))
    return {"q": q, "groups": [group for group in groups if group["records"]]}


def _group(
    registers: Registers, connection: Connection, kind: RecordKind, names: tuple[str, ...], words: list[str], reader: Reader, limit: int
) -> dict[str, Any]:
    columns = [column for column in kind.columns if column.name in names]
    conditions = [or_(*(_has(connection, kind, column, word) for column in columns)) for word in words]
    conditions += visible_conditions(kind, reader, registers.shelf.places(connection), registers.shelf.units(connection))
    records = page_of_records(connection, kind, limit=limit + 1, where=conditions)
    return _document(registers, connection, kind, records, columns, words, limit)


def _assets(registers: Registers, connection: Connection, q: str, words: list[str], reader: Reader, limit: int) -> dict[str, Any]:
    kind = get_kind("asset")
    view = registers.shelf.assets(connection)
    found = find_assets(connection, view, AssetFilter(q=q), reader, registers.texts)
    positions = range(min(limit + 1, len(view.columns))) if found is None else found[: limit + 1].tolist()
    ids = [int(view.columns.arrays["record"][position]) for position in positions]
    records = records_where(connection, kind, schema.kind_table("asset").c.record_id.in_(ids)) if ids else []
    columns = [column for column in kind.columns if column.name in ASSET_COLUMNS]
    return _document(registers, connection, kind, records, columns, words, limit)


def _has(connection: Connection, kind: RecordKind, column: Column, word: str) -> ColumnElement[bool]:
    """Whether the folded text of a column has the word; of texts that are not kept folded, the text with its Latin letters in one case."""
    stored = schema.kind_table(kind.name).c[column_name(column)]
    if column.interned:
        term = schema.term.c
        inside = term.folded.like(f"%{_escaped(fold(word))}%", escape=ESCAPE)
        return stored.in_(select(term.id).where(term.domain == domain_of(kind, column.name), inside))
    if column.type is not ColumnType.TEXT:
        return false()
    return func.lower(cast(stored, Text)).like(f"%{_escaped(fold(word))}%", escape=ESCAPE)


def _escaped(text: str) -> str:
    return "".join(f"{ESCAPE}{character}" if character in f"%_{ESCAPE}" else character for character in text)


def _document(
    registers: Registers,
    connection: Connection,
    kind: RecordKind,
    records: list[Record],
    columns: list[Column],
    words: list[str],
    limit: int,
) -> dict[str, Any]:
    places = registers.shelf.places(connection)
    entries = []
    for record in records[:limit]:
        matched = {
            column.name: shown(column, record.values[column.name])
            for column in columns
            if record.values[column.name] and any(fold(word) in fold(str(record.values[column.name])) for word in words)
        }
        title = record.values.get("name") or record.values.get("number") or record.key
        entries.append(
            {
                "id": record.id,
                "key": record.key,
                "href": record_href(kind, record.key),
                "title": title,
                "matched": matched,
                "place": place_document(places, place_of(kind, record, places)),
            }
        )
    return {"kind": kind.name, "zh": kind.zh, "en": kind.en, "records": entries, "more": len(records) > limit}
