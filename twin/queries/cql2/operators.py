"""The operators of OGC 21-065r2 as rows: how each is called in JSON and text, of what kind it is, how many arguments it takes."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

__all__ = ["COMPARISONS", "MIRRORED", "OPERATORS", "WORDS", "Kind", "Operator", "Relation", "TEMPORAL_RELATIONS"]


class Kind(StrEnum):
    """What an operator is about (the standard's conformance classes, roughly)."""

    LOGICAL = "logical"
    COMPARISON = "comparison"
    TEXT = "text"
    ARITHMETIC = "arithmetic"
    SPATIAL = "spatial"
    TEMPORAL = "temporal"
    ARRAY = "array"


class Operator(NamedTuple):
    """`most` is None where any number of arguments from `least` on will do."""

    name: str
    kind: Kind
    least: int
    most: int | None


class Relation(NamedTuple):
    """A temporal operator as comparisons of endpoints: s1, e1 of the first argument, s2, e2 of the second."""

    every: bool
    pairs: tuple[tuple[str, str, str], ...]


COMPARISONS = ("=", "<>", "<", ">", "<=", ">=")
_ROWS = (
    Operator("and", Kind.LOGICAL, 2, None),
    Operator("or", Kind.LOGICAL, 2, None),
    Operator("not", Kind.LOGICAL, 1, 1),
    *(Operator(name, Kind.COMPARISON, 2, 2) for name in (*COMPARISONS, "like", "in")),
    Operator("between", Kind.COMPARISON, 3, 3),
    Operator("isNull", Kind.COMPARISON, 1, 1),
    *(Operator(name, Kind.TEXT, 1, 1) for name in ("casei", "accenti")),
    *(Operator(name, Kind.ARITHMETIC, 2, 2) for name in ("+", "-", "*", "/", "%", "div", "^")),
    *(
        Operator(f"s_{name}", Kind.SPATIAL, 2, 2)
        for name in ("intersects", "equals", "disjoint", "touches", "within", "overlaps", "crosses", "contains")
    ),
    *(
        Operator(f"t_{name}", Kind.TEMPORAL, 2, 2)
        for name in (
            *("after", "before", "contains", "disjoint", "during", "equals", "finishedBy", "finishes"),
            *("intersects", "meets", "metBy", "overlappedBy", "overlaps", "startedBy", "starts"),
        )
    ),
    *(Operator(f"a_{name}", Kind.ARRAY, 2, 2) for name in ("equals", "contains", "containedBy", "overlaps")),
)
OPERATORS: Mapping[str, Operator] = MappingProxyType({row.name: row for row in _ROWS})
"""By name in JSON."""
WORDS: Mapping[str, Operator] = MappingProxyType(
    {row.name.lower(): row for row in _ROWS if row.kind in {Kind.TEXT, Kind.SPATIAL, Kind.TEMPORAL, Kind.ARRAY}}
)
"""Those that CQL2 text writes like functions, by their name in small letters (keywords are case-insensitive)."""
MIRRORED: Mapping[str, str] = MappingProxyType(
    {"=": "=", "<>": "<>", "<": ">", ">": "<", "<=": ">=", ">=": "<=", "s_within": "s_contains", "s_contains": "s_within"}
)
"""The operator that says the same with its arguments exchanged; a spatial one that is not here is its own."""


def _all(*pairs: str) -> Relation:
    return Relation(True, tuple((left, op, right) for left, op, right in (pair.split() for pair in pairs)))


TEMPORAL_RELATIONS: Mapping[str, Relation] = MappingProxyType(
    {
        "t_after": _all("s1 > e2"),
        "t_before": _all("e1 < s2"),
        "t_contains": _all("s1 < s2", "e1 > e2"),
        "t_disjoint": Relation(False, (("e1", "<", "s2"), ("s1", ">", "e2"))),
        "t_during": _all("s1 > s2", "e1 < e2"),
        "t_equals": _all("s1 = s2", "e1 = e2"),
        "t_finishedBy": _all("s1 < s2", "e1 = e2"),
        "t_finishes": _all("s1 > s2", "e1 = e2"),
        "t_intersects": _all("s1 <= e2", "e1 >= s2"),
        "t_meets": _all("e1 = s2"),
        "t_metBy": _all("s1 = e2"),
        "t_overlappedBy": _all("s1 > s2", "s1 < e2", "e1 > e2"),
        "t_overlaps": _all("s1 < s2", "e1 > s2", "e1 < e2"),
        "t_startedBy": _all("s1 = s2", "e1 > e2"),
        "t_starts": _all("s1 = s2", "e1 < e2"),
    }
)
"""OGC 21-065r2, 7.8 "Temporal functions" (Allen's relations); an instant is an interval whose ends are the same."""
