"""Distinct pairs against a set of tuples."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from twin.queries.assetops.pairs import distinct_pairs

numbers = st.integers(-(2**28), 2**28)


@given(st.lists(st.tuples(numbers, numbers)))
def test_pairs_are_those_of_a_set_and_every_row_has_its_own(rows: list[tuple[int, int]]) -> None:
    first, second = (np.array([row[side] for row in rows], dtype=np.int64) for side in (0, 1))
    pairs, inverse = distinct_pairs(first, second)
    found = list(zip(*pairs.tolist(), strict=True))
    assert found == sorted(set(rows))
    assert [found[at] for at in inverse.tolist()] == rows
