"""A filter to a condition of SQLAlchemy: columns, operators and bound values; no part of it ever becomes the text of a statement."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from shapely.geometry.base import BaseGeometry
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    Select,
    Text,
    and_,
    case,
    cast,
    false,
    literal,
    not_,
    null,
    or_,
    select,
    true,
)

from twin.queries.cql2.among import among
from twin.queries.cql2.by_value import ByValue
from twin.queries.cql2.check import type_of
from twin.queries.cql2.compare_sql import compared, compared_number, constant, temporal, unknown
from twin.queries.cql2.errors import FilterInvalid
from twin.queries.cql2.evaluate import evaluate
from twin.queries.cql2.filter import Filter
from twin.queries.cql2.folding import canonical_pattern
from twin.queries.cql2.nodes import Array, BBox, Geometry, Interval, Node, Operation, Property, properties_in
from twin.queries.cql2.nodes import Boolean as BooleanLiteral
from twin.queries.cql2.nodes import Text as TextLiteral
from twin.queries.cql2.operators import COMPARISONS, MIRRORED, OPERATORS, Kind
from twin.queries.cql2.queryables import Queryable, Queryables, ValueType
from twin.queries.cql2.scalar_sql import NotInDatabase, double_of, stored, value_of
from twin.queries.cql2.shapes import box_heights, box_shape
from twin.queries.cql2.spatial import SpatialLeaf, holds

__all__ = ["check_filter", "compile_filter", "holding_texts", "is_predicate"]


def compile_filter(
    filter: Filter, queryables: Queryables, connection: Connection, *, spatial: SpatialLeaf | None = None
) -> ColumnElement[bool]:
    """The condition that holds for the rows of the collection for which the filter is true: not false, not unknown.

    Checks names and types first. What the two databases would not decide alike is decided here, by asking for the values there are:
    so use the condition on the same connection, which sees one state of the records. Raises FilterInvalid for a filter that does not fit.
    """
    check_filter(filter, queryables)
    return _Compiler(queryables, connection, spatial).condition(filter.node, exact=False)


def check_filter(filter: Filter, queryables: Queryables) -> None:
    """Return where the filter can be asked; raises FilterInvalid that says what does not fit."""
    found = type_of(filter.node, queryables)
    if found is not ValueType.BOOLEAN:
        raise FilterInvalid(f"a filter is a condition, not a value of type {found}", path="filter")


def holding_texts(node: Node, queryable: Queryable, queryables: Queryables, connection: Connection) -> list[int]:
    """The ids of the looked-up texts for which a leaf over this queryable alone is true."""
    assert queryable.lookup is not None
    return list(connection.execute(_texts_holding(node, queryable, queryables, connection)).scalars())


def is_predicate(node: Node) -> bool:
    """Whether a node is a condition of its own, rather than a value."""
    return isinstance(node, Operation) and OPERATORS[node.op].kind not in {Kind.ARITHMETIC, Kind.TEXT}


def _texts_holding(node: Node, queryable: Queryable, queryables: Queryables, connection: Connection) -> Select[int]:
    found = queryable.lookup
    assert found is not None
    there = replace(queryable, expression=found.value, lookup=None)
    inner = _Compiler(queryables.replaced(there, found.id, found.where), connection, None)._leaf(node, exact=False)
    texts = select(found.id).where(inner)
    return texts if found.where is None else texts.where(found.where)


@dataclass(frozen=True, slots=True, eq=False)
class _Compiler:
    queryables: Queryables
    connection: Connection
    spatial: SpatialLeaf | None

    def condition(self, node: Node, *, exact: bool) -> ColumnElement[bool]:
        """A boolean node. Where not `exact`, what is unknown may come out false: under AND and OR alone nobody can tell."""
        match node:
            case BooleanLiteral(value):
                return true() if value else false()
            case Operation("and" | "or" as op, args):
                joined: Callable[..., ColumnElement[bool]] = and_ if op == "and" else or_
                return joined(*(self.condition(arg, exact=exact) for arg in args))
            case Operation("not", (arg,)):
                return not_(self.condition(arg, exact=True))
            case Operation("isNull", (arg,)):
                return self._is_null(arg)
            case Operation(op, args) if OPERATORS[op].kind is Kind.SPATIAL:
                return self._spatial(op, args, exact)
            case Operation(op, args) if any(is_predicate(part) for part in _operands(node)):
                return self._of_conditions(node)
        return self._leaf(node, exact)

    def _leaf(self, node: Node, exact: bool) -> ColumnElement[bool]:
        names = properties_in(node)
        if not names:
            return constant(evaluate(node, {}))
        only = self.queryables.get(names[0]) if len(names) == 1 else None
        if only is not None and only.lookup is not None:
            return self._looked_up(node, only, exact)
        try:
            return self._in_database(node)
        except NotInDatabase:
            return ByValue(self.connection, self.queryables).condition(node, exact=exact)

    def _looked_up(self, node: Node, queryable: Queryable, exact: bool) -> ColumnElement[bool]:
        """A leaf over one looked-up text: decided on the texts themselves, of which there are fewer than rows."""
        found = queryable.lookup
        assert found is not None
        held = found.key.in_(_texts_holding(node, queryable, self.queryables, self.connection).correlate(None))
        of_null = evaluate(node, {queryable.name: None})
        if exact:
            return case((found.key.is_(None), constant(of_null)), else_=held)
        return or_(held, found.key.is_(None)) if of_null else held

    def _in_database(self, node: Node) -> ColumnElement[bool]:
        match node:
            case Property():
                return value_of(node, self.queryables) != literal(0, BigInteger())
            case Operation(op, (left, right)) if op in COMPARISONS:
                return compared(op, left, right, type_of(left, self.queryables), self.queryables)
            case Operation("between", (subject, low, high)):
                family = type_of(subject, self.queryables)
                return and_(compared(">=", subject, low, family, self.queryables), compared("<=", subject, high, family, self.queryables))
            case Operation("in", (subject, Array(items))):
                return self._in(subject, items)
            case Operation("like", (subject, pattern)):
                same = literal(canonical_pattern(evaluate(pattern, {})), Text())
                return value_of(subject, self.queryables).like(same, escape="\\")
            case Operation(op, _) if OPERATORS[op].kind is Kind.TEMPORAL:
                return temporal(node, self.queryables)
        raise NotInDatabase

    def _in(self, subject: Node, items: tuple[Node, ...]) -> ColumnElement[bool]:
        family = type_of(subject, self.queryables)
        texts = [item.value for item in items if isinstance(item, TextLiteral)]
        if len(texts) == len(items) and isinstance(subject, Property):
            return among(stored(self.queryables.get(subject.name)), texts, ValueType.STRING, self.connection.dialect.name)
        if len(items) > MOST_EQUALITIES:
            raise NotInDatabase
        if family.numeric and not isinstance(subject, Property):
            return double_of(subject, self.queryables).in_([compared_number(item, self.queryables) for item in items])
        return or_(*(compared("=", subject, item, family, self.queryables) for item in items))

    def _is_null(self, node: Node) -> ColumnElement[bool]:
        if isinstance(node, Geometry | BBox | Interval | Array):
            return false()
        if is_predicate(node):
            return self.condition(node, exact=True).is_(None)
        if isinstance(node, Property):
            queryable = self.queryables.get(node.name)
            return (queryable.lookup.key if queryable.lookup else stored(queryable)).is_(None)
        if not properties_in(node):
            return true() if evaluate(node, {}) is None else false()
        try:
            numeric = type_of(node, self.queryables).numeric
            return (double_of if numeric else value_of)(node, self.queryables).is_(None)
        except NotInDatabase:
            return ByValue(self.connection, self.queryables).condition(Operation("isNull", (node,)), exact=False)

    def _of_conditions(self, node: Node) -> ColumnElement[bool]:
        """A comparison of truth values: conditions as operands of `=`, `<>`, IN."""
        assert isinstance(node, Operation)
        subject = self._truth_value(node.args[0])
        if node.op in {"=", "<>"}:
            other = self._truth_value(node.args[1])
            return subject == other if node.op == "=" else subject != other
        if node.op == "in" and isinstance(node.args[1], Array):
            return subject.in_([self._truth_value(item) for item in node.args[1].items])
        raise FilterInvalid(f"{node.op} does not take conditions", path="filter")

    def _truth_value(self, node: Node) -> ColumnElement[int]:
        if not properties_in(node) and not is_predicate(node):
            value = evaluate(node, {})
            return cast(null(), Integer()) if value is None else literal(int(value), Integer())
        return cast(self.condition(node, exact=True), Integer())

    def _spatial(self, op: str, args: tuple[Node, ...], exact: bool) -> ColumnElement[bool]:
        left, right = args
        if not isinstance(left, Property):
            if not isinstance(right, Property):
                return true() if holds(op, _shape(left), _shape(right)) else false()
            left, right, op = right, left, MIRRORED.get(op, op)
        assert isinstance(left, Property)
        if self.spatial is None:
            raise FilterInvalid("this collection answers no spatial conditions", path=left.name)
        asked = [self.queryables.get(left.name)]
        other: BaseGeometry | Queryable
        if isinstance(right, Property):
            other = self.queryables.get(right.name)
            asked.append(other)
        else:
            other = _shape(right)
        heights = box_heights(right) if isinstance(right, BBox) else None
        answer = self.spatial(op, asked[0], other, heights)
        if not exact:
            return answer
        return case((or_(*(stored(one).is_(None) for one in asked)), unknown()), else_=answer)


MOST_EQUALITIES = 200


def _operands(node: Operation) -> tuple[Node, ...]:
    if node.op == "in" and isinstance(node.args[1], Array):
        return (node.args[0], *node.args[1].items)
    return node.args


def _shape(node: Node) -> BaseGeometry:
    if isinstance(node, BBox):
        return box_shape(node)
    assert isinstance(node, Geometry)
    return node.shape
