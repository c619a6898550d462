"""Many records in an order, packed: who keeps them knows how large they are."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["InOrder"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class InOrder(Sequence[str]):
    """The ids of records, each with the text that says its place in the order (a key, the end of a sorted page); by number those texts.

    `at`: the numbers in the arrays of those that are meant; None for all.
    """

    letters: NDArray[np.uint8]
    ends: NDArray[np.int64]
    records: NDArray[np.int64]
    at: NDArray[np.intp] | None = None

    @classmethod
    def of(cls, placed: Iterable[tuple[str, int]]) -> Self:
        """Of texts and ids that are in order already."""
        pairs = [(text.encode(), record) for text, record in placed]
        return cls(
            letters=np.frombuffer(b"".join(text for text, _ in pairs), dtype=np.uint8),
            ends=np.cumsum([0, *(len(text) for text, _ in pairs)], dtype=np.int64),
            records=np.array([record for _, record in pairs], dtype=np.int64),
        )

    @property
    def nbytes(self) -> int:
        """How large it is."""
        return self.letters.nbytes + self.ends.nbytes + self.records.nbytes

    def __len__(self) -> int:
        return len(self.records) if self.at is None else len(self.at)

    def __getitem__(self, number: Any) -> Any:
        at = number if self.at is None else self.at[number]
        return self.letters[self.ends[at] : self.ends[at + 1]].tobytes().decode()

    def record(self, number: int) -> int:
        """The id of the record of that number."""
        return int(self.records[number if self.at is None else self.at[number]])

    def start(self, after: str, key: Callable[[str], Any]) -> int:
        """The number of the first one behind that text, as `key` compares texts; of the first of all for an empty one."""
        return bisect_right(self, key(after), key=key) if after else 0

    def chosen(self, marks: NDArray[np.bool_]) -> InOrder:
        """Those of all that are marked (n,), in the same arrays."""
        return replace(self, at=np.flatnonzero(marks))
