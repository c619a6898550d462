"""A filter: parsed once, within bounds, and written again in either of its two forms."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from twin.queries.cql2.errors import FilterInvalid
from twin.queries.cql2.json_parser import load_json, parse_json
from twin.queries.cql2.nodes import Array, Call, Node, Operation, properties_in, walk
from twin.queries.cql2.operators import OPERATORS, Kind
from twin.queries.cql2.text_parser import parse_text
from twin.queries.cql2.writers import to_json, to_text

__all__ = ["MAX_CONDITIONS", "MAX_DEPTH", "MAX_LENGTH", "MAX_NODES", "MAX_OPERATIONS", "Filter", "Language", "parse"]

Language: TypeAlias = Literal["cql2-text", "cql2-json"]
MAX_LENGTH = 262_144
"""Characters; a polygon of ten thousand points is as long."""
MAX_DEPTH = 32
"""SQLite's parser has a stack of 100, of which a level takes three at most."""
MAX_NODES = 20_000
"""Literals, properties and operators together: what a long IN list has."""
MAX_OPERATIONS = 1_000
"""Operators and functions."""
MAX_CONDITIONS = 400
"""Conditions joined by AND, OR or a list of expressions: SQLite takes no expression deeper than 1,000."""


@dataclass(frozen=True, slots=True)
class Filter:
    """What `parse` read. Two filters are equal where they say the same in the same order."""

    node: Node

    @property
    def properties(self) -> tuple[str, ...]:
        """The names of all properties it asks about, each once."""
        return properties_in(self.node)

    def to_json(self) -> Any:
        """CQL2 JSON as plain Python values."""
        return to_json(self.node)

    def to_text(self) -> str:
        """CQL2 text; raises FilterInvalid for a text literal that only JSON can say (see `writers.to_text`)."""
        return to_text(self.node)


def parse(filter: str | Mapping[str, Any] | bool, lang: str) -> Filter:
    """The filter that CQL2 text or CQL2 JSON (a string, or what `json.loads` made of it) says.

    `lang` is `cql2-text` or `cql2-json`. Raises FilterInvalid, with the place in its path, for what is not CQL2 and for what is
    longer, deeper or larger than the constants of this module allow.

    >>> parse("area > 20 AND use = '会议室'", "cql2-text").to_json()["op"]
    'and'
    """
    if lang not in {"cql2-text", "cql2-json"}:
        raise FilterInvalid(f"{lang} is no language of filters", path="filter-lang", hint="cql2-text or cql2-json")
    length = len(filter) if isinstance(filter, str) else _json_length(filter)
    if length > MAX_LENGTH:
        raise FilterInvalid(f"a filter of {length} characters", path="filter", hint=f"at most {MAX_LENGTH}")
    if lang == "cql2-json":
        node = parse_json(load_json(filter) if isinstance(filter, str) else filter, deepest=MAX_DEPTH)
    elif isinstance(filter, str):
        node = parse_text(filter, deepest=MAX_DEPTH)
    else:
        raise FilterInvalid("CQL2 text is a string", path="filter")
    _check_size(node)
    return Filter(node)


def _json_length(value: Any) -> int:
    try:
        return len(json.dumps(value))
    except (RecursionError, ValueError, TypeError) as error:
        raise FilterInvalid(f"not JSON of a filter: {error}", path="filter") from error


def _check_size(node: Node) -> None:
    nodes = operations = conditions = 0
    for found, depth in walk(node):
        nodes += 1
        if depth > MAX_DEPTH:
            raise FilterInvalid(f"the filter nests deeper than {MAX_DEPTH}", path="filter")
        operations += isinstance(found, Operation | Call)
        if isinstance(found, Operation):
            if OPERATORS[found.op].kind is Kind.LOGICAL:
                conditions += len(found.args)
            elif found.op == "in" and isinstance(found.args[1], Array):
                conditions += sum(isinstance(item, Operation) for item in found.args[1].items)
    if nodes > MAX_NODES:
        raise FilterInvalid(f"the filter has {nodes} parts", path="filter", hint=f"at most {MAX_NODES}")
    if operations > MAX_OPERATIONS:
        raise FilterInvalid(f"the filter has {operations} operators", path="filter", hint=f"at most {MAX_OPERATIONS}")
    if conditions > MAX_CONDITIONS:
        raise FilterInvalid(
            f"the filter joins {conditions} conditions", path="filter", hint=f"at most {MAX_CONDITIONS}; IN takes a long list of values"
        )
