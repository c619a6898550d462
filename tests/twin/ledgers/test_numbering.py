"""Texts by number: as a dictionary would number them, whatever the batches, hashes that clash included."""

import random
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest

from twin.ledgers import numbering as module
from twin.ledgers.numbering import NOTHING, Combinations, Numbering

TEXTS = ["", "一号楼", "1号楼", "a", "a\0", "a\0\0", "203室", "x" * 63, "x" * 64, "x" * 65, "x" * 200, *(f"人{n}" for n in range(300))]


def batches(seed: int) -> list[list[str]]:
    chance = random.Random(seed)
    return [chance.choices(TEXTS, k=chance.randrange(0, 60)) for _ in range(25)]


def numbered(numbering: Numbering, batch: Sequence[str]) -> list[int]:
    found: list[int] = numbering.numbers_of(pa.array(batch, pa.string())).tolist()
    return found


@pytest.mark.parametrize("seed", range(4))
def test_texts_are_numbered_in_the_order_they_are_met(seed: int) -> None:
    numbering, known = Numbering(), dict[str, int]()
    for batch in batches(seed):
        expected = [known.setdefault(text, len(known)) for text in batch]
        before = len(numbering)
        assert numbered(numbering, batch) == expected
        assert numbering.texts_from(before) == list(known)[before:]
    assert numbering.texts(np.arange(len(known))) == list(known)


@pytest.mark.parametrize("distinct", [1, 3])
def test_texts_of_one_hash_are_told_apart(distinct: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "hash_texts", lambda texts: np.array([len(text) % distinct for text in texts.to_pylist()], np.uint64))
    numbering, known = Numbering(), dict[int, str]()
    for batch in batches(9):
        for number, text in zip(numbered(numbering, batch), batch, strict=True):
            assert known.setdefault(number, text) == text
    assert len(numbering) == len(known) == len(set(known.values()))


@pytest.mark.parametrize("seed", range(3))
def test_combinations_are_numbered_once_and_the_empty_one_never(seed: int) -> None:
    chance, met = random.Random(seed), Combinations(3, first=7)
    known: dict[tuple[str, ...], int] = {}
    for batch in batches(seed):
        rows = [(text, chance.choice(TEXTS[:3]), "") for text in batch]
        columns = [pa.array([row[at] or None for row in rows], pa.string()).dictionary_encode() for at in range(2)]
        numbers, new = met.numbers_of([*columns, None])
        assert set(new) == set(rows) - set(known) - {("", "", "")} and len(new) == len(set(new))
        known |= {texts: 7 + len(known) + at for at, texts in enumerate(new)}
        assert numbers.tolist() == [known.get(row, NOTHING) for row in rows]
    assert met.next == 7 + len(known)
