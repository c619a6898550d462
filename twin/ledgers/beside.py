"""Checks of a column that need others of the same row: a class with its edition, a part with its whole."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from spatial.issue import Severity
from twin.codes import Column, ColumnType
from twin.ledgers.header import Field
from twin.ledgers.rules import ChecksBeside, Fault, Trouble
from twin.ledgers.typed import Finding

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Beside", "CheckedBeside", "PartOf", "checked_beside", "parts_of"]


class Beside(Protocol):
    """A check of several columns of a batch."""

    def find(self, values: "Mapping[str, pa.Array]") -> Iterator[Finding]:
        """The findings on n rows, as warnings: the values stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedBeside:
    """A column that is held against others; each distinct set of values is checked once, an empty value of the column never."""

    column: str
    others: tuple[str, ...]
    check: Callable[..., Fault | None]
    memo: dict[tuple[str, ...], Trouble | None] = field(default_factory=dict)

    def find(self, values: "Mapping[str, pa.Array]") -> Iterator[Finding]:
        """The findings on n rows, as warnings: the values stand."""
        columns = [_numbered(values[name]) if name in values else None for name in (self.column, *self.others)]
        assert columns[0] is not None
        which = columns[0][0].copy()
        for column in columns[1:]:
            if column is not None:
                which = np.where(which < 0, which, which * (len(column[1]) + 1) + column[0] % (len(column[1]) + 1))
        distinct, first = np.unique(which, return_index=True)
        for one, at in zip(distinct.tolist(), first.tolist(), strict=True):
            if one < 0:
                continue
            said = tuple("" if column is None or column[0][at] < 0 else column[1][column[0][at]] for column in columns)
            trouble = self._trouble(said)
            if trouble is not None:
                yield Finding(rows=np.flatnonzero(which == one), column=self.column, value=said[0], trouble=trouble)

    def _trouble(self, said: tuple[str, ...]) -> Trouble | None:
        if said not in self.memo:
            fault = self.check(*said)
            self.memo[said] = None if fault is None else Trouble(code=fault.code, message=fault.message, severity=Severity.WARNING)
        return self.memo[said]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartOf:
    """A column of numbers none of which may be larger than the one of `whole` in its row."""

    column: Column
    whole: Column

    def find(self, values: "Mapping[str, pa.Array]") -> Iterator[Finding]:
        """`PART_ABOVE_WHOLE` for each row where both are stated and the part is larger."""
        import pyarrow.compute as pc

        part, whole = values[self.column.name], values[self.whole.name]
        above = pc.fill_null(pc.greater(part, whole), False).to_numpy(zero_copy_only=False)
        for row in np.flatnonzero(above).tolist():
            said, limit = (_words(column, numbers[row].as_py()) for column, numbers in ((self.column, part), (self.whole, whole)))
            message = f"{self.column.zh} {said} above {self.whole.zh} {limit}"
            trouble = Trouble(code="PART_ABOVE_WHOLE", message=message, severity=Severity.WARNING)
            yield Finding(rows=np.array([row]), column=self.column.name, value=said, trouble=trouble)


def checked_beside(fields: Iterable[Field], checks: ChecksBeside) -> tuple[CheckedBeside, ...]:
    """The columns among these whose check needs others, where the first of those is among them too."""
    columns = {field.column.name: field.column for field in fields}
    wanted = [(name, *checks[column.check]) for name, column in columns.items() if column.check in checks]
    return tuple(CheckedBeside(column=name, others=others, check=check) for name, others, check in wanted if others[0] in columns)


def parts_of(fields: Iterable[Field]) -> tuple[PartOf, ...]:
    """The columns among these that are part of another of them."""
    columns = {field.column.name: field.column for field in fields}
    return tuple(PartOf(column=one, whole=columns[one.part_of]) for one in columns.values() if one.part_of in columns)


def _numbered(values: "pa.Array") -> tuple[NDArray[np.int64], Sequence[str]]:
    """The number of each row's text (−1 for none), and the texts by number."""
    import pyarrow as pa
    import pyarrow.compute as pc

    encoded = values if isinstance(values, pa.DictionaryArray) else values.dictionary_encode()
    return pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64), encoded.dictionary.to_pylist()


def _words(column: Column, number: float) -> str:
    return f"{number / 100:.2f}" if column.type is ColumnType.MONEY else f"{number:g}"
