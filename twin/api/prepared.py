"""What every worker of a service holds of its store, made ready once, before they are forked: one copy in memory for all of them.

A worker brings it up to date by itself as soon as the store has moved on, in arrays and trees of its own.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

from sqlalchemy import Connection

from twin.api.memory import give_back_memory
from twin.errors import StoreUnavailable
from twin.queries.place.assets import asset_points
from twin.queries.place.scene import Scenes
from twin.queries.records.context import Registers
from twin.records.place_tree import NOWHERE
from twin.records.shelf import has_many
from twin.settings import Settings
from twin.store import Store

__all__ = ["Prepared"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """The registers and scenes of a store."""

    settings: Settings
    registers: Registers
    scenes: Scenes

    @classmethod
    def of(cls, settings: Settings, store: Store) -> Prepared:
        """Nothing is ready yet."""
        return cls(settings=settings, registers=Registers.of(store, settings.home / "columns", settings), scenes=Scenes(store, settings))

    def make_ready(self) -> bool:
        """Read what the first answers need: no thread and no connection is left, so a process may fork.

        Whether there is so much more that it is worth being read here too (`complete`), rather than by every worker. What cannot be
        read is left to the workers, who tell whoever asks for it.
        """
        with self._at_rest() as connection:
            if connection is not None:
                return self.registers.shelf.take_what_is_kept(connection) and has_many(connection)
        return False

    def complete(self) -> Iterator[None]:
        """Read also what questions of place need, in steps: the points of the assets, the scenes. Leaves no thread and no connection."""
        with self._at_rest() as connection:
            if connection is not None and self.registers.shelf.take_what_is_kept(connection):
                asset_points(self.registers).in_view(self.registers.shelf.assets(connection), NOWHERE)
        yield
        with self._at_rest():
            self.scenes.warm()
        yield

    @contextmanager
    def _at_rest(self) -> Iterator[Connection | None]:
        """A connection, None where there is none to be had. The collector rests meanwhile, and never goes through any of what came."""
        store = self.registers.store
        gc.disable()
        try:
            with ExitStack() as stack:
                connection = None
                with suppress(StoreUnavailable):
                    connection = stack.enter_context(store.database.reading())
                yield connection
        finally:
            store.close()
            gc.enable()
        gc.freeze()
        give_back_memory()
