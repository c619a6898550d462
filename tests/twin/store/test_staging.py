"""Folders for what is not ready: never taken from under whoever fills them, removed when they are dead."""

import os
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from twin.store.staging import staging


def test_a_folder_is_there_for_the_block_and_gone_after_it(tmp_path: Path) -> None:
    with staging(tmp_path / "deep" / "er", prefix=".x-") as incoming:
        (incoming / "file").touch()
        with staging(tmp_path / "deep" / "er", prefix=".x-") as other:
            assert other != incoming
            assert (incoming / "file").exists()
    assert list((tmp_path / "deep" / "er").iterdir()) == []


def test_what_a_killed_process_left_is_removed_and_nothing_of_another_name(tmp_path: Path) -> None:
    for name in (".x-dead", ".y-other", "x-kept"):
        (tmp_path / name).mkdir()
    with staging(tmp_path, prefix=".x-"):
        assert {path.name for path in tmp_path.iterdir()} > {".y-other", "x-kept"}
        assert not (tmp_path / ".x-dead").exists()


@pytest.mark.parametrize("moment", ["before it is opened", "before it is locked"])
def test_a_folder_that_was_taken_for_dead_before_it_was_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    taken: list[Path] = []
    plain = os.open

    def open_late(path: Path, flags: int, **more: Any) -> int:
        if taken:
            return plain(path, flags, **more)
        taken.append(path)
        lock = None if moment == "before it is opened" else plain(path, flags)
        shutil.rmtree(path)
        return plain(path, flags) if lock is None else lock

    monkeypatch.setattr("twin.store.staging.os.open", open_late)
    with staging(tmp_path) as incoming:
        assert incoming.is_dir()
        assert incoming != taken[0]


def test_many_at_once_never_lose_theirs(tmp_path: Path) -> None:
    lost: list[Path] = []

    def use() -> None:
        for _ in range(30):
            with staging(tmp_path) as incoming:
                (incoming / "file").touch()
                if not (incoming / "file").exists():
                    lost.append(incoming)

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lost == []
    assert list(tmp_path.iterdir()) == []
