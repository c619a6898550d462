"""What a collection can be asked about: its queryables (OGC 19-079r2, "Queryables"), each with where its value is kept."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement

from twin.queries.cql2.errors import FilterInvalid

__all__ = ["Lookup", "Queryable", "Queryables", "ValueType"]


class ValueType(StrEnum):
    """The type of a value; `interval` is made by INTERVAL(…) alone, no queryable has it."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    INSTANT = "instant"
    INTERVAL = "interval"
    GEOMETRY = "geometry"
    ARRAY = "array"

    @property
    def numeric(self) -> bool:
        """Whether arithmetic takes it."""
        return self in {ValueType.INTEGER, ValueType.NUMBER}

    @property
    def temporal(self) -> bool:
        """Whether it is a day or an instant."""
        return self in {ValueType.DATE, ValueType.INSTANT}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lookup:
    """A text kept once, in another table: `key` of the collection is the `id` there, `value` is the text.

    `where` limits the rows that a key can point at; it is for speed alone (`term.domain == 'asset.brand'`).
    """

    key: ColumnElement[int]
    id: ColumnElement[int]
    value: ColumnElement[str]
    where: ColumnElement[bool] | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Queryable:
    """One property: `expression` is its value in the database, as `type` is stored there, or `lookup` where that is.

    Stored are: string as text, integer as integer, number as double, boolean as 0 and 1, date as ISO text, instant as
    microseconds since 1970 UTC, array as the text of a JSON array; of a geometry `expression` is what is null where there is none.
    `scale` is how many stored units the asked unit has: 100 where fen are stored and yuan are asked.
    """

    name: str
    type: ValueType
    expression: ColumnElement[Any] | None = None
    lookup: Lookup | None = None
    scale: int = 1
    unit: str = ""
    title_zh: str = ""
    title_en: str = ""

    def __post_init__(self) -> None:
        if (self.expression is None) == (self.lookup is None) or self.type is ValueType.INTERVAL:
            raise ValueError(f"{self.name}: either an expression or a lookup, and no interval")


class Queryables:
    """The queryables of one collection, by name.

    `key` is a column of unique integers of its rows; `where` what limits a table to the rows of the collection: conditions on
    several properties at once may be answered by the keys that hold, looked for among those rows.
    """

    def __init__(self, *items: Queryable, key: ColumnElement[int], where: ColumnElement[bool] | None = None) -> None:
        self.key = key
        self.where = where
        self._items = {item.name: item for item in items}

    def __iter__(self) -> Iterator[Queryable]:
        return iter(self._items.values())

    def get(self, name: str) -> Queryable:
        """The queryable of that name; raises FilterInvalid, with names that come near."""
        if name in self._items:
            return self._items[name]
        near = difflib.get_close_matches(name, self._items, n=3) or list(self._items)[:10]
        raise FilterInvalid(f"there is no property {name!r} here", path=name[:80], hint=f"is it {', '.join(near)}?" if near else "")

    def replaced(self, item: Queryable, key: ColumnElement[int], where: ColumnElement[bool] | None) -> "Queryables":
        """The same with one queryable of another source, whose rows have another key."""
        return Queryables(*{**self._items, item.name: item}.values(), key=key, where=where)
