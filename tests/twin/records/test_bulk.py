"""A large ledger goes through two more processes: it must come out as if it had not."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pytest
from sqlalchemy import select

from tests.twin.records.conftest import NOW, Registers
from twin.codes import get_kind, read_tables
from twin.errors import StoreBusy, StoreUnavailable
from twin.imports import begun, register
from twin.records.write import Author, add_record
from twin.store import Store, bulk_process
from twin.store import record_schema as schema
from twin.store.bulk import bulk_writer
from twin.store.bulk_process import ProcessWriter
from twin.store.database import STAGED_ROWS_LOCK, Database
from twin.store.row_writer import TurnSize

ROWS = [
    {
        "资产编号": f"A-{number:04d}" if number % 50 else "A-0001",
        "资产名称": f"办公桌{number % 7}",
        "规格型号": f"{number % 5} m" if number % 3 else "",
        "原值": "many" if number == 33 else f"{number}.5",
        "使用状况": ("在用", "闲置")[number % 2],
        "存放地点": f"{number % 11:03d}",
        "颜色": ("红", "")[number % 2],
    }
    for number in range(1, 400)
]
CHANGED = [row | {"原值": "7"} if place % 40 == 3 else row for place, row in enumerate(reversed(ROWS))]
KEPT = (
    "key",
    "line",
    "row_hash",
    "value",
    "state",
    "extra",
    "article_id",
    "specification_id",
    "location_id",
    "since",
    "until",
    "record_id",
)


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every ledger is a large one."""
    monkeypatch.setattr(begun, "LARGE_BYTES", 0)


def stored(registers: Registers) -> dict[str, Any]:
    table = schema.kind_table("asset")
    with registers.store.database.reading() as connection:
        return {
            "rows": sorted(map(tuple, connection.execute(select(*(table.c[name] for name in KEPT))))),
            "issues": sorted(map(tuple, connection.execute(select(schema.register_issue)))),
            "put aside": sorted(map(tuple, connection.execute(select(schema.register_quarantine)))),
            "vanished": sorted(map(tuple, connection.execute(select(schema.vanished)))),
            "changes": sorted((row.record_id, row.field, row.old, row.new, row.since) for row in connection.execute(select(schema.change))),
        }


