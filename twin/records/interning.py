"""Texts, articles and locations written once: from what a batch says to the ids its rows hold.

Within a batch the distinct values are found by column (dictionary codes); only those meet Python.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from sqlalchemy import Connection, Table, select

from twin.codes import fold
from twin.records.counters import take_ids
from twin.store import record_schema as schema
from twin.store.database import put_rows

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ARTICLE", "LOCATION", "SEPARATOR", "Interner", "combined_codes", "digest_of", "search_windows"]

Int64: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]
SEPARATOR = "\x1f"
ARTICLE = ("name", "class_code", "class_edition", "specification", "brand", "measure")
LOCATION = ("building", "storey", "room")
SEARCHED = ("name", "specification", "brand")
AT_ONCE = 500
"""Keys asked and written in one transaction: a few milliseconds."""


class Interner:
    """Ids of texts, articles and locations; remembers what it has met. Not for two threads.

    `writing` opens a writer's transaction: that of the database, for an import (many short ones), or the one already open.
    """

    def __init__(self, writing: Callable[[], AbstractContextManager[Connection]]) -> None:
        self._writing = writing
        self._known: dict[str, dict[str, int]] = {}

    def terms(self, domain: str, texts: Sequence[str]) -> list[int]:
        """The ids of these texts in a domain, in their order; those that are new are written."""

        def row(text: str) -> dict[str, Any]:
            return {"domain": domain, "text": text, "folded": fold(text), "record_id": None, **_UNRESOLVED}

        return self._ids(schema.term, domain, texts, row)

    def articles(self, keys: Sequence[str]) -> list[int]:
        """The ids of articles, each the parts of `ARTICLE` joined; new ones are written with their search windows."""
        return self._ids(schema.article, "article", keys, _article_row)

    def locations(self, keys: Sequence[str]) -> list[int]:
        """The ids of locations, each the parts of `LOCATION` as written, joined."""

        def row(key: str) -> dict[str, Any]:
            return {**dict(zip(LOCATION, key.split(SEPARATOR), strict=True)), "place_id": None, **_UNRESOLVED}

        return self._ids(schema.location, "location", keys, row)

    def parts(self, part: str, keys: Sequence[str]) -> list[int]:
        """`articles` or `locations`, by the name of the part."""
        return self.articles(keys) if part == "article" else self.locations(keys)

    def _ids(self, table: Table, domain: str, keys: Sequence[str], row: Callable[[str], dict[str, Any]]) -> list[int]:
        known = self._known.setdefault(domain, {})
        for part in _in_parts(dict.fromkeys(key for key in keys if key not in known)):
            with self._writing() as connection:
                found = _found_or_written(connection, table, domain, part, row)
            known.update(found)  # after the commit: what was rolled back is not known
        return [known[key] for key in keys]


def _found_or_written(
    connection: Connection, table: Table, domain: str, keys: list[str], row: Callable[[str], dict[str, Any]]
) -> dict[str, int]:
    digests = {digest_of(domain, key): key for key in keys}
    found = {
        digests[digest]: int(row_id)
        for digest, row_id in connection.execute(select(table.c.digest, table.c.id).where(table.c.digest.in_(digests)))
    }
    new = [(key, digest) for digest, key in digests.items() if key not in found]
    if not new:
        return found
    first = take_ids(connection, table.name, len(new))
    rows = [{"id": first + index, "digest": digest, **row(key)} for index, (key, digest) in enumerate(new)]
    _insert(connection, table, rows)
    if table is schema.article:
        _insert(connection, schema.term_window, [window for entry in rows for window in _windows(domain, entry)])
    return found | {key: first + index for index, (key, _) in enumerate(new)}


def _windows(domain: str, entry: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for window in search_windows(entry["folded"].split(SEPARATOR)):
        yield {"domain": domain, "window": window, "term_id": entry["id"]}


def _insert(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        put_rows(connection, table, tuple(rows[0]), [tuple(row.values()) for row in rows])


_UNRESOLVED = {"method": None, "confidence": None, "evidence": None, "decided_by": None}


def digest_of(domain: str, key: str) -> str:
    """What makes a text unique within its domain: 128 bits of BLAKE2b as hex."""
    return hashlib.blake2b(f"{domain}{SEPARATOR}{key}".encode(), digest_size=16).hexdigest()


def search_windows(folded: Iterable[str]) -> set[str]:
    """Each two characters that follow one another in a text, and its last one alone.

    >>> sorted(search_windows(["台式机"]))
    ['台式', '式机', '机']
    """
    return {text[index : index + 2] for text in folded for index in range(len(text))}


def combined_codes(columns: Sequence[pa.DictionaryArray]) -> tuple[Int64, list[tuple[str, ...]]]:
    """Row → number of its combination of values, and the combinations as texts; an empty cell is the empty text."""
    import pandas as pd

    codes: Int64 | None = None
    for column in columns:
        own = np.asarray(column.indices.fill_null(-1).to_numpy(zero_copy_only=False), dtype=np.int64) + 1
        codes = own if codes is None else np.asarray(pd.factorize(codes * (len(column.dictionary) + 1) + own)[0], dtype=np.int64)
    assert codes is not None
    numbers, first = np.unique(codes, return_index=True)
    texts = [["", *column.dictionary.to_pylist()] for column in columns]
    picked = [(column.indices.fill_null(-1).to_numpy(zero_copy_only=False)[first] + 1).tolist() for column in columns]
    combinations = [tuple(words[place] for words, place in zip(texts, places, strict=True)) for places in zip(*picked, strict=True)]
    return np.searchsorted(numbers, codes).astype(np.int64), combinations


def _article_row(key: str) -> dict[str, Any]:
    values = dict(zip(ARTICLE, key.split(SEPARATOR), strict=True))
    return {**values, "folded": SEPARATOR.join(fold(values[name]) for name in SEARCHED)}


def _in_parts(items: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(items)
    while part := list(islice(rest, AT_ONCE)):
        yield part
