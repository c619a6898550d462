"""An expression as a function of an entity.

Truth has three values: a comparison with null is false but for `eq` and `ne`, `not` of null is null, and what is not true is left out.
A path through a navigation property to many is every value there; a comparison holds where it does for one of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product
from typing import Any, Protocol

from shapely.geometry.base import BaseGeometry

from twin.live.things import TYPES, Entity
from twin.queries.things.odata.functions import FUNCTIONS
from twin.queries.things.odata.nodes import Call, Expression, Literal, Logic, Not, Order, Path
from twin.queries.things.odata.tokens import invalid
from twin.queries.things.odata.values import Duration, LiteralInvalid, TimeSpan, as_span

__all__ = ["IDS", "TIMES", "Graph", "Many", "predicate", "sort_keys"]

IDS = frozenset({"id", "@iot.id"})
TIMES = frozenset({"phenomenonTime", "resultTime", "validTime", "time"})
MOST = 10_000
"""Combinations of values that one comparison looks at."""


class Many(tuple[Any, ...]):
    """The values of a path that leads to many."""

    __slots__ = ()


class Graph(Protocol):
    """Where paths lead from an entity, only to what the reader may know of; `now` is the time of the question."""

    @property
    def now(self) -> TimeSpan: ...

    def one(self, entity: Entity, way: str) -> Entity | None:
        """What a single navigation property names."""
        ...

    def many(self, entity: Entity, way: str) -> Iterable[Entity]:
        """What one to many names."""
        ...

    def member(self, entity: Entity, name: str) -> Any:
        """A member, also a derived one; null where it has none."""
        ...


Value = Callable[[Entity], Any]


def predicate(expression: Expression, kind: str, graph: Graph, option: str = "$filter") -> Callable[[Entity], bool]:
    """Whether an entity of the type is to be told; raises FilterInvalid for names that the type does not have."""
    value = _compiled(expression, kind, graph, option)
    return lambda entity: _truth(value(entity)) is True


def sort_keys(orders: Sequence[Order], kind: str, graph: Graph) -> list[tuple[Callable[[Entity], Any], bool]]:
    """For each part of `$orderby` the key of an entity (null before all else) and whether the largest come first."""
    made: list[tuple[Callable[[Entity], Any], bool]] = []
    for order in orders:
        value = _compiled(order.by, kind, graph, "$orderby")
        made.append((_ranked(value), order.descending))
    return made


def _ranked(value: Value) -> Value:
    return lambda entity: _rank(value(entity))


def _compiled(node: Expression, kind: str, graph: Graph, option: str) -> Value:
    if isinstance(node, Literal):
        return lambda entity: node.value
    if isinstance(node, Path):
        return _path(node, kind, graph, option)
    if isinstance(node, Not):
        operand = _compiled(node.operand, kind, graph, option)
        run = _negative if node.sign else _not
        return lambda entity: run(operand(entity))
    if isinstance(node, Call) and node.name == "now":
        return lambda entity: graph.now
    if isinstance(node, Call):
        function, values = FUNCTIONS[node.name], [_compiled(one, kind, graph, option) for one in node.arguments]
        return lambda entity: _lifted(function, tuple(value(entity) for value in values))
    if isinstance(node, Logic):
        terms = [_compiled(one, kind, graph, option) for one in node.terms]
        decisive = node.operator == "or"
        return lambda entity: _logic(terms, entity, decisive)
    left, right = _compiled(node.left, kind, graph, option), _compiled(node.right, kind, graph, option)
    if node.operator in COMPARE:
        compare = COMPARE[node.operator]
        return lambda entity: _any(compare, left(entity), right(entity))
    calculate = ARITHMETIC[node.operator]
    return lambda entity: _lifted(lambda values: _calculated(calculate, *values), (left(entity), right(entity)))


# Paths


def _path(node: Path, kind: str, graph: Graph, option: str) -> Value:
    """The value of a path: through navigation properties, to a member, and into its JSON."""
    steps, at, here = node.steps, 0, TYPES[kind]
    ways: list[tuple[str, bool]] = []
    while at < len(steps) and steps[at] in here.navigations:
        way = here.navigations[steps[at]]
        ways.append((steps[at], way.many))
        here, at = TYPES[way.target], at + 1
    if at == len(steps):
        raise invalid(f"{'/'.join(steps)} leads to an entity: name a member of it", option, node.at)
    name, inner = steps[at], steps[at + 1 :]
    if name not in IDS and name not in here.all_members:
        known = ", ".join(["id", *here.all_members, *here.navigations])
        raise invalid(f"a {here.name} has no {name}; one of {known}", option, node.at)
    if option == "$orderby" and any(many for _, many in ways):
        raise invalid(f"{'/'.join(steps)} has many values: nothing can be ordered by it", option, node.at)

    def last(entity: Entity) -> Any:
        if name in IDS:
            return entity.id
        value = graph.member(entity, name)
        if name in TIMES and isinstance(value, str) and not inner:
            return _spanned(value)
        return _inside(value, inner)

    if not ways:
        return last
    if not any(many for _, many in ways):
        return lambda entity: _single(graph, entity, [way for way, _ in ways], last)
    return lambda entity: Many(last(one) for one in _reached(graph, entity, ways))


def _single(graph: Graph, entity: Entity, ways: Sequence[str], last: Value) -> Any:
    for way in ways:
        found = graph.one(entity, way)
        if found is None:
            return None
        entity = found
    return last(entity)


def _reached(graph: Graph, entity: Entity, ways: Sequence[tuple[str, bool]]) -> Iterable[Entity]:
    if not ways:
        yield entity
        return
    (way, many), rest = ways[0], ways[1:]
    if many:
        for below in graph.many(entity, way):
            yield from _reached(graph, below, rest)
    elif (found := graph.one(entity, way)) is not None:
        yield from _reached(graph, found, rest)


def _inside(value: Any, steps: Sequence[str]) -> Any:
    for step in steps:
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and step.isascii() and step.isdigit() and len(step) < 10 and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def _spanned(value: str) -> Any:
    try:
        return as_span(value)
    except LiteralInvalid:
        return None


# Truth


def _truth(value: Any) -> bool | None:
    if isinstance(value, Many):
        return True if any(one is True for one in value) else False if value else None
    return value if isinstance(value, bool) else None


def _not(value: Any) -> bool | None:
    truth = _truth(value)
    return None if truth is None else not truth


def _logic(terms: Sequence[Value], entity: Entity, decisive: bool) -> bool | None:
    """`or` is true where one is (decisive True), `and` false where one is; else null where one is."""
    unknown = False
    for term in terms:
        truth = _truth(term(entity))
        if truth is decisive:
            return decisive
        unknown = unknown or truth is None
    return None if unknown else not decisive


# Comparison


def _any(compare: Callable[[Any, Any], bool], left: Any, right: Any) -> bool:
    if not isinstance(left, Many) and not isinstance(right, Many):
        return compare(*_alike(left, right))
    pairs = product(left if isinstance(left, Many) else (left,), right if isinstance(right, Many) else (right,))
    return any(compare(*_alike(one, other)) for one, other in pairs)


def _alike(left: Any, right: Any) -> tuple[Any, Any]:
    """A text beside a time is read as a time."""
    if isinstance(left, TimeSpan) and isinstance(right, str):
        return left, _spanned(right)
    if isinstance(right, TimeSpan) and isinstance(left, str):
        return _spanned(left), right
    return left, right


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, TimeSpan) and isinstance(right, TimeSpan):
        return left.is_same(right)
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, BaseGeometry) or isinstance(right, BaseGeometry):
        return isinstance(left, BaseGeometry) and isinstance(right, BaseGeometry) and bool(left.equals(right))
    return bool(left == right)


def _less(left: Any, right: Any) -> bool:
    if isinstance(left, TimeSpan) and isinstance(right, TimeSpan):
        return left.is_before(right)
    kinds = (_kind(left), _kind(right))
    return kinds[0] == kinds[1] and kinds[0] in ("number", "text", "duration") and bool(left < right)


def _at_most(left: Any, right: Any) -> bool:
    if isinstance(left, TimeSpan) and isinstance(right, TimeSpan):
        return left.is_before(right) or left.is_same(right)
    return _less(left, right) or (_kind(left) in ("number", "text", "duration") and _same(left, right))


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return {str: "text", Duration: "duration", TimeSpan: "time"}.get(type(value), "other")


COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": _same,
    "ne": lambda left, right: not _same(left, right),
    "lt": _less,
    "le": _at_most,
    "gt": lambda left, right: _less(right, left),
    "ge": lambda left, right: _at_most(right, left),
}


# Arithmetic


def _lifted(run: Callable[[tuple[Any, ...]], Any], values: tuple[Any, ...]) -> Any:
    if not any(isinstance(value, Many) for value in values):
        return run(values)
    every = [value if isinstance(value, Many) else (value,) for value in values]
    if math.prod(map(len, every)) > MOST:
        raise invalid(f"more than {MOST:,} combinations of values", "$filter", 0)
    return Many(run(found) for found in product(*every))


def _negative(value: Any) -> Any:
    return _lifted(lambda values: _calculated(lambda one, other: one - other, 0, *values), (value,))


def _calculated(run: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    if isinstance(left, TimeSpan | Duration) or isinstance(right, Duration):
        return _time_sum(run, left, right)
    if _kind(left) != "number" or _kind(right) != "number":
        return None
    try:
        found = run(left, right)
    except (ZeroDivisionError, OverflowError, ValueError):
        return None
    return found if math.isfinite(found) else None


def _time_sum(run: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    """time ± duration, time − time, duration ± duration, number × duration."""
    signs = {ARITHMETIC["add"]: 1, ARITHMETIC["sub"]: -1}
    if run in signs and isinstance(right, Duration) and isinstance(left, TimeSpan):
        moved = signs[run] * right.us
        return TimeSpan(left.start_us + moved, left.end_us + moved, left.offset_min)
    if run in signs and isinstance(right, Duration) and isinstance(left, Duration):
        return Duration(left.us + signs[run] * right.us)
    if run is ARITHMETIC["sub"] and isinstance(left, TimeSpan) and isinstance(right, TimeSpan):
        return Duration(left.start_us - right.start_us)
    return None


ARITHMETIC: Mapping[str, Callable[[Any, Any], Any]] = {
    "add": lambda left, right: left + right,
    "sub": lambda left, right: left - right,
    "mul": lambda left, right: left * right,
    "div": lambda left, right: left / right,
    "mod": math.fmod,
}


# Order


def _rank(value: Any) -> tuple[int, Any]:
    """Null, then false and true, numbers, texts, times, lengths of time, and what else there is as it is written."""
    if value is None:
        return (0, 0)
    if isinstance(value, bool):
        return (1, value)
    if isinstance(value, int | float):
        return (2, value)
    if isinstance(value, str):
        return (3, value)
    if isinstance(value, TimeSpan):
        return (4, (value.start_us, value.end_us))
    if isinstance(value, Duration):
        return (5, value.us)
    return (6, str(value))
