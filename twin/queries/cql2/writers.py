"""Nodes to CQL2 JSON and CQL2 text. Both are canonical: equal nodes are written alike, and read again they are the same nodes."""

import re
from typing import Any

from twin.queries.cql2.errors import FilterInvalid
from twin.queries.cql2.instants import timestamp_text
from twin.queries.cql2.lexer import IDENTIFIER
from twin.queries.cql2.nodes import (
    Array,
    BBox,
    Boolean,
    Call,
    Date,
    Geometry,
    Interval,
    Node,
    Number,
    Open,
    Operation,
    Property,
    Text,
    Timestamp,
)
from twin.queries.cql2.operators import COMPARISONS, WORDS
from twin.queries.cql2.shapes import geojson_of, wkt_of
from twin.queries.cql2.text_parser import RESERVED

__all__ = ["to_json", "to_text"]

PLAIN = re.compile(IDENTIFIER)
OR, AND, NOT, PREDICATE, SUM, PRODUCT, POWER, FACTOR = range(8)
"""How tightly what stands in text is bound, loosest first."""
INFIX = {
    "or": OR,
    "and": AND,
    **dict.fromkeys((*COMPARISONS, "like", "in", "between", "isNull"), PREDICATE),
    **dict.fromkeys("+-", SUM),
    **dict.fromkeys(("*", "/", "%", "div"), PRODUCT),
    "^": POWER,
}
NEGATABLE = {"like": "NOT LIKE", "in": "NOT IN", "between": "NOT BETWEEN", "isNull": "IS NOT NULL"}


def to_json(node: Node) -> Any:
    """The value of CQL2 JSON (OGC 21-065r2, annex C), operators in the schema's spelling."""
    match node:
        case Text(value) | Boolean(value) | Number(value):
            return value
        case Property(name):
            return {"property": name}
        case Date(day):
            return {"date": day}
        case Timestamp(value_us):
            return {"timestamp": timestamp_text(value_us)}
        case Interval(start, end):
            return {"interval": [_json_end(start), _json_end(end)]}
        case Geometry(shape):
            return geojson_of(shape)
        case BBox(values):
            return {"bbox": list(values)}
        case Array(items):
            return [to_json(item) for item in items]
        case Operation(name, args) | Call(name, args):
            return {"op": name, "args": [to_json(arg) for arg in args]}
    raise AssertionError(f"{node} stands in intervals only")


def to_text(node: Node) -> str:
    """CQL2 text; raises FilterInvalid for a text literal that it cannot say: one with a backslash before a quote or at its end."""
    return _written(node, OR)


def _json_end(node: Node) -> Any:
    match node:
        case Open():
            return ".."
        case Date(day):
            return day
        case Timestamp(value_us):
            return timestamp_text(value_us)
    return to_json(node)


def _written(node: Node, least: int) -> str:
    """The text of a node where at least `least` must bind it; looser ones go into parentheses."""
    text, bound = _text(node)
    return text if bound >= least else f"({text})"


def _text(node: Node) -> tuple[str, int]:
    match node:
        case Operation():
            return _operation(node)
        case Call(name, args):
            return f"{_name(name)}({_list(args)})", FACTOR
        case Number(value):
            return _number(value), FACTOR
        case _:
            return _literal(node), FACTOR


def _literal(node: Node) -> str:
    match node:
        case Text(value):
            return _quoted(value)
        case Boolean(value):
            return "TRUE" if value else "FALSE"
        case Property(name):
            return _name(name)
        case Date(day):
            return f"DATE('{day}')"
        case Timestamp(value_us):
            return f"TIMESTAMP('{timestamp_text(value_us)}')"
        case Interval(start, end):
            return f"INTERVAL({_text_end(start)}, {_text_end(end)})"
        case Geometry(shape):
            return wkt_of(shape)
        case BBox(values):
            return f"BBOX({', '.join(map(_number, values))})"
        case Array(items):
            return f"({_list(items)})"
    raise AssertionError(f"{node} stands in intervals only")


def _operation(node: Operation) -> tuple[str, int]:
    op, args = node.op, node.args
    if op.lower() in WORDS:
        return f"{op.upper()}({_list(args)})", FACTOR
    if op == "not":
        return _negation(args[0])
    bound = INFIX[op]
    if op in {"and", "or"}:
        return f" {op.upper()} ".join(_written(arg, bound + 1) for arg in args), bound
    if bound == PREDICATE:
        return _predicate(node, {}), PREDICATE
    left, right = (POWER + 1, POWER + 1) if op == "^" else (bound, bound + 1)
    return f"{_written(args[0], left)} {op} {_written(args[1], right)}", bound


def _negation(node: Node) -> tuple[str, int]:
    if isinstance(node, Operation) and node.op in NEGATABLE:
        return _predicate(node, NEGATABLE), PREDICATE
    return f"NOT {_written(node, NOT)}", NOT


def _predicate(node: Operation, words: dict[str, str]) -> str:
    op, args = node.op, node.args
    subject = _written(args[0], SUM)
    if op == "isNull":
        return f"{subject} {words.get(op, 'IS NULL')}"
    word = words.get(op, op.upper())
    if op == "between":
        return f"{subject} {word} {_written(args[1], SUM)} AND {_written(args[2], SUM)}"
    return f"{subject} {word} {_written(args[1], SUM)}"


def _list(nodes: tuple[Node, ...]) -> str:
    return ", ".join(_written(node, OR) for node in nodes)


def _text_end(node: Node) -> str:
    return _written(node, OR) if isinstance(node, Property | Call) else f"'{_json_end(node)}'"


def _name(name: str) -> str:
    if PLAIN.fullmatch(name) and name.lower() not in RESERVED:
        return name
    return '"' + name.replace('"', '""') + '"'


def _quoted(value: str) -> str:
    if "\\'" in value or value.endswith("\\"):
        raise FilterInvalid(
            "CQL2 text cannot say a text with a backslash before a quote or at its end",
            path=value[:60],
            hint="write the filter as CQL2 JSON",
        )
    return "'" + value.replace("'", "''") + "'"


def _number(value: int | float) -> str:
    return repr(int(value)) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else repr(value)
