"""CQL2 JSON to nodes (the schema of OGC 21-065r2, annex C)."""

import json
import math
from collections.abc import Mapping
from typing import Any

from twin.queries.cql2.errors import FilterInvalid
from twin.queries.cql2.instants import parse_date, parse_end, parse_timestamp
from twin.queries.cql2.nodes import Array, Boolean, Call, Interval, Node, Number, Operation, Property, Text
from twin.queries.cql2.operators import OPERATORS, WORDS
from twin.queries.cql2.shapes import GEOMETRY_TYPES, make_bbox, parse_geojson

__all__ = ["load_json", "parse_json"]


def load_json(text: str) -> Any:
    """The document; raises FilterInvalid with line and column, for NaN, for nesting that Python's reader gives up on."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        where = f"filter {error.lineno}:{error.colno}"
        raise FilterInvalid(f"not JSON: {error.msg} at {where}", path=where) from error
    except RecursionError as error:
        raise FilterInvalid("the filter nests too deep", path="filter") from error
    except ValueError as error:
        raise FilterInvalid(f"not JSON of a filter: {error}", path="filter") from error


def parse_json(value: Any, *, deepest: int, where: str = "filter") -> Node:
    """The node that a value of CQL2 JSON says; raises FilterInvalid with the path to what is wrong, as `filter.args[1].date`."""
    if deepest < 0:
        raise FilterInvalid("the filter nests too deep", path=where[:80])
    match value:
        case bool():
            return Boolean(value)
        case int() | float():
            return _number(value, where)
        case str():
            return Text(_storable(value, where))
        case list():
            return Array(tuple(parse_json(item, deepest=deepest - 1, where=f"{where}[{i}]") for i, item in enumerate(value)))
        case dict():
            return _object(value, deepest, where)
    raise FilterInvalid(f"{value!r} is no expression at {where}", path=where, hint="IS NULL is {op: isNull}")


def _object(value: Mapping[str, Any], deepest: int, where: str) -> Node:
    match value:
        case {"op": str(op), "args": list(args)}:
            return _operation(op, args, deepest, where)
        case {"property": str(name)}:
            return Property(_storable(name, f"{where}.property"))
        case {"date": str(text)}:
            return parse_date(text, f"{where}.date")
        case {"timestamp": str(text)}:
            return parse_timestamp(text, f"{where}.timestamp")
        case {"interval": [start, end]}:
            return Interval(_end(start, deepest, f"{where}.interval[0]"), _end(end, deepest, f"{where}.interval[1]"))
        case {"bbox": list(numbers)} if all(isinstance(number, int | float) and not isinstance(number, bool) for number in numbers):
            return make_bbox(tuple(float(_number(number, where).value) for number in numbers), f"{where}.bbox")
        case {"type": str(kind)} if kind in GEOMETRY_TYPES:
            return parse_geojson(value, where)
    raise FilterInvalid(
        f"not an expression of CQL2 at {where}: {json.dumps(value, ensure_ascii=False)[:80]}",
        path=where,
        hint="an object with op and args, property, date, timestamp, interval, bbox, or a GeoJSON geometry",
    )


def _operation(op: str, args: list[Any], deepest: int, where: str) -> Node:
    parsed = tuple(parse_json(arg, deepest=deepest - 1, where=f"{where}.args[{i}]") for i, arg in enumerate(args))
    known = OPERATORS.get(op) or WORDS.get(op.lower())
    if known is None:
        if not op:
            raise FilterInvalid(f"a function without a name at {where}", path=where)
        return Call(_storable(op, where), parsed)
    if len(parsed) < known.least or (known.most is not None and len(parsed) > known.most):
        wanted = f"{known.least}" if known.most else f"{known.least} or more"
        raise FilterInvalid(f"{known.name} takes {wanted} arguments, not {len(parsed)}, at {where}", path=where)
    if known.name == "in" and not (isinstance(parsed[1], Array) and parsed[1].items):
        raise FilterInvalid(f"in takes a list of one value or more as its second argument, at {where}", path=where)
    return Operation(known.name, parsed)


def _end(value: Any, deepest: int, where: str) -> Node:
    return parse_end(value, where) if isinstance(value, str) else parse_json(value, deepest=deepest - 1, where=where)


def _number(value: int | float, where: str) -> Number:
    try:
        if isinstance(value, int) and -(2**63) <= value < 2**63:
            return Number(value)
        wide = float(value)
    except OverflowError:
        wide = math.inf
    if not math.isfinite(wide):
        raise FilterInvalid(f"a number beyond all numbers at {where}", path=where)
    return Number(wide)


def _storable(text: str, where: str) -> str:
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise FilterInvalid(f"a text with NUL or half a surrogate pair at {where}", path=where)
    return text


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no number")
