"""The tree of a filter: what OGC 21-065r2 (CQL2) can say, as values.

Everything that has an operator of the standard is an `Operation` (the operators are rows of `operators.py`); functions of the
server are a `Call`; the rest are literals and properties. Equal trees are equal filters, however they were written.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from shapely.geometry.base import BaseGeometry

__all__ = [
    "Array",
    "BBox",
    "Boolean",
    "Call",
    "Date",
    "Geometry",
    "Interval",
    "Node",
    "Number",
    "Open",
    "Operation",
    "Property",
    "Text",
    "Timestamp",
    "children",
    "properties_in",
    "walk",
]


@dataclass(frozen=True, slots=True)
class Text:
    """A character literal."""

    value: str


@dataclass(frozen=True, slots=True)
class Number:
    """A numeric literal: finite; an int is exact and has 64 bits at most."""

    value: int | float


@dataclass(frozen=True, slots=True)
class Boolean:
    """TRUE or FALSE."""

    value: bool


@dataclass(frozen=True, slots=True)
class Date:
    """A day, `2024-02-29`; a real one of the proleptic Gregorian calendar, years 0001 to 9999."""

    value: str


@dataclass(frozen=True, slots=True)
class Timestamp:
    """An instant, in microseconds since 1970 UTC."""

    value_us: int


@dataclass(frozen=True, slots=True)
class Open:
    """`..`: an end of an interval that there is not."""


@dataclass(frozen=True, slots=True)
class Interval:
    """From one instant to another, both included; an end is a date, a timestamp, `..`, a property or a call."""

    start: "Node"
    end: "Node"


@dataclass(frozen=True, slots=True)
class Geometry:
    """A geometry in CRS84 (lon, lat, and a height where it has one)."""

    shape: BaseGeometry


@dataclass(frozen=True, slots=True)
class BBox:
    """west, south, east, north or west, south, low, east, north, high: degrees and metres; west > east crosses the antimeridian."""

    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Array:
    """An array, also the list after IN."""

    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Property:
    """A queryable by its name."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the server, named as the asker wrote it."""

    name: str
    args: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """An operator of the standard, by its name in JSON (`and`, `isNull`, `casei`, `s_intersects`, `t_metBy`, …)."""

    op: str
    args: tuple["Node", ...]


Node: TypeAlias = Text | Number | Boolean | Date | Timestamp | Open | Interval | Geometry | BBox | Array | Property | Call | Operation


def children(node: Node) -> tuple[Node, ...]:
    """What a node is made of, in the order it is written."""
    match node:
        case Operation(args=args) | Call(args=args):
            return args
        case Array(items=items):
            return items
        case Interval(start=start, end=end):
            return (start, end)
        case _:
            return ()


def walk(node: Node) -> Iterator[tuple[Node, int]]:
    """Every node with its depth, the root's being 1; without recursion, so that no tree is too deep for it."""
    waiting = [(node, 1)]
    while waiting:
        current, depth = waiting.pop()
        yield current, depth
        waiting.extend((child, depth + 1) for child in reversed(children(current)))


def properties_in(node: Node) -> tuple[str, ...]:
    """The names of all properties, each once, in the order they are written."""
    return tuple(dict.fromkeys(found.name for found, _ in walk(node) if isinstance(found, Property)))
