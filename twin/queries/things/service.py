"""What a process keeps for SensorThings: the file of things, the devices of its registers, the history of what devices said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from twin.auth import Principal
from twin.live.things import EntityCache, Id, ThingStore
from twin.queries.records.context import Registers
from twin.queries.things.changing import change, patched, remove
from twin.queries.things.devices import Devices
from twin.queries.things.errors import PathInvalid
from twin.queries.things.observed import NoHistory, ObservedHistory
from twin.queries.things.odata.values import EPOCH
from twin.queries.things.path import Target, resolve
from twin.queries.things.view import View
from twin.queries.things.writing import Creation, require_external

__all__ = ["Things"]


@dataclass(slots=True)
class Things:
    """Safe to share between threads; `history_of` a reader is put in its place by who has one (docs/sensorthings.md)."""

    registers: Registers
    store: ThingStore
    cache: EntityCache
    devices: Devices
    history_of: Callable[[Principal], ObservedHistory]

    @classmethod
    def of(cls, registers: Registers, folder: Path, history_of: Callable[[Principal], ObservedHistory] | None = None) -> Things:
        """Those of a store of registers; `folder` is where `things.sqlite` lies, made at the first use."""
        store = ThingStore(folder / "things.sqlite")
        return cls(
            registers=registers,
            store=store,
            cache=EntityCache(store),
            devices=Devices(registers),
            history_of=history_of or (lambda principal: NoHistory()),
        )

    def view(self, principal: Principal, now: datetime) -> View:
        """All that a principal may know of, as it is now."""
        return View(principal, self.devices.seen_by(principal), self.cache.now(), self.store, self.history_of(principal), to_us(now))

    @contextmanager
    def creating(self, principal: Principal, now: datetime) -> Iterator[Creation]:
        """One transaction, and what is known before it: nobody else writes meanwhile."""
        with self.store.writing() as writing:
            yield Creation(writing, self.view(principal, now), self.registers.store, principal)

    def create(self, principal: Principal, target: Target, document: Any, now: datetime) -> tuple[str, Id]:
        """Type and id of what was made in a collection."""
        if not target.is_collection or target.form:
            raise PathInvalid("only a collection takes new entities", path=target.kind)
        with self.creating(principal, now) as creation:
            return target.kind, creation.create_at(target.kind, document, target.parent, target.way)

    def change(self, principal: Principal, path: str, document: Any, now: datetime, *, form: str) -> None:
        """Change an entity: `form` is `merge`, `patch` (RFC 6902) or `put`."""
        with self.store.writing() as writing:
            view = self.view(principal, now)
            one = resolve(path, view).required_entity(path)
            require_external(one)
            creation = Creation(writing, view, self.registers.store, principal)
            if form == "patch":
                document = patched(one, document)
            change(writing, creation, one, document, whole=form != "merge")

    def remove(self, principal: Principal, path: str, now: datetime) -> None:
        """End an entity."""
        with self.store.writing() as writing:
            view = self.view(principal, now)
            one = resolve(path, view).required_entity(path)
            require_external(one)
            Creation(writing, view, self.registers.store, principal).require_writer(one)
            remove(writing, view, one)


def to_us(now: datetime) -> int:
    """Microseconds of UTC since 1970."""
    return (now - EPOCH) // timedelta(microseconds=1)
