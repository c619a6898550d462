"""A filter over values in Python, with SQL's three truth values: what is unknown is None.

It decides wherever the two databases would not say the same (case, accents, patterns of folded text, powers, arrays, …).
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

from twin.queries.cql2.folding import accenti, casei, matches
from twin.queries.cql2.functions import FUNCTIONS, Day, Instant
from twin.queries.cql2.instants import date_of, timestamp_text
from twin.queries.cql2.nodes import (
    Array,
    Boolean,
    Call,
    Date,
    Interval,
    Node,
    Number,
    Open,
    Operation,
    Property,
    Text,
    Timestamp,
)
from twin.queries.cql2.operators import OPERATORS, TEMPORAL_RELATIONS, Kind

__all__ = ["LARGEST", "SMALLEST", "evaluate", "in_arithmetic"]

SMALLEST, LARGEST = 1e-100, 1e100
"""Beyond these a stored number is unknown to arithmetic: so no product of three leaves the range of doubles."""
COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
}
Row = Mapping[str, Any]


def evaluate(node: Node, row: Row) -> Any:
    """The value of a checked node for the values of a row, None where it is unknown.

    Values are str, int, float, bool, `Day`, `Instant` and lists (arrays, as JSON has them). Texts compare by code points,
    which is by their bytes in UTF-8.
    """
    match node:
        case Text(value) | Boolean(value) | Number(value):
            return value
        case Date(day):
            return Day(day)
        case Timestamp(value_us):
            return Instant(value_us)
        case Property(name):
            return row[name]
        case Array(items):
            return [evaluate(item, row) for item in items]
        case Call(name, args):
            return _call(name, [evaluate(arg, row) for arg in args])
        case Operation():
            return _operation(node, row)
    raise AssertionError(f"{type(node).__name__} is no value of a row")


def in_arithmetic(value: float) -> float | None:
    """A stored number as arithmetic takes it."""
    return float(value) if value == 0 or SMALLEST <= abs(value) <= LARGEST else None


def _operation(node: Operation, row: Row) -> Any:
    kind = OPERATORS[node.op].kind
    if kind is Kind.LOGICAL:
        return _logical(node, row)
    if kind is Kind.TEMPORAL:
        return _temporal(node, row)
    if kind is Kind.ARITHMETIC:
        return _arithmetic(node, row)
    values = [evaluate(arg, row) for arg in node.args]
    if node.op == "isNull":
        return values[0] is None
    if node.op == "in":
        return _any([_compared("=", values[0], item) for item in values[1]])
    if node.op == "between":
        return _every([_compared(">=", values[0], values[1]), _compared("<=", values[0], values[2])])
    if None in values:
        return None
    if node.op == "like":
        return matches(values[0], values[1])
    if kind is Kind.TEXT:
        return casei(values[0]) if node.op == "casei" else accenti(values[0])
    if kind is Kind.ARRAY:
        return _arrays(node.op, values[0], values[1])
    return _compared(node.op, values[0], values[1])


def _logical(node: Operation, row: Row) -> bool | None:
    values = [evaluate(arg, row) for arg in node.args]
    if node.op == "not":
        return None if values[0] is None else not values[0]
    return _every(values) if node.op == "and" else _any(values)


def _every(values: list[bool | None]) -> bool | None:
    if False in values:
        return False
    return None if None in values else True


def _any(values: list[bool | None]) -> bool | None:
    if True in values:
        return True
    return None if None in values else False


def _compared(op: str, left: Any, right: Any) -> bool | None:
    """Two scalars; a day and an instant are compared by their days (UTC)."""
    if left is None or right is None:
        return None
    if isinstance(left, Day) and isinstance(right, Instant):
        right = date_of(right)
    elif isinstance(left, Instant) and isinstance(right, Day):
        left = date_of(left)
    return COMPARE[op](left, right)


def _temporal(node: Operation, row: Row) -> bool | None:
    ends: dict[str, Any] = {}
    for number, arg in enumerate(node.args, 1):
        start, end = (arg.start, arg.end) if isinstance(arg, Interval) else (arg, arg)
        ends[f"s{number}"] = -math.inf if isinstance(start, Open) else evaluate(start, row)
        ends[f"e{number}"] = math.inf if isinstance(end, Open) else evaluate(end, row)
    relation = TEMPORAL_RELATIONS[node.op]
    found = [_ends_compared(op, ends[left], ends[right]) for left, op, right in relation.pairs]
    return _every(found) if relation.every else _any(found)


def _ends_compared(op: str, left: Any, right: Any) -> bool | None:
    if left is None or right is None:
        return None
    if isinstance(left, float) or isinstance(right, float):
        return COMPARE[op](left if isinstance(left, float) else 0.0, right if isinstance(right, float) else 0.0)
    return _compared(op, left, right)


def _arithmetic(node: Operation, row: Row) -> float | int | None:
    left, right = (_operand(arg, row) for arg in node.args)
    if left is None or right is None:
        return None
    if node.op in {"%", "div"} and isinstance(left, int) and isinstance(right, int):
        return _whole(node.op, left, right)
    try:
        value = ARITHMETIC[node.op](float(left), float(right))
    except (ZeroDivisionError, OverflowError, ValueError):
        return None
    return value if isinstance(value, float) and math.isfinite(value) else None


def _operand(node: Node, row: Row) -> Any:
    value = evaluate(node, row)
    return in_arithmetic(value) if isinstance(node, Property) and isinstance(value, float) else value


def _whole(op: str, left: int, right: int) -> int | None:
    """Integer division truncates towards zero, the remainder has the sign of the dividend."""
    if right == 0:
        return None
    quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
    return quotient if op == "div" else left - right * quotient


ARITHMETIC: Mapping[str, Callable[[float, float], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "%": math.fmod,
    "div": lambda a, b: float(math.trunc(a / b)),
    "^": lambda a, b: a**b,
}


def _call(name: str, values: list[Any]) -> Any:
    return None if None in values else FUNCTIONS[name.lower()].compute(*values)


def _arrays(op: str, left: list[Any], right: list[Any]) -> bool | None:
    """Arrays compare as sets of elements; an unknown element makes the answer unknown."""
    if _holds_null(left) or _holds_null(right):
        return None
    a, b = {_element(item) for item in left}, {_element(item) for item in right}
    match op:
        case "a_equals":
            return a == b
        case "a_contains":
            return a >= b
        case "a_containedBy":
            return a <= b
    return bool(a & b)


def _holds_null(items: list[Any]) -> bool:
    return any(item is None or (isinstance(item, list) and _holds_null(item)) for item in items)


def _element(value: Any) -> Any:
    """An element so that equal ones are equal: a boolean is no number; a day or instant in an array is its text."""
    if isinstance(value, list):
        return ("array", *map(_element, value))
    if isinstance(value, dict):
        return ("object", *sorted((key, repr(item)) for key, item in value.items()))
    if isinstance(value, Instant):
        return timestamp_text(value)
    return (type(value).__name__, value) if isinstance(value, bool) else value if isinstance(value, str) else float(value)
