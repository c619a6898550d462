"""Whether a filter can be asked of a collection: known names, operands of the types that an operator takes. Before any SQL."""

from collections.abc import Sequence

import shapely

from twin.queries.cql2.errors import FilterInvalid
from twin.queries.cql2.folding import pattern_parts
from twin.queries.cql2.functions import FUNCTIONS
from twin.queries.cql2.instants import date_of
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
    properties_in,
)
from twin.queries.cql2.operators import OPERATORS, Kind
from twin.queries.cql2.queryables import Queryables, ValueType
from twin.queries.cql2.writers import to_text

__all__ = ["type_of"]

ORDERED = frozenset({"string", "number", "day or instant"})


def type_of(node: Node, queryables: Queryables) -> ValueType:
    """The type of a node, having checked all beneath it; raises FilterInvalid that says what does not fit, and how to write it."""
    match node:
        case Text():
            return ValueType.STRING
        case Number(value):
            return ValueType.INTEGER if isinstance(value, int) else ValueType.NUMBER
        case Boolean():
            return ValueType.BOOLEAN
        case Date():
            return ValueType.DATE
        case Timestamp():
            return ValueType.INSTANT
        case BBox():
            return ValueType.GEOMETRY
        case Geometry(shape):
            if not shape.is_valid:
                raise FilterInvalid(f"a geometry that is not valid: {shapely.is_valid_reason(shape)}", path=_say(node))
            return ValueType.GEOMETRY
        case Property(name):
            return queryables.get(name).type
        case Interval():
            return _interval(node, queryables)
        case Array(items):
            return _array(items, queryables)
        case Call():
            return _call(node, queryables)
        case Operation():
            return _operation(node, queryables)
    raise FilterInvalid("`..` stands in intervals only", path="filter")


def _operation(node: Operation, queryables: Queryables) -> ValueType:
    if node.op == "in":
        return _in(node, queryables)
    found = [type_of(arg, queryables) for arg in node.args]
    match OPERATORS[node.op].kind:
        case Kind.LOGICAL:
            _all_of(node, found, {ValueType.BOOLEAN}, "conditions")
        case Kind.COMPARISON:
            _comparison(node, found)
        case Kind.TEXT:
            _all_of(node, found, {ValueType.STRING}, "a text")
            return ValueType.STRING
        case Kind.ARITHMETIC:
            _all_of(node, found, {ValueType.INTEGER, ValueType.NUMBER}, "numbers")
            whole = node.op in {"%", "div"} and set(found) == {ValueType.INTEGER}
            return ValueType.INTEGER if whole else ValueType.NUMBER
        case Kind.SPATIAL:
            _all_of(node, found, {ValueType.GEOMETRY}, "geometries")
        case Kind.TEMPORAL:
            _all_of(node, found, {ValueType.DATE, ValueType.INSTANT, ValueType.INTERVAL}, "days, instants or intervals")
        case Kind.ARRAY:
            _all_of(node, found, {ValueType.ARRAY}, "arrays")
    return ValueType.BOOLEAN


def _comparison(node: Operation, found: Sequence[ValueType]) -> None:
    if node.op == "isNull":
        return
    if node.op == "like":
        _all_of(node, found, {ValueType.STRING}, "a text and a pattern")
        pattern = node.args[1]
        if properties_in(pattern):
            raise FilterInvalid("the pattern of LIKE is a literal, not a property", path=_say(pattern))
        while isinstance(pattern, Operation):
            pattern = pattern.args[0]
        if isinstance(pattern, Text):
            pattern_parts(pattern.value)
        return
    _comparable(node, found)
    if node.op not in {"=", "<>"} and _family(found[0]) not in ORDERED:
        raise FilterInvalid(f"{_family(found[0])} values have no order: {_say(node)}", path=_say(node), hint="= and <> alone")


def _in(node: Operation, queryables: Queryables) -> ValueType:
    subject, items = node.args
    assert isinstance(items, Array)
    _comparable(node, [type_of(subject, queryables), *(type_of(item, queryables) for item in items.items)])
    return ValueType.BOOLEAN


def _comparable(node: Operation, found: Sequence[ValueType]) -> None:
    families = [_family(value) for value in found]
    if "" in families:
        raise FilterInvalid(f"{node.op} does not compare a value of type {found[families.index('')]}: {_say(node)}", path=_say(node))
    odd = next((family for family in families if family != families[0]), None)
    if odd is not None:
        hint = "write DATE('2024-02-29') or TIMESTAMP('2024-02-29T12:30:00Z')" if "day or instant" in families else ""
        raise FilterInvalid(f"{node.op} compares a {families[0]} with a {odd}: {_say(node)}", path=_say(node), hint=hint)


def _family(value: ValueType) -> str:
    if value.numeric:
        return "number"
    if value.temporal:
        return "day or instant"
    return str(value) if value in {ValueType.STRING, ValueType.BOOLEAN} else ""


def _interval(node: Interval, queryables: Queryables) -> ValueType:
    ends = (node.start, node.end)
    for end in ends:
        if not isinstance(end, Open) and not type_of(end, queryables).temporal:
            raise FilterInvalid("an end of INTERVAL is a day, an instant or '..'", path=_say(node))
    if isinstance(node.start, Date | Timestamp) and isinstance(node.end, Date | Timestamp) and _later(node.start, node.end):
        raise FilterInvalid("an interval that ends before it starts", path=_say(node))
    return ValueType.INTERVAL


def _later(start: Date | Timestamp, end: Date | Timestamp) -> bool:
    if isinstance(start, Timestamp) and isinstance(end, Timestamp):
        return start.value_us > end.value_us
    first, last = (one.value if isinstance(one, Date) else date_of(one.value_us) for one in (start, end))
    return first > last


def _array(items: Sequence[Node], queryables: Queryables) -> ValueType:
    for item in items:
        if type_of(item, queryables) in {ValueType.GEOMETRY, ValueType.INTERVAL}:
            raise FilterInvalid("an array holds texts, numbers, booleans, days, instants or arrays", path=_say(item))
    return ValueType.ARRAY


def _call(node: Call, queryables: Queryables) -> ValueType:
    function = FUNCTIONS.get(node.name.lower())
    if function is None:
        raise FilterInvalid(f"there is no function {node.name}", path=node.name[:80], hint=f"there are {', '.join(FUNCTIONS)}")
    found = [type_of(arg, queryables) for arg in node.args]
    if len(found) != len(function.args):
        raise FilterInvalid(f"{function.name} takes {len(function.args)} arguments, not {len(found)}", path=_say(node))
    for value, allowed in zip(found, function.args, strict=True):
        if value not in allowed:
            raise FilterInvalid(f"{function.name} takes {' or '.join(sorted(allowed))}, not {value}", path=_say(node))
    return function.result


def _all_of(node: Operation, found: Sequence[ValueType], allowed: set[ValueType], words: str) -> None:
    for value in found:
        if value not in allowed:
            raise FilterInvalid(f"{node.op} takes {words}, not a value of type {value}: {_say(node)}", path=_say(node))


def _say(node: Node) -> str:
    try:
        return to_text(node)[:120]
    except FilterInvalid:
        return type(node).__name__
