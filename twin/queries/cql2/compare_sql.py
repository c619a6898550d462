"""Comparisons in SQL: integers with any number exactly, texts by bytes, days and instants by the coarser of the two."""

import math
import operator
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Text, and_, case, false, literal, not_, or_, true

from twin.queries.cql2.evaluate import COMPARE, evaluate
from twin.queries.cql2.functions import Day, Instant
from twin.queries.cql2.instants import DAY_US, date_of, day_us
from twin.queries.cql2.nodes import Interval, Node, Open, Operation, Property, properties_in
from twin.queries.cql2.operators import MIRRORED, TEMPORAL_RELATIONS
from twin.queries.cql2.queryables import Queryable, Queryables, ValueType
from twin.queries.cql2.scalar_sql import NotInDatabase, double_of, stored, value_of

__all__ = ["compared", "compared_number", "constant", "temporal", "unknown"]

APPLY: Mapping[str, Callable[[Any, Any], ColumnElement[bool]]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
INT64 = range(-(2**63), 2**63)


def unknown() -> ColumnElement[bool]:
    """The third truth value."""
    return case((false(), true()))


def constant(value: bool | None) -> ColumnElement[bool]:
    """A truth value, None being unknown."""
    return unknown() if value is None else true() if value else false()


def compared(op: str, left: Node, right: Node, family: ValueType, queryables: Queryables) -> ColumnElement[bool]:
    """`left op right` for two scalars, `family` being the type of the first; raises NotInDatabase."""
    if family.numeric:
        return _numbers(op, left, right, queryables)
    if family.temporal:
        return _ends(op, left, right, queryables)
    return APPLY[op](value_of(left, queryables), value_of(right, queryables))


def temporal(node: Operation, queryables: Queryables) -> ColumnElement[bool]:
    """A temporal operator as comparisons of its endpoints; raises NotInDatabase."""
    ends: dict[str, Node] = {}
    for number, arg in enumerate(node.args, 1):
        start, end = (arg.start, arg.end) if isinstance(arg, Interval) else (arg, arg)
        ends[f"s{number}"], ends[f"e{number}"] = start, end
    relation = TEMPORAL_RELATIONS[node.op]
    found = [_open_ends(left, op, right, ends, queryables) for left, op, right in relation.pairs]
    return and_(*found) if relation.every else or_(*found)


def _numbers(op: str, left: Node, right: Node, queryables: Queryables) -> ColumnElement[bool]:
    if not properties_in(left):
        left, right, op = right, left, MIRRORED[op]
    queryable = _whole_property(left, queryables)
    if queryable is not None:
        if not properties_in(right):
            return _with_integer(op, stored(queryable), evaluate(right, {}), queryable.scale)
        other = _whole_property(right, queryables)
        if other is not None and other.scale == queryable.scale:
            return APPLY[op](stored(queryable), stored(other))
    return APPLY[op](compared_number(left, queryables), compared_number(right, queryables))


def compared_number(node: Node, queryables: Queryables) -> ColumnElement[Any]:
    """A number for a comparison: a property as it is, whatever its size."""
    if isinstance(node, Property) and _whole_property(node, queryables) is None:
        return stored(queryables.get(node.name))
    return double_of(node, queryables)


def _whole_property(node: Node, queryables: Queryables) -> Queryable | None:
    """The property that is stored as an integer, where the node is one."""
    if not isinstance(node, Property):
        return None
    queryable = queryables.get(node.name)
    return queryable if queryable.type is ValueType.INTEGER or queryable.scale != 1 else None


def _with_integer(op: str, column: ColumnElement[Any], asked: float | None, scale: int) -> ColumnElement[bool]:
    """A stored integer with any number, exactly: nothing is rounded, nothing leaves 64 bits."""
    if asked is None:
        return unknown()
    exact = Decimal(asked if isinstance(asked, int) else repr(asked)) * scale
    whole = math.floor(exact)
    if exact == whole and whole in INT64:
        return APPLY[op](column, literal(whole, BigInteger()))
    if op in {"=", "<>"}:
        return APPLY["<>" if op == "=" else "="](column, column)
    if whole not in INT64:
        return APPLY["=" if (whole > 0) == (op in {"<", "<="}) else "<>"](column, column)
    return APPLY["<=" if op in {"<", "<="} else ">"](column, literal(whole, BigInteger()))


def _open_ends(left: str, op: str, right: str, ends: Mapping[str, Node], queryables: Queryables) -> ColumnElement[bool]:
    a, b = ends[left], ends[right]
    if not isinstance(a, Open) and not isinstance(b, Open):
        return _ends(op, a, b, queryables)
    sides = [(math.inf if name.startswith("e") else -math.inf) if isinstance(ends[name], Open) else 0.0 for name in (left, right)]
    known = [node for node in (a, b) if not isinstance(node, Open) and properties_in(node)]
    answer = true() if COMPARE[op](*sides) else false()
    if not known:
        return answer
    is_null = value_of(known[0], queryables).is_(None)
    return case((is_null, unknown()), else_=answer)


def _ends(op: str, left: Node, right: Node, queryables: Queryables) -> ColumnElement[bool]:
    """Two days or instants; where one is a day, the day (UTC) of the other counts."""
    if not properties_in(left):
        if not properties_in(right):
            return constant(evaluate(Operation(op, (left, right)), {}))
        left, right, op = right, left, MIRRORED[op]
    if not isinstance(left, Property):
        raise NotInDatabase
    column, kind = stored(queryables.get(left.name)), queryables.get(left.name).type
    if isinstance(right, Property):
        if queryables.get(right.name).type is not kind:
            raise NotInDatabase
        return APPLY[op](column, stored(queryables.get(right.name)))
    if properties_in(right):
        raise NotInDatabase
    value = evaluate(right, {})
    if kind is ValueType.DATE:
        return APPLY[op](column, literal(date_of(value) if isinstance(value, Instant) else str(value), Text()))
    if isinstance(value, Day):
        return _instant_with_day(op, column, day_us(value))
    return APPLY[op](column, literal(int(value), BigInteger()))


def _instant_with_day(op: str, column: ColumnElement[Any], start_us: int) -> ColumnElement[bool]:
    start, after = literal(start_us, BigInteger()), literal(start_us + DAY_US, BigInteger())
    match op:
        case "=":
            return and_(column >= start, column < after)
        case "<>":
            return not_(and_(column >= start, column < after))
        case "<":
            return column < start
        case ">=":
            return column >= start
        case "<=":
            return column < after
    return column >= after
