"""Random filters over random rows: the judge, SQLite and PostgreSQL say the same, and text and JSON are the same filter."""

import random
from typing import Any

import pytest

from tests.twin.queries.cql2.judge import judge
from tests.twin.queries.cql2.random_filters import KINDS, random_filter
from tests.twin.queries.cql2.world import ROWS, World
from twin.errors import Invalid
from twin.queries.cql2 import parse


def expected(filter: Any) -> list[int]:
    return [row["id"] for row in ROWS if judge(filter, row, KINDS) is True]


def check(world: World, seed: int, count: int) -> None:
    rng = random.Random(seed)
    for number in range(count):
        filter = random_filter(rng)
        assert world.ask(filter, "cql2-json") == expected(filter), f"seed {seed}, filter {number}: {parse(filter, 'cql2-json').to_text()}"


@pytest.mark.parametrize("seed", range(3))
def test_both_databases_answer_as_the_judge_does(world: World, seed: int) -> None:
    check(world, seed, 60)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(100, 130))
def test_both_databases_answer_as_the_judge_does_for_long(world: World, seed: int) -> None:
    check(world, seed, 1_000)


def test_random_filters_are_written_and_read_again_as_they_were() -> None:
    rng = random.Random(5)
    for _ in range(500):
        filter = parse(random_filter(rng), "cql2-json")
        assert parse(filter.to_json(), "cql2-json") == filter
        try:
            text = filter.to_text()
        except Invalid as error:
            assert "backslash" in str(error)
            continue
        assert parse(text, "cql2-text") == filter, text
