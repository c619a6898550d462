"""Texts, articles and locations written once: from the numbers a `Coder` gave them to the ids that rows hold.

They are unique in the tables by a 64-bit digest; two keys of one digest are told apart by another round of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar

import numpy as np
from sqlalchemy import Connection, Table

from twin.codes import fold, list_kinds
from twin.ledgers.numbering import NOTHING
from twin.records.counters import next_id_of, take_ids
from twin.records.stored import ARTICLE, LOCATION, SEPARATOR, Coded, Resolved
from twin.store import record_schema as schema
from twin.store.database import Database, put_rows, rows_among

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Interner", "digest_of", "intern", "search_windows", "unknown_locations"]

Int64: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]
Row = Callable[[str], tuple[Any, ...]]
T = TypeVar("T")
_Rows: TypeAlias = dict[int, tuple[int, str | None]]
"""Digest → id and key of the row that has it; no key where that row is of another domain."""
UNRESOLVED: Resolved = (None, None, None, None)
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
    """The ids of what one `Coder` numbers. What is there already is looked up before a turn to write is taken. Not for two threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ids: dict[str, Int64] = {}

    def learn(self, coded: Coded, also: Callable[[Connection], T]) -> T:
        """Find or write what is new in a batch, in turns of `AT_ONCE`; in the last of them `also` is done."""
        resolved = dict(zip(coded.new.get("location", ()), coded.resolved, strict=False))
        wanted = [(domain, key) for domain, keys in coded.new.items() for key in keys]
        found: dict[str, dict[str, int]] = {domain: {} for domain in coded.new}
        done: list[T] = []
        for last, part in _in_parts(wanted, AT_ONCE):
            by_domain: dict[str, list[str]] = {}
            for domain, key in part:
                by_domain.setdefault(domain, []).append(key)
            with self._database.reading() as connection:
                seen = {domain: _Seen.of(connection, domain, keys) for domain, keys in by_domain.items()}
            with self._database.staging() as connection:
                stands = {domain for domain, one in seen.items() if one.stands(connection)} if _differ(seen.values()) else set()
                for domain, keys in by_domain.items():
                    found[domain] |= intern(connection, domain, keys, resolved, seen[domain].rows if domain in stands else None)
                if last:
                    done.append(also(connection))
        for domain, keys in coded.new.items():  # after the commit: what was rolled back is not known
            ids = np.fromiter(map(found[domain].__getitem__, keys), dtype=np.int64, count=len(keys))
            self._ids[domain] = np.concatenate([self._ids.get(domain, ids[:0]), ids])
        return done[0]

    def columns(self, coded: Coded) -> dict[str, pa.Array]:
        """The columns of the table, once what is new is learnt."""
        import pyarrow as pa

        ids = {name: self._ids.get(one.domain, np.empty(0, dtype=np.int64)) for name, one in coded.numbered.items()}
        return coded.plain | {
            name: pa.array(np.append(ids[name], NOTHING)[one.rows], mask=one.rows == NOTHING) for name, one in coded.numbered.items()
        }


class _Seen(NamedTuple):
    """What a reader saw of some keys, and the number the next row of their table would have got."""

    table: Table
    digests: frozenset[int]
    next_id: int
    rows: _Rows

    @classmethod
    def of(cls, connection: Connection, domain: str, keys: Sequence[str]) -> _Seen:
        table, digests = _table_of(domain), frozenset(digest_of(domain, key) for key in keys)
        return cls(table, digests, next_id_of(connection, table.name), _stored(connection, table, domain, digests))

    def stands(self, connection: Connection) -> bool:
        """Whether nobody has written to the table since."""
        return next_id_of(connection, self.table.name) == self.next_id


def _differ(seen: Iterable[_Seen]) -> bool:
    """Whether no two domains of one table have keys of one digest: what one writes the other has not seen."""
    met: set[tuple[str, int]] = set()
    count = 0
    for one in seen:
        met.update((one.table.name, digest) for digest in one.digests)
        count += len(one.digests)
    return len(met) == count


def intern(
    connection: Connection, domain: str, keys: Sequence[str], resolved: Mapping[str, Resolved], seen: _Rows | None = None
) -> dict[str, int]:
    """The ids of texts of a domain, or of articles or locations (their parts joined); those that are new are written.

    `resolved` tells where new locations are; the others are left to the tie. `seen` are the rows of these keys, where they are known.
    """
    table, row = _table_of(domain), _row_of(domain, resolved)
    found: dict[str, int] = {}
    waiting, round_ = keys, 0
    while waiting:
        digests = {digest_of(domain, key, round_): key for key in waiting}
        there = _stored(connection, table, domain, digests) if seen is None or round_ else seen
        found |= {digests[digest]: row_id for digest, (row_id, said) in there.items() if said == digests[digest]}
        new = {digest: key for digest, key in digests.items() if digest not in there}
        found |= _write(connection, table, domain, new, row)
        waiting, round_ = [key for key in waiting if key not in found], round_ + 1
    return found


def unknown_locations(connection: Connection, keys: Sequence[str]) -> list[str]:
    """Those of some locations (their parts joined) that nobody has written yet."""
    digests = {digest_of("location", key): key for key in keys}
    there = _stored(connection, schema.location, "location", digests)
    return [key for digest, key in digests.items() if digest not in there]


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


def _table_of(domain: str) -> Table:
    return {"article": schema.article, "location": schema.location}.get(domain, schema.term)


def _row_of(domain: str, resolved: Mapping[str, Resolved]) -> Row:
    """What is written of a new text or key, after its id and digest."""
    if domain == "article":
        return lambda key: (*key.split(SEPARATOR), fold(key.split(SEPARATOR)[0]))
    if domain == "location":
        return lambda key: (*key.split(SEPARATOR), *resolved.get(key, UNRESOLVED), None)
    return lambda text: (domain, text, fold(text), None, None, None, None, None)


def _stored(connection: Connection, table: Table, domain: str, digests: Iterable[int]) -> _Rows:
    names = KEYS[table.name]
    columns = [table.c.id, table.c.digest, *(table.c[name] for name in names)]
    if table is schema.term:
        columns.append(table.c.domain)
    found: _Rows = {}
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


def _in_parts(items: Iterable[T], size: int) -> Iterator[tuple[bool, list[T]]]:
    """The items in lists of a size, one empty list where there are none, and whether each is the last."""
    rest = iter(items)
    part = list(islice(rest, size))
    while True:
        after = list(islice(rest, size))
        yield not after, part
        if not after:
            return
        part = after
