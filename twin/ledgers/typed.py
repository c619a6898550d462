"""Columns of values from columns of text: distinct texts are read once, what has a regular form goes through Arrow's kernels."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twin.codes import Column
from twin.ledgers.memo import ReadTexts
from twin.ledgers.rules import Reading, Trouble

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Finding", "Typed", "TypedColumn", "to_table"]

MEMO_LIMIT = 200_000
FINDINGS = ("row", "column", "code", "value", "severity", "message")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One distinct text of a column that is not as it should be, and the positions (m,) of the rows that say it."""

    rows: NDArray[np.int64]
    column: str
    value: str
    trouble: Trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """The values of n selected rows, column by column (null where the cell is empty or was an error), and the findings on them.

    `findings` is a table of row (int64, position among the selected rows), column, code, value (the text of the cell), severity
    (`error`: the value is null; `warning`: the value stands) and message. `extra` (n,) is JSON of the unmapped cells or null.
    """

    values: "Mapping[str, pa.Array]"
    findings: "pa.Table"
    extra: "pa.StringArray"


@dataclass(slots=True, kw_only=True)
class TypedColumn:
    """Reads the cells of one column, batch after batch, remembering what each distinct text was read as."""

    column: Column
    read: Callable[[str], Reading]
    regular: Callable[["pa.Array"], "tuple[pa.Array, pa.Array] | None"] | None = None
    memo: ReadTexts | None = None

    def convert(self, texts: "pa.Array") -> "tuple[pa.Array, list[Finding]]":
        """The values (n,) of n texts, and the findings on them."""
        import pyarrow as pa

        if not isinstance(texts, pa.DictionaryArray):
            if self.regular is not None and len(texts):
                found = self.regular(texts)
                if found is not None:
                    return self._mend(texts, *found)
            texts = texts.dictionary_encode()
        return self._convert_distinct(texts)

    def _mend(self, texts: "pa.Array", values: "pa.Array", good: "pa.Array") -> "tuple[pa.Array, list[Finding]]":
        """What the kernels could read as it is, the rest text by text."""
        import pyarrow as pa
        import pyarrow.compute as pc

        bad = pc.invert(good)
        where = np.flatnonzero(bad.to_numpy(zero_copy_only=False))
        if not len(where):
            return values, []
        mended, findings = self._convert_distinct(texts.filter(bad).dictionary_encode())
        plain = mended.cast(values.type) if mended.type != values.type else mended
        values = pc.replace_with_mask(values, bad, plain)
        moved = [Finding(rows=where[item.rows], column=item.column, value=item.value, trouble=item.trouble) for item in findings]
        return values if isinstance(values, pa.Array) else values.combine_chunks(), moved

    def _convert_distinct(self, texts: "pa.DictionaryArray") -> "tuple[pa.Array, list[Finding]]":
        if self.memo is None or len(self.memo) >= MEMO_LIMIT:
            self.memo = ReadTexts(self.column.type, self.read)
        numbers, codes = self.memo.numbers_of(texts.dictionary), texts.indices.to_numpy()
        return self.memo.values(numbers[codes]), self._findings(texts.dictionary, numbers, codes, self.memo.troubles)

    def _findings(
        self, distinct: "pa.Array", numbers: NDArray[np.int64], codes: NDArray[np.int32], troubles: Mapping[int, Trouble]
    ) -> list[Finding]:
        troubled = np.flatnonzero(np.isin(numbers, list(troubles))) if troubles else numbers[:0]
        if not len(troubled):
            return []
        order = np.argsort(codes, kind="stable")
        bounds = np.searchsorted(codes[order], [[code, code + 1] for code in troubled.tolist()])
        return [
            Finding(
                rows=np.sort(order[start:end]), column=self.column.name, value=distinct[code].as_py(), trouble=troubles[int(numbers[code])]
            )
            for code, (start, end) in zip(troubled.tolist(), bounds.tolist(), strict=True)
            if end > start
        ]


def to_table(findings: Sequence[Finding]) -> "pa.Table":
    """Findings as columns, in the order of the rows."""
    import pyarrow as pa

    counts = [len(item.rows) for item in findings]
    rows = np.concatenate([item.rows for item in findings]).astype(np.int64) if findings else np.empty(0, np.int64)
    order = pa.array(np.argsort(rows, kind="stable"))

    def said(texts: Sequence[str]) -> "pa.Array":
        which = np.repeat(np.arange(len(texts), dtype=np.int32), counts) if counts else np.empty(0, np.int32)
        return pa.array(texts, pa.string()).take(pa.array(which)).take(order)

    columns = [
        pa.array(rows).take(order),
        said([item.column for item in findings]),
        said([item.trouble.code for item in findings]),
        said([item.value for item in findings]),
        said([str(item.trouble.severity) for item in findings]),
        said([item.trouble.message for item in findings]),
    ]
    return pa.table(columns, names=list(FINDINGS))
