"""What the distinct texts of a column were read as, batch after batch: each text is read once, and found by column after that."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from twin.codes import ColumnType
from twin.ledgers.numbering import Numbering, distinct
from twin.ledgers.rules import Reading, Trouble

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ReadTexts", "arrow_type"]

Int64: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]
NOTHING = -1
NO_PLACES = np.empty(0, dtype=np.int32)


class ReadTexts:
    """Texts by number, the value of each, and the trouble with some; terms and references stay a dictionary."""

    def __init__(self, kind: ColumnType, read: Callable[[str], Reading]) -> None:
        import pyarrow as pa

        self._read = read
        self._texts = Numbering()
        self._values = pa.array([], arrow_type(kind))
        self._shared = kind in (ColumnType.TERM, ColumnType.REF)
        self._place_of: dict[object, int] = {}
        self._places = NO_PLACES
        self.troubles: dict[int, Trouble] = {}

    def __len__(self) -> int:
        return len(self._texts)

    def numbers_of(self, texts: pa.Array) -> Int64:
        """The number (n,) of each of n texts; those not met before are read."""
        before = len(self._texts)
        numbers = self._texts.numbers_of(texts)
        if len(self._texts) > before:
            self._learn(before)
        return numbers

    def values(self, numbers: Int64) -> pa.Array:
        """The value (n,) of each row, given by the number of its text; in a dictionary no value stands twice."""
        import pyarrow as pa

        if not self._shared:
            return self._values.take(pa.array(numbers))
        places = self._places[numbers]
        used = distinct(places, len(self._values))
        of_batch = np.full(len(self._values) + 1, NOTHING, dtype=np.int32)
        of_batch[used] = np.arange(len(used), dtype=np.int32)
        rows = of_batch[places]
        return pa.DictionaryArray.from_arrays(pa.array(rows, mask=rows == NOTHING), self._values.take(pa.array(used)))

    def _learn(self, before: int) -> None:
        import pyarrow as pa

        readings = [self._read(text) for text in self._texts.texts_from(before)]
        self.troubles |= {before + at: trouble for at, (_, trouble) in enumerate(readings) if trouble is not None}
        values: list[Any] = [value for value, _ in readings]
        if self._shared:
            known = len(self._place_of)
            places = [NOTHING if value is None else self._place_of.setdefault(value, len(self._place_of)) for value in values]
            self._places = np.concatenate([self._places, np.array(places, dtype=np.int32)])
            values = list(self._place_of)[known:]
        self._values = pa.concat_arrays([self._values, pa.array(values, self._values.type)])


def arrow_type(kind: ColumnType) -> pa.DataType:
    """How Arrow holds the values of a type."""
    import pyarrow as pa

    if kind in (ColumnType.INTEGER, ColumnType.MONEY, ColumnType.INSTANT):
        return pa.int64()
    if kind is ColumnType.NUMBER:
        return pa.float64()
    if kind is ColumnType.BOOLEAN:
        return pa.bool_()
    return pa.string()
