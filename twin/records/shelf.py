"""What a process that serves keeps of the registers: assets as columns, the trees of places and units, the classes of articles.

One for all threads. Each is of a state; a connection that sees a newer one brings it up to date first. Where that would take
long (after a large import), the older stays in use while another process builds the newer.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from sqlalchemy import Connection, func, select

from twin.errors import StoreBusy, StoreUnavailable
from twin.records.articles import ArticleClasses, load_classes
from twin.records.column_changes import with_changes
from twin.records.column_file import build_apart, load_columns
from twin.records.column_rows import build_columns, read_imported, read_records
from twin.records.columns import Array, AssetColumns
from twin.records.place_tree import NOWHERE, PlaceTree, load_places, with_new_locations
from twin.records.state import PlaceState, RegisterState, read_state
from twin.records.texts import Texts
from twin.records.unit_tree import UnitTree, load_units
from twin.store import record_schema as schema
from twin.store.database import Database

__all__ = ["AssetView", "Shelf", "has_many"]

AT_ONCE = 20_000
"""Rows that a request takes in itself; more are for the other process."""
FIRST_WAIT_S = 120.0
KEPT = 64
KEPT_BYTES = 24 * 2**20
"""What is worked out of a view is kept as far as it is neither more nor larger."""
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AssetView:
    """Assets, places and units of one state, and what was worked out of them: `position` is where each asset is in the tree."""

    columns: AssetColumns
    places: PlaceTree
    units: UnitTree
    classes: ArticleClasses
    position: Array
    worked_out: OrderedDict[Hashable, tuple[Any, int]] = field(default_factory=OrderedDict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def site_numbers(self) -> Array:
        """The number in the store of the site that each asset stands in, `NOWHERE` for none."""
        return self.once("site numbers", lambda: np.append(self.places.site_numbers(), np.int32(NOWHERE))[self.position])

    def is_of(self, state: RegisterState) -> bool:
        """Whether the assets are as a connection of this state sees them."""
        return _is_of(self.columns, state)

    def once(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """What `make` gives, remembered for this view under the key; the oldest are forgotten."""
        with self.lock:
            if key in self.worked_out:
                self.worked_out.move_to_end(key)
                return self.worked_out[key][0]  # type: ignore[no-any-return]
        made = make()
        with self.lock:
            self.worked_out[key] = made, _bytes_of(made)
            while len(self.worked_out) > KEPT or sum(map(itemgetter(1), self.worked_out.values())) > KEPT_BYTES:
                self.worked_out.popitem(last=False)
        return made


class Shelf:
    """The columns and trees of a store; `folder` is where columns are kept for all processes."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder
        self._lock = threading.Lock()
        self._tree_lock = threading.Lock()
        self._build_lock = threading.Lock()
        self._columns: AssetColumns | None = None
        self._built: AssetColumns | None = None
        self._trees: dict[str, tuple[tuple[int, ...], Any]] = {}
        self._view: tuple[tuple[int, ...], AssetView] | None = None
        self._building: threading.Thread | None = None
        self.texts = Texts()

    def units(self, connection: Connection) -> UnitTree:
        """The tree of units as this connection sees it."""
        return self._tree("units", read_state(connection).unit_tree, lambda: load_units(connection))

    def places(self, connection: Connection) -> PlaceTree:
        """The tree of places as this connection sees it."""
        return self._places(connection, read_state(connection).tree)

    def trees_at_hand(self, connection: Connection) -> tuple[PlaceTree, UnitTree] | None:
        """Both trees as this connection sees them, None where one would have to be read."""
        state = read_state(connection)
        places, units = self._trees.get("places"), self._trees.get("units")
        if places is None or units is None or places[0] != state.tree or units[0] != state.unit_tree:
            return None
        return places[1], units[1]

    def assets(self, connection: Connection) -> AssetView:
        """Assets with places and units as this connection sees them, or as they were before an import that is still being taken in.

        Raises StoreBusy where there are none yet and building them takes too long.
        """
        state = read_state(connection)
        self._await_first(connection)
        with self._lock:
            columns = self._current(connection, state)
            view_state = (columns.clock, columns.touched, *state.tree, *state.unit_tree, state.articles)
            if self._view is None or self._view[0] != view_state or self._view[1].columns is not columns:
                self._view = (view_state, self._view_of(connection, state, columns))
            return self._view[1]

    def assets_of_now(self, connection: Connection) -> AssetView | None:
        """Assets, places and units exactly as this connection sees them; None where that would have to be waited for."""
        if self._lacks_any(connection):
            self._build()
            return None
        view = self.assets(connection)
        return view if view.is_of(read_state(connection)) else None

    def warm(self) -> None:
        """Make the assets ready before anybody asks; for a thread of its own when a service starts."""
        with suppress(StoreUnavailable), self._database.reading() as connection:
            self.assets(connection)

    def take_what_is_kept(self, connection: Connection) -> bool:
        """Make ready what takes no other process: the trees, and the assets where they are few or kept as they are now.

        Whether the assets were. Starts no thread, so that a process may fork afterwards.
        """
        state = read_state(connection)
        self._places(connection, state.tree)
        self._tree("units", state.unit_tree, lambda: load_units(connection))
        with self._lock:
            kept = load_columns(connection, self._folder)
            if kept is None and has_many(connection):
                return False
            kept = _followed(connection, kept or build_columns(connection), state)
            if not _is_of(kept, state):
                return False
            self._columns = kept
        self.assets(connection)
        return True

    def _tree(self, name: str, state: tuple[int, ...], load: Callable[[], Made]) -> Made:
        with self._tree_lock:
            kept = self._trees.get(name)
            if kept is None or kept[0] != state:
                self._trees[name] = kept = (state, load())
            return kept[1]

    def _places(self, connection: Connection, state: PlaceState) -> PlaceTree:
        """The tree; where only locations have come, the one there is with those."""
        with self._tree_lock:
            kept = self._trees.get("places")
            if kept is None or kept[0][:2] != state[:2]:
                kept = (state, load_places(connection))
            elif kept[0][2] < state.locations:
                kept = (state, with_new_locations(connection, kept[1]))
            self._trees["places"] = kept
            return kept[1]

    def _view_of(self, connection: Connection, state: RegisterState, columns: AssetColumns) -> AssetView:
        places = self._places(connection, state.tree)
        before = self._trees.get("classes", ((), None))[1]
        return AssetView(
            columns=columns,
            places=places,
            units=self._tree("units", state.unit_tree, lambda: load_units(connection)),
            classes=self._tree("classes", (state.articles,), lambda: load_classes(connection, before)),
            position=_positions(columns, places),
        )

    def _current(self, connection: Connection, state: RegisterState) -> AssetColumns:
        known, self._built = self._built or self._columns, None
        known = known or load_columns(connection, self._folder) or self._first(connection)
        known = _followed(connection, known, state)
        if (known.clock, known.ties, known.touched) < (state.clock, state.ties, state.touched):
            if has_many(connection):
                self._build()
            else:
                known = build_columns(connection)
        self._columns = known
        return known

    def _lacks_any(self, connection: Connection) -> bool:
        """Whether there are no columns of any state, and too many assets to make them here."""
        with self._lock:
            if self._columns is not None or self._built is not None:
                return False
            return load_columns(connection, self._folder) is None and has_many(connection)

    def _await_first(self, connection: Connection) -> None:
        """Return once there are columns, of whatever state: whoever needs none of them is not kept waiting with those who do."""
        if self._columns is None and self._lacks_any(connection):
            self._build().join(FIRST_WAIT_S)
            if self._lacks_any(connection):
                raise StoreBusy("the assets are being made ready", hint="try again in a minute")

    def _first(self, connection: Connection) -> AssetColumns:
        if has_many(connection):
            raise StoreBusy("the assets are being made ready", hint="try again in a minute")
        return build_columns(connection)

    def _build(self) -> threading.Thread:
        with self._build_lock:
            if self._building is None or not self._building.is_alive():
                self._building = threading.Thread(target=self._build_and_take, name="columns", daemon=True)
                self._building.start()
            return self._building

    def _build_and_take(self) -> None:
        build_apart(self._database, self._folder)
        with self._database.reading() as connection:
            self._built = load_columns(connection, self._folder)


