"""What of an import begins before its modules are loaded."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from tests.twin.records.conftest import NOW
from twin.errors import StoreUnavailable
from twin.imports import begun
from twin.imports.begun import begin
from twin.imports.register import import_register
from twin.settings import Settings
from twin.store import Store


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    path = tmp_path / "posts.csv"
    path.write_text("资产编号,资产名称\nA-1,办公桌\n", encoding="utf-8")
    return path


def test_a_small_file_is_hashed_and_nothing_is_started(ledger: Path) -> None:
    with begin(ledger) as early:
        assert early.reader is None
        assert early.sha256.result() == hashlib.sha256(ledger.read_bytes()).hexdigest()


def test_what_has_begun_ends_with_its_block(ledger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(begun, "LARGE_BYTES", 0)
    with begin(ledger, reads=False) as dry:
        assert dry.reader is None
    with pytest.raises(KeyboardInterrupt), begin(ledger) as early:
        assert early.reader is not None and early.reader[0].is_alive()
        raise KeyboardInterrupt
    assert not early.reader[0].is_alive()


def test_an_import_goes_on_with_the_process_that_has_begun(ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It starts no other: with the one that has begun gone it is told so."""
    store, settings = Store.open(f"sqlite:///{tmp_path / 'home' / 'records.sqlite'}"), Settings(home=tmp_path / "home")
    store.migrate()
    monkeypatch.setattr(begun, "LARGE_BYTES", 0)
    try:
        with begin(ledger) as early:
            assert early.reader is not None
            early.reader[0].kill()
            with pytest.raises(StoreUnavailable):
                import_register(store, settings, "asset", ledger, who="clerk", now=NOW, begun=early)
    finally:
        store.close()


def test_it_begins_before_anything_heavy_is_loaded() -> None:
    heavy = "{'numpy', 'sqlalchemy', 'pyarrow', 'pydantic'}"
    said = f"import sys, twin.cli, twin.imports.begun, spatial.source; print(sorted({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True).stdout.strip() == "[]"
