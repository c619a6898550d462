"""What the parser gives: expressions, options, steps of a path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

__all__ = ["Binary", "Call", "Expression", "Literal", "Logic", "Not", "Options", "Order", "Path"]


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that is written out."""

    value: Any


@dataclass(frozen=True, slots=True)
class Path:
    """`Datastream/unitOfMeasurement/name` as its names."""

    steps: tuple[str, ...]
    at: int = 0


@dataclass(frozen=True, slots=True)
class Not:
    """`not x`; with `sign`, `-x`."""

    operand: Expression
    sign: bool = False


@dataclass(frozen=True, slots=True)
class Logic:
    """`a and b and c`, or with `or`: however many, in one node."""

    operator: str
    terms: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Binary:
    """`left operator right`; operators by their words (`eq`, `add` …)."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Call:
    """`name(arguments)`."""

    name: str
    arguments: tuple[Expression, ...]
    at: int = 0


Expression: TypeAlias = Literal | Path | Not | Logic | Binary | Call


@dataclass(frozen=True, slots=True)
class Order:
    """One part of `$orderby`."""

    by: Expression
    descending: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of a request or of one expanded navigation property; `expand` is name → its options, `after` where the page
    before ended, `texts` each as it was written."""

    filter: Expression | None = None
    select: tuple[str, ...] | None = None
    expand: Mapping[str, Options] = field(default_factory=dict)
    orderby: tuple[Order, ...] = ()
    top: int | None = None
    skip: int = 0
    count: bool = False
    after: tuple[int | str, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
