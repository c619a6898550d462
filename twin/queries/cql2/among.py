"""A column among many values, bound as one array: SQLite takes no more than some thousands of parameters, PostgreSQL 65,535."""

import json
from collections.abc import Collection
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Double, Text, any_, column, false, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import TypeEngine

from twin.queries.cql2.queryables import ValueType

__all__ = ["among", "sql_type"]


def sql_type(type: ValueType) -> TypeEngine[Any]:
    """The type of stored values: text, double, or an integer of 64 bits."""
    if type in {ValueType.STRING, ValueType.DATE, ValueType.ARRAY}:
        return Text()
    return Double() if type is ValueType.NUMBER else BigInteger()


def among(expression: ColumnElement[Any], values: Collection[Any], type: ValueType, dialect: str) -> ColumnElement[bool]:
    """Whether a stored value is one of these: unknown where it is null, unless there are no values, which nothing is among."""
    if not values:
        return false()
    kind = sql_type(type)
    if dialect == "postgresql":
        return expression == any_(literal(list(values), ARRAY(kind)))
    bound = func.json_each(literal(json.dumps(list(values), ensure_ascii=False), Text())).table_valued(column("value", kind))
    return expression.in_(select(bound.c.value))
