"""From the typed columns of a batch to the columns its rows have in the tables: texts that rows share become ids."""

from __future__ import annotations

from collections.abc import Mapping
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
    """Column of the table → its values, null for an empty cell; only for what the ledger has."""
    import pyarrow as pa

    found: dict[str, pa.Array] = {}
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
    return found


def domain_of(kind: RecordKind, column: str) -> str:
    """Which texts a column shares: those of the kind it refers to, else its own.

    >>> from twin.codes import get_kind
    >>> domain_of(get_kind("vehicle"), "unit"), domain_of(get_kind("vehicle"), "brand")
    ('unit', 'vehicle.brand')
    """
    return kind.column(column).references or f"{kind.name}.{column}"


def _part_ids(kind: RecordKind, part: str, values: Mapping[str, pa.Array], interner: Interner) -> pa.Array:
    import pyarrow as pa

    present = {column.name for column in kind.parts(part)}
    names = [name if name in present and name in values else None for name in ORDER[part]]
    columns = [None if name is None else _dictionary(values[name]) for name in names]
    ids = interner.combined(part, columns)
    return pa.array(ids, mask=ids == NOTHING)


def _term_ids(array: pa.Array, domain: str, interner: Interner) -> pa.Array:
    import pyarrow as pa

    encoded = _dictionary(array)
    used = np.unique(encoded.indices.drop_null().to_numpy(zero_copy_only=False))
    ids = np.zeros(len(encoded.dictionary), dtype=np.int64)
    if len(used):
        ids[used] = interner.terms(domain, encoded.dictionary.take(pa.array(used)).to_pylist())
    return pa.array(ids).take(encoded.indices)


def _dictionary(array: pa.Array) -> pa.DictionaryArray:
    import pyarrow as pa

    return array if isinstance(array, pa.DictionaryArray) else array.dictionary_encode()
