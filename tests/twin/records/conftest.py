"""Ledgers as a clerk would write them, imported into a store on either database."""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Self

import pytest

from twin.imports.register import ImportedRegister, import_register, kind_named
from twin.records.read import Record, get_record, page_of_records
from twin.settings import Settings
from twin.store import Store

NOW = datetime(2026, 11, 26, 8, 0, tzinfo=UTC)


class Registers:
    """A store and what a test does with its registers."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store = store
        self.folder = folder
        self.settings = Settings(home=folder / "home")
        self._files = 0

    def moved(self, store: Store, folder: Path) -> Self:
        """The same registers in a copy of their store."""
        registers = copy(self)
        registers.store, registers.folder, registers.settings = store, folder, Settings(home=folder / "home")
        return registers

    def write(self, rows: Sequence[Mapping[str, Any]]) -> Path:
        """A CSV file of rows: header → cell."""
        self._files += 1
        path = self.folder / f"ledger-{self._files}.csv"
        lines = [",".join(rows[0])] + [",".join(str(cell) for cell in row.values()) for row in rows]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    def take(
        self, kind: str, rows: Sequence[Mapping[str, Any]], *, now: datetime = NOW, as_of: date | None = None, **options: Any
    ) -> ImportedRegister:
        """Import rows as a ledger of a kind."""
        return self.take_file(kind, self.write(rows), now=now, as_of=as_of, **options)

    def take_file(self, kind: str, path: Path, *, now: datetime = NOW, **options: Any) -> ImportedRegister:
        """Import a file as a ledger of a kind."""
        return import_register(self.store, self.settings, kind, path, who="clerk", now=now, **options)

    def get(self, kind: str, key: str) -> Record:
        """The record of a key as readers see it now."""
        with self.store.database.reading() as connection:
            return get_record(connection, kind_named(kind), key)

    def keys(self, kind: str) -> list[str]:
        """The keys of all records of a kind that readers see."""
        with self.store.database.reading() as connection:
            return [record.key for record in page_of_records(connection, kind_named(kind), limit=100_000)]


@pytest.fixture
def registers(opened: Callable[..., Store], tmp_path: Path) -> Registers:
    """Empty registers on either database."""
    return Registers(opened(), tmp_path)
