"""What of the state a reader may know of: devices by their records, and nothing that is in a place the reader may not know of."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from twin.auth import EVERY, Principal
from twin.codes import get_kind, list_kinds
from twin.live.state import LiveState
from twin.queries.place.scene import Scenes
from twin.queries.records.context import Registers, reader_of
from twin.records.counters import clock_of
from twin.records.scope import Reader, visible_conditions
from twin.store import record_schema as schema

__all__ = ["Permitted", "Visible"]

DEVICE_KINDS = frozenset(
    {"vehicle", "camera", "gate", "perimeter_segment", "guard_post", "meter", "door", "fire_point", "panic_button", "lift", "guard"}
)
AGAIN_S = 2.0
"""How long what was found out about a reader is taken for true."""
Mask = NDArray[np.bool_]


@dataclass(slots=True, kw_only=True, eq=False)
class Permitted:
    """What one reader may know of: `everything`, or devices of `kinds` by key and places whose features are all in `features`.

    `devices` and `places` grow with the state; `version` differs when what is permitted has changed.
    """

    version: int
    everything: bool
    keys: frozenset[str] = frozenset()
    features: frozenset[str] = frozenset()
    _devices: Mask = field(default_factory=lambda: np.zeros(0, dtype=bool))
    _places: Mask = field(default_factory=lambda: np.zeros(0, dtype=bool))

    def mask(self, state: LiveState) -> Mask:
        """Which devices (n,) by handle, where they are now."""
        if self.everything:
            return np.ones(len(state), dtype=bool)
        self._grow(state)
        seen: Mask = self._devices & self._places[state.current["place"]]
        return seen

    def places(self, state: LiveState) -> Mask:
        """Which rows of the state's places."""
        if self.everything:
            return np.ones(len(state.places), dtype=bool)
        self._grow(state)
        return self._places

    def knows(self, address: str, features: Collection[str] = ()) -> bool:
        """Whether the reader may know of a device, or of anything else by its address, in some features."""
        return self.everything or (address in self.keys and self.features.issuperset(features))

    def knows_places(self, features: Collection[str]) -> bool:
        """Whether the reader may know of all of these features."""
        return self.everything or self.features.issuperset(features)

    def _grow(self, state: LiveState) -> None:
        devices = [address in self.keys for address in state.addresses[len(self._devices) :]]
        places = [self.features.issuperset(features) for features in state.places[len(self._places) :]]
        self._devices = np.append(self._devices, np.array(devices, dtype=bool))
        self._places = np.append(self._places, np.array(places, dtype=bool))


class Visible:
    """Answers for every reader, kept for two seconds; safe to share between threads."""

    def __init__(self, registers: Registers, scenes: Scenes) -> None:
        self._registers = registers
        self._scenes = scenes
        self._lock = threading.Lock()
        self._kept: dict[object, tuple[float, Permitted]] = {}
        self._versions = 0

    def of(self, principal: Principal, *, anew: bool = False) -> Permitted:
        """What the principal may know of, `anew` at this very moment. It asks the store, now and then: call it from a thread.

        Raises StoreUnavailable.
        """
        reader = reader_of(principal)
        name = reader.labels, reader.units, principal.scopes
        with self._lock:
            kept = self._kept.get(name)
            if kept is not None and not anew and time.monotonic() - kept[0] < AGAIN_S:
                return kept[1]
            found = self._found(reader, principal.scopes)
            before = kept[1] if kept is not None else None
            if before is None or (before.keys, before.features, before.everything) != (found.keys, found.features, found.everything):
                self._versions += 1
                found.version = self._versions
                before = found
            self._kept = {other: one for other, one in self._kept.items() if time.monotonic() - one[0] < 60.0}
            self._kept[name] = time.monotonic(), before
            return before

    def at_hand(self, principal: Principal) -> Permitted | None:
        """The same without asking the store; None where that was not done lately."""
        reader = reader_of(principal)
        kept = self._kept.get((reader.labels, reader.units, principal.scopes))
        return kept[1] if kept is not None and time.monotonic() - kept[0] < AGAIN_S else None

    def _found(self, reader: Reader, scopes: frozenset[str]) -> Permitted:
        if reader.sees_all and EVERY in scopes:
            return Permitted(version=0, everything=True)
        return Permitted(version=0, everything=False, keys=self._keys(reader), features=self._features(reader, scopes))

    def _keys(self, reader: Reader) -> frozenset[str]:
        found: set[str] = set()
        shelf = self._registers.shelf
        with self._registers.store.database.reading() as connection:
            places, units = shelf.places(connection), shelf.units(connection)
            for kind in list_kinds():
                if kind.name not in DEVICE_KINDS:
                    continue
                table, now = schema.kind_table(kind.name).c, clock_of(connection, kind.name)
                conditions = visible_conditions(get_kind(kind.name), reader, places, units)
                current = (table.since <= now, table.until > now, table.ended.is_(None))
                found.update(f"{kind.name}/{key}" for (key,) in connection.execute(select(table.key).where(*current, *conditions)))
        return frozenset(found)

    def _features(self, reader: Reader, scopes: frozenset[str]) -> frozenset[str]:
        found: set[str] = set()
        for code in self._scenes.codes(scopes):
            places = self._scenes.site(code)
            seen = places.visible(reader.labels)
            found.update(places.extents.ids[row] for row in np.flatnonzero(seen))
        return frozenset(found)
