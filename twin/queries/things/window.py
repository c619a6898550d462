"""What of a question about observations the stores can answer themselves: a datastream, a feature, a span of time, an order.

It only narrows: whatever comes out is looked at by the whole filter again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from twin.queries.things.observed import Window
from twin.queries.things.odata.evaluate import IDS
from twin.queries.things.odata.nodes import Binary, Expression, Literal, Logic, Options, Path
from twin.queries.things.odata.tokens import invalid
from twin.queries.things.odata.values import TimeSpan
from twin.queries.things.path import Target
from twin.queries.things.view import View

__all__ = ["Sought", "window_of"]

MIRRORED = {"gt": "lt", "ge": "le", "lt": "gt", "le": "ge", "eq": "eq"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought(Window):
    """A window, and whether what it gives is in the order that was asked for."""

    is_sorted: bool = False


def window_of(target: Target, options: Options, view: View) -> Sought:
    """The window of a collection with these options; raises FilterInvalid for a `$skiptoken` of another question."""
    found: dict[str, Any] = {}
    if target.kind == "Observation" and target.parent is not None:
        found["datastream" if target.parent.type == "Datastream" else "foi"] = target.parent.id
    for path, operator, value in _compared(options.filter):
        if path[-1:] and path[-1] in IDS and len(path) == 2 and operator == "eq" and isinstance(value, int | str):
            name = {"Datastream": "datastream", "FeatureOfInterest": "foi"}.get(path[0])
            if name is not None and not isinstance(value, bool):
                found.setdefault(name, value)
        elif path == ("phenomenonTime",) and isinstance(value, TimeSpan):
            _narrow(found, operator, value)
    if options.orderby and "datastream" in found and len(options.orderby) == 1:
        by = options.orderby[0]
        if by.by == Path(("phenomenonTime",), getattr(by.by, "at", 0)):
            return _behind(Sought(**found, by_time=True, descending=by.descending, is_sorted=True), options, view)
    return _behind(Sought(**found), options, view)


def _behind(found: Sought, options: Options, view: View) -> Sought:
    if not options.after:
        return found
    device = found.datastream is not None and view.stream_of(found.datastream) is not None
    size = 2 if device else 3 if found.by_time else 1
    whole = not device or all(isinstance(one, int) for one in options.after)
    if found.datastream is None or len(options.after) != size or not whole or (options.orderby and not found.is_sorted):
        raise invalid("it is of another question", "$skiptoken", 0)
    return replace(found, after=options.after)


def _compared(node: Expression | None) -> list[tuple[tuple[str, ...], str, Any]]:
    """`path operator value` of what must all hold."""
    if isinstance(node, Logic) and node.operator == "and":
        return [found for term in node.terms for found in _compared(term)]
    if isinstance(node, Binary) and node.operator in MIRRORED:
        if isinstance(node.left, Path) and isinstance(node.right, Literal):
            return [(node.left.steps, node.operator, node.right.value)]
        if isinstance(node.left, Literal) and isinstance(node.right, Path):
            return [(node.right.steps, MIRRORED[node.operator], node.left.value)]
    return []


def _narrow(found: dict[str, Any], operator: str, value: TimeSpan) -> None:
    """By the start: what begins later than the end of the value is neither before it nor the same."""
    if operator in ("gt", "ge", "eq"):
        found["from_us"] = max(found.get("from_us", value.start_us), value.start_us)
    if operator in ("lt", "le", "eq"):
        found["to_us"] = min(found.get("to_us", value.end_us), value.end_us)
