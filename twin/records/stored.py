"""From the typed columns of a batch to the values its rows hold in the tables, a Python list a column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.codes import RecordKind
from twin.codes.kind import ColumnType
from twin.records.interning import ARTICLE, LOCATION, SEPARATOR, Interner, combined_codes
from twin.store.record_schema import PARTS, column_name

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["domain_of", "stored_lists"]

ORDER = {"article": ARTICLE, "location": LOCATION}


def stored_lists(kind: RecordKind, values: Mapping[str, pa.Array], interner: Interner) -> dict[str, list[Any]]:
    """Column of the table → one value a row, None for an empty cell; texts that rows share become ids. Only for what the ledger has."""
    found: dict[str, list[Any]] = {}
    for column in kind.columns:
        name = column_name(column)
        if name in found or column.name not in values:
            continue
        if column.part:
            found[name] = _part_ids(kind, column.part, values, interner)
        elif column.interned:
            found[name] = _term_ids(values[column.name], domain_of(kind, column.name), interner)
        elif column.type is ColumnType.BOOLEAN:
            found[name] = [None if value is None else int(value) for value in values[column.name].to_pylist()]
        else:
            found[name] = _plain(values[column.name])
    return found


def domain_of(kind: RecordKind, column: str) -> str:
    """Which texts a column shares: those of the kind it refers to, else its own.

    >>> from twin.codes import get_kind
    >>> domain_of(get_kind("vehicle"), "unit"), domain_of(get_kind("vehicle"), "brand")
    ('unit', 'vehicle.brand')
    """
    return kind.column(column).references or f"{kind.name}.{column}"


def _part_ids(kind: RecordKind, part: str, values: Mapping[str, pa.Array], interner: Interner) -> list[Any]:
    assert part in PARTS
    present = {column.name for column in kind.parts(part)}
    names = [name for name in ORDER[part] if name in present and name in values]
    rows, combinations = combined_codes([_dictionary(values[name]) for name in names])
    keys = [SEPARATOR.join(_in_order(part, dict(zip(names, texts, strict=True)))) for texts in combinations]
    nothing = SEPARATOR * (len(ORDER[part]) - 1)
    ids = dict(zip([key for key in keys if key != nothing], interner.parts(part, [key for key in keys if key != nothing]), strict=True))
    return _picked([ids.get(key) for key in keys], rows)


def _in_order(part: str, texts: Mapping[str, str]) -> list[str]:
    return [texts.get(name, "").replace(SEPARATOR, " ") for name in ORDER[part]]


def _term_ids(array: pa.Array, domain: str, interner: Interner) -> list[Any]:
    encoded = _dictionary(array)
    ids: list[int | None] = [*interner.terms(domain, encoded.dictionary.to_pylist()), None]
    return _picked(ids, encoded.indices.fill_null(len(ids) - 1).to_numpy(zero_copy_only=False))


def _dictionary(array: pa.Array) -> pa.DictionaryArray:
    import pyarrow as pa

    return array if isinstance(array, pa.DictionaryArray) else array.dictionary_encode()


def _plain(array: pa.Array) -> list[Any]:
    import pyarrow as pa
    import pyarrow.types as types

    if isinstance(array, pa.DictionaryArray):
        words = [*array.dictionary.to_pylist(), None]
        return _picked(words, array.indices.fill_null(len(words) - 1).to_numpy(zero_copy_only=False))
    if types.is_string(array.type) or types.is_large_string(array.type):
        return list(array.to_numpy(zero_copy_only=False))
    if array.null_count == len(array):
        return [None] * len(array)
    numbers: Sequence[Any] = array.fill_null(0).to_numpy(zero_copy_only=False).tolist()
    if not array.null_count:
        return list(numbers)
    boxed = np.array(numbers, dtype=object)
    boxed[array.is_null().to_numpy(zero_copy_only=False)] = None
    return list(boxed)


def _picked(values: list[Any], places: np.ndarray[Any, Any]) -> list[Any]:
    boxed = np.empty(len(values), dtype=object)
    boxed[:] = values
    return list(boxed[places])
