"""Texts, articles and locations written once: from what a batch says to the ids its rows hold.

Within a batch the distinct values are found by column (dictionary codes); only those meet Python. They are unique in the
tables by a 64-bit digest; two keys of one digest are told apart by another round of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from sqlalchemy import Connection, Table

from twin.codes import fold, list_kinds
from twin.records.counters import take_ids
from twin.store import record_schema as schema
from twin.store.database import put_rows, rows_among

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ARTICLE", "LOCATION", "NOTHING", "SEPARATOR", "Combined", "Interner", "Resolved", "digest_of", "search_windows"]

Int64: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]
Row = Callable[[str], tuple[Any, ...]]
Opened: TypeAlias = Callable[[], AbstractContextManager[Connection]]
Resolved: TypeAlias = tuple[int | None, str | None, float | None, str | None]
"""Place id, method, confidence and evidence of a location."""
Resolve: TypeAlias = Callable[[Sequence[str]], Sequence[Resolved]]
UNRESOLVED: Resolved = (None, None, None, None)
SEPARATOR = "\x1f"
ARTICLE = ("name", "class_code", "class_edition")
LOCATION = ("building", "storey", "room")
NOTHING = -1
BATCH_ROWS = 1 << 17
"""More rows than a batch has."""
AT_ONCE = 4_000
"""Keys written in one transaction: some 60 ms."""
RESOLVED = ("method", "confidence", "evidence", "decided_by")
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "term": ("id", "digest", "domain", "text", "folded", "record_id", *RESOLVED),
    "article": ("id", "digest", *ARTICLE, "folded"),
    "location": ("id", "digest", *LOCATION, "place_id", *RESOLVED),
}
KEYS: Mapping[str, tuple[str, ...]] = {"term": ("text",), "article": ARTICLE, "location": LOCATION}
SEARCHED = frozenset(f"{kind.name}.{column.name}" for kind in list_kinds() for column in kind.columns if column.search)


class Interner:
    """Ids of texts, articles and locations; remembers what it has met. Not for two threads.

    `writing` opens a writer's transaction: that of the database, for an import (many short ones), or the one already open.
    `resolve`, with what opens a reader's connection, tells where new locations are before they are written; else the tie does.
    """

    def __init__(self, writing: Opened, resolve: tuple[Opened, Resolve] | None = None) -> None:
        self._writing = writing
        self._resolve = resolve
        self._known: dict[str, dict[str, int]] = {}
        self._wanted: dict[str, dict[str, None]] = {}
        self._met: dict[str, _Combinations] = {}

    def terms(self, domain: str, texts: Sequence[str]) -> list[int]:
        """The ids of these texts in a domain, in their order; those that are new are written."""
        self.want(domain, texts)
        self.write()
        known = self._known[domain]
        return [known[text] for text in texts]

    def parts(self, part: str, keys: Sequence[str]) -> list[int]:
        """The ids of articles or locations (by the name of the part), each the parts of `ARTICLE` or `LOCATION` joined."""
        return self.terms(part, keys)

    def want(self, domain: str, keys: Iterable[str]) -> None:
        """Take note of texts (or joined keys of a part) whose ids are asked for next, so that all are written in one turn."""
        known = self._known.setdefault(domain, {})
        self._wanted.setdefault(domain, {}).update((key, None) for key in keys if key not in known)

    def want_combined(self, part: str, columns: Sequence[pa.DictionaryArray | None]) -> Combined:
        """Take note of articles or locations, from the columns of the part (None: not in the ledger)."""
        met = self._met.get(part)
        if met is None or met.is_full:
            met = self._met[part] = _Combinations(len(columns))
        distinct, rows = np.unique(met.codes_of(columns), return_inverse=True)
        new = met.unknown(distinct)
        keys = met.keys_of(new) if len(new) else []
        self.want(part, keys)
        return Combined(part, distinct, rows, new, keys)

    def combined(self, asked: Combined) -> Int64:
        """Row → id of its article or location; `NOTHING` where all columns are empty. New ones are written with all that is wanted."""
        met = self._met[asked.part]
        if asked.keys:
            ids = self.parts(asked.part, asked.keys)
            self._known[asked.part].clear()  # from now on `met` remembers them
            met.learn(asked.new, np.array(ids, dtype=np.int64))
        found: Int64 = met.ids_of(asked.distinct)[asked.rows]
        return found

    def write(self) -> None:
        """Find or write what is wanted, in turns of `AT_ONCE`."""
        wanted = [(domain, key) for domain, keys in self._wanted.items() for key in keys]
        resolved = self._resolved(list(self._wanted.get("location", ())))
        self._wanted.clear()
        for part in _in_parts(wanted, AT_ONCE):
            by_domain: dict[str, list[str]] = {}
            for domain, key in part:
                by_domain.setdefault(domain, []).append(key)
            with self._writing() as connection:
                found = {
                    domain: _found_or_written(connection, _table_of(domain), domain, keys, _row_of(domain, resolved))
                    for domain, keys in by_domain.items()
                }
            for domain, ids in found.items():
                self._known[domain].update(ids)  # after the commit: what was rolled back is not known

    def _resolved(self, keys: Sequence[str]) -> Mapping[str, Resolved]:
        """Where those locations are that nobody has written yet; found before a turn to write is taken, since it may take long."""
        if self._resolve is None or not keys:
            return {}
        reading, resolve = self._resolve
        digests = {digest_of("location", key): key for key in keys}
        with reading() as connection:
            there = _stored(connection, schema.location, "location", digests)
        new = [key for digest, key in digests.items() if digest not in there]
        return dict(zip(new, resolve(new), strict=True))


class Combined(NamedTuple):
    """Articles or locations of a batch: its distinct combinations, row → which of them, the new ones and their joined texts."""

    part: str
    distinct: Int64
    rows: Int64
    new: Int64
    keys: list[str]


def _table_of(domain: str) -> Table:
    return {"article": schema.article, "location": schema.location}.get(domain, schema.term)


def _row_of(domain: str, resolved: Mapping[str, Resolved]) -> Row:
    """What is written of a new text or key, after its id and digest."""
    if domain == "article":
        return lambda key: (*key.split(SEPARATOR), fold(key.split(SEPARATOR)[0]))
    if domain == "location":
        return lambda key: (*key.split(SEPARATOR), *resolved.get(key, UNRESOLVED), None)
    return lambda text: (domain, text, fold(text), None, None, None, None, None)


class _Combinations:
    """Combinations of texts as one number each, so that those met before are found without touching a text."""

    def __init__(self, width: int) -> None:
        self._words: list[dict[str, int]] = [{"": 0} for _ in range(width)]
        self._bits = 63 // width
        self._codes: Int64 = np.array([0], dtype=np.int64)
        self._ids: Int64 = np.array([NOTHING], dtype=np.int64)

    @property
    def is_full(self) -> bool:
        """Whether another batch might not fit: then a new one takes its place, it is only a memory."""
        return max(map(len, self._words)) + BATCH_ROWS >= 1 << self._bits

    def codes_of(self, columns: Sequence[pa.DictionaryArray | None]) -> Int64:
        """Row → the number of its combination; 0 where all are empty."""
        codes: Int64 | None = None
        for words, column in zip(self._words, columns, strict=True):
            own: Any = 0
            if column is not None:
                texts = [text.replace(SEPARATOR, " ") for text in column.dictionary.to_pylist()]
                numbers = np.array([0, *(words.setdefault(text, len(words)) for text in texts)], dtype=np.int64)
                own = numbers[column.indices.fill_null(-1).to_numpy(zero_copy_only=False) + 1]
            codes = own if codes is None else (codes << self._bits) + own
        assert codes is not None
        return codes

    def unknown(self, codes: Int64) -> Int64:
        """Those not met before."""
        return codes[~np.isin(codes, self._codes, assume_unique=True)]

    def keys_of(self, codes: Int64) -> list[str]:
        """The texts of combinations, joined."""
        texts = [list(words) for words in self._words]
        mask = (1 << self._bits) - 1
        shifts = range(self._bits * (len(texts) - 1), -1, -self._bits)
        parts = [[words[place] for place in ((codes >> shift) & mask).tolist()] for words, shift in zip(texts, shifts, strict=True)]
        return [SEPARATOR.join(said) for said in zip(*parts, strict=True)]

    def learn(self, codes: Int64, ids: Int64) -> None:
        """Take note of the ids of combinations."""
        merged = np.concatenate([self._codes, codes])
        order = np.argsort(merged)
        self._codes, self._ids = merged[order], np.concatenate([self._ids, ids])[order]

    def ids_of(self, codes: Int64) -> Int64:
        """The ids of combinations that are known."""
        found: Int64 = self._ids[np.searchsorted(self._codes, codes)]
        return found


def _found_or_written(connection: Connection, table: Table, domain: str, keys: list[str], row: Row) -> dict[str, int]:
    found: dict[str, int] = {}
    waiting, round_ = keys, 0
    while waiting:
        digests = {digest_of(domain, key, round_): key for key in waiting}
        there = _stored(connection, table, domain, digests)
        found |= {digests[digest]: row_id for digest, (row_id, said) in there.items() if said == digests[digest]}
        new = {digest: key for digest, key in digests.items() if digest not in there}
        found |= _write(connection, table, domain, new, row)
        waiting, round_ = [key for key in waiting if key not in found], round_ + 1
    return found


def _stored(connection: Connection, table: Table, domain: str, digests: Iterable[int]) -> dict[int, tuple[int, str | None]]:
    """Digest → id and key of the row that has it; no key where that row is of another domain."""
    names = KEYS[table.name]
    columns = [table.c.id, table.c.digest, *(table.c[name] for name in names)]
    if table is schema.term:
        columns.append(table.c.domain)
    found: dict[int, tuple[int, str | None]] = {}
    for row_id, digest, *said in rows_among(connection, columns, table.c.digest, list(digests)):
        ours = table is not schema.term or said[-1] == domain
        found[int(digest)] = (int(row_id), SEPARATOR.join(said[: len(names)]) if ours else None)
    return found


def _write(connection: Connection, table: Table, domain: str, new: Mapping[int, str], row: Row) -> dict[str, int]:
    if not new:
        return {}
    first = take_ids(connection, table.name, len(new))
    rows = [(first + place, digest, *row(key)) for place, (digest, key) in enumerate(new.items())]
    put_rows(connection, table, COLUMNS[table.name], rows)
    if domain == "article" or domain in SEARCHED:
        folded = COLUMNS[table.name].index("folded")
        windows = sorted((domain, window, one[0]) for one in rows for window in search_windows([one[folded]]))
        put_rows(connection, schema.term_window, ("domain", "window", "term_id"), windows)
    return {key: first + place for place, key in enumerate(new.values())}


def digest_of(domain: str, key: str, round_: int = 0) -> int:
    """What makes a text unique within its domain: 64 bits of BLAKE2b, signed; another value for each round."""
    said = f"{domain}{SEPARATOR}{key}{SEPARATOR * round_}".encode()
    return int.from_bytes(hashlib.blake2b(said, digest_size=8).digest(), "big", signed=True)


def search_windows(folded: Iterable[str]) -> set[str]:
    """Each two characters that follow one another in a text, and its last one alone.

    >>> sorted(search_windows(["台式机"]))
    ['台式', '式机', '机']
    """
    return {text[index : index + 2] for text in folded for index in range(len(text))}


def _in_parts(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part
