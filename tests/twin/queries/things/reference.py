"""What SensorThings would answer, in plain Python over dicts: imports nothing of the twin.

A question is a tree of tuples: `text_of` writes it in the language, `truth_of` answers it for a row. A row has `id`, `result`,
`phenomenonTime` (start, end) and `resultTime` in seconds or None, `parameters`, `stream` (name of the datastream) and `n` of its thing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cmp_to_key
from typing import Any

Row = Mapping[str, Any]
BASE = datetime(2026, 11, 26, 8, tzinfo=UTC)


class Span(tuple[float, float]):
    """A time as (start, end)."""


def time_text(second: float) -> str:
    return (BASE + timedelta(seconds=second)).isoformat().replace("+00:00", "Z")


def text_of(node: Any) -> str:
    kind = node[0]
    if kind == "value":
        return literal(node[1])
    if kind == "path":
        return str(node[1])
    if kind in ("and", "or"):
        return f" {kind} ".join(f"({text_of(one)})" for one in node[1:])
    if kind == "not":
        return f"not ({text_of(node[1])})"
    if kind == "call":
        return f"{node[1]}({','.join(map(text_of, node[2:]))})"
    return f"({text_of(node[2])}) {node[1]} ({text_of(node[3])})"


def literal(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Span):
        return time_text(value[0]) if value[0] == value[1] else f"{time_text(value[0])}/{time_text(value[1])}"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return repr(value)


def value_of(node: Any, row: Row) -> Any:
    kind = node[0]
    if kind == "value":
        return node[1]
    if kind == "path":
        return read(node[1], row)
    if kind == "call":
        return call(node[1], [value_of(one, row) for one in node[2:]])
    if kind == "sum":
        left, right = value_of(node[2], row), value_of(node[3], row)
        if not (is_number(left) and is_number(right)):
            return None
        return left + right if node[1] == "add" else left - right if node[1] == "sub" else left * right
    return truth_of(node, row)


def truth_of(node: Any, row: Row) -> bool | None:
    kind = node[0]
    if kind in ("and", "or"):
        said = [truth_of(one, row) for one in node[1:]]
        decisive = kind == "or"
        return decisive if decisive in said else None if None in said else not decisive
    if kind == "not":
        inner = truth_of(node[1], row)
        return None if inner is None else not inner
    if kind == "compare":
        return compare(node[1], value_of(node[2], row), value_of(node[3], row))
    value = value_of(node, row)
    return value if isinstance(value, bool) else None


def read(path: str, row: Row) -> Any:
    if path in ("phenomenonTime", "resultTime"):
        return row[path]
    if path == "Datastream/name":
        return row["stream"]
    if path == "Datastream/Thing/properties/n":
        return row["n"]
    if path.startswith("parameters/"):
        return row["parameters"].get(path.removeprefix("parameters/"))
    return row["id" if path == "@iot.id" else path]


def compare(operator: str, left: Any, right: Any) -> bool:
    if operator == "eq":
        return same(left, right)
    if operator == "ne":
        return not same(left, right)
    if operator in ("gt", "ge"):
        return compare({"gt": "lt", "ge": "le"}[operator], right, left)
    if isinstance(left, Span) and isinstance(right, Span):
        before = left[1] <= right[0] if left[0] != left[1] else left[1] < right[0]
        return before or (operator == "le" and tuple(left) == tuple(right))
    comparable = (is_number(left) and is_number(right)) or (type(left) is str and type(right) is str)
    return comparable and (left < right or (operator == "le" and left == right))


def same(left: Any, right: Any) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return isinstance(left, bool) and isinstance(right, bool) and left == right
    if isinstance(left, Span) or isinstance(right, Span):
        return isinstance(left, Span) and isinstance(right, Span) and tuple(left) == tuple(right)
    return bool(left == right)


def is_number(value: Any) -> bool:
    return type(value) in (int, float)


def call(name: str, values: Sequence[Any]) -> Any:
    first = values[0]
    if name in ("startswith", "endswith", "contains"):
        if not all(type(one) is str for one in values):
            return None
        return {"startswith": first.startswith, "endswith": first.endswith, "contains": first.__contains__}[name](values[1])
    if name == "length":
        return len(first) if type(first) is str else None
    if name == "minute":
        return (BASE + timedelta(seconds=first[0])).minute if isinstance(first, Span) else None
    raise NotImplementedError(name)


def ordered(rows: Sequence[Row], orders: Sequence[tuple[str, bool]]) -> list[Row]:
    """By each path, largest first where it says so; alike ones by id, numbers first, in the direction of the first order."""

    def before(one: Row, other: Row) -> int:
        for path, descending in orders:
            a, b = rank(read(path, one)), rank(read(path, other))
            if a != b:
                return (-1 if a < b else 1) * (-1 if descending else 1)
        a, b = rank(one["id"]), rank(other["id"])
        return (-1 if a < b else 1) * (-1 if orders and orders[0][1] else 1)

    return sorted(rows, key=cmp_to_key(before))


def rank(value: Any) -> tuple[int, Any]:
    if value is None:
        return (0, 0)
    if isinstance(value, bool):
        return (1, value)
    if is_number(value):
        return (2, value)
    return (4, tuple(value)) if isinstance(value, Span) else (3, value)
