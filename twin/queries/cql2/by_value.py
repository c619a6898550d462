"""Leaves that Python decides: the values there are are asked for, judged, and those that hold are bound as one set.

A leaf over one property is judged once for each distinct value; over several, for each row, and answered by the rows' keys.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, case, false, func, or_, select, true

from twin.queries.cql2.among import among
from twin.queries.cql2.compare_sql import constant, unknown
from twin.queries.cql2.errors import FilterInvalid
from twin.queries.cql2.evaluate import evaluate
from twin.queries.cql2.functions import Day, Instant
from twin.queries.cql2.nodes import Node, properties_in
from twin.queries.cql2.queryables import Queryable, Queryables, ValueType
from twin.queries.cql2.scalar_sql import stored
from twin.queries.cql2.writers import say

__all__ = ["ByValue"]

VALUES_A_ROW = 10
"""So many times `most_judged` values of one property are judged: they need no keys, and the texts of a province are no more."""


@dataclass(frozen=True, slots=True, eq=False)
class ByValue:
    """Asks the database of the connection, which must stay open and see the same rows until the condition is used."""

    connection: Connection
    queryables: Queryables

    def condition(self, leaf: Node, *, exact: bool) -> ColumnElement[bool]:
        """The leaf as a condition; `exact` says whether unknown must differ from false, as it must under NOT."""
        asked = [self.queryables.get(name) for name in properties_in(leaf)]
        if len(asked) == 1:
            return self._by_distinct_values(leaf, asked[0], exact)
        return self._by_keys(leaf, asked, exact)

    def _by_distinct_values(self, leaf: Node, queryable: Queryable, exact: bool) -> ColumnElement[bool]:
        expression = stored(queryable)
        found = self._distinct(leaf, expression)
        judged = {value: evaluate(leaf, {queryable.name: _python_value(queryable, value)}) for value in found}
        of_null = judged.pop(None, None)
        holding = [value for value, answer in judged.items() if answer]
        if not exact:
            held = self._among(expression, holding, queryable.type)
            return or_(held, expression.is_(None)) if of_null else held
        cases = [(expression.is_(None), constant(of_null)), (self._among(expression, holding, queryable.type), true())]
        if doubtful := [value for value, answer in judged.items() if answer is None]:
            cases.append((self._among(expression, doubtful, queryable.type), unknown()))
        return case(*cases, else_=false())

    def _distinct(self, leaf: Node, expression: ColumnElement[Any]) -> Sequence[Any]:
        query, most = self._limited(select(expression).distinct()), self.queryables.most_judged
        if most is None:
            return self.connection.execute(query).scalars().all()
        found = self.connection.execute(query.limit(most * VALUES_A_ROW + 1)).scalars().all()
        if len(found) > most * VALUES_A_ROW:
            raise FilterInvalid(
                f"a condition that is decided value by value, of a property with more than {most * VALUES_A_ROW} values: {say(leaf)}",
                path="filter",
                hint="compare it as it is written, without folding and functions, or ask with conditions that leave few",
            )
        return found

    def _by_keys(self, leaf: Node, asked: Sequence[Queryable], exact: bool) -> ColumnElement[bool]:
        self._check_how_many(leaf)
        rows = self.connection.execute(self._limited(select(self.queryables.key, *map(stored, asked))))
        judged: dict[tuple[Any, ...], bool | None] = {}
        holding, doubtful = [], []
        for key, *values in rows:
            row = tuple(values)
            if row not in judged:
                judged[row] = evaluate(leaf, {one.name: _python_value(one, value) for one, value in zip(asked, row, strict=True)})
            if judged[row]:
                holding.append(key)
            elif judged[row] is None:
                doubtful.append(key)
        held = self._among(self.queryables.key, holding, ValueType.INTEGER)
        if not exact or not doubtful:
            return held
        return case((held, true()), (self._among(self.queryables.key, doubtful, ValueType.INTEGER), unknown()), else_=false())

    def _check_how_many(self, leaf: Node) -> None:
        most = self.queryables.most_judged
        if most is None:
            return
        some = self._limited(select(self.queryables.key)).limit(most + 1).subquery()
        if self.connection.execute(select(func.count()).select_from(some)).scalar_one() > most:
            raise FilterInvalid(
                f"a condition that is decided row by row, of a collection of more than {most} rows: {say(leaf)}",
                path="filter",
                hint="compare properties with literals, or with one another without functions, powers and folding",
            )

    def _limited(self, statement: Select[Any]) -> Select[Any]:
        within = statement.select_from(self.queryables.key.table)  # a looked-up text alone names the other table
        return within if self.queryables.where is None else within.where(self.queryables.where)

    def _among(self, expression: ColumnElement[Any], values: Sequence[Any], type: ValueType) -> ColumnElement[bool]:
        return among(expression, values, type, self.connection.dialect.name)


def _python_value(queryable: Queryable, value: Any) -> Any:
    """A stored value as `evaluate` takes it; the text of an array that is none is unknown."""
    if value is None:
        return None
    match queryable.type:
        case ValueType.BOOLEAN:
            return bool(value)
        case ValueType.DATE:
            return Day(value)
        case ValueType.INSTANT:
            return Instant(value)
        case ValueType.NUMBER:
            return float(value) / queryable.scale
        case ValueType.INTEGER:
            return int(value) if queryable.scale == 1 else int(value) / queryable.scale
        case ValueType.ARRAY:
            return _array(value)
    return value


def _array(text: str) -> list[Any] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, list) else None
