"""`sortby` (OGC 24-030, draft of OGC API Features Part 8): the order of items, and pages that go on behind the last one of it.

Nulls come last in either direction; text is compared by bytes, on both databases. What ties is in the order of the collection, so
that each item has one place: a page goes on behind the values of its last item, wherever other items come and go meanwhile.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cmp_to_key
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from twin.errors import Invalid
from twin.queries.cql2 import Queryable, Queryables

__all__ = ["SORTED_AT_MOST", "Cursor", "SortBy", "SortKey", "parse_sortby", "place_key", "read_in_order", "read_sort", "require_few"]

SORTED_AT_MOST = 100_000
"""So many items are put in order for a page; of more by their id alone, which has an index."""
MOST_KEYS = 8
WHOLE = 2**63
PREFIX = "s."
SortKey = tuple[ColumnElement[Any], bool]
"""What is compared, and whether the greatest comes first."""


class SortBy(NamedTuple):
    """One name of `sortby`."""

    name: str
    descending: bool


def parse_sortby(text: str, sortables: Collection[str]) -> tuple[SortBy, ...]:
    """The names of `+name,-value` (`+` may be left out, and comes as a blank from who did not encode it). Raises Invalid.

    >>> parse_sortby("name,-value", ["name", "value"])
    (SortBy(name='name', descending=False), SortBy(name='value', descending=True))
    """
    found = []
    for part in text.split(","):
        name = part[1:] if part[:1] in ("+", "-", " ") else part
        if name not in sortables:
            raise _invalid(f"{name!r} is nothing to sort by", f"some of: {', '.join(sortables)}, each with + or - before it")
        found.append(SortBy(name, part.startswith("-")))
    if len({one.name for one in found}) < len(found) or len(found) > MOST_KEYS:
        raise _invalid("a name is given twice, or there are too many", f"each name once, at most {MOST_KEYS}")
    return tuple(found)


class Cursor(NamedTuple):
    """Where a sorted page ended: the values of its last item, that of its place in the collection last of all."""

    values: tuple[Any, ...]

    @property
    def text(self) -> str:
        """As `after` has it: letters, digits, `-` and `_` behind `s.`."""
        plain = json.dumps(self.values, ensure_ascii=False, separators=(",", ":")).encode()
        return PREFIX + base64.urlsafe_b64encode(plain).decode().rstrip("=")

    @classmethod
    def read(cls, text: str, count: int) -> Cursor | None:
        """Of `after`; None for the first page. Raises Invalid for what is of no page in this order."""
        if not text:
            return None
        body = text.removeprefix(PREFIX)
        try:
            values = json.loads(base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True))
        except (binascii.Error, ValueError, RecursionError):
            values = None
        if not text.startswith(PREFIX) or not isinstance(values, list) or len(values) != count or not all(map(_is_value, values)):
            hint = "follow the next link"
            raise Invalid(f"after={text[:80]!r} is of no page here", path="after", code="PARAMETER_INVALID", hint=hint)
        return cls(tuple(values))


def place_key(sort: Sequence[SortBy]) -> Callable[[str], Any]:
    """What puts texts of cursors of this order into it as the databases do: nulls last, text by code points, which is by bytes of UTF-8."""
    directions = [one.descending for one in sort] + [False]

    def compare(first: Sequence[Any], second: Sequence[Any]) -> int:
        for one, other, descending in zip(first, second, directions, strict=True):
            if one != other:
                before = other is None if one is None or other is None else (one < other) is not descending
                return -1 if before else 1
        return 0

    compared = cmp_to_key(compare)

    def key(text: str) -> Any:
        cursor = Cursor.read(text, len(directions))
        assert cursor is not None
        return compared(cursor.values)

    return key


def read_sort(sort: Sequence[SortBy], queryables: Queryables) -> list[SortKey]:
    """What is compared, in the database."""
    return [(_compared(queryables.get(one.name)), one.descending) for one in sort]


def read_in_order(
    connection: Connection, query: Select[Any], keys: Sequence[SortKey], cursor: Cursor | None, limit: int | None
) -> Iterator[tuple[Any, ...]]:
    """The rows of a query behind the cursor, each followed by the values of its keys; the last key tells all rows apart."""
    ordered = query.add_columns(*(key.label(f"sort_{at}") for at, (key, _) in enumerate(keys)))
    if cursor is not None:
        _require_types(keys, cursor)
        ordered = ordered.where(_behind(keys, cursor.values))
    order = [(key.desc() if descending else key.asc()).nulls_last() for key, descending in keys]
    for row in connection.execute(ordered.order_by(*order).limit(limit)):
        yield tuple(row)


def require_few(connection: Connection, query: Select[Any], what: str) -> None:
    """Raise Invalid where a query has more rows than are put in order for a page."""
    some = query.limit(SORTED_AT_MOST + 1).subquery()
    if int(connection.execute(select(func.count()).select_from(some)).scalar_one()) > SORTED_AT_MOST:
        raise _invalid(
            f"more than {SORTED_AT_MOST:,} of {what} match, which are not sorted for each page", "sort by id, or narrow with a filter"
        )


def _compared(queryable: Queryable) -> ColumnElement[Any]:
    if queryable.lookup is None:
        assert queryable.expression is not None
        return queryable.expression
    lookup = queryable.lookup
    return select(func.nullif(lookup.value, "", type_=lookup.value.type)).where(lookup.id == lookup.key).scalar_subquery()


def _behind(keys: Sequence[SortKey], values: Sequence[Any]) -> ColumnElement[bool]:
    """Behind in the first key in which it is not at the same place."""
    found = []
    same: list[ColumnElement[bool]] = []
    for (key, descending), value in zip(keys, values, strict=True):
        if value is not None:
            found.append(and_(*same, or_(key < value if descending else key > value, key.is_(None))))
        same.append(key.is_(None) if value is None else key == value)
    return or_(*found)


def _is_value(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)
    if isinstance(value, bool):
        return False
    return value is None or (isinstance(value, int | float) and math.isfinite(value) and abs(value) < WHOLE)


def _require_types(keys: Sequence[SortKey], cursor: Cursor) -> None:
    for (key, _), value in zip(keys, cursor.values, strict=True):
        textual = key.type.python_type is str
        if value is not None and isinstance(value, str) is not textual:
            raise Invalid("after is of no page in this order", path="after", code="PARAMETER_INVALID", hint="follow the next link")
    if cursor.values[-1] is None:
        raise Invalid("after is of no page in this order", path="after", code="PARAMETER_INVALID", hint="follow the next link")


def _invalid(what: str, hint: str) -> Invalid:
    return Invalid(f"sortby: {what}", path="sortby", code="PARAMETER_INVALID", hint=hint)
