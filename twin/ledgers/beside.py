"""Checks of a column that need another column of the same row: a class code means something only with its edition."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from spatial.issue import Severity
from twin.ledgers.header import Field
from twin.ledgers.rules import ChecksBeside, Fault, Trouble
from twin.ledgers.typed import Finding

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["CheckedBeside", "checked_beside"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedBeside:
    """A column that is held against another; each distinct pair of values is checked once, an empty value of the column never."""

    column: str
    other: str
    check: Callable[[str, str], Fault | None]
    memo: dict[tuple[str, str], Trouble | None] = field(default_factory=dict)

    def find(self, values: "Mapping[str, pa.Array]") -> Iterator[Finding]:
        """The findings on n rows, as warnings: the value stands."""
        import pyarrow.compute as pc

        said, beside = (_encoded(values[name]) for name in (self.column, self.other))
        width = len(beside.dictionary) + 1
        rows = pc.fill_null(said.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
        others = pc.fill_null(beside.indices, width - 1).to_numpy(zero_copy_only=False).astype(np.int64)
        pairs = np.where(rows < 0, -1, rows * width + others)
        codes, editions = said.dictionary.to_pylist(), [*beside.dictionary.to_pylist(), ""]
        for pair in np.unique(pairs[pairs >= 0]).tolist():
            value = codes[pair // width]
            trouble = self._trouble(value, editions[pair % width])
            if trouble is not None:
                yield Finding(rows=np.flatnonzero(pairs == pair), column=self.column, value=value, trouble=trouble)

    def _trouble(self, value: str, other: str) -> Trouble | None:
        if (value, other) not in self.memo:
            fault = self.check(value, other)
            found = None if fault is None else Trouble(code=fault.code, message=fault.message, severity=Severity.WARNING)
            self.memo[value, other] = found
        return self.memo[value, other]


def checked_beside(fields: Iterable[Field], checks: ChecksBeside) -> tuple[CheckedBeside, ...]:
    """The columns among these whose check needs another of them."""
    columns = {field.column.name: field.column for field in fields}
    wanted = [(name, *checks[column.check]) for name, column in columns.items() if column.check in checks]
    return tuple(CheckedBeside(column=name, other=other, check=check) for name, other, check in wanted if other in columns)


def _encoded(values: "pa.Array") -> "pa.DictionaryArray":
    import pyarrow as pa

    return values if isinstance(values, pa.DictionaryArray) else values.dictionary_encode()
