"""What is known from the import before is what the store would say, whoever changed it since; and nothing else is believed."""

import errno
import io
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.twin.records.conftest import NOW, Registers
from twin.codes import get_kind
from twin.imports import begun
from twin.records import existing, known
from twin.records.existing import Existing, load_existing
from twin.records.known import COLUMNS, known_file
from twin.records.write import Author, add_record, change_fields, end_record

ASSET = get_kind("asset")
BY = Author(who="clerk", method="manual", source="desk", now=NOW)
ROWS = [
    {"资产编号": f"A-{number}", "资产名称": "办公桌", "原值": f"{100 + number}", "使用状况": "在用", "存放地点": "1"}
    for number in range(40)
]
CHANGED = [row | {"原值": "1"} if number % 7 == 0 else row for number, row in enumerate(ROWS[:-3])]
NEW = [row | {"资产编号": f"B-{number}"} for number, row in enumerate(ROWS[:5])]


@pytest.fixture(autouse=True)
def _worth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "WORTH_ROWS", 0)


either = pytest.mark.parametrize("large_bytes", [2**40, 0], ids=["here", "apart"])
"""Read in this process, and in a child."""


def file_of(registers: Registers) -> Path:
    return known_file(registers.settings.home / "columns", "asset")


def loaded(registers: Registers, file: Path) -> Existing:
    with registers.store.database.reading() as connection:
        return load_existing(connection, ASSET, "asset", file, NOW.date())


def asked(registers: Registers, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each question for rows gave, where what is known may be used; the answer itself must be the store's."""
    counts: list[int] = []
    columns = existing._Loading._columns

    def counted(self: Any, query: Any) -> Any:
        found = columns(self, query)
        counts.append(len(found["record_ids"]))
        return found

    plain = loaded(registers, Path("nowhere"))
    with monkeypatch.context() as patched:
        patched.setattr(existing._Loading, "_columns", counted)
        told = loaded(registers, file_of(registers))
    for name in (*COLUMNS, "of_source"):
        np.testing.assert_array_equal(getattr(told, name), getattr(plain, name), err_msg=name)
    return counts


def change(registers: Registers, key: str, **values: Any) -> None:
    with registers.store.database.writing() as connection:
        change_fields(connection, ASSET, registers.get("asset", key).id, values, BY)


@either
def test_an_import_leaves_what_the_next_one_needs(registers: Registers, monkeypatch: pytest.MonkeyPatch, large_bytes: int) -> None:
    monkeypatch.setattr(begun, "LARGE_BYTES", large_bytes)
    for rows in (ROWS, CHANGED, [*ROWS, *NEW], CHANGED):
        registers.take("asset", rows)
        assert asked(registers, monkeypatch) == []
    registers.take("asset", NEW[2:], source="other")
    assert asked(registers, monkeypatch) == []


def test_only_what_persons_changed_since_is_asked_for(registers: Registers, monkeypatch: pytest.MonkeyPatch) -> None:
    registers.take("asset", ROWS)
    change(registers, "A-3", remark="更正")
    change(registers, "A-4", code="C-4")
    with registers.store.database.writing() as connection:
        end_record(connection, ASSET, registers.get("asset", "A-5").id, BY)
        add_record(connection, ASSET, {"code": "D-1", "name": "椅子"}, BY)
    assert asked(registers, monkeypatch) == [4]
    document = registers.take(
        "asset", [*ROWS, {"资产编号": "D-1", "资产名称": "椅子", "原值": "", "使用状况": "", "存放地点": ""}]
    ).document
    assert (document["new"], document["changed"] + document["unchanged"]) == (1, 40)  # A-4 stands under another code now
    assert asked(registers, monkeypatch) == [1]  # D-1, which the tie has placed


@either
def test_what_is_changed_while_an_import_runs_is_asked_for_by_the_next(
    registers: Registers, monkeypatch: pytest.MonkeyPatch, large_bytes: int
) -> None:
    monkeypatch.setattr(begun, "LARGE_BYTES", large_bytes)
    registers.take("asset", ROWS)
    done: list[int] = []

    def meanwhile(rows: int) -> None:
        if not done:
            change(registers, "A-7", remark="同时")
        done.append(rows)

    registers.take("asset", CHANGED, progress=meanwhile)
    assert done
    assert asked(registers, monkeypatch) == [1]


def test_more_changes_than_are_worth_it_are_asked_for_with_all(registers: Registers, monkeypatch: pytest.MonkeyPatch) -> None:
    registers.take("asset", ROWS)
    monkeypatch.setattr(existing, "TOUCHED_MOST", 1)
    change(registers, "A-1", remark="1")
    change(registers, "A-2", remark="2")
    assert asked(registers, monkeypatch) == [40]


def test_a_file_of_another_state_or_store_is_not_believed(registers: Registers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    registers.take("asset", ROWS)
    shutil.copy(file_of(registers), tmp_path / "older.npy")
    registers.take("asset", CHANGED)
    shutil.copy(tmp_path / "older.npy", file_of(registers))
    assert asked(registers, monkeypatch) == [40]
    registers.take("asset", ROWS, now=NOW + timedelta(minutes=1))
    file_of(registers).write_bytes(file_of(registers).read_bytes()[:-100])
    assert asked(registers, monkeypatch) == [40]
    file_of(registers).write_bytes(b"nothing")
    assert asked(registers, monkeypatch) == [40]


def test_a_store_brought_back_to_an_older_state_is_asked(registers: Registers, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another import of the same number: the file is of the one that is no more."""
    registers.take("asset", ROWS)
    other = file_of(registers).with_name("other.npy")
    shutil.copy(file_of(registers), other)
    with registers.store.database.writing() as connection:
        connection.exec_driver_sql("UPDATE register_revision SET recorded_us = recorded_us + 1")
    assert asked(registers, monkeypatch) == [40]


def test_few_rows_are_not_worth_a_file(registers: Registers, monkeypatch: pytest.MonkeyPatch) -> None:
    registers.take("asset", ROWS)
    monkeypatch.setattr(known, "WORTH_ROWS", 100)
    registers.take("asset", CHANGED)
    assert not file_of(registers).exists()
    assert asked(registers, monkeypatch) == [40]


def test_an_import_that_is_seen_does_not_fail_for_want_of_room(registers: Registers, monkeypatch: pytest.MonkeyPatch) -> None:
    file_of(registers).parent.parent.mkdir(parents=True, exist_ok=True)
    file_of(registers).parent.write_text("a file where the folder should be")
    assert registers.take("asset", ROWS).document["new"] == 40
    assert asked(registers, monkeypatch) == [40]


def test_an_import_does_not_fail_for_want_of_room_for_what_it_keeps(registers: Registers, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.BytesIO):
        def write(self, _: Any) -> int:
            raise OSError(errno.ENOSPC, "no space left on device")

    registers.take("asset", ROWS[:10])
    monkeypatch.setattr(known.tempfile, "TemporaryFile", Full)
    assert registers.take("asset", ROWS).document["new"] == 30
    assert not file_of(registers).exists()
    assert asked(registers, monkeypatch) == [40]
