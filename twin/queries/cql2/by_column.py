"""Conditions decided on columns in memory, of as many rows as there are at once: with the truth that `compile_filter` gives in the store.

A text is judged where it is kept (each once, by the database), a code by `evaluate`, a whole number by comparing exactly. What is
asked about anything else raises NotInColumns: then the store is asked.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from twin.queries.cql2.compile import holding_texts, is_predicate
from twin.queries.cql2.evaluate import evaluate
from twin.queries.cql2.functions import Day, Instant
from twin.queries.cql2.instants import date_of
from twin.queries.cql2.nodes import Array, Boolean, Node, Operation, Property, properties_in
from twin.queries.cql2.operators import COMPARISONS, MIRRORED, OPERATORS, Kind
from twin.queries.cql2.queryables import Queryables

__all__ = ["ByColumn", "Codes", "NotInColumns", "Texts", "Wholes"]

Bool: TypeAlias = NDArray[np.bool_]
Once: TypeAlias = Callable[[Hashable, Callable[[], Any]], Any]


class NotInColumns(Exception):
    """The condition asks about what no column has; never leaves `twin.queries`."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Texts:
    """Ids of looked-up texts, -1 for none."""

    cells: NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Codes:
    """Numbers of the codes in `words`, -1 for none."""

    cells: NDArray[Any]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Wholes:
    """Whole numbers, or, with `days`, days since 1970-01-01; `empty` stands for none."""

    cells: NDArray[Any]
    empty: int
    days: bool = False


class Truth(NamedTuple):
    """Which rows hold, and of which nobody knows; None: of none, or nobody has asked."""

    true: Bool
    unknown: Bool | None


@dataclass(frozen=True, slots=True, eq=False)
class ByColumn:
    """Decides checked conditions for the rows `at` (positions, or a slice) of `columns` (queryable → its column).

    `once` remembers what was judged for the state that the columns are of; the connection sees that state.
    """

    connection: Connection
    queryables: Queryables
    columns: Mapping[str, Texts | Codes | Wholes]
    once: Once
    at: Any
    count: int

    def holds(self, node: Node) -> Bool:
        """Of each row whether the condition is true. Raises NotInColumns."""
        return self._truth(node, exact=False).true

    def _truth(self, node: Node, *, exact: bool) -> Truth:
        match node:
            case Boolean(value):
                return Truth(np.full(self.count, value), None)
            case Operation("and" | "or" as op, args):
                return _joined(op, [self._truth(arg, exact=exact) for arg in args])
            case Operation("not", (arg,)):
                found = self._truth(arg, exact=True)
                return Truth(~found.true if found.unknown is None else ~(found.true | found.unknown), found.unknown)
            case Operation("isNull", (Property(name),)):
                column = self._column(name)
                return Truth(column.cells[self.at] == (column.empty if isinstance(column, Wholes) else -1), None)
            case Operation(op, args) if OPERATORS[op].kind is Kind.COMPARISON and op != "isNull":
                return self._leaf(node, exact)
        raise NotInColumns

    def _leaf(self, node: Operation, exact: bool) -> Truth:
        names = properties_in(node)
        listed = [item for arg in node.args for item in (arg.items if isinstance(arg, Array) else (arg,))]
        if len(names) != 1 or any(map(is_predicate, listed)):
            raise NotInColumns
        column = self._column(names[0])
        if isinstance(column, Wholes):
            return self._of_wholes(node, column, exact)
        true, unknown = self.once(("judged", node), lambda: self._judged(node, names[0], column))
        cells = column.cells[self.at]
        return Truth(true[cells], unknown[cells] if exact and unknown.any() else None)

    def _judged(self, node: Operation, name: str, column: Texts | Codes) -> tuple[Bool, Bool]:
        """By code whether the leaf holds and whether that is unknown; the last, which an empty cell asks for, of null."""
        of_null = evaluate(node, {name: None})
        if isinstance(column, Codes):
            answers = [evaluate(node, {name: word}) for word in column.words]
            return (
                np.array([*(bool(one) for one in answers), bool(of_null)]),
                np.array([*(one is None for one in answers), of_null is None]),
            )
        newest = self.once(("newest", name), lambda: int(column.cells.max(initial=0)))
        true, unknown = np.zeros(newest + 2, dtype=np.bool_), np.zeros(newest + 2, dtype=np.bool_)
        ids = np.array(holding_texts(node, self.queryables.get(name), self.queryables, self.connection), dtype=np.int64)
        true[ids[ids <= newest]] = True
        true[-1], unknown[-1] = bool(of_null), of_null is None
        return true, unknown

    def _of_wholes(self, node: Operation, column: Wholes, exact: bool) -> Truth:
        cells = column.cells[self.at]
        stated = cells != column.empty
        held = _wholes_hold(node, cells, column.days) & stated
        return Truth(held, ~stated if exact else None)

    def _column(self, name: str) -> Texts | Codes | Wholes:
        if name not in self.columns:
            raise NotInColumns
        return self.columns[name]


def _joined(op: str, parts: list[Truth]) -> Truth:
    true, unknown = parts[0]
    for part in parts[1:]:
        if unknown is None and part.unknown is None:
            true = true & part.true if op == "and" else true | part.true
            continue
        mine, theirs = (np.zeros(len(true), dtype=np.bool_) if one is None else one for one in (unknown, part.unknown))
        if op == "and":
            possible = (true | mine) & (part.true | theirs)
            true = true & part.true
        else:
            possible = true | mine | part.true | theirs
            true = true | part.true
        unknown = possible & ~true
    return Truth(true, unknown)


def _wholes_hold(node: Operation, cells: NDArray[Any], days: bool) -> Bool:
    match node:
        case Operation("between", (Property(), low, high)):
            return _compared(">=", cells, _bound(low, days)) & _compared("<=", cells, _bound(high, days))
        case Operation("in", (Property(), Array(items))):
            found = np.zeros(len(cells), dtype=np.bool_)
            for item in items:
                found |= _compared("=", cells, _bound(item, days))
            return found
        case Operation(op, (Property(), right)) if op in COMPARISONS:
            return _compared(op, cells, _bound(right, days))
        case Operation(op, (left, Property())) if op in COMPARISONS:
            return _compared(MIRRORED[op], cells, _bound(left, days))
    raise NotInColumns


def _bound(node: Node, days: bool) -> Decimal:
    """The number or day a column is compared with, exactly."""
    if properties_in(node):
        raise NotInColumns
    value = evaluate(node, {})
    if value is None:
        raise NotInColumns
    if days:
        day = date_of(value) if isinstance(value, Instant) else str(value) if isinstance(value, Day) else None
        if day is None:
            raise NotInColumns
        return Decimal(int(np.datetime64(day, "D").astype(np.int64)))
    return Decimal(value if isinstance(value, int) else repr(value))


def _compared(op: str, cells: NDArray[Any], bound: Decimal) -> Bool:
    low, high = math.floor(bound), math.ceil(bound)
    match op:
        case "<":
            found = cells < high
        case "<=":
            found = cells <= low
        case ">":
            found = cells > low
        case ">=":
            found = cells >= high
        case "=":
            found = cells == low if low == high else np.zeros(len(cells), dtype=np.bool_)
        case _:
            found = cells != low if low == high else np.ones(len(cells), dtype=np.bool_)
    return np.asarray(found, dtype=np.bool_)
