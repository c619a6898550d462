"""Texts and combinations of texts numbered in the order they are met, column by column: no text is touched twice.

A text is found by its 64-bit hash and compared with what it is found as; one whose hash is another's is numbered apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from twin.ledgers.hashing import hash_texts

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["NOTHING", "Combinations", "Numbering", "distinct"]

Int64: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]
UInt64: TypeAlias = np.ndarray[Any, np.dtype[np.uint64]]
NOTHING = -1
BATCH_ROWS = 1 << 17
"""More rows than a batch has."""


class Numbering:
    """Texts by number, from 0 in the order they are met."""

    def __init__(self) -> None:
        import pyarrow as pa

        self._texts = pa.array([], pa.large_string())
        self._hashes: UInt64 = np.empty(0, dtype=np.uint64)
        self._numbers: Int64 = np.empty(0, dtype=np.int64)
        self._twins: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._texts)

    def numbers_of(self, texts: pa.Array) -> Int64:
        """The number (n,) of each of n texts, no nulls; those not met before take the next ones."""
        import pyarrow as pa
        import pyarrow.compute as pc

        hashes = hash_texts(texts)
        numbers = self._find(hashes)
        new = np.flatnonzero(numbers == NOTHING)
        if len(new):
            _, first = np.unique(hashes[new], return_index=True)
            met = new[np.sort(first)]
            self._learn(texts.take(pa.array(met)), hashes[met])
            numbers[new] = self._find(hashes[new])
        same = pc.equal(texts.cast(pa.large_string()), self._texts.take(pa.array(numbers))).to_numpy(zero_copy_only=False)
        for at in np.flatnonzero(~same).tolist():
            numbers[at] = self._twin(texts[at].as_py())
        return numbers

    def texts(self, numbers: Int64) -> list[str]:
        """The texts of these numbers."""
        import pyarrow as pa

        found: list[str] = self._texts.take(pa.array(numbers)).to_pylist()
        return found

    def texts_from(self, number: int) -> list[str]:
        """The texts from a number on."""
        found: list[str] = self._texts[number:].to_pylist()
        return found

    def _find(self, hashes: UInt64) -> Int64:
        if not len(self._hashes):
            return np.full(len(hashes), NOTHING, dtype=np.int64)
        places = np.minimum(np.searchsorted(self._hashes, hashes), len(self._hashes) - 1)
        found: Int64 = np.where(self._hashes[places] == hashes, self._numbers[places], NOTHING)
        return found

    def _learn(self, texts: pa.Array, hashes: UInt64) -> None:
        numbers = np.arange(len(self), len(self) + len(hashes))
        self._append(texts)
        self._hashes, self._numbers = _with(self._hashes, self._numbers, hashes, numbers)

    def _append(self, texts: pa.Array) -> None:
        import pyarrow as pa

        self._texts = pa.concat_arrays([self._texts, texts.cast(pa.large_string())])

    def _twin(self, text: str) -> int:
        import pyarrow as pa

        if text not in self._twins:
            self._twins[text] = len(self)
            self._append(pa.array([text]))
        return self._twins[text]


class Combinations:
    """Combinations of the texts of several columns, numbered from `first` in the order they are met; `NOTHING` where all are empty."""

    def __init__(self, width: int, first: int = 0) -> None:
        import pyarrow as pa

        self._parts = [Numbering() for _ in range(width)]
        for part in self._parts:
            part.numbers_of(pa.array([""]))
        self._bits = 63 // width
        self._codes: Int64 = np.array([0], dtype=np.int64)
        self._numbers: Int64 = np.array([NOTHING], dtype=np.int64)
        self.next = first

    @property
    def is_full(self) -> bool:
        """Whether another batch might not fit: then one that goes on from `next` takes its place, and meets some anew."""
        return max(map(len, self._parts)) + BATCH_ROWS >= 1 << self._bits

    def numbers_of(self, columns: Sequence[pa.DictionaryArray | None]) -> tuple[Int64, list[tuple[str, ...]]]:
        """Row → the number of its combination, and the combinations not met before; None is a column the ledger does not have."""
        import pyarrow as pa

        encoded = pa.array(self._codes_of(columns)).dictionary_encode()
        distinct, rows = encoded.dictionary.to_numpy(), encoded.indices.to_numpy()
        places = np.minimum(np.searchsorted(self._codes, distinct), len(self._codes) - 1)
        new = distinct[self._codes[places] != distinct]
        if len(new):
            self._learn(new)
            places = np.searchsorted(self._codes, distinct)
        numbers: Int64 = self._numbers[places][rows]
        return numbers, self._texts_of(new)

    def _codes_of(self, columns: Sequence[pa.DictionaryArray | None]) -> Int64:
        codes: Int64 | None = None
        for part, column in zip(self._parts, columns, strict=True):
            own: Any = 0
            if column is not None:
                numbers = np.concatenate([[0], part.numbers_of(column.dictionary)])
                own = numbers[column.indices.fill_null(-1).to_numpy(zero_copy_only=False) + 1]
            codes = own if codes is None else (codes << self._bits) + own
        assert codes is not None
        return np.atleast_1d(codes)

    def _learn(self, codes: Int64) -> None:
        numbers = np.arange(self.next, self.next + len(codes))
        self._codes, self._numbers = _with(self._codes, self._numbers, codes, numbers)
        self.next += len(codes)

    def _texts_of(self, codes: Int64) -> list[tuple[str, ...]]:
        mask, last = (1 << self._bits) - 1, len(self._parts) - 1
        split = [part.texts((codes >> self._bits * (last - place)) & mask) for place, part in enumerate(self._parts)]
        return list(zip(*split, strict=True))


def distinct(places: Any, size: int) -> Int64:
    """Which of the places below `size` occur, in order; `NOTHING` is none. A mark each costs less than sorting them.

    >>> distinct(np.array([3, -1, 0, 3]), 5).tolist()
    [0, 3]
    """
    marks = np.zeros(size + 1, dtype=np.bool_)
    marks[places] = True
    return np.flatnonzero(marks[:-1])


def _with(keys: Any, numbers: Int64, new_keys: Any, new_numbers: Int64) -> tuple[Any, Int64]:
    """Keys in order and their numbers, with some that are not among them put in their places."""
    order = np.argsort(new_keys)
    places = np.searchsorted(keys, new_keys[order])
    return np.insert(keys, places, new_keys[order]), np.insert(numbers, places, new_numbers[order])
