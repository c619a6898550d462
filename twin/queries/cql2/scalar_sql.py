"""Scalars in SQL, where both databases compute the same to the last bit; for the rest `NotInDatabase`, and Python decides.

Arithmetic is in doubles. PostgreSQL refuses what leaves their range and SQLite makes infinities of it, so the exponents that a
result can have are followed, and what could come near the ends is left to Python. Division by zero is unknown on both.
"""

import math
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Double, Text, case, cast, func, literal, null, or_, select

from twin.queries.cql2.evaluate import LARGEST, SMALLEST, evaluate
from twin.queries.cql2.functions import FUNCTIONS
from twin.queries.cql2.nodes import Call, Node, Number, Operation, Property, properties_in
from twin.queries.cql2.queryables import Queryable, Queryables, ValueType

__all__ = ["NotInDatabase", "double_of", "stored", "value_of"]

EXPONENTS = 290
"""No result of a number that is further from 1 than by so many powers of ten is left to the databases."""
BITS = 17
"""Decimal digits of a double: a difference of two has so many fewer powers of ten, at most."""
TIGHT = 15
"""A precedence by which SQLAlchemy puts parentheses around every operand that has an operator."""


class NotInDatabase(Exception):
    """This value is not the same on both databases, or not there at all."""


@dataclass(frozen=True, slots=True)
class _Double:
    """An expression whose value, unless it is null or zero, lies between 10^low and 10^high, signs aside."""

    sql: ColumnElement[Any]
    low: int
    high: int


def stored(queryable: Queryable) -> ColumnElement[Any]:
    """The stored value of a property: its expression, or the text that its key looks up."""
    if queryable.lookup is None:
        assert queryable.expression is not None
        return queryable.expression
    found = queryable.lookup
    return select(found.value).where(found.id == found.key).correlate_except(found.id.table).scalar_subquery()


def value_of(node: Node, queryables: Queryables) -> ColumnElement[Any]:
    """A scalar that is no number: the stored value of a property, or a literal (of whatever is written without properties)."""
    if isinstance(node, Property):
        return stored(queryables.get(node.name))
    if properties_in(node):
        raise NotInDatabase
    value = evaluate(node, {})
    if value is None:
        return null()
    return literal(int(value), BigInteger()) if isinstance(value, int) else literal(str(value), Text())


def double_of(node: Node, queryables: Queryables) -> ColumnElement[Any]:
    """A number as a double, computed in the database; raises NotInDatabase."""
    return _double(node, queryables).sql


def _double(node: Node, queryables: Queryables) -> _Double:
    if not properties_in(node):
        return _constant(evaluate(node, {}))
    match node:
        case Property(name):
            return _property(queryables.get(name))
        case Call(name, args):
            return _call(name, args, queryables)
        case Operation(op, args):
            return _operation(op, args, queryables)
    raise NotInDatabase


def _constant(value: float | None) -> _Double:
    if value is None:
        return _Double(cast(null(), Double()), 0, 0)
    low, high = _exponents(value)
    return _Double(literal(float(value), Double()), low, high)


def _exponents(value: float) -> tuple[int, int]:
    if value == 0:
        return 0, 0
    exponent = math.log10(abs(value))
    return math.floor(exponent), math.ceil(exponent)


def _property(queryable: Queryable) -> _Double:
    raw = stored(queryable)
    if queryable.type is ValueType.INTEGER or queryable.scale != 1:
        asked: ColumnElement[Any] = cast(raw, Double())
        if queryable.scale == 1:
            return _Double(asked, 0, 19)
        return _Double(_applied("/", asked, literal(float(queryable.scale), Double())), -math.ceil(math.log10(queryable.scale)), 19)
    size = func.abs(raw)
    bounded = case((or_(raw == 0, size.between(literal(SMALLEST, Double()), literal(LARGEST, Double()))), raw))
    return _Double(cast(bounded, Double()), round(math.log10(SMALLEST)), round(math.log10(LARGEST)))


def _call(name: str, args: tuple[Node, ...], queryables: Queryables) -> _Double:
    function = FUNCTIONS[name.lower()]
    if function.name == "abs":
        inner = _operand_of_abs(args[0], queryables)
        return _Double(func.abs(inner.sql, type_=Double()), inner.low, inner.high)
    if function.in_database is None:
        raise NotInDatabase
    return _Double(cast(function.in_database(*(value_of(arg, queryables) for arg in args)), Double()), 0, 19)


def _operand_of_abs(node: Node, queryables: Queryables) -> _Double:
    """A stored double whatever its size, so that no arithmetic with it is left to the database; any other number as it is."""
    if isinstance(node, Property):
        queryable = queryables.get(node.name)
        if queryable.type is ValueType.NUMBER and queryable.scale == 1:
            return _Double(stored(queryable), -2 * EXPONENTS, 2 * EXPONENTS)
    return _double(node, queryables)


def _operation(op: str, args: tuple[Node, ...], queryables: Queryables) -> _Double:
    if op in {"%", "div"}:
        return _Double(cast(_whole(op, args, queryables), Double()), 0, 19)
    if op not in {"+", "-", "*", "/"}:
        raise NotInDatabase
    left, right = (_double(arg, queryables) for arg in args)
    match op:
        case "*":
            low, high = left.low + right.low, left.high + right.high
        case "/":
            low, high = left.low - right.high, left.high - right.low
        case _:
            low, high = min(left.low, right.low) - BITS, max(left.high, right.high) + 1
    if low < -EXPONENTS or high > EXPONENTS:
        raise NotInDatabase
    divisor = func.nullif(right.sql, literal(0.0, Double()), type_=Double()) if op == "/" else right.sql
    return _Double(_applied(op, left.sql, divisor), low, high)


def _applied(op: str, left: ColumnElement[Any], right: ColumnElement[Any]) -> ColumnElement[Any]:
    return left.op(op, precedence=TIGHT, return_type=Double())(right)


def _whole(op: str, args: tuple[Node, ...], queryables: Queryables) -> ColumnElement[Any]:
    """Integers by an integer that is written: neither 0 nor -1, whose quotient may have no 64 bits."""
    subject, by = args
    if not (isinstance(subject, Property) and isinstance(by, Number) and isinstance(by.value, int) and by.value not in {0, -1}):
        raise NotInDatabase
    queryable = queryables.get(subject.name)
    if queryable.type is not ValueType.INTEGER or queryable.scale != 1:
        raise NotInDatabase
    sign = "%" if op == "%" else "/"
    return stored(queryable).op(sign, precedence=TIGHT, return_type=BigInteger())(literal(by.value, BigInteger()))
