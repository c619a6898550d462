"""What every worker of a service holds of its store, made ready once, before they are forked: one copy in memory for all of them.

A worker brings it up to date by itself as soon as the store has moved on, in arrays and trees of its own.
"""

from __future__ import annotations

import gc
from dataclasses import dataclass

from twin.api.memory import give_back_memory
from twin.errors import StoreUnavailable
from twin.queries.place.scene import Scenes
from twin.queries.records.context import Registers
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

    def make_ready(self) -> None:
        """Read what needs no other process, and close every connection: no thread and no connection is left, so a process may fork.

        What cannot be read is left to the workers, who tell whoever asks for it; so are the scenes and the points of assets, which the
        first answers do not need. The collector is not asked meanwhile, and never to go through any of it afterwards.
        """
        store = self.registers.store
        gc.disable()
        try:
            with store.database.reading() as connection:
                self.registers.shelf.take_what_is_kept(connection)
        except StoreUnavailable:
            pass
        finally:
            store.close()
            gc.enable()
        gc.freeze()
        give_back_memory()
