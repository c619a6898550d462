"""The kinds of records and their columns, as rows of `twin/codes/kinds/*.toml`.

Types of a column, and how a value of it is kept:

| type | kept as |
|---|---|
| text | text, as written but for outer blanks and full-width forms |
| term | the same, written once for all rows that say it (low variety: names, places, models) |
| ref | a term that names a record of the kind `references` |
| enum | the code of a value of the dictionary |
| integer, number | number in the column's `unit` |
| money | whole fen |
| date, month | ISO text, `2024-11-24`, `2024-11` |
| instant | microseconds since 1970 UTC |
| boolean | 0 or 1 |
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

__all__ = ["Column", "ColumnType", "RecordKind", "get_kind", "kind_from", "list_kinds"]


class ColumnType(StrEnum):
    """How a value is read and kept."""

    TEXT = "text"
    TERM = "term"
    REF = "ref"
    ENUM = "enum"
    INTEGER = "integer"
    NUMBER = "number"
    MONEY = "money"
    DATE = "date"
    MONTH = "month"
    INSTANT = "instant"
    BOOLEAN = "boolean"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a kind: names in Chinese and English, the headers of ledgers that mean it, how it is read and checked.

    `unit` is that of the stored number. `part` names what several columns describe together and rows share: `article` (what
    an asset is) or `location` (where, as written). `search`: found by any two characters that follow one another.
    `part_of` is the column of the number that this one is a part of, so that it cannot be larger; `low` and `high` are the least
    and most it may be, in its unit.
    """

    name: str
    zh: str
    en: str
    type: ColumnType
    aliases: tuple[str, ...] = ()
    unit: str = ""
    dictionary: str = ""
    references: str = ""
    check: str = ""
    normalise: str = ""
    part: str = ""
    part_of: str = ""
    low: float | None = None
    high: float | None = None
    search: bool = False
    required: bool = False

    @property
    def interned(self) -> bool:
        """Whether rows hold the id of a term instead of the text."""
        return self.type in (ColumnType.TERM, ColumnType.REF)

    def holds(self, number: float) -> bool:
        """Whether a number lies between `low` and `high`, both of which it may be."""
        return (self.low is None or number >= self.low) and (self.high is None or number <= self.high)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordKind:
    """A kind of records: `identity` lists the sets of columns that name a record, the first complete one counts."""

    name: str
    plural: str
    zh: str
    en: str
    identity: tuple[tuple[str, ...], ...]
    columns: tuple[Column, ...]

    def parts(self, part: str) -> tuple[Column, ...]:
        """The columns that describe the article or the location."""
        return tuple(column for column in self.columns if column.part == part)

    def column(self, name: str) -> Column:
        """The column of that name; raises KeyError."""
        return _by_name(self)[name]


@cache
def list_kinds() -> tuple[RecordKind, ...]:
    """Every kind, by name."""
    folder = files("twin.codes") / "kinds"
    found = (entry for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return tuple(kind_from(tomllib.loads(entry.read_text("utf-8"))) for entry in sorted(found, key=lambda entry: entry.name))


def get_kind(name: str) -> RecordKind:
    """The kind of that name; raises KeyError.

    >>> get_kind("room").column("usable_area").unit
    'm2'
    """
    return _kinds_by_name()[name]


@cache
def _kinds_by_name() -> Mapping[str, RecordKind]:
    return MappingProxyType({kind.name: kind for kind in list_kinds()})


@cache
def _by_name(kind: RecordKind) -> Mapping[str, Column]:
    return MappingProxyType({column.name: column for column in kind.columns})


def kind_from(table: Mapping[str, Any]) -> RecordKind:
    """A kind from the table of its file; one outside `kinds` names what is read and never stored as a record."""
    return RecordKind(
        name=table["name"],
        plural=table["plural"],
        zh=table["zh"],
        en=table["en"],
        identity=tuple(map(tuple, table["identity"])),
        columns=tuple(_column(row) for row in table["columns"]),
    )


def _column(row: Mapping[str, Any]) -> Column:
    return Column(**{**row, "type": ColumnType(row["type"]), "aliases": tuple(row.get("aliases", ()))})