def has_many(connection: Connection) -> bool:
    """Whether there are more assets than a request reads itself."""
    some = select(schema.kind_table("asset").c.id).limit(AT_ONCE + 1).subquery()
    return int(connection.execute(select(func.count()).select_from(some)).scalar_one()) > AT_ONCE


def _bytes_of(made: Any) -> int:
    """Of an array or what is made of some, or of those in a tuple."""
    return sum(int(getattr(one, "nbytes", 0)) for one in (made if isinstance(made, tuple) else (made,)))


def _is_of(columns: AssetColumns, state: RegisterState) -> bool:
    return (columns.clock, columns.touched, columns.ties) == (state.clock, state.touched, state.ties)


def _followed(connection: Connection, columns: AssetColumns, state: RegisterState) -> AssetColumns:
    """The columns brought to the state, as far as that is little."""
    if columns.touched < state.touched:
        columns = _with_touched(connection, columns, state)
    if columns.clock < state.clock and columns.ties == state.ties:
        columns = _with_imported(connection, columns, state)
    return columns


def _with_touched(connection: Connection, columns: AssetColumns, state: RegisterState) -> AssetColumns:
    """The columns with the records that persons changed since, or as they are where those are too many."""
    log = schema.touched.c
    query = select(log.record_id).where(log.kind == "asset", log.seq > columns.touched).distinct().limit(AT_ONCE + 1)
    records = [int(record) for record in connection.execute(query).scalars()]
    if len(records) > AT_ONCE:
        return columns
    rows = read_records(connection, records)
    gone = sorted(set(records) - set(rows.arrays["record"].tolist()))
    return replace(with_changes(columns, rows, gone), touched=state.touched)


def _with_imported(connection: Connection, columns: AssetColumns, state: RegisterState) -> AssetColumns:
    """The columns with what imports brought since, or as they are where that is too much."""
    imported = read_imported(connection, columns.version, most=AT_ONCE)
    if imported is None:
        return columns
    return replace(with_changes(columns, imported[0], ()), clock=state.clock, version=imported[1])


def _positions(columns: AssetColumns, places: PlaceTree) -> Array:
    """Where each asset is: its own place, else that of what its ledger says; `NOWHERE` for none."""
    own = columns.arrays["place"]
    said = columns.arrays["location"]
    by_location = np.append(places.location_position, np.int32(NOWHERE))
    found = by_location[np.where((said >= 0) & (said < len(by_location) - 1), said, len(by_location) - 1)]
    if len(own) and int(own.max()) >= 0:
        by_place = np.append(places.position_of, np.int32(NOWHERE))
        at = by_place[np.where((own >= 0) & (own < len(by_place) - 1), own, len(by_place) - 1)]
        found = np.where(at == NOWHERE, found, at)
    return found