def test_processes_store_what_one_process_stores(
    registers: Registers, opened: Callable[..., Store], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On SQLite: the same two ledgers, into one home by this process, into another by three."""
    if not registers.store.database.is_sqlite:
        pytest.skip("compared on SQLite; PostgreSQL is compared with it below")
    other_store = Store.open(f"sqlite:///{tmp_path / 'other' / 'records.sqlite'}")
    other_store.migrate()
    (tmp_path / "files").mkdir()
    other = Registers(other_store, tmp_path / "files")
    try:
        for rows in (ROWS, CHANGED[:-5]):
            monkeypatch.setattr(begun, "LARGE_BYTES", 2**40)
            plain = registers.take("asset", rows).document
            monkeypatch.setattr(begun, "LARGE_BYTES", 0)
            apart = other.take("asset", rows).document
            assert {**plain, "seconds": 0, "file": ""} == {**apart, "seconds": 0, "file": ""}
            assert stored(registers) == stored(other)
        assert plain["changed"] > 0 and plain["quarantined"] > 0 and plain["vanished"] > 0
    finally:
        other_store.close()


@pytest.mark.usefixtures("large")
def test_a_large_ledger_is_merged_on_either_database(registers: Registers) -> None:
    first = registers.take("asset", ROWS).document
    again = registers.take("asset", CHANGED).document
    assert (first["rows"], first["new"], first["quarantined"]) == (399, 392, 7)
    assert (again["new"], again["quarantined"]) == (0, 7)
    assert again["changed"] + again["unchanged"] == 392
    assert len(registers.keys("asset")) == 392


@pytest.mark.usefixtures("large")
def test_a_ledger_that_cannot_be_read_to_its_end_changes_nothing(registers: Registers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register, "open_ledger", _fails_in_the_child)
    with pytest.raises(StoreUnavailable):
        registers.take("asset", ROWS)
    assert registers.keys("asset") == []
    monkeypatch.undo()
    assert registers.take("asset", ROWS).document["new"] == 392


def _fails_in_the_child(
    path: Path, kind_name: str, profile: str | None, mapping: Path | None, today: Any, codes: Path, form: Any = None
) -> Any:
    if path.parent.name.startswith(".incoming") and os.environ.get("PYTEST_PARENT") != str(os.getpid()):
        os.kill(os.getpid(), signal.SIGKILL)
    from twin.ledgers import read_ledger

    return read_ledger(path, get_kind(kind_name), profile=profile, mapping=mapping, tables=read_tables(codes), today=today)


@pytest.fixture(autouse=True)
def _parent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_PARENT", str(os.getpid()))


@pytest.fixture(autouse=True)
def _apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first row already starts the process that writes."""
    monkeypatch.setattr(bulk_process, "FEW_ROWS", 0)


def test_a_writer_that_is_killed_is_told_and_what_it_took_over_is_not_seen(registers: Registers) -> None:
    table = schema.kind_table("post")
    if not registers.store.database.is_sqlite:
        pytest.skip("on PostgreSQL the writer is a thread")
    with bulk_writer(registers.store.database) as writer:
        writer.put(table, _posts(0))
        writer.finish()
        assert isinstance(writer, ProcessWriter) and writer._process is not None and writer._process.pid
        os.kill(writer._process.pid, signal.SIGKILL)
        with pytest.raises(StoreUnavailable):
            for start in range(1, 5):
                writer.put(table, _posts(start))
                writer.finish()


ORPHANED = """
import sys
import pyarrow as pa
from twin.store import Store
from twin.store import record_schema as schema
from twin.store import bulk_process
from twin.store.bulk import bulk_writer

bulk_process.FEW_ROWS = 0
if __name__ == "__main__":
    store = Store.open(sys.argv[1])
    with bulk_writer(store.database) as writer:
        rows = {"id": [1], "record_id": [1], "since": [0], "until": [schema.FOREVER], "row_hash": [0], "key": ["K"]}
        writer.put(schema.kind_table("post"), {name: pa.array(values) for name, values in rows.items()})
        print("taken over", flush=True)
        writer.finish()
"""


def test_what_a_killed_import_left_with_its_writer_is_never_written(registers: Registers, url: str, tmp_path: Path) -> None:
    """The writer waits for its turn when the import is killed: the next import cleans up, and nothing may come after that."""
    script = tmp_path / "orphaned.py"
    script.write_text(ORPHANED)
    with _held(registers.store.database):
        process = subprocess.Popen([sys.executable, str(script), url], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None and process.stdout.readline() == "taken over\n"
        writers = psutil.Process(process.pid).children()
        time.sleep(0.5)
        process.kill()
        process.wait()  # its pipe stays open as long as the writer lives, which waits for us
        process.stdout.close()
    psutil.wait_procs(writers, timeout=10)
    with registers.store.database.reading() as connection:
        assert connection.execute(select(schema.kind_table("post").c.key)).all() == []


@contextmanager
def _held(database: Database) -> Iterator[None]:
    """As the import that cleans up holds those who write rows."""
    with database.writing() as connection:
        if not database.is_sqlite:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({STAGED_ROWS_LOCK})")
        yield


def test_who_cleans_up_waits_for_rows_under_way_and_a_correction_does_not(registers: Registers) -> None:
    """On PostgreSQL: a killed import's last batch may still be on its way into the table."""
    database = registers.store.database
    if database.is_sqlite:
        pytest.skip("on SQLite rows take their turn among the writers")
    with ThreadPoolExecutor() as threads, database.reading() as under_way:
        under_way.exec_driver_sql(f"SELECT pg_advisory_xact_lock_shared({STAGED_ROWS_LOCK})")
        with database.writing():
            pass
        waiting = threads.submit(database.await_staged_rows)
        assert not wait([waiting], timeout=0.5).done
        under_way.rollback()
        waiting.result(timeout=10)


def test_another_writer_that_does_not_let_go_is_a_busy_store(opened: Callable[..., Store], registers: Registers) -> None:
    impatient = opened(lock_timeout_s=0.3)
    if not impatient.database.is_sqlite:
        pytest.skip("PostgreSQL waits by its own lock")
    with bulk_writer(impatient.database) as writer, registers.store.database.writing(), pytest.raises(StoreBusy):
        writer.put(schema.kind_table("post"), _posts(1))
        writer.finish()


def test_rows_written_apart_are_rows_like_others(registers: Registers) -> None:
    with bulk_writer(registers.store.database) as writer:
        writer.put(schema.kind_table("post"), _posts(1))
        writer.finish()
    with registers.store.database.reading() as connection:
        rows = connection.execute(select(schema.kind_table("post").c.key, schema.kind_table("post").c.posts)).all()
    assert sorted(map(tuple, rows)) == [("K1", 1), ("K2", None)]
    with registers.store.database.writing() as connection:
        add_record(
            connection, get_kind("unit"), {"code": "U", "name": "局", "level": "市级"}, Author(who="", method="manual", source="", now=NOW)
        )


def test_the_size_of_a_turn_follows_the_time_it_takes() -> None:
    size = TurnSize(first=1_000)
    size.learn(1_000, 0.6)
    assert size.rows == 500
    size.learn(500, 0.001)
    assert size.rows == 750
    size.learn(10, 5.0)
    assert size.rows == 750


def _posts(start: int) -> dict[str, pa.Array]:
    return {
        "id": pa.array([start * 10 + 1, start * 10 + 2]),
        "record_id": pa.array([start * 10 + 1, start * 10 + 2]),
        "since": pa.array([0, 0]),
        "until": pa.array([schema.FOREVER] * 2),
        "row_hash": pa.array([0, 0]),
        "key": pa.array(["K1", "K2"]),
        "posts": pa.array([1, None], pa.int64()),
    }
