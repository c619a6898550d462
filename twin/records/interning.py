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
from twin.records.digests import Digests
from twin.records.stored import ARTICLE, LOCATION, SEPARATOR, Coded, Resolved
from twin.store import record_schema as schema
from twin.store.database import Database, put_rows, rows_among

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Interner", "digest_of", "intern", "search_windows", "unknown_locations"]

Int64: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]
T = TypeVar("T")
Said: TypeAlias = tuple[str, str]
"""A domain and a text of it, or an article or location as its parts joined."""
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
SEARCHED = frozenset({"article", *(f"{kind.name}.{column.name}" for kind in list_kinds() for column in kind.columns if column.search)})


class Interner:
    """The ids of what one `Coder` numbers. What is there already is looked up before a turn to write is taken. Not for two threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ids: dict[str, Int64] = {}
        self._there = Digests()

    def learn(self, coded: Coded, also: Callable[[Connection], T]) -> T:
        """Find or write what is new in a batch, in turns of `AT_ONCE`; in the last of them `also` is done."""
        resolved = dict(zip(coded.new.get("location", ()), coded.resolved, strict=False))
        wanted = [(domain, key) for domain, keys in coded.new.items() for key in keys]
        found: dict[Said, int] = {}
        done: list[T] = []
        for last, part in _in_parts(wanted, AT_ONCE):
            with self._database.reading() as connection:
                seen = [_Seen.of(connection, table, ours, there=self._there) for table, ours in _by_table(part)]
            with self._database.staging() as connection:
                for one in seen:
                    found |= _interned(connection, one.table, one.wanted, resolved, one if one.stands(connection) else None)
                if last:
                    done.append(also(connection))
        for domain, keys in coded.new.items():  # after the commit: what was rolled back is not known
            ids = np.fromiter((found[domain, key] for key in keys), dtype=np.int64, count=len(keys))
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
    """What a reader saw of some texts in their table, by digest, and the number the next row of it would have got."""

    table: Table
    wanted: Sequence[Said]
    digests: Mapping[int, Said]
    rows: Mapping[int, tuple[int, Said]]
    next_id: int

    @classmethod
    def of(cls, connection: Connection, table: Table, wanted: Sequence[Said], round_: int = 0, there: Digests | None = None) -> _Seen:
        """As this connection sees it. Of two texts of one digest the last is meant; the other has another in the next round."""
        digests, next_id = {digest_of(*said, round_): said for said in wanted}, next_id_of(connection, table.name)
        asked = there.among(connection, table, next_id, digests) if there else list(digests)
        return cls(table, wanted, digests, _stored(connection, table, asked), next_id)

    def stands(self, connection: Connection) -> bool:
        """Whether nobody has written to the table since."""
        return next_id_of(connection, self.table.name) == self.next_id


def intern(connection: Connection, domain: str, keys: Sequence[str], resolved: Mapping[str, Resolved]) -> dict[str, int]:
    """The ids of texts of a domain, or of articles or locations (their parts joined); those that are new are written.

    `resolved` tells where new locations are; the others are left to the tie.
    """
    found = _interned(connection, _table_of(domain), [(domain, key) for key in keys], resolved, None)
    return {key: row_id for (_, key), row_id in found.items()}


def _interned(
    connection: Connection, table: Table, wanted: Sequence[Said], resolved: Mapping[str, Resolved], seen: _Seen | None
) -> dict[Said, int]:
    """Ids of texts of one table; `seen` is what a reader saw of them, where that still stands."""
    found: dict[Said, int] = {}
    waiting, round_ = wanted, 0
    while waiting:
        seen = seen or _Seen.of(connection, table, waiting, round_)
        found |= {seen.digests[digest]: row_id for digest, (row_id, said) in seen.rows.items() if said == seen.digests[digest]}
        new = {digest: said for digest, said in seen.digests.items() if digest not in seen.rows}
        found |= _write(connection, table, new, resolved)
        waiting, round_, seen = [said for said in waiting if said not in found], round_ + 1, None
    return found


def unknown_locations(connection: Connection, keys: Sequence[str]) -> list[str]:
    """Those of some locations (their parts joined) that nobody has written yet."""
    seen = _Seen.of(connection, schema.location, [("location", key) for key in keys])
    return [key for digest, (_, key) in seen.digests.items() if digest not in seen.rows]


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


def _by_table(wanted: Sequence[Said]) -> Iterable[tuple[Table, list[Said]]]:
    found: dict[Table, list[Said]] = {}
    for said in wanted:
        found.setdefault(_table_of(said[0]), []).append(said)
    return found.items()


def _row_of(said: Said, resolved: Mapping[str, Resolved]) -> tuple[Any, ...]:
    """What is written of a new text or key, after its id and digest."""
    domain, key = said
    if domain == "article":
        return (*key.split(SEPARATOR), fold(key.split(SEPARATOR)[0]))
    if domain == "location":
        return (*key.split(SEPARATOR), *resolved.get(key, UNRESOLVED), None)
    return (domain, key, fold(key), None, None, None, None, None)


def _stored(connection: Connection, table: Table, digests: Sequence[int]) -> dict[int, tuple[int, Said]]:
    if not digests:
        return {}
    names = KEYS[table.name]
    columns = [table.c.id, table.c.digest, *(table.c[name] for name in names)]
    if table is schema.term:
        columns.append(table.c.domain)
    rows: Iterable[Any] = rows_among(connection, columns, table.c.digest, digests)
    found: dict[int, tuple[int, Said]] = {}
    for row_id, digest, *said in rows:
        domain = said[-1] if table is schema.term else table.name
        found[int(digest)] = (int(row_id), (domain, SEPARATOR.join(said[: len(names)])))
    return found


def _write(connection: Connection, table: Table, new: Mapping[int, Said], resolved: Mapping[str, Resolved]) -> dict[Said, int]:
    if not new:
        return {}
    first = take_ids(connection, table.name, len(new))
    rows = [(first + place, digest, *_row_of(said, resolved)) for place, (digest, said) in enumerate(new.items())]
    put_rows(connection, table, COLUMNS[table.name], rows)
    if "folded" in COLUMNS[table.name]:
        folded = COLUMNS[table.name].index("folded")
        searched = [(domain, row) for (domain, _), row in zip(new.values(), rows, strict=True) if domain in SEARCHED]
        windows = sorted((domain, window, row[0]) for domain, row in searched for window in search_windows([row[folded]]))
        put_rows(connection, schema.term_window, ("domain", "window", "term_id"), windows)
    return {said: first + place for place, said in enumerate(new.values())}


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
