"""Temporal relations: of two intervals exactly one of Allen's thirteen holds; the others of the standard follow from them."""

from itertools import combinations, product

import pytest

from twin.queries.cql2 import parse
from twin.queries.cql2.evaluate import evaluate

CONVERSE = {
    "before": "after",
    "meets": "metBy",
    "overlaps": "overlappedBy",
    "starts": "startedBy",
    "during": "contains",
    "finishes": "finishedBy",
    "equals": "equals",
}
INTERVALS = list(combinations(range(1, 6), 2))


def holds(relation: str, first: tuple[int, int], second: tuple[int, int]) -> bool:
    said = ", ".join(f"INTERVAL('2024-01-0{start}', '2024-01-0{end}')" for start, end in (first, second))
    return evaluate(parse(f"T_{relation}({said})", "cql2-text").node, {}) is True


def test_exactly_one_of_thirteen_holds() -> None:
    thirteen = {*CONVERSE, *CONVERSE.values()}
    assert len(thirteen) == 13
    for first, second in product(INTERVALS, INTERVALS):
        assert sum(holds(relation, first, second) for relation in thirteen) == 1, (first, second)


def test_each_is_the_converse_of_another() -> None:
    for first, second in product(INTERVALS, INTERVALS):
        for relation, converse in CONVERSE.items():
            assert holds(relation, first, second) == holds(converse, second, first), (relation, first, second)


def test_disjoint_and_intersects_follow() -> None:
    for first, second in product(INTERVALS, INTERVALS):
        apart = holds("before", first, second) or holds("after", first, second)
        assert holds("disjoint", first, second) == apart
        assert holds("intersects", first, second) == (not apart)


@pytest.mark.parametrize(
    ("relation", "first", "second"),
    [
        ("before", (1, 2), (3, 4)),
        ("meets", (1, 2), (2, 4)),
        ("overlaps", (1, 3), (2, 4)),
        ("starts", (1, 2), (1, 4)),
        ("during", (2, 3), (1, 4)),
        ("finishes", (3, 4), (1, 4)),
    ],
)
def test_one_of_each_by_hand(relation: str, first: tuple[int, int], second: tuple[int, int]) -> None:
    assert holds(relation, first, second)
    assert not holds(relation, second, first)
