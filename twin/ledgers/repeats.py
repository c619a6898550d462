"""Which keys a file has said before: a view over the whole file in bounded memory (about 50 bytes a row)."""

from bisect import bisect_right
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["KeysSeen"]


LONGEST_RUN = 1 << 19


class KeysSeen:
    """Keys in the order of the file, found by their 64-bit hashes and compared as text where hashes meet."""

    def __init__(self) -> None:
        self._runs: list[tuple[NDArray[np.uint64], NDArray[np.uint32]]] = []
        self._keys: list[pa.Array] = []
        self._lines: list[NDArray[np.uint32]] = []
        self._row_hashes: list[NDArray[np.uint64]] = []
        self._starts: list[int] = [0]

    def add(
        self, keys: "pa.Array", hashes: NDArray[np.uint64], lines: NDArray[np.int64], row_hashes: NDArray[np.uint64]
    ) -> dict[int, tuple[int, bool]]:
        """Remember n keys (plain text, no nulls) with their hashes; of those said before: their index, the first line that says it,
        whether the rows are identical."""
        first = self._starts[-1]
        self._keys.append(keys)
        self._lines.append(lines.astype(np.uint32))
        self._row_hashes.append(row_hashes)
        self._starts.append(first + len(keys))
        order = np.argsort(hashes, kind="stable")
        found = self._said_before(first, hashes, order)
        fresh = order[~np.isin(order, list(found))] if found else order
        if len(fresh):
            self._runs.append((hashes[fresh], (fresh + first).astype(np.uint32)))
            self._merge()
        return found

    def _said_before(self, first: int, hashes: NDArray[np.uint64], order: NDArray[np.int64]) -> dict[int, tuple[int, bool]]:
        ordered = hashes[order]
        same = ordered[1:] == ordered[:-1]
        suspects = {*order[1:][same].tolist(), *order[:-1][same].tolist()}
        for known, _ in self._runs:
            at = np.minimum(np.searchsorted(known, ordered), len(known) - 1)
            suspects.update(order[known[at] == ordered].tolist())
        found: dict[int, tuple[int, bool]] = {}
        here: dict[str, int] = {}
        for index in sorted(suspects):
            key, _, row_hash = self._at(first + index)
            other = self._known(key, hashes[index])
            other = here.setdefault(key, first + index) if other is None else other
            if other != first + index:
                _, line, other_hash = self._at(other)
                found[index] = (line, other_hash == row_hash)
        return found

    def _known(self, key: str, wanted: np.uint64) -> int | None:
        """The row of an earlier batch that says the key."""
        for hashes, ordinals in self._runs:
            start, end = np.searchsorted(hashes, wanted, "left"), np.searchsorted(hashes, wanted, "right")
            for other in ordinals[start:end].tolist():
                if self._at(other)[0] == key:
                    return int(other)
        return None

    def _at(self, ordinal: int) -> tuple[str, int, int]:
        batch = bisect_right(self._starts, ordinal) - 1
        row = ordinal - self._starts[batch]
        return self._keys[batch][row].as_py(), int(self._lines[batch][row]), int(self._row_hashes[batch][row])

    def _merge(self) -> None:
        """Keep few sorted runs: the last two become one while the later is not much smaller, and they are no longer than that."""
        while len(self._runs) > 1 and len(self._runs[-2][0]) <= min(2 * len(self._runs[-1][0]), LONGEST_RUN):
            (late, late_ordinals), (early, early_ordinals) = self._runs.pop(), self._runs.pop()
            hashes = np.concatenate((early, late))
            order = np.argsort(hashes, kind="stable")
            self._runs.append((hashes[order], np.concatenate((early_ordinals, late_ordinals))[order]))
