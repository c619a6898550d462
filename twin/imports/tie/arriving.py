"""Where the rows of an import are: found as they arrive, so that they are written once, with their place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from sqlalchemy import Connection, func, select

from twin.imports.tie.grounds import Grounds, read_grounds
from twin.imports.tie.locations import as_stored, key_of, locations_of, open_locations, text_of, write_answers
from twin.imports.tie.marks import (
    LOCATIONS,
    LOCATIONS_KNOWN,
    LOCATIONS_MOVED,
    TREE,
    are_many_new,
    mark_of,
    note_moved,
    read_mark,
    tree_mark,
    write_mark,
)
from twin.imports.tie.place_again import LOCATED, make_placer
from twin.imports.tie.placing import ARROW_COLUMNS, ASKED, NONE, PLACED_COLUMNS, Ids, Placer, intangible_articles
from twin.link.places import PlaceResolver, PlaceTree
from twin.records.feed import Settled
from twin.records.state import note_ties
from twin.records.stored import Resolved, joined
from twin.store import Store
from twin.store import record_schema as schema

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Locations", "Placing", "open_locations_of", "placer_of"]

LOCATION = schema.location.c


class Locations:
    """Tells where locations are, for where the ledger is read (`twin.records.stored.Resolver`)."""

    def __init__(self, tree: PlaceTree) -> None:
        self._resolver = PlaceResolver(tree)

    def resolve(self, keys: Sequence[str]) -> list[Resolved]:
        """Where they are, each its parts joined; by what has been said so far."""
        return [as_stored(answer) for answer in self._resolver.resolve([text_of(key) for key in keys])]

    def settled(self) -> dict[str, Resolved]:
        """Those that all together tell otherwise."""
        return {joined(text): as_stored(answer) for text, answer in self._resolver.settled()}


def open_locations_of(url: str) -> Locations:
    """What tells where locations are by the tree of places at a URL, which is closed again."""
    with Store.open(url) as store:
        return Placing(store, "").locations()


class Placing:
    """What an import of a located kind asks for its rows (`twin.records.merge.Placed`); made ready when first asked."""

    def __init__(self, store: Store, kind: str) -> None:
        self._store, self._database, self._kind = store, store.database, kind
        self._made: Future[Locations] | None = None

    def begin(self) -> Placing:
        """Take note of the tree and the last location, before any is written."""
        with self._database.reading() as connection:
            tree = tree_mark(self._store, connection)
            self._before = _Before(tree, read_mark(connection, TREE) == tree, _last_location(connection))
        return self

    def prepare(self) -> None:
        """Make ready now for new rows."""
        assert self._placer is not None
        self._grounds.forget_places()

    def prepare_to_resolve(self) -> Future[Locations]:
        """Make ready for rows that differ, in a thread: few of them come soon."""
        if self._made is None:
            self._made = ThreadPoolExecutor(1).submit(self.locations)
        return self._made

    def resolve(self, keys: Sequence[str]) -> Sequence[Resolved]:
        """Where some locations are, each its parts joined."""
        return self.prepare_to_resolve().result().resolve(keys)

    def grounds(self, tree: int) -> Grounds | None:
        """The grounds of this import, where the tree they were read with is that one."""
        same = self._before.stands and self._before.tree == tree and "_grounds" in self.__dict__
        return self._grounds if same else None

    def locations(self) -> Locations:
        """What tells where locations are."""
        return Locations(self._grounds.place_tree(self._grounds.places))

    def __call__(self, columns: Mapping[str, pa.Array]) -> Mapping[str, pa.Array]:
        """The placement of new rows."""
        asked = {name: _ids(columns[name]) for name in ASKED if name in columns}
        self._meet_locations(int(asked["location_id"].max(initial=NONE)))
        if "article_id" in asked:
            self._meet_articles(int(asked["article_id"].max(initial=NONE)))
        table = self._placer.place(asked).to_arrow()
        return {name: _plain(table[column]) for name, column in zip(PLACED_COLUMNS, ARROW_COLUMNS, strict=True)}

    @cached_property
    def _grounds(self) -> Grounds:
        return read_grounds(self._store)

    @cached_property
    def _placer(self) -> Placer:
        with self._database.reading() as connection:
            self._last = _last_location(connection)
            self._moved = read_mark(connection, LOCATIONS_MOVED)
            return make_placer(connection, self._grounds, self._kind, self._grounds.places, but=None, importing=True)

    def settle(self, settled: Callable[[Sequence[str]], Settled]) -> None:
        """Tell those locations otherwise that all habits together tell otherwise, the older ones too where many are new.

        Only where the older ones stand as this tree says; else the tie resolves all of them.
        """
        mark, last = mark_of(self._before.tree), self._before.location
        with self._database.reading() as connection:
            if read_mark(connection, LOCATIONS) != mark or _last_location(connection) == last:
                return
            count = connection.execute(select(func.count()).select_from(schema.location)).scalar_one()
            many = are_many_new(connection, count)
            older = open_locations(connection, until=last) if many else []
        said = settled([key_of(row) for row in older])
        with self._database.reading() as connection:
            newer = locations_of(connection, said.otherwise, after=last)
        answers = [*zip(older, said.older, strict=True), *((row, said.otherwise[key_of(row)]) for row in newer)]
        if write_answers(self._database, answers):
            with self._database.writing() as connection:
                note_ties(connection)
        if many:
            with self._database.writing() as connection:
                write_mark(connection, LOCATIONS_KNOWN, count)

    def landed(self) -> None:
        """The rows are seen: where locations moved while they came, the next tie looks at all rows."""
        if "_placer" in self.__dict__:
            with self._database.writing() as connection:
                if read_mark(connection, LOCATIONS_MOVED) != self._moved:
                    note_moved(connection)

    def _meet_locations(self, last: int) -> None:
        """Take note of where those are that were written meanwhile."""
        known = self._placer.location_row
        if last <= self._last:
            return
        with self._database.reading() as connection:
            new = connection.execute(
                select(LOCATION.id, LOCATION.place_id).where(LOCATION.id >= len(known), LOCATION.place_id.is_not(None))
            )
            ids, places = np.array([tuple(row) for row in new], dtype=np.int64).reshape(-1, 2).T
        rows = np.full(max(last, int(ids.max(initial=0))) + 1, NONE, dtype=np.int64)
        rows[: len(known)] = known
        rows[ids] = self._placer.rows_of(places)
        self._placer.location_row = rows
        self._last = last

    def _meet_articles(self, last: int) -> None:
        if last >= len(self._placer.intangible):
            with self._database.reading() as connection:
                self._placer.intangible = intangible_articles(connection, self._placer.intangible)


class _Before(NamedTuple):
    """The tree an import begins with, whether it is that of the last tie, and the last location there is."""

    tree: int
    stands: bool
    location: int


def _last_location(connection: Connection) -> int:
    return int(connection.execute(select(func.coalesce(func.max(LOCATION.id), 0))).scalar_one())


def placer_of(store: Store, kind: str) -> Placing | None:
    """What places the rows of an import; None for kinds that are nowhere."""
    return Placing(store, kind).begin() if kind in LOCATED else None


def _ids(column: pa.Array) -> Ids:
    filled: Ids = column.fill_null(NONE).to_numpy(zero_copy_only=False).astype(np.int64)
    return filled


def _plain(column: pa.ChunkedArray) -> pa.Array:
    import pyarrow as pa

    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return array.dictionary_decode() if isinstance(array, pa.DictionaryArray) else array
