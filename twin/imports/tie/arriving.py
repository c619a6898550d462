"""Where the rows of an import are: found as they arrive, so that they are written once, with their place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import Connection, func, select

from twin.imports.tie.grounds import Grounds, read_grounds
from twin.imports.tie.locations import as_stored, locations_of, open_locations, text_of, write_answers
from twin.imports.tie.marks import (
    LOCATIONS,
    LOCATIONS_KNOWN,
    LOCATIONS_MOVED,
    are_many_new,
    mark_of,
    note_moved,
    read_mark,
    tree_mark,
    write_mark,
)
from twin.imports.tie.place_again import LOCATED, make_placer
from twin.imports.tie.placing import ARROW_COLUMNS, ASKED, NONE, PLACED_COLUMNS, Ids, Placer, intangible_articles
from twin.link.places import PlaceResolver, PlaceText
from twin.records.interning import SEPARATOR, Resolved
from twin.records.places import Place, list_places
from twin.records.state import note_ties
from twin.store import Store
from twin.store import record_schema as schema

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Placing", "placer_of"]

LOCATION = schema.location.c


class Placing:
    """What an import of a located kind asks for its rows (`twin.records.merge.Placed`); made ready when first asked."""

    def __init__(self, store: Store, kind: str) -> None:
        self._store, self._database, self._kind = store, store.database, kind
        self._known_articles: set[int] = set()

    def prepare(self) -> None:
        """Make ready now: there is time while the ledger is opened."""
        assert self._resolver is not None and self._placer is not None

    def resolve(self, keys: Sequence[str]) -> list[Resolved]:
        """Where new locations are, each the parts of `LOCATION` joined; by what this import has said so far."""
        texts = [PlaceText(building, storey, room) for building, storey, room in (key.split(SEPARATOR) for key in keys)]
        return [as_stored(answer) for answer in self._resolver.resolve(texts)]

    def __call__(self, columns: Mapping[str, pa.Array]) -> Mapping[str, pa.Array]:
        """The placement of new rows."""
        asked = {name: _ids(columns[name]) for name in ASKED if name in columns}
        self._meet_locations(int(asked["location_id"].max(initial=NONE)))
        if "article_id" in asked:
            self._meet_articles(set(np.unique(asked["article_id"]).tolist()) - {NONE})
        table = self._placer.place(asked).to_arrow()
        return {name: _plain(table[column]) for name, column in zip(PLACED_COLUMNS, ARROW_COLUMNS, strict=True)}

    @cached_property
    def _grounds(self) -> Grounds:
        return read_grounds(self._store)

    @cached_property
    def _places(self) -> list[Place]:
        with self._database.reading() as connection:
            return list_places(connection)

    @cached_property
    def _resolver(self) -> PlaceResolver:
        with self._database.reading() as connection:
            self._mark = mark_of(tree_mark(self._store, connection))
            self._before = _last_location(connection)
            return PlaceResolver(self._grounds.place_tree(self._places))

    @cached_property
    def _placer(self) -> Placer:
        with self._database.reading() as connection:
            self._last = _last_location(connection)
            self._moved = read_mark(connection, LOCATIONS_MOVED)
            return make_placer(connection, self._grounds, self._kind, self._places, but=None, importing=True)

    def settle(self) -> None:
        """Tell those locations otherwise that all habits together tell otherwise, the older ones too where many are new.

        Only where the older ones stand as this tree says; else the tie resolves all of them.
        """
        if "_resolver" not in self.__dict__:
            return
        with self._database.reading() as connection:
            if read_mark(connection, LOCATIONS) != self._mark:
                return
            count = connection.execute(select(func.count()).select_from(schema.location)).scalar_one()
            many = are_many_new(connection, count)
            older = open_locations(connection, until=self._before) if many else []
        answers = dict(zip(map(text_of, older), self._resolver.resolve([text_of(row) for row in older]), strict=True))
        settled = dict(self._resolver.settled())
        with self._database.reading() as connection:
            rows = [*older, *locations_of(connection, [text for text in settled if text not in answers])]
        answers |= settled
        if write_answers(self._database, ((row, answers[text_of(row)]) for row in rows)):
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

    def _meet_articles(self, articles: set[int]) -> None:
        if articles - self._known_articles:
            with self._database.reading() as connection:
                self._placer.intangible = intangible_articles(connection)
            self._known_articles |= articles


def _last_location(connection: Connection) -> int:
    return int(connection.execute(select(func.coalesce(func.max(LOCATION.id), 0))).scalar_one())


def placer_of(store: Store, kind: str) -> Placing | None:
    """What places the rows of an import; None for kinds that are nowhere."""
    return Placing(store, kind) if kind in LOCATED else None


def _ids(column: pa.Array) -> Ids:
    filled: Ids = column.fill_null(NONE).to_numpy(zero_copy_only=False).astype(np.int64)
    return filled


def _plain(column: pa.ChunkedArray) -> pa.Array:
    import pyarrow as pa

    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return array.dictionary_decode() if isinstance(array, pa.DictionaryArray) else array
