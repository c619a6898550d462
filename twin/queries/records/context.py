"""What a question to the registers is asked with: the reader, the day, and what the process keeps in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Lock
from typing import Any

from twin.auth import Action, Principal, allows, permitted_labels, permitted_units
from twin.imports.tie import Grounds, tie
from twin.records.scope import Reader
from twin.records.search import TextSearch
from twin.records.shelf import Shelf
from twin.settings import Settings
from twin.store import Store

__all__ = ["Registers", "reader_of"]


GROUNDS = "grounds"
GROUNDS_AT_MOST = 20_000
"""Buildings, storeys and rooms, some 3 kB each: a larger scene is read anew by every tie, not kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registers:
    """The registers of a store as a process that serves holds them; `kept` is what questions leave for later ones, under the `lock`.

    `settings` say where the originals lie, for a tie after something was written.
    """

    store: Store
    shelf: Shelf
    settings: Settings | None = None
    texts: TextSearch = field(default_factory=TextSearch)
    kept: dict[Any, Any] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    @classmethod
    def of(cls, store: Store, folder: Path, settings: Settings | None = None) -> Registers:
        """The registers of a store; `folder` is where its columns are kept."""
        return cls(store=store, shelf=Shelf(store.database, folder), settings=settings)

    def tie(self, *, who: str) -> None:
        """Tie what was written to the scene and to all else."""
        tie(self.store, who=who, now=self.now(), settings=self.settings, known=self._grounds, keep=self._keep)

    def _grounds(self, tree: int) -> Grounds | None:
        mark, grounds = self.kept.get(GROUNDS, (None, None))
        return grounds if mark == tree else None

    def _keep(self, tree: int, grounds: Grounds) -> None:
        """Of a small scene: what a tie has read serves the next one, as long as scene and tree are the same."""
        if len(grounds.scene.rows) <= GROUNDS_AT_MOST:
            self.kept[GROUNDS] = (tree, grounds)

    def now(self) -> datetime:
        """The time of a request."""
        return datetime.now(UTC)

    def today(self) -> date:
        """The day of a request, UTC."""
        return self.now().date()


def reader_of(principal: Principal) -> Reader:
    """What a principal may know of, as questions to records take it."""
    return Reader(
        name=principal.name,
        labels=permitted_labels(principal),
        units=permitted_units(principal),
        persons=allows(principal, Action.READ_PERSON),
        values=allows(principal, Action.READ_VALUE),
    )
