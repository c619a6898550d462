"""A value out of a column of JSON text, the same on SQLite and PostgreSQL: null where the key is missing, null or of another type.

SQLite reads a key by its path where no character of it means something there, and searches the object for it else.
"""

import re
from collections.abc import Sequence
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Double, Text, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from twin.queries.cql2.queryables import ValueType

__all__ = ["attribute"]

UNSAFE_IN_A_PATH = re.compile(r'["\\\x00-\x1f]')


class _Attribute(FunctionElement[Any]):
    """`(column, path of the object, path of the value, key, …)`; a class for each type and way: SQLAlchemy keeps statements by class."""

    inherit_cache = True
    stored: ClassVar[str]
    by_path: ClassVar[bool]


POSTGRESQL = {
    "string": """(CASE json_typeof({v}) WHEN 'string' THEN {v} #>> '{{}}' END COLLATE "C")""",
    "number": "(CASE json_typeof({v}) WHEN 'number' THEN CAST({v} #>> '{{}}' AS DOUBLE PRECISION) END)",
    "boolean": "(CASE json_typeof({v}) WHEN 'boolean' THEN CAST(CAST({v} #>> '{{}}' AS BOOLEAN) AS INTEGER) END)",
    "array": """(CASE json_typeof({v}) WHEN 'array' THEN {v} #>> '{{}}' END COLLATE "C")""",
}
SQLITE = {
    "string": "CASE WHEN {type} = 'text' THEN {value} END",
    "number": "CASE WHEN {type} IN ('integer', 'real') THEN CAST({value} AS REAL) END",
    "boolean": "CASE {type} WHEN 'true' THEN 1 WHEN 'false' THEN 0 END",
    "array": "CASE WHEN {type} = 'array' THEN {value} END",
}
SQL_TYPES: dict[str, TypeEngine[Any]] = {"string": Text(), "number": Double(), "boolean": BigInteger(), "array": Text()}
STORED = {
    ValueType.STRING: "string",
    ValueType.DATE: "string",
    ValueType.NUMBER: "number",
    ValueType.BOOLEAN: "boolean",
    ValueType.ARRAY: "array",
}
CLASSES: dict[tuple[str, bool], type[_Attribute]] = {
    (stored, by_path): type(
        f"Attribute{stored.title()}{'ByPath' if by_path else ''}",
        (_Attribute,),
        {"inherit_cache": True, "stored": stored, "by_path": by_path, "type": SQL_TYPES[stored], "name": f"attribute_{stored}"},
    )
    for stored in SQL_TYPES
    for by_path in (True, False)
}


def attribute(column: ColumnElement[str], key: str | Sequence[str], type: ValueType) -> ColumnElement[Any]:
    """The value under `key` of an object in a column of JSON text, as a `Queryable` of that type stores it.

    A sequence of keys leads through objects in objects. Dates are the text that stands there; arrays the text of the array.
    The last key may have any characters; raises ValueError for a quote, backslash or control character in one before it, and for
    types that JSON has no value of (integers are numbers there).
    """
    if type not in STORED:
        raise ValueError(f"JSON has no {type}: an attribute is a string, number, boolean, date or array")
    *above, last = [key] if isinstance(key, str) else key
    if any(UNSAFE_IN_A_PATH.search(one) for one in above):
        raise ValueError(f"no way through {above} to an attribute")
    parent = "$" + "".join(f'."{one}"' for one in above)
    by_path = UNSAFE_IN_A_PATH.search(last) is None
    texts = (parent, f'{parent}."{last}"', *above, last)
    made: ColumnElement[Any] = CLASSES[STORED[type], by_path](column, *(literal(text, Text()) for text in texts))
    return made


@compiles(_Attribute, "postgresql")
def _on_postgresql(element: _Attribute, compiler: SQLCompiler, **kw: Any) -> str:
    column, _parent, _path, *keys = element.clauses
    value = f"CAST({compiler.process(column, **kw)} AS JSON)"
    for key in keys:
        value = f"({value} -> {compiler.process(key, **kw)})"
    return POSTGRESQL[element.stored].format(v=value)


@compiles(_Attribute, "sqlite")
def _on_sqlite(element: _Attribute, compiler: SQLCompiler, **kw: Any) -> str:
    column, parent, path, *keys = element.clauses
    template = SQLITE[element.stored]
    if not element.by_path:
        found = f"json_each({compiler.process(column, **kw)}, {compiler.process(parent, **kw)}) AS found"
        value = template.format(type="found.type", value="found.value")
        return f"(SELECT {value} FROM {found} WHERE found.key = {compiler.process(keys[-1], **kw)})"

    def call(function: str) -> str:
        return f"{function}({compiler.process(column, **kw)}, {compiler.process(path, **kw)})"

    used = {name: call(function) for name, function in (("type", "json_type"), ("value", "json_extract")) if f"{{{name}}}" in template}
    return f"({template.format(**used)})"
