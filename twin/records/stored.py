"""From the typed columns of a batch to the columns its rows have in the tables: texts that rows share become ids."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from twin.codes import RecordKind
from twin.codes.kind import ColumnType
from twin.records.interning import ARTICLE, LOCATION, NOTHING, Interner
from twin.store.record_schema import column_name

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["domain_of", "stored_columns_of"]

ORDER = {"article": ARTICLE, "location": LOCATION}


def stored_columns_of(kind: RecordKind, values: Mapping[str, pa.Array], interner: Interner) -> dict[str, pa.Array]:
    """Column of the table → its values, null for an empty cell; only for what the ledger has. New texts are written in one turn."""
    import pyarrow as pa

    found: dict[str, pa.Array | Callable[[], pa.Array]] = {}
    for column in kind.columns:
        name = column_name(column)
        if name in found or column.name not in values:
            continue
        array = values[column.name]
        if column.part:
            found[name] = _part_ids(kind, column.part, values, interner)
        elif column.interned:
            found[name] = _term_ids(array, domain_of(kind, column.name), interner)
        elif column.type is ColumnType.BOOLEAN:
            found[name] = array.cast(pa.int32())
        else:
            found[name] = array.dictionary_decode() if isinstance(array, pa.DictionaryArray) else array
    interner.write()
    return {name: column() if callable(column) else column for name, column in found.items()}


def domain_of(kind: RecordKind, column: str) -> str:
    """Which texts a column shares: those of the kind it refers to, else its own.

    >>> from twin.codes import get_kind
    >>> domain_of(get_kind("vehicle"), "unit"), domain_of(get_kind("vehicle"), "brand")
    ('unit', 'vehicle.brand')
    """
    return kind.column(column).references or f"{kind.name}.{column}"


def _part_ids(kind: RecordKind, part: str, values: Mapping[str, pa.Array], interner: Interner) -> Callable[[], pa.Array]:
    """What gives the ids once all that is wanted is written."""
    import pyarrow as pa

    present = {column.name for column in kind.parts(part)}
    names = [name if name in present and name in values else None for name in ORDER[part]]
    asked = interner.want_combined(part, [None if name is None else _dictionary(values[name]) for name in names])

    def ids() -> pa.Array:
        numbers = interner.combined(asked)
        return pa.array(numbers, mask=numbers == NOTHING)

    return ids


def _term_ids(array: pa.Array, domain: str, interner: Interner) -> Callable[[], pa.Array]:
    import pyarrow as pa

    encoded = _dictionary(array)
    used = np.unique(encoded.indices.drop_null().to_numpy(zero_copy_only=False))
    texts = encoded.dictionary.take(pa.array(used)).to_pylist() if len(used) else []
    interner.want(domain, texts)

    def ids() -> pa.Array:
        numbers = np.zeros(len(encoded.dictionary), dtype=np.int64)
        if len(used):
            numbers[used] = interner.terms(domain, texts)
        return pa.array(numbers).take(encoded.indices)

    return ids


def _dictionary(array: pa.Array) -> pa.DictionaryArray:
    import pyarrow as pa

    return array if isinstance(array, pa.DictionaryArray) else array.dictionary_encode()
