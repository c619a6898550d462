"""A record as a document: values as kept (money in fen, dates in ISO form), with words where a code or a number needs them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any
from urllib.parse import quote

from twin.codes import Column, ColumnType, RecordKind, get_dictionary, get_kind
from twin.errors import Forbidden
from twin.records.place_tree import NOWHERE, PlaceTree
from twin.records.read import Record
from twin.records.scope import Reader, place_of
from twin.store.values import from_microseconds

__all__ = [
    "column_document",
    "money_words",
    "place_document",
    "record_document",
    "record_href",
    "require_persons",
    "shown",
    "withheld_columns",
    "words_of",
]

PERSONS = ("person", "driver", "guard", "visit")


def record_document(kind: RecordKind, record: Record, reader: Reader, places: PlaceTree) -> dict[str, Any]:
    """What a record says now. `withheld` names the columns that are not for this reader."""
    withheld = withheld_columns(kind, reader)
    columns = [column for column in kind.columns if column.name not in withheld]
    return {
        "id": record.id,
        "kind": kind.name,
        "key": record.key,
        "href": record_href(kind, record.key),
        "ended": record.ended,
        "values": {column.name: shown(column, record.values[column.name]) for column in columns},
        "words": {
            column.name: words
            for column in _worded(kind.name)
            if column.name not in withheld and (words := words_of(column, record.values[column.name]))
        },
        "extra": dict(record.extra) if reader.values else {},
        "withheld": withheld,
        "place": place_document(places, place_of(kind, record, places), record.row),
    }


def record_href(kind: RecordKind, key: str) -> str:
    """The address of a record; slashes and Chinese are percent-encoded."""
    return f"/{kind.plural}/{quote(key, safe='')}"


def place_document(places: PlaceTree, position: int, row: Mapping[str, Any] | None = None) -> dict[str, Any] | None:
    """A place with the way from the top to it; of an asset also how it was placed and where it stands (site metres)."""
    if position == NOWHERE:
        return None
    node = places.rows[position]
    found = {
        "id": node.id,
        "kind": node.kind,
        "name": node.name,
        "number": node.number,
        "feature": node.feature_id,
        "path": [
            {"id": step.id, "kind": step.kind, "name": step.name, "feature": step.feature_id}
            for step in (places.rows[at] for at in places.path(position))
        ],
    }
    if row is not None and "place_method" in row:
        spot = [row["x_m"], row["y_m"], row["z_m"]]
        found |= {"method": row["place_method"], "site_xyz": None if None in spot else spot}
    return found


def shown(column: Column, value: Any) -> Any:
    """A value as it leaves: instants as ISO text in UTC, everything else as it is kept."""
    if value is not None and column.type is ColumnType.INSTANT:
        return from_microseconds(value).isoformat()
    return value


def words_of(column: Column, value: Any) -> dict[str, str] | None:
    """The words of a code or of an amount in fen, None for what speaks for itself.

    >>> from twin.codes import get_kind
    >>> words_of(get_kind("asset").column("value"), 120050)["zh"]
    '1,200.50 元'
    """
    if value is None:
        return None
    if column.type is ColumnType.MONEY:
        return money_words(value)
    if column.type is ColumnType.ENUM:
        found = _value_words(column.dictionary, str(value))
        return {"zh": found[0], "en": found[1]} if found else None
    return None


@cache
def _worded(kind: str) -> tuple[Column, ...]:
    return tuple(column for column in get_kind(kind).columns if column.type in (ColumnType.MONEY, ColumnType.ENUM))


@lru_cache(maxsize=4096)
def _value_words(dictionary: str, code: str) -> tuple[str, str] | None:
    found = get_dictionary(dictionary).find(code)
    return (found.zh, found.en) if found else None


def money_words(fen: int) -> dict[str, str]:
    """An amount in words."""
    sign, whole = "-" if fen < 0 else "", abs(fen)
    yuan = f"{sign}{whole // 100:,}.{whole % 100:02d}"
    return {"zh": f"{yuan} 元", "en": f"CNY {yuan}"}


def column_document(column: Column) -> dict[str, Any]:
    """What a column is."""
    return {"name": column.name, "zh": column.zh, "en": column.en, "type": column.type.value, "unit": column.unit}


def withheld_columns(kind: RecordKind, reader: Reader) -> list[str]:
    """The columns of money where values are not for this reader."""
    return [] if reader.values else [column.name for column in kind.columns if column.type is ColumnType.MONEY]


def require_persons(kind: RecordKind, reader: Reader) -> None:
    """Raise Forbidden where a kind is about persons and those are not for this reader."""
    if kind.name in PERSONS and not reader.persons:
        raise Forbidden(f"{reader.name} may not read persons", path=kind.plural)
