"""Stores that are filled once a session on each database, and copied for each test that writes into one."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self, TypeVar

from tests.postgres import put_rows, rows_of
from twin.store import Store

__all__ = ["Cast", "Moulds", "T"]


class Movable(Protocol):
    """What a test does with a store that is filled."""

    def moved(self, store: Store, folder: Path) -> Self:
        """The same over a copy of the store, with the copied files in `folder`."""


T = TypeVar("T", bound=Movable)


@dataclass(frozen=True, slots=True)
class Mould:
    """What was built, the files it left, and its rows where they lie in PostgreSQL."""

    model: Any
    files: Path
    rows: dict[str, bytes]


@dataclass(slots=True)
class Moulds:
    """The moulds of a session, kept in `folder`."""

    folder: Path
    known: dict[Any, Mould] = field(default_factory=dict)

    def filled(self, url: str, folder: Path, make: Callable[..., Any], options: dict[str, Any]) -> Any:
        """The model of `make(store, folder, **options)`; the database of `url` and `folder`, both empty, are filled as it left them."""
        on_postgresql = url.startswith("postgresql")
        key = (make, tuple(sorted(options.items())), on_postgresql)
        if mould := self.known.get(key):
            shutil.copytree(mould.files, folder, dirs_exist_ok=True)
            if on_postgresql:
                put_rows(url, mould.rows)
            return mould.model
        with Store.open(url) as store:
            model = make(store, folder, **options)
        files = shutil.copytree(folder, self.folder / str(len(self.known)))
        self.known[key] = Mould(model, files, rows_of(url) if on_postgresql else {})
        return model


class Cast(Protocol):
    """The fixture `cast`."""

    def __call__(self, make: Callable[..., T], **options: Any) -> T:
        """What `make(store, folder, **options)` builds, over a store of the test's own."""
