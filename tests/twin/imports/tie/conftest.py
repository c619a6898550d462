"""The small demo's models, imported once, and three sets of registers tied to them."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.twin.conftest import SEEDS
from twin.demo import SITE
from twin.demo.registers import RegisterFile
from twin.imports.model import import_bim
from twin.imports.registers import Ledger, import_registers
from twin.imports.tie import Tied
from twin.settings import Settings
from twin.store import Store

NOW = datetime(2026, 11, 26, 8, 0, tzinfo=UTC)
SOURCES = {"ledger_finance": "finance", "ledger_asset": "asset", "asset_institution": "institution", "camera_platform": "platform"}
TIMED = ("dispatch", "visit")


@dataclass(frozen=True)
class TiedDemo:
    """Registers of a seed in a store of their own, and the truth that their writer left."""

    settings: Settings
    folder: Path
    files: list[RegisterFile]
    truth: dict[str, Any]
    tied: Tied

    def rows(self, query: str, *values: Any) -> list[Any]:
        """What the store says, asked by hand."""
        with closing(sqlite3.connect(self.settings.home / "records.sqlite")) as connection:
            return connection.execute(query, values).fetchall()

    def planted(self, *errors: str) -> list[dict[str, Any]]:
        """What was planted of these errors."""
        return [item for item in self.truth["planted"] if item["error"] in errors]


def ledgers_of(files: list[RegisterFile]) -> list[Ledger]:
    """The registers as a user would import them."""
    return [
        Ledger(kind=file.kind, path=file.path, source=SOURCES.get(file.register), profile="zh" if file.kind in TIMED else None)
        for file in files
        if file.kind not in ("stocktake", "request")
    ]


@pytest.fixture(scope="package")
def scene_home(models: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the three models and no records; copy it, never write to it."""
    home = tmp_path_factory.mktemp("scene") / "home"
    settings = Settings(home=home)
    with Store.open(settings.database_url) as store:
        store.migrate()
        store.add_site(SITE, now=NOW)
        for key, path in models.items():
            import_bim(store, settings, path, site=SITE.code, key=key, who="test", now=NOW)
    return home


@pytest.fixture(scope="package")
def three(
    small_registers: dict[int, tuple[Path, list[RegisterFile]]], scene_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[int, TiedDemo]:
    """Registers of three seeds, each in a copy of the home."""
    found = {}
    for seed, (folder, files) in small_registers.items():
        settings = Settings(home=shutil.copytree(scene_home, tmp_path_factory.mktemp(f"tied-{seed}") / "home"))
        with Store.open(settings.database_url) as store:
            _, tied = import_registers(store, settings, ledgers_of(files), who="test", now=NOW)
        truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
        found[seed] = TiedDemo(settings, folder, files, truth, tied)
    return found


@pytest.fixture(params=SEEDS)
def demo(request: pytest.FixtureRequest, three: dict[int, TiedDemo]) -> TiedDemo:
    """One of the three."""
    return three[request.param]


@pytest.fixture
def store(demo: TiedDemo) -> Iterator[Store]:
    """The store of one of the three; read it, never write it."""
    with Store.open(demo.settings.database_url) as opened:
        yield opened
