"""A value that a person or a program states for a field, checked before it is kept."""

import math
from collections.abc import Mapping
from datetime import date
from typing import Any

from twin.codes import Column, ColumnType, RecordKind, get_dictionary
from twin.errors import Invalid

__all__ = ["checked_values", "natural_key"]

MOST_CHARACTERS = 4_000
KEY_CHARACTERS = 200
WHOLE = 2**53


def checked_values(kind: RecordKind, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as they are kept; raises Invalid naming the field, what is wrong and what it may be.

    Money is whole fen, an enumerated field the code of its value, a date ISO text, an instant microseconds since 1970 UTC.
    """
    known = {column.name: column for column in kind.columns}
    unknown = [name for name in values if name not in known]
    if unknown:
        raise Invalid(f"a {kind.name} has no field {', '.join(unknown)}", path=unknown[0], hint=f"its fields: {', '.join(known)}")
    return {name: _checked(known[name], value) for name, value in values.items()}


def natural_key(kind: RecordKind, values: Mapping[str, Any]) -> str:
    """The key under which a record is found: the first set of its identity that is complete; raises Invalid where none is."""
    from twin.ledgers.keys import key_of

    key = key_of({name: str(value) for name, value in values.items() if value is not None}, kind)
    if key and len(key) <= KEY_CHARACTERS:
        return key
    sets = " or ".join(" + ".join(names) for names in kind.identity)
    raise Invalid(f"nothing tells which {kind.name} this is", path=kind.name, hint=f"state {sets}, at most {KEY_CHARACTERS} characters")


def _checked(column: Column, value: Any) -> Any:
    if value is None or value == "":
        if column.required:
            raise _wrong(column, "must not be empty")
        return None
    if column.type in (ColumnType.TEXT, ColumnType.TERM, ColumnType.REF):
        return _text(column, value)
    if column.type is ColumnType.ENUM:
        return _enumerated(column, value)
    if column.type in (ColumnType.INTEGER, ColumnType.MONEY, ColumnType.INSTANT):
        if not isinstance(value, int) or isinstance(value, bool) or abs(value) > WHOLE:
            raise _wrong(column, f"{value!r} is not a whole number{' of fen' if column.type is ColumnType.MONEY else ''}")
        return _within(column, value)
    if column.type is ColumnType.NUMBER:
        if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
            raise _wrong(column, f"{value!r} is not a number")
        return float(_within(column, value))
    if column.type is ColumnType.BOOLEAN:
        if not isinstance(value, bool):
            raise _wrong(column, f"{value!r} is neither true nor false")
        return value
    return _day(column, value)


def _within(column: Column, value: int | float) -> int | float:
    if not column.holds(value):
        raise _wrong(column, f"{value!r} is not within {column.low} to {column.high} {column.unit}".rstrip())
    return value


def _text(column: Column, value: Any) -> str:
    if not isinstance(value, str) or len(value) > MOST_CHARACTERS or "\x00" in value:
        raise _wrong(column, f"a text of at most {MOST_CHARACTERS} characters is wanted")
    return value.strip()


def _enumerated(column: Column, value: Any) -> str:
    dictionary = get_dictionary(column.dictionary)
    found = dictionary.find(value) if isinstance(value, str) else None
    if found is None:
        raise _wrong(column, f"{value!r} is not known; it may be {', '.join(f'{one.code} {one.zh}' for one in dictionary.values)}")
    return found.code


def _day(column: Column, value: Any) -> str:
    text = value if isinstance(value, str) else ""
    try:
        day = date.fromisoformat(f"{text}-01" if column.type is ColumnType.MONTH else text)
    except ValueError:
        form = "YYYY-MM" if column.type is ColumnType.MONTH else "YYYY-MM-DD"
        raise _wrong(column, f"{value!r} is not a date of the form {form}") from None
    return day.isoformat()[:7] if column.type is ColumnType.MONTH else day.isoformat()


def _wrong(column: Column, what: str) -> Invalid:
    return Invalid(f"{column.zh} ({column.name}): {what}", path=column.name, code="FIELD_INVALID")
