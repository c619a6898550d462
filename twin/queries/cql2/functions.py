"""The functions of a filter as rows: name, types of the arguments, type of the result, and what it is in Python.

`in_database` builds the same in SQL where both databases agree with Python to the last bit; else values are asked for and computed.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, func

from twin.queries.cql2.instants import date_of
from twin.queries.cql2.queryables import ValueType

__all__ = ["FUNCTIONS", "Day", "Function", "Instant"]

TEMPORAL = frozenset({ValueType.DATE, ValueType.INSTANT})
NUMERIC = frozenset({ValueType.INTEGER, ValueType.NUMBER})
STRING = frozenset({ValueType.STRING})


class Day(str):
    """A day as ISO text, told from a text."""

    __slots__ = ()


class Instant(int):
    """Microseconds since 1970 UTC, told from a number."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Function:
    """One function. `compute` is asked with values that are not null; what it gives for others is null."""

    name: str
    args: tuple[frozenset[ValueType], ...]
    result: ValueType
    compute: Callable[..., Any]
    meaning: str
    in_database: Callable[..., ColumnElement[Any]] | None = None


def _round(value: float) -> int:
    """To the nearest integer, halves away from zero, as people round."""
    whole = math.floor(abs(value))
    return int(math.copysign(whole + (abs(value) - whole >= 0.5), value))


def _part(start: int, end: int) -> Callable[[Day | Instant], int | None]:
    def part(value: Day | Instant) -> int | None:
        digits = (date_of(value) if isinstance(value, Instant) else value)[start:end]
        return int(digits) if digits.isascii() and digits.isdecimal() else None

    return part


_ROWS = (
    Function("lower", (STRING,), ValueType.STRING, str.lower, "the text in small letters (Unicode)"),
    Function("upper", (STRING,), ValueType.STRING, str.upper, "the text in capitals (Unicode)"),
    Function("length", (STRING,), ValueType.INTEGER, len, "how many characters a text has", func.length),
    Function("abs", (NUMERIC,), ValueType.NUMBER, lambda value: abs(float(value)), "a number without its sign"),
    Function("floor", (NUMERIC,), ValueType.INTEGER, math.floor, "the largest integer that is not above"),
    Function("ceiling", (NUMERIC,), ValueType.INTEGER, math.ceil, "the smallest integer that is not below"),
    Function("round", (NUMERIC,), ValueType.INTEGER, _round, "the nearest integer, halves away from zero"),
    Function("year", (TEMPORAL,), ValueType.INTEGER, _part(0, 4), "the year of a day or an instant (UTC)"),
    Function("month", (TEMPORAL,), ValueType.INTEGER, _part(5, 7), "the month, 1 to 12 (UTC)"),
    Function("day", (TEMPORAL,), ValueType.INTEGER, _part(8, 10), "the day of the month, 1 to 31 (UTC)"),
)
FUNCTIONS: Mapping[str, Function] = MappingProxyType({row.name: row for row in _ROWS})
"""By name in small letters; a filter may write it in any case."""
