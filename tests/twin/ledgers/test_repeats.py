"""Keys said before are found across batches, against a plain dictionary; many repeats stay fast enough to test."""

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.ledgers.hashing import hash_texts
from twin.ledgers.repeats import KeysSeen

BATCHES = st.lists(st.lists(st.tuples(st.sampled_from(["a", "b", "bb", "甲", "c" * 70]), st.integers(0, 2)), max_size=8), max_size=8)


@settings(max_examples=60, deadline=None)
@given(batches=BATCHES, collide=st.booleans())
def test_against_a_dictionary(batches: list[list[tuple[str, int]]], collide: bool) -> None:
    first: dict[str, tuple[int, int]] = {}
    line = 0
    seen = KeysSeen()
    for batch in batches:
        lines = np.arange(line, line + len(batch), dtype=np.int64)
        row_hashes = np.array([row for _, row in batch], np.uint64)
        wanted = {}
        for index, (key, row) in enumerate(batch):
            known = first.setdefault(key, (line + index, row))
            if known[0] != line + index:
                wanted[index] = (known[0], known[1] == row)
        keys = pa.array([key for key, _ in batch], pa.string())
        hashes = np.zeros(len(batch), np.uint64) if collide else hash_texts(keys)
        assert seen.add(keys, hashes, lines, row_hashes) == wanted
        line += len(batch)


def test_one_key_twenty_thousand_times() -> None:
    seen = KeysSeen()
    keys = pa.array(["same"] * 5_000)
    for start in range(0, 20_000, 5_000):
        found = seen.add(keys, hash_texts(keys), np.arange(start, start + 5_000, dtype=np.int64), np.zeros(5_000, np.uint64))
        assert len(found) == 5_000 - (start == 0)
