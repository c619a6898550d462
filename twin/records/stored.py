"""From the typed columns of a batch to the columns its rows have in the tables: texts that rows share become numbers.

Needs nothing of the store: it runs where the ledger is read, and `interning` turns the numbers into ids where rows are written.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

import numpy as np

from twin.codes import RecordKind
from twin.codes.kind import ColumnType
from twin.ledgers.numbering import NOTHING, Combinations, Numbering, distinct
from twin.store.record_schema import column_name

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "ARTICLE",
    "LOCATION",
    "SEPARATOR",
    "Coded",
    "Coder",
    "Numbered",
    "Resolved",
    "Resolver",
    "columns_of_incomplete_parts",
    "domain_of",
    "joined",
]

Int32: TypeAlias = np.ndarray[Any, np.dtype[np.int32]]
SEPARATOR = "\x1f"
ARTICLE = ("name", "class_code", "class_edition")
LOCATION = ("building", "storey", "room")
ORDER = {"article": ARTICLE, "location": LOCATION}
Resolved: TypeAlias = tuple[int | None, str | None, float | None, str | None]
"""Place id, method, confidence and evidence of a location."""


class Resolver(Protocol):
    """Tells where locations are, each its parts joined; part by part, so that it may know better in the end."""

    def resolve(self, keys: Sequence[str]) -> list[Resolved]:
        """Where they are, in order, by what has been said so far."""

    def settled(self) -> dict[str, Resolved]:
        """Those that all together tell otherwise."""


class Numbered(NamedTuple):
    """A column whose rows hold the numbers of texts of a domain, `NOTHING` for an empty cell."""

    domain: str
    rows: Int32


@dataclass(slots=True, kw_only=True)
class Coded:
    """A batch as the tables have it, but for the ids of texts: by domain those that are new, in the order of their numbers.

    `resolved` says where the new locations are; empty where nobody was asked.
    """

    plain: dict[str, pa.Array] = field(default_factory=dict)
    numbered: dict[str, Numbered] = field(default_factory=dict)
    new: dict[str, list[str]] = field(default_factory=dict)
    resolved: Sequence[Resolved] = ()


class Coder:
    """Numbers the texts of a ledger, batch after batch; `resolver` is asked about each new location."""

    def __init__(self, kind: RecordKind, resolver: Resolver | None = None) -> None:
        self._kind = kind
        self._resolver = resolver
        self._texts: dict[str, Numbering] = {}
        self._parts: dict[str, Combinations] = {}

    def code(self, values: Mapping[str, pa.Array], *, resolve: bool = True) -> Coded:
        """The columns of the table that the ledger has, null for an empty cell."""
        import pyarrow as pa

        coded, before = Coded(), {domain: len(texts) for domain, texts in self._texts.items()}
        for column in self._kind.columns:
            name = column_name(column)
            if name in coded.numbered or column.name not in values:
                continue
            array = values[column.name]
            if column.part:
                coded.numbered[name] = Numbered(column.part, self._part(column.part, values, coded))
            elif column.interned:
                domain = domain_of(self._kind, column.name)
                coded.numbered[name] = Numbered(domain, self._term(domain, array))
            elif column.type is ColumnType.BOOLEAN:
                coded.plain[name] = array.cast(pa.int32())
            else:
                coded.plain[name] = array.dictionary_decode() if isinstance(array, pa.DictionaryArray) else array
        for domain, texts in self._texts.items():
            if len(texts) > before.get(domain, 0):
                coded.new[domain] = texts.texts_from(before.get(domain, 0))
        if resolve and self._resolver is not None and "location" in coded.new:
            coded.resolved = self._resolver.resolve(coded.new["location"])
        return coded

    def _term(self, domain: str, array: pa.Array) -> Int32:
        encoded = _used(array)
        numbers = np.append(self._texts.setdefault(domain, Numbering()).numbers_of(encoded.dictionary), NOTHING)
        return _rows(numbers[encoded.indices.fill_null(len(encoded.dictionary)).to_numpy(zero_copy_only=False)])

    def _part(self, part: str, values: Mapping[str, pa.Array], coded: Coded) -> Int32:
        met = self._parts.get(part)
        if met is None or met.is_full:
            met = self._parts[part] = Combinations(len(ORDER[part]), first=met.next if met else 0)
        present = {column.name for column in self._kind.parts(part)}
        columns = [_used(values[name]) if name in present and name in values else None for name in ORDER[part]]
        numbers, new = met.numbers_of(columns)
        if new:
            coded.new[part] = [joined(texts) for texts in new]
        return _rows(numbers)


def columns_of_incomplete_parts(kind: RecordKind, names: Collection[str]) -> frozenset[str]:
    """The columns of articles or locations that a ledger with these columns has in part: another row may complete them."""
    parts = {column.part for column in kind.columns if column.part and column.name not in names}
    return frozenset(column.name for column in kind.columns if column.part in parts and column.name in names)


def joined(parts: Sequence[str]) -> str:
    """The parts of an article or location as one key."""
    return SEPARATOR.join(part.replace(SEPARATOR, " ") for part in parts)


def domain_of(kind: RecordKind, column: str) -> str:
    """Which texts a column shares: those of the kind it refers to, else its own.

    >>> from twin.codes import get_kind
    >>> domain_of(get_kind("vehicle"), "unit"), domain_of(get_kind("vehicle"), "brand")
    ('unit', 'vehicle.brand')
    """
    return kind.column(column).references or f"{kind.name}.{column}"


def _used(array: pa.Array) -> pa.DictionaryArray:
    """As a dictionary that has no text which no row says."""
    import pyarrow as pa

    if not isinstance(array, pa.DictionaryArray):
        return array.dictionary_encode()
    codes = array.indices.fill_null(NOTHING).to_numpy(zero_copy_only=False)
    used = distinct(codes, len(array.dictionary))
    if len(used) == len(array.dictionary):
        return array
    places = np.full(len(array.dictionary) + 1, NOTHING, dtype=np.int32)
    places[used] = np.arange(len(used))
    rows = places[codes]
    return pa.DictionaryArray.from_arrays(pa.array(rows, mask=rows < 0), array.dictionary.take(pa.array(used)))


def _rows(numbers: np.ndarray[Any, np.dtype[np.int64]]) -> Int32:
    return numbers.astype(np.int32)
